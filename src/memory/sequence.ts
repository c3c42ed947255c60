/**
 * Sequence locks: readers without a lock, checked afterwards. A word is odd while its owner writes and goes up by two per
 * change; who read the same even number before and after has read one state.
 *
 *   writer (holds the lock)          reader
 *   beginWrite   odd                 beginRead   even? else try again
 *   plain stores                     plain loads, copies
 *   endWrite     even                endRead     the same? else try again
 *
 * Plain loads may be delayed past an acquiring load on ARM, and plain stores may overtake a releasing store. A sequentially
 * consistent store followed by such a load keeps both in their place, hence the store to a word of the reader's own.
 *
 * Invariant: a reader trusts nothing, not even a pointer's range, before endRead has said yes.
 */
import { PAGE_BYTES, SUPERBLOCK } from './layout.ts'
import type { Memory } from './memory.ts'
import { keepSequence } from './undo.ts'

const PAGE_WORDS = PAGE_BYTES / 4

/** A word that only one thread writes. */
export type Fence = Int32Array

export const createFence = (): Fence => new Int32Array(new SharedArrayBuffer(4))

/** The sequence at `word`; odd: somebody writes. Views are fresh enough for every pointer of that state. */
export const beginRead = (memory: Memory, word: number): number => {
  if (word >= memory.i32.length) memory.refresh()
  const sequence = Atomics.load(memory.i32, word)
  if (memory.i32[SUPERBLOCK.PAGES]! * PAGE_WORDS !== memory.i32.length) memory.refresh()
  return sequence
}

export const endRead = (memory: Memory, fence: Fence, word: number, sequence: number): boolean => {
  Atomics.store(fence, 0, 0)
  return Atomics.load(memory.i32, word) === sequence
}

/** Not nested: the same word is begun once. Left odd by an exception, it is made even when the change is rolled back. */
export const beginWrite = (i32: Int32Array, word: number): number => {
  keepSequence(i32, word)
  Atomics.store(i32, word, i32[word]! | 1)
  return Atomics.load(i32, word)
}

export const endWrite = (i32: Int32Array, word: number): void => {
  Atomics.store(i32, word, ((i32[word]! | 1) + 1) | 0)
}
