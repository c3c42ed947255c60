import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  byteString,
  concatBytes,
  decodeText,
  decodeTextStrict,
  encodeText,
  formatBytes,
  textBytes,
} from './bytes.ts'

test('the length of a text in bytes is the length of its bytes', () => {
  for (const text of ['', 'abc', 'é', '€', '😀', 'a😀b', '\ud800', '\udc00x', '\ud800\ud800\udc00'])
    assert.equal(textBytes(text), encodeText(text).length, JSON.stringify(text))
})

test('a byte string has one character for each byte', () => {
  assert.equal(byteString('abc'), 'abc')
  assert.deepEqual(
    [...byteString('é€')].map((c) => c.charCodeAt(0)),
    [...encodeText('é€')],
  )
})

test('strict decoding knows what is not UTF-8, lenient decoding goes on', () => {
  assert.equal(decodeTextStrict(new Uint8Array([0x61, 0xff])), undefined)
  assert.equal(decodeText(new Uint8Array([0x61, 0xff])), 'a\ufffd')
  assert.equal(decodeText(encodeText('\ufeffx')), 'x')
  assert.equal(decodeTextStrict(encodeText('\ufeffx')), '\ufeffx')
})

test('chunks join in order', () => {
  assert.deepEqual(
    [...concatBytes([new Uint8Array([1, 2]), new Uint8Array([]), new Uint8Array([3])])],
    [1, 2, 3],
  )
})

test('sizes are written as people read them', () => {
  const sizes = [0, 1, 1023, 1024, 1536, 10 * 2 ** 20, 50 * 2 ** 20 - 1, 2 ** 30, 1.25 * 2 ** 40, 2 ** 60]
  assert.deepEqual(sizes.map(formatBytes), [
    '0 bytes',
    '1 byte',
    '1023 bytes',
    '1 KB',
    '1.5 KB',
    '10 MB',
    '50 MB',
    '1 GB',
    '1.3 TB',
    '1048576 TB',
  ])
})
