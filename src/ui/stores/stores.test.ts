import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { ProcessInfo, RuntimeProgress } from '../../abi/control.ts'
import { createNoticeStore, TOASTS_MAX } from './notice-store.ts'
import { clampSize, createPreferenceStore, DEFAULTS, parsePreferences } from './preferences.ts'
import { createProcessStore, ENDED_MAX } from './process-store.ts'
import { createProjectStore, joinWords, type Project, type RunPlan, splitWords } from './project-store.ts'
import { createRuntimeStore } from './runtime-store.ts'

const info = (pid: number, more: Partial<ProcessInfo> = {}): ProcessInfo => ({
  pid,
  parent: 0,
  command: 'python3',
  args: ['main.py'],
  cwd: '/home/project',
  runtime: 'python 3.12.0',
  state: 'running',
  waiting: '',
  note: '',
  group: 1,
  session: 1,
  nice: 0,
  started: 1000,
  cpu: 0,
  memory: 100,
  files: 3,
  threads: 1,
  exit: null,
  ...more,
})

test('the share of a core is what was used since the sample before', () => {
  const store = createProcessStore()
  store.apply({ type: 'sample', processes: [info(2)], time: 1000 })
  assert.equal(store.rows.value[0]?.share, null)
  store.apply({ type: 'sample', processes: [info(2, { cpu: 250, memory: 200 })], time: 2000 })
  assert.equal(store.rows.value[0]?.share, 25)
  assert.deepEqual(store.rows.value[0]?.samples, [100, 200])
})

test('an ended process stays with its reason although the kernel no longer lists it', () => {
  const store = createProcessStore()
  store.apply({ type: 'sample', processes: [info(2), info(3)], time: 1000 })
  store.apply({ type: 'exit', pid: 2, code: 1, signal: 0, message: 'trap', time: 1500 })
  store.apply({ type: 'sample', processes: [info(3)], time: 2000 })
  const [first, second] = store.rows.value
  assert.equal(first?.state, 'ended')
  assert.deepEqual(first?.exit, { code: 1, signal: 0, message: 'trap' })
  assert.equal(second?.state, 'running')
})

test('a process that the kernel has forgotten without a word leaves the table', () => {
  const store = createProcessStore()
  store.apply({ type: 'sample', processes: [info(2)], time: 2000 })
  store.apply({ type: 'sample', processes: [], time: 3000 })
  assert.equal(store.rows.value.length, 0)
})

test('a process started after the list was made is not lost by it', () => {
  const store = createProcessStore()
  store.apply({ type: 'sample', processes: [], time: 2000 })
  store.apply({ type: 'process', process: info(5, { started: 2500 }), time: 2500 })
  store.apply({ type: 'sample', processes: [], time: 2600 })
  assert.equal(store.rows.value[0]?.pid, 5)
})

test('late news cannot wake the dead, and dismissed rows stay away', () => {
  const store = createProcessStore()
  store.apply({ type: 'process', process: info(2, { state: 'ended' }), time: 1 })
  store.apply({ type: 'process', process: info(2), time: 2 })
  assert.equal(store.rows.value[0]?.state, 'ended')
  store.apply({ type: 'dismiss', pid: 2 })
  store.apply({ type: 'sample', processes: [info(2, { state: 'ended' })], time: 3 })
  assert.equal(store.rows.value.length, 0)
})

test('only so many ended processes stay', () => {
  const store = createProcessStore()
  for (let pid = 1; pid <= ENDED_MAX + 5; pid++)
    store.apply({ type: 'process', process: info(pid, { state: 'ended' }), time: pid })
  assert.equal(store.rows.value.length, ENDED_MAX)
  assert.equal(store.rows.value[0]?.pid, 6)
})

const step = (name: RuntimeProgress['step'], more: Partial<RuntimeProgress> = {}): RuntimeProgress => ({
  name: 'python',
  version: '3.12.0',
  step: name,
  loaded: 0,
  total: 100,
  rate: 0,
  left: 0,
  message: '',
  code: '',
  retry: false,
  ...more,
})

const python = {
  name: 'python',
  version: '3.12.0',
  latest: true,
  download: 100,
  size: 200,
  cached: false,
  license: 'PSF-2.0',
  source: '',
  hub: '',
}

test('a runtime that arrived is on this device, one that could not be kept is not', () => {
  const store = createRuntimeStore()
  store.apply({ type: 'list', runtimes: [python] })
  for (const name of ['asked', 'downloading', 'checked'] as const)
    store.apply({ type: 'progress', progress: step(name), time: 1 })
  store.apply({ type: 'progress', progress: step('kept', { message: 'could not be kept' }), time: 2 })
  assert.equal(store.runtimes.value[0]?.cached, false)
  store.apply({ type: 'progress', progress: step('ready'), time: 3 })
  assert.equal(store.progress.value.size, 0)
})

test('a step told twice, or late, opens no card again', () => {
  const store = createRuntimeStore()
  store.apply({ type: 'progress', progress: step('ready'), time: 1 })
  store.apply({ type: 'progress', progress: step('kept'), time: 2 })
  assert.equal(store.progress.value.size, 0)
})

test('a failure stays until it is put away or tried again, and then starts with fresh times', () => {
  const store = createRuntimeStore()
  store.apply({ type: 'progress', progress: step('asked'), time: 1 })
  store.apply({ type: 'progress', progress: step('failed', { message: 'damaged', retry: true }), time: 2 })
  assert.equal(store.download('python', '3.12.0')?.message, 'damaged')
  store.apply({ type: 'progress', progress: step('asked'), time: 9 })
  assert.deepEqual(store.download('python', null)?.times, { asked: 9 })
  store.apply({ type: 'forget', name: 'python' })
  assert.equal(store.progress.value.size, 0)
})

test('two versions of one runtime come side by side, and what failed without a version belongs to both', () => {
  const store = createRuntimeStore()
  store.apply({ type: 'progress', progress: step('downloading', { loaded: 1 }), time: 1 })
  store.apply({ type: 'progress', progress: step('downloading', { version: '3.11.9', loaded: 2 }), time: 1 })
  assert.equal(store.download('python', '3.12.0')?.loaded, 1)
  assert.equal(store.download('python', '3.11.9')?.loaded, 2)
  assert.equal(store.download('python', '3.10.0'), undefined)
  store.apply({ type: 'progress', progress: step('ready', { version: '3.11.9' }), time: 2 })
  assert.equal(store.download('python', '3.12.0')?.loaded, 1)
  store.apply({ type: 'forget', name: 'python', version: '3.12.0' })
  store.apply({ type: 'progress', progress: step('failed', { version: '' }), time: 3 })
  assert.equal(store.download('python', '3.12.0')?.step, 'failed')
})

test('layouts go by the project’s id; what was kept under its name goes over to the first that has it', () => {
  const kept = new Map<string, string>()
  const storage = {
    getItem: (key: string) => kept.get(key) ?? null,
    setItem: (key: string, value: string) => void kept.set(key, value),
  }
  kept.set('wasmrun:layouts', JSON.stringify([['shop', { filesWidth: 300, watch: true }]]))
  const store = createPreferenceStore(storage)
  store.enter('id-1', 'shop')
  assert.equal(store.current.value.filesWidth, 300)
  assert.equal(store.current.value.watch, true)
  store.enter('id-2', 'shop')
  assert.equal(store.current.value.watch, false, 'a namesake is another project')
  store.apply({ filesWidth: 200 })
  store.enter('id-1', 'renamed')
  assert.equal(store.current.value.filesWidth, 300)
  assert.equal(store.current.value.watch, true)
})

test('a project that gets its id keeps the layout it has', () => {
  const kept = new Map<string, string>()
  const storage = {
    getItem: (key: string) => kept.get(key) ?? null,
    setItem: (key: string, value: string) => void kept.set(key, value),
  }
  const store = createPreferenceStore(storage)
  store.enter('', 'shop')
  store.apply({ watch: true, bottomHeight: 300 })
  store.adopt('id-1')
  store.enter('', '')
  store.apply({ bottomHeight: 200 })
  store.enter('id-1', 'shop')
  assert.equal(store.current.value.bottomHeight, 300)
  assert.equal(store.current.value.watch, true)
})

test('stored preferences are taken only where they make sense', () => {
  assert.deepEqual(parsePreferences(null), DEFAULTS)
  const parsed = parsePreferences({
    theme: 'pink',
    filesWidth: 1e9,
    bottomHeight: 'tall',
    panel: 'kernel',
    filesShown: 0,
  })
  assert.equal(parsed.theme, 'system')
  assert.equal(parsed.filesWidth, 560)
  assert.equal(parsed.bottomHeight, DEFAULTS.bottomHeight)
  assert.equal(parsed.panel, 'kernel')
  assert.equal(parsed.filesShown, true)
  assert.equal(clampSize('filesWidth', Number.NaN), DEFAULTS.filesWidth)
})

test('preferences outlive the page, and a storage that throws does no harm', () => {
  const kept = new Map<string, string>()
  const storage = {
    getItem: (key: string) => kept.get(key) ?? null,
    setItem: (key: string, value: string) => void kept.set(key, value),
  }
  createPreferenceStore(storage).apply({ theme: 'dark' })
  assert.equal(createPreferenceStore(storage).current.value.theme, 'dark')
  const broken = createPreferenceStore({
    getItem: () => '{',
    setItem: () => {
      throw new Error('full')
    },
  })
  broken.apply({ theme: 'light' })
  assert.equal(broken.current.value.theme, 'light')
})

const plan = (id: string): RunPlan => ({
  id,
  title: 'Python 3.12',
  runtime: 'python',
  version: null,
  command: 'python3',
  args: [`${id}.py`],
  cwd: '/home/project',
  env: {},
  entry: `${id}.py`,
  reason: '',
  problem: '',
})
const project = (plans: RunPlan[]): Project => ({
  name: 'p',
  kind: 'folder',
  files: 1,
  bytes: 1,
  leftOut: [],
  plans,
})

test('the first way to run is chosen until the user chooses another', () => {
  const store = createProjectStore()
  store.apply({ type: 'opened', project: project([plan('a'), plan('b')]) })
  assert.equal(store.chosen.value?.id, 'a')
  store.apply({ type: 'choose', plan: 'b' })
  store.apply({ type: 'override', plan: 'b', command: 'qjs', args: ['x'] })
  assert.equal(store.chosen.value?.command, 'qjs')
  store.apply({ type: 'opened', project: project([]) })
  assert.equal(store.chosen.value, null)
})

test('a command line is taken apart as a shell would, and put together again', () => {
  assert.deepEqual(splitWords(`python3 "a b.py" --x='1 2' it\\'s ''`), [
    'python3',
    'a b.py',
    '--x=1 2',
    "it's",
    '',
  ])
  for (const words of [['a', 'b c', "d'e", '"', '$HOME', '\\', '']])
    assert.deepEqual(splitWords(joinWords(words)), words)
})

test('toasts are few and go by themselves, faults stay', () => {
  const pending: (() => void)[] = []
  const store = createNoticeStore((callback) => void pending.push(callback))
  store.apply({ type: 'toast', kind: 'fault', text: 'bad' })
  store.apply({ type: 'toast', kind: 'info', text: 'news' })
  for (const callback of pending) callback()
  assert.deepEqual(
    store.toasts.value.map((toast) => toast.text),
    ['bad'],
  )
  for (let i = 0; i < 9; i++) store.apply({ type: 'toast', kind: 'info', text: `${i}` })
  assert.equal(store.toasts.value.length, TOASTS_MAX)
})

test('what the user typed lies over what is found, also when that is found anew; the same words are no change', () => {
  const store = createProjectStore()
  store.apply({ type: 'opened', project: project([plan('a'), plan('b')]) })
  store.apply({ type: 'choose', plan: 'b' })
  store.apply({ type: 'override', plan: 'b', command: 'python3', args: ['b.py', '-v'], env: { X: '1' } })
  store.apply({ type: 'plans', plans: [plan('c'), { ...plan('b'), reason: 'new' }] })
  assert.deepEqual(store.chosen.value?.args, ['b.py', '-v'])
  assert.equal(store.chosen.value?.reason, 'new')
  store.apply({ type: 'as-found', plan: 'b' })
  assert.deepEqual(store.chosen.value?.args, ['b.py'])
  store.apply({ type: 'override', plan: 'b', command: 'python3', args: ['b.py'], env: {} })
  assert.deepEqual(store.own.value.overrides, {})
})

test('what was decided before comes back, and what is decided now counts more', () => {
  const store = createProjectStore()
  store.apply({ type: 'opened', project: project([plan('a'), plan('b')]) })
  store.apply({ type: 'override', plan: 'a', command: 'now', args: [] })
  const overrides = { a: { command: 'before', args: [] }, b: { command: 'kept', args: ['x'] } }
  store.apply({ type: 'recall', own: { plan: 'b', overrides } })
  assert.equal(store.chosen.value?.command, 'kept')
  assert.equal(store.project.value?.plans[0]?.command, 'now')
})
