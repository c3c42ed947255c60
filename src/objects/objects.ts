/**
 * What every function of this room takes first: the machine as one thread of one process sees it. One per thread, for the lock
 * and the wait sets count within the thread: a second one would deadlock with the first or leave its wait sets.
 *
 * Invariant: words of open files, pipes and ttys are read and written under `lock`; OBJECTS_LOCK is taken before FILES_LOCK.
 */
import { SUPERBLOCK } from '../memory/layout.ts'
import { createLock, type Lock } from '../memory/lock.ts'
import type { Memory } from '../memory/memory.ts'
import type { Vfs } from '../vfs/types.ts'
import { createWaitSets, type WaitSets } from './wait-sets.ts'

/** The part of the heap (src/memory/heap.ts) that this room needs. */
export interface BlockHeap {
  /** Word index of at least that many bytes, with any content, or -errno. Takes FILES_LOCK itself. */
  allocate(bytes: number): number
  free(at: number, bytes: number): void
}

export interface Objects {
  readonly memory: Memory
  readonly heap: BlockHeap
  readonly vfs: Vfs
  /** OBJECTS_LOCK. Whoever needs it in this thread uses this one, for it may be nested. */
  readonly lock: Lock
  readonly waits: WaitSets
  /** The caller's process slot, or −1 for the kernel. */
  readonly slot: number
}

/** `slot` is the caller's process slot, or −1 for the kernel. */
export const createObjects = (memory: Memory, heap: BlockHeap, vfs: Vfs, slot: number): Objects => ({
  memory,
  heap,
  vfs,
  lock: createLock(memory, SUPERBLOCK.OBJECTS_LOCK),
  waits: createWaitSets(memory),
  slot,
})

/** Runs `work` under the lock; for calls that are not hot. */
export const locked = <T>(objects: Objects, work: () => T): T => {
  objects.lock.acquire()
  try {
    return work()
  } finally {
    objects.lock.release()
  }
}

/** A word of a block of this room. The caller holds the lock, or the word never changes while the block lives. */
export const word = (objects: Objects, at: number): number => objects.memory.i32[at] ?? 0
export const setWordAt = (objects: Objects, at: number, value: number): void => {
  objects.memory.i32[at] = value
}
