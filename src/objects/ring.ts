/**
 * Bytes in a circle in shared memory: `base` is the byte where it starts, positions run modulo `capacity`.
 *
 *   base         position            position + length          base + capacity
 *    |  tail of it  |. . . . . . . . . . . . |  head of it          |
 */
import { gather, type Spans, scatter } from './spans.ts'

/** Copies bytes of the spans (after `skip`) into the ring. */
export const ringPut = (
  u8: Uint8Array,
  base: number,
  capacity: number,
  position: number,
  spans: Spans,
  skip: number,
  length: number,
): void => {
  const at = position % capacity
  const first = Math.min(length, capacity - at)
  gather(spans, skip, first, u8, base + at)
  if (length > first) gather(spans, skip + first, length - first, u8, base)
}

/** Copies bytes of the ring into the spans (after `skip`). */
export const ringTake = (
  u8: Uint8Array,
  base: number,
  capacity: number,
  position: number,
  spans: Spans,
  skip: number,
  length: number,
): void => {
  const at = position % capacity
  const first = Math.min(length, capacity - at)
  scatter(spans, skip, first, u8, base + at)
  if (length > first) scatter(spans, skip + first, length - first, u8, base)
}
