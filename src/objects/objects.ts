/**
 * What every function of this room takes first: the machine as one thread of one process sees it. One per thread, for the
 * wait sets are counted in it: a second one would leave the sets of the first.
 *
 * Invariant: words of open files, pipes and ttys are read and written under `lock`; OBJECTS_LOCK is taken before FILES_LOCK.
 */
import { SUPERBLOCK } from '../memory/layout.ts'
import { createLock, type Lock } from '../memory/lock.ts'
import type { Memory } from '../memory/memory.ts'
import type { Vfs } from '../vfs/types.ts'
import type { PollEntry } from './types.ts'
import { createWaitSets, type WaitSets } from './wait-sets.ts'

/** The part of the heap (src/memory/heap.ts) that this room needs. */
export interface BlockHeap {
  /** Word index of at least that many zero bytes, or -errno. Takes FILES_LOCK itself. */
  allocate(bytes: number): number
  free(at: number, bytes: number): void
}

/**
 * What a thread must know to hold capabilities (STREAM.CAPABILITY). The kernel does, and the programs that use them; no other
 * process is ever given one, so that none carries this.
 */
export interface CapabilityKind {
  /** The open file of a capability is closed. The caller holds the lock. */
  close(objects: Objects, capability: number): void
  /** Wait set whose change may make it ready. */
  waitSet(objects: Objects, capability: number, direction: 'read' | 'write'): number
  /** Fills `ready` and `bytes`. The caller holds the lock. */
  poll(objects: Objects, capability: number, entry: PollEntry): void
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
  /** null in a thread that never holds a capability; set by `knowCapabilities`. */
  capabilities: CapabilityKind | null
}

const locks = new WeakMap<Memory, Lock>()

/** The one OBJECTS_LOCK object of a thread: the lock counts nesting in the object, so with two a thread would wait for itself. */
const objectsLock = (memory: Memory): Lock => {
  const lock = locks.get(memory) ?? createLock(memory, SUPERBLOCK.OBJECTS_LOCK)
  locks.set(memory, lock)
  return lock
}

/** `slot` is the caller's process slot, or −1 for the kernel. */
export const createObjects = (memory: Memory, heap: BlockHeap, vfs: Vfs, slot: number): Objects => ({
  memory,
  heap,
  vfs,
  lock: objectsLock(memory),
  waits: createWaitSets(memory),
  slot,
  capabilities: null,
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
