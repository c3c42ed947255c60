import assert from 'node:assert/strict'
import { test } from 'node:test'
import { decodeText, HEX_MAX, hexRow, hexRows, imageType, isWasm } from './content.ts'

const bytes = (text: string) => new TextEncoder().encode(text)

test('text is text, bytes with a zero or broken UTF-8 are not', () => {
  assert.equal(decodeText(bytes('grüß\n'), false), 'grüß\n')
  assert.equal(decodeText(new Uint8Array([65, 0, 66]), false), null)
  assert.equal(decodeText(new Uint8Array([0xc3]), false), null)
})

test('a character cut at the end of what was read is no fault', () => {
  assert.equal(decodeText(new Uint8Array([65, 0xc3]), true), 'A')
})

test('images and programs are known by their first bytes', () => {
  assert.equal(imageType(new Uint8Array([0x89, 0x50, 0x4e, 0x47, 13, 10])), 'image/png')
  assert.equal(imageType(bytes('RIFF0000WEBPVP8 ')), 'image/webp')
  assert.equal(imageType(bytes('<svg>')), '')
  assert.equal(isWasm(new Uint8Array([0, 0x61, 0x73, 0x6d, 1])), true)
})

test('a row of bytes has its offset, sixteen cells and the letters', () => {
  const row = hexRow(bytes('0123456789abcdefXYZ'), 1)
  assert.equal(row.offset, '00000010')
  assert.equal(row.hex.trimEnd(), '58 59 5a')
  assert.equal(row.text, 'XYZ')
  assert.equal(hexRows(17), 2)
  assert.equal(hexRows(10_000_000), HEX_MAX / 16)
})
