/** Calls to the kernel, many at once: the kernel here answers when and in the order it likes. */
import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import type { KernelForProcess } from '../abi/control.ts'
import { ERRNO } from '../abi/errno.ts'
import type { Remote } from '../ipc/rpc.ts'
import { MAX_REPLIES, THREAD, threadAt } from '../memory/layout.ts'
import { getWord, setWord } from '../memory/slots.ts'
import { wake } from '../memory/wake.ts'
import { type Completion, createPending } from '../objects/async.ts'
import { openPipe } from '../objects/open-file.ts'
import { readOperation, sleepOperation } from '../objects/operation.ts'
import { openSemaphore, postSemaphore, semaphoreOperation } from '../objects/semaphore.ts'
import { spanOf } from '../objects/spans.ts'
import { writeStream } from '../objects/stream.ts'
import { bytes, createTestMachine } from '../objects/test-machine.ts'
import type { Operation } from '../objects/types.ts'
import { waitFor } from '../objects/wait.ts'
import { createKernelCalls } from './kernel-calls.ts'
import { startPosting } from './posting.ts'

// Node ends when only Atomics.waitAsync is left to wait for; a browser's worker does not.
const alive = setInterval(() => {}, 1000)
after(() => clearInterval(alive))

const setUp = () => {
  const machine = createTestMachine()
  const slot = machine.spawn()
  const objects = machine.as(slot)
  const { memory } = machine
  const asked: { reply: number; what: string; value: number }[] = []
  const note =
    (what: string) =>
    async (reply: number, value: unknown): Promise<void> => {
      asked.push({
        reply,
        what,
        value: typeof value === 'number' ? value : Number((value as { command: string }).command),
      })
    }
  const names = ['spawn', 'kill', 'exec', 'spawnThread', 'refresh', 'sync', 'watch']
  const kernel = Object.fromEntries(names.map((name) => [name, note(name)]))
  const calls = createKernelCalls(memory, kernel as unknown as Remote<KernelForProcess>)
  const answer = ({ reply, value }: { reply: number; value: number }): void => {
    setWord(memory, threadAt(0) + THREAD.REPLY + reply, value)
    wake(memory, 0)
  }
  return { machine, objects, memory, asked, calls, answer, slot }
}

const child = (command: number) => ({
  command: String(command),
  args: [],
  cwd: null,
  env: {},
  descriptors: [],
})
const idle = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

test('100 of every kind are pending in one thread at once, and each gets its own answer', async () => {
  const { machine, objects, asked, calls, answer } = setUp()
  const pending = createPending(objects)
  const results = new Map<number, number>()
  const start = (operation: Operation): number =>
    pending.start(operation, ({ id, result }) => void results.set(id, result))
  const wanted = new Map<number, number>()
  const pipes: number[] = []
  const semaphores: number[] = []
  const kinds: ((value: number) => Operation)[] = [
    (value) => calls.spawn(child(value)),
    (value) => calls.kill(value, 0),
    (value) => calls.spawnThread(value),
    (value) => calls.refresh(value, 1),
    (value) => calls.sync(value),
    (value) => calls.watch(value),
  ]
  for (let value = 1; value <= 100; value++) {
    for (const [index, kind] of kinds.entries())
      wanted.set(start(kind(value * 10 + index)), value * 10 + index)
    const pipe = openPipe(objects)
    assert.ok(typeof pipe !== 'number')
    pipes.push(pipe.writer)
    wanted.set(start(readOperation(objects, pipe.reader, spanOf(new Uint8Array(4)))), 1)
    const semaphore = openSemaphore(objects, bytes(`/s${value}`), { create: true })
    semaphores.push(semaphore)
    wanted.set(start(semaphoreOperation(objects, semaphore, Number.POSITIVE_INFINITY)), 0)
    wanted.set(start(sleepOperation(performance.now() + 5)), 0)
  }
  assert.equal(pending.size, 900)
  for (let turn = 0; results.size < 900 && turn < 10_000; turn++) {
    await idle()
    // Kills take a value and a signal: the value comes first in all of them. The latest is answered first.
    const next = asked.pop()
    if (next) answer({ reply: next.reply, value: next.value })
    const [writer, semaphore] = [pipes.pop(), semaphores.pop()]
    if (writer) writeStream(objects, writer, spanOf(bytes('x')))
    if (semaphore) postSemaphore(objects, semaphore)
  }
  assert.deepEqual(results, new Map([...results].map(([id]) => [id, wanted.get(id) ?? Number.NaN])))
  assert.equal(results.size, 900)
  const busy = [0, 1, 2, 3].map((index) => getWord(machine.memory, threadAt(0) + THREAD.REPLIES_BUSY + index))
  assert.deepEqual(busy, [0, 0, 0, 0])
})

test('more than there are words wait for one; interrupted ones give theirs back when the late answer has come', () => {
  const { asked, calls, answer } = setUp()
  const operations = Array.from({ length: MAX_REPLIES + 2 }, (_, index) => calls.spawn(child(index + 1)))
  for (const operation of operations) operation.attempt()
  assert.equal(asked.length, MAX_REPLIES)
  const [first, second] = operations
  assert.equal(first?.interrupted(ERRNO.INTR), -ERRNO.INTR)
  operations.at(-1)?.attempt()
  assert.equal(asked.length, MAX_REPLIES, 'the answer to the first is still to come')
  answer(asked[0] as { reply: number; value: number })
  operations.at(-1)?.attempt()
  assert.equal(asked.length, MAX_REPLIES + 1)
  answer(asked[1] as { reply: number; value: number })
  assert.equal(second?.attempt(), 2)
  operations.at(-2)?.attempt()
  assert.equal(asked.length, MAX_REPLIES + 2)
})

test('a blocking call among them works as ever', async () => {
  const { objects, asked, calls, answer } = setUp()
  const pending = createPending(objects)
  for (let value = 1; value <= 100; value++) pending.start(calls.spawn(child(value)))
  await idle()
  const sent = asked.length
  const operation = calls.kill(7, 15)
  operation.attempt()
  answer({ reply: asked[sent]?.reply ?? -1, value: 0 })
  assert.equal(waitFor(objects, operation), 0)
})

test('a completion is posted to a port on request', async () => {
  const { objects } = setUp()
  const pending = createPending(objects)
  const { port1, port2 } = new MessageChannel()
  const heard = new Promise<Completion>((resolve) => {
    port2.onmessage = ({ data }) => resolve(data as Completion)
  })
  const id = startPosting(pending, sleepOperation(performance.now() + 5), port1 as unknown as MessagePort)
  assert.deepEqual(await heard, { id, result: 0 })
  port2.close()
})
