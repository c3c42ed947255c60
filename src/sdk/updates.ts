/**
 * The page's side of working offline: has the service worker keep the site's files, and tells when a new version is there.
 *
 * Invariant: nothing changes under an open page until `accept` is called; the machine never waits for any of this.
 */
import { listen, post } from '../ipc/port.ts'
import { serviceUrl } from './isolation.ts'
import type { UpdateState, Updates } from './types.ts'

/** A service worker that has not answered by then is taken for one of an older kind, or stuck. */
const ANSWER_TIMEOUT_MS = 60_000
/** How often an open page asks whether the site has changed. */
const CHECK_EVERY_MS = 60 * 60 * 1000

export interface UpdateParts {
  /** Undefined where the browser has none or blocks them. */
  container: ServiceWorkerContainer | undefined
  service: string
  version: string
  onState(state: UpdateState): void
  reload(): void
}

export const createUpdates = (parts: UpdateParts): Updates & { start(): Promise<void> } => {
  const { container, version, onState } = parts
  let state: UpdateState = { version, offline: false, problem: '', waiting: false }
  const tell = (change: Partial<UpdateState>): void => {
    state = { ...state, ...change }
    onState(state)
  }
  const registered = async (): Promise<ServiceWorkerRegistration> => {
    if (!container) throw new Error('This browser has no service workers here: the page needs a connection.')
    const known = await container.getRegistration(document.baseURI)
    return known ?? container.register(serviceUrl(parts.service), { updateViaCache: 'none' })
  }
  const follow = (registration: ServiceWorkerRegistration): void => {
    const look = (): void => {
      if (registration.waiting && registration.active) tell({ waiting: true, problem: '' })
    }
    look()
    registration.addEventListener('updatefound', () => {
      const worker = registration.installing
      worker?.addEventListener('statechange', () => {
        if (worker.state === 'installed') look()
        if (worker.state === 'redundant' && !state.waiting && registration.active !== worker)
          tell({ problem: 'A new version is not complete on its host yet; this one stays.' })
      })
    })
  }
  const keep = async (registration: ServiceWorkerRegistration): Promise<void> => {
    const worker = registration.active ?? (await within(container?.ready))?.active
    const answer = worker ? parseStatus(await within(ask(worker, { type: 'status' }))) : null
    tell(answer ?? { problem: 'The service worker does not answer: the page needs a connection.' })
  }
  return {
    state: () => state,
    start: async () => {
      try {
        const registration = await registered()
        follow(registration)
        await keep(registration)
        // An old tab must not stay old for days without knowing; a failed check is only a missing connection.
        setInterval(() => void registration.update().catch(() => {}), CHECK_EVERY_MS)
      } catch (error) {
        tell({ problem: error instanceof Error ? error.message : String(error) })
      }
    },
    check: async () => {
      const registration = await registered()
      await registration.update()
      await settled(registration)
      return state
    },
    accept: async () => {
      const registration = await registered()
      const { waiting } = registration
      if (!waiting) throw new Error('There is no new version to change to.')
      container?.addEventListener('controllerchange', () => parts.reload(), { once: true })
      post(waiting, { type: 'accept' })
    },
  }
}

/** Resolves when no new version is on its way any more. */
const settled = (registration: ServiceWorkerRegistration): Promise<void> =>
  new Promise((resolve) => {
    const worker = registration.installing
    if (!worker) return resolve()
    worker.addEventListener('statechange', () => {
      if (worker.state !== 'installing') resolve()
    })
  })

const ask = (worker: ServiceWorker, message: unknown): Promise<unknown> =>
  new Promise((resolve) => {
    const { port1, port2 } = new MessageChannel()
    listen(port1, (data) => {
      port1.close()
      resolve(data)
    })
    post(worker, message, [port2])
  })

/** `ready` may never settle where workers are blocked. */
const within = <T>(promise: Promise<T> | undefined): Promise<T | null> =>
  Promise.race([
    promise ?? null,
    new Promise<null>((resolve) => setTimeout(() => resolve(null), ANSWER_TIMEOUT_MS)),
  ])

const parseStatus = (data: unknown): Pick<UpdateState, 'offline' | 'problem'> | null => {
  if (typeof data !== 'object' || data === null || !('offline' in data) || !('problem' in data)) return null
  return { offline: data.offline === true, problem: String(data.problem) }
}
