/**
 * Trees of pages: finding places in them, filling and pruning them. Under the lock, as storage.ts, of which this is the part
 * that knows nodes.
 *
 *   DATA ─► node ─► node ─► page        a node has FANOUT pointers; 0 is a hole, a BORROWED one leads to what others read too
 *
 * Invariant: nothing is written through a borrowed pointer: nodes and pages on the way to a write are copied first.
 */
import { GRANULE_WORDS, giveRun, OWNER, takeRun } from '../memory/heap.ts'
import { checkpoint, PENDING, put } from '../memory/undo.ts'
import { pageAt, sizeOf } from './content.ts'
import { BORROWED, FANOUT, INODE, PAGE_BYTES, PAGE_GRANULES, PAGE_WORDS } from './layout.ts'
import type { Volume } from './volume.ts'

export const take = (volume: Volume, granules: number): number =>
  takeRun(volume.memory, granules, OWNER.FILES)
export const give = (volume: Volume, run: number, granules: number): void =>
  giveRun(volume.memory, run, granules, OWNER.FILES)

export const takeNode = (volume: Volume): number => {
  const node = take(volume, PAGE_GRANULES)
  if (node !== 0) volume.memory.i32.fill(0, node, node + PAGE_WORDS)
  return node
}

/** Replaces what a pointer leads to by a copy, or by room for other bytes. */
export const copyRun = (volume: Volume, slot: number, granules: number, isWhole = false): boolean => {
  const fresh = take(volume, granules)
  if (fresh === 0) return false
  const { i32 } = volume.memory
  const from = i32[slot]! & ~BORROWED
  if (!isWhole) i32.copyWithin(fresh, from, from + granules * GRANULE_WORDS)
  put(i32, slot, fresh)
  return true
}

/** The same with a node, whose children are borrowed then. */
const copyNode = (volume: Volume, slot: number): boolean => {
  if (!copyRun(volume, slot, PAGE_GRANULES)) return false
  const { i32 } = volume.memory
  const node = i32[slot]!
  for (let child = node; child < node + FANOUT; child++) if (i32[child] !== 0) i32[child]! |= BORROWED
  return true
}

/** The page in which the file ends: what follows there is about to be cleared. */
export const ownEnd = (volume: Volume, at: number): boolean => {
  const { i32 } = volume.memory
  const page = Math.floor(sizeOf(i32, at) / PAGE_BYTES)
  if (i32[at + INODE.STORE] === 0 || pageAt(i32, at, page) === 0) return true
  const slot = slotOf(volume, at, page, false)
  return slot !== 0 && ownPage(volume, slot, false)
}

/** `isWhole`: every byte of it is about to be written. */
const ownPage = (volume: Volume, slot: number, isWhole: boolean): boolean =>
  (volume.memory.i32[slot]! & BORROWED) === 0 || copyRun(volume, slot, PAGE_GRANULES, isWhole)

const raise = (volume: Volume, at: number): boolean => {
  if (volume.memory.i32[at + INODE.DATA] !== 0) {
    const node = takeNode(volume)
    if (node === 0) return false
    volume.memory.i32[node] = volume.memory.i32[at + INODE.DATA]!
    put(volume.memory.i32, at + INODE.DATA, node)
  }
  put(volume.memory.i32, at + INODE.DEPTH, volume.memory.i32[at + INODE.DEPTH]! + 1)
  return true
}

/**
 * The word that points to a page; nodes on the way become the file's own. Missing ones are made, or where the first is missing is
 * the answer. 0 when the machine is full.
 */
const slotOf = (volume: Volume, at: number, page: number, make: boolean): number => {
  while (page >= FANOUT ** volume.memory.i32[at + INODE.DEPTH]!) if (!make || !raise(volume, at)) return 0
  let slot = at + INODE.DATA
  for (let level = volume.memory.i32[at + INODE.DEPTH]! - 1; level >= 0; level--) {
    const child = volume.memory.i32[slot]!
    if (child === 0) {
      if (!make) return slot
      const node = takeNode(volume)
      if (node === 0) return 0
      put(volume.memory.i32, slot, node)
    } else if ((child & BORROWED) !== 0 && !copyNode(volume, slot)) return 0
    slot = volume.memory.i32[slot]! + ((page >>> (level * 10)) & (FANOUT - 1))
  }
  return slot
}

export const reservePages = (
  volume: Volume,
  at: number,
  position: number,
  length: number,
  clear: boolean,
): number => {
  const end = position + length
  const last = Math.floor((end - 1) / PAGE_BYTES)
  for (let page = Math.floor(position / PAGE_BYTES); page <= last; ) {
    const slot = slotOf(volume, at, page, true)
    const isWhole = !clear && page * PAGE_BYTES >= position && (page + 1) * PAGE_BYTES <= end
    const missing =
      slot === 0 ? 0 : holes(volume.memory.i32, slot, Math.min(last - page + 1, FANOUT - (page % FANOUT)))
    const count = missing === 0 ? 0 : takePages(volume, slot, missing)
    if (slot === 0 || (missing > 0 ? count === 0 : !ownPage(volume, slot, isWhole)))
      return Math.max(0, page * PAGE_BYTES - position)
    if (missing === 0) {
      page++
      continue
    }
    const run = volume.memory.i32[slot]! * 4
    const from = page * PAGE_BYTES
    const to = (page + count) * PAGE_BYTES
    const { u8 } = volume.memory
    if (clear) u8.fill(0, run, run + to - from)
    else {
      if (position > from) u8.fill(0, run, run + position - from)
      if (end < to) u8.fill(0, run + end - from, run + to - from)
    }
    page += count
  }
  return length
}

/** How many slots from there on are empty. */
const holes = (i32: Int32Array, slot: number, most: number): number => {
  let count = 0
  while (count < most && i32[slot + count] === 0) count++
  return count
}

/** Fills up to `count` slots with neighbouring pages. */
const takePages = (volume: Volume, slot: number, count: number): number => {
  let pages = count
  let run = take(volume, pages * PAGE_GRANULES)
  while (run === 0 && pages > 1) {
    pages >>>= 1
    run = take(volume, pages * PAGE_GRANULES)
  }
  if (run === 0) return 0
  for (let index = 0; index < pages; index++) put(volume.memory.i32, slot + index, run + index * PAGE_WORDS)
  return pages
}

/** The nodes that a cut goes through. */
export const ownCut = (volume: Volume, at: number, size: number): boolean => {
  const { i32 } = volume.memory
  const page = Math.ceil(size / PAGE_BYTES)
  const isWhole = size === 0 || i32[at + INODE.STORE] === 0 || i32[at + INODE.DEPTH] === 0
  return isWhole || page >= FANOUT ** i32[at + INODE.DEPTH]! || slotOf(volume, at, page, false) !== 0
}

/**
 * Frees the pages of a node but the first `keep`; true when the node itself went as well. Of a big file in steps: stopped between
 * two of them it has holes where it was to end.
 */
export const prune = (volume: Volume, word: number, node: number, level: number, keep: number): boolean => {
  const { i32 } = volume.memory
  const each = FANOUT ** level
  for (let slot = Math.floor(keep / each); slot < FANOUT; slot++) {
    const child = i32[node + slot]!
    const isBorrowed = (child & BORROWED) !== 0
    if (child === 0 || (isBorrowed && slot * each < keep)) continue
    if (level === 0 || isBorrowed) {
      put(i32, node + slot, 0)
      if (!isBorrowed) give(volume, child, PAGE_GRANULES)
      checkpoint(i32, PENDING.FREEING, word)
    } else if (prune(volume, word, child, level - 1, Math.max(0, keep - slot * each)))
      put(i32, node + slot, 0)
  }
  if (keep > 0) return false
  give(volume, node, PAGE_GRANULES)
  return true
}
