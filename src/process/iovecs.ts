/**
 * Iovec arrays of the guest as spans, in arrays that are re-used from call to call.
 *
 * Invariant: what `read` filled lies within the guest's memory; a call that uses it ends before the next begins.
 */
import { SIZE } from '../abi/wasi.ts'
import type { Spans } from '../objects/spans.ts'
import { fits, type Guest } from './guest.ts'

export interface Iovecs extends Spans {
  /** False when the array or one of its pieces lies outside of the memory. */
  read(at: number, count: number): boolean
}

/** The record's size in a WASI result is 32 bits wide, so no call moves more. */
const MOST_BYTES = 0x7fffffff

export const createIovecs = (guest: Guest): Iovecs => {
  const iovecs: Iovecs = {
    bytes: guest.u8,
    starts: [],
    lengths: [],
    count: 0,
    read: (at, count) => {
      if (!fits(guest, at, count * SIZE.IOVEC)) return false
      const { view } = guest
      let left = MOST_BYTES
      iovecs.bytes = guest.u8
      iovecs.count = count
      for (let index = 0; index < count; index++) {
        const start = view.getUint32(at + index * SIZE.IOVEC, true)
        const length = view.getUint32(at + index * SIZE.IOVEC + 4, true)
        if (!fits(guest, start, length)) return false
        iovecs.starts[index] = start
        iovecs.lengths[index] = Math.min(length, left)
        left -= Math.min(length, left)
      }
      return true
    },
  }
  return iovecs
}
