/** Making names: open with CREATE, mkdir, symlink, link. The paths here are private copies; the lock is held by `locked`. */
import { ERRNO } from '../abi/errno.ts'
import { beginWrite, endWrite } from '../memory/sequence.ts'
import { commit, put } from '../memory/undo.ts'
import { changed } from './change.ts'
import { tick } from './clock.ts'
import { copyIn, setSize } from './content.ts'
import { truncateHeld } from './data.ts'
import { endNames, growTable, linkEntry, nameEntry, touchDirectory } from './entry.ts'
import { addLinks, giveInode, isReadonly, takeEntry, takeInode } from './inode.ts'
import { FS, INODE, INODE_SHIFT, PATH_MAX } from './layout.ts'
import { pinAt } from './pin.ts'
import { reserve, shrink } from './storage.ts'
import { KIND, OPEN, type PathBytes, WALK } from './types.ts'
import type { Volume } from './volume.ts'
import { WALK_NAME, walk } from './walk.ts'

/** Copies a path out of memory that others may write to; the length is what counts even if nothing was copied. */
export const own = (into: Uint8Array, bytes: Uint8Array, start: number, length: number): Uint8Array => {
  if (length > 0 && length < PATH_MAX) into.set(bytes.subarray(start, start + length))
  return into
}

/** Why the directory in the registers cannot get a new name, or 0. */
export const refuseName = (volume: Volume): number => {
  const { i32 } = volume.memory
  if (i32[volume.parent + INODE.LINKS] === 0) return -ERRNO.NOENT
  return isReadonly(volume, volume.parent) ? -ERRNO.ROFS : 0
}

/** Gives an inode the name in the registers. The entry was taken before, so this cannot fail. */
const publish = (volume: Volume, entry: number, at: number): void => {
  const { i32 } = volume.memory
  const directory = volume.parent
  nameEntry(volume, entry)
  beginWrite(i32, volume.base + FS.NAMES)
  linkEntry(volume, directory, entry, at)
  if (i32[at + INODE.KIND] === KIND.DIRECTORY) {
    put(i32, at + INODE.PARENT, directory)
    put(i32, at + INODE.ENTRY, entry)
    addLinks(i32, directory, 1)
  }
  touchDirectory(volume, directory)
  changed(volume, at)
  endNames(volume)
}

/** A new inode under the name in the registers; its first word, or -errno. */
export const create = (volume: Volume, kind: number, mode: number): number => {
  const refused = refuseName(volume)
  if (refused < 0) return refused
  tick()
  growTable(volume)
  const device = volume.memory.i32[volume.parent + INODE.DEVICE]!
  const at = takeInode(volume, kind, mode, device)
  if (at === 0) return -ERRNO.NOSPC
  const entry = takeEntry(volume, volume.nameLength)
  if (entry === 0) {
    giveInode(volume, at)
    return -ERRNO.NOSPC
  }
  if (kind === KIND.DIRECTORY) put(volume.memory.i32, at + INODE.LINKS, 2)
  publish(volume, entry, at)
  return at
}

/** What stands in the way of opening this inode so, or 0. */
export const refuseOpen = (volume: Volume, at: number, open: number): number => {
  const { i32 } = volume.memory
  const kind = i32[at + INODE.KIND]
  if (kind === KIND.SYMLINK) return -ERRNO.LOOP
  if (kind !== KIND.DIRECTORY && (open & OPEN.DIRECTORY) !== 0) return -ERRNO.NOTDIR
  if ((open & (OPEN.WRITE | OPEN.TRUNCATE)) === 0) return 0
  if (kind === KIND.DIRECTORY) return -ERRNO.ISDIR
  return kind === KIND.FILE && isReadonly(volume, at) ? -ERRNO.ROFS : 0
}

export const openHeld = (
  volume: Volume,
  at: number,
  bytes: Uint8Array,
  start: number,
  length: number,
  flags: number,
  open: number,
  mode: number,
): number => {
  const path = own(volume.pathA, bytes, start, length)
  // With EXCLUSIVE a link in the last place exists, wherever it leads.
  const isExclusive = (open & OPEN.CREATE) !== 0 && (open & OPEN.EXCLUSIVE) !== 0
  const how = isExclusive ? (flags & ~WALK.FOLLOW) | WALK_NAME : flags
  let inode = walk(volume, at << INODE_SHIFT, path, 0, length, how)
  if (inode < 0) return inode
  if (inode === 0) {
    if ((open & OPEN.CREATE) === 0) return -ERRNO.NOENT
    if (volume.trailing) return -ERRNO.ISDIR
    inode = create(volume, KIND.FILE, mode)
    if (inode < 0) return inode
  } else {
    if (isExclusive) return -ERRNO.EXIST
    const refused = refuseOpen(volume, inode, open)
    if (refused < 0) return refused
    const isCut = (open & OPEN.TRUNCATE) !== 0 && volume.memory.i32[inode + INODE.KIND] === KIND.FILE
    if (isCut) truncateHeld(volume, inode, 0)
  }
  commit(volume.memory.i32)
  pinAt(volume, inode)
  return inode >>> INODE_SHIFT
}

/** A directory or a FIFO. */
export const makeHeld = (
  volume: Volume,
  at: number,
  bytes: Uint8Array,
  start: number,
  length: number,
  flags: number,
  mode: number,
  kind: number,
): number => {
  const path = own(volume.pathA, bytes, start, length)
  const found = walk(volume, at << INODE_SHIFT, path, 0, length, (flags & ~WALK.FOLLOW) | WALK_NAME)
  if (found < 0) return found
  if (found > 0) return -ERRNO.EXIST
  if (kind !== KIND.DIRECTORY && volume.trailing) return -ERRNO.NOENT
  const made = create(volume, kind, mode)
  return made < 0 ? made : 0
}

export const symlinkHeld = (
  volume: Volume,
  target: PathBytes,
  at: number,
  to: PathBytes,
  flags: number,
): number => {
  if (target.length === 0) return -ERRNO.NOENT
  if (target.length >= PATH_MAX) return -ERRNO.NAMETOOLONG
  const path = own(volume.pathA, to.bytes, to.start, to.length)
  const text = own(volume.pathB, target.bytes, target.start, target.length)
  if (text.subarray(0, target.length).includes(0)) return -ERRNO.INVAL
  const found = walk(volume, at << INODE_SHIFT, path, 0, to.length, (flags & ~WALK.FOLLOW) | WALK_NAME)
  if (found < 0) return found
  if (found > 0) return -ERRNO.EXIST
  if (volume.trailing) return -ERRNO.NOENT
  return createLink(volume, text, target.length)
}

/** The target is stored before the name is seen: a walk reads it without asking whether it is there. */
const createLink = (volume: Volume, text: Uint8Array, length: number): number => {
  const refused = refuseName(volume)
  if (refused < 0) return refused
  tick()
  growTable(volume)
  const inode = takeInode(volume, KIND.SYMLINK, 0o777, volume.memory.i32[volume.parent + INODE.DEVICE]!)
  if (inode === 0) return -ERRNO.NOSPC
  beginWrite(volume.memory.i32, inode)
  const stored = reserve(volume, inode, 0, length, false) === length
  if (stored) {
    copyIn(volume.memory.i32, volume.memory.u8, inode, 0, text, 0, length)
    setSize(volume.memory.i32, inode, length)
  }
  endWrite(volume.memory.i32, inode)
  const entry = stored ? takeEntry(volume, volume.nameLength) : 0
  if (entry === 0) {
    shrink(volume, inode, 0)
    giveInode(volume, inode)
    return -ERRNO.NOSPC
  }
  publish(volume, entry, inode)
  return 0
}

export const linkHeld = (
  volume: Volume,
  fromAt: number,
  from: PathBytes,
  toAt: number,
  to: PathBytes,
  flags: number,
): number => {
  const source = own(volume.pathA, from.bytes, from.start, from.length)
  const target = own(volume.pathB, to.bytes, to.start, to.length)
  const at = walk(volume, fromAt << INODE_SHIFT, source, 0, from.length, flags)
  if (at <= 0) return at || -ERRNO.NOENT
  if (volume.memory.i32[at + INODE.KIND] === KIND.DIRECTORY) return -ERRNO.PERM
  const found = walk(volume, toAt << INODE_SHIFT, target, 0, to.length, (flags & ~WALK.FOLLOW) | WALK_NAME)
  if (found < 0) return found
  if (found > 0) return -ERRNO.EXIST
  if (volume.trailing) return -ERRNO.NOENT
  const { i32 } = volume.memory
  if (i32[at + INODE.DEVICE] !== i32[volume.parent + INODE.DEVICE]) return -ERRNO.XDEV
  const refused = refuseName(volume)
  if (refused < 0) return refused
  tick()
  growTable(volume)
  const entry = takeEntry(volume, volume.nameLength)
  if (entry === 0) return -ERRNO.NOSPC
  addLinks(volume.memory.i32, at, 1)
  publish(volume, entry, at)
  return 0
}
