/**
 * The log of a project's files: what each inode is now, written down whenever it changed. Append-only parts: a head that says what
 * there is, and a body with the content of files, of at most 8 MiB each. So a project can be opened by its heads alone.
 *
 *   head     'WRL1' | XXH32 of what follows | payload bytes | batch | index in batch | flags | seconds since 1970 | XXH32 of the body
 *   record*  kind | id | bytes | payload, padded to 4
 *   body     bytes; 0 in the head when there is none
 *
 *   FACTS    kind of inode, mode, then six words of times and two of size, as in src/vfs/layout.ts; a hint by which equal content
 *            is found (src/vfs/store.ts), or 0
 *   DATA     the target of a link; replaces everything, so that an empty one also stands before the pieces of what is written
 *            from scratch
 *   BLOCK    number: the block of a big file is a hole now
 *   FILE     the words of FACTS, then place in the body and bytes: a small file with its whole content
 *   PIECE    number, place in the body, bytes: a block of a big file
 *   NAMES    number, then up to 256 neighbouring entries of a directory (id | length | name, padded); replaces the group
 *   GONE     the inode has no name any more
 *
 * Numbers are little-endian words. Records say states, not steps, so replaying one twice does no harm. Before there were bodies, DATA and
 * BLOCK held the content of files too; what was written then is still read.
 *
 * Invariant: a batch is a consistent picture once its last part (flag COMMIT) is there, and counts for nothing before. FACTS of
 * another kind of inode than before forget the content that was there.
 */
import { checksum } from './checksum.ts'

/** The content of a part. It may still have to come, and it may be lost. */
export interface Body {
  readonly size: number
  /** Null: not here yet. */
  u8: Uint8Array | null
  isLost: boolean
}

export const PART_BYTES = 8 * 1024 * 1024
/** Before the first record of a part. */
export const HEADER_BYTES = 32
const HEADER_WORDS = HEADER_BYTES / 4
const RECORD_BYTES = 12
const MAGIC = 0x314c5257
export const FLAG_COMMIT = 1

export const RECORD = { FACTS: 1, DATA: 2, BLOCK: 3, NAMES: 4, GONE: 5, FILE: 6, PIECE: 7 } as const
export const FACTS_WORDS = 11
/** Without the hint, as they were written once. */
const OLD_FACTS_WORDS = 10
const FILE_WORDS = FACTS_WORDS + 2
const PIECE_WORDS = 3
/** Files up to this size are written whole, bigger ones in blocks of it. */
export const BLOCK_BYTES = 65536
/** Entries of a directory are grouped by cookie / 256. */
export const GROUP_SHIFT = 8
/** Id of the project's own folder. */
export const ROOT_ID = 1

/** A part on its way to the store. What the store keeps beside the bytes says what was lost when they are damaged. */
export interface Part {
  /** The head. */
  bytes: ArrayBuffer
  body: ArrayBuffer | null
  /** Inodes that the part speaks of. */
  ids: Uint32Array<ArrayBuffer>
  batch: number
  index: number
  commit: boolean
}

export interface SegmentWriter {
  /** Views of the current head and body; renewed by what makes room. */
  i32: Int32Array
  u8: Uint8Array
  body: Uint8Array
  /** Room for a record with a payload of that many bytes; where the payload starts in the head, in bytes. */
  record(kind: number, id: number, bytes: number): number
  /** A FILE of so many bytes, whose facts are the caller's to fill in from word `words` of the head on; where its bytes go in the body. */
  file(id: number, bytes: number): number
  /** The facts of the latest FILE: a word of the head. */
  readonly words: number
  /** A PIECE of so many bytes; where they go in the body. */
  piece(id: number, block: number, bytes: number): number
  /** Parts that are full. */
  readonly waiting: number
  /** Ends the current part, and the batch. */
  end(): void
  /** Takes what is ready, with checksums. */
  take(): Part[]
}

const FIRST_BYTES = 16384
/** Above that share a buffer is kept as it is, with zeroes at its end: copying it would cost more than they do. */
const NEARLY_FULL = 0.95

interface Ready {
  head: ArrayBuffer
  headBytes: number
  body: ArrayBuffer
  bodyBytes: number
  ids: Uint32Array<ArrayBuffer>
  index: number
  commit: boolean
}

const padded = (bytes: number): number => (bytes + 3) & ~3

/** The same bytes with room for as many as there are, and `bytes` more. */
const grown = (u8: Uint8Array, used: number, bytes: number): Uint8Array<ArrayBuffer> => {
  const larger = new Uint8Array(Math.min(PART_BYTES, Math.max(u8.length * 4, used + bytes)))
  larger.set(u8.subarray(0, used))
  return larger
}

export const createSegmentWriter = (batch: number, seconds: number): SegmentWriter => {
  const ready: Ready[] = []
  let headBytes = HEADER_BYTES
  let bodyBytes = 0
  let ids: number[] = []
  let index = 0
  let words = 0
  const open = (bytes: number): void => {
    writer.u8 = new Uint8Array(bytes)
    writer.i32 = new Int32Array(writer.u8.buffer)
    writer.body = new Uint8Array(bytes)
    headBytes = HEADER_BYTES
    bodyBytes = 0
    ids = []
  }
  const seal = (commit: boolean): void => {
    const head = writer.u8.buffer as ArrayBuffer
    const body = writer.body.buffer as ArrayBuffer
    ready.push({ head, headBytes, body, bodyBytes, ids: Uint32Array.from(ids), index, commit })
    index++
  }
  const makeRoom = (inHead: number, inBody: number): void => {
    const isFull = headBytes + inHead > PART_BYTES || bodyBytes + inBody > PART_BYTES
    if (isFull) {
      seal(false)
      // The next one will be as full; of names there are far less than of content.
      open(FIRST_BYTES)
      if (inBody > 0) writer.body = new Uint8Array(PART_BYTES)
    }
    if (headBytes + inHead > writer.u8.length) {
      writer.u8 = grown(writer.u8, headBytes, inHead)
      writer.i32 = new Int32Array(writer.u8.buffer)
    }
    if (bodyBytes + inBody > writer.body.length) writer.body = grown(writer.body, bodyBytes, inBody)
  }
  const add = (kind: number, id: number, bytes: number): number => {
    const at = headBytes >> 2
    writer.i32[at] = kind
    writer.i32[at + 1] = id
    writer.i32[at + 2] = bytes
    if (ids.at(-1) !== id) ids.push(id)
    headBytes += RECORD_BYTES + padded(bytes)
    return at * 4 + RECORD_BYTES
  }
  /** Place and bytes, from that word of the head on. */
  const addBody = (at: number, bytes: number): number => {
    const place = bodyBytes
    writer.i32[at] = place
    writer.i32[at + 1] = bytes
    bodyBytes += padded(bytes)
    return place
  }
  const writer: SegmentWriter = {
    i32: new Int32Array(0),
    u8: new Uint8Array(0),
    body: new Uint8Array(0),
    record: (kind, id, bytes) => {
      makeRoom(RECORD_BYTES + padded(bytes), 0)
      return add(kind, id, bytes)
    },
    file: (id, bytes) => {
      makeRoom(RECORD_BYTES + FILE_WORDS * 4, padded(bytes))
      words = add(RECORD.FILE, id, FILE_WORDS * 4) >> 2
      return addBody(words + FACTS_WORDS, bytes)
    },
    get words() {
      return words
    },
    piece: (id, block, bytes) => {
      makeRoom(RECORD_BYTES + PIECE_WORDS * 4, padded(bytes))
      const at = add(RECORD.PIECE, id, PIECE_WORDS * 4) >> 2
      writer.i32[at] = block
      return addBody(at + 1, bytes)
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

const cut = (bytes: ArrayBuffer, used: number): ArrayBuffer =>
  used > bytes.byteLength * NEARLY_FULL ? bytes : bytes.slice(0, used)

const close = (part: Ready, batch: number, seconds: number): Part => {
  const { ids, index, commit, headBytes } = part
  const bytes = cut(part.head, headBytes)
  const body = part.bodyBytes === 0 ? null : cut(part.body, part.bodyBytes)
  const words = new Int32Array(bytes, 0, HEADER_WORDS)
  const sum = body ? checksum(new Uint8Array(body)) | 0 : 0
  const flags = commit ? FLAG_COMMIT : 0
  words.set([MAGIC, 0, headBytes - HEADER_BYTES, batch, index, flags, seconds | 0, sum])
  words[1] = checksum(new Uint8Array(bytes), 8, headBytes) | 0
  return { bytes, body, ids, batch, index, commit }
}

/** What `readPart` calls for each record; `i32` is a view of the head, and content lies at byte `at` of `body`. */
export interface RecordVisitor {
  /** A FILE; true when that is all that has to be done, otherwise its facts and data are visited. */
  file(id: number, i32: Int32Array, word: number, body: Body): boolean
  facts(id: number, i32: Int32Array, word: number): void
  data(id: number, body: Body, at: number, length: number): void
  block(id: number, number: number, body: Body, at: number, length: number): void
  names(id: number, number: number, i32: Int32Array, word: number, length: number): void
  gone(id: number): void
}

/** Whether the bytes are a whole head with the right checksum; nothing about its records. */
export const isPart = (bytes: ArrayBuffer): boolean => {
  if (bytes.byteLength < HEADER_BYTES || bytes.byteLength % 4 !== 0) return false
  const [magic, sum, length] = new Int32Array(bytes, 0, 3)
  if (magic !== MAGIC || length === undefined || length < 0 || length > bytes.byteLength - HEADER_BYTES)
    return false
  return (checksum(new Uint8Array(bytes), 8, HEADER_BYTES + length) | 0) === sum
}

/** Whether those are the bytes of the body that the head speaks of. */
export const isBodyOf = (head: ArrayBuffer, body: ArrayBuffer): boolean =>
  head.byteLength >= HEADER_BYTES &&
  (checksum(new Uint8Array(body)) | 0) === new Int32Array(head, 0, HEADER_WORDS)[HEADER_WORDS - 1]

/** In the place of a body that is missing. */
const NO_BODY: Body = { size: 0, u8: null, isLost: true }

/**
 * Visits the records of a part that `isPart` has approved. The bytes may still come from a hostile kernel: lengths are checked
 * here, ids and names by who uses them. False when a record does not fit; those before it were visited.
 */
export const readPart = (bytes: ArrayBuffer, body: Body | null, visit: RecordVisitor): boolean => {
  const i32 = new Int32Array(bytes)
  const far = body ?? NO_BODY
  const near: Body = { size: bytes.byteLength, u8: new Uint8Array(bytes), isLost: false }
  const end = HEADER_WORDS + ((i32[2] ?? 0) >> 2)
  for (let word = HEADER_WORDS; word < end; ) {
    const kind = i32[word]
    const id = i32[word + 1] ?? 0
    const length = i32[word + 2] ?? -1
    const payload = word + 3
    // Unsigned: with a length near 2^31 the sum would be negative, and the walk go back.
    const next = payload + ((length + 3) >>> 2)
    if (length < 0 || next > end || id < ROOT_ID) return false
    const isFine =
      kind === RECORD.FILE || kind === RECORD.PIECE
        ? readFar(kind, id, length, payload, i32, far, visit)
        : readNear(kind, id, length, payload, i32, near, visit)
    if (!isFine) return false
    word = next
  }
  return true
}

const readNear = (
  kind: number | undefined,
  id: number,
  length: number,
  word: number,
  i32: Int32Array,
  near: Body,
  visit: RecordVisitor,
): boolean => {
  if (kind === RECORD.FACTS && length === FACTS_WORDS * 4) visit.facts(id, i32, word)
  else if (kind === RECORD.FACTS && length === OLD_FACTS_WORDS * 4)
    visit.facts(id, Int32Array.of(...i32.subarray(word, word + OLD_FACTS_WORDS), 0), 0)
  else if (kind === RECORD.DATA && length <= BLOCK_BYTES) visit.data(id, near, word * 4, length)
  else if (kind === RECORD.BLOCK && length >= 4 && length <= BLOCK_BYTES + 4)
    visit.block(id, i32[word] ?? 0, near, word * 4 + 4, length - 4)
  else if (kind === RECORD.NAMES && length >= 4) visit.names(id, i32[word] ?? 0, i32, word + 1, length - 4)
  else if (kind === RECORD.GONE && length === 0) visit.gone(id)
  else return false
  return true
}

const readFar = (
  kind: number,
  id: number,
  length: number,
  word: number,
  i32: Int32Array,
  far: Body,
  visit: RecordVisitor,
): boolean => {
  const isFile = kind === RECORD.FILE
  if (length !== (isFile ? FILE_WORDS : PIECE_WORDS) * 4) return false
  const from = isFile ? word + FACTS_WORDS : word + 1
  const at = i32[from] ?? -1
  const bytes = i32[from + 1] ?? -1
  if (at < 0 || bytes < 0 || bytes > BLOCK_BYTES || (!far.isLost && at + bytes > far.size)) return false
  if (!isFile) visit.block(id, i32[word] ?? 0, far, at, bytes)
  else if (!visit.file(id, i32, word, far)) {
    visit.facts(id, i32, word)
    visit.data(id, far, at, bytes)
  }
  return true
}
