/** What signals do to a thread that waits asynchronously. */
import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads'
import { ERRNO } from '../abi/errno.ts'
import { SIGNAL } from '../abi/signals.ts'
import { PROCESS, PROCESS_STATE, processAt } from '../memory/layout.ts'
import { getWord, takeThread } from '../memory/slots.ts'
import { wake } from '../memory/wake.ts'
import { createPending } from './async.ts'
import { addReference, openPipe } from './open-file.ts'
import { readOperation, sleepOperation, writeOperation } from './operation.ts'
import { PIPE_CAPACITY } from './pipe.ts'
import { raise, setDisposition, takeSignal } from './signal.ts'
import { spanOf } from './spans.ts'
import { writeStream } from './stream.ts'
import { attachTestMachine, bytes, createTestMachine } from './test-machine.ts'

const alive = setInterval(() => {}, 1000)
after(() => clearInterval(alive))

if (!isMainThread) {
  const { shared, thread, slot, file } = workerData as Record<string, number> & { shared: WebAssembly.Memory }
  const objects = attachTestMachine(shared, thread as number, slot as number)
  const pending = createPending(objects)
  pending.start(readOperation(objects, file as number, spanOf(new Uint8Array(1))), ({ result }) => {
    parentPort?.postMessage({ result })
    clearInterval(alive)
  })
  parentPort?.postMessage('waits')
  // An event loop that turns: it stands still while the process is stopped.
  let turns = 0
  setInterval(() => parentPort?.postMessage(++turns), 2).unref()
}

if (isMainThread) {
  const setUp = () => {
    const machine = createTestMachine()
    const slot = machine.spawn()
    const objects = machine.as(slot)
    const pipe = openPipe(objects)
    assert.ok(typeof pipe !== 'number')
    return { machine, slot, objects, ...pipe }
  }

  test('a handled signal ends what waits with EINTR, but not what was started to go on', async () => {
    const { machine, slot, objects, writer } = setUp()
    const pending = createPending(objects)
    const results: [string, number][] = []
    const note =
      (name: string) =>
      ({ result }: { result: number }): void =>
        void results.push([name, result])
    setDisposition(objects, SIGNAL.USR1, 'handle')
    writeStream(objects, writer, spanOf(new Uint8Array(PIPE_CAPACITY)))
    pending.start(sleepOperation(Number.POSITIVE_INFINITY), note('sleep'))
    const other = openPipe(objects)
    assert.ok(typeof other !== 'number')
    const read = readOperation(objects, other.reader, spanOf(new Uint8Array(1)))
    pending.start(read, { post: note('restarts'), restarts: true })
    pending.start(writeOperation(objects, writer, spanOf(bytes('more'))), { post: note('write') })
    await new Promise((resolve) => setImmediate(resolve))
    raise(machine.objects, machine.pid(slot), SIGNAL.USR1)
    // The test's own thread is the kernel's number: no signal wakes it.
    wake(machine.memory, 0)
    while (results.length < 2) await new Promise((resolve) => setImmediate(resolve))
    assert.deepEqual(results, [
      ['sleep', -ERRNO.INTR],
      ['write', -ERRNO.INTR],
    ])
    assert.ok(takeSignal(objects, SIGNAL.USR1))
    writeStream(objects, other.writer, spanOf(bytes('x')))
    while (results.length < 3) await new Promise((resolve) => setImmediate(resolve))
    assert.deepEqual(results[2], ['restarts', 1])
  })

  test('an ignored one ends nothing; a deadly one ends all, and the runtime is told', async () => {
    const { machine, slot, objects } = setUp()
    const told: number[] = []
    const pending = createPending(objects, (signal) => told.push(signal))
    setDisposition(objects, SIGNAL.USR2, 'ignore')
    pending.start(sleepOperation(Number.POSITIVE_INFINITY))
    pending.start(sleepOperation(Number.POSITIVE_INFINITY), { restarts: true })
    raise(machine.objects, machine.pid(slot), SIGNAL.USR2)
    assert.deepEqual(pending.reap(), [])
    raise(machine.objects, machine.pid(slot), SIGNAL.TERM)
    wake(machine.memory, 0)
    while (told.length === 0) await new Promise((resolve) => setImmediate(resolve))
    assert.deepEqual([told, pending.size], [[SIGNAL.TERM], 0])
    assert.deepEqual(
      pending.reap().map(({ result }) => result),
      [-ERRNO.INTR, -ERRNO.INTR],
    )
  })

  test('a stop signal holds an idle event loop until it is continued', async () => {
    const { machine, slot, objects, reader, writer } = setUp()
    addReference(objects, reader)
    const thread = takeThread(machine.memory, machine.pid(slot))
    const data = { shared: machine.memory.shared, thread, slot, file: reader }
    const worker = new Worker(process.argv[1] ?? '', { workerData: data, execArgv: [] })
    const heard: unknown[] = []
    worker.on('message', (message) => heard.push(message))
    const until = async (isSo: () => boolean): Promise<void> => {
      while (!isSo()) await new Promise((resolve) => setTimeout(resolve, 2))
    }
    const state = (): number => getWord(machine.memory, processAt(slot) + PROCESS.STATE)
    await until(() => heard.includes('waits'))
    raise(machine.objects, machine.pid(slot), SIGNAL.STOP)
    await until(() => state() === PROCESS_STATE.STOPPED)
    // What was under way when it stopped has been heard by then.
    await new Promise((resolve) => setTimeout(resolve, 20))
    const before = heard.length
    writeStream(objects, writer, spanOf(bytes('x')))
    await new Promise((resolve) => setTimeout(resolve, 60))
    assert.deepEqual(heard.slice(before), [], 'neither timers nor completions while it is stopped')
    raise(machine.objects, machine.pid(slot), SIGNAL.CONT)
    await until(() => heard.some((each) => typeof each === 'object'))
    assert.deepEqual(
      heard.find((each) => typeof each === 'object'),
      { result: 1 },
    )
    await worker.terminate()
  })
}
