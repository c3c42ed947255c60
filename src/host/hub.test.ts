import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { RuntimeProgress } from '../abi/control.ts'
import { sha256 } from './digest.ts'
import { BASE, LIBRARY, MODULE, MODULE_URL, setUp, subtle } from './hub-fixture.ts'
import { Refusal } from './refusal.ts'

const stepNames = (steps: readonly RuntimeProgress[]): string[] =>
  steps.map(({ step }) => step).filter((step, index, all) => step !== all[index - 1])

test('a first load downloads, checks and keeps, and says each step', async () => {
  const { hub, steps, runtimesKept } = await setUp()
  const bundle = await hub.load('python', null)
  assert.deepEqual(new Uint8Array(bundle.wasm), MODULE)
  assert.deepEqual(new Uint8Array(bundle.files.stdlib ?? new ArrayBuffer(0)), LIBRARY)
  assert.equal(bundle.version, '3.12.0')
  assert.equal(bundle.sha256, await sha256(subtle, MODULE))
  assert.deepEqual(stepNames(steps), ['asked', 'downloading', 'checked', 'kept', 'ready'])
  assert.equal(runtimesKept().length, 2)
})

test('progress counts the bytes that travel, up to all of them', async () => {
  const { hub, steps, packed } = await setUp()
  await hub.load('python', null)
  const total = packed.module.length + packed.library.length
  const downloading = steps.filter(({ step }) => step === 'downloading')
  assert.ok(downloading.every((each) => each.total === total && each.loaded <= total))
  assert.equal(downloading[0]?.loaded, 0)
  assert.equal(downloading.at(-1)?.loaded, total)
})

test('a second visit asks the network for the manifests only', async () => {
  const { hub, asked, steps, again } = await setUp()
  await hub.load('python', null)
  asked.length = 0
  steps.length = 0
  const bundle = await again().load('python3', '3.12')
  assert.deepEqual(new Uint8Array(bundle.wasm), MODULE)
  assert.ok(asked.every((url) => url.endsWith('manifest.json')))
  assert.deepEqual(stepNames(steps), ['asked', 'checked', 'ready'])
})

test('a list tells sizes and what is on this device, before and after', async () => {
  const { hub, packed } = await setUp()
  const find = async () => (await hub.list()).find(({ version }) => version === '3.12.0')
  const before = await find()
  assert.equal(before?.cached, false)
  assert.equal(before?.download, packed.module.length + packed.library.length)
  assert.equal(before?.size, MODULE.length + LIBRARY.length)
  await hub.load('python', null)
  assert.equal((await find())?.cached, true)
  await hub.remove('python', null)
  assert.equal((await find())?.cached, false)
})

test('without a connection a runtime that was kept still loads', async () => {
  const { hub, answers, again } = await setUp({ online: false })
  await hub.load('python', null)
  for (const url of answers.keys()) answers.set(url, () => Promise.reject(new TypeError('Failed to fetch')))
  assert.deepEqual(new Uint8Array((await again().load('python', null)).wasm), MODULE)
})

test('two loads at once download once, and each has buffers of its own', async () => {
  const { hub, asked } = await setUp()
  const [one, two] = await Promise.all([hub.load('python', null), hub.load('python3', '3.12.0')])
  assert.equal(asked.filter((url) => url === MODULE_URL).length, 1)
  assert.ok(one && two && one.wasm !== two.wasm)
  structuredClone(one.wasm, { transfer: [one.wasm] })
  assert.equal(one.wasm.byteLength, 0)
  assert.deepEqual(new Uint8Array(two.wasm), MODULE)
})

test('a server that unpacks .gz files by itself is understood', async () => {
  const { hub, answers, again, asked } = await setUp()
  answers.set(MODULE_URL, () => new Response(MODULE, { headers: { 'content-encoding': 'identity' } }))
  assert.deepEqual(new Uint8Array((await hub.load('python', null)).wasm), MODULE)
  asked.length = 0
  await again().load('python', null)
  assert.ok(!asked.includes(MODULE_URL))
})

test('versions: none is the latest, a beginning is the highest of that line, others are unknown', async () => {
  const { hub, steps } = await setUp()
  assert.equal((await hub.load('python', null)).version, '3.12.0')
  assert.equal((await hub.load('python', '3')).version, '3.12.0')
  assert.equal((await hub.load('python', '3.9')).version, '3.9.1')
  steps.length = 0
  await assert.rejects(hub.load('ruby', null), /There is no ruby in the catalogue\. It has python 3\.9\.1, /)
  await assert.rejects(hub.load('python', '2.7'), (error) => error instanceof Refusal && !error.retry)
  assert.deepEqual(steps, [])
})

test('an entry without a hash cannot be loaded, and the reason is told', async () => {
  const { hub, asked } = await setUp()
  await assert.rejects(hub.load('python', '4.0.0'), /python 4\.0\.0 has no SHA-256/)
  assert.ok(!asked.includes(MODULE_URL))
})

test('a catalogue that is no catalogue is told, and asked for again', async () => {
  const { hub, answers } = await setUp()
  const good = answers.get(`${BASE}manifest.json`)
  assert.ok(good)
  for (const bad of ['{', '[]', '<!doctype html>']) {
    answers.set(`${BASE}manifest.json`, () => new Response(bad))
    await assert.rejects(hub.load('python', null), (error) => error instanceof Refusal && error.retry)
  }
  answers.set(`${BASE}manifest.json`, good)
  await hub.load('python', null)
})

test('the manifest that a fallback page stands for is refused even when one is kept', async () => {
  const { hub, answers, again } = await setUp()
  await hub.load('python', null)
  const page = () => new Response('<!doctype html>', { headers: { 'content-type': 'text/html' } })
  answers.set(`${BASE}manifest.json`, page)
  await assert.rejects(again().load('python', null), /web page instead of/)
})
