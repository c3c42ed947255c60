import assert from 'node:assert/strict'
import { test } from 'node:test'
import { CHARACTERS_MAX, createConsoleStore, LINES_MAX } from './console-store.ts'
import { ALL, createConsoleView } from './console-view.ts'
import { runsText } from './line.ts'
import { LINE_LENGTH_MAX } from './streams.ts'

const bytes = (text: string) => new TextEncoder().encode(text)

const create = () => {
  let pending: (() => void) | null = null
  const store = createConsoleStore((callback) => {
    pending = callback
  })
  const say = (text: string | Uint8Array, pid = 7, channel: 'out' | 'err' = 'out') =>
    store.apply({
      type: 'output',
      pid,
      channel,
      bytes: typeof text === 'string' ? bytes(text) : text,
      time: 1,
    })
  const texts = () => {
    const all: string[] = []
    for (let id = store.first(); id < store.end(); id++) all.push(runsText(store.line(id)?.runs ?? []))
    return all
  }
  return {
    store,
    say,
    texts,
    frame: () => {
      const callback = pending
      pending = null
      callback?.()
    },
  }
}

test('a prompt without a newline is a line at once and grows', () => {
  const { say, texts } = create()
  say('name? ')
  assert.deepEqual(texts(), ['name? '])
  say('Ada\r\nhello Ada\n')
  assert.deepEqual(texts(), ['name? Ada', 'hello Ada'])
})

test('streams of one process and of two do not mix inside a line', () => {
  const { say, texts, store } = create()
  store.apply({ type: 'open', pid: 7, label: 'python3 7' })
  say('par')
  say('oops\n', 7, 'err')
  say('other\n', 8)
  say('tial\n')
  assert.deepEqual(texts(), ['partial', 'oops', 'other'])
  assert.equal(store.line(0)?.label, 'python3 7')
  assert.equal(store.line(1)?.channel, 'err')
})

test('what is typed at a prompt on standard error stands behind the prompt', () => {
  const { say, texts, store } = create()
  say('name? ', 7, 'err')
  say('Ada\r\n')
  say('next? ', 7, 'err')
  assert.deepEqual(texts(), ['name? Ada', 'next? '])
  assert.equal(store.line(0)?.channel, 'err')
  assert.notEqual(store.line(0)?.runs[1]?.style.fg, store.line(0)?.runs[0]?.style.fg)
})

test('output does not run into a progress bar on standard error, and errors not into output', () => {
  const { say, texts } = create()
  say('\r10 %', 7, 'err')
  say('working')
  say('\r20 %', 7, 'err')
  say('\n')
  say('half')
  say('\noops\n', 7, 'err')
  assert.deepEqual(texts(), ['20 %', 'working', 'half', 'oops'])
})

test('a character cut between two chunks is whole', () => {
  const { say, texts } = create()
  const euro = bytes('€\n')
  say(euro.slice(0, 1))
  say(euro.slice(1))
  assert.deepEqual(texts(), ['€'])
})

test('close ends the open line and gives out what was cut', () => {
  const { say, store, texts } = create()
  say(new Uint8Array([0xe2, 0x82]))
  store.apply({ type: 'close', pid: 7 })
  say('next')
  assert.deepEqual(texts(), ['\ufffd', 'next'])
})

test('empty lines stay', () => {
  const { say, texts } = create()
  say('a\n\n\nb\n')
  assert.deepEqual(texts(), ['a', '', '', 'b'])
})

test('one version per frame, however much came', () => {
  const { store, say, frame } = create()
  for (let i = 0; i < 50; i++) say(`${i}\n`)
  assert.equal(store.version.value, 0)
  frame()
  assert.equal(store.version.value, 1)
})

test('at most LINES_MAX lines are kept and the rest is counted', () => {
  const { store, say, frame, texts } = create()
  const many = LINES_MAX + 12_345
  say(Array.from({ length: many }, (_, i) => `line ${i}\n`).join(''))
  frame()
  assert.equal(store.end() - store.first(), LINES_MAX)
  assert.equal(store.dropped.value, 12_345)
  assert.equal(texts()[0], 'line 12345')
  assert.equal(texts().at(-1), `line ${many - 1}`)
})

test('text without a newline is bounded: lines are cut, the oldest go', () => {
  const { store, say, texts } = create()
  const block = 'x'.repeat(1024 * 1024)
  say(block)
  say('y')
  assert.deepEqual(
    texts()
      .slice(-2)
      .map((text) => text.length),
    [LINE_LENGTH_MAX, 1],
    'a line that is full to the last is over',
  )
  for (let size = 0; size <= CHARACTERS_MAX; size += block.length) say(block)
  const all = texts()
  assert.ok(all.every((text) => text.length <= LINE_LENGTH_MAX))
  assert.ok(all.reduce((sum, text) => sum + text.length, 0) <= CHARACTERS_MAX)
  assert.ok(store.first() > 0)
})

test('clear forgets lines and the count of the dropped, ids go on', () => {
  const { store, say, frame, texts } = create()
  say('a\nb')
  store.apply({ type: 'clear' })
  frame()
  assert.deepEqual(texts(), [])
  say('c')
  assert.deepEqual(texts(), ['c'])
  assert.equal(store.first(), 2)
})

test('what the machine says is split at newlines', () => {
  const { store, texts } = create()
  store.apply({ type: 'system', source: 'kernel', text: 'one\ntwo', time: 1 })
  assert.deepEqual(texts(), ['one', 'two'])
  assert.equal(store.line(1)?.channel, 'sys')
})

test('a view follows the store through filter, growth, width and loss', () => {
  const { store, say, frame } = create()
  const view = createConsoleView(store)
  view.setColumns(10)
  say('short\n')
  say('an error that is long\n', 7, 'err')
  say('123456789')
  frame()
  assert.equal(view.index.count(), 3)
  assert.equal(view.index.rows(), 1 + 3 + 1)
  say('0123')
  frame()
  assert.equal(view.index.rows(), 1 + 3 + 2)
  view.setFilter({ ...ALL, channels: { out: false, err: true, sys: false } })
  assert.equal(view.text(), 'an error that is long')
  view.setFilter({ ...ALL, text: 'SHORT' })
  assert.equal(view.text(), 'short')
  view.setFilter({ ...ALL, pid: 99 })
  assert.equal(view.index.count(), 0)
  view.setFilter(ALL)
  say(`\n${'y\n'.repeat(LINES_MAX - 1)}`)
  frame()
  assert.equal(view.index.count(), LINES_MAX)
  // two lines went: 'short' with one row and the error with three
  assert.equal(view.takeDropped(), 4)
  assert.equal(view.index.rows(), 2 + LINES_MAX - 1)
})

test('a line that grows into the filter appears in its place', () => {
  const { store, say, frame } = create()
  const view = createConsoleView(store)
  view.setFilter({ ...ALL, text: 'ready' })
  say('rea')
  say('x\n', 8)
  frame()
  assert.equal(view.index.count(), 0)
  say('dy')
  frame()
  assert.equal(view.text(), 'ready')
})
