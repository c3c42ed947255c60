/**
 * Reading directories without a lock. A directory's list is in the order of cookies; where the last call stopped is kept,
 * and found again as long as that entry still stands there with that cookie.
 */
import { ERRNO } from '../abi/errno.ts'
import { filetypeOf, kindOf } from './facts.ts'
import { look } from './hold.ts'
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
/** ".." as a word; "." is its beginning. */
const DOTS = 0x2e2e
/** What does not fit is made here and cut off. */
const scratch = new Uint8Array(DIRENT_BYTES + NAME_MAX + 1)
const scratchView = new DataView(scratch.buffer)

const putHeader = (
  view: DataView,
  to: number,
  next: number,
  inode: number,
  kind: number,
  size: number,
): void => {
  view.setInt32(to, next, true)
  view.setInt32(to + 4, 0, true)
  view.setInt32(to + 8, inode >>> INODE_SHIFT, true)
  view.setInt32(to + 12, 0, true)
  view.setInt32(to + 16, size, true)
  view.setInt32(to + 20, filetypeOf(kind), true)
}

/** Four bytes at a time: what comes behind the name, the next header covers. */
const putName = (i32: Int32Array, view: DataView, to: number, entry: number, size: number): void => {
  let word = entry + ENTRY.NAME
  for (let done = 0; done < size; done += 4) view.setInt32(to + done, i32[word++]!, true)
}

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
  const kind = i32[directory + INODE.KIND]
  if (kind !== KIND.DIRECTORY) return kind ? -ERRNO.NOTDIR : -ERRNO.NOENT
  const end = start + length
  let to = start
  /** Copies what fits of an entry that was made in `scratch`. */
  const cut = (at: number, size: number): void =>
    bytes.set(scratch.subarray(0, Math.min(end - at, DIRENT_BYTES + size)), at)
  let from = cookie
  for (; from < 2 && to < end; from++) {
    // A directory that was removed has no parent any more.
    const inode = from === 0 ? directory : i32[directory + INODE.PARENT]!
    putHeader(scratchView, 0, from + 1, inode, KIND.DIRECTORY, from + 1)
    scratchView.setInt32(DIRENT_BYTES, DOTS, true)
    cut(to, from + 1)
    to += DIRENT_BYTES + from + 1
  }
  if (to >= end) return length
  let last = 0
  let entry = entryAfter(volume, directory, from)
  for (; entry !== 0 && to < end; entry = i32[entry + ENTRY.NEXT]!) {
    const size = i32[entry + ENTRY.LENGTH]! & 0xff
    const fits = to + DIRENT_BYTES + size + 3 <= end
    if (last !== 0) remember(volume, directory, last, i32[last + ENTRY.COOKIE]!)
    last = entry
    const out = fits ? view : scratchView
    const at = fits ? to : 0
    const inode = i32[entry + ENTRY.INODE]!
    putHeader(out, at, i32[entry + ENTRY.COOKIE]!, inode, i32[inode + INODE.KIND]!, size)
    putName(i32, out, at + DIRENT_BYTES, entry, size)
    if (!fits) cut(to, size)
    to += DIRENT_BYTES + size
  }
  if (to < end && last !== 0) remember(volume, directory, last, i32[last + ENTRY.COOKIE]!)
  return to < end ? to - start : length
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
  const at = inode << INODE_SHIFT
  return look(volume, volume.base + FS.NAMES, () => fillWasi(volume, at, cookie, bytes, view, start, length))
}

/** Listed per look; visitors run outside of it. Room for 29 entries with the longest names. */
const LIST_BYTES = 8192

export const readdir = (
  volume: Volume,
  inode: number,
  cookie: number,
  visit: (next: number, inode: number, kind: number, name: Uint8Array) => boolean,
): number => {
  const bytes = new Uint8Array(LIST_BYTES)
  const view = new DataView(bytes.buffer)
  const word = (at: number): number => view.getInt32(at, true)
  let from = cookie
  for (;;) {
    const used = readdirWasi(volume, inode, from, bytes, view, 0, LIST_BYTES)
    for (let at = 0; at + DIRENT_BYTES <= used; ) {
      const name = at + DIRENT_BYTES
      const end = name + word(at + 16)
      if (end > used) break
      from = word(at)
      if (!visit(from, word(at + 8), kindOf(word(at + 20)), bytes.subarray(name, end))) return 0
      at = end
    }
    if (used < LIST_BYTES) return used < 0 ? used : 0
  }
}
