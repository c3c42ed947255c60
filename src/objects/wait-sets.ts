/**
 * Wait sets in shared memory hold one bit per thread; a thread with many operations on one pipe must leave only with the last
 * of them, so it counts its own.
 *
 * Invariant: the thread's bit in a set is on exactly while its count for the set is above 0.
 */
import type { Memory } from '../memory/memory.ts'
import { joinWaitSet, leaveWaitSet } from '../memory/wake.ts'

export interface WaitSets {
  join(set: number): void
  leave(set: number): void
}

export const createWaitSets = (memory: Memory): WaitSets => {
  const counts = new Map<number, number>()
  return {
    join: (set) => {
      const count = counts.get(set) ?? 0
      counts.set(set, count + 1)
      if (count === 0) joinWaitSet(memory, set)
    },
    leave: (set) => {
      const count = counts.get(set) ?? 0
      if (count > 1) {
        counts.set(set, count - 1)
        return
      }
      counts.delete(set)
      if (count === 1) leaveWaitSet(memory, set)
    },
  }
}
