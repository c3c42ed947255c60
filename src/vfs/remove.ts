/** Taking names away: unlink, rmdir, rename. The paths are private copies; the lock is held by the caller. */
import { ERRNO } from '../abi/errno.ts'
import { beginWrite } from '../memory/sequence.ts'
import { getWord } from '../memory/slots.ts'
import { addWork, PENDING, put } from '../memory/undo.ts'
import { changed } from './change.ts'
import { tick } from './clock.ts'
import { own, refuseName } from './create.ts'
import { endNames, growTable, linkEntry, nameEntry, touchDirectory, unlinkEntry } from './entry.ts'
import { addLinks, giveEntry, isReadonly, takeEntry } from './inode.ts'
import { ENTRY, FS, INODE, INODE_SHIFT } from './layout.ts'
import { freeIfUnused } from './pin.ts'
import { KIND, type PathBytes, WALK } from './types.ts'
import { LAST, type Volume } from './volume.ts'
import { WALK_NAME, walk } from './walk.ts'

const nameFlags = (flags: number): number => (flags & ~WALK.FOLLOW) | WALK_NAME

export const unlinkHeld = (
  volume: Volume,
  at: number,
  bytes: Uint8Array,
  start: number,
  length: number,
  flags: number,
): number => {
  const path = own(volume.pathA, bytes, start, length)
  const found = walk(volume, at << INODE_SHIFT, path, 0, length, nameFlags(flags))
  if (found <= 0) return found || -ERRNO.NOENT
  if (volume.memory.i32[found + INODE.KIND] === KIND.DIRECTORY) return -ERRNO.ISDIR
  if (volume.trailing) return -ERRNO.NOTDIR
  if (isReadonly(volume, volume.parent)) return -ERRNO.ROFS
  const { parent, entry } = volume
  tick()
  beginWrite(volume.memory.i32, volume.base + FS.NAMES)
  dropEntry(volume, entry)
  dropFile(volume, found)
  touchDirectory(volume, parent)
  endNamesAndFree(volume, found)
  return 0
}

const dropEntry = (volume: Volume, entry: number): void => {
  unlinkEntry(volume, entry)
  giveEntry(volume, entry)
}

/** One name less; what has none is freed when the names are done. */
const dropFile = (volume: Volume, at: number): void => {
  addLinks(volume.memory.i32, at, -1)
  changed(volume, at)
}

/** From here on the name is gone for good, and the inode goes after it, should somebody else have to see to that. */
const endNamesAndFree = (volume: Volume, at: number): void => {
  addWork(volume.memory.i32, PENDING.FREEING)
  endNames(volume)
  freeIfUnused(volume, at)
}

/** A directory loses its only name. Its parent loses the link of "..". */
const dropDirectory = (volume: Volume, at: number, parent: number): void => {
  const { i32 } = volume.memory
  addLinks(i32, at, -getWord(volume.memory, at + INODE.LINKS))
  put(i32, at + INODE.PARENT, 0)
  put(i32, at + INODE.ENTRY, 0)
  addLinks(i32, parent, -1)
  changed(volume, at)
}

/** Mount points and mount roots stay where they are. */
const isMount = (volume: Volume, entry: number): boolean => {
  const { i32 } = volume.memory
  return i32[i32[entry + ENTRY.INODE]! + INODE.COVERED_BY] !== 0
}

export const rmdirHeld = (
  volume: Volume,
  at: number,
  bytes: Uint8Array,
  start: number,
  length: number,
  flags: number,
): number => {
  const path = own(volume.pathA, bytes, start, length)
  const found = walk(volume, at << INODE_SHIFT, path, 0, length, nameFlags(flags))
  if (found <= 0) return found || -ERRNO.NOENT
  if (volume.last === LAST.DOT) return -ERRNO.INVAL
  if (volume.last === LAST.DOTDOT) return -ERRNO.NOTEMPTY
  if (volume.last === LAST.ROOT || isMount(volume, volume.entry)) return -ERRNO.BUSY
  const { i32 } = volume.memory
  if (i32[found + INODE.KIND] !== KIND.DIRECTORY) return -ERRNO.NOTDIR
  if (isReadonly(volume, volume.parent)) return -ERRNO.ROFS
  if (i32[found + INODE.COUNT] !== 0) return -ERRNO.NOTEMPTY
  const { parent, entry } = volume
  tick()
  beginWrite(i32, volume.base + FS.NAMES)
  dropEntry(volume, entry)
  dropDirectory(volume, found, parent)
  touchDirectory(volume, parent)
  endNamesAndFree(volume, found)
  return 0
}

/** True when `at` is `ancestor` or lies beneath it. */
const isBeneath = (volume: Volume, at: number, ancestor: number): boolean => {
  const { i32 } = volume.memory
  let directory = at
  for (;;) {
    if (directory === ancestor) return true
    const parent = i32[directory + INODE.PARENT]!
    if (parent === directory || parent === 0) return false
    directory = parent
  }
}

export const renameHeld = (
  volume: Volume,
  fromAt: number,
  from: PathBytes,
  toAt: number,
  to: PathBytes,
  flags: number,
): number => {
  const source = own(volume.pathA, from.bytes, from.start, from.length)
  const target = own(volume.pathB, to.bytes, to.start, to.length)
  const at = walk(volume, fromAt << INODE_SHIFT, source, 0, from.length, nameFlags(flags))
  if (at <= 0) return at || -ERRNO.NOENT
  const { parent, entry, last, trailing } = volume
  const over = walk(volume, toAt << INODE_SHIFT, target, 0, to.length, nameFlags(flags))
  if (over < 0) return over
  if (last !== LAST.NAME || (over > 0 && volume.last !== LAST.NAME)) return -ERRNO.BUSY
  if (isMount(volume, entry) || (over > 0 && isMount(volume, volume.entry))) return -ERRNO.BUSY
  const { i32 } = volume.memory
  const isDirectory = i32[at + INODE.KIND] === KIND.DIRECTORY
  if (!isDirectory && (trailing || volume.trailing)) return -ERRNO.NOTDIR
  if (i32[at + INODE.DEVICE] !== i32[volume.parent + INODE.DEVICE]) return -ERRNO.XDEV
  if (isReadonly(volume, parent)) return -ERRNO.ROFS
  if (isDirectory && isBeneath(volume, volume.parent, at)) return -ERRNO.INVAL
  if (over === at) return 0
  tick()
  if (over > 0) {
    const refused = refuseOver(volume, isDirectory, over)
    return refused < 0 ? refused : moveOver(volume, at, parent, entry, over)
  }
  const refused = refuseName(volume)
  return refused < 0 ? refused : moveTo(volume, at, parent, entry)
}

/** Why what stands in the place cannot be replaced, or 0. */
const refuseOver = (volume: Volume, isDirectory: boolean, over: number): number => {
  const { i32 } = volume.memory
  const isOverDirectory = i32[over + INODE.KIND] === KIND.DIRECTORY
  if (isDirectory && !isOverDirectory) return -ERRNO.NOTDIR
  if (!isDirectory && isOverDirectory) return -ERRNO.ISDIR
  return isOverDirectory && i32[over + INODE.COUNT] !== 0 ? -ERRNO.NOTEMPTY : 0
}

/** The entry in the place is kept and leads to another inode: nobody ever sees the name missing. */
const moveOver = (volume: Volume, at: number, parent: number, entry: number, over: number): number => {
  const { i32 } = volume.memory
  const toParent = volume.parent
  const place = volume.entry
  beginWrite(i32, volume.base + FS.NAMES)
  put(i32, place + ENTRY.INODE, at)
  if (i32[over + INODE.KIND] === KIND.DIRECTORY) dropDirectory(volume, over, toParent)
  else dropFile(volume, over)
  dropEntry(volume, entry)
  settle(volume, at, parent, toParent, place)
  finish(volume, at, parent, toParent)
  endNamesAndFree(volume, over)
  return 0
}

const moveTo = (volume: Volume, at: number, parent: number, entry: number): number => {
  const toParent = volume.parent
  growTable(volume)
  const place = takeEntry(volume, volume.nameLength)
  if (place === 0) return -ERRNO.NOSPC
  const { i32 } = volume.memory
  nameEntry(volume, place)
  beginWrite(i32, volume.base + FS.NAMES)
  dropEntry(volume, entry)
  linkEntry(volume, toParent, place, at)
  settle(volume, at, parent, toParent, place)
  finish(volume, at, parent, toParent)
  endNames(volume)
  return 0
}

/** A directory that moved has a new parent, and the parents' links follow. */
const settle = (volume: Volume, at: number, parent: number, toParent: number, place: number): void => {
  const { i32 } = volume.memory
  if (i32[at + INODE.KIND] === KIND.DIRECTORY) {
    put(i32, at + INODE.PARENT, toParent)
    put(i32, at + INODE.ENTRY, place)
    addLinks(i32, parent, -1)
    addLinks(i32, toParent, 1)
  }
}

const finish = (volume: Volume, at: number, parent: number, toParent: number): void => {
  addLinks(volume.memory.i32, at, 0)
  touchDirectory(volume, parent)
  if (toParent !== parent) touchDirectory(volume, toParent)
  changed(volume, at)
}
