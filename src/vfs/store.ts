/**
 * Content that files share, so that the same package in ten projects costs once.
 *
 *   first copy    inode ──► run or tree                    listed by its hash, otherwise a file like any other
 *   second        inode ─┐ borrowed
 *                 inode ─┴──► run or tree of a STORED inode, whose links are the files that borrow from it
 *   a write       to one of them copies first (storage.ts): a run whole, of a tree the pages and the nodes on the way
 *   the last one  that borrows has it for its own again with its next write, and without it when it goes
 *
 * The hash only says where to look. It is a fast one (XXH32, block by block): who forges it or meets it by chance finds bytes
 * that differ, and nothing is shared. A SHA-256 given with a tree would have to be computed again before it could be trusted, at
 * a tenth of the speed of comparing.
 *
 * Invariant: a STORED inode never changes and never moves as long as it has a link. So what is larger than one hold of the lock
 * may copy is compared without it, by somebody who has such a link already.
 */
import { checksum } from '../lib/checksum.ts'
import { beginWrite, endWrite } from '../memory/sequence.ts'
import { put } from '../memory/undo.ts'
import { changed } from './change.ts'
import { stamp, tick } from './clock.ts'
import { pageAt, setSize, sizeOf } from './content.ts'
import { hold } from './hold.ts'
import { takeInode } from './inode.ts'
import { BORROWED, HOLD_BYTES, INODE, PAGE_BYTES, STORED } from './layout.ts'
import { isSame } from './name.ts'
import { shrink, trim } from './storage.ts'
import { findContent, listContent } from './store-index.ts'
import { KIND } from './types.ts'
import type { Volume } from './volume.ts'

/** Bytes that need not lie in one piece: those from a multiple of HOLD_BYTES (64 KiB) to the next, or to the end, do. */
export interface Content {
  readonly size: number
  piece(position: number): { bytes: Uint8Array; start: number }
}

export const contentOf = (bytes: Uint8Array): Content => ({
  size: bytes.length,
  piece: (start) => ({ bytes, start }),
})

const lengthAt = ({ size }: Content, position: number): number => Math.min(HOLD_BYTES, size - position)

/** Never 0. */
export const hashContent = (content: Content): number => {
  let hash = 0
  for (let position = 0; position < content.size; position += HOLD_BYTES) {
    const { bytes, start } = content.piece(position)
    hash = checksum(bytes, start, start + lengthAt(content, position), hash)
  }
  return hash | 0 || 1
}

/**
 * Gives an empty file bytes that another file has already. False when there is none, or when somebody writes to the file
 * meanwhile: then it is to be written as ever. The caller has the file pinned.
 */
export const borrowContent = (volume: Volume, at: number, content: Content, hash: number): boolean => {
  const store = hold(volume, () => holdStore(volume, at, content, hash))
  if (store === 0) return false
  let isEqual = true
  for (let position = HOLD_BYTES; isEqual && position < content.size; position += HOLD_BYTES)
    isEqual = isEqualAt(volume, store, content, position)
  return hold(volume, () => settle(volume, at, store, isEqual))
}

/** Lets the file be found by those who come with the same bytes. What was written to it since then is not asked. */
export const offerContent = (volume: Volume, at: number, hash: number): void =>
  hold(volume, () => {
    if (volume.memory.i32[at + INODE.KIND] === KIND.FILE) listContent(volume, at, hash)
  })

const isEmpty = (i32: Int32Array, at: number): boolean =>
  i32[at + INODE.KIND] === KIND.FILE && sizeOf(i32, at) === 0 && i32[at + INODE.DATA] === 0

/** A link to a stored content that begins with the same bytes, or 0. */
const holdStore = (volume: Volume, at: number, content: Content, hash: number): number => {
  const { i32 } = volume.memory
  if (content.size === 0 || !isEmpty(i32, at) || i32[at + INODE.STORE] !== 0) return 0
  const found = findContent(volume, hash, content.size, (other) => isEqualAt(volume, other, content, 0))
  const store = found === 0 ? 0 : storeOf(volume, found, hash)
  if (store === 0) return 0
  put(volume.memory.i32, at + INODE.STORE, store)
  put(volume.memory.i32, store + INODE.LINKS, volume.memory.i32[store + INODE.LINKS]! + 1)
  return store
}

/** The stored content in the place of a file's own, which borrows it from then on. 0 when there is no inode left, or nothing to store. */
const storeOf = (volume: Volume, found: number, hash: number): number => {
  if (volume.memory.i32[found + INODE.KIND] === STORED) return found
  if (volume.memory.i32[found + INODE.STORE] !== 0 || volume.memory.i32[found + INODE.DATA] === 0) return 0
  const store = takeInode(volume, STORED, 0, 0)
  if (store === 0) return 0
  trim(volume, found)
  const { i32 } = volume.memory
  for (const word of [INODE.SIZE, INODE.SIZE_HIGH, INODE.DATA, INODE.CAPACITY, INODE.DEPTH])
    put(i32, store + word, i32[found + word]!)
  // Who reads it meanwhile is led to the same bytes either way.
  put(i32, found + INODE.DATA, i32[store + INODE.DATA]! | BORROWED)
  put(i32, found + INODE.STORE, store)
  put(i32, found + INODE.HASH, 0)
  listContent(volume, store, hash)
  return store
}

/** Makes the promise of `holdStore` true, or takes it back. */
const settle = (volume: Volume, at: number, store: number, isEqual: boolean): boolean => {
  const { i32 } = volume.memory
  if (i32[at + INODE.STORE] !== store || !isEmpty(i32, at)) return false
  beginWrite(i32, at)
  if (isEqual) lend(i32, at, store)
  else shrink(volume, at, 0)
  endWrite(i32, at)
  if (isEqual) changed(volume, at)
  return isEqual
}

const lend = (i32: Int32Array, at: number, store: number): void => {
  for (const word of [INODE.CAPACITY, INODE.DEPTH]) put(i32, at + word, i32[store + word]!)
  put(i32, at + INODE.DATA, i32[store + INODE.DATA]! | BORROWED)
  setSize(i32, at, sizeOf(i32, store))
  tick()
  stamp(i32, at + INODE.MTIME)
  stamp(i32, at + INODE.CTIME)
}

/** Whether the bytes of one piece are those of a file of the same size. */
const isEqualAt = (volume: Volume, at: number, content: Content, position: number): boolean => {
  const { i32, u8 } = volume.memory
  const { bytes, start } = content.piece(position)
  const length = lengthAt(content, position)
  const isRun = i32[at + INODE.DEPTH] === 0
  for (let done = 0; done < length; ) {
    const page = isRun ? i32[at + INODE.DATA]! & ~BORROWED : pageAt(i32, at, (position + done) / PAGE_BYTES)
    const bytesHere = isRun ? length : Math.min(PAGE_BYTES, length - done)
    if (page === 0 || !isSame(bytes, start + done, u8, page * 4, bytesHere)) return false
    done += bytesHere
  }
  return true
}
