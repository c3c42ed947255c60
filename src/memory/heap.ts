/**
 * The allocator of the shared memory: runs of granules of 256 bytes, from two-level segregated lists of free runs (constant
 * time, neighbours merge at once).
 *
 *   segment (16 MiB)   map: one word per granule │ granules …
 *   map word           0 inside of used and free runs; the length at the first and last granule of a free run
 *   free run           next run of its list │ previous │ …
 *
 * A used run has no header: its owner knows its length, may give parts of it back, and may ask for more behind it.
 *
 * Invariant: under FILES_LOCK everywhere; no two free runs of a segment touch; what is written can be taken back (undo.ts).
 */
import { HEAP_AT, INITIAL_PAGES, PAGE_BYTES, SUPERBLOCK } from './layout.ts'
import type { Memory } from './memory.ts'
import { keep, put } from './undo.ts'

export const GRANULE_BYTES = 256
export const GRANULE_WORDS = GRANULE_BYTES / 4
const GRANULE_SHIFT = 6
export const SEGMENT_WORDS = 1 << 22
const SEGMENT_MASK = SEGMENT_WORDS - 1
const MAP_WORDS = SEGMENT_WORDS / GRANULE_WORDS
const PAGE_WORDS = PAGE_BYTES / 4

/** Words of the heap's header, from HEAP_AT. */
export const HEAP = {
  /** Word behind the last granule. */
  END: 0,
  /** Granules in free runs, and used ones by owner. */
  FREE: 1,
  USED: 2,
  /** Granules that are promised to files which are still to come; in none of the counts. */
  PROMISED: 6,
  LEVELS: 4,
  LISTS: 8,
  HEADS: 32,
} as const

/** Who a granule belongs to: files leave a reserve, so that a full machine can still open pipes and say so. */
export const OWNER = { FILES: 0, OBJECTS: 1 } as const

const HEADER_WORDS = 256
const FIRST_MAP = HEAP_AT + HEADER_WORDS
const FIRST_RUN = FIRST_MAP + MAP_WORDS
const HEAD = HEAP_AT + HEAP.HEADS
const LISTS = HEAP_AT + HEAP.LISTS
const LEVELS = HEAP_AT + HEAP.LEVELS
/** 4 MiB. */
const RESERVE_GRANULES = 16384
/** Growth in pages: 16 MiB at a time, later 64. */
const GROWTH_PAGES = 256
const LARGE_GROWTH_PAGES = 1024
/** Longest run, 15 MiB: a segment holds that beside its map. */
export const MAX_GRANULES = 61440
/** How far to look in a list whose runs may or may not be long enough. */
const MAX_LOOKS = 16

/** Granules for so many bytes. */
export const granulesOf = (bytes: number): number => (bytes + GRANULE_BYTES - 1) >>> 8

const mapOf = (word: number): number => {
  const index = (word & SEGMENT_MASK) >>> GRANULE_SHIFT
  return word < SEGMENT_WORDS ? FIRST_MAP + index : (word & ~SEGMENT_MASK) + index
}

/** Lists: eight per power of two; below eight granules one per length. */
const listOf = (granules: number): number => {
  if (granules < 8) return granules
  const power = 31 - Math.clz32(granules)
  return (power - 2) * 8 + ((granules >>> (power - 3)) & 7)
}

/** The first list whose runs are all long enough. */
const safeListOf = (granules: number): number =>
  granules < 8 ? granules : listOf(granules + (1 << (28 - Math.clz32(granules))) - 1)

/** A free run of its own. Where the links go, somebody may have had bytes that must come back. */
const insert = (i32: Int32Array, run: number, granules: number): void => {
  keep(i32, run)
  keep(i32, run + 1)
  insertRest(i32, run, granules)
}

/**
 * What is left of a free run behind the part that was taken: what stands in it means nothing, so it is not even read. To read a
 * page of new memory before it is written costs the system two faults in place of one.
 */
const insertRest = (i32: Int32Array, run: number, granules: number): void => {
  put(i32, mapOf(run), granules)
  put(i32, mapOf(run + (granules - 1) * GRANULE_WORDS), granules)
  const list = listOf(granules)
  const head = i32[HEAD + list]!
  i32[run] = head
  i32[run + 1] = 0
  if (head !== 0) put(i32, head + 1, run)
  put(i32, HEAD + list, run)
  put(i32, LISTS + (list >>> 3), i32[LISTS + (list >>> 3)]! | (1 << (list & 7)))
  put(i32, LEVELS, i32[LEVELS]! | (1 << (list >>> 3)))
}

const remove = (i32: Int32Array, run: number, granules: number): void => {
  put(i32, mapOf(run), 0)
  put(i32, mapOf(run + (granules - 1) * GRANULE_WORDS), 0)
  const next = i32[run]!
  const previous = i32[run + 1]!
  if (next !== 0) put(i32, next + 1, previous)
  if (previous !== 0) {
    put(i32, previous, next)
    return
  }
  const list = listOf(granules)
  put(i32, HEAD + list, next)
  if (next !== 0) return
  put(i32, LISTS + (list >>> 3), i32[LISTS + (list >>> 3)]! & ~(1 << (list & 7)))
  if (i32[LISTS + (list >>> 3)] === 0) put(i32, LEVELS, i32[LEVELS]! & ~(1 << (list >>> 3)))
}

/** A free run of at least that length, or 0. */
const find = (i32: Int32Array, granules: number): number => {
  const list = safeListOf(granules)
  let level = list >>> 3
  let bits = i32[LISTS + level]! & (-1 << (list & 7))
  if (bits === 0) {
    const levels = i32[LEVELS]! & (-2 << level)
    if (levels === 0) return findLong(i32, granules)
    level = 31 - Math.clz32(levels & -levels)
    bits = i32[LISTS + level]!
  }
  return i32[HEAD + level * 8 + (31 - Math.clz32(bits & -bits))]!
}

const findLong = (i32: Int32Array, granules: number): number => {
  let run = i32[HEAD + listOf(granules)]!
  for (let look = 0; run !== 0 && look < MAX_LOOKS; look++) {
    if (i32[mapOf(run)]! >= granules) return run
    run = i32[run]!
  }
  return 0
}

/** Takes memory up to `end` into the heap. New memory is zero, so the maps of new segments are ready. */
const extendTo = (i32: Int32Array, end: number): void => {
  let from = i32[HEAP_AT + HEAP.END]!
  while (from < end) {
    const behind = (from & ~SEGMENT_MASK) + SEGMENT_WORDS
    const to = Math.min(end, behind)
    if ((from & SEGMENT_MASK) === 0) from += MAP_WORDS
    // A scrap that holds little more than its own map waits for the next growth.
    if (to - from < PAGE_WORDS) return
    put(i32, HEAP_AT + HEAP.END, to)
    merge(i32, from, (to - from) >>> GRANULE_SHIFT)
    put(i32, HEAP_AT + HEAP.FREE, i32[HEAP_AT + HEAP.FREE]! + ((to - from) >>> GRANULE_SHIFT))
    from = to
  }
}

const merge = (i32: Int32Array, run: number, granules: number): void => {
  let start = run
  let length = granules
  const behind = run + granules * GRANULE_WORDS
  if ((behind & SEGMENT_MASK) !== 0 && behind < i32[HEAP_AT + HEAP.END]!) {
    const right = i32[mapOf(behind)]!
    if (right !== 0) {
      remove(i32, behind, right)
      length += right
    }
  }
  // Left of a segment's first granule lies its map, whose own map words are always 0.
  const left = i32[mapOf(run - GRANULE_WORDS)]!
  if (left !== 0) {
    start -= left * GRANULE_WORDS
    remove(i32, start, left)
    length += left
  }
  insert(i32, start, length)
}

const grow = (memory: Memory): boolean => {
  const pages = memory.i32[SUPERBLOCK.PAGES]!
  const left = memory.i32[SUPERBLOCK.LIMIT]! - pages
  const wanted = pages < 2 * LARGE_GROWTH_PAGES ? GROWTH_PAGES : LARGE_GROWTH_PAGES
  const count = Math.min(left, wanted)
  if (count <= 0) return false
  if (!memory.grow(count) && !memory.grow(Math.min(left, GROWTH_PAGES))) return false
  extendTo(memory.i32, memory.i32[SUPERBLOCK.PAGES]! * PAGE_WORDS)
  return true
}

/** Makes the heap, once; later calls do nothing. */
export const formatHeap = (memory: Memory): void => {
  const { i32 } = memory
  if (i32[SUPERBLOCK.HEAP] !== 0) return
  put(i32, SUPERBLOCK.HEAP, HEAP_AT)
  put(i32, HEAP_AT + HEAP.END, FIRST_RUN)
  const pages = i32[SUPERBLOCK.PAGES]!
  extendTo(i32, (pages || INITIAL_PAGES) * PAGE_WORDS)
}

/** What files leave free: for objects, and for what is still to come. */
const reserveOf = (i32: Int32Array): number => RESERVE_GRANULES + i32[HEAP_AT + HEAP.PROMISED]!

/** A run with whatever was in it; 0 when the machine is full. Views may be new afterwards. Lock held. */
export const takeRun = (memory: Memory, granules: number, owner: number): number => {
  if (granules > MAX_GRANULES || granules <= 0) return 0
  const reserve = owner === OWNER.FILES ? reserveOf(memory.i32) : 0
  let run = 0
  for (;;) {
    const { i32 } = memory
    run = i32[HEAP_AT + HEAP.FREE]! - granules < reserve ? 0 : find(i32, granules)
    if (run !== 0) break
    if (!grow(memory)) return 0
  }
  const { i32 } = memory
  const length = i32[mapOf(run)]!
  remove(i32, run, length)
  if (length > granules) insertRest(i32, run + granules * GRANULE_WORDS, length - granules)
  account(i32, granules, owner)
  // Whoever takes it may fill it at will: its links as a free run are remembered.
  keep(i32, run)
  keep(i32, run + 1)
  return run
}

const account = (i32: Int32Array, granules: number, owner: number): void => {
  put(i32, HEAP_AT + HEAP.FREE, i32[HEAP_AT + HEAP.FREE]! - granules)
  put(i32, HEAP_AT + HEAP.USED + owner, i32[HEAP_AT + HEAP.USED + owner]! + granules)
}

/** Gives a run or any part of one back. Lock held. */
export const giveRun = (memory: Memory, run: number, granules: number, owner: number): void => {
  const { i32 } = memory
  if (granules === 0) return
  if (i32[mapOf(run)] !== 0 || run < FIRST_RUN || (run & (GRANULE_WORDS - 1)) !== 0)
    throw new Error(`heap: the run at word ${run} is not in use`)
  merge(i32, run, granules)
  account(i32, -granules, owner)
}

/** Makes a run longer where it lies, if what follows it is free. Lock held. */
export const extendRun = (
  memory: Memory,
  run: number,
  granules: number,
  more: number,
  owner: number,
): boolean => {
  const { i32 } = memory
  const behind = run + granules * GRANULE_WORDS
  if ((behind & SEGMENT_MASK) === 0 || behind >= i32[HEAP_AT + HEAP.END]!) return false
  const length = i32[mapOf(behind)]!
  if (length < more || i32[HEAP_AT + HEAP.FREE]! - more < reserveOf(i32)) return false
  remove(i32, behind, length)
  keep(i32, behind)
  keep(i32, behind + 1)
  if (length > more) insertRest(i32, behind + more * GRANULE_WORDS, length - more)
  account(i32, more, owner)
  return true
}

export interface HeapUsage {
  /** Bytes. */
  free: number
  files: number
  objects: number
  /** Kept free for files that are still to come. */
  promised: number
}

export const heapUsage = (memory: Memory): HeapUsage => ({
  free: memory.i32[HEAP_AT + HEAP.FREE]! * GRANULE_BYTES,
  files: memory.i32[HEAP_AT + HEAP.USED + OWNER.FILES]! * GRANULE_BYTES,
  objects: memory.i32[HEAP_AT + HEAP.USED + OWNER.OBJECTS]! * GRANULE_BYTES,
  promised: promisedRoom(memory) * GRANULE_BYTES,
})

/** Bytes that could still be taken, growth included. */
export const heapRoom = (memory: Memory): number => {
  const pages = memory.i32[SUPERBLOCK.LIMIT]! - memory.i32[SUPERBLOCK.PAGES]!
  return (memory.i32[HEAP_AT + HEAP.FREE]! - reserveOf(memory.i32)) * GRANULE_BYTES + pages * PAGE_BYTES
}

/** Keeps room for files that are still to come, from everybody. False when there is not as much. Lock held. */
export const promiseRoom = (memory: Memory, granules: number): boolean => {
  if (granules * GRANULE_BYTES > heapRoom(memory)) return false
  put(memory.i32, HEAP_AT + HEAP.PROMISED, promisedRoom(memory) + granules)
  return true
}

const promisedRoom = (memory: Memory): number => memory.i32[HEAP_AT + HEAP.PROMISED]!

/** The files take it now, or never will. Lock held. */
export const redeemRoom = (memory: Memory, granules: number): void =>
  put(memory.i32, HEAP_AT + HEAP.PROMISED, promisedRoom(memory) - granules)

/**
 * Walks every free list and map. Calls `free` for each free run and returns sentences about what is wrong. Lock held.
 */
export const checkHeap = (memory: Memory, free: (run: number, granules: number) => void): string[] => {
  const { i32 } = memory
  const problems: string[] = []
  let total = 0
  for (let list = 0; list < 128; list++) {
    const marked = (i32[LISTS + (list >>> 3)]! & (1 << (list & 7))) !== 0
    if (marked !== (i32[HEAD + list] !== 0)) problems.push(`heap: mark of list ${list} is wrong`)
    let previous = 0
    for (let run = i32[HEAD + list]!; run !== 0; run = i32[run]!) {
      const granules = i32[mapOf(run)]!
      const end = i32[mapOf(run + (granules - 1) * GRANULE_WORDS)]!
      if (granules <= 0 || end !== granules || listOf(granules) !== list) {
        problems.push(`heap: free run at word ${run} has lengths ${granules} and ${end} in list ${list}`)
        break
      }
      if (i32[run + 1] !== previous) problems.push(`heap: free run at word ${run} has a wrong predecessor`)
      total += granules
      free(run, granules)
      previous = run
    }
  }
  if (total !== i32[HEAP_AT + HEAP.FREE]) problems.push(`heap: ${total} granules free, not as counted`)
  return problems
}

/** First word of the heap's granules, and the word behind the last; maps of segments lie between. */
export const heapBounds = (memory: Memory): { from: number; to: number } => ({
  from: FIRST_RUN,
  to: memory.i32[HEAP_AT + HEAP.END]!,
})

/** True for the words of a segment that hold its map. */
export const isHeapMap = (word: number): boolean => word >= SEGMENT_WORDS && (word & SEGMENT_MASK) < MAP_WORDS
