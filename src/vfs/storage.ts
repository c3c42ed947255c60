/**
 * Making and freeing the storage of a file. Everything runs under the lock with the inode's sequence odd; taking memory may
 * renew the views, so they are fetched after it.
 *
 * What is borrowed from a stored content (store.ts) is never written and never freed by the borrower: a run is copied whole
 * before the first write, of a tree the page and the nodes on the way to it.
 *
 * Invariant: who has a borrowed pointer anywhere holds one of the links of its store; a file of no bytes holds none.
 */
import { extendRun, GRANULE_BYTES, GRANULE_WORDS, granulesOf, OWNER } from '../memory/heap.ts'
import { put } from '../memory/undo.ts'
import { clearGap, setSize, sizeOf } from './content.ts'
import { giveInode } from './inode.ts'
import { BORROWED, INODE, PAGE_BYTES, PAGE_GRANULES, PAGE_WORDS, RUN_MAX } from './layout.ts'
import { copyRun, give, ownCut, ownEnd, prune, reservePages, take, takeNode } from './pages.ts'
import type { Volume } from './volume.ts'

/**
 * Sees to storage for bytes position … position + length. What will not be overwritten there and is new, is zero; with
 * `clear` everything new is. Returns how many bytes from `position` have storage, 0 when the machine is full.
 */
export const reserve = (
  volume: Volume,
  at: number,
  position: number,
  length: number,
  clear: boolean,
): number => {
  if (!own(volume, at) || (position > sizeOf(volume.memory.i32, at) && !ownEnd(volume, at))) return 0
  const { i32 } = volume.memory
  if (i32[at + INODE.DEPTH] === 0) {
    const need = Math.max(position + length, sizeOf(i32, at))
    if (need <= RUN_MAX) return reserveRun(volume, at, need, position, clear ? 0 : length) ? length : 0
    if (!becomeTree(volume, at)) return 0
  }
  return reservePages(volume, at, position, length, clear)
}

/** Makes a borrowed run the file's own, and a whole content that nobody else borrows. False when the machine is full. */
const own = (volume: Volume, at: number): boolean => {
  const { i32 } = volume.memory
  if ((i32[at + INODE.DATA]! & BORROWED) === 0) return true
  const store = i32[at + INODE.STORE]!
  if (i32[store + INODE.LINKS] === 1) {
    put(i32, at + INODE.DATA, i32[store + INODE.DATA]!)
    put(i32, at + INODE.CAPACITY, i32[store + INODE.CAPACITY]!)
    put(i32, at + INODE.STORE, 0)
    giveInode(volume, store)
    return true
  }
  if (i32[at + INODE.DEPTH] !== 0) return true
  if (!copyRun(volume, at + INODE.DATA, granulesOf(sizeOf(i32, at)))) return false
  release(volume, at)
  return true
}

/** One borrower less; a content that nobody borrows goes, in steps if need be. */
const release = (volume: Volume, at: number): void => {
  const { i32 } = volume.memory
  const store = i32[at + INODE.STORE]!
  const links = i32[store + INODE.LINKS]! - 1
  put(i32, at + INODE.STORE, 0)
  put(i32, store + INODE.LINKS, links)
  if (links > 0) return
  shrink(volume, store, 0, at)
  giveInode(volume, store)
}

/** A run for `need` bytes. Zeroes what is new below the size and outside of position … position + length. */
const reserveRun = (volume: Volume, at: number, need: number, position: number, length: number): boolean => {
  const { i32 } = volume.memory
  const run = i32[at + INODE.DATA]!
  const capacity = i32[at + INODE.CAPACITY]!
  if (capacity >= need) return true
  const size = sizeOf(i32, at)
  const granules = granulesOf(need)
  if (run === 0) {
    const fresh = take(volume, granules)
    if (fresh === 0) return false
    const { u8 } = volume.memory
    u8.fill(0, fresh * 4, fresh * 4 + Math.min(position, size))
    if (position + length < size) u8.fill(0, fresh * 4 + position + length, fresh * 4 + size)
    setRun(volume, at, fresh, granules)
    return true
  }
  if (extendRun(volume.memory, run, granulesOf(capacity), granules - granulesOf(capacity), OWNER.FILES)) {
    put(i32, at + INODE.CAPACITY, granules * GRANULE_BYTES)
    return true
  }
  // A file that moved once will grow again; what is too much is given back when it is closed.
  return moveRun(volume, at, granules + (granules >>> 2)) || moveRun(volume, at, granules)
}

const setRun = (volume: Volume, at: number, run: number, granules: number): void => {
  const { i32 } = volume.memory
  put(i32, at + INODE.DATA, run)
  put(i32, at + INODE.CAPACITY, granules * GRANULE_BYTES)
}

const moveRun = (volume: Volume, at: number, granules: number): boolean => {
  const { i32 } = volume.memory
  const run = i32[at + INODE.DATA]!
  const has = granulesOf(i32[at + INODE.CAPACITY]!)
  // What lies behind the old run is copied too, and means nothing: it is behind the size.
  if (!copyRun(volume, at + INODE.DATA, granules)) return false
  give(volume, run, has)
  put(volume.memory.i32, at + INODE.CAPACITY, granules * GRANULE_BYTES)
  return true
}

/** Cuts the run into pages, without copying where it can be made a multiple of a page. */
const becomeTree = (volume: Volume, at: number): boolean => {
  if (volume.memory.i32[at + INODE.DATA] !== 0) {
    const pages = Math.ceil(sizeOf(volume.memory.i32, at) / PAGE_BYTES)
    const leaf = takeNode(volume)
    if (leaf === 0) return false
    if (!fitRun(volume, at, pages * PAGE_GRANULES)) {
      give(volume, leaf, PAGE_GRANULES)
      return false
    }
    const { i32 } = volume.memory
    for (let page = 0; page < pages; page++) i32[leaf + page] = i32[at + INODE.DATA]! + page * PAGE_WORDS
    put(i32, at + INODE.DATA, leaf)
    if (pages === 0) trimNode(volume, at, leaf)
  }
  const { i32 } = volume.memory
  put(i32, at + INODE.CAPACITY, 0)
  put(i32, at + INODE.DEPTH, 1)
  return true
}

/** A leaf without pages is not kept. */
const trimNode = (volume: Volume, at: number, leaf: number): void => {
  give(volume, leaf, PAGE_GRANULES)
  put(volume.memory.i32, at + INODE.DATA, 0)
}

/** Makes the run exactly so long. */
const fitRun = (volume: Volume, at: number, granules: number): boolean => {
  const { i32 } = volume.memory
  const has = granulesOf(i32[at + INODE.CAPACITY]!)
  const run = i32[at + INODE.DATA]!
  if (has > granules) give(volume, run + granules * GRANULE_WORDS, has - granules)
  else if (has < granules && !extendRun(volume.memory, run, has, granules - has, OWNER.FILES))
    return moveRun(volume, at, granules)
  put(i32, at + INODE.CAPACITY, granules * GRANULE_BYTES)
  return true
}

/** Changes the size; what comes to it is zero. False when the machine is full. */
export const resize = (volume: Volume, at: number, size: number): boolean => {
  const before = sizeOf(volume.memory.i32, at)
  if (size < before) {
    if (!ownCut(volume, at, size)) return false
    shrink(volume, at, size)
  } else if (size > before) {
    if (!own(volume, at) || !ownEnd(volume, at)) return false
    const isRun = volume.memory.i32[at + INODE.DEPTH] === 0
    if (isRun && size > RUN_MAX && !becomeTree(volume, at)) return false
    const keepsRun = isRun && size <= RUN_MAX && volume.memory.i32[at + INODE.DATA] !== 0
    if (keepsRun && !reserveRun(volume, at, size, size, 0)) return false
    clearGap(volume.memory.i32, volume.memory.u8, at, size)
  }
  setSize(volume.memory.i32, at, size)
  return true
}

/**
 * Frees everything behind `size` bytes; the size itself stays. Where a borrowed tree is cut, `ownCut` was there. `word` is the sequence
 * that is odd.
 */
export const shrink = (volume: Volume, at: number, size: number, word: number = at): void => {
  const { i32 } = volume.memory
  const data = i32[at + INODE.DATA]!
  const depth = i32[at + INODE.DEPTH]!
  const isBorrowed = (data & BORROWED) !== 0
  if (depth > 0) {
    const isGone =
      isBorrowed || data === 0
        ? size === 0
        : prune(volume, word, data, depth - 1, Math.ceil(size / PAGE_BYTES))
    if (isGone) put(i32, at + INODE.DATA, 0)
    if (size === 0) put(i32, at + INODE.DEPTH, 0)
  } else if (data !== 0) {
    const granules = granulesOf(size)
    if (!isBorrowed)
      give(volume, data + granules * GRANULE_WORDS, granulesOf(i32[at + INODE.CAPACITY]!) - granules)
    put(i32, at + INODE.CAPACITY, granules * GRANULE_BYTES)
    if (granules === 0) put(i32, at + INODE.DATA, 0)
  }
  if (size === 0 && i32[at + INODE.STORE] !== 0) release(volume, at)
}

/** Gives back what a growing file took too much. */
export const trim = (volume: Volume, at: number): void => {
  const { i32 } = volume.memory
  if (i32[at + INODE.DEPTH] === 0 && isLoose(i32, at)) shrink(volume, at, sizeOf(i32, at))
}

export const isLoose = (i32: Int32Array, at: number): boolean =>
  i32[at + INODE.CAPACITY]! - i32[at + INODE.SIZE]! >= GRANULE_BYTES
