/**
 * The bytes of a file: where they lie, and copying them. A small file is one run; a bigger one a tree of 4 KiB pages in which
 * 0 is a hole. This file finds and copies; storage.ts makes and frees.
 *
 * A pointer may be marked as BORROWED from a stored content: whoever reads goes on without the mark, whoever writes has made the
 * place the file's own before.
 *
 * Invariant: in a run, capacity ≥ size; bytes behind the size, up to the end of its page or run, are undefined; whole pages
 * behind that are holes or zero.
 */
import { put } from '../memory/undo.ts'
import { BORROWED, FANOUT, INODE, PAGE_BYTES, PAGE_WORDS } from './layout.ts'

const WORD = 4294967296

export const sizeOf = (i32: Int32Array, at: number): number =>
  (i32[at + INODE.SIZE]! >>> 0) + i32[at + INODE.SIZE_HIGH]! * WORD

export const setSize = (i32: Int32Array, at: number, size: number): void => {
  put(i32, at + INODE.SIZE, (size % WORD) | 0)
  put(i32, at + INODE.SIZE_HIGH, Math.floor(size / WORD))
}

/** First word of a page, or 0 for a hole. Only for files with a tree. */
export const pageAt = (i32: Int32Array, at: number, page: number): number => {
  let node = i32[at + INODE.DATA]! & ~BORROWED
  const depth = i32[at + INODE.DEPTH]!
  if (depth === 1) return page < FANOUT && node !== 0 ? i32[node + page]! & ~BORROWED : 0
  if (page >= FANOUT ** depth) return 0
  for (let level = depth - 1; level >= 0 && node !== 0; level--)
    node = i32[node + ((page >>> (level * 10)) & (FANOUT - 1))]! & ~BORROWED
  return node
}

/** Below that a loop is faster than making a view. */
const SHORT = 48

const copy = (from: Uint8Array, at: number, to: Uint8Array, start: number, length: number): void => {
  if (length > SHORT) to.set(from.subarray(at, at + length), start)
  else for (let index = 0; index < length; index++) to[start + index] = from[at + index]!
}

/**
 * How many bytes from `position` lie in one piece, at most `length`; `piece` is the word index of its page or 0 for holes.
 */
const span = (i32: Int32Array, at: number, position: number, length: number, piece: number): number => {
  let page = Math.floor(position / PAGE_BYTES)
  let bytes = PAGE_BYTES - (position % PAGE_BYTES)
  let expected = piece
  while (bytes < length) {
    expected = piece === 0 ? 0 : expected + PAGE_WORDS
    if (pageAt(i32, at, ++page) !== expected) break
    bytes += PAGE_BYTES
  }
  return bytes < length ? bytes : length
}

/** Copies bytes that exist (position + length ≤ size) out of a file. */
export const copyOut = (
  i32: Int32Array,
  u8: Uint8Array,
  at: number,
  position: number,
  target: Uint8Array,
  start: number,
  length: number,
): void => {
  if (i32[at + INODE.DEPTH] === 0) {
    const run = i32[at + INODE.DATA]! & ~BORROWED
    if (run === 0) target.fill(0, start, start + length)
    else copy(u8, run * 4 + position, target, start, length)
    return
  }
  for (let done = 0; done < length; ) {
    const from = position + done
    const piece = pageAt(i32, at, Math.floor(from / PAGE_BYTES))
    const bytes = span(i32, at, from, length - done, piece)
    if (piece === 0) target.fill(0, start + done, start + done + bytes)
    else copy(u8, piece * 4 + (from % PAGE_BYTES), target, start + done, bytes)
    done += bytes
  }
}

/** Copies into storage that exists and is the file's own. */
export const copyIn = (
  i32: Int32Array,
  u8: Uint8Array,
  at: number,
  position: number,
  source: Uint8Array,
  start: number,
  length: number,
): void => {
  if (i32[at + INODE.DEPTH] === 0) {
    copy(source, start, u8, i32[at + INODE.DATA]! * 4 + position, length)
    return
  }
  for (let done = 0; done < length; ) {
    const to = position + done
    const piece = pageAt(i32, at, Math.floor(to / PAGE_BYTES))
    const bytes = span(i32, at, to, length - done, piece)
    copy(source, start + done, u8, piece * 4 + (to % PAGE_BYTES), bytes)
    done += bytes
  }
}

/** Zeroes what lies between the end of the file and `position` in storage of its own, before the size grows past it. */
export const clearGap = (i32: Int32Array, u8: Uint8Array, at: number, position: number): void => {
  const size = sizeOf(i32, at)
  if (i32[at + INODE.DEPTH] === 0) {
    const run = i32[at + INODE.DATA]! * 4
    const to = Math.min(position, i32[at + INODE.CAPACITY]!)
    if (run !== 0 && to > size) u8.fill(0, run + size, run + to)
    return
  }
  const offset = size % PAGE_BYTES
  const piece = offset === 0 ? 0 : pageAt(i32, at, Math.floor(size / PAGE_BYTES)) * 4
  if (piece !== 0) u8.fill(0, piece + offset, piece + Math.min(PAGE_BYTES, offset + position - size))
}
