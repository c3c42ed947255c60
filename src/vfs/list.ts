/**
 * Reading directories without a lock. A directory's list is in the order of cookies; where the last call stopped is kept,
 * and found again as long as that entry still stands there with that cookie.
 */
import { ERRNO } from '../abi/errno.ts'
import { beginRead, endRead } from '../memory/sequence.ts'
import { ATTEMPTS } from './data.ts'
import { filetypeOf } from './facts.ts'
import { ENTRY, FS, INODE, INODE_SHIFT, NAME_MAX } from './layout.ts'
import { KIND } from './types.ts'
import type { Volume } from './volume.ts'

/** Longest way along a list that a reader on stale pointers goes. */
const MAX_STEPS = 1 << 24

/** First entry whose cookie is greater, or 0. */
const entryAfter = (volume: Volume, directory: number, cookie: number): number => {
  const { i32 } = volume.memory
  const known = volume.listedEntry
  const isKnown =
    volume.listed === directory &&
    volume.listedCookie === cookie &&
    i32[known + ENTRY.PARENT] === directory &&
    i32[known + ENTRY.COOKIE] === cookie
  if (isKnown) return i32[known + ENTRY.NEXT]!
  let entry = i32[directory + INODE.FIRST]!
  for (let step = 0; entry !== 0 && i32[entry + ENTRY.COOKIE]! <= cookie && step < MAX_STEPS; step++)
    entry = i32[entry + ENTRY.NEXT]!
  return entry
}

const remember = (volume: Volume, directory: number, entry: number, cookie: number): void => {
  volume.listed = directory
  volume.listedEntry = entry
  volume.listedCookie = cookie
}

const DIRENT_BYTES = 24
const DOT = 0x2e

/** Writes entries in WASI's `dirent` form until the buffer is full; the last may be cut off. Bytes used, or -errno. */
const fillWasi = (
  volume: Volume,
  directory: number,
  cookie: number,
  bytes: Uint8Array,
  view: DataView,
  start: number,
  length: number,
): number => {
  const { i32 } = volume.memory
  if (i32[directory + INODE.KIND] !== KIND.DIRECTORY)
    return i32[directory + INODE.KIND] ? -ERRNO.NOTDIR : -ERRNO.NOENT
  const end = start + length
  let to = start
  let from = cookie
  while (from < 2 && to < end) {
    const inode = from === 0 ? directory : i32[directory + INODE.PARENT]!
    to = putHeader(view, to, end, from + 1, inode, KIND.DIRECTORY, from + 1)
    for (let dot = 0; dot <= from && to < end; dot++) bytes[to++] = DOT
    from++
  }
  if (to >= end) return length
  let last = 0
  for (
    let entry = entryAfter(volume, directory, from);
    entry !== 0 && to < end;
    entry = i32[entry + ENTRY.NEXT]!
  ) {
    const inode = i32[entry + ENTRY.INODE]!
    const size = i32[entry + ENTRY.LENGTH]!
    if (last !== 0) remember(volume, directory, last, i32[last + ENTRY.COOKIE]!)
    last = entry
    to = putHeader(view, to, end, i32[entry + ENTRY.COOKIE]!, inode, i32[inode + INODE.KIND]!, size)
    to = putName(i32, view, entry, to, end, size)
  }
  if (to < end && last !== 0) remember(volume, directory, last, i32[last + ENTRY.COOKIE]!)
  return to < end ? to - start : length
}

/** Where the name begins; cut off at `end`. */
const putHeader = (
  view: DataView,
  to: number,
  end: number,
  next: number,
  inode: number,
  kind: number,
  size: number,
): number => {
  if (to + DIRENT_BYTES > end) {
    for (let at = to; at < end; at++) view.setUint8(at, headerByte(at - to, next, inode, kind, size))
    return end
  }
  view.setInt32(to, next, true)
  view.setInt32(to + 4, 0, true)
  view.setInt32(to + 8, inode >>> INODE_SHIFT, true)
  view.setInt32(to + 12, 0, true)
  view.setInt32(to + 16, size, true)
  view.setInt32(to + 20, filetypeOf(kind), true)
  return to + DIRENT_BYTES
}

/** Copies four bytes at a time while there is room: what it writes behind the name, the next header covers. */
const putName = (
  i32: Int32Array,
  view: DataView,
  entry: number,
  to: number,
  end: number,
  size: number,
): number => {
  let word = entry + ENTRY.NAME
  if (to + size + 3 <= end) {
    for (let done = 0; done < size; done += 4) view.setInt32(to + done, i32[word++]!, true)
    return to + size
  }
  const bytes = Math.min(size, end - to)
  for (let done = 0; done < bytes; done++)
    view.setUint8(to + done, i32[word + (done >> 2)]! >>> ((done & 3) * 8))
  return to + bytes
}

const headerByte = (index: number, next: number, inode: number, kind: number, size: number): number => {
  const words = [next, 0, inode >>> INODE_SHIFT, 0, size, filetypeOf(kind)]
  return (words[index >> 2]! >>> ((index & 3) * 8)) & 0xff
}

export const readdirWasi = (
  volume: Volume,
  inode: number,
  cookie: number,
  bytes: Uint8Array,
  view: DataView,
  start: number,
  length: number,
): number => {
  const { memory, fence } = volume
  const at = inode << INODE_SHIFT
  const names = volume.base + FS.NAMES
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    const sequence = beginRead(memory, names)
    if ((sequence & 1) !== 0) continue
    const used = fillWasi(volume, at, cookie, bytes, view, start, length)
    if (endRead(memory, fence, names, sequence)) return used
  }
  volume.lock.acquire()
  try {
    return fillWasi(volume, at, cookie, bytes, view, start, length)
  } finally {
    volume.lock.release()
  }
}

/** Entries copied per look; visitors run outside of it. */
const BATCH = 32

interface Batch {
  count: number
  cookies: Int32Array
  inodes: Int32Array
  kinds: Int32Array
  lengths: Int32Array
  names: Uint8Array
}

const createBatch = (): Batch => ({
  count: 0,
  cookies: new Int32Array(BATCH),
  inodes: new Int32Array(BATCH),
  kinds: new Int32Array(BATCH),
  lengths: new Int32Array(BATCH),
  names: new Uint8Array(BATCH * (NAME_MAX + 1)),
})

const put = (batch: Batch, cookie: number, inode: number, kind: number, length: number): void => {
  const index = batch.count++
  batch.cookies[index] = cookie
  batch.inodes[index] = inode >>> INODE_SHIFT
  batch.kinds[index] = kind
  batch.lengths[index] = length
}

const fillBatch = (volume: Volume, directory: number, cookie: number, batch: Batch): number => {
  const { i32, u8 } = volume.memory
  batch.count = 0
  if (i32[directory + INODE.KIND] !== KIND.DIRECTORY)
    return i32[directory + INODE.KIND] ? -ERRNO.NOTDIR : -ERRNO.NOENT
  if (cookie < 1) {
    batch.names[0] = DOT
    put(batch, 1, directory, KIND.DIRECTORY, 1)
  }
  if (cookie < 2) {
    batch.names.fill(DOT, batch.count * (NAME_MAX + 1), batch.count * (NAME_MAX + 1) + 2)
    put(batch, 2, i32[directory + INODE.PARENT]!, KIND.DIRECTORY, 2)
  }
  let entry = entryAfter(volume, directory, cookie)
  for (; entry !== 0 && batch.count < BATCH; entry = i32[entry + ENTRY.NEXT]!) {
    const inode = i32[entry + ENTRY.INODE]!
    const size = i32[entry + ENTRY.LENGTH]! & 0xff
    const to = batch.count * (NAME_MAX + 1)
    const name = (entry + ENTRY.NAME) * 4
    for (let index = 0; index < size; index++) batch.names[to + index] = u8[name + index]!
    put(batch, i32[entry + ENTRY.COOKIE]!, inode, i32[inode + INODE.KIND]!, size)
    remember(volume, directory, entry, i32[entry + ENTRY.COOKIE]!)
  }
  return 0
}

const readBatch = (volume: Volume, directory: number, cookie: number, batch: Batch): number => {
  const { memory, fence } = volume
  const names = volume.base + FS.NAMES
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    const sequence = beginRead(memory, names)
    if ((sequence & 1) !== 0) continue
    const result = fillBatch(volume, directory, cookie, batch)
    if (endRead(memory, fence, names, sequence)) return result
  }
  volume.lock.acquire()
  try {
    return fillBatch(volume, directory, cookie, batch)
  } finally {
    volume.lock.release()
  }
}

export const readdir = (
  volume: Volume,
  inode: number,
  cookie: number,
  visit: (next: number, inode: number, kind: number, name: Uint8Array) => boolean,
): number => {
  const batch = createBatch()
  let from = cookie
  for (;;) {
    const result = readBatch(volume, inode << INODE_SHIFT, from, batch)
    if (result < 0 || batch.count === 0) return result
    for (let index = 0; index < batch.count; index++) {
      from = batch.cookies[index]!
      const at = index * (NAME_MAX + 1)
      const name = batch.names.subarray(at, at + batch.lengths[index]!)
      if (!visit(from, batch.inodes[index]!, batch.kinds[index]!, name)) return 0
    }
  }
}
