/** What the random walk of model.ts chooses from. */
/** xorshift32: small, seeded, the same everywhere. */
export const createRandom = (seed: number): ((below: number) => number) => {
  let state = seed | 0 || 1
  return (below) => {
    state ^= state << 13
    state ^= state >>> 17
    state ^= state << 5
    return (state >>> 0) % below
  }
}

/** Names by weight: short ones collide often, the rest are the hard ones. */
export const NAMES = [
  'a',
  'b',
  'c',
  'd',
  'e',
  'f',
  'g',
  'h',
  'dir',
  'dir2',
  'x.py',
  'node_modules',
  'a file with spaces and a long name',
]
export const ODD = [
  '..',
  '.',
  '\\',
  'a\nb',
  '\xc3\xa9',
  '\xf0\x9f\x90\x8d',
  'n'.repeat(255),
  'n'.repeat(256),
  'bad\xff',
  '\xed\xa0\x80',
  'nul\0',
  '',
  'm'.repeat(100),
]
export const SIZES = [
  0, 1, 100, 255, 256, 257, 1000, 4095, 4096, 4097, 10000, 65535, 65536, 65537, 70000, 140000,
]
export const POSITIONS = [
  0, 0, 0, 1, 100, 256, 4000, 4096, 8192, 60000, 65536, 100000, 300000, 4194304, 5000000,
]
/** Nearly nothing is ever written there; single reads look at it, full comparisons do not. */
export const HOLE_FROM = 500_000
export const HOLE_TO = 4_000_000
export const FAR = [2 ** 31, 2 ** 32 + 5, 2 ** 40, 2 ** 42 - 10, 2 ** 42, 2 ** 50]
