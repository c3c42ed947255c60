/**
 * A folder's changes as something to read: records of what happened to which path, from the kernel (kernel/watch-files.ts) to
 * whoever has the descriptor. What has no room is lost, and a record says so.
 *
 *   record   0 mask · 4 bytes of the path · 8 the path (UTF-8, from the folder; empty for OVERFLOW and GONE), padded to 4
 *
 * Invariant: whole records only, in the ring and in what a read gives; an OVERFLOW record stands where others are missing.
 */
import { ERRNO } from '../abi/errno.ts'
import { SUPERBLOCK } from '../memory/layout.ts'
import { wakeSet } from '../memory/wake.ts'
import type { StreamKind } from './kinds.ts'
import { locked, type Objects, setWordAt, word } from './objects.ts'
import { createOpenFile } from './open-file.ts'
import { giveBlock, takeBlock } from './pool.ts'
import { ringPut, ringTake } from './ring.ts'
import { type Spans, spanOf, spansTotal } from './spans.ts'
import { ACCESS, PENDING, READY, STREAM } from './types.ts'
import { WATCH, WATCH_BYTES } from './watch-close.ts'

/** Bits of a record's mask. GONE: the folder itself is no more, nothing follows. */
export const CHANGE = { CREATED: 1, MODIFIED: 2, REMOVED: 4, GONE: 8, OVERFLOW: 16 } as const

const HEADER = 8
const WATCH_WORDS = 16
/** The largest record: a path of 4096 bytes. */
const LARGEST = HEADER + 4096

/** An open file for a new watch, and its block; -errno when memory is full. */
export const openWatch = (objects: Objects): { file: number; watch: number } | number =>
  locked(objects, () => {
    const ring = objects.heap.allocate(WATCH_BYTES)
    if (ring < 0) return ring
    const watch = takeBlock(objects, SUPERBLOCK.FREE_WATCHES, WATCH_WORDS)
    const facts = { stream: STREAM.WATCH, object: watch, access: ACCESS.READ, status: 0 }
    const file = watch < 0 ? watch : createOpenFile(objects, facts)
    if (file < 0) {
      if (watch > 0) giveBlock(objects, SUPERBLOCK.FREE_WATCHES, watch)
      objects.heap.free(ring, WATCH_BYTES)
      return file
    }
    objects.memory.refresh()
    setWordAt(objects, watch + WATCH.RING, ring)
    return { file, watch }
  })

/** For the kernel: one more record, or the mark that it had no room. The caller has seen that the watch is still there. */
export const putChange = (objects: Objects, watch: number, mask: number, path: Uint8Array): void =>
  locked(objects, () => {
    const length = (HEADER + path.length + 3) & ~3
    const count = word(objects, watch + WATCH.COUNT)
    // Room for the mark is kept, and nothing goes in behind what is missing.
    const hasRoom = count + length + HEADER <= WATCH_BYTES && length <= LARGEST
    if (word(objects, watch + WATCH.OVERFLOW) !== 0) return
    if (hasRoom) putRecord(objects, watch, mask, path, length)
    else {
      putRecord(objects, watch, CHANGE.OVERFLOW, new Uint8Array(0), HEADER)
      setWordAt(objects, watch + WATCH.OVERFLOW, 1)
    }
    wakeSet(objects.memory, watch + WATCH.WAITERS)
  })

const putRecord = (objects: Objects, watch: number, mask: number, path: Uint8Array, length: number): void => {
  const record = new Uint8Array(length)
  const view = new DataView(record.buffer)
  view.setUint32(0, mask, true)
  view.setUint32(4, path.length, true)
  record.set(path, HEADER)
  const count = word(objects, watch + WATCH.COUNT)
  const base = word(objects, watch + WATCH.RING) * 4
  ringPut(
    objects.memory.u8,
    base,
    WATCH_BYTES,
    word(objects, watch + WATCH.HEAD) + count,
    spanOf(record),
    0,
    length,
  )
  setWordAt(objects, watch + WATCH.COUNT, count + length)
}

/** As many whole records as have room, PENDING while there is none, -EINVAL where not even the first fits. */
const readChanges = (objects: Objects, watch: number, spans: Spans): number =>
  locked(objects, () => {
    const count = word(objects, watch + WATCH.COUNT)
    if (count === 0) return PENDING
    const total = spansTotal(spans)
    const head = word(objects, watch + WATCH.HEAD)
    const base = word(objects, watch + WATCH.RING) * 4
    const { u8 } = objects.memory
    const byteAt = (position: number): number => u8[base + ((head + position) % WATCH_BYTES)] ?? 0
    let done = 0
    while (done < count) {
      const length = byteAt(done + 4) | (byteAt(done + 5) << 8)
      const next = done + ((HEADER + length + 3) & ~3)
      if (next > total) break
      done = next
    }
    if (done === 0) return -ERRNO.INVAL
    ringTake(u8, base, WATCH_BYTES, head, spans, 0, done)
    setWordAt(objects, watch + WATCH.HEAD, (head + done) % WATCH_BYTES)
    setWordAt(objects, watch + WATCH.COUNT, count - done)
    // The mark was the last record.
    if (done === count) setWordAt(objects, watch + WATCH.OVERFLOW, 0)
    return done
  })

export interface Change {
  mask: number
  path: string
}

/** What a read gave, as records. */
export const parseChanges = (bytes: Uint8Array): Change[] => {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
  const decoder = new TextDecoder()
  const changes: Change[] = []
  for (let at = 0; at + HEADER <= bytes.length; ) {
    const length = view.getUint32(at + 4, true)
    const path = decoder.decode(bytes.subarray(at + HEADER, at + HEADER + length))
    changes.push({ mask: view.getUint32(at, true), path })
    at += (HEADER + length + 3) & ~3
  }
  return changes
}

export const WATCH_STREAM: StreamKind = {
  stream: STREAM.WATCH,
  read: readChanges,
  write: () => -ERRNO.BADF,
  check: (objects, watch, entry) => {
    entry.bytes = word(objects, watch + WATCH.COUNT)
    if (entry.bytes > 0) entry.ready = READY.READ
  },
  set: (_objects, watch) => watch + WATCH.WAITERS,
}
