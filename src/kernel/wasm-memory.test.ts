import assert from 'node:assert/strict'
import { test } from 'node:test'
import { importsFrom, limitMemory } from './wasm-memory.ts'

const PAGE = 65536
const HEADER = [0x00, 0x61, 0x73, 0x6d, 1, 0, 0, 0]
const EXPORT = [7, 10, 1, 6, ...new TextEncoder().encode('memory'), 2, 0]

/** A module that exports one memory with these limits (as bytes), with a custom section before it. */
const module = (...limits: number[]): Uint8Array<ArrayBuffer> =>
  new Uint8Array([...HEADER, 0, 3, 1, 0x78, 9, 5, limits.length + 1, 1, ...limits, ...EXPORT])

const grow = (wasm: Uint8Array<ArrayBuffer>, pages: number): number => {
  const { memory } = new WebAssembly.Instance(new WebAssembly.Module(wasm)).exports
  return (memory as WebAssembly.Memory).grow(pages)
}

test('a memory without a maximum gets one, and the engine enforces it', () => {
  const { bytes, minimum } = limitMemory(module(0, 2), 4 * PAGE)
  assert.equal(minimum, 2 * PAGE)
  assert.equal(grow(bytes, 2), 2)
  assert.throws(() => grow(bytes, 3), RangeError)
})

test('a larger maximum is lowered, a smaller one stays', () => {
  assert.throws(() => grow(limitMemory(module(1, 1, 100), 4 * PAGE).bytes, 4), RangeError)
  assert.throws(() => grow(limitMemory(module(1, 1, 2), 400 * PAGE).bytes, 2), RangeError)
})

test('a module that starts beyond the limit keeps its minimum, which is told', () => {
  const { bytes, minimum } = limitMemory(module(0, 0x80, 0x01), 4 * PAGE)
  assert.equal(minimum, 128 * PAGE)
  assert.ok(WebAssembly.validate(bytes))
})

test('what is no module, has no memory, or ends in the middle is left as it is', () => {
  for (const odd of [
    new Uint8Array(),
    new Uint8Array(HEADER),
    new Uint8Array([...HEADER, 5, 0xff]),
    module(0, 2).slice(0, 16),
  ]) {
    assert.equal(limitMemory(odd, PAGE).bytes, odd)
  }
})

test('every cut of a module is survived', () => {
  const whole = module(1, 1, 100)
  for (let length = 0; length <= whole.length; length++)
    assert.doesNotThrow(() => limitMemory(whole.slice(0, length), PAGE))
})

test('it is told which modules a module imports from, past every kind of import; what ends in the middle imports nothing', () => {
  const text = (words: string): number[] => [words.length, ...new TextEncoder().encode(words)]
  const imports = [
    [...text('a'), ...text('table'), 1, 0x70, 1, 1, 2],
    [...text('b'), ...text('memory'), 2, 3, 1, 2],
    [...text('c'), ...text('global'), 3, 0x7f, 0],
    [...text('d'), ...text('call'), 0, 0],
    [...text('wasmrun'), ...text('send'), 0, 0],
  ]
  const body = [imports.length, ...imports.flat()]
  const wasm = new Uint8Array([...HEADER, 1, 4, 1, 0x60, 0, 0, 2, body.length, ...body])
  assert.ok(WebAssembly.validate(wasm))
  for (const name of ['a', 'b', 'c', 'd', 'wasmrun']) assert.ok(importsFrom(wasm, name), name)
  for (const name of ['send', 'wasm', 'wasmrun2', '']) assert.ok(!importsFrom(wasm, name), name)
  for (let end = 0; end < wasm.length; end++) assert.ok(!importsFrom(wasm.slice(0, end), 'wasmrun'))
})
