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
/** A version that has not taken office by then is left to come to it later. */
const CHANGE_TIMEOUT_MS = 2000
/** Between the answer of `update()` and the worker that it found, milliseconds; a few are seen, more on a busy machine. */
const APPEARS_MS = 500
/** The same where the host is known to have another version. */
const EXPECTED_MS = 30_000
/** How often an open page asks whether the site has changed. */
const CHECK_EVERY_MS = 60 * 60 * 1000

export interface UpdateParts {
  /** Undefined where the browser has none or blocks them. */
  container: ServiceWorkerContainer | undefined
  service: string
  /** As it is before anything is known. */
  state: UpdateState
  onState(state: UpdateState): void
  reload(): void
}

export interface UpdatesPart extends Pick<Updates, 'check' | 'accept'> {
  /** Has the files kept, and looks for new versions from then on. */
  start(): Promise<void>
}

export const createUpdates = (parts: UpdateParts): UpdatesPart => {
  const { container, onState } = parts
  let { state } = parts
  const tell = (change: Partial<UpdateState>): void => {
    state = { ...state, ...change }
    onState(state)
  }
  const registered = async (): Promise<ServiceWorkerRegistration> => {
    if (!container) throw new Error('This browser has no service workers here: the page needs a connection.')
    const known = await container.getRegistration(document.baseURI)
    return known ?? container.register(serviceUrl(parts.service), { updateViaCache: 'none' })
  }
  /** Chromium tells the state of a worker before the registration knows it as the one that waits. */
  let newer: ServiceWorker | null = null
  /** Versions that were seen to come, and what is known of the last: settles when it is whole or was refused. */
  let arrivals = 0
  let arriving: Promise<void> = Promise.resolve()
  let followed: ServiceWorkerRegistration | undefined
  const found = async (worker: ServiceWorker, active: ServiceWorker): Promise<void> => {
    newer = worker
    const [next, now] = await Promise.all([status(worker), status(active)])
    // Accepted before, and the browser has not changed over yet: this page is of that version.
    if (next && next.id === now?.serves) {
      post(worker, { type: 'accept' })
      return inOffice(worker)
    }
    tell({ waiting: true, problem: '' })
  }
  const arrive = async (registration: ServiceWorkerRegistration, worker: ServiceWorker): Promise<void> => {
    // Whole, or refused.
    await reached(worker, ['installed', 'activating', 'activated', 'redundant'])
    if (worker.state !== 'redundant')
      return registration.active ? found(worker, registration.active) : undefined
    if (worker !== newer && !state.waiting)
      tell({ problem: 'A new version is not complete on its host yet; this one stays.' })
  }
  const follow = (registration: ServiceWorkerRegistration): void => {
    if (registration === followed) return
    followed = registration
    const { waiting, active } = registration
    if (waiting && active) arriving = found(waiting, active)
    registration.addEventListener('updatefound', () => {
      // A small site on a fast host may be there before the event is.
      const worker = registration.installing ?? registration.waiting
      arrivals++
      if (worker) arriving = arrive(registration, worker)
    })
  }
  const keep = async (registration: ServiceWorkerRegistration): Promise<void> => {
    const worker = registration.active ?? (await within(container?.ready))?.active
    const answer = worker ? await status(worker) : null
    tell(
      answer
        ? { offline: answer.offline, problem: answer.problem }
        : { problem: 'The service worker does not answer: the page needs a connection.' },
    )
  }
  return {
    start: async () => {
      try {
        const registration = await registered()
        follow(registration)
        await arriving
        await keep(registration)
        // An old tab must not stay old for days without knowing; a failed check is only a missing connection.
        setInterval(() => void registration.update().catch(() => {}), CHECK_EVERY_MS)
      } catch (error) {
        tell({ problem: error instanceof Error ? error.message : String(error) })
      }
    },
    check: async () => {
      const registration = await registered()
      follow(registration)
      const before = arrivals
      const [expected] = await Promise.all([isNewer(registration), registration.update()])
      if (arrivals === before) await appeared(registration, expected ? EXPECTED_MS : APPEARS_MS)
      await arriving
      return state
    },
    accept: async () => {
      const registration = await registered()
      const waiting = registration.waiting ?? newer
      if (waiting?.state !== 'installed') throw new Error('There is no new version to change to.')
      const next = await status(waiting)
      const { active } = registration
      // The worker in office serves the accepted version from now on, and the page that is loaded then lets the new one take over.
      // Not both at once: with a debugger on the worker Chromium 156 often never answers a navigation around that moment.
      if (next && active && (await within(ask(active, { type: 'serve', id: next.id }))) === true)
        return parts.reload()
      post(waiting, { type: 'accept' })
      await inOffice(waiting)
      parts.reload()
    },
  }
}

/** Whether the host has a version that this browser has not taken yet; false when it cannot be told. */
const isNewer = async (registration: ServiceWorkerRegistration): Promise<boolean> => {
  const { active, waiting } = registration
  const response = await fetch(new URL('build.json', document.baseURI), { cache: 'no-store' }).catch(
    () => null,
  )
  const build: unknown = response?.ok ? await response.json().catch(() => null) : null
  if (typeof build !== 'object' || build === null || !('id' in build)) return false
  const known = await Promise.all([active, waiting].map((worker) => worker && status(worker)))
  return known.every((each) => each?.id !== build.id)
}

/** Chromium 156 resolves `update()` before `installing` is set: what it found shows itself a moment later, or never. */
const appeared = (registration: ServiceWorkerRegistration, most: number): Promise<void> =>
  new Promise((resolve) => {
    registration.addEventListener('updatefound', () => resolve(), { once: true })
    setTimeout(resolve, most)
  })

/** Resolves when a worker is in one of these states. */
const reached = (worker: ServiceWorker, states: readonly ServiceWorkerState[]): Promise<void> =>
  new Promise((resolve) => {
    const look = (): void => {
      if (states.includes(worker.state)) resolve()
    }
    worker.addEventListener('statechange', look)
    look()
  })

/** Resolves when it has taken office, or does not come to it: another tab may hold it up. */
const inOffice = (worker: ServiceWorker): Promise<void> =>
  Promise.race([reached(worker, ['activated', 'redundant']), delay(CHANGE_TIMEOUT_MS)])

const delay = (milliseconds: number): Promise<void> =>
  new Promise((resolve) => setTimeout(resolve, milliseconds))

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
  Promise.race([promise ?? null, delay(ANSWER_TIMEOUT_MS).then(() => null)])

const status = async (worker: ServiceWorker): Promise<Status | null> =>
  parseStatus(await within(ask(worker, { type: 'status' })))

interface Status {
  id: string
  serves: string
  offline: boolean
  problem: string
}

const parseStatus = (data: unknown): Status | null => {
  if (typeof data !== 'object' || data === null || !('offline' in data) || !('id' in data)) return null
  const text = (key: string): string => String(Reflect.get(data, key) ?? '')
  return { id: text('id'), serves: text('serves'), offline: data.offline === true, problem: text('problem') }
}
