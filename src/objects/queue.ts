/**
 * Messages that wait at a port: each a block of the heap of its own, in a list.
 *
 *   next │ bytes │ attached │ sender's pid │ (open file, base, inheriting) × attached │ bytes …
 *
 * Invariant: a message holds a reference of each open file attached to it until it is received or thrown away; COUNT and BYTES
 * of the port say what is in the list.
 */
import type { Objects } from './objects.ts'
import { setWordAt, word } from './objects.ts'
import { releaseFile } from './open-file.ts'
import { gather, type Spans, scatter } from './spans.ts'
import { TARGET } from './target.ts'

const MESSAGE = { NEXT: 0, BYTES: 1, ATTACHED: 2, SENDER: 3 } as const
const HEAD_WORDS = 4
const ATTACHMENT_WORDS = 3

/** Bytes of one message: what is copied under one hold of the lock. */
export const MESSAGE_BYTES_MAX = 65_536
/** Descriptors in one message. */
export const ATTACHED_MAX = 8
/** Messages and bytes that wait at one port; who sends more waits. */
export const QUEUE_MESSAGES = 64
export const QUEUE_BYTES = 262_144

/** A descriptor on its way. */
export interface Parcel {
  file: number
  base: number
  inheriting: number
}

const sizeOf = (bytes: number, attached: number): number =>
  (HEAD_WORDS + attached * ATTACHMENT_WORDS) * 4 + bytes

/** Whether a message of that size has room. The caller holds the lock. */
export const hasRoom = (objects: Objects, port: number, bytes: number): boolean =>
  word(objects, port + TARGET.COUNT) < QUEUE_MESSAGES &&
  word(objects, port + TARGET.BYTES) + bytes <= QUEUE_BYTES

/** Puts a message at the end, which takes over the parcels' references: 0, or -errno of the heap. The caller holds the lock. */
export const putMessage = (
  objects: Objects,
  port: number,
  sender: number,
  spans: Spans,
  bytes: number,
  parcels: readonly Parcel[],
): number => {
  const message = objects.heap.allocate(sizeOf(bytes, parcels.length))
  if (message < 0) return message
  objects.memory.refresh()
  const { i32, u8 } = objects.memory
  gather(spans, 0, bytes, u8, dataAt(message, parcels.length))
  i32.set([0, bytes, parcels.length, sender], message)
  for (const [index, { file, base, inheriting }] of parcels.entries())
    i32.set([file, base, inheriting], message + HEAD_WORDS + index * ATTACHMENT_WORDS)
  const last = word(objects, port + TARGET.LAST)
  setWordAt(objects, last === 0 ? port + TARGET.FIRST : last + MESSAGE.NEXT, message)
  setWordAt(objects, port + TARGET.LAST, message)
  setWordAt(objects, port + TARGET.COUNT, word(objects, port + TARGET.COUNT) + 1)
  setWordAt(objects, port + TARGET.BYTES, word(objects, port + TARGET.BYTES) + bytes)
  return 0
}

const dataAt = (message: number, attached: number): number =>
  (message + HEAD_WORDS + attached * ATTACHMENT_WORDS) * 4

export interface Waiting {
  bytes: number
  sender: number
  parcels: Parcel[]
}

/** What the first message is, or undefined when none waits. The caller holds the lock. */
export const firstMessage = (objects: Objects, port: number): Waiting | undefined => {
  const message = word(objects, port + TARGET.FIRST)
  if (message === 0) return undefined
  const parcels = Array.from({ length: word(objects, message + MESSAGE.ATTACHED) }, (_, index) => {
    const at = message + HEAD_WORDS + index * ATTACHMENT_WORDS
    return { file: word(objects, at), base: word(objects, at + 1), inheriting: word(objects, at + 2) }
  })
  return {
    bytes: word(objects, message + MESSAGE.BYTES),
    sender: word(objects, message + MESSAGE.SENDER),
    parcels,
  }
}

/** Copies its bytes to the spans, which have room, and takes it off the list; the parcels' references are the caller's. */
export const takeMessage = (objects: Objects, port: number, spans: Spans): void => {
  const message = word(objects, port + TARGET.FIRST)
  const [bytes, attached] = [
    word(objects, message + MESSAGE.BYTES),
    word(objects, message + MESSAGE.ATTACHED),
  ]
  scatter(spans, 0, bytes, objects.memory.u8, dataAt(message, attached))
  removeFirst(objects, port)
}

const removeFirst = (objects: Objects, port: number): void => {
  const message = word(objects, port + TARGET.FIRST)
  const [bytes, attached] = [
    word(objects, message + MESSAGE.BYTES),
    word(objects, message + MESSAGE.ATTACHED),
  ]
  const next = word(objects, message + MESSAGE.NEXT)
  setWordAt(objects, port + TARGET.FIRST, next)
  if (next === 0) setWordAt(objects, port + TARGET.LAST, 0)
  setWordAt(objects, port + TARGET.COUNT, word(objects, port + TARGET.COUNT) - 1)
  setWordAt(objects, port + TARGET.BYTES, word(objects, port + TARGET.BYTES) - bytes)
  objects.heap.free(message, sizeOf(bytes, attached))
}

/** Throws away what waits, and what is attached to it. The caller holds the lock. */
export const emptyQueue = (objects: Objects, port: number): void => {
  for (let first = firstMessage(objects, port); first; first = firstMessage(objects, port)) {
    removeFirst(objects, port)
    for (const { file } of first.parcels) releaseFile(objects, file)
  }
}
