import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { RuntimeBundle } from '../abi/control.ts'
import { isCode } from '../abi/errno.ts'
import { createDisk } from './disk/disk.ts'
import { createHost } from './host.ts'
import type { Hub } from './hub.ts'
import { createOwnership } from './ownership.ts'
import { createProjects } from './projects.ts'
import { refuse } from './refusal.ts'
import { type Asker, parseHostRequest } from './requests.ts'
import { createSettings } from './settings.ts'
import { createSources } from './sources.ts'
import { createTestStore } from './store-fixture.ts'

const BUNDLE: RuntimeBundle = {
  name: 'python',
  version: '3.12.0',
  sha256: 'a'.repeat(64),
  recipe: { kind: 'wasi', commands: ['python3'], env: {}, mounts: [], warm: null, startsInPwd: false },
  wasm: new ArrayBuffer(1),
  files: {},
}

const setUp = (problem: string | null = null) => {
  const calls: unknown[][] = []
  const hub: Hub = {
    list: async () => [],
    load: async (name, version) => {
      calls.push(['load', name, version])
      if (name !== 'python3') throw refuse.unknown(name, ['python 3.12.0'])
      return BUNDLE
    },
    cancel: (name) => void calls.push(['cancel', name]),
    remove: async (name, version) => void calls.push(['remove', name, version]),
    probe: async () => ({ entries: [], refused: [] }),
    refresh: () => {},
  }
  const kept = new Map<string, unknown>()
  const settings = createSettings({
    get: async (key) => kept.get(key),
    set: async (key, value) => void kept.set(key, value),
    del: async (key) => void kept.delete(key),
  })
  const disk = createDisk({
    records: { get: async () => undefined, set: async () => {}, del: async () => {} },
    project: () => null,
    hashOf: async () => '',
    Observer: null,
    now: Date.now,
    notify: () => {},
  })
  const projects = createProjects({
    store: createTestStore(),
    ownership: createOwnership({
      locks: null,
      channel: null,
      onAsked: () => {},
      onTaken: () => {},
      onChanged: () => {},
    }),
    newId: () => 'id',
    now: () => 0,
    notify: () => {},
  })
  const sources = createSources(settings, hub, 'https://site.test/runtimes/')
  const estimate = async () => ({ usage: 0, quota: 0, isPersistent: false })
  return {
    calls,
    host: createHost({ hub, settings, sources, projects, disk, estimate, probeShelf: async () => problem }),
  }
}

test('the kernel gets a runtime, and ENOENT for a word that names none', async () => {
  const { host } = setUp()
  assert.equal(await host.forKernel.load('python3', null), BUNDLE)
  await assert.rejects(host.forKernel.load('ruby', null), (error) => isCode(error, 'ENOENT'))
  await assert.rejects(host.forKernel.load('../x', null), (error) => isCode(error, 'ENOENT'))
})

test('runtimes and the parts of the open project are all that the kernel sees', () => {
  const parts = ['readParts', 'appendLog', 'restartLog', 'beginBase', 'appendBase', 'switchBase']
  assert.deepEqual(Object.keys(setUp().host.forKernel), ['load', ...parts])
})

test('what the kernel may not ask is refused, even under another name', () => {
  const foreign = [
    'storage',
    'setSetting',
    'remove',
    'cancel',
    'prefetch',
    'constructor',
    '__proto__',
    5,
    null,
  ]
  for (const method of foreign)
    assert.throws(
      () => parseHostRequest('kernel', method, ['python', null]),
      (error) => isCode(error, 'EPERM'),
    )
})

test('arguments of the wrong shape never reach an act', async () => {
  const { host, calls } = setUp()
  const load = host.forKernel.load as (...args: unknown[]) => Promise<unknown>
  for (const args of [[], [5], [{}], ['python3', 5], ['python3', '../3'], ['python3', {}]])
    await assert.rejects(load(...args), (error) => isCode(error, 'EINVAL') || isCode(error, 'ENOENT'))
  const remove = host.forPage.remove as (...args: unknown[]) => Promise<unknown>
  await assert.rejects(remove('a/b', null), (error) => isCode(error, 'ENOENT'))
  assert.deepEqual(calls, [])
})

test('a request is parsed for each method that the page has', () => {
  const asker: Asker = 'page'
  assert.deepEqual(parseHostRequest(asker, 'runtimes', []), { method: 'runtimes' })
  assert.deepEqual(parseHostRequest(asker, 'prefetch', ['python']), {
    method: 'prefetch',
    name: 'python',
    version: null,
  })
  assert.deepEqual(parseHostRequest(asker, 'setSetting', ['theme', 'dark']), {
    method: 'setSetting',
    key: 'theme',
    value: 'dark',
  })
  assert.throws(
    () => parseHostRequest(asker, 'load', ['python', null]),
    (error) => isCode(error, 'EPERM'),
  )
})

test('storage tells what does not work and what that means', async () => {
  assert.deepEqual(await setUp().host.forPage.storage(), { works: true, message: '' })
  assert.deepEqual(await setUp('This browser gives the page no more room.').host.forPage.storage(), {
    works: false,
    message:
      'This browser gives the page no more room. Programs run, but nothing is kept for the next visit.',
  })
})
