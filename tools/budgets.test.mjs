import assert from 'node:assert/strict'
import { test } from 'node:test'
import { checkBudgets } from './budgets.mjs'

/** @param {number} gzip bytes @returns {import('./build.mjs').Build} */
const built = (gzip) => ({
  version: '0',
  id: '0',
  parts: {
    page: ['a', 'b'],
    jail: ['c'],
    kernel: ['c'],
    inspector: ['c'],
    quickjs: [],
    ruby: [],
    wasmrun: [],
    process: ['c'],
    host: ['c'],
    archive: ['c'],
    service: ['c'],
  },
  packages: [],
  files: ['a', 'b', 'c'].map((path) => ({ path, size: gzip * 3, gzip, sha256: '' })),
})

test('a build within its budgets passes and is shown as a table', () => {
  const { lines, exceeded } = checkBudgets(built(8 * 1024))
  assert.deepEqual(exceeded, [])
  assert.equal(lines[0], 'page       16.0 of 60 KiB')
})

test('all files that the page needs to start count together', () => {
  assert.deepEqual(
    checkBudgets(built(31 * 1024)).exceeded.map((line) => line.split(' ')[0]),
    ['page', 'inspector', 'service', 'jail', 'archive'],
  )
})

test('a part that the build does not have is no success', () => {
  const build = built(1)
  build.parts.kernel = ['elsewhere.js']
  assert.deepEqual(checkBudgets(build).exceeded, ['kernel: the build has no elsewhere.js'])
})
