import assert from 'node:assert/strict'
import { test } from 'node:test'
import { CHOICES_MAX, createOwnChoices, parseChoice } from './own-choices.ts'
import { NO_CHOICE } from './project-store.ts'

const setUp = () => {
  const kept = new Map<string, string>()
  const storage = {
    getItem: (key: string) => kept.get(key) ?? null,
    setItem: (key: string, value: string) => void kept.set(key, value),
  }
  return createOwnChoices(storage)
}
const own = { plan: 'b', overrides: { b: { command: 'qjs', args: ['x'], env: { A: '1' } } } }

test('what the user decided is there again for that project and no other', () => {
  const choices = setUp()
  choices.keep('one', own)
  assert.deepEqual(choices.of('one'), own)
  assert.equal(choices.of('two'), null)
  choices.keep('one', NO_CHOICE)
  assert.equal(choices.of('one'), null)
})

test('only so many projects are remembered, the last ones', () => {
  const choices = setUp()
  for (let i = 0; i <= CHOICES_MAX; i++) choices.keep(`${i}`, own)
  assert.equal(choices.of('0'), null)
  assert.deepEqual(choices.of('1'), own)
})

test('whatever was stored, only sound choices come out', () => {
  assert.deepEqual(parseChoice(null), NO_CHOICE)
  const stored = {
    plan: 3,
    overrides: { a: { command: 1, args: [] }, b: { command: 'x', args: [2] }, c: own.overrides.b, d: null },
  }
  assert.deepEqual(parseChoice(stored), { plan: '', overrides: { c: own.overrides.b } })
  assert.deepEqual(parseChoice({ overrides: { a: { command: 'x', args: [], env: { A: 1 } } } }).overrides, {})
})
