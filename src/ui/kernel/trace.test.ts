import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { TraceEntry } from '../../abi/control.ts'
import { CALLS_MAX, createTrace, traceText } from './trace.ts'

const call = (index: number): TraceEntry => ({
  time: 1_750_000_000_007 + index,
  micros: 3,
  call: 'write',
  import: 'fd_write',
  text: `write(1, "${index}") = 1`,
})

const settled = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 5))

const traceOf = (most = Number.POSITIVE_INFINITY) => {
  let next = 0
  let isCancelled = false
  const stream = new ReadableStream<TraceEntry>(
    {
      pull: (controller) => {
        if (next < most) controller.enqueue(call(next++))
        else controller.close()
      },
      cancel: () => {
        isCancelled = true
      },
    },
    { highWaterMark: 0 },
  )
  const trace = createTrace({
    pid: 7,
    strace: () => stream,
    nextFrame: () => new Promise((resolve) => setTimeout(resolve, 0)),
  })
  return { trace, read: () => next, isCancelled: () => isCancelled }
}

test('calls are kept in order, up to a bound, and what was pushed out is counted', async () => {
  const { trace } = traceOf(CALLS_MAX + 25)
  while (trace.state.value !== 'ended' || trace.calls.value.length + trace.forgotten.value < CALLS_MAX + 25)
    await settled()
  assert.equal(trace.calls.value.length, CALLS_MAX)
  assert.equal(trace.forgotten.value, 25)
  assert.equal(trace.calls.value[0]?.text, 'write(1, "25") = 1')
  assert.match(
    traceText(trace),
    /^… 25 earlier calls are not kept\n\d\d:\d\d:\d\d\.032 write\(1, "25"\) = 1 <3 µs>\n/,
  )
})

test('a pause reads nothing more, and going on goes on where it was', async () => {
  const { trace, read, isCancelled } = traceOf()
  while (trace.calls.value.length === 0) await settled()
  trace.pause()
  await settled()
  const stood = read()
  await settled()
  assert.equal(read(), stood)
  assert.equal(trace.state.value, 'paused')
  trace.clear()
  trace.resume()
  while (trace.calls.value.length === 0) await settled()
  assert.ok(read() > stood)
  trace.stop()
  assert.equal(trace.state.value, 'ended')
  assert.equal(isCancelled(), true)
})

test('a process that is not there: the trace has failed, and says why', async () => {
  const strace = (): ReadableStream<TraceEntry> =>
    new ReadableStream({ start: (controller) => controller.error(new Error('no such process')) })
  const trace = createTrace({ pid: 7, strace, nextFrame: () => Promise.resolve() })
  await settled()
  assert.equal(trace.state.value, 'failed')
  assert.equal(trace.problem.value, 'no such process')
})
