/**
 * Gets the page isolated on a host that sends no headers, or says in plain words why it cannot be.
 *
 *   not isolated → register service worker → reload (at most twice) → isolated
 *
 * A first visit takes one reload, a hard reload (which goes round the service worker) two. The count lives in the entry of
 * the session history, is cleared once the page is isolated, and ends every loop. Not in sessionStorage: an isolated page
 * lives in another process, and Chromium's processes do not see each other's changes to the storage of one tab, so a cleared
 * count came back with the next hard reload.
 */
export type PreconditionCode =
  | 'insecure'
  | 'framed'
  | 'no-service-worker'
  | 'service-worker-blocked'
  | 'service-worker-late'
  | 'storage-blocked'
  | 'not-isolated'
  | 'no-shared-memory'

/** What is known of the page before anything was tried. */
export interface Surroundings {
  isSecureContext: boolean
  crossOriginIsolated: boolean
  hasSharedMemory: boolean
  isFramed: boolean
  hasServiceWorker: boolean
  /** Automatic reloads so far; null when storage is blocked. */
  reloads: number | null
}

export const MAX_RELOADS = 2
/**
 * A service worker that is not active by then, registration included, is told as late (`ready` may never settle): two seconds before the
 * ten that the page promises. Whether it is held back or only slow cannot be known, so it is still waited for.
 */
const LATE_AFTER_MS = 8000
/** First Chromium with Document-Isolation-Policy. */
const DIP_SINCE = 137
const RELOADS_KEY = 'isolationReloads'

/** What to do next: go on, try to isolate, or give up with a reason. */
export const decide = (page: Surroundings): 'ready' | 'isolate' | PreconditionCode => {
  if (!page.isSecureContext) return 'insecure'
  if (page.crossOriginIsolated) return page.hasSharedMemory ? 'ready' : 'no-shared-memory'
  if (page.isFramed) return 'framed'
  if (!page.hasServiceWorker) return 'no-service-worker'
  if (page.reloads === null) return 'storage-blocked'
  return page.reloads < MAX_RELOADS ? 'isolate' : 'not-isolated'
}

const survey = (): Surroundings => ({
  isSecureContext: window.isSecureContext,
  crossOriginIsolated: window.crossOriginIsolated,
  hasSharedMemory: typeof SharedArrayBuffer === 'function' && hasAsyncWait(),
  isFramed: window.top !== window,
  hasServiceWorker: 'serviceWorker' in navigator,
  reloads: readReloads(),
})

/**
 * Resolves with null when programs can run, with a precondition when they cannot (its words: preconditions.ts); does not resolve
 * when the page is about to be reloaded. `service` is the service worker's URL, relative to the document.
 */
export const isolate = async (service: string): Promise<PreconditionCode | null> => {
  const next = decide(survey())
  if (next === 'ready') {
    writeReloads(0)
    return null
  }
  if (next !== 'isolate') return next
  const starting = startServiceWorker(service)
  const blocked = await Promise.race([starting, lateness()])
  if (blocked !== 'service-worker-late') return blocked ?? reloadOnce()
  // Told now; when it comes after all, the page goes on.
  void starting.then((still) => still ?? reloadOnce())
  return blocked
}

const lateness = (): Promise<PreconditionCode> =>
  new Promise((resolve) => setTimeout(() => resolve('service-worker-late'), LATE_AFTER_MS))

/** Does not resolve where it reloads. */
const reloadOnce = async (): Promise<PreconditionCode | null> => {
  const reloads = (readReloads() ?? 0) + 1
  writeReloads(reloads)
  // A count that cannot be kept would make a loop.
  if (readReloads() !== reloads) return 'not-isolated'
  location.reload()
  return new Promise(() => {})
}

/** After a precondition failed and the user asks to try again. */
export const tryAgain = (): void => {
  writeReloads(0)
  location.reload()
}

/** The service worker's URL with its mode in it. */
export const serviceUrl = (service: string): URL => {
  const url = new URL(service, document.baseURI)
  url.searchParams.set('isolation', preferredMode())
  return url
}

const startServiceWorker = async (service: string): Promise<PreconditionCode | null> => {
  const url = serviceUrl(service)
  try {
    const registration = await navigator.serviceWorker.register(url, { updateViaCache: 'none' })
    const isActive = registration.active?.scriptURL === url.href || (await activated(registration))
    return isActive ? null : 'service-worker-blocked'
  } catch {
    return 'service-worker-blocked'
  }
}

/** Asked by name: the word itself belongs to src/memory, and the page never touches shared memory. */
const hasAsyncWait = (): boolean => 'waitAsync' in Object(Reflect.get(globalThis, 'Atomics'))

/** Document-Isolation-Policy where the browser says it is a Chromium that has it, unless it was served and did not help. */
const preferredMode = (): 'dip' | 'coep' => {
  const { userAgentData } = navigator as { userAgentData?: { brands: { brand: string; version: string }[] } }
  const chromium = userAgentData?.brands.find(({ brand }) => brand === 'Chromium')
  const wasInVain = navigator.serviceWorker.controller?.scriptURL.includes('isolation=dip') ?? false
  return chromium && Number(chromium.version) >= DIP_SINCE && !wasInVain ? 'dip' : 'coep'
}

/** May never settle. */
const activated = (registration: ServiceWorkerRegistration): Promise<boolean> => {
  const worker = registration.installing ?? registration.waiting ?? registration.active
  if (!worker) return Promise.resolve(false)
  return new Promise<boolean>((resolve) => {
    const look = (): void => {
      if (worker.state === 'activated') resolve(true)
      if (worker.state === 'redundant') resolve(false)
    }
    worker.addEventListener('statechange', look)
    look()
  })
}

const entryState = (): Record<string, unknown> => Object(history.state)

const readReloads = (): number | null => {
  try {
    void sessionStorage.length
  } catch {
    return null
  }
  return Number(entryState()[RELOADS_KEY]) || 0
}

const writeReloads = (count: number): void => {
  try {
    history.replaceState({ ...entryState(), [RELOADS_KEY]: count }, '')
  } catch {
    // Browsers limit how often that may be called; isolate() reads the count again before it relies on it.
  }
}
