/**
 * A futex lock in one word of shared memory: 0 is free, else owner thread + 1, with a bit for "somebody sleeps on it".
 *
 * It knows death: a thread whose kill mark is set never gets past `acquire`. The kernel takes the lock, sets the mark,
 * terminates the worker and releases; `terminate` leaves a busy worker running for up to two seconds in Chromium, and that
 * zombie parks at its next acquire instead of writing. So nobody dies while holding a lock.
 *
 * It outlives a stack overflow: `acquire` throws without the lock or returns with it, and `release` needs less stack than
 * `acquire` did. So `acquire(); try { … } finally { release() }` never leaves it taken.
 *
 * Invariant: holds are short (at most 64 KiB copied), never across a wait; OBJECTS_LOCK before FILES_LOCK.
 */
import { SUPERBLOCK, THREAD, THREAD_STATE, threadAt } from './layout.ts'
import type { Memory } from './memory.ts'

const SLEEPERS = 0x40000000
const OWNER = 0x3fffffff
/** Longer spinning was measured to be harmful on two cores. */
const SPINS = 100

export interface Lock {
  /** May be nested by the same thread. */
  acquire(): void
  release(): void
  /** Thread that holds it, or −1. */
  owner(): number
  readonly held: boolean
}

export const createLock = (memory: Memory, word: number): Lock => {
  const me = memory.thread + 1
  let depth = 0
  const take = (): void => {
    const { i32 } = memory
    for (let spin = 0; spin < SPINS; spin++) {
      if (Atomics.compareExchange(i32, word, 0, me) === 0) return
    }
    for (;;) {
      const seen = Atomics.load(i32, word)
      if (seen === 0) {
        // Others may sleep too, so whoever came through the slow path keeps the bit.
        if (Atomics.compareExchange(i32, word, 0, me | SLEEPERS) === 0) return
      } else if (seen & SLEEPERS || Atomics.compareExchange(i32, word, seen, seen | SLEEPERS) === seen) {
        Atomics.wait(i32, word, seen | SLEEPERS)
      }
    }
  }
  const parkIfDead = (): void => {
    if (Atomics.load(memory.i32, threadAt(memory.thread) + THREAD.KILLED) === 0) return
    if (Atomics.exchange(memory.i32, word, 0) & SLEEPERS) Atomics.notify(memory.i32, word, 1)
    park(memory)
  }
  return {
    acquire: () => {
      if (depth > 0) {
        depth++
        return
      }
      take()
      try {
        parkIfDead()
        memory.refresh()
      } catch (error) {
        // A guest that recurses without end may run out of stack in here: no call, so that this cannot.
        if (Atomics.exchange(memory.i32, word, 0) & SLEEPERS) Atomics.notify(memory.i32, word, 1)
        throw error
      }
      depth = 1
    },
    release: () => {
      if (--depth > 0) return
      if (Atomics.exchange(memory.i32, word, 0) & SLEEPERS) Atomics.notify(memory.i32, word, 1)
    },
    owner: () => (Atomics.load(memory.i32, word) & OWNER) - 1,
    get held() {
      return depth > 0
    },
  }
}

/** Stops a killed thread for good. Never returns; says so in its slot first, which ends the quarantine early. */
export const park = (memory: Memory): never => {
  Atomics.store(memory.i32, threadAt(memory.thread) + THREAD.STATE, THREAD_STATE.PARKED)
  for (;;) Atomics.wait(memory.i32, SUPERBLOCK.PARKED, 0)
}

/** For calls that take no lock. */
export const parkIfKilled = (memory: Memory): void => {
  if (Atomics.load(memory.i32, threadAt(memory.thread) + THREAD.KILLED) !== 0) park(memory)
}
