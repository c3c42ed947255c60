import assert from 'node:assert/strict'
import { test } from 'node:test'
import { blank, checkFile, importsOf } from './rooms.mjs'

/** @param {string} path @param {string} source */
const messages = (path, source) => checkFile(path, source).map((violation) => violation.message)

test('a room that imports what the table forbids is caught', () => {
  const source = "import { a } from '../memory/wake.ts'\nimport { b } from '../process/wasi.ts'\n"
  assert.deepEqual(checkFile('src/vfs/tree.ts', source), [
    {
      path: 'src/vfs/tree.ts',
      line: 2,
      message: 'vfs imports src/process/wasi.ts; it may import abi, lib, languages, memory',
    },
  ])
})

test('a type import, a re-export, a dynamic import and an import type are imports, too', () => {
  const forms = [
    "import type { A } from '../ui/a.ts'",
    "export { a } from '../ui/a.ts'",
    "export * from '../ui/a.ts'",
    "import '../ui/a.ts'",
    "const a = await import('../ui/a.ts')",
    "type A = import('../ui/a.ts').A",
    "import {\n  a, // from 'elsewhere'\n  b,\n} from '../ui/a.ts'",
  ]
  for (const source of forms) assert.equal(checkFile('src/kernel/boot.ts', source).length, 1, source)
})

test('the kernel may not know a language', () => {
  assert.equal(messages('src/kernel/spawn.ts', "import { python } from '../languages/python.ts'").length, 1)
  assert.equal(messages('src/process/exec.ts', "import { python } from '../languages/python.ts'").length, 0)
})

test('Atomics outside memory and postMessage outside ipc are caught, inside they are not', () => {
  assert.deepEqual(messages('src/vfs/a.ts', 'Atomics.load(words, 0)'), [
    'says Atomics, which only src/memory may',
  ])
  assert.deepEqual(messages('workers/jail.ts', 'worker.postMessage(1)'), [
    'says postMessage, which only src/ipc may',
  ])
  assert.deepEqual(messages('src/memory/a.ts', 'Atomics.load(words, 0)'), [])
  assert.deepEqual(messages('src/ipc/a.ts', 'port.postMessage(1)'), [])
})

test('a comment, a string or a regular expression may say the words', () => {
  const source =
    "// Atomics\n/* Atomics */ const a = 'Atomics'; const b = `Atomics`; const c = /[/]Atomics/.test(a)\n"
  assert.deepEqual(messages('src/vfs/a.ts', source), [])
})

test('code inside a template is code', () => {
  assert.equal(messages('src/vfs/a.ts', 'const a = `${{ x: Atomics.load(w, 0) }.x} and ${1}`').length, 1)
  assert.equal(messages('src/vfs/a.ts', 'const a = `${1} Atomics ${`Atomics`} Atomics`').length, 0)
})

test('an apostrophe in JSX text does not hide the next line', () => {
  assert.equal(messages('src/ui/a.tsx', "const a = <p>it's</p>\nport.postMessage(1)\n").length, 1)
})

test('a division is not the start of a regular expression', () => {
  assert.equal(messages('src/vfs/a.ts', 'const a = b / c; Atomics.load(w, 0); const d = e / f').length, 1)
})

test('a package in the wrong room is caught, and one that is in no list', () => {
  assert.equal(messages('src/ui/a.tsx', "import { wrap } from 'comlink'").length, 1)
  assert.equal(messages('src/ipc/a.ts', "import { wrap } from 'comlink'").length, 0)
  assert.equal(messages('src/ui/a.tsx', "import { useState } from 'preact/hooks'").length, 0)
  assert.equal(messages('src/lib/a.ts', "import x from 'left-pad'").length, 1)
})

test('only a test may import from Node', () => {
  assert.equal(messages('src/lib/a.ts', "import { join } from 'node:path'").length, 1)
  assert.equal(messages('src/lib/a.test.ts', "import { test } from 'node:test'").length, 0)
})

test('a file in no room, and an import of a door, are caught', () => {
  assert.equal(messages('src/helpers/a.ts', '').length, 1)
  assert.equal(messages('src/ui/a.ts', "import '../main.tsx'").length, 1)
})

test('an import written in a string is none', () => {
  assert.deepEqual(importsOf(`const code = "import('../ui/a.ts')"`), [])
})

test('blanking keeps the length and the lines', () => {
  assert.equal(blank("a // b\n'c'\n/* d\n e */ `f${g}h`\n", true), 'a     \n   \n    \n          g   \n')
  assert.equal(blank("a // b\n'c'\n", false), "a     \n'c'\n")
})
