import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createAnnouncer } from './console/announcer.ts'
import { createConsoleStore } from './console/console-store.ts'
import { createHistory } from './console/history.ts'
import { formatDuration, formatShare, plural } from './format.ts'
import { downloadSteps, rateText } from './moments/download-steps.ts'
import { parseGallery } from './start/gallery.ts'
import { columnHeight, slotCentre, tracePath } from './start/wires.ts'

test('a share is told in the unit of the whole, a small one in its own', () => {
  assert.equal(formatShare(7.4 * 2 ** 20, 11.6 * 2 ** 20), '7.4 of 11.6 MB')
  assert.equal(formatShare(71 * 2 ** 20, 2 ** 30), '71 MB of 1 GB')
  assert.equal(formatShare(0, 11.6 * 2 ** 20), '0.0 of 11.6 MB')
  assert.equal(formatShare(3, 512), '3 of 512 bytes')
})

test('times are short', () => {
  assert.deepEqual([300, 12_000, 240_000, 7_200_000, 172_800_000].map(formatDuration), [
    '0.3 s',
    '12 s',
    '4 min',
    '2 h',
    '2 days',
  ])
  assert.equal(plural(1, 'file'), '1 file')
  assert.equal(plural(1234, 'file'), '1,234 files')
})

test('history goes back, forward, and keeps what was being typed', () => {
  const history = createHistory()
  history.add('one')
  history.add('two')
  history.add('two')
  assert.equal(history.back('dra'), 'two')
  assert.equal(history.back('two'), 'one')
  assert.equal(history.back('one'), null)
  assert.equal(history.forward(), 'two')
  assert.equal(history.forward(), 'dra')
  assert.equal(history.forward(), null)
})

const run = (callbacks: (() => void)[]): void => {
  for (const callback of callbacks.splice(0)) callback()
}

test('a screen reader hears one sentence for a burst', () => {
  const waiting: (() => void)[] = []
  const frames: (() => void)[] = []
  const said: string[] = []
  const store = createConsoleStore((callback) => void frames.push(callback))
  createAnnouncer(
    store,
    (text) => said.push(text),
    (callback) => void waiting.push(callback),
  )
  const say = (text: string, channel: 'out' | 'err') =>
    store.apply({ type: 'output', pid: 2, channel, bytes: new TextEncoder().encode(text), time: 0 })
  say('a\nb\nc\n', 'out')
  say('bad\n', 'err')
  run(frames)
  say('d\n', 'out')
  run(frames)
  assert.equal(waiting.length, 1)
  run(waiting)
  assert.deepEqual(said, ['5 lines, 1 error line'])
  say('hello\n', 'out')
  run(frames)
  run(waiting)
  assert.equal(said[1], 'hello')
})

test('the steps of a download: done, now, next', () => {
  const download = {
    name: 'python',
    version: '3.12.0',
    step: 'downloading',
    loaded: 64,
    total: 100,
    rate: 2.1 * 2 ** 20,
    left: 2,
    message: '',
    code: '',
    retry: false,
    times: { asked: 1000, downloading: 1100 },
  } as const
  const steps = downloadSteps(download, 'main.py')
  assert.deepEqual(
    steps.map((step) => step.state),
    ['done', 'now', 'next', 'next', 'next'],
  )
  assert.equal(steps[0]?.figure, '0.1 s')
  assert.equal(steps[1]?.figure, '64 %')
  assert.equal(steps[4]?.name, 'Start main.py')
  assert.equal(rateText(download), '2.1 MB/s, 2.0 s left')
  assert.equal(rateText({ rate: 0, left: 0 }), '')
})

test('the gallery takes only archives with a plain name', () => {
  const listed = parseGallery({
    examples: [
      { id: 'a', title: 'A', zip: 'a.zip' },
      { zip: '../../secret.zip' },
      { zip: 'https://x/y.zip' },
      null,
      7,
    ],
  })
  assert.deepEqual(
    listed.map((example) => example.id),
    ['a'],
  )
  assert.throws(() => parseGallery([]), /no list/)
})

test('a wire starts at its slot and ends at its pin', () => {
  assert.match(tracePath(0, 'left'), new RegExp(`^M0 ${slotCentre(0)}H24L.*H64$`))
  assert.match(tracePath(2, 'right'), new RegExp(`^M64 ${slotCentre(2)}H40L.*H0$`))
  assert.ok(columnHeight(6) > columnHeight(2))
})
