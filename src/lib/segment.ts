/**
 * The log of a project's files: what each inode is now, written down whenever it changed. Append-only parts of at most 4 MiB.
 *
 *   part     'WRL1' | XXH32 of what follows | payload bytes | batch | index in batch | flags | seconds since 1970 | 0
 *   record*  kind | id | body bytes | body, padded to 4
 *
 *   FACTS    kind of inode, mode, then six words of times and two of size, as in src/vfs/layout.ts; a hint by which equal content
 *            is found (src/vfs/store.ts), or 0
 *   DATA     the whole content of a small file, or the target of a link; replaces everything, so that an empty one also
 *            stands before the pieces of what is written from scratch
 *   BLOCK    number, then 64 KiB (or less, at the end) of a big file; none: the block is a hole
 *   NAMES    number, then up to 256 neighbouring entries of a directory (id | length | name, padded); replaces the group
 *   GONE     the inode has no name any more
 *
 * Numbers are little-endian words. Records say states, not steps, so replaying one twice does no harm.
 *
 * Invariant: a batch is a consistent picture once its last part (flag COMMIT) is there, and counts for nothing before. FACTS of
 * another kind of inode than before forget the content that was there.
 */
import { checksum } from './checksum.ts'

export const PART_BYTES = 4 * 1024 * 1024
/** Before the first record of a part. */
export const HEADER_BYTES = 32
const HEADER_WORDS = HEADER_BYTES / 4
const RECORD_BYTES = 12
const MAGIC = 0x314c5257
export const FLAG_COMMIT = 1

export const RECORD = { FACTS: 1, DATA: 2, BLOCK: 3, NAMES: 4, GONE: 5 } as const
export const FACTS_WORDS = 11
/** Without the hint, as they were written once. */
const OLD_FACTS_WORDS = 10
/** Files up to this size are written whole, bigger ones in blocks of it. */
export const BLOCK_BYTES = 65536
/** Entries of a directory are grouped by cookie / 256. */
export const GROUP_SHIFT = 8
/** Id of the project's own folder. */
export const ROOT_ID = 1

/** A part on its way to the store. What the store keeps beside the bytes says what was lost when they are damaged. */
export interface Part {
  bytes: ArrayBuffer
  /** Inodes that the part speaks of. */
  ids: Uint32Array<ArrayBuffer>
  batch: number
  index: number
  commit: boolean
}

export interface SegmentWriter {
  /** Views of the current part; renewed by `record`. */
  i32: Int32Array
  u8: Uint8Array
  /** Room for a record with a body of that many bytes; where the body starts, in bytes. */
  record(kind: number, id: number, bytes: number): number
  /** Parts that are full. */
  readonly waiting: number
  /** Ends the current part, and the batch. */
  end(): void
  /** Takes what is ready, with checksums. */
  take(): Part[]
}

const FIRST_BYTES = 65536
/** Above that share a part is kept as it is, with zeroes at its end: copying it would cost more than they do. */
const NEARLY_FULL = 0.95

interface Ready {
  buffer: ArrayBuffer
  used: number
  ids: Uint32Array<ArrayBuffer>
  index: number
  commit: boolean
}

export const createSegmentWriter = (batch: number, seconds: number): SegmentWriter => {
  const ready: Ready[] = []
  let used = HEADER_BYTES
  let ids: number[] = []
  let index = 0
  const open = (bytes: number): void => {
    const buffer = new ArrayBuffer(bytes)
    writer.i32 = new Int32Array(buffer)
    writer.u8 = new Uint8Array(buffer)
  }
  const seal = (commit: boolean): void => {
    ready.push({ buffer: writer.u8.buffer as ArrayBuffer, used, ids: Uint32Array.from(ids), index, commit })
    index++
    used = HEADER_BYTES
    ids = []
  }
  const makeRoom = (bytes: number): void => {
    const size = writer.u8.length
    if (used + bytes <= size) return
    if (used + bytes > PART_BYTES) {
      seal(false)
      open(PART_BYTES)
      return
    }
    const before = writer.u8
    open(Math.min(PART_BYTES, Math.max(size * 4, used + bytes)))
    writer.u8.set(before.subarray(0, used))
  }
  const writer: SegmentWriter = {
    i32: new Int32Array(0),
    u8: new Uint8Array(0),
    record: (kind, id, bytes) => {
      const padded = (bytes + 3) & ~3
      makeRoom(RECORD_BYTES + padded)
      const at = used >> 2
      writer.i32[at] = kind
      writer.i32[at + 1] = id
      writer.i32[at + 2] = bytes
      if (ids.at(-1) !== id) ids.push(id)
      const body = used + RECORD_BYTES
      used = body + padded
      return body
    },
    get waiting() {
      return ready.length
    },
    end: () => {
      seal(true)
      open(FIRST_BYTES)
    },
    take: () => ready.splice(0).map((part) => close(part, batch, seconds)),
  }
  open(FIRST_BYTES)
  return writer
}

const close = (part: Ready, batch: number, seconds: number): Part => {
  const isNearlyFull = part.used > part.buffer.byteLength * NEARLY_FULL
  const bytes = isNearlyFull ? part.buffer : part.buffer.slice(0, part.used)
  const words = new Int32Array(bytes, 0, HEADER_WORDS)
  words.set([
    MAGIC,
    0,
    part.used - HEADER_BYTES,
    batch,
    part.index,
    part.commit ? FLAG_COMMIT : 0,
    seconds | 0,
    0,
  ])
  words[1] = checksum(new Uint8Array(bytes), 8, part.used) | 0
  return { bytes, ids: part.ids, batch, index: part.index, commit: part.commit }
}

/** What `readPart` calls for each record; `i32` and `u8` are views of the part, and bodies lie at byte `at`. */
export interface RecordVisitor {
  facts(id: number, i32: Int32Array, word: number): void
  data(id: number, u8: Uint8Array, at: number, length: number): void
  block(id: number, number: number, u8: Uint8Array, at: number, length: number): void
  names(id: number, number: number, i32: Int32Array, word: number, length: number): void
  gone(id: number): void
}

/** Whether the bytes are a whole part with the right checksum; nothing about its records. */
export const isPart = (bytes: ArrayBuffer): boolean => {
  if (bytes.byteLength < HEADER_BYTES || bytes.byteLength % 4 !== 0) return false
  const [magic, sum, length] = new Int32Array(bytes, 0, 3)
  if (magic !== MAGIC || length === undefined || length < 0 || length > bytes.byteLength - HEADER_BYTES)
    return false
  return (checksum(new Uint8Array(bytes), 8, HEADER_BYTES + length) | 0) === sum
}

/**
 * Visits the records of a part that `isPart` has approved. The bytes may still come from a hostile kernel: lengths are checked
 * here, ids and names by who uses them. False when a record does not fit; those before it were visited.
 */
export const readPart = (bytes: ArrayBuffer, visit: RecordVisitor): boolean => {
  const i32 = new Int32Array(bytes)
  const u8 = new Uint8Array(bytes)
  const end = HEADER_WORDS + ((i32[2] ?? 0) >> 2)
  for (let word = HEADER_WORDS; word < end; ) {
    const kind = i32[word]
    const id = i32[word + 1] ?? 0
    const length = i32[word + 2] ?? -1
    const body = word + 3
    // Unsigned: with a length near 2^31 the sum would be negative, and the walk go back.
    const next = body + ((length + 3) >>> 2)
    if (length < 0 || next > end || id < ROOT_ID) return false
    if (!readRecord(kind, id, length, body, i32, u8, visit)) return false
    word = next
  }
  return true
}

const readRecord = (
  kind: number | undefined,
  id: number,
  length: number,
  body: number,
  i32: Int32Array,
  u8: Uint8Array,
  visit: RecordVisitor,
): boolean => {
  if (kind === RECORD.FACTS && length === FACTS_WORDS * 4) visit.facts(id, i32, body)
  else if (kind === RECORD.FACTS && length === OLD_FACTS_WORDS * 4)
    visit.facts(id, Int32Array.of(...i32.subarray(body, body + OLD_FACTS_WORDS), 0), 0)
  else if (kind === RECORD.DATA && length <= BLOCK_BYTES) visit.data(id, u8, body * 4, length)
  else if (kind === RECORD.BLOCK && length >= 4 && length <= BLOCK_BYTES + 4)
    visit.block(id, i32[body] ?? 0, u8, body * 4 + 4, length - 4)
  else if (kind === RECORD.NAMES && length >= 4) visit.names(id, i32[body] ?? 0, i32, body + 1, length - 4)
  else if (kind === RECORD.GONE && length === 0) visit.gone(id)
  else return false
  return true
}
