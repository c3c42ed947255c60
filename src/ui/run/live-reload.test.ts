import assert from 'node:assert/strict'
import { test } from 'node:test'
import { signal } from '@preact/signals'
import type { Change } from '../files/files.ts'
import type { RunPlan } from '../stores/project-store.ts'
import { createStores } from '../stores/stores.ts'
import { followChanges, SETTLED } from './live-reload.ts'
import type { Run, RunState } from './runner.ts'

const plan: RunPlan = {
  id: '0 main.js',
  title: 'JavaScript',
  runtime: 'quickjs',
  version: null,
  command: 'qjs',
  args: ['main.js'],
  cwd: '/home/project',
  env: {},
  entry: 'main.js',
  reason: '',
  problem: '',
}
const PID = 7
const CHILD = 9
const STRANGER = 12

const setUp = () => {
  const stores = createStores({ storage: null, nextFrame: async () => {}, later: () => {} })
  stores.project.apply({
    type: 'opened',
    project: { name: 'p', kind: 'folder', files: 1, bytes: 1, leftOut: [], plans: [plan] },
  })
  stores.preferences.apply({ watch: true })
  const runs = signal<ReadonlyMap<string, Run>>(new Map())
  const timers: { callback: () => void; delay: number }[] = []
  const restarts: (() => void)[] = []
  let started = true
  let change: (changes: readonly Change[]) => void = () => {}
  let touch: (paths: readonly string[]) => void = () => {}
  const hear =
    <T>(keep: (listener: (value: T) => void) => void) =>
    (listener: (value: T) => void) => {
      keep(listener)
      return () => {}
    }
  followChanges({
    stores,
    later: (callback, delay) => void timers.push({ callback, delay }),
    files: {
      onChange: hear((listener: typeof change) => {
        change = listener
      }),
      onTouch: hear((listener: typeof touch) => {
        touch = listener
      }),
    },
    runner: {
      runs,
      restart: () => new Promise((resolve) => restarts.push(resolve)),
      planOf: (pid) => (pid === PID || pid === CHILD ? plan.id : ''),
      hasRun: () => started,
    },
  })
  return {
    stores,
    restarts,
    timers,
    change: (path: string, writer = 0) => change([{ path: `/home/project/${path}`, writer }]),
    touch: (path: string) => touch([`/home/project/${path}`]),
    /** Lets the pending timers come, all or those of one delay. */
    elapse: (delay?: number) => {
      for (const timer of timers.splice(0))
        if (delay === undefined || timer.delay === delay) timer.callback()
        else timers.push(timer)
    },
    enter: (state: RunState) => {
      runs.value = new Map([[plan.id, { plan, state, pid: null }]])
    },
    neverStarted: () => {
      started = false
    },
  }
}

test('a change by the user, the disk or another program starts the program again', () => {
  for (const writer of [0, STRANGER]) {
    const { change, elapse, restarts } = setUp()
    change('main.js', writer)
    elapse()
    assert.equal(restarts.length, 1, `writer ${writer}`)
  }
})

test('what the program and its children write starts nothing', () => {
  const { change, elapse, restarts } = setUp()
  change('out.txt', PID)
  change('out.txt', CHILD)
  elapse()
  assert.equal(restarts.length, 0)
})

test('a crowd of changes is one start, also while the last start is under way', async () => {
  const { change, elapse, restarts } = setUp()
  for (let i = 0; i < 50; i++) change(`file ${i}`)
  elapse()
  assert.equal(restarts.length, 1)
  for (let i = 0; i < 3; i++) {
    change('main.js')
    elapse()
  }
  assert.equal(restarts.length, 1)
  restarts[0]?.()
  await new Promise((resolve) => setTimeout(resolve))
  assert.equal(restarts.length, 2)
})

test('what is saved because the program starts does not start it again, what is saved later does', () => {
  const { change, touch, elapse, enter, restarts } = setUp()
  enter('preparing')
  touch('main.js')
  enter('running')
  change('main.js')
  assert.equal(restarts.length, 0)
  elapse(SETTLED)
  change('main.js')
  elapse()
  assert.equal(restarts.length, 1)
})

test('packages, histories and caches are no program text', () => {
  const { change, elapse, restarts } = setUp()
  for (const path of ['.git/index', 'node_modules/x/index.js', 'lib/__pycache__/a.pyc']) change(path)
  elapse()
  assert.equal(restarts.length, 0)
  change('lib/.gitignore')
  elapse()
  assert.equal(restarts.length, 1)
})

test('without the switch, and for a program that was never started, nothing happens', () => {
  const off = setUp()
  off.stores.preferences.apply({ watch: false })
  off.change('main.js')
  off.elapse()
  const fresh = setUp()
  fresh.neverStarted()
  fresh.change('main.js')
  fresh.elapse()
  assert.equal(off.restarts.length + fresh.restarts.length, 0)
})
