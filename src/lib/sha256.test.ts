import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { test } from 'node:test'
import { createSha256 } from './sha256.ts'

const oracle = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex')

const sum = (bytes: Uint8Array, part = bytes.length): string => {
  const hash = createSha256()
  for (let at = 0; at < bytes.length; at += part) hash.add(bytes.subarray(at, at + part))
  return hash.finish()
}

const noise = (length: number): Uint8Array =>
  Uint8Array.from({ length }, (_, index) => Math.imul(index + length, 2654435761) >>> 13)

test('the examples of FIPS 180-4 come out', () => {
  const encode = (text: string): Uint8Array => new TextEncoder().encode(text)
  assert.equal(sum(encode('abc')), 'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad')
  assert.equal(sum(encode('')), 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855')
})

test('every length around a block is what another implementation says, whole and in parts', () => {
  for (let length = 0; length < 300; length++) {
    const bytes = noise(length)
    assert.equal(sum(bytes), oracle(bytes), `${length} bytes`)
    assert.equal(sum(bytes, 64), oracle(bytes), `${length} bytes in parts`)
  }
})

test('bytes that lie anywhere in a buffer, many of them', (context) => {
  const bytes = noise(4_000_003).subarray(3)
  const start = performance.now()
  const mine = sum(bytes, 1 << 20)
  context.diagnostic(`${(bytes.length / 1e3 / (performance.now() - start)).toFixed(0)} MB/s`)
  assert.equal(mine, oracle(bytes))
})
