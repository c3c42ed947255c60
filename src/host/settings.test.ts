import assert from 'node:assert/strict'
import { test } from 'node:test'
import { isCode } from '../abi/errno.ts'
import { createSettings, type Records } from './settings.ts'

const createRecords = (): Records & { kept: Map<string, unknown> } => {
  const kept = new Map<string, unknown>()
  return {
    kept,
    get: async (key) => kept.get(key),
    set: async (key, value) => void kept.set(key, value),
    del: async (key) => void kept.delete(key),
  }
}

const silent: Records = {
  get: () => new Promise(() => {}),
  set: () => new Promise(() => {}),
  del: () => new Promise(() => {}),
}

const blocked: Records = {
  get: () => {
    throw new DOMException('denied', 'SecurityError')
  },
  set: () => Promise.reject(new DOMException('denied', 'SecurityError')),
  del: () => Promise.reject(new DOMException('denied', 'SecurityError')),
}

test('a setting outlives the page', async () => {
  const records = createRecords()
  await createSettings(records).set('theme', 'dark')
  assert.equal(await createSettings(records).get('theme'), 'dark')
  await createSettings(records).set('theme', undefined)
  assert.equal(await createSettings(records).get('theme'), undefined)
})

test('what is stored is not believed', async () => {
  const records = createRecords()
  records.kept.set('theme', { evil: true })
  records.kept.set('limits', { files: 10, bad: 'x', never: Number.NaN })
  records.kept.set('recent', [{ name: 'a', opened: 1, runtime: 'Python', extra: 2 }, { name: '' }, null, 'x'])
  const settings = createSettings(records)
  assert.equal(await settings.get('theme'), undefined)
  assert.deepEqual(await settings.get('limits'), { files: 10 })
  assert.deepEqual(await settings.get('recent'), [{ name: 'a', opened: 1, runtime: 'Python' }])
})

test('an unknown key and a value that does not fit are refused', async () => {
  const settings = createSettings(createRecords())
  for (const key of ['x', 'toString', '__proto__', 'probe'])
    await assert.rejects(settings.get(key), (error) => isCode(error, 'EINVAL'))
  await assert.rejects(settings.set('theme', 'pink'), (error) => isCode(error, 'EINVAL'))
  await assert.rejects(settings.set('recent', 'x'), (error) => isCode(error, 'EINVAL'))
})

for (const [name, records] of Object.entries({ silent, blocked }))
  test(`${name} storage is noticed, hangs nothing, and a setting lives as long as the page`, async () => {
    const settings = createSettings(records, 30)
    assert.match((await settings.probe()) ?? '', /stores nothing for this page/)
    assert.equal(await settings.get('theme'), undefined)
    await settings.set('theme', 'dark')
    assert.equal(await settings.get('theme'), 'dark')
  })

test('storage that works is told so and left clean', async () => {
  const records = createRecords()
  assert.equal(await createSettings(records).probe(), null)
  assert.equal(records.kept.size, 0)
})

test('storage that forgets is noticed', async () => {
  const records: Records = { get: async () => undefined, set: async () => {}, del: async () => {} }
  assert.match((await createSettings(records).probe()) ?? '', /forgets/)
})
