import assert from 'node:assert/strict'
import { test } from 'node:test'
import { encodeText } from './bytes.ts'
import { checksum, fingerprint } from './checksum.ts'

test('the checksums are those of xxHash', () => {
  // From the specification's own sanity checks and from well-known implementations.
  const cases: [string, number, number][] = [
    ['', 0, 0x02cc5d05],
    ['', 0x9e3779b1, 0x36b78ae7],
    ['a', 0, 0x550d7456],
    ['abc', 0, 0x32d153ff],
    ['Nobody inspects the spammish repetition', 0, 0xe2293b2f],
  ]
  for (const [text, seed, expected] of cases) {
    const bytes = encodeText(text)
    assert.equal(checksum(bytes, 0, bytes.length, seed), expected, JSON.stringify(text))
  }
})

test('it does not matter where in a buffer the bytes lie', () => {
  const bytes = Uint8Array.from({ length: 1000 }, (_, index) => (index * 31) ^ (index >> 3))
  for (let shift = 0; shift < 8; shift++) {
    const moved = new Uint8Array(1100)
    moved.set(bytes, shift)
    assert.equal(checksum(moved, shift, shift + 1000), checksum(bytes))
    assert.equal(checksum(moved.subarray(shift, shift + 1000)), checksum(bytes))
  }
})

test('every changed bit changes checksum and fingerprint, and a length counts', () => {
  const bytes = new Uint8Array(70)
  const seen = new Set([checksum(bytes)])
  const prints = new Set([fingerprint(bytes, 0, bytes.length)])
  for (let bit = 0; bit < bytes.length * 8; bit++) {
    const other = bytes.slice()
    other[bit >> 3]! ^= 1 << (bit & 7)
    seen.add(checksum(other))
    prints.add(fingerprint(other, 0, other.length))
  }
  assert.equal(seen.size, bytes.length * 8 + 1)
  assert.equal(prints.size, bytes.length * 8 + 1)
  assert.notEqual(checksum(new Uint8Array(16)), checksum(new Uint8Array(17)))
})
