/**
 * The asynchronous form: many operations of one thread under way at once, driven from its event loop by the same wake word.
 * What completes is kept until the thread takes it (`reap`), wakes the word in case the thread blocks, and calls back on
 * request (a runtime posts itself a message there).
 *
 * Invariant: an operation is in `waiting` until its first result and then in `done` once; nothing polls: the loop sleeps
 * until the word changes or the nearest deadline.
 */
import { ERRNO } from '../abi/errno.ts'
import { sleepAsync, wake, wakeSeen } from '../memory/wake.ts'
import type { Objects } from './objects.ts'
import { type Operation, PENDING } from './types.ts'

export interface Completion {
  id: number
  /** ≥ 0 or -errno. */
  result: number
}

export interface Pending {
  /** Starts an operation and gives its number. `post` is called when it completes; it must not throw. */
  start(operation: Operation, post?: (completion: Completion) => void): number
  /** Gives up: it completes at once with what was done so far, or -ECANCELED. False when it had completed. */
  cancel(id: number): boolean
  /** Takes what has completed, in that order, after trying what waits. */
  reap(): Completion[]
  /** For a thread that blocks: gives the number of completions to reap as soon as there is one. */
  operation(): Operation
  /** Operations under way. */
  readonly size: number
}

interface Started {
  operation: Operation
  post: ((completion: Completion) => void) | undefined
}

/** One per thread. */
export const createPending = (objects: Objects): Pending => {
  const { memory } = objects
  const waiting = new Map<number, Started>()
  let done: Completion[] = []
  let next = 1
  let isDriven = false

  const complete = (id: number, started: Started, result: number): void => {
    waiting.delete(id)
    started.operation.watch(false)
    const completion = { id, result }
    done.push(completion)
    started.post?.(completion)
  }
  const nearest = (): number => {
    let deadline = Number.POSITIVE_INFINITY
    for (const { operation } of waiting.values()) deadline = Math.min(deadline, operation.deadline())
    return deadline
  }
  /** Tries everything once. */
  const pump = (): void => {
    // A copy: `post` may start the next one.
    for (const [id, started] of [...waiting]) {
      const result = started.operation.attempt()
      if (result !== PENDING) complete(id, started, result)
    }
  }
  const drive = async (): Promise<void> => {
    while (waiting.size > 0) {
      const seen = wakeSeen(memory)
      const before = done.length
      pump()
      if (done.length > before) wake(memory, memory.thread)
      if (waiting.size > 0) await sleepAsync(memory, seen, Math.max(0, nearest() - performance.now()))
    }
    isDriven = false
  }
  const startDriving = (): void => {
    if (isDriven) {
      // It may sleep until a deadline later than the new one's.
      wake(memory, memory.thread)
      return
    }
    isDriven = true
    void drive()
  }
  return {
    start: (operation, post) => {
      const id = next++
      operation.watch(true)
      waiting.set(id, { operation, post })
      startDriving()
      return id
    },
    cancel: (id) => {
      const started = waiting.get(id)
      if (!started) return false
      complete(id, started, started.operation.interrupted(ERRNO.CANCELED))
      return true
    },
    reap: () => {
      pump()
      const taken = done
      done = []
      return taken
    },
    operation: () => ({
      call: 0,
      attempt: () => {
        pump()
        return done.length > 0 ? done.length : PENDING
      },
      watch: () => {},
      deadline: nearest,
      interrupted: (errno) => -errno,
    }),
    get size() {
      return waiting.size
    },
  }
}
