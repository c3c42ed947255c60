import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { RuntimeProgress } from '../../abi/control.ts'
import { DISK_OFF, type DiskStatus } from '../../abi/disk.ts'
import type { LogEntry } from '../../sdk/types.ts'
import { createStores } from '../stores/stores.ts'
import { runtimeNote } from './log-feed.ts'
import { exportText, passes } from './log-filter.ts'
import { syncNotes } from './sync-notes.ts'

const entry: LogEntry = { time: 0, source: 'host', severity: 'warning', text: 'Two\nlines' }
const all = { text: '', source: '', least: 'debug' } as const

test('the filter looks at words, source and severity', () => {
  assert.ok(passes(entry, all))
  assert.ok(passes(entry, { ...all, text: 'LINES' }))
  assert.ok(passes(entry, { ...all, text: 'host' }))
  assert.ok(!passes(entry, { ...all, text: 'kernel' }))
  assert.ok(passes(entry, { ...all, source: 'host' }))
  assert.ok(!passes(entry, { ...all, source: 'sync' }))
  assert.ok(passes(entry, { ...all, least: 'warning' }))
  assert.ok(!passes(entry, { ...all, least: 'error' }))
})

test('the export has a line for each entry, and further lines of a text are indented', () => {
  assert.equal(exportText([entry]), '1970-01-01T00:00:00.000Z warning host    Two\n  lines\n')
})

const progress = (more: Partial<RuntimeProgress>): RuntimeProgress => ({
  name: 'python',
  version: '3.12.0',
  step: 'ready',
  loaded: 0,
  total: 0,
  rate: 0,
  left: 0,
  message: '',
  code: '',
  retry: false,
  ...more,
})

test('what a download says is an entry of the runtimes, as bad as it is', () => {
  assert.deepEqual(runtimeNote(progress({})), {
    source: 'runtime',
    severity: 'info',
    text: 'python 3.12.0 is ready.',
  })
  assert.equal(runtimeNote(progress({ step: 'failed', message: 'Offline.' }))?.severity, 'error')
  assert.equal(runtimeNote(progress({ step: 'downloading' })), null)
})

test('the folder of the disk tells its states, conflicts and what it leaves out, each once', () => {
  const inStep: DiskStatus = { ...DISK_OFF, state: 'in-step', folder: 'shop' }
  const conflict = { path: 'a.js', mine: 'a.js.mine', time: 1 }
  const worse: DiskStatus = {
    ...inStep,
    state: 'permission',
    message: 'The browser closed the folder.',
    conflicts: [conflict],
    leftOut: [{ path: 'big.bin', where: 'disk', reason: 'It is large.' }],
  }
  const say = (before: DiskStatus, now: DiskStatus): string[] =>
    syncNotes(before, now).map(({ source, severity, text }) => `${source} ${severity} ${text}`)
  assert.deepEqual(say(DISK_OFF, inStep), ['sync info shop: in step: both sides are equal.'])
  assert.deepEqual(say(inStep, worse), [
    'sync warning shop: The browser closed the folder.',
    "sync warning a.js changed here and on disk. The disk's is in place; yours is a.js.mine.",
    'sync info big.bin takes no part: It is large.',
  ])
  assert.deepEqual(say(worse, worse), [])
  assert.deepEqual(say(worse, DISK_OFF), ['sync info No folder is in step any more.'])
})

test('what the machine says on the console is in the log with its own source and severity', () => {
  const stores = createStores({ storage: null, nextFrame: async () => {}, later: () => {} })
  const said = { type: 'system', time: 1, text: 't' } as const
  stores.console.apply({ ...said, source: 'kernel', severity: 'warning' })
  stores.console.apply({ ...said, source: 'runtime', severity: 'error' })
  stores.console.apply({ ...said, source: 'sync' })
  stores.console.apply({ ...said, source: 'elsewhere' })
  assert.deepEqual(
    stores.logs.entries.value.map(({ source, severity }) => `${source} ${severity}`),
    ['kernel warning', 'runtime error', 'sync info', 'page info'],
  )
})
