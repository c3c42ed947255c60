/**
 * The host's faces as if the jail were taken over: each has the methods that were decided and no other, and whatever is said to the
 * kernel's, in whatever order, is a checked act on the one open project or a refusal in the machine's own words.
 */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { RuntimeBundle } from '../abi/control.ts'
import { isCode } from '../abi/errno.ts'
import type { PartRecord } from '../abi/project.ts'
import { createDisk } from './disk/disk.ts'
import { createHost } from './host.ts'
import type { Hub } from './hub.ts'
import { createOwnership } from './ownership.ts'
import { createProjects } from './projects.ts'
import { refuse } from './refusal.ts'
import { createSettings } from './settings.ts'
import { createSources } from './sources.ts'
import { createTestStore } from './store-fixture.ts'

/** What is added here was decided: the kernel runs beside guests. */
const KERNEL_MAY = [
  'appendBase',
  'appendLog',
  'beginBase',
  'load',
  'readParts',
  'restartLog',
  'switchBase',
] as const
const PAGE_MAY = [
  'addRuntimeSource',
  'cancel',
  'closeProject',
  'connectDisk',
  'createProject',
  'deleteProject',
  'disconnectDisk',
  'diskStatus',
  'dismissConflict',
  'duplicateProject',
  'estimateStorage',
  'exportProject',
  'getSetting',
  'listProjects',
  'openProject',
  'prefetch',
  'remove',
  'removeRuntimeSource',
  'renameProject',
  'runtimeSources',
  'runtimes',
  'setSetting',
  'storage',
]

const CALLS = process.env.LONG === '1' ? 500_000 : 20_000
const SEED = Number(process.env.SEED ?? 4711)

const random = (() => {
  let state = SEED >>> 0
  return (below: number): number => {
    state = (Math.imul(state, 1103515245) + 12345) >>> 0
    return (state >>> 8) % below
  }
})()
const pick = <T>(list: readonly T[]): T => list[random(list.length)] as T

const BUNDLE: RuntimeBundle = {
  name: 'python',
  version: '3.12.0',
  sha256: 'a'.repeat(64),
  recipe: { kind: 'wasi', commands: ['python3'], env: {}, mounts: [], warm: null, startsInPwd: false },
  wasm: new ArrayBuffer(1),
  files: {},
}

const setUp = async () => {
  const asked: string[] = []
  const hub: Hub = {
    list: async () => [],
    load: async (name) => {
      asked.push(name)
      if (name !== 'python') throw refuse.unknown(name, ['python 3.12.0'])
      return BUNDLE
    },
    cancel: () => {},
    remove: async () => {},
    probe: async () => ({ entries: [], refused: [] }),
    refresh: () => {},
  }
  const kept = new Map<string, unknown>()
  const settings = createSettings({
    get: async (key) => kept.get(key),
    set: async (key, value) => void kept.set(key, value),
    del: async (key) => void kept.delete(key),
  })
  const store = createTestStore()
  const quiet = { onAsked: () => {}, onTaken: () => {}, onChanged: () => {} }
  const projects = createProjects({
    store,
    ownership: createOwnership({ locks: null, channel: null, ...quiet }),
    newId: () => crypto.randomUUID(),
    now: () => 1000,
    notify: () => {},
  })
  const host = createHost({
    hub,
    settings,
    sources: createSources(settings, hub, 'https://site.example/runtimes/'),
    projects,
    disk: createDisk({
      records: { get: async () => undefined, set: async () => {}, del: async () => {} },
      project: () => null,
      hashOf: async () => '',
      Observer: null,
      now: Date.now,
      notify: () => {},
    }),
    estimate: async () => ({ usage: 1, quota: 2, isPersistent: false }),
    probeShelf: async () => null,
  })
  const other = (await host.forPage.createProject('other')).id
  const open = (await host.forPage.createProject('open')).id
  await host.forPage.openProject(open, false)
  const beside = (): string =>
    JSON.stringify([...store.records].filter(([key]) => key.includes(other))) + JSON.stringify([...kept])
  return { host, store, asked, other, open, beside }
}

const ODD: (() => unknown)[] = [
  () => undefined,
  () => null,
  () => Number.NaN,
  () => -1,
  () => 2 ** 40 + 1,
  () => 0.5,
  () => 10n,
  () => true,
  () => '',
  () => '../../etc',
  () => 'python',
  () => 'x'.repeat(100_000),
  () => '__proto__',
  () => [],
  () => ({ toString: 5, valueOf: 5 }),
  () => Object.create(null),
  () => JSON.parse('{"__proto__":{"polluted":1},"constructor":{"prototype":{"polluted":1}}}'),
  () => new Map(),
  () => new Uint8Array(3),
  () => new ArrayBuffer(9 * 1024 * 1024),
  () => new Date(Number.NaN),
  () => Symbol('s'),
  () => ({ length: 2 ** 32 }),
  () => Array(17).fill(part()),
]

/** A part as a kernel sends it, with now and then one thing in it that is wrong. */
const part = (): Record<string, unknown> => {
  const made: Record<string, unknown> = {
    bytes: random(8) ? new ArrayBuffer(32 + 12 + random(64)) : new Blob([new Uint8Array(48)]),
    body: [null, new ArrayBuffer(random(64)), new Blob([new Uint8Array(48)])][random(3)],
    ids: new Uint32Array(random(2)),
    batch: random(6),
    index: random(3),
    commit: random(2) === 0,
  }
  if (random(3) === 0) made[pick(Object.keys(made))] = pick(ODD)()
  return made
}
const argument = (): unknown => {
  const kind = random(8)
  if (kind < 3) return Array.from({ length: random(4) }, part)
  if (kind === 3) return [part(), pick(ODD)()]
  return kind < 6 ? random(50) : pick(ODD)()
}

const REFUSALS = ['EPERM', 'ENOENT', 'EINVAL', 'EPROTO', 'EBUSY', 'ESTALE', 'EDQUOT'] as const

test('the faces have the methods that were decided, and no other', async () => {
  const { host } = await setUp()
  assert.deepEqual(Object.keys(host.forKernel).sort(), [...KERNEL_MAY])
  const page = Object.keys(host.forPage).sort()
  assert.deepEqual(
    PAGE_MAY.filter((name) => !page.includes(name)),
    [],
  )
  for (const name of KERNEL_MAY) assert.ok(!page.includes(name), `the page has no need of ${name}`)
})

test(`${CALLS.toLocaleString('en')} wild calls of the kernel’s face: refused in words or done to the open project alone`, async (context) => {
  const { host, store, asked, beside, open } = await setUp()
  const before = beside()
  const face = host.forKernel as unknown as Record<string, (...args: unknown[]) => Promise<unknown>>
  const outcomes = new Map<string, number>()
  for (let step = 0; step < CALLS; step++) {
    const method = pick(KERNEL_MAY)
    const args = Array.from({ length: random(4) }, argument)
    if (method === 'load' && random(4) === 0) args.splice(0, 2, 'python', null)
    let outcome = `${method} done`
    try {
      await face[method]?.(...args)
    } catch (error) {
      const code = REFUSALS.find((each) => isCode(error, each))
      assert.ok(
        code,
        `step ${step} of seed ${SEED}: ${method} ${error instanceof Error ? error.stack : 'threw'}`,
      )
      outcome = `${method} ${code}`
    }
    outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + 1)
    // what is kept stays small enough to go on
    if (step % 500 === 499) {
      await face.beginBase?.()
      await face.switchBase?.()
    }
  }
  for (const method of ['appendLog', 'appendBase', 'readParts', 'load'] as const)
    for (const end of ['done', 'EINVAL'])
      assert.ok(
        (outcomes.get(`${method} ${end}`) ?? 0) > 10,
        `${method} ${end} came ${outcomes.get(`${method} ${end}`)} times`,
      )
  assert.equal(beside(), before, 'another project, or a setting, is not as it was')
  for (const key of store.records.keys())
    assert.ok(key.includes(open) || before.includes(JSON.stringify(key)), `${key} is of no project`)
  for (const name of asked) assert.match(name, /^[A-Za-z0-9][A-Za-z0-9._+-]{0,63}$/)
  assert.equal(({} as { polluted?: number }).polluted, undefined)
  assert.equal((await host.forPage.listProjects()).length, 2)
  context.diagnostic(`seed ${SEED}: ${[...outcomes].map(([name, count]) => `${name} ${count}`).join(', ')}`)
})

test('a part cannot name more inodes than it has records for: what it costs is what is counted', async () => {
  const { host } = await setUp()
  const costly: PartRecord = {
    bytes: new ArrayBuffer(0),
    body: null,
    ids: new Uint32Array(300_000),
    batch: 1,
    index: 0,
    commit: true,
  }
  await assert.rejects(host.forKernel.appendLog([costly], 1), (error) => isCode(error, 'EINVAL'))
  await host.forKernel.beginBase()
  await assert.rejects(host.forKernel.appendBase([costly]), (error) => isCode(error, 'EINVAL'))
})
