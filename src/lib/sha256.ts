/**
 * SHA-256 (FIPS 180-4) in JavaScript, for the jail: its workers are no secure context in Chromium, so Web Crypto is not there.
 * Bytes may come in parts.
 */

const BLOCK_BYTES = 64

/** The first 32 bits of the fractional part of a root of a prime: exact in a double for these few. */
const fraction = (prime: number, power: number): number => (prime ** power % 1) * 2 ** 32

const PRIMES: number[] = []
for (let candidate = 2; PRIMES.length < 64; candidate++)
  if (PRIMES.every((prime) => candidate % prime !== 0)) PRIMES.push(candidate)

const K = Int32Array.from(PRIMES, (prime) => fraction(prime, 1 / 3))
const START = Int32Array.from(PRIMES.slice(0, 8), (prime) => fraction(prime, 1 / 2))

const schedule = new Int32Array(64)

const mixBlock = (state: Int32Array, view: DataView, at: number): void => {
  const w = schedule
  for (let index = 0; index < 16; index++) w[index] = view.getInt32(at + index * 4)
  for (let index = 16; index < 64; index++) {
    const x = w[index - 15]!
    const y = w[index - 2]!
    const s0 = ((x >>> 7) | (x << 25)) ^ ((x >>> 18) | (x << 14)) ^ (x >>> 3)
    const s1 = ((y >>> 17) | (y << 15)) ^ ((y >>> 19) | (y << 13)) ^ (y >>> 10)
    w[index] = (w[index - 16]! + s0 + w[index - 7]! + s1) | 0
  }
  let a = state[0]!
  let b = state[1]!
  let c = state[2]!
  let d = state[3]!
  let e = state[4]!
  let f = state[5]!
  let g = state[6]!
  let h = state[7]!
  for (let index = 0; index < 64; index++) {
    const s1 = ((e >>> 6) | (e << 26)) ^ ((e >>> 11) | (e << 21)) ^ ((e >>> 25) | (e << 7))
    const one = (h + s1 + ((e & f) ^ (~e & g)) + K[index]! + w[index]!) | 0
    const s0 = ((a >>> 2) | (a << 30)) ^ ((a >>> 13) | (a << 19)) ^ ((a >>> 22) | (a << 10))
    const two = (s0 + ((a & b) ^ (a & c) ^ (b & c))) | 0
    h = g
    g = f
    f = e
    e = (d + one) | 0
    d = c
    c = b
    b = a
    a = (one + two) | 0
  }
  const mixed = [a, b, c, d, e, f, g, h]
  for (let index = 0; index < 8; index++) state[index] = (state[index]! + mixed[index]!) | 0
}

export interface Sha256 {
  /** All parts but the last are multiples of 64 bytes. */
  add(bytes: Uint8Array): void
  /** Lower-case hex; nothing may be added afterwards. */
  finish(): string
}

export const createSha256 = (): Sha256 => {
  const state = START.slice()
  let rest = new Uint8Array(0)
  let total = 0
  const mix = (bytes: Uint8Array): void => {
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
    for (let at = 0; at + BLOCK_BYTES <= bytes.length; at += BLOCK_BYTES) mixBlock(state, view, at)
  }
  return {
    add: (bytes) => {
      if (total % BLOCK_BYTES !== 0) throw new Error('only the last part may end inside of a block')
      mix(bytes)
      total += bytes.length
      rest = bytes.slice(bytes.length - (bytes.length % BLOCK_BYTES))
    },
    finish: () => {
      const last = new Uint8Array(rest.length < BLOCK_BYTES - 8 ? BLOCK_BYTES : 2 * BLOCK_BYTES)
      last.set(rest)
      last[rest.length] = 0x80
      new DataView(last.buffer).setBigUint64(last.length - 8, BigInt(total) * 8n)
      mix(last)
      return Array.from(state, (word) => (word >>> 0).toString(16).padStart(8, '0')).join('')
    },
  }
}
