/** Pipes, poll and kill between real threads: this file is the test and, in a worker, the other side. */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { test } from 'node:test'
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads'
import { ERRNO } from '../abi/errno.ts'
import { SIGNAL } from '../abi/signals.ts'
import { PROCESS, processAt, THREAD, THREAD_STATE, threadAt } from '../memory/layout.ts'
import { getWord, setWord, takeThread } from '../memory/slots.ts'
import { sleep, wakeSeen } from '../memory/wake.ts'
import { createDescriptors } from './descriptors.ts'
import type { Objects } from './objects.ts'
import { addReference, openPipe } from './open-file.ts'
import { readOperation, writeOperation } from './operation.ts'
import { pollOperation } from './poll.ts'
import { raise } from './signal.ts'
import { spanOf } from './spans.ts'
import { writeStream } from './stream.ts'
import { attachTestMachine, createTestMachine } from './test-machine.ts'
import { type PollEntry, READY } from './types.ts'
import { Interrupted, waitFor } from './wait.ts'

interface Start {
  shared: WebAssembly.Memory
  thread: number
  slot: number
  job: string
  /** Open files of the ends it uses. */
  files: number[]
  count: number
}

const pattern = (length: number): Uint8Array => {
  const made = new Uint8Array(length)
  for (let index = 0; index < length; index++) made[index] = (index * 31 + (index >> 11)) & 0xff
  return made
}

/** What the other thread does; the answer is posted. */
const JOBS: Record<string, (objects: Objects, start: Start) => unknown> = {
  /** Sends every byte back. */
  echo: (objects, { files: [input = 0, output = 0], count }) => {
    const byte = spanOf(new Uint8Array(1))
    for (let round = 0; round < count; round++) {
      if (waitFor(objects, readOperation(objects, input, byte)) !== 1) return round
      waitFor(objects, writeOperation(objects, output, byte))
    }
    return count
  },
  /** Writes `count` bytes in 64 KiB pieces. */
  pour: (objects, { files: [output = 0], count }) => {
    const source = pattern(count)
    for (let done = 0; done < count; )
      done += waitFor(
        objects,
        writeOperation(objects, output, spanOf(source, done, Math.min(65536, count - done))),
      )
    return count
  },
  /** Reads until it cannot; how it ended. */
  read: (objects, { files: [input = 0] }) => {
    try {
      return waitFor(objects, readOperation(objects, input, spanOf(new Uint8Array(10))))
    } catch (error) {
      return error instanceof Interrupted ? { signal: error.signal } : String(error)
    }
  },
  /** Writes without end. */
  flood: (objects, { files: [output = 0] }) => {
    const source = spanOf(new Uint8Array(100))
    for (;;) waitFor(objects, writeOperation(objects, output, source))
  },
}

if (!isMainThread) {
  const start = workerData as Start
  const objects = attachTestMachine(start.shared, start.thread, start.slot)
  parentPort?.postMessage(JOBS[start.job]?.(objects, start))
}

interface Side {
  thread: number
  slot: number
  answer: Promise<unknown>
  worker: Worker
}

const startThread = (
  machine: ReturnType<typeof createTestMachine>,
  job: string,
  files: number[],
  count = 0,
): Side => {
  const slot = machine.spawn()
  for (const file of files) addReference(machine.objects, file)
  const thread = takeThread(machine.memory, machine.pid(slot))
  const data: Start = { shared: machine.memory.shared, thread, slot, job, files, count }
  const worker = new Worker(process.argv[1] ?? '', { workerData: data, execArgv: [] })
  return { thread, slot, worker, answer: once(worker, 'message').then(([message]) => message as unknown) }
}

const pipe = (objects: Objects): { reader: number; writer: number } => {
  const ends = openPipe(objects)
  assert.ok(typeof ends !== 'number')
  return ends
}

const untilWaiting = async (machine: ReturnType<typeof createTestMachine>, thread: number): Promise<void> => {
  while (getWord(machine.memory, threadAt(thread) + THREAD.STATE) !== THREAD_STATE.WAITING)
    await new Promise((resolve) => setTimeout(resolve, 2))
}

if (isMainThread) {
  test('two threads play ping-pong through two pipes', async (t) => {
    const machine = createTestMachine()
    const { objects } = machine
    const [there, back] = [pipe(objects), pipe(objects)]
    const rounds = 20_000
    const other = startThread(machine, 'echo', [there.reader, back.writer], rounds + 1)
    const byte = spanOf(new Uint8Array(1))
    const once = (value: number): void => {
      byte.bytes[0] = value
      waitFor(objects, writeOperation(objects, there.writer, byte))
      byte.bytes[0] = 0
      assert.equal(waitFor(objects, readOperation(objects, back.reader, byte)), 1)
      assert.equal(byte.bytes[0], value)
    }
    once(1)
    const start = performance.now()
    for (let round = 0; round < rounds; round++) once(round & 0xff)
    t.diagnostic(`round trip ${(((performance.now() - start) * 1000) / rounds).toFixed(1)} µs`)
    assert.equal(await other.answer, rounds + 1)
  })

  test('8 MB arrive through a pipe as they were sent', async (t) => {
    const machine = createTestMachine()
    const { objects } = machine
    const { reader, writer } = pipe(objects)
    const length = 8_000_000
    const expected = pattern(length)
    startThread(machine, 'pour', [writer], length)
    const received = new Uint8Array(length)
    waitFor(objects, readOperation(objects, reader, spanOf(received, 0, 1)))
    const start = performance.now()
    for (let done = 1; done < length; ) {
      const span = spanOf(received, done, Math.min(65536, length - done))
      done += waitFor(objects, readOperation(objects, reader, span))
    }
    t.diagnostic(`${(length / 1e6 / (performance.now() - start)).toFixed(2)} GB/s`)
    assert.equal(Buffer.compare(received, expected), 0)
  })

  test('a reader asleep wakes to the end of file when the last writer closes', async () => {
    const machine = createTestMachine()
    const { objects } = machine
    const { reader, writer } = pipe(objects)
    const descriptors = createDescriptors(objects, machine.spawn())
    assert.equal(descriptors.install(writer), 0)
    assert.equal(descriptors.dup(0, 0), 1)
    const other = startThread(machine, 'read', [reader])
    await untilWaiting(machine, other.thread)
    descriptors.close(0)
    await new Promise((resolve) => setTimeout(resolve, 20))
    await untilWaiting(machine, other.thread)
    descriptors.close(1)
    assert.equal(await other.answer, 0)
  })

  test('a deadly signal wakes a thread out of its wait, a handled one gives EINTR', async () => {
    const machine = createTestMachine()
    const { objects } = machine
    const { reader } = pipe(objects)
    const first = startThread(machine, 'read', [reader])
    await untilWaiting(machine, first.thread)
    assert.equal(raise(objects, machine.pid(first.slot), SIGNAL.TERM), 0)
    assert.deepEqual(await first.answer, { signal: SIGNAL.TERM })
    const second = startThread(machine, 'read', [reader])
    setWord(machine.memory, processAt(second.slot) + PROCESS.HANDLED, 1 << (SIGNAL.INT - 1))
    await untilWaiting(machine, second.thread)
    raise(objects, machine.pid(second.slot), SIGNAL.INT)
    assert.equal(await second.answer, -ERRNO.INTR)
  })

  test('poll wakes for the pipe that gets a byte', async () => {
    const machine = createTestMachine()
    const { objects } = machine
    const slot = machine.spawn()
    const own = machine.as(slot)
    const descriptors = createDescriptors(own)
    const pipes = Array.from({ length: 16 }, () => pipe(objects))
    const entries: PollEntry[] = pipes.map(({ reader }) => {
      const fd = descriptors.install(reader)
      return { kind: 'read', fd, deadline: 0, ready: 0, bytes: 0, error: 0 }
    })
    entries.push({
      kind: 'clock',
      fd: -1,
      deadline: performance.now() + 10_000,
      ready: 0,
      bytes: 0,
      error: 0,
    })
    startThread(machine, 'pour', [pipes[11]?.writer ?? 0], 3)
    assert.equal(waitFor(own, pollOperation(own, descriptors, entries)), 1)
    assert.equal(entries[11]?.ready, READY.READ)
    assert.equal(entries[11]?.bytes, 3)
    assert.equal(entries[16]?.ready, 0)
  })

  test('a thread killed under the lock parks at its next call and never writes again', async () => {
    const machine = createTestMachine()
    const { objects, memory } = machine
    const { reader, writer } = pipe(objects)
    const target = spanOf(new Uint8Array(1000))
    const other = startThread(machine, 'flood', [writer])
    for (let round = 0; round < 100; round++) waitFor(objects, readOperation(objects, reader, target))
    objects.lock.acquire()
    setWord(memory, threadAt(other.thread) + THREAD.KILLED, 1)
    const state = (): number => getWord(memory, threadAt(other.thread) + THREAD.STATE)
    objects.lock.release()
    // It may sleep in a full pipe: then the wake-up is what parks it.
    for (let left = readOrNothing(); left > 0; ) left = readOrNothing()
    while (state() !== THREAD_STATE.PARKED) sleep(memory, wakeSeen(memory), 5, 0)
    assert.equal(objects.lock.owner(), -1 + 0)
    assert.equal(writeStream(objects, writer, spanOf(new Uint8Array(1))), 1)
    assert.equal(readOrNothing(), 1)
    await other.worker.terminate()

    function readOrNothing(): number {
      const entry = spanOf(new Uint8Array(65536))
      return Math.max(0, readOperation(objects, reader, entry).attempt())
    }
  })
}
