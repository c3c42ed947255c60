import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { ERRNO } from '../abi/errno.ts'
import { SIGNAL, signalBit } from '../abi/signals.ts'
import { createPending } from './async.ts'
import { waitOperation } from './child.ts'
import type { Objects } from './objects.ts'
import { createOpenFile, openPipe, releaseFile } from './open-file.ts'
import { readOperation, sleepOperation, writeOperation } from './operation.ts'
import { PIPE_CAPACITY } from './pipe.ts'
import { endProcess } from './proc.ts'
import { raise, setBlocked } from './signal.ts'
import { signalOperation } from './signal-file.ts'
import { spanOf } from './spans.ts'
import { readStream, writeStream } from './stream.ts'
import { bytes, createTestMachine } from './test-machine.ts'
import { createTty } from './tty.ts'
import { ttyInput } from './tty-input.ts'
import { ACCESS, type Operation, STREAM } from './types.ts'
import { waitFor } from './wait.ts'

// Node ends when only Atomics.waitAsync is left to wait for; a browser's worker does not.
const alive = setInterval(() => {}, 1000)
after(() => clearInterval(alive))

const pipe = (objects: Objects): { reader: number; writer: number } => {
  const ends = openPipe(objects)
  assert.ok(typeof ends !== 'number')
  return ends
}

test('100 reads of one thread complete in whatever order their pipes are written', async () => {
  const { objects } = createTestMachine()
  const pending = createPending(objects)
  const reads = Array.from({ length: 100 }, (_, index) => {
    const ends = pipe(objects)
    const target = new Uint8Array(8)
    const operation = readOperation(objects, ends.reader, spanOf(target))
    return { ...ends, target, index, operation, id: 0 }
  })
  const posted: number[] = []
  const all = new Promise<void>((resolve) => {
    for (const read of reads)
      read.id = pending.start(read.operation, ({ id, result }) => {
        assert.equal(result, 1)
        assert.equal(posted.push(id) <= 100, true)
        if (posted.length === 100) resolve()
      })
  })
  assert.equal(pending.size, 100)
  const order = reads.map((_, index) => (index * 37) % 100)
  for (const index of order) {
    const read = reads[index]
    assert.ok(read)
    writeStream(objects, read.writer, spanOf(Uint8Array.of(index)))
    await new Promise((resolve) => setImmediate(resolve))
  }
  await all
  assert.deepEqual(
    posted,
    order.map((index) => reads[index]?.id),
  )
  assert.ok(reads.every(({ target, index }) => target[0] === index))
  assert.equal(pending.size, 0)
  assert.deepEqual(
    pending.reap().map(({ id }) => id),
    posted,
  )
  assert.deepEqual(pending.reap(), [])
})

test('100 reads of one pipe share its bytes, one each', async () => {
  const { objects } = createTestMachine()
  const pending = createPending(objects)
  const ends = pipe(objects)
  for (let index = 0; index < 100; index++)
    pending.start(readOperation(objects, ends.reader, spanOf(new Uint8Array(1))))
  writeStream(objects, ends.writer, spanOf(new Uint8Array(60)))
  assert.equal(pending.reap().length, 60)
  assert.equal(pending.size, 40)
  releaseFile(objects, ends.writer)
  assert.deepEqual(
    pending.reap().map(({ result }) => result),
    Array(40).fill(0),
  )
})

test('timers and a cancellation complete too', async () => {
  const { objects } = createTestMachine()
  const pending = createPending(objects)
  const { reader } = pipe(objects)
  const read = pending.start(readOperation(objects, reader, spanOf(new Uint8Array(1))))
  const start = performance.now()
  const later = new Promise<number>((resolve) => {
    pending.start(sleepOperation(start + 60), () => resolve(performance.now()))
  })
  const sooner = new Promise<number>((resolve) => {
    pending.start(sleepOperation(start + 20), () => resolve(performance.now()))
  })
  assert.ok(pending.cancel(read))
  assert.ok(!pending.cancel(read))
  assert.deepEqual(pending.reap(), [{ id: read, result: -ERRNO.CANCELED }])
  const [first, second] = [await sooner, await later]
  assert.ok(
    first - start >= 20 && second - start >= 60 && first < second,
    `${first - start} ${second - start}`,
  )
})

test('a long write goes on in the background as its reader drains', async () => {
  const { objects } = createTestMachine()
  const pending = createPending(objects)
  const { reader, writer } = pipe(objects)
  const length = PIPE_CAPACITY * 5 + 3
  const source = new Uint8Array(length).map((_, index) => index >> 3)
  const written = new Promise<number>((resolve) => {
    pending.start(writeOperation(objects, writer, spanOf(source)), ({ result }) => resolve(result))
  })
  const received = new Uint8Array(length)
  let done = 0
  while (done < length) {
    const count = readStream(objects, reader, spanOf(received, done, Math.min(10_000, length - done)))
    if (count > 0) done += count
    else await new Promise((resolve) => setImmediate(resolve))
  }
  assert.equal(await written, length)
  assert.deepEqual(received, source)
})

test('a thread that blocks is woken by what it has started asynchronously', () => {
  const { objects } = createTestMachine()
  const pending = createPending(objects)
  const id = pending.start(sleepOperation(performance.now() + 25))
  assert.equal(waitFor(objects, pending.operation()), 1)
  assert.deepEqual(pending.reap(), [{ id, result: 0 }])
})

test('100 waits of other kinds at once in one thread: children, terminals, signals', async () => {
  const machine = createTestMachine()
  const parent = machine.spawn()
  const objects = machine.as(parent)
  const pending = createPending(objects)
  const results = new Map<number, number>()
  let left = 100
  let finish = (): void => {}
  const all = new Promise<void>((resolve) => {
    finish = resolve
  })
  const start = (operation: Operation): number =>
    pending.start(operation, ({ id, result }) => {
      results.set(id, result)
      if (--left === 0) finish()
    })
  const children = Array.from({ length: 40 }, () => {
    const slot = machine.spawn(machine.pid(parent))
    return { slot, id: start(waitOperation(objects, machine.pid(slot))) }
  })
  const terminals = Array.from({ length: 40 }, () => {
    const tty = createTty(objects, 80, 24)
    const file = createOpenFile(objects, { stream: STREAM.TTY, object: tty, access: ACCESS.READ, status: 0 })
    return { tty, id: start(readOperation(objects, file, spanOf(new Uint8Array(8)))) }
  })
  const numbers = Array.from({ length: 23 }, (_, index) => index + 1)
  const open = numbers.filter((number) => ![SIGNAL.KILL, SIGNAL.STOP, SIGNAL.TTIN].includes(number as 9))
  setBlocked(
    objects,
    open.reduce((mask, number) => mask | signalBit(number), 0),
  )
  const signals = open.map((number) => ({ number, id: start(signalOperation(objects, signalBit(number))) }))
  assert.equal(pending.size, 100)
  for (let index = 39; index >= 0; index--) {
    const [child, terminal] = [children[index], terminals[index]]
    assert.ok(child && terminal)
    ttyInput(machine.objects, terminal.tty, bytes('ok\n'))
    endProcess(machine.objects, child.slot, index, 0)
    await new Promise((resolve) => setImmediate(resolve))
  }
  // One at a time: a stop signal takes back a pending SIGCONT, and the other way round.
  for (const { number } of signals.toReversed()) {
    raise(machine.objects, machine.pid(parent), number)
    await new Promise((resolve) => setImmediate(resolve))
  }
  await all
  assert.ok(children.every(({ slot, id }) => (results.get(id) ?? 0) > 0 && slot >= 0))
  assert.ok(terminals.every(({ id }) => results.get(id) === 3))
  assert.ok(signals.every(({ number, id }) => results.get(id) === number))
  assert.equal(pending.size, 0)
})

test('what a guest’s JavaScript replaces in the same realm is never handed an operation', () => {
  const { objects } = createTestMachine()
  const pending = createPending(objects)
  const { reader, writer } = pipe(objects)
  const seen: unknown[] = []
  const replaced: (() => void)[] = []
  const spyOn = (holder: object): void => {
    for (const key of Reflect.ownKeys(holder)) {
      const found = Reflect.getOwnPropertyDescriptor(holder, key)
      if (!found?.configurable || typeof found.value !== 'function' || key === 'constructor') continue
      const original = found.value as (...args: unknown[]) => unknown
      const spy = function (this: unknown, ...args: unknown[]): unknown {
        seen[seen.length] = [this, args]
        return Reflect.apply(original, this, args)
      }
      Object.defineProperty(holder, key, { ...found, value: spy })
      replaced[replaced.length] = () => Object.defineProperty(holder, key, found)
    }
  }
  const operation = readOperation(objects, reader, spanOf(new Uint8Array(1)))
  const isOurs = (value: unknown): boolean =>
    typeof value === 'object' && value !== null && ('attempt' in value || 'operation' in value)
  const { prototype } = Map
  const iterators = [
    Object.getPrototypeOf([][Symbol.iterator]()) as object,
    Object.getPrototypeOf(new Map().values()) as object,
  ]
  for (const holder of [prototype, Array.prototype, Set.prototype, Promise.prototype, ...iterators])
    spyOn(holder)
  try {
    const first = pending.start(operation)
    pending.start(sleepOperation(Number.POSITIVE_INFINITY))
    writeStream(objects, writer, spanOf(bytes('x')))
    pending.reap()
    pending.cancel(first + 1)
    pending.reap()
  } finally {
    for (let at = replaced.length - 1; at >= 0; at--) replaced[at]?.()
  }
  const leaked = seen.filter((call) => {
    const [self, args] = call as [unknown, unknown[]]
    return [self, ...args].some((each) => isOurs(each) || (Array.isArray(each) && each.some(isOurs)))
  })
  assert.deepEqual(leaked, [])
  assert.equal(pending.size, 0)
})
