/**
 * Who has a project open: one tab per project, by a Web Lock that goes with its tab. Another tab may take it over: it asks, the
 * owner saves and lets go; an owner that does not answer is robbed.
 *
 * Invariant: the lock only makes it polite. What keeps a robbed tab from writing is the owner's token in the project's record,
 * looked at in every transaction (projects.ts); so it holds too where there are no Web Locks.
 */
import { listen, post } from '../ipc/port.ts'

export interface Ownership {
  /** True when the project is ours now. With `takeOver` it always is. */
  acquire(id: string, takeOver: boolean): Promise<boolean>
  release(id: string): void
  has(id: string): boolean
  /** Projects that another tab has open. */
  elsewhere(): Promise<Set<string>>
  /** Tells other tabs that the list of projects is another. */
  announce(): void
}

export interface OwnershipOptions {
  locks: LockManager | null
  channel: BroadcastChannel | null
  /** Another tab would like to have it; whoever hears it saves and releases. */
  onAsked(id: string): unknown
  /** Another tab has taken it. */
  onTaken(id: string): unknown
  onChanged(): void
  /** Milliseconds that an owner has to save and let go. */
  patience?: number
}

const PATIENCE_MS = 3000
const PREFIX = 'wasmrun-project-'

type Word = { ask: string } | { changed: true }

const parseWord = (data: unknown): Word | null => {
  if (typeof data !== 'object' || data === null) return null
  if ('ask' in data && typeof data.ask === 'string') return { ask: data.ask }
  return 'changed' in data ? { changed: true } : null
}

export const createOwnership = (options: OwnershipOptions): Ownership => {
  const { locks, channel, onAsked, onTaken, onChanged, patience = PATIENCE_MS } = options
  const held = new Map<string, () => void>()
  if (channel)
    listen(channel, (data) => {
      const word = parseWord(data)
      if (word && 'changed' in word) onChanged()
      if (word && 'ask' in word && held.has(word.ask)) onAsked(word.ask)
    })
  const say = (word: Word): void => {
    if (channel) post(channel, word)
  }
  /** Resolves with whether the lock was had; it is kept until `release`. */
  const request = (id: string, how: LockOptions): Promise<boolean> =>
    new Promise((resolve) => {
      if (!locks) {
        held.set(id, () => {})
        resolve(true)
        return
      }
      const keep = (lock: Lock | null): Promise<void> | undefined => {
        if (!lock) {
          resolve(false)
          return undefined
        }
        return new Promise((release) => {
          held.set(id, release)
          resolve(true)
        })
      }
      locks.request(PREFIX + id, how, keep).catch(() => {
        // Waited too long, or robbed of a lock that was held.
        if (held.delete(id)) onTaken(id)
        resolve(false)
      })
    })
  return {
    has: (id) => held.has(id),
    acquire: async (id, takeOver) => {
      if (held.has(id)) return true
      if (await request(id, { ifAvailable: true })) return true
      if (!takeOver) return false
      say({ ask: id })
      if (await request(id, { signal: AbortSignal.timeout(patience) })) return true
      return request(id, { steal: true })
    },
    release: (id) => {
      const release = held.get(id)
      held.delete(id)
      release?.()
    },
    elsewhere: async () => {
      const state = await locks?.query()
      const names = (state?.held ?? []).flatMap(({ name }) =>
        name?.startsWith(PREFIX) ? [name.slice(PREFIX.length)] : [],
      )
      return new Set(names.filter((id) => !held.has(id)))
    },
    announce: () => say({ changed: true }),
  }
}
