import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { LogEntry } from '../../sdk/types.ts'
import { createLogStore, LOG_MAX, LOG_MOST, parseLog, STORED_MAX, STORED_TEXT_MAX } from './log-store.ts'

const entry = (text: string, more: Partial<LogEntry> = {}): LogEntry => ({
  time: 1,
  source: 'kernel',
  severity: 'info',
  text,
  ...more,
})

/** What outlives a page, and the timers of one. */
const setUp = (kept = new Map<string, string>()) => {
  let writes = 0
  let timers: (() => void)[] = []
  const storage = {
    getItem: (key: string) => kept.get(key) ?? null,
    setItem: (key: string, value: string) => {
      writes++
      kept.set(key, value)
    },
  }
  const store = createLogStore({ storage, later: (callback) => void timers.push(callback) })
  const say = (...texts: string[]): void => {
    for (const text of texts) store.apply({ type: 'entry', entry: entry(text) })
  }
  const elapse = (): void => {
    const due = timers
    timers = []
    for (const callback of due) callback()
  }
  const texts = (): string[] => store.entries.value.map(({ text }) => text)
  return { kept, store, say, elapse, texts, writes: () => writes }
}

test('what was noted is there for the next page although this one never said goodbye', () => {
  const first = setUp()
  first.say('a', 'b')
  first.elapse()
  first.say('too late')
  const next = setUp(first.kept)
  assert.deepEqual(next.texts(), ['a', 'b'])
  assert.ok(next.store.entries.value.every(({ isOld }) => isOld))
})

test('leaving the page keeps the rest, and a burst is one write', () => {
  const { kept, store, say, elapse, writes } = setUp()
  for (let i = 0; i < 100; i++) say(`${i}`)
  elapse()
  assert.equal(writes(), 1)
  say('last')
  store.keep()
  elapse()
  assert.equal(writes(), 2)
  assert.equal(setUp(kept).texts().at(-1), 'last')
})

test('two tabs keep what both noted', () => {
  const one = setUp()
  const other = setUp(one.kept)
  one.say('from one')
  other.say('from the other')
  one.elapse()
  other.elapse()
  assert.deepEqual(setUp(one.kept).texts(), ['from one', 'from the other'])
})

test('clear empties what is seen and what is kept, also what waits to be kept', () => {
  const { kept, store, say, elapse, texts } = setUp()
  say('kept')
  elapse()
  say('waiting')
  store.apply({ type: 'clear' })
  elapse()
  assert.deepEqual(texts(), [])
  assert.deepEqual(setUp(kept).texts(), [])
})

test('it is bounded: entries here, entries and characters that are kept; a project may ask for fewer or more', () => {
  const { kept, store, say, elapse, texts } = setUp()
  for (let i = 0; i < LOG_MAX + 5; i++) say(`${i}`)
  assert.equal(texts().length, LOG_MAX)
  store.apply({ type: 'limit', lines: 100 })
  assert.equal(texts().length, 100)
  store.apply({ type: 'limit', lines: 10 ** 6 })
  for (let i = 0; i < LOG_MOST + 5; i++) say('x'.repeat(STORED_TEXT_MAX + 10))
  assert.equal(texts().length, LOG_MOST)
  elapse()
  const next = setUp(kept).texts()
  assert.equal(next.length, STORED_MAX)
  assert.equal(next[0]?.length, STORED_TEXT_MAX)
})

test('ids grow and are never used again', () => {
  const { store, say } = setUp()
  say('a')
  store.apply({ type: 'clear' })
  say('b')
  assert.equal(store.entries.value[0]?.id, 2)
})

test('only what is an entry comes out of the storage, and one that throws does no harm', () => {
  const good = entry('g', { source: 'sync', severity: 'warning' })
  const odd = [
    null,
    1,
    'x',
    [],
    { ...good, time: '1' },
    { ...good, source: 'moon' },
    { ...good, severity: 5 },
  ]
  assert.deepEqual(parseLog([...odd, good]), [good])
  assert.deepEqual(parseLog({ length: 3 }), [])
  const broken = createLogStore({
    storage: {
      getItem: () => '{',
      setItem: () => {
        throw new Error('full')
      },
    },
    later: (callback) => callback(),
  })
  broken.apply({ type: 'entry', entry: entry('a') })
  assert.equal(broken.entries.value.length, 1)
})
