import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseKernelEvent } from './events.ts'

const process = {
  pid: 1,
  parent: 0,
  command: 'a',
  args: ['b'],
  cwd: '/',
  runtime: 'wasm',
  state: 'running',
  waiting: '',
  started: 1.5,
  cpu: 0.25,
  memory: 65536,
  files: 3,
  threads: 1,
  note: '',
  group: 1,
  session: 1,
  nice: -3,
  exit: null,
}
const reason = { code: 1, signal: 0, message: '' }
const GOOD: Record<string, unknown>[] = [
  { type: 'output', pid: 1, chunks: [{ channel: 1, bytes: new Uint8Array(3) }], bytes: 3 },
  { type: 'exit', pid: 1, reason },
  { type: 'process', process },
  { type: 'process', process: { ...process, exit: reason, later: 3 } },
  { type: 'watch', id: 1, paths: ['/a'], writers: [0] },
  { type: 'save', state: 'saved', message: '' },
  { type: 'log', time: 1.5, severity: 'info', text: 't' },
  { type: 'log', time: 1.5, severity: 'info', text: 't', told: 'u' },
  { type: 'fault', message: 'm' },
]
const ODD: unknown[] = [
  undefined,
  null,
  -1,
  1.5,
  Number.NaN,
  'x',
  10n,
  [],
  [1],
  {},
  { length: 2 ** 40 },
  new Map(),
  true,
]

test('what the kernel says comes through as it was', () => {
  for (const event of GOOD) assert.deepEqual(parseKernelEvent(event), event)
})

test('with an odd value in any field an event is none, or has only values of the right kind', () => {
  let refused = 0
  for (const event of GOOD) {
    for (const key of Object.keys(event)) {
      for (const value of ODD) {
        const parsed = parseKernelEvent({ ...event, [key]: value })
        if (parsed === undefined) refused++
        else for (const [name, kept] of Object.entries(parsed)) assert.equal(typeof kept, typeof event[name])
      }
    }
  }
  assert.ok(refused > 200, String(refused))
  for (const value of ODD) assert.equal(parseKernelEvent(value), undefined)
})

test('a key that leads to a prototype changes none', () => {
  const event = JSON.parse(`{"type":"process","process":{"__proto__":{"polluted":1},"pid":1}}`)
  assert.equal(parseKernelEvent(event), undefined)
  const whole = JSON.parse(
    JSON.stringify({ type: 'process', process }).replace('"pid"', '"__proto__":{"polluted":1},"pid"'),
  )
  const parsed = parseKernelEvent(whole)
  assert.ok(parsed?.type === 'process')
  assert.equal(Object.getPrototypeOf(parsed.process), Object.prototype)
  assert.equal(({} as { polluted?: number }).polluted, undefined)
})
