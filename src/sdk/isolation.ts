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
export interface Precondition {
  code:
    | 'insecure'
    | 'framed'
    | 'no-service-worker'
    | 'service-worker-blocked'
    | 'service-worker-late'
    | 'storage-blocked'
    | 'not-isolated'
    | 'no-shared-memory'
  title: string
  text: string
}

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

const WORDS: Record<Precondition['code'], { title: string; text: string }> = {
  insecure: {
    title: 'This page needs a secure address',
    text: 'Programs run only on https:// or on localhost. Open the same page with https:// in front.',
  },
  framed: {
    title: 'This page is shown inside another page',
    text: 'The page around it does not let it be isolated, so programs cannot run. Open it in a tab of its own.',
  },
  'no-service-worker': {
    title: 'This page could not be isolated, so programs cannot run',
    text: 'This browser has no service workers here. Private windows and some settings switch them off: try a normal window.',
  },
  'service-worker-blocked': {
    title: 'This page could not be isolated, so programs cannot run',
    text: 'The browser did not let the service worker start. Private windows, blocked site data and some extensions do that: allow site data for this address and try again.',
  },
  'service-worker-late': {
    title: 'This page could not be isolated yet, so programs cannot run',
    text: 'The service worker has not started within 8 seconds. The page goes on by itself when it comes. If it does not: private windows, blocked site data and some extensions hold it back; allow site data for this address and try again.',
  },
  'storage-blocked': {
    title: 'This browser blocks storage for this page',
    text: 'Runtimes are kept in the browser’s storage and the page may not use it. Allow cookies and site data for this address and try again.',
  },
  'not-isolated': {
    title: 'This page could not be isolated, so programs cannot run',
    text: 'It was reloaded twice and is still not isolated. Private windows and some extensions block service workers; a company policy can too.',
  },
  'no-shared-memory': {
    title: 'This browser has no shared memory',
    text: 'Programs need SharedArrayBuffer, WebAssembly threads and Atomics.waitAsync: Chromium 123, Firefox 145 or newer.',
  },
}

export const precondition = (code: Precondition['code']): Precondition => ({ code, ...WORDS[code] })

/** What to do next: go on, try to isolate, or give up with a reason. */
export const decide = (page: Surroundings): 'ready' | 'isolate' | Precondition => {
  if (!page.isSecureContext) return precondition('insecure')
  if (page.crossOriginIsolated) return page.hasSharedMemory ? 'ready' : precondition('no-shared-memory')
  if (page.isFramed) return precondition('framed')
  if (!page.hasServiceWorker) return precondition('no-service-worker')
  if (page.reloads === null) return precondition('storage-blocked')
  return page.reloads < MAX_RELOADS ? 'isolate' : precondition('not-isolated')
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
 * Resolves with null when programs can run, with a precondition when they cannot; does not resolve when the page is about to
 * be reloaded. `service` is the service worker's URL, relative to the document.
 */
export const isolate = async (service: string): Promise<Precondition | null> => {
  const next = decide(survey())
  if (next === 'ready') {
    writeReloads(0)
    return null
  }
  if (next !== 'isolate') return next
  const starting = startServiceWorker(service)
  const blocked = await Promise.race([starting, lateness()])
  if (blocked?.code !== 'service-worker-late') return blocked ?? reloadOnce()
  // Told now; when it comes after all, the page goes on.
  void starting.then((still) => still ?? reloadOnce())
  return blocked
}

const lateness = (): Promise<Precondition> =>
  new Promise((resolve) => setTimeout(() => resolve(precondition('service-worker-late')), LATE_AFTER_MS))

/** Does not resolve where it reloads. */
const reloadOnce = async (): Promise<Precondition | null> => {
  const reloads = (readReloads() ?? 0) + 1
  writeReloads(reloads)
  // A count that cannot be kept would make a loop.
  if (readReloads() !== reloads) return precondition('not-isolated')
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

const startServiceWorker = async (service: string): Promise<Precondition | null> => {
  const url = serviceUrl(service)
  try {
    const registration = await navigator.serviceWorker.register(url, { updateViaCache: 'none' })
    const isActive = registration.active?.scriptURL === url.href || (await activated(registration))
    return isActive ? null : precondition('service-worker-blocked')
  } catch {
    return precondition('service-worker-blocked')
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
