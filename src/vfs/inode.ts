/**
 * Inodes and directory entries: taking, filling, giving back. Everything here runs under the lock.
 */
import { OWNER, takeRun } from '../memory/heap.ts'
import { beginWrite, endWrite } from '../memory/sequence.ts'
import { keep, put } from '../memory/undo.ts'
import { stamp, stampFresh } from './clock.ts'
import {
  CHUNK_GRANULES,
  CHUNK_WORDS,
  ENTRY,
  ENTRY_CLASSES,
  FIRST_COOKIE,
  FS,
  INODE,
  INODE_WORDS,
  MOUNT,
  MOUNT_WORDS,
} from './layout.ts'
import type { Volume } from './volume.ts'

/** A chunk on its list, cleared; 0 when the machine is full. */
const takeChunk = (volume: Volume, list: number, kind: number): number => {
  const chunk = takeRun(volume.memory, CHUNK_GRANULES, OWNER.FILES)
  if (chunk === 0) return 0
  const { i32 } = volume.memory
  i32.fill(0, chunk, chunk + CHUNK_WORDS)
  i32[chunk] = i32[volume.base + list]!
  i32[chunk + 1] = kind
  put(i32, volume.base + list, chunk)
  return chunk
}

/** First word and size of the things in a chunk; its header takes the place of the first inode. */
const fillInodeChunk = (volume: Volume): boolean => {
  const chunk = takeChunk(volume, FS.INODE_CHUNKS, 0)
  if (chunk === 0) return false
  const { i32 } = volume.memory
  let next = i32[volume.base + FS.FREE_INODE]!
  for (let at = chunk + CHUNK_WORDS - INODE_WORDS; at > chunk; at -= INODE_WORDS) {
    i32[at + INODE.NEXT_FREE] = next
    next = at
  }
  put(i32, volume.base + FS.FREE_INODE, next)
  return true
}

/**
 * A fresh inode with one link and all times now (of the last tick), or 0. Its pins are left as they are.
 */
export const takeInode = (volume: Volume, kind: number, mode: number, device: number): number => {
  if (volume.memory.i32[volume.base + FS.FREE_INODE] === 0 && !fillInodeChunk(volume)) return 0
  const { i32 } = volume.memory
  const at = i32[volume.base + FS.FREE_INODE]!
  put(i32, volume.base + FS.FREE_INODE, i32[at + INODE.NEXT_FREE]!)
  beginWrite(i32, at)
  // Of a free inode only this counts; the rest is written without being remembered.
  put(i32, at + INODE.KIND, kind)
  put(i32, at + INODE.LINKS, 1)
  keep(i32, at + INODE.NEXT_FREE)
  for (let word = INODE.DEVICE; word < INODE_WORDS; word++) i32[at + word] = 0
  i32[at + INODE.MODE] = mode & 0o7777
  i32[at + INODE.DEVICE] = device
  i32[at + INODE.COOKIE] = FIRST_COOKIE
  i32[at + INODE.CHANGED] = i32[volume.base + FS.CHANGES_READ]! - 1
  stampFresh(i32, at + INODE.ATIME)
  endWrite(i32, at)
  return at
}

/** The inode's bytes are gone already. */
export const giveInode = (volume: Volume, at: number): void => {
  const { i32 } = volume.memory
  beginWrite(i32, at)
  put(i32, at + INODE.KIND, 0)
  put(i32, at + INODE.LINKS, 0)
  endWrite(i32, at)
  put(i32, at + INODE.NEXT_FREE, i32[volume.base + FS.FREE_INODE]!)
  put(i32, volume.base + FS.FREE_INODE, at)
}

export const classOf = (length: number): number => {
  let index = 0
  while (ENTRY_CLASSES[index]! < length) index++
  return index
}

export const entryWords = (index: number): number => ENTRY.NAME + ENTRY_CLASSES[index]! / 4

/** First entry of a chunk, behind its header. */
export const CHUNK_HEADER_WORDS = 8

const fillEntryChunk = (volume: Volume, index: number): boolean => {
  const chunk = takeChunk(volume, FS.ENTRY_CHUNKS, index)
  if (chunk === 0) return false
  const { i32 } = volume.memory
  const words = entryWords(index)
  let next = i32[volume.base + FS.FREE_ENTRY + index]!
  for (let at = chunk + CHUNK_HEADER_WORDS; at + words <= chunk + CHUNK_WORDS; at += words) {
    i32[at + ENTRY.NEXT] = next
    next = at
  }
  put(i32, volume.base + FS.FREE_ENTRY + index, next)
  return true
}

/** An entry with room for a name of that length, or 0. Not yet in any list. */
export const takeEntry = (volume: Volume, length: number): number => {
  const index = classOf(length)
  if (volume.memory.i32[volume.base + FS.FREE_ENTRY + index] === 0 && !fillEntryChunk(volume, index)) return 0
  const { i32 } = volume.memory
  const at = i32[volume.base + FS.FREE_ENTRY + index]!
  put(i32, volume.base + FS.FREE_ENTRY + index, i32[at + ENTRY.NEXT]!)
  return at
}

export const giveEntry = (volume: Volume, at: number): void => {
  const { i32 } = volume.memory
  const index = classOf(i32[at + ENTRY.LENGTH]!)
  put(i32, at + ENTRY.PARENT, 0)
  put(i32, at + ENTRY.INODE, 0)
  put(i32, at + ENTRY.NEXT, i32[volume.base + FS.FREE_ENTRY + index]!)
  put(i32, volume.base + FS.FREE_ENTRY + index, at)
}

/** Calls `visit` with the first word of every inode in use. */
export const eachInode = (volume: Volume, visit: (at: number) => void): void => {
  const { i32 } = volume.memory
  for (let chunk = i32[volume.base + FS.INODE_CHUNKS]!; chunk !== 0; chunk = i32[chunk]!) {
    for (let at = chunk + INODE_WORDS; at < chunk + CHUNK_WORDS; at += INODE_WORDS) {
      if (i32[at + INODE.KIND] !== 0) visit(at)
    }
  }
}

/** Files whose bytes are still to come (arrive.ts). */
export const countAbsent = (volume: Volume): number => {
  volume.lock.acquire()
  try {
    let count = 0
    eachInode(volume, (at) => {
      count += volume.memory.i32[at + INODE.ABSENT]!
    })
    return count
  } finally {
    volume.lock.release()
  }
}

/** Calls `visit` with the first word of every entry that stands in a directory. */
export const eachEntry = (volume: Volume, visit: (entry: number) => void): void => {
  const { i32 } = volume.memory
  for (let chunk = i32[volume.base + FS.ENTRY_CHUNKS]!; chunk !== 0; chunk = i32[chunk]!) {
    const words = entryWords(i32[chunk + 1]!)
    for (let at = chunk + CHUNK_HEADER_WORDS; at + words <= chunk + CHUNK_WORDS; at += words)
      if (i32[at + ENTRY.PARENT] !== 0) visit(at)
  }
}

export const isReadonly = (volume: Volume, at: number): boolean => {
  const device = volume.memory.i32[at + INODE.DEVICE]!
  return volume.memory.i32[volume.base + FS.MOUNTS + device * MOUNT_WORDS + MOUNT.READONLY] !== 0
}

/** Modification and change time are now: the last tick. Reading the clock is dear, so each call does it once. */
export const touch = (i32: Int32Array, at: number): void => {
  beginWrite(i32, at)
  stamp(i32, at + INODE.MTIME)
  stamp(i32, at + INODE.CTIME)
  endWrite(i32, at)
}

/** Adds to the number of links; change time is now. */
export const addLinks = (i32: Int32Array, at: number, count: number): void => {
  beginWrite(i32, at)
  put(i32, at + INODE.LINKS, i32[at + INODE.LINKS]! + count)
  stamp(i32, at + INODE.CTIME)
  endWrite(i32, at)
}
