/**
 * Making and freeing the storage of a file. Everything runs under the lock with the inode's sequence odd; taking memory may
 * renew the views, so they are fetched after it.
 */
import { extendRun, GRANULE_BYTES, giveRun, granulesOf, OWNER, takeRun } from '../memory/heap.ts'
import { checkpoint, PENDING, put } from '../memory/undo.ts'
import { clearGap, setSize, sizeOf } from './content.ts'
import { FANOUT, INODE, PAGE_BYTES, PAGE_GRANULES, PAGE_WORDS, RUN_MAX } from './layout.ts'
import type { Volume } from './volume.ts'

const take = (volume: Volume, granules: number): number => takeRun(volume.memory, granules, OWNER.FILES)
const give = (volume: Volume, run: number, granules: number): void =>
  giveRun(volume.memory, run, granules, OWNER.FILES)

const takeNode = (volume: Volume): number => {
  const node = take(volume, PAGE_GRANULES)
  if (node !== 0) volume.memory.i32.fill(0, node, node + PAGE_WORDS)
  return node
}

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
  const { i32 } = volume.memory
  if (i32[at + INODE.DEPTH] === 0) {
    const need = Math.max(position + length, sizeOf(i32, at))
    if (need <= RUN_MAX) return reserveRun(volume, at, need, position, clear ? 0 : length) ? length : 0
    if (!becomeTree(volume, at)) return 0
  }
  return reservePages(volume, at, position, length, clear)
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
  const fresh = take(volume, granules)
  if (fresh === 0) return false
  const { i32, u8 } = volume.memory
  const run = i32[at + INODE.DATA]!
  u8.copyWithin(fresh * 4, run * 4, run * 4 + sizeOf(i32, at))
  give(volume, run, granulesOf(i32[at + INODE.CAPACITY]!))
  setRun(volume, at, fresh, granules)
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
  if (has > granules) give(volume, run + granules * 64, has - granules)
  else if (has < granules && !extendRun(volume.memory, run, has, granules - has, OWNER.FILES))
    return moveRun(volume, at, granules)
  put(i32, at + INODE.CAPACITY, granules * GRANULE_BYTES)
  return true
}

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

/** The word that points to a page; nodes on the way are made. 0 when the machine is full. */
const slotOf = (volume: Volume, at: number, page: number): number => {
  while (page >= FANOUT ** volume.memory.i32[at + INODE.DEPTH]!) if (!raise(volume, at)) return 0
  let slot = at + INODE.DATA
  for (let level = volume.memory.i32[at + INODE.DEPTH]! - 1; level >= 0; level--) {
    if (volume.memory.i32[slot] === 0) {
      const node = takeNode(volume)
      if (node === 0) return 0
      put(volume.memory.i32, slot, node)
    }
    slot = volume.memory.i32[slot]! + ((page >>> (level * 10)) & (FANOUT - 1))
  }
  return slot
}

const reservePages = (
  volume: Volume,
  at: number,
  position: number,
  length: number,
  clear: boolean,
): number => {
  const end = position + length
  const last = Math.floor((end - 1) / PAGE_BYTES)
  for (let page = Math.floor(position / PAGE_BYTES); page <= last; ) {
    const slot = slotOf(volume, at, page)
    const missing =
      slot === 0 ? 0 : holes(volume.memory.i32, slot, Math.min(last - page + 1, FANOUT - (page % FANOUT)))
    const count = missing === 0 ? 0 : takePages(volume, slot, missing)
    if (slot === 0 || (missing > 0 && count === 0)) return Math.max(0, page * PAGE_BYTES - position)
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

/** Changes the size; what comes to it is zero. False when the machine is full. */
export const resize = (volume: Volume, at: number, size: number): boolean => {
  const before = sizeOf(volume.memory.i32, at)
  if (size < before) shrink(volume, at, size)
  else if (size > before) {
    const isRun = volume.memory.i32[at + INODE.DEPTH] === 0
    if (isRun && size > RUN_MAX && !becomeTree(volume, at)) return false
    const keepsRun = isRun && size <= RUN_MAX && volume.memory.i32[at + INODE.DATA] !== 0
    if (keepsRun && !reserveRun(volume, at, size, size, 0)) return false
    clearGap(volume.memory.i32, volume.memory.u8, at, size)
  }
  setSize(volume.memory.i32, at, size)
  return true
}

/** Frees everything behind `size` bytes; the size itself stays. */
export const shrink = (volume: Volume, at: number, size: number): void => {
  const { i32 } = volume.memory
  const data = i32[at + INODE.DATA]!
  const depth = i32[at + INODE.DEPTH]!
  if (depth > 0) {
    if (data !== 0 && prune(volume, at, data, depth - 1, Math.ceil(size / PAGE_BYTES)))
      put(i32, at + INODE.DATA, 0)
    if (size === 0) put(i32, at + INODE.DEPTH, 0)
  } else if (data !== 0) {
    const granules = granulesOf(size)
    give(volume, data + granules * 64, granulesOf(i32[at + INODE.CAPACITY]!) - granules)
    put(i32, at + INODE.CAPACITY, granules * GRANULE_BYTES)
    if (granules === 0) put(i32, at + INODE.DATA, 0)
  }
}

/**
 * Frees the pages of a node but the first `keep`; true when the node itself went as well. Of a big file in steps: stopped between
 * two of them it has holes where it was to end.
 */
const prune = (volume: Volume, at: number, node: number, level: number, keep: number): boolean => {
  const { i32 } = volume.memory
  const each = FANOUT ** level
  for (let slot = Math.floor(keep / each); slot < FANOUT; slot++) {
    const child = i32[node + slot]!
    if (child === 0) continue
    if (level === 0) {
      put(i32, node + slot, 0)
      give(volume, child, PAGE_GRANULES)
      checkpoint(i32, PENDING.FREEING, at)
    } else if (prune(volume, at, child, level - 1, Math.max(0, keep - slot * each))) put(i32, node + slot, 0)
  }
  if (keep > 0) return false
  give(volume, node, PAGE_GRANULES)
  return true
}

/** Gives back what a growing file took too much. */
export const trim = (volume: Volume, at: number): void => {
  const { i32 } = volume.memory
  if (i32[at + INODE.DEPTH] === 0 && isLoose(i32, at)) shrink(volume, at, sizeOf(i32, at))
}

export const isLoose = (i32: Int32Array, at: number): boolean =>
  i32[at + INODE.CAPACITY]! - i32[at + INODE.SIZE]! >= GRANULE_BYTES
