/** Where semaphores lie, and their end; see semaphore.ts. */
import { SUPERBLOCK } from '../memory/layout.ts'
import { type Objects, setWordAt, word } from './objects.ts'
import { giveBlock } from './pool.ts'

export const SEMAPHORE = {
  VALUE: 2,
  /** Open files. */
  USERS: 3,
  /** The next semaphore that has a name. */
  LINK: 4,
  /** Its name in the heap, 0 once it was taken away. */
  NAME: 5,
  NAME_BYTES: 6,
  WAITERS: 8,
} as const

/** One user less; without users and name it is gone. The caller holds the lock. */
export const closeSemaphore = (objects: Objects, semaphore: number): void => {
  setWordAt(objects, semaphore + SEMAPHORE.USERS, word(objects, semaphore + SEMAPHORE.USERS) - 1)
  freeUnused(objects, semaphore)
}

export const freeUnused = (objects: Objects, semaphore: number): void => {
  if (word(objects, semaphore + SEMAPHORE.USERS) > 0 || word(objects, semaphore + SEMAPHORE.NAME) !== 0)
    return
  giveBlock(objects, SUPERBLOCK.FREE_SEMAPHORES, semaphore)
}
