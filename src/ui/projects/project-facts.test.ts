import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createFactStore, isHere, type ProjectFacts, parseFacts } from './project-facts.ts'

const FACTS: ProjectFacts = {
  language: 'Python 3.12.0',
  runtime: 'python',
  version: '3.12.0',
  folder: 'shop',
  pending: 2,
  lost: 0,
}

test('what was noted of a project is there in the next visit, also when another tab has noted others', () => {
  const kept = new Map<string, string>()
  const storage = {
    getItem: (key: string) => kept.get(key) ?? null,
    setItem: (key: string, value: string) => void kept.set(key, value),
  }
  const store = createFactStore(storage)
  createFactStore(storage).note('other', { ...FACTS, folder: '' })
  store.note('mine', FACTS)
  assert.deepEqual([...createFactStore(storage).all.value.keys()], ['mine', 'other'])
  assert.deepEqual(createFactStore(storage).all.value.get('mine'), FACTS)
})

test('what was stored is taken only where it makes sense', () => {
  assert.deepEqual(parseFacts('x'), [])
  assert.deepEqual(parseFacts([1, ['a'], ['b', null], [3, {}]]), [])
  assert.deepEqual(parseFacts([['a', { language: 4, pending: -1 }]]), [
    ['a', { language: '', runtime: null, version: null, folder: '', pending: 0, lost: 0 }],
  ])
})

test('a project needs fetching when its runtime is not on the device in that version', () => {
  const on = (version: string, cached: boolean) => [{ name: 'python', version, cached }]
  assert.equal(isHere(FACTS, on('3.12.0', true)), true)
  assert.equal(isHere(FACTS, on('3.12.0', false)), false)
  assert.equal(isHere(FACTS, on('3.13.0', true)), false)
  assert.equal(isHere({ ...FACTS, version: null }, on('3.13.0', true)), true)
  assert.equal(isHere({ ...FACTS, runtime: null }, []), true)
  assert.equal(isHere(undefined, []), true)
})
