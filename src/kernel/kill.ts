/**
 * Ending threads so that nothing is left half done.
 *
 *   take both locks → mark the threads → terminate their workers → release → quarantine
 *
 * `terminate` leaves a busy worker running for up to two seconds in Chromium. Its next call finds the mark and parks, so it
 * can hold no lock and write no metadata; until it has parked, or five seconds have passed, its slot is not given out again. Who
 * needs a slot then, with none left, waits for it instead of being refused.
 */

import { filesLock } from '../memory/files-lock.ts'
import { THREAD, THREAD_STATE, threadAt } from '../memory/layout.ts'
import type { Memory } from '../memory/memory.ts'
import { exchangeWord, freeThread, getWord, hasFreeThread, setWord } from '../memory/slots.ts'
import { addWork, PENDING } from '../memory/undo.ts'
import { wake } from '../memory/wake.ts'
import type { Objects } from '../objects/objects.ts'

export const QUARANTINE_MS = 5000
/** A lock that is not given back for so long (a hold takes microseconds) belongs to a worker that was lost. */
const LOST_MS = 1000

export interface Reaper {
  /** Ends the worker of a thread, wherever it is in its code. */
  endThread(thread: number): void
  /** Gives back the slots of threads that have parked or whose time is over. Milliseconds to the next one, or Infinity. */
  sweep(now: number): number
  /** Whether no slot is free and some will be, because who has them is dead. */
  isFull(): boolean
  /** Settles with the next slot that is given back. Whoever was woken looks again: another may have been quicker. */
  nextFree(): Promise<void>
}

export const createReaper = (
  memory: Memory,
  objects: Objects,
  terminate: (thread: number) => void,
): Reaper => {
  const files = filesLock(memory)
  /** Thread → when its quarantine ends, on performance.now()'s clock. */
  const quarantine = new Map<number, number>()
  /** Those that were stopped in the middle of whatever they did. */
  const stopped = new Set<number>()
  const free = (thread: number): void => {
    quarantine.delete(thread)
    // It may have let go of a file's last pin and parked before it could free it.
    if (stopped.delete(thread)) addWork(memory.i32, PENDING.ORPHANS)
    // Its worker was lost in the middle of a call, without this protocol: whoever takes the lock next mends what it left.
    for (const lock of [objects.lock, files]) {
      if (!lock.reclaim(thread)) continue
      lock.acquire()
      lock.release()
    }
    freeThread(memory, thread)
    for (const wakeUp of waiting.splice(0)) wakeUp()
  }
  const waiting: (() => void)[] = []
  return {
    endThread: (thread) => {
      const locks = [objects.lock, files].filter((lock) => lock.acquireWithin(LOST_MS))
      if (getWord(memory, threadAt(thread) + THREAD.STATE) !== THREAD_STATE.PARKED) stopped.add(thread)
      setWord(memory, threadAt(thread) + THREAD.KILLED, 1)
      terminate(thread)
      const held = exchangeWord(memory, threadAt(thread) + THREAD.HELD_INODE, 0)
      if (held !== 0) objects.vfs.unpin(held)
      for (const lock of locks.reverse()) lock.release()
      quarantine.set(thread, performance.now() + QUARANTINE_MS)
      wake(memory, thread)
    },
    sweep: (now) => {
      let next = Number.POSITIVE_INFINITY
      for (const [thread, end] of quarantine) {
        const isParked = getWord(memory, threadAt(thread) + THREAD.STATE) === THREAD_STATE.PARKED
        if (isParked || end <= now) free(thread)
        else next = Math.min(next, end - now)
      }
      return next
    },
    isFull: () => quarantine.size > 0 && !hasFreeThread(memory),
    nextFree: () => new Promise((resolve) => waiting.push(resolve)),
  }
}
