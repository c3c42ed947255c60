/**
 * Modules that were compiled from files, so that a program starts at once the next time. Those that were not started for the
 * longest time are forgotten first.
 *
 * Invariant: a module that was asked for just now stays although others are compiled, for its start is on the way.
 */

/** What programs of a project compile to is several times their size, all of it in the page's process. */
const KEPT_BYTES = 64 * 1024 * 1024
const MOST_KEPT = 32
/** However large they are: those whose start may be on the way. */
const LEAST_KEPT = 4

/** @template T what is known of a module besides */
export interface Compiled<T> {
  /** The module of that key, if it is there or on its way; asking for it counts as a start. */
  get(key: string): Promise<T> | undefined
  /** Resolves when the module of that key, of so many bytes, is there; `compile` is called if it is not. */
  ensure(key: string, bytes: number, compile: () => Promise<T>): Promise<T>
}

export const createCompiled = <T>(forget: (key: string) => void): Compiled<T> => {
  /** The oldest first. */
  const kept = new Map<string, { bytes: number; done: Promise<T> }>()
  const trim = (): void => {
    let total = 0
    for (const { bytes } of kept.values()) total += bytes
    for (const [key, { bytes }] of kept) {
      if (kept.size <= LEAST_KEPT || (kept.size <= MOST_KEPT && total <= KEPT_BYTES)) return
      kept.delete(key)
      forget(key)
      total -= bytes
    }
  }
  const get = (key: string): Promise<T> | undefined => {
    const known = kept.get(key)
    kept.delete(key)
    if (known) kept.set(key, known)
    return known?.done
  }
  return {
    get,
    ensure: (key, bytes, compile) => {
      const known = get(key)
      if (known) return known
      const entry = { bytes, done: compile() }
      kept.set(key, entry)
      entry.done.catch(() => {
        if (kept.get(key) === entry) kept.delete(key)
      })
      trim()
      return entry.done
    },
  }
}
