/**
 * Locks on files as they lie in shared memory: one list for the machine, of ranges that a process has (fcntl) or waits for, and of
 * whole files that an open file has (flock). locks.ts decides; here is what every process needs, for any may be the one that
 * closes.
 *
 *   SUPERBLOCK.LOCKS ─► lock ─► lock ─► …            each: inode, owner, kind, mode, [start, end)
 *
 * Invariant: under OBJECTS_LOCK; a lock is filled before it is linked, by one store. The owner's descriptor keeps the inode.
 */
import { processAt, SUPERBLOCK } from '../memory/layout.ts'
import { findProcess } from '../memory/slots.ts'
import { wakeSet } from '../memory/wake.ts'
import { type Objects, setWordAt, word } from './objects.ts'
import { giveBlock } from './pool.ts'
import { JOB } from './slot-words.ts'

/** RANGE and WAITING belong to a process (OWNER is its pid), FILE to an open file (OWNER is its word index). */
export const LOCK_KIND = { RANGE: 1, WAITING: 2, FILE: 3 } as const

export const LOCK = {
  LINK: 2,
  INODE: 3,
  OWNER: 4,
  KIND: 5,
  /** LOCK_MODE. */
  MODE: 6,
  START: 8,
  START_HIGH: 9,
  END: 10,
  END_HIGH: 11,
} as const

export const LOCK_WORDS = 16

/** Takes every lock out of the list that `isMeant` says. True when there was one. The caller holds the lock, as for all below. */
export const dropLocks = (objects: Objects, isMeant: (lock: number) => boolean): boolean => {
  let before: number = SUPERBLOCK.LOCKS
  let found = false
  for (let lock = word(objects, before); lock !== 0; lock = word(objects, before)) {
    const next = word(objects, lock + LOCK.LINK)
    if (!isMeant(lock)) {
      before = lock + LOCK.LINK
      continue
    }
    setWordAt(objects, before, next)
    if (word(objects, lock + LOCK.KIND) !== LOCK_KIND.FILE)
      countLocks(objects, word(objects, lock + LOCK.OWNER), -1)
    giveBlock(objects, SUPERBLOCK.FREE_LOCKS, lock)
    found = true
  }
  if (found) wakeSet(objects.memory, SUPERBLOCK.LOCK_WAITERS)
  return found
}

/** All that an owner has of that kind; of one file, or of any where no inode is given. */
export const releaseLocksOf = (objects: Objects, kind: number, owner: number, inode = 0): void => {
  dropLocks(
    objects,
    (lock) =>
      word(objects, lock + LOCK.KIND) === kind &&
      word(objects, lock + LOCK.OWNER) === owner &&
      (inode === 0 || word(objects, lock + LOCK.INODE) === inode),
  )
}

/** The process's own count: as long as it is 0, closing need not look. */
export const countLocks = (objects: Objects, pid: number, change: number): void => {
  const slot = findProcess(objects.memory, pid)
  if (slot < 0) return
  const at = processAt(slot) + JOB.LOCKS
  setWordAt(objects, at, word(objects, at) + change)
}
