/**
 * The asynchronous form: many operations of one thread under way at once, driven from its event loop by the same wake word.
 * What completes is kept until the thread takes it (`reap`), wakes the word in case the thread blocks, and calls back on
 * request (a runtime posts itself a message there: process/posting.ts).
 *
 * Signals, as for the blocking form: one that stops the process holds the event loop, in here; a handled one ends what waits with
 * -EINTR (or what was done so far), but for operations that were started to go on (SA_RESTART), until it has been taken; one that
 * ends the process ends them all, and `ended` is told.
 *
 * Invariant: an operation is in `waiting` until its first result and then in `done` once; nothing polls: the loop sleeps
 * until the word changes or the nearest deadline. The lists are links between objects of ours: no method that a guest's
 * JavaScript in the same worker can replace is called with one of them.
 */
import { ERRNO } from '../abi/errno.ts'
import { sleepAsync, wake, wakeSeen } from '../memory/wake.ts'
import type { Objects } from './objects.ts'
import { followStops } from './signal.ts'
import { type Operation, PENDING } from './types.ts'

export interface Completion {
  id: number
  /** ≥ 0 or -errno. */
  result: number
}

export interface StartOptions {
  /** Called when it completes; it must not throw. */
  post?: ((completion: Completion) => void) | undefined
  /** A handled signal does not end it. */
  restarts?: boolean
}

export interface Pending {
  /** Starts an operation and gives its number. */
  start(operation: Operation, options?: StartOptions | StartOptions['post']): number
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
  id: number
  operation: Operation
  post: ((completion: Completion) => void) | undefined
  restarts: boolean
  isDone: boolean
  result: number
  next: Started | null
}

interface List {
  first: Started | null
  last: Started | null
  size: number
}

const emptyList = (): List => ({ first: null, last: null, size: 0 })

const append = (list: List, each: Started): void => {
  each.next = null
  if (list.last) list.last.next = each
  else list.first = each
  list.last = each
  list.size++
}

/** One per thread. `ended` is told of a signal that ends the process: its runtime unwinds. */
export const createPending = (objects: Objects, ended: (signal: number) => void = () => {}): Pending => {
  const { memory } = objects
  let waiting = emptyList()
  let done = emptyList()
  let next = 1
  let isDriven = false

  /** It is taken out of `waiting` by the next `sweep`. */
  const finish = (each: Started, result: number): void => {
    each.isDone = true
    each.result = result
    each.operation.watch(false)
  }
  /** Moves what is done; what `post` starts meanwhile is at the end of the new list. */
  const sweep = (): void => {
    let each = waiting.first
    waiting = emptyList()
    let posted: Started | null = null
    let lastPosted: Started | null = null
    while (each) {
      const following: Started | null = each.next
      if (each.isDone) {
        each.next = null
        if (lastPosted) lastPosted.next = each
        else posted = each
        lastPosted = each
      } else append(waiting, each)
      each = following
    }
    while (posted) {
      const following: Started | null = posted.next
      append(done, posted)
      posted.post?.({ id: posted.id, result: posted.result })
      posted = following
    }
  }
  const nearest = (): number => {
    let deadline = Number.POSITIVE_INFINITY
    for (let each = waiting.first; each; each = each.next) {
      const own = each.operation.deadline()
      if (own < deadline) deadline = own
    }
    return deadline
  }
  /** What a pending signal asks for; an idle event loop is stopped in here. */
  const followSignals = (): void => {
    const pending = followStops(objects)
    if (pending === undefined) return
    const isEnd = pending.action === 'terminate'
    for (let each = waiting.first; each; each = each.next)
      if (!each.isDone && (isEnd || !each.restarts)) finish(each, each.operation.interrupted(ERRNO.INTR))
    if (isEnd) ended(pending.signal)
  }
  /** Tries everything once. */
  const pump = (): void => {
    for (let each = waiting.first; each; each = each.next) {
      const result = each.isDone ? PENDING : each.operation.attempt()
      if (result !== PENDING) finish(each, result)
    }
    followSignals()
    sweep()
  }
  const drive = async (): Promise<void> => {
    while (waiting.size > 0) {
      const seen = wakeSeen(memory)
      const before = done.size
      pump()
      if (done.size > before) wake(memory, memory.thread)
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
    start: (operation, given) => {
      const id = next++
      const options = typeof given === 'function' ? { post: given } : given
      const { post, restarts = false } = options ?? {}
      operation.watch(true)
      append(waiting, { id, operation, post, restarts, isDone: false, result: 0, next: null })
      startDriving()
      return id
    },
    cancel: (id) => {
      for (let each = waiting.first; each; each = each.next) {
        if (each.id !== id || each.isDone) continue
        finish(each, each.operation.interrupted(ERRNO.CANCELED))
        sweep()
        return true
      }
      return false
    },
    reap: () => {
      pump()
      const taken: Completion[] = []
      for (let each = done.first; each; each = each.next)
        taken[taken.length] = { id: each.id, result: each.result }
      done = emptyList()
      return taken
    },
    operation: () => ({
      call: 0,
      attempt: () => {
        pump()
        return done.size > 0 ? done.size : PENDING
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
