import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { OutputChunk } from '../abi/control.ts'
import { createProcess, type ProcessCalls } from './process.ts'
import type { Output } from './types.ts'

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text)
const out = (text: string): OutputChunk => ({ channel: 1, bytes: bytes(text) })
const err = (text: string): OutputChunk => ({ channel: 2, bytes: bytes(text) })

const setUp = (isTerminal = false) => {
  const asked: string[] = []
  const calls: ProcessCalls = {
    input: async (pid, data) => void asked.push(`input ${pid} ${new TextDecoder().decode(data)}`),
    endInput: async (pid) => void asked.push(`end ${pid}`),
    ack: (pid, count) => void asked.push(`ack ${pid} ${count}`),
    kill: async (pid, signal) => void asked.push(`kill ${pid} ${signal}`),
    resize: async (pid, columns, rows) => void asked.push(`resize ${pid} ${columns} ${rows}`),
  }
  return { feed: createProcess(7, calls, isTerminal), asked }
}
const text = (stream: ReadableStream<Uint8Array>): Promise<string> => new Response(stream).text()

test('stdout and stderr are two streams that end with the process', async () => {
  const { feed } = setUp()
  const { stdout, stderr, exit } = feed.process
  feed.output([out('a'), err('b'), out('c')])
  feed.ended({ code: 3, signal: 0, message: '' })
  assert.deepEqual(await Promise.all([text(stdout), text(stderr)]), ['ac', 'b'])
  assert.deepEqual(await exit, { code: 3, signal: null })
})

test('a process that a signal ended says which', async () => {
  const { feed } = setUp()
  feed.ended({ code: 137, signal: 9, message: '' })
  assert.deepEqual(await feed.process.exit, { code: 137, signal: 'SIGKILL' })
})

test('output that nobody has read yet is not acknowledged', async () => {
  const { feed, asked } = setUp()
  const reader = feed.process.stdout.getReader()
  feed.output([out('four'), out('five5')])
  await new Promise((resolve) => setTimeout(resolve, 10))
  assert.deepEqual(asked, [])
  await reader.read()
  assert.deepEqual(asked, ['ack 7 4'])
  await reader.read()
  assert.deepEqual(asked, ['ack 7 4', 'ack 7 5'])
})

test('what is read after the end is all there', async () => {
  const { feed } = setUp()
  feed.output([out('early')])
  feed.ended({ code: 0, signal: 0, message: '' })
  await feed.process.exit
  assert.equal(await text(feed.process.stdout), 'early')
})

test('both channels in one stream keep their order', async () => {
  const { feed } = setUp()
  const seen: string[] = []
  const reading = feed.process.output.pipeTo(
    new WritableStream<Output>({
      write: ({ channel, bytes: piece }) => void seen.push(`${channel} ${new TextDecoder().decode(piece)}`),
    }),
  )
  feed.output([err('1'), out('2')])
  feed.output([err('3')])
  feed.ended({ code: 0, signal: 0, message: '' })
  await reading
  assert.deepEqual(seen, ['err 1', 'out 2', 'err 3'])
})

test('on a terminal stdout has everything and stderr nothing', async () => {
  const { feed } = setUp(true)
  feed.output([out('prompt '), err('error')])
  feed.ended({ code: 0, signal: 0, message: '' })
  assert.deepEqual(await Promise.all([text(feed.process.stdout), text(feed.process.stderr)]), [
    'prompt error',
    '',
  ])
})

test('who cancels a stream does not hold the process back', async () => {
  const { feed, asked } = setUp()
  await feed.process.stdout.cancel()
  feed.output([out('12345')])
  assert.deepEqual(asked, ['ack 7 5'])
})

test('input takes text and bytes, and closing it is the end of input', async () => {
  const { feed, asked } = setUp()
  const writer = feed.process.input.getWriter()
  await writer.write('text')
  await writer.write(bytes('bytes'))
  await writer.close()
  await feed.process.kill()
  await feed.process.resize({ columns: 100, rows: 30 })
  assert.deepEqual(asked, ['input 7 text', 'input 7 bytes', 'end 7', 'kill 7 SIGTERM', 'resize 7 100 30'])
})
