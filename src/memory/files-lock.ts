/**
 * The one FILES_LOCK object of a thread. The lock counts nesting in the object, so two objects on the same word would
 * make a thread wait for itself: heap, filesystem and kernel all take theirs from here.
 */
import { SUPERBLOCK } from './layout.ts'
import { createLock, type Lock } from './lock.ts'
import type { Memory } from './memory.ts'

const locks = new WeakMap<Memory, Lock>()

export const filesLock = (memory: Memory): Lock => {
  const known = locks.get(memory)
  if (known !== undefined) return known
  const lock = createLock(memory, SUPERBLOCK.FILES_LOCK)
  locks.set(memory, lock)
  return lock
}
