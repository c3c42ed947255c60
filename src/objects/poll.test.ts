import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ERRNO } from '../abi/errno.ts'
import { SIGNAL, signalBit } from '../abi/signals.ts'
import { PROCESS, processAt } from '../memory/layout.ts'
import { getWord, setWord } from '../memory/slots.ts'
import { WAIT_SET_WORDS } from '../memory/wake.ts'
import { KIND } from '../vfs/types.ts'
import { createDescriptors } from './descriptors.ts'
import { createOpenFile, fileObject, openPipe } from './open-file.ts'
import { readOperation, sleepOperation } from './operation.ts'
import { PIPE, PIPE_CAPACITY } from './pipe.ts'
import { pollOperation } from './poll.ts'
import { spanOf } from './spans.ts'
import { readStream, writeStream } from './stream.ts'
import { bytes, createTestMachine } from './test-machine.ts'
import { createTty, hangUpTty } from './tty.ts'
import { ttyInput } from './tty-input.ts'
import { ACCESS, PENDING, type PollEntry, READY, STREAM } from './types.ts'
import { Interrupted, waitAny, waitFor } from './wait.ts'

const open = () => {
  const machine = createTestMachine()
  const slot = machine.spawn()
  const objects = machine.as(slot)
  const descriptors = createDescriptors(objects)
  const ends = openPipe(objects)
  assert.ok(typeof ends !== 'number')
  const [reader, writer] = [descriptors.install(ends.reader), descriptors.install(ends.writer)]
  const poll = (entries: PollEntry[]) => pollOperation(objects, descriptors, entries)
  return { machine, slot, objects, descriptors, ends, reader, writer, poll }
}

const entry = (kind: PollEntry['kind'], fd: number, deadline = 0): PollEntry => ({
  kind,
  fd,
  deadline,
  ready: 0,
  bytes: 0,
  error: 0,
})

test('a pipe is readable with bytes in it and writable with room for PIPE_BUF', () => {
  const { objects, ends, reader, writer, poll } = open()
  const entries = [entry('read', reader), entry('write', writer)]
  assert.equal(poll(entries).attempt(), 1)
  assert.deepEqual(
    entries.map(({ ready, bytes }) => [ready, bytes]),
    [
      [0, 0],
      [READY.WRITE, PIPE_CAPACITY],
    ],
  )
  writeStream(objects, ends.writer, spanOf(new Uint8Array(PIPE_CAPACITY - 4095)))
  assert.equal(poll(entries).attempt(), 1)
  assert.deepEqual(
    [entries[0]?.ready, entries[0]?.bytes, entries[1]?.ready],
    [READY.READ, PIPE_CAPACITY - 4095, 0],
  )
  readStream(objects, ends.reader, spanOf(new Uint8Array(1)))
  assert.equal(poll(entries).attempt(), 2)
})

test('a pipe whose other end is closed is ready and says HANGUP', () => {
  const { descriptors, reader, writer, poll } = open()
  descriptors.close(writer)
  const read = [entry('read', reader)]
  assert.equal(poll(read).attempt(), 1)
  assert.equal(read[0]?.ready, READY.READ | READY.HANGUP)
  const other = open()
  other.descriptors.close(other.reader)
  const write = [entry('write', other.writer)]
  assert.equal(other.poll(write).attempt(), 1)
  assert.equal(write[0]?.ready, READY.WRITE | READY.HANGUP | READY.ERROR)
})

test('a bad descriptor is an error of its entry, a wrong direction too', () => {
  const { reader, poll } = open()
  const entries = [entry('read', 99), entry('write', reader), entry('read', reader)]
  assert.equal(poll(entries).attempt(), 2)
  assert.deepEqual(
    entries.map(({ error, ready }) => [error, ready]),
    [
      [ERRNO.BADF, 0],
      [ERRNO.BADF, 0],
      [0, 0],
    ],
  )
  assert.equal(poll([]).attempt(), -ERRNO.INVAL)
})

test('files are always ready and say how much is left', () => {
  const { machine, objects, descriptors, poll } = open()
  const object = machine.files.open(KIND.FILE, bytes('0123456789'))
  const access = ACCESS.READ | ACCESS.WRITE
  const file = createOpenFile(objects, { stream: STREAM.FILE, object, access, status: 0 })
  readStream(objects, file, spanOf(new Uint8Array(4)))
  const fd = descriptors.install(file)
  const entries = [entry('read', fd), entry('write', fd)]
  assert.equal(poll(entries).attempt(), 2)
  assert.deepEqual([entries[0]?.ready, entries[0]?.bytes, entries[1]?.ready], [READY.READ, 6, READY.WRITE])
})

test('a terminal is readable when a line is finished, and after a hang-up', () => {
  const { objects, descriptors, poll } = open()
  const tty = createTty(objects, 80, 24)
  const facts = { stream: STREAM.TTY, object: tty, access: ACCESS.READ, status: 0 }
  const entries = [entry('read', descriptors.install(createOpenFile(objects, facts)))]
  ttyInput(objects, tty, bytes('abc'))
  assert.equal(poll(entries).attempt(), PENDING)
  ttyInput(objects, tty, bytes('\r'))
  assert.equal(poll(entries).attempt(), 1)
  assert.equal(entries[0]?.bytes, 4)
  hangUpTty(objects, tty)
  poll(entries).attempt()
  assert.equal(entries[0]?.ready, READY.READ | READY.HANGUP)
})

test('poll sleeps until the nearest clock and says which', () => {
  const { objects, reader, poll } = open()
  const start = performance.now()
  const entries = [entry('clock', -1, start + 5000), entry('read', reader), entry('clock', -1, start + 40)]
  assert.equal(waitFor(objects, poll(entries)), 1)
  const took = performance.now() - start
  assert.ok(took >= 40 && took < 1000, `${took} ms`)
  assert.deepEqual(
    entries.map(({ ready }) => ready),
    [0, 0, READY.CLOCK],
  )
})

test('after a wait the thread is in no wait set', () => {
  const { machine, objects, ends, reader, writer, poll } = open()
  writeStream(objects, ends.writer, spanOf(new Uint8Array(PIPE_CAPACITY)))
  const now = performance.now()
  waitFor(objects, poll([entry('write', writer), entry('clock', -1, now + 5)]))
  readStream(objects, ends.reader, spanOf(new Uint8Array(PIPE_CAPACITY)))
  waitFor(objects, poll([entry('read', reader), entry('read', reader), entry('clock', -1, now + 10)]))
  const pipe = fileObject(objects, ends.reader)
  for (const set of [pipe + PIPE.READ_WAITERS, pipe + PIPE.WRITE_WAITERS])
    for (let word = 0; word < WAIT_SET_WORDS; word++) assert.equal(getWord(machine.memory, set + word), 0)
})

test('waiting for any of several gives the first that is done', () => {
  const { objects, ends } = open()
  const read = readOperation(objects, ends.reader, spanOf(new Uint8Array(4)))
  const soon = sleepOperation(performance.now() + 15)
  assert.deepEqual(waitAny(objects, [read, soon]), { index: 1, result: 0 })
  writeStream(objects, ends.writer, spanOf(bytes('x')))
  const later = sleepOperation(performance.now() + 10_000)
  assert.deepEqual(waitAny(objects, [later, read]), { index: 1, result: 1 })
})

test('a signal that was there before the wait is not slept over', () => {
  const { machine, slot, objects, ends } = open()
  const read = () => waitFor(objects, readOperation(objects, ends.reader, spanOf(new Uint8Array(4))))
  setWord(machine.memory, processAt(slot) + PROCESS.PENDING, signalBit(SIGNAL.INT))
  assert.throws(read, (error) => error instanceof Interrupted && error.signal === SIGNAL.INT)
  setWord(machine.memory, processAt(slot) + PROCESS.HANDLED, signalBit(SIGNAL.INT))
  assert.equal(read(), -ERRNO.INTR)
})
