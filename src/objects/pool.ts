/**
 * Blocks of one kind (open files, pipes, ttys), carved from slabs of the heap and given out again and again as the same kind.
 *
 *   word 0   next free block, while it is free
 *   word 1   generation, counted up whenever the block is given back
 *
 * Invariant: a block never becomes anything else, so a stale index finds a block of its kind with another generation, and not
 * somebody's file content.
 */
import { SUPERBLOCK } from '../memory/layout.ts'
import { type Objects, setWordAt, word } from './objects.ts'

export const BLOCK = { NEXT: 0, GENERATION: 1 } as const

/** From the word that heads a free list to the one that counts the blocks in use. */
const USED = SUPERBLOCK.USED_OPEN_FILES - SUPERBLOCK.FREE_OPEN_FILES

/** Bytes taken from the heap at a time. */
const SLAB_BYTES = 4096

/** A block of `words` words, zero but for its generation, or -errno of the heap. The caller holds the lock. */
export const takeBlock = (objects: Objects, head: number, words: number): number => {
  if (word(objects, head) === 0) {
    const refused = addSlab(objects, head, words)
    if (refused < 0) return refused
  }
  const block = word(objects, head)
  setWordAt(objects, head, word(objects, block + BLOCK.NEXT))
  setWordAt(objects, head + USED, word(objects, head + USED) + 1)
  setWordAt(objects, block + BLOCK.NEXT, 0)
  const { i32 } = objects.memory
  for (let at = block + BLOCK.GENERATION + 1; at < block + words; at++) i32[at] = 0
  return block
}

const addSlab = (objects: Objects, head: number, words: number): number => {
  const slab = objects.heap.allocate(SLAB_BYTES)
  if (slab < 0) return slab
  objects.memory.refresh()
  objects.memory.i32.fill(0, slab, slab + SLAB_BYTES / 4)
  for (let block = slab + SLAB_BYTES / 4 - words; block >= slab; block -= words) {
    setWordAt(objects, block + BLOCK.NEXT, word(objects, head))
    setWordAt(objects, head, block)
  }
  return 0
}

/** The caller holds the lock. */
export const giveBlock = (objects: Objects, head: number, block: number): void => {
  setWordAt(objects, block + BLOCK.GENERATION, word(objects, block + BLOCK.GENERATION) + 1)
  setWordAt(objects, block + BLOCK.NEXT, word(objects, head))
  setWordAt(objects, head, block)
  setWordAt(objects, head + USED, word(objects, head + USED) - 1)
}

export const generation = (objects: Objects, block: number): number => word(objects, block + BLOCK.GENERATION)
