import assert from 'node:assert/strict'
import { test } from 'node:test'
import { importedMemory, importsFrom, limitMemory } from './wasm-memory.ts'

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

/** A module of these sections: id and content. */
const sections = (...list: [number, ...number[]][]): Uint8Array<ArrayBuffer> =>
  new Uint8Array([...HEADER, ...list.flatMap(([id, ...content]) => [id, content.length, ...content])])

test('what would get around the limit is refused, with a reason', () => {
  const MEMORY_IMPORT = [1, 0x61, 1, 0x62, 2, 3, 1, 2]
  const odd: [RegExp, Uint8Array<ArrayBuffer>][] = [
    [/2 memories/, sections([5, 2, 0, 1, 0, 1])],
    [/2 memories/, sections([2, 1, ...MEMORY_IMPORT], [5, 1, 0, 1])],
    [/2 memories/, sections([2, 2, ...MEMORY_IMPORT, ...MEMORY_IMPORT])],
    [/memory64/, sections([5, 1, 4, 1])],
    [/memory64/, sections([5, 1, 5, 1, 2])],
    [/shared memory of its own/, sections([5, 1, 3, 1, 2])],
    [/does not know/, sections([5, 1, 8, 1, 0])],
    [/does not know/, sections([5, 1, 1, 1])],
    [/tables are of a kind/, sections([4, 1, 0x70, 4, 1])],
    [/tables are of a kind/, sections([4, 2, 0x70, 0, 1])],
    [/tables begin with 2097152 entries/, sections([4, 1, 0x70, 0, 0x80, 0x80, 0x80, 0x01])],
    [/imports are of a kind/, sections([2, 1, 1, 0x61, 1, 0x62, 9, 0])],
  ]
  for (const [words, wasm] of odd) assert.match(limitMemory(wasm, 16 * PAGE).refusal, words)
})

test('the imports of ordinary programs are read past, whatever their kind', () => {
  const names = [1, 0x61, 1, 0x62]
  const imports = [
    [...names, 0, 0],
    [...names, 1, 0x70, 1, 1, 2],
    [...names, 1, 0x63, 0x70, 0, 1],
    [...names, 3, 0x7f, 0],
    [...names, 3, 0x64, 0x70, 1],
    [...names, 4, 0, 0],
    [...names, 2, 3, 1, 2],
  ]
  const wasm = sections([2, imports.length, ...imports.flat()])
  assert.equal(limitMemory(wasm, 16 * PAGE).refusal, '')
  assert.deepEqual(importedMemory(wasm, 16 * PAGE), { initial: 1, maximum: 2 })
})

test('tables grow within a part of the memory limit, all of them together', () => {
  const limit = 1024 * 1024
  const exported = [7, 2, 1, 0x61, 1, 0, 1, 0x62, 1, 1] as const
  const plain = [0x70, 0, 1]
  const { bytes, refusal } = limitMemory(sections([4, 2, ...plain, ...plain], [...exported]), limit)
  assert.equal(refusal, '')
  const { exports } = new WebAssembly.Instance(new WebAssembly.Module(bytes))
  let entries = 0
  for (const table of Object.values(exports) as WebAssembly.Table[]) {
    for (const step of [16384, 1024, 32, 1])
      try {
        for (;;) table.grow(step)
      } catch (error) {
        assert.ok(error instanceof RangeError)
      }
    entries += table.length
  }
  assert.equal(entries, limit / 16)
})

test('a table that begins with a value keeps it', () => {
  const begun = [0x40, 0, 0x70, 0, 1, 0xd0, 0x70, 0x0b]
  const { bytes, refusal } = limitMemory(sections([4, 1, ...begun]), 1024)
  assert.equal(refusal, '')
  assert.deepEqual(bytes, sections([4, 1, 0x40, 0, 0x70, 1, 1, 64, 0xd0, 0x70, 0x0b]))
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
