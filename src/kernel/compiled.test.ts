import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createCompiled } from './compiled.ts'

const setUp = () => {
  const made: string[] = []
  const forgotten: string[] = []
  const compiled = createCompiled<void>((key) => void forgotten.push(key))
  const want = (key: string, bytes = 1000) =>
    compiled.ensure(key, bytes, async () => {
      made.push(key)
      if (key.startsWith('bad')) throw new Error(key)
    })
  return { compiled, made, forgotten, want }
}

test('a module is compiled once, also when two want it at the same time', async () => {
  const { made, want } = setUp()
  await Promise.all([want('a'), want('a')])
  await want('a')
  assert.deepEqual(made, ['a'])
})

test('what cannot be compiled is tried again the next time', async () => {
  const { compiled, made, want } = setUp()
  await assert.rejects(want('bad'))
  assert.equal(compiled.get('bad'), undefined)
  await assert.rejects(want('bad'))
  assert.deepEqual(made, ['bad', 'bad'])
})

test('the one that was not started for the longest time is forgotten', async () => {
  const { compiled, forgotten, want } = setUp()
  for (let index = 0; index < 32; index++) await want(`m${index}`)
  assert.deepEqual(forgotten, [])
  await want('m0')
  await want('one more')
  assert.deepEqual(forgotten, ['m1'])
  assert.ok(compiled.get('m0'))
})

test('large modules are forgotten earlier, but never those of the last starts', async () => {
  const { forgotten, want } = setUp()
  const large = 100 * 1024 * 1024
  for (const key of ['a', 'b', 'c', 'd']) await want(key, large)
  assert.deepEqual(forgotten, [])
  await want('e', large)
  assert.deepEqual(forgotten, ['a'])
})
