/** Where the ring of a watch lies, and its end; see watch-file.ts. */
import { KERNEL_THREAD, SUPERBLOCK } from '../memory/layout.ts'
import { wake } from '../memory/wake.ts'
import { type Objects, word } from './objects.ts'
import { giveBlock } from './pool.ts'

/** Bytes of records that wait to be read: some hundred paths. */
export const WATCH_BYTES = 65536

export const WATCH = {
  RING: 2,
  HEAD: 3,
  COUNT: 4,
  /** Not 0: records were lost since the last one that is in the ring. */
  OVERFLOW: 5,
  WAITERS: 8,
} as const

/** The kernel finds out by the block's generation, and forgets its picture of the folder. The caller holds the lock. */
export const closeWatch = (objects: Objects, watch: number): void => {
  objects.heap.free(word(objects, watch + WATCH.RING), WATCH_BYTES)
  giveBlock(objects, SUPERBLOCK.FREE_WATCHES, watch)
  wake(objects.memory, KERNEL_THREAD)
}
