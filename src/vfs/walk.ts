/**
 * From a path to an inode. Reads only, takes no lock: whoever calls it holds the lock or checks the sequence of names
 * afterwards. What it found on the way lies in the volume's registers: directory, entry and name of the last component.
 */
import { ERRNO } from '../abi/errno.ts'
import { findEntry } from './entry.ts'
import { ENTRY, FS, INODE, MAX_SYMLINKS, NAME_MAX, PATH_MAX } from './layout.ts'
import { hashBegin, hashByte, hashEnd, isUtf8 } from './name.ts'
import { KIND, WALK } from './types.ts'
import { LAST, SPLICE_BYTES, type Volume } from './volume.ts'

/** Flag of our own: the last component itself is meant, whatever it is and whether a slash follows. For unlink and the like. */
export const WALK_NAME = 64

const SLASH = 0x2f
const DOT = 0x2e

/** Inode (its first word), 0 when only the last component is missing, or -errno. */
export const walk = (
  volume: Volume,
  at: number,
  path: Uint8Array,
  start: number,
  length: number,
  flags: number,
): number => {
  const { i32 } = volume.memory
  let bytes = path
  let position = start
  let end = start + length
  let directory = at
  let links = 0
  volume.last = LAST.ROOT
  volume.trailing = false
  if (length <= 0) return -ERRNO.NOENT
  if (length >= PATH_MAX) return -ERRNO.NAMETOOLONG
  if (bytes[position] === SLASH) {
    if ((flags & WALK.BENEATH) !== 0) return -ERRNO.NOTCAPABLE
    directory = i32[volume.base + FS.ROOT]!
  }
  if (i32[directory + INODE.KIND] !== KIND.DIRECTORY) return -ERRNO.NOTDIR
  for (;;) {
    while (position < end && bytes[position] === SLASH) position++
    if (position === end) return here(volume, directory)
    const nameAt = position
    let hash = hashBegin(directory)
    let high = 0
    for (; position < end; position++) {
      const byte = bytes[position]!
      if (byte === SLASH) break
      if (byte === 0) return -ERRNO.INVAL
      high |= byte
      hash = hashByte(hash, byte)
    }
    const nameLength = position - nameAt
    if (nameLength > NAME_MAX) return -ERRNO.NAMETOOLONG
    if (high > 0x7f && !isUtf8(bytes, nameAt, position)) return -ERRNO.ILSEQ
    let next = position
    while (next < end && bytes[next] === SLASH) next++
    if (bytes[nameAt] === DOT && nameLength <= 2 && (nameLength === 1 || bytes[nameAt + 1] === DOT)) {
      if (nameLength === 2) {
        if (directory === at && (flags & WALK.BENEATH) !== 0) return -ERRNO.NOTCAPABLE
        directory = i32[directory + INODE.PARENT]!
        if (directory === 0) return -ERRNO.NOENT
      }
      volume.last = nameLength === 1 ? LAST.DOT : LAST.DOTDOT
      position = next
      continue
    }
    hash = hashEnd(hash)
    const entry = findEntry(volume, directory, hash, bytes, nameAt, nameLength)
    const inode = entry === 0 ? 0 : i32[entry + ENTRY.INODE]!
    const kind = entry === 0 ? 0 : i32[inode + INODE.KIND]!
    const isEnd = next === end
    const follows = !isEnd || ((flags & WALK_NAME) === 0 && ((flags & WALK.FOLLOW) !== 0 || next > position))
    if (kind === KIND.SYMLINK && follows) {
      if (++links > MAX_SYMLINKS) return -ERRNO.LOOP
      const spliced = bytes === volume.spliceA ? volume.spliceB : volume.spliceA
      end = splice(volume, inode, bytes, position, end, spliced)
      if (end < 0) return end
      bytes = spliced
      position = 0
      if (bytes[0] === SLASH) {
        if ((flags & WALK.BENEATH) !== 0) return -ERRNO.NOTCAPABLE
        directory = i32[volume.base + FS.ROOT]!
        volume.last = LAST.ROOT
      }
      continue
    }
    if (isEnd) {
      volume.last = LAST.NAME
      volume.parent = directory
      volume.entry = entry
      volume.hash = hash
      volume.name = bytes
      volume.nameAt = nameAt
      volume.nameLength = nameLength
      volume.trailing = next > position
      if (entry === 0) return 0
      if (kind !== KIND.DIRECTORY) {
        const wantsDirectory =
          (flags & WALK.DIRECTORY) !== 0 || ((flags & WALK_NAME) === 0 && next > position)
        return wantsDirectory ? -ERRNO.NOTDIR : inode
      }
      return i32[inode + INODE.COVERED_BY] || inode
    }
    if (entry === 0) return -ERRNO.NOENT
    if (kind !== KIND.DIRECTORY) return -ERRNO.NOTDIR
    directory = i32[inode + INODE.COVERED_BY] || inode
    position = next
  }
}

/** The path ended in a slash, a dot or two: there is no name. */
const here = (volume: Volume, directory: number): number => {
  volume.parent = directory
  volume.entry = 0
  return directory
}

/** Writes a link's target and the rest of the path; returns the new length or -errno. */
const splice = (
  volume: Volume,
  inode: number,
  bytes: Uint8Array,
  rest: number,
  end: number,
  into: Uint8Array,
): number => {
  const { i32, u8 } = volume.memory
  const size = i32[inode + INODE.SIZE]!
  const total = size + end - rest
  if (size <= 0 || total > SPLICE_BYTES) return -ERRNO.NAMETOOLONG
  const target = i32[inode + INODE.DATA]! * 4
  for (let index = 0; index < size; index++) into[index] = u8[target + index]!
  into.set(bytes.subarray(rest, end), size)
  return total
}
