import assert from 'node:assert/strict'
import { test } from 'node:test'
import { checkWords } from './words.mjs'

test('marks of unfinished work are found with their line', () => {
  assert.deepEqual(checkWords('src/a.ts', 'a\n// TODO: b\n'), [
    'src/a.ts:2 a mark of unfinished work: // TODO: b',
  ])
  assert.equal(checkWords('src/a.ts', "throw new Error('not implemented')").length, 1)
})

test('a skipped test is found, and other uses of the word are not', () => {
  assert.equal(checkWords('src/a.test.ts', "test.skip('a', () => {})").length, 1)
  assert.equal(checkWords('src/a.test.ts', "test('a', { skip: true }, () => {})").length, 1)
  assert.equal(checkWords('src/a.ts', 'reader.skip(4)').length, 0)
})

test('a source over the ceiling is found, a test file of that length is not', () => {
  const long = 'a\n'.repeat(351)
  assert.equal(checkWords('src/abi/a.ts', long).length, 1)
  assert.equal(checkWords('src/abi/a.ts', 'a\n'.repeat(350)).length, 0)
  assert.equal(checkWords('src/abi/a.test.ts', long).length, 0)
})
