/**
 * Writes down what inodes are now, as records of src/lib/segment.ts. Runs under the lock; one call copies at most 64 KiB of
 * content, or the names of one directory that differ from what was written before.
 */
import { fingerprint } from '../lib/checksum.ts'
import { once } from '../lib/once.ts'
import { BLOCK_BYTES, FACTS_WORDS, GROUP_SHIFT, RECORD, ROOT_ID, type SegmentWriter } from '../lib/segment.ts'
import { copyOut, sizeOf } from './content.ts'
import { BORROWED, ENTRY, FANOUT, INODE, INODE_SHIFT, PAGE_BYTES } from './layout.ts'
import { KIND } from './types.ts'
import type { Volume } from './volume.ts'

/** What is known of an inode that was written down. */
export interface Known {
  id: number
  /** The inode's own sequence when it was written; −1: never. */
  sequence: number
  kind: number
  /** Fingerprints of the blocks of a big file, or of the groups of a directory's names; what is not here was never written. */
  prints: Map<number, number> | null
}

/** Inodes of one device by number, and the ids they go by in the log. */
export interface Ledger {
  readonly device: number
  readonly known: Map<number, Known>
  nextId: number
}

export const createLedger = (device: number, root: number): Ledger => ({
  device,
  known: new Map([[root >>> INODE_SHIFT, { id: ROOT_ID, sequence: -1, kind: 0, prints: null }]]),
  nextId: ROOT_ID + 1,
})

/** The same for a project that was brought back, made when somebody looks into it. */
export const lateLedger = (device: number, nextId: number, make: () => Map<number, Known>): Ledger => {
  const known = once(make)
  return {
    device,
    nextId,
    get known() {
      return known()
    },
  }
}

export const knownOf = (ledger: Ledger, inode: number): Known => {
  const found = ledger.known.get(inode)
  if (found) return found
  const fresh = { id: ledger.nextId++, sequence: -1, kind: 0, prints: null }
  ledger.known.set(inode, fresh)
  return fresh
}

/** An inode of the device that has a name, of a kind that is kept. */
export const isKept = (volume: Volume, ledger: Ledger, at: number): boolean => {
  const { i32 } = volume.memory
  const kind = i32[at + INODE.KIND]!
  if (kind < KIND.FILE || kind > KIND.SYMLINK) return false
  return i32[at + INODE.DEVICE] === ledger.device && i32[at + INODE.LINKS]! > 0
}

/** What writing it down in one hold would cost, in bytes copied. A name costs little: it is short and rarely new. */
export const weightOf = (volume: Volume, at: number): number =>
  volume.memory.i32[at + INODE.KIND] === KIND.DIRECTORY
    ? volume.memory.i32[at + INODE.COUNT]! * 2
    : sizeOf(volume.memory.i32, at)

/** A file whose content is written block by block. */
export const isBig = (volume: Volume, at: number): boolean =>
  volume.memory.i32[at + INODE.KIND] === KIND.FILE && sizeOf(volume.memory.i32, at) > BLOCK_BYTES

/** Of whom the caller wants the blocks: all, or those that differ from what the log has. */
export type Extent = 'changed' | 'all'

/**
 * Writes one inode down, all but the blocks of a big file. With 'all' (a checkpoint) the log's own knowledge stays, except where
 * something turns out to be newer than what the log has: that is marked, so that the log will write it too.
 */
export const saveInode = (
  volume: Volume,
  ledger: Ledger,
  at: number,
  writer: SegmentWriter,
  extent: Extent,
): void => {
  const { i32 } = volume.memory
  const known = knownOf(ledger, at >>> INODE_SHIFT)
  const kind = i32[at + INODE.KIND]!
  if (known.kind !== kind) known.prints = null
  if (extent === 'changed') {
    known.kind = kind
    known.sequence = i32[at + INODE.SEQUENCE]!
  }
  if (kind === KIND.DIRECTORY || isBig(volume, at)) {
    saveFacts(i32, at, known.id, writer)
    if (kind === KIND.DIRECTORY) saveNames(volume, ledger, at, known, writer, extent)
    else begin(known, writer, extent)
    return
  }
  // A link says at once where it leads, and an empty file that it is empty.
  if (kind === KIND.FILE && sizeOf(i32, at) > 0) saveFile(volume, at, known, writer)
  else saveNear(volume, at, known, writer)
  if (extent === 'changed') known.prints = null
}

export const saveFacts = (i32: Int32Array, at: number, id: number, writer: SegmentWriter): void => {
  const to = writer.record(RECORD.FACTS, id, FACTS_WORDS * 4) >> 2
  // After it: to make room may have renewed the view.
  putFacts(i32, at, writer.i32, to)
}

const putFacts = (i32: Int32Array, at: number, words: Int32Array, to: number): void => {
  words[to] = i32[at + INODE.KIND]!
  words[to + 1] = i32[at + INODE.MODE]!
  for (let word = 0; word < 6; word++) words[to + 2 + word] = i32[at + INODE.ATIME + word]!
  words[to + 8] = i32[at + INODE.SIZE]!
  words[to + 9] = i32[at + INODE.SIZE_HIGH]!
  words[to + 10] = i32[(isWholeBorrowed(i32, at) ? i32[at + INODE.STORE]! : at) + INODE.HASH]!
}

/** Of what was written to since, some pages at most are borrowed; it has another hash now. */
const isWholeBorrowed = (i32: Int32Array, at: number): boolean => (i32[at + INODE.DATA]! & BORROWED) !== 0

const saveFile = (volume: Volume, at: number, known: Known, writer: SegmentWriter): void => {
  const { i32, u8 } = volume.memory
  const size = sizeOf(i32, at)
  const to = writer.file(known.id, size)
  putFacts(i32, at, writer.i32, writer.words)
  copyOut(i32, u8, at, 0, writer.body, to, size)
}

const saveNear = (volume: Volume, at: number, known: Known, writer: SegmentWriter): void => {
  const { i32, u8 } = volume.memory
  const size = sizeOf(i32, at)
  saveFacts(i32, at, known.id, writer)
  const to = writer.record(RECORD.DATA, known.id, size)
  copyOut(i32, u8, at, 0, writer.u8, to, size)
}

const BLOCK_PAGES = BLOCK_BYTES / PAGE_BYTES
const scratch = new Uint8Array(BLOCK_BYTES)

/**
 * Writes one block of a big file, the first that holds anything from `block` on, if it is not the one that was written before.
 * Returns where to go on in the next hold, or −1 at the end. What is a hole now and was none before is said to be one.
 */
export const saveBlock = (
  volume: Volume,
  ledger: Ledger,
  at: number,
  block: number,
  writer: SegmentWriter,
  extent: Extent,
): number => {
  const { i32, u8 } = volume.memory
  const known = knownOf(ledger, at >>> INODE_SHIFT)
  const size = sizeOf(i32, at)
  const found = nextBlock(i32, at, block)
  const isEnd = found < 0 || found * BLOCK_BYTES >= size
  if (extent === 'changed') clearBlocks(known, writer, block, isEnd ? Number.POSITIVE_INFINITY : found)
  if (isEnd) return -1
  const from = found * BLOCK_BYTES
  const length = Math.min(BLOCK_BYTES, size - from)
  copyOut(i32, u8, at, from, scratch, 0, length)
  const print = fingerprint(scratch, 0, length)
  const isOld = known.prints?.get(found) === print
  known.prints?.set(found, isOld || extent === 'changed' ? print : NEWER)
  if (extent === 'changed' && isOld) return found + 1
  const to = writer.piece(known.id, found, length)
  writer.body.set(length === BLOCK_BYTES ? scratch : scratch.subarray(0, length), to)
  return found + 1
}

const clearBlocks = (known: Known, writer: SegmentWriter, from: number, to: number): void => {
  const { prints } = known
  if (prints === null || from === to) return
  const gone: number[] = []
  if (to - from < prints.size) {
    for (let block = from; block < to; block++) if (prints.has(block)) gone.push(block)
  } else for (const block of prints.keys()) if (block >= from && block < to) gone.push(block)
  for (const block of gone) {
    prints.delete(block)
    clearPiece(writer, RECORD.BLOCK, known.id, block)
  }
}

/** A block or group that is empty now. */
const clearPiece = (writer: SegmentWriter, kind: number, id: number, number: number): void => {
  const to = writer.record(kind, id, 4)
  writer.i32[to >> 2] = number
}

/** In the place of a fingerprint: what the log has is older than what a checkpoint has seen. */
const NEWER = -1

/** A content without prints is written from scratch: what stood there before is forgotten first. */
const begin = (known: Known, writer: SegmentWriter, extent: Extent): void => {
  if (known.prints !== null || extent === 'all') return
  writer.record(RECORD.DATA, known.id, 0)
  known.prints = new Map()
}

/** The first block from that one on that holds a page, or −1. Skips holes by whole subtrees. */
const nextBlock = (i32: Int32Array, at: number, block: number): number => {
  const root = i32[at + INODE.DATA]! & ~BORROWED
  const depth = i32[at + INODE.DEPTH]!
  if (root === 0) return -1
  if (depth === 0) return block === 0 ? 0 : -1
  const page = nextPage(i32, root, depth - 1, block * BLOCK_PAGES)
  return page < 0 ? -1 : Math.floor(page / BLOCK_PAGES)
}

const nextPage = (i32: Int32Array, node: number, level: number, page: number): number => {
  const each = FANOUT ** level
  for (let slot = Math.floor(page / each); slot < FANOUT; slot++) {
    const child = i32[node + slot]! & ~BORROWED
    if (child === 0) continue
    const from = slot * each
    if (level === 0) return from
    const found = nextPage(i32, child, level - 1, Math.max(0, page - from))
    if (found >= 0) return from + found
  }
  return -1
}

/** A group with the longest names. */
const names = new Uint8Array((1 << GROUP_SHIFT) * (8 + 256))
const nameWords = new Int32Array(names.buffer)

const saveNames = (
  volume: Volume,
  ledger: Ledger,
  at: number,
  known: Known,
  writer: SegmentWriter,
  extent: Extent,
): void => {
  const { i32, u8 } = volume.memory
  begin(known, writer, extent)
  const before = known.prints
  const after = new Map<number, number>()
  let group = -1
  let used = 0
  const flush = (): void => {
    if (group < 0 || used === 0) return
    const print = fingerprint(names, 0, used)
    const isOld = before?.get(group) === print
    after.set(group, isOld || extent === 'changed' ? print : NEWER)
    if (extent === 'all' || !isOld) {
      const to = writer.record(RECORD.NAMES, known.id, used + 4)
      writer.i32[to >> 2] = group
      writer.u8.set(names.subarray(0, used), to + 4)
    }
  }
  for (let entry = i32[at + INODE.FIRST]!; entry !== 0; entry = i32[entry + ENTRY.NEXT]!) {
    const of = i32[entry + ENTRY.COOKIE]! >> GROUP_SHIFT
    if (of !== group) {
      flush()
      group = of
      used = 0
    }
    const child = i32[entry + ENTRY.INODE]!
    if (!isKept(volume, ledger, child)) continue
    const length = i32[entry + ENTRY.LENGTH]!
    nameWords[used >> 2] = knownOf(ledger, child >>> INODE_SHIFT).id
    nameWords[(used >> 2) + 1] = length
    const from = (entry + ENTRY.NAME) * 4
    const to = used + 8
    used = to + ((length + 3) & ~3)
    nameWords[(used >> 2) - 1] = 0
    for (let index = 0; index < length; index++) names[to + index] = u8[from + index]!
  }
  flush()
  for (const [number, print] of before ?? []) {
    if (after.has(number)) continue
    if (extent === 'changed') clearPiece(writer, RECORD.NAMES, known.id, number)
    else after.set(number, print)
  }
  if (extent === 'changed' || before !== null) known.prints = after
}
