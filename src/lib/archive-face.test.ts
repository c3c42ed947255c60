import assert from 'node:assert/strict'
import { test } from 'node:test'
import { zipSync } from 'fflate'
import { createArchive } from './archive-face.ts'
import { ZipError } from './zip.ts'

const text = (words: string): Uint8Array => new TextEncoder().encode(words)

test('the facts of all entries come first, the bytes of each when it is asked for, and are given away', () => {
  const given: Uint8Array[] = []
  const archive = createArchive((bytes) => {
    given.push(bytes)
    return bytes
  })
  const facts = archive.open(zipSync({ 'a.txt': text('a'), 'd/b.txt': text('bb') }), null)
  assert.deepEqual(
    facts.map(({ path, kind, size }) => [path, kind, size]),
    [
      ['a.txt', 'file', 1],
      ['d/b.txt', 'file', 2],
    ],
  )
  assert.ok(
    facts.every((entry) => Object.values(entry).every((value) => typeof value !== 'function')),
    'they can cross to another thread',
  )
  assert.deepEqual(given, [])
  assert.deepEqual(archive.read(1), text('bb'))
  assert.equal(given.length, 1)
})

test('what is no archive, passes a limit or is not in it is refused', () => {
  const archive = createArchive((bytes) => bytes)
  assert.throws(() => archive.open(text('no zip at all, but long enough to be looked at'), null), ZipError)
  const limits = { entries: 1, totalBytes: 10, ratio: 250, ratioFreeBytes: 1000 }
  assert.throws(() => archive.open(zipSync({ a: text('a'), b: text('b') }), limits), /holds 2 entries/)
  assert.throws(() => archive.read(0), /no entry 0/)
})
