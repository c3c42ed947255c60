/**
 * The one FILES_LOCK object of a thread. The lock counts nesting in the object, so two objects on the same word would
 * make a thread wait for itself: heap, filesystem and kernel all take theirs from here.
 *
 * Invariant: whoever gets it finds everything whole; what its last owner left half done is mended first (undo.ts).
 */
import { SUPERBLOCK } from './layout.ts'
import { createLock, type Lock } from './lock.ts'
import type { Memory } from './memory.ts'
import { addWork, isBroken, mend, PENDING } from './undo.ts'

const locks = new WeakMap<Memory, Lock>()

export const filesLock = (memory: Memory): Lock => {
  const known = locks.get(memory)
  if (known !== undefined) return known
  const lock = createLock(memory, SUPERBLOCK.FILES_LOCK, (afterDeath) => {
    // It may have been about to look whether its pin was the last one.
    if (afterDeath) addWork(memory.i32, PENDING.ORPHANS)
    if (isBroken(memory.i32)) mend(memory)
  })
  locks.set(memory, lock)
  return lock
}
