/**
 * Time stamps without BigInt: nanoseconds since the epoch as two words. The pair is computed from whole seconds and the rest,
 * since a double cannot hold 61 bits.
 */
import { put } from '../memory/undo.ts'

const NS_PER_SECOND = 1e9
const WORD = 4294967296

/** Taken once: the getter is slow, and programs may replace the clock of their realm. */
const ORIGIN = performance.timeOrigin
const now = performance.now.bind(performance)

let low = 0
let high = 0

/** Reads the clock; `stamp` writes what it said. */
export const tick = (): void => {
  const milliseconds = ORIGIN + now()
  const seconds = Math.floor(milliseconds / 1000)
  const rest = Math.floor((milliseconds - seconds * 1000) * 1e6)
  // seconds = upper * 65536 + lower, so that each product stays below 2^53
  const upper = Math.floor(seconds / 65536) * NS_PER_SECOND
  const sum = (upper % 65536) * 65536 + (seconds % 65536) * NS_PER_SECOND + rest
  low = (sum % WORD) | 0
  high = (Math.floor(upper / 65536) + Math.floor(sum / WORD)) | 0
}

export const stamp = (i32: Int32Array, at: number): void => {
  put(i32, at, low)
  put(i32, at + 1, high)
}

/** The three times of an inode that was free, from its first on: nobody would want back what stood there. */
export const stampFresh = (i32: Int32Array, at: number): void => {
  for (let word = at; word < at + 6; word += 2) {
    i32[word] = low
    i32[word + 1] = high
  }
}

/** Nanoseconds; values that do not fit 64 bits are cut off. */
export const stampTime = (i32: Int32Array, at: number, time: bigint): void => {
  put(i32, at, Number(BigInt.asIntN(32, time)))
  put(i32, at + 1, Number(BigInt.asIntN(32, time >> 32n)))
}

const words = new Int32Array(2)
const whole = new BigUint64Array(words.buffer)

export const timeOf = (i32: Int32Array, at: number): bigint => {
  words[0] = i32[at]!
  words[1] = i32[at + 1]!
  return whole[0]!
}
