/**
 * System calls on the bytes and facts of one inode. Readers take no lock: they copy, and look afterwards whether the inode's
 * sequence stood still. Writers take the lock for at most 64 KiB at a time.
 */
import { ERRNO } from '../abi/errno.ts'
import { heapRoom } from '../memory/heap.ts'
import { beginRead, beginWrite, endRead, endWrite } from '../memory/sequence.ts'
import { getWord } from '../memory/slots.ts'
import { commit, put } from '../memory/undo.ts'
import { changed } from './change.ts'
import { stamp, stampTime, tick } from './clock.ts'
import { clearGap, copyIn, copyOut, setSize, sizeOf } from './content.ts'
import { ATTEMPTS, hold } from './hold.ts'
import { isReadonly } from './inode.ts'
import { FILE_MAX, HOLD_BYTES, INODE, INODE_SHIFT } from './layout.ts'
import { reserve, resize, shrink } from './storage.ts'
import { KIND } from './types.ts'
import type { Volume } from './volume.ts'

/** Content that is still to come is waited for: 0, or why it cannot be had. Once it is there it is there for good. */
const present = (volume: Volume, at: number): number => {
  const { memory } = volume
  if (at >= memory.i32.length) memory.refresh()
  return getWord(memory, at + INODE.ABSENT) === 0 ? 0 : volume.bring(at >>> INODE_SHIFT)
}

const notFile = (kind: number | undefined): number =>
  kind === KIND.DIRECTORY ? -ERRNO.ISDIR : kind ? -ERRNO.INVAL : -ERRNO.NOENT

/** One piece, of whatever state the inode is in. */
const readOnce = (
  volume: Volume,
  at: number,
  position: number,
  target: Uint8Array,
  start: number,
  length: number,
): number => {
  const { i32, u8 } = volume.memory
  if (i32[at + INODE.KIND] !== KIND.FILE) return notFile(i32[at + INODE.KIND])
  const left = sizeOf(i32, at) - position
  if (left <= 0) return 0
  const bytes = left < length ? left : length
  copyOut(i32, u8, at, position, target, start, bytes)
  return bytes
}

const readPiece = (
  volume: Volume,
  at: number,
  position: number,
  target: Uint8Array,
  start: number,
  length: number,
): number => {
  const { memory, fence } = volume
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    const sequence = beginRead(memory, at)
    if ((sequence & 1) !== 0) continue
    const bytes = readOnce(volume, at, position, target, start, length)
    if (endRead(memory, fence, at, sequence)) return bytes
  }
  return hold(volume, () => readOnce(volume, at, position, target, start, length))
}

export const read = (
  volume: Volume,
  inode: number,
  position: number,
  target: Uint8Array,
  start: number,
  length: number,
): number => {
  const at = inode << INODE_SHIFT
  const absent = present(volume, at)
  if (absent < 0) return absent
  if (length <= HOLD_BYTES) return readPiece(volume, at, position, target, start, length)
  let done = 0
  while (done < length) {
    const piece = Math.min(HOLD_BYTES, length - done)
    const bytes = readPiece(volume, at, position + done, target, start + done, piece)
    if (bytes < 0) return bytes
    done += bytes
    if (bytes < piece) break
  }
  return done
}

/** Under the lock. Bytes written; at least one if there was room. */
const writePiece = (
  volume: Volume,
  at: number,
  position: number,
  source: Uint8Array,
  start: number,
  length: number,
): number => {
  beginWrite(volume.memory.i32, at)
  const room = reserve(volume, at, position, length, false)
  const { i32, u8 } = volume.memory
  if (room > 0) {
    const size = sizeOf(i32, at)
    if (position > size) clearGap(i32, u8, at, position)
    copyIn(i32, u8, at, position, source, start, room)
    if (position + room > size) setSize(i32, at, position + room)
    tick()
    stamp(i32, at + INODE.MTIME)
    stamp(i32, at + INODE.CTIME)
  }
  endWrite(i32, at)
  if (room > 0) changed(volume, at)
  commit(i32)
  return room > 0 ? room : -ERRNO.NOSPC
}

/** Why the inode cannot be written, or 0. */
const refusal = (volume: Volume, at: number): number => {
  const kind = volume.memory.i32[at + INODE.KIND]
  if (kind !== KIND.FILE) return notFile(kind)
  return isReadonly(volume, at) ? -ERRNO.ROFS : 0
}

const writeHeld = (
  volume: Volume,
  at: number,
  position: number,
  source: Uint8Array,
  start: number,
  length: number,
): number => {
  volume.lock.acquire()
  try {
    const refused = refusal(volume, at)
    if (refused < 0) return refused
    const to = position < 0 ? sizeOf(volume.memory.i32, at) : position
    if (length === 0) return 0
    if (to + length > FILE_MAX) return -ERRNO.FBIG
    return writePiece(volume, at, to, source, start, length)
  } finally {
    volume.lock.release()
  }
}

export const write = (
  volume: Volume,
  inode: number,
  position: number,
  source: Uint8Array,
  start: number,
  length: number,
): number => {
  const at = inode << INODE_SHIFT
  const absent = present(volume, at)
  if (absent < 0) return absent
  if (length <= HOLD_BYTES) return writeHeld(volume, at, position, source, start, length)
  const append = position < 0
  const from = append ? claimEnd(volume, at, length) : position
  if (from < 0) return from
  let done = 0
  while (done < length) {
    const piece = Math.min(HOLD_BYTES, length - done)
    const bytes = writeHeld(volume, at, from + done, source, start + done, piece)
    if (bytes > 0) done += bytes
    if (bytes < piece) {
      if (append) unclaimEnd(volume, at, from + done, from + length)
      return done > 0 ? done : bytes
    }
  }
  return done
}

/** A long append claims its place at once, as a hole, so that no other append comes to lie in it. */
const claimEnd = (volume: Volume, at: number, length: number): number =>
  hold(volume, () => {
    const refused = refusal(volume, at)
    if (refused < 0) return refused
    const end = sizeOf(volume.memory.i32, at)
    if (end + length > FILE_MAX) return -ERRNO.FBIG
    beginWrite(volume.memory.i32, at)
    const fits = resize(volume, at, end + length)
    endWrite(volume.memory.i32, at)
    if (fits) changed(volume, at)
    return fits ? end : -ERRNO.NOSPC
  })

const unclaimEnd = (volume: Volume, at: number, end: number, claimed: number): void =>
  hold(volume, () => {
    if (volume.memory.i32[at + INODE.KIND] !== KIND.FILE) return
    if (sizeOf(volume.memory.i32, at) !== claimed) return
    beginWrite(volume.memory.i32, at)
    // Nothing was written behind it if there was no room to make borrowed nodes its own.
    if (!resize(volume, at, end)) setSize(volume.memory.i32, at, end)
    endWrite(volume.memory.i32, at)
    changed(volume, at)
  })

const stampChange = (i32: Int32Array, at: number): void => {
  tick()
  stamp(i32, at + INODE.MTIME)
  stamp(i32, at + INODE.CTIME)
}

export const truncate = (volume: Volume, inode: number, size: number): number => {
  const at = inode << INODE_SHIFT
  // To be empty nothing has to come first.
  const absent = size === 0 ? 0 : present(volume, at)
  if (absent < 0) return absent
  return hold(volume, () => {
    const refused = refusal(volume, at)
    if (refused < 0) return refused
    if (size < 0) return -ERRNO.INVAL
    return size > FILE_MAX ? -ERRNO.FBIG : truncateHeld(volume, at, size)
  })
}

/** Lock held; the inode is a file that may be written, and its bytes are there or are to be none. */
export const truncateHeld = (volume: Volume, at: number, size: number): number => {
  beginWrite(volume.memory.i32, at)
  const fits = resize(volume, at, size)
  const { i32 } = volume.memory
  if (fits) stampChange(i32, at)
  if (fits && i32[at + INODE.ABSENT] !== 0) put(i32, at + INODE.ABSENT, 0)
  endWrite(i32, at)
  if (fits) changed(volume, at)
  return fits ? 0 : -ERRNO.NOSPC
}

export const allocate = (volume: Volume, inode: number, offset: number, length: number): number => {
  const at = inode << INODE_SHIFT
  const end = offset + length
  if (offset < 0 || length <= 0) return -ERRNO.INVAL
  const absent = present(volume, at)
  if (absent < 0) return absent
  for (let position = offset; position < end; ) {
    const piece = Math.min(HOLD_BYTES, end - position)
    const result = allocateHeld(volume, at, position, piece, end)
    if (result < 0) return result
    position += piece
  }
  return 0
}

/** One piece of an allocation that ends at `end`; the size grows with the last piece. */
const allocateHeld = (volume: Volume, at: number, position: number, length: number, end: number): number =>
  hold(volume, () => {
    const refused = refusal(volume, at)
    if (refused < 0) return refused
    if (end > FILE_MAX) return -ERRNO.FBIG
    if (end - Math.max(position, sizeOf(volume.memory.i32, at)) > heapRoom(volume.memory)) return -ERRNO.NOSPC
    beginWrite(volume.memory.i32, at)
    const fits = reserve(volume, at, position, length, true) === length
    const size = sizeOf(volume.memory.i32, at)
    if (fits && position + length > size) resize(volume, at, position + length)
    else if (!fits) shrink(volume, at, size)
    if (fits) stampChange(volume.memory.i32, at)
    endWrite(volume.memory.i32, at)
    if (fits) changed(volume, at)
    return fits ? 0 : -ERRNO.NOSPC
  })

/** A time below 0n is left alone. */
export const setTimes = (volume: Volume, inode: number, atime: bigint, mtime: bigint): number =>
  setFacts(volume, inode, (i32, at) => {
    if (atime >= 0n) stampTime(i32, at + INODE.ATIME, atime)
    if (mtime >= 0n) stampTime(i32, at + INODE.MTIME, mtime)
  })

export const chmod = (volume: Volume, inode: number, mode: number): number =>
  setFacts(volume, inode, (i32, at) => {
    put(i32, at + INODE.MODE, mode & 0o7777)
  })

/** Mode and time of modification at once, for imports. */
export const setFactsAt = (volume: Volume, inode: number, mode: number, mtime: bigint): number =>
  setFacts(volume, inode, (i32, at) => {
    put(i32, at + INODE.MODE, mode & 0o7777)
    if (mtime >= 0n) stampTime(i32, at + INODE.MTIME, mtime)
  })

const setFacts = (volume: Volume, inode: number, set: (i32: Int32Array, at: number) => void): number =>
  hold(volume, () => {
    const at = inode << INODE_SHIFT
    const { i32 } = volume.memory
    if ((i32[at + INODE.KIND] ?? 0) === 0) return -ERRNO.NOENT
    if (isReadonly(volume, at)) return -ERRNO.ROFS
    beginWrite(i32, at)
    set(i32, at)
    tick()
    stamp(i32, at + INODE.CTIME)
    endWrite(i32, at)
    changed(volume, at)
    return 0
  })
