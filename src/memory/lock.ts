/**
 * A futex lock in one word of shared memory: 0 is free, else owner thread + 1, with a bit for "somebody sleeps on it".
 *
 * It knows death: a thread whose kill mark is set never gets past `acquire`. The kernel takes the lock, sets the mark,
 * terminates the worker and releases; `terminate` leaves a busy worker running for up to two seconds in Chromium, and that
 * zombie parks at its next acquire instead of writing. So nobody dies while holding a lock; should a worker be lost in one all the
 * same, who waits for it takes it over once the owner cannot run any more, and `mended` looks at what it left behind.
 *
 * It outlives a stack overflow: `acquire` throws without the lock or returns with it, and `release` needs less stack than
 * `acquire` did. So `acquire(); try { … } finally { release() }` never leaves it taken.
 *
 * Invariant: holds are short (at most 64 KiB copied), never across a wait; OBJECTS_LOCK before FILES_LOCK.
 */
import { PAGE_BYTES, SUPERBLOCK, THREAD, THREAD_STATE, threadAt } from './layout.ts'
import type { Memory } from './memory.ts'

const PAGE_WORDS = PAGE_BYTES / 4
const SLEEPERS = 0x40000000
const OWNER = 0x3fffffff
/** Longer spinning was measured to be harmful on two cores. */
const SPINS = 100

/** How long a waiter sleeps before it looks whether the owner is still there. */
const PATIENCE_MS = 1000
/** So many looks at a killed owner that lets nothing go, and its worker is gone: longer than the quarantine of its slot. */
const DEAD_LOOKS = 6

export interface Lock {
  /** May be nested by the same thread. */
  acquire(): void
  /** The same, unless it takes longer than that: false. */
  acquireWithin(milliseconds: number): boolean
  release(): void
  /** Gives it back in the place of a thread that cannot run any more, should that have it: true. What it left half done is mended. */
  reclaim(thread: number): boolean
  /** Thread that holds it, or −1. */
  owner(): number
  readonly held: boolean
}

/**
 * @param mended is called with the lock just taken, before anybody looks at what it guards; `afterDeath` when its last owner did not
 *   give it back
 */
export const createLock = (
  memory: Memory,
  word: number,
  mended: (afterDeath: boolean) => void = () => {},
): Lock => {
  const me = memory.thread + 1
  const killedAt = threadAt(memory.thread) + THREAD.KILLED
  let depth = 0
  let afterDeath = false
  const take = (milliseconds: number): boolean => {
    const { i32 } = memory
    for (let spin = 0; spin < SPINS; spin++) {
      if (Atomics.compareExchange(i32, word, 0, me) === 0) return true
    }
    return takeSlowly(milliseconds)
  }
  const takeSlowly = (milliseconds: number): boolean => {
    const { i32 } = memory
    const end = performance.now() + milliseconds
    let looks = 0
    for (;;) {
      const seen = Atomics.load(i32, word)
      if (seen === 0) {
        // Others may sleep too, so whoever came through the slow path keeps the bit.
        if (Atomics.compareExchange(i32, word, 0, me | SLEEPERS) === 0) return true
        continue
      }
      if (!(seen & SLEEPERS) && Atomics.compareExchange(i32, word, seen, seen | SLEEPERS) !== seen) continue
      const left = end - performance.now()
      if (left <= 0) return false
      looks =
        Atomics.wait(i32, word, seen | SLEEPERS, Math.min(PATIENCE_MS, left)) === 'timed-out' ? looks + 1 : 0
      if (!isGone(i32, (seen & OWNER) - 1, looks)) continue
      afterDeath = Atomics.compareExchange(i32, word, seen | SLEEPERS, me | SLEEPERS) === (seen | SLEEPERS)
      if (afterDeath) return true
    }
  }
  const parkIfDead = (): void => {
    if (memory.i32[killedAt] === 0) return
    if (Atomics.exchange(memory.i32, word, 0) & SLEEPERS) Atomics.notify(memory.i32, word, 1)
    park(memory)
  }
  const enter = (): void => {
    depth = 1
    // Plain loads here: the lock was taken by an atomic operation, which they cannot overtake, and V8 is ten times as fast.
    parkIfDead()
    if (memory.i32[SUPERBLOCK.PAGES]! * PAGE_WORDS !== memory.i32.length) memory.refresh()
    mended(afterDeath)
    afterDeath = false
  }
  const acquireWithin = (milliseconds: number): boolean => {
    if (depth > 0) {
      depth++
      return true
    }
    if (!take(milliseconds)) return false
    try {
      enter()
    } catch (error) {
      // A guest that recurses without end may run out of stack in here: no call, so that this cannot.
      depth = 0
      if (Atomics.exchange(memory.i32, word, 0) & SLEEPERS) Atomics.notify(memory.i32, word, 1)
      throw error
    }
    return true
  }
  return {
    acquire: () => void acquireWithin(Number.POSITIVE_INFINITY),
    acquireWithin,
    release: () => {
      if (--depth > 0) return
      if (Atomics.exchange(memory.i32, word, 0) & SLEEPERS) Atomics.notify(memory.i32, word, 1)
    },
    reclaim: (thread) => {
      const seen = Atomics.load(memory.i32, word)
      if ((seen & OWNER) !== thread + 1) return false
      afterDeath = Atomics.compareExchange(memory.i32, word, seen, 0) === seen
      if (!afterDeath) return false
      Atomics.notify(memory.i32, word)
      return true
    },
    owner: () => (Atomics.load(memory.i32, word) & OWNER) - 1,
    get held() {
      return depth > 0
    },
  }
}

/** Whether the owner of a lock cannot run any more: its slot was given back, or it was killed that long ago. */
const isGone = (i32: Int32Array, owner: number, looks: number): boolean => {
  if (owner <= 0 || looks < DEAD_LOOKS) return false
  const at = threadAt(owner)
  return (
    Atomics.load(i32, at + THREAD.STATE) === THREAD_STATE.FREE || Atomics.load(i32, at + THREAD.KILLED) !== 0
  )
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
