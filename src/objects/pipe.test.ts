import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ERRNO } from '../abi/errno.ts'
import { openPipe, releaseFile, setStatusFlags } from './open-file.ts'
import { readOperation, writeOperation } from './operation.ts'
import { PIPE_BUF, PIPE_CAPACITY } from './pipe.ts'
import { type Spans, spanOf } from './spans.ts'
import { readStream, writeStream } from './stream.ts'
import { bytes, createTestMachine, text } from './test-machine.ts'
import { PENDING, STATUS } from './types.ts'

const open = (machine = createTestMachine()) => {
  const ends = openPipe(machine.objects)
  assert.ok(typeof ends !== 'number')
  return { machine, objects: machine.objects, ...ends }
}

test('what is written to a pipe is read from it, in order', () => {
  const { objects, reader, writer } = open()
  assert.equal(writeStream(objects, writer, spanOf(bytes('hello '))), 6)
  assert.equal(writeStream(objects, writer, spanOf(bytes('world'))), 5)
  const target = new Uint8Array(8)
  assert.equal(readStream(objects, reader, spanOf(target)), 8)
  assert.equal(text(target), 'hello wo')
  assert.equal(readStream(objects, reader, spanOf(target)), 3)
  assert.equal(text(target.subarray(0, 3)), 'rld')
})

test('an empty pipe is PENDING while it has a writer and at its end afterwards', () => {
  const { objects, reader, writer } = open()
  const target = spanOf(new Uint8Array(4))
  assert.equal(readStream(objects, reader, target), PENDING)
  writeStream(objects, writer, spanOf(bytes('x')))
  releaseFile(objects, writer)
  assert.equal(readStream(objects, reader, target), 1)
  assert.equal(readStream(objects, reader, target), 0)
})

test('writing with no reader is EPIPE', () => {
  const { objects, reader, writer } = open()
  releaseFile(objects, reader)
  assert.equal(writeStream(objects, writer, spanOf(bytes('x'))), -ERRNO.PIPE)
  assert.equal(writeOperation(objects, writer, spanOf(bytes('x'))).attempt(), -ERRNO.PIPE)
})

test('the wrong end is EBADF, a piece out of bounds EFAULT', () => {
  const { objects, reader, writer } = open()
  assert.equal(writeStream(objects, reader, spanOf(bytes('x'))), -ERRNO.BADF)
  assert.equal(readStream(objects, writer, spanOf(new Uint8Array(1))), -ERRNO.BADF)
  assert.equal(readStream(objects, reader, spanOf(new Uint8Array(4), 2, 3)), -ERRNO.FAULT)
  assert.equal(writeStream(objects, writer, spanOf(new Uint8Array(4), -1, 2)), -ERRNO.FAULT)
})

test('a write of up to PIPE_BUF goes in whole or not at all', () => {
  const { objects, reader, writer } = open()
  assert.equal(writeStream(objects, writer, spanOf(new Uint8Array(PIPE_CAPACITY - 10))), PIPE_CAPACITY - 10)
  assert.equal(writeStream(objects, writer, spanOf(new Uint8Array(11))), PENDING)
  assert.equal(writeStream(objects, writer, spanOf(new Uint8Array(PIPE_BUF))), PENDING)
  assert.equal(writeStream(objects, writer, spanOf(new Uint8Array(10))), 10)
  assert.equal(writeStream(objects, writer, spanOf(new Uint8Array(PIPE_BUF + 1))), PENDING)
  readStream(objects, reader, spanOf(new Uint8Array(100)))
  assert.equal(writeStream(objects, writer, spanOf(new Uint8Array(PIPE_BUF + 1))), 100)
})

test('with NONBLOCK an empty pipe and a full one are EAGAIN, and a long write is short', () => {
  const { objects, reader, writer } = open()
  setStatusFlags(objects, reader, STATUS.NONBLOCK)
  setStatusFlags(objects, writer, STATUS.NONBLOCK)
  assert.equal(readOperation(objects, reader, spanOf(new Uint8Array(1))).attempt(), -ERRNO.AGAIN)
  const long = spanOf(new Uint8Array(PIPE_CAPACITY + 5))
  assert.equal(writeOperation(objects, writer, long).attempt(), PIPE_CAPACITY)
  assert.equal(writeOperation(objects, writer, long).attempt(), -ERRNO.AGAIN)
})

test('a blocking write of more than the pipe holds goes on until all is written', () => {
  const { objects, reader, writer } = open()
  const source = new Uint8Array(PIPE_CAPACITY * 2 + 17).map((_, index) => index * 7)
  const operation = writeOperation(objects, writer, spanOf(source))
  const received: number[] = []
  const target = new Uint8Array(5000)
  let result = operation.attempt()
  while (result === PENDING) {
    const count = readStream(objects, reader, spanOf(target))
    received.push(...target.subarray(0, count))
    result = operation.attempt()
  }
  assert.equal(result, source.length)
  for (let count = 1; received.length < source.length; ) {
    count = readStream(objects, reader, spanOf(target))
    received.push(...target.subarray(0, count))
  }
  assert.deepEqual(Uint8Array.from(received), source)
})

test('a long write that is interrupted says how much it wrote', () => {
  const { objects, reader, writer } = open()
  const operation = writeOperation(objects, writer, spanOf(new Uint8Array(PIPE_CAPACITY + 1)))
  assert.equal(operation.attempt(), PENDING)
  assert.equal(operation.interrupted(ERRNO.INTR), PIPE_CAPACITY)
  const next = writeOperation(objects, writer, spanOf(new Uint8Array(1)))
  assert.equal(next.interrupted(ERRNO.INTR), -ERRNO.INTR)
  releaseFile(objects, reader)
  assert.equal(operation.attempt(), PIPE_CAPACITY)
})

test('pieces are gathered and scattered across the end of the ring', () => {
  const { objects, reader, writer } = open()
  writeStream(objects, writer, spanOf(new Uint8Array(PIPE_CAPACITY - 100)))
  readStream(objects, reader, spanOf(new Uint8Array(PIPE_CAPACITY - 100)))
  const memory = new Uint8Array(1000).map((_, index) => index)
  const source: Spans = { bytes: memory, starts: [0, 500, 900], lengths: [77, 0, 100], count: 3 }
  assert.equal(writeStream(objects, writer, source), 177)
  const target: Spans = {
    bytes: new Uint8Array(400),
    starts: [200, 10, 300],
    lengths: [90, 60, 50],
    count: 3,
  }
  assert.equal(readStream(objects, reader, target), 177)
  const back = [
    ...target.bytes.subarray(200, 290),
    ...target.bytes.subarray(10, 70),
    ...target.bytes.subarray(300, 327),
  ]
  assert.deepEqual(back, [...memory.subarray(0, 77), ...memory.subarray(900, 1000)])
})

test('an operation on a file that was closed meanwhile is EBADF, whatever took its place', () => {
  const { objects, machine, reader, writer } = open()
  const operation = readOperation(objects, reader, spanOf(new Uint8Array(4)))
  assert.equal(operation.attempt(), PENDING)
  releaseFile(objects, reader)
  releaseFile(objects, writer)
  const again = open(machine)
  assert.ok([again.reader, again.writer].includes(reader), 'the block is used again')
  assert.equal(operation.attempt(), -ERRNO.BADF)
})

test('closed pipes give their rings back', () => {
  const { objects, machine, reader, writer } = open()
  releaseFile(objects, reader)
  releaseFile(objects, writer)
  const before = machine.used()
  for (let round = 0; round < 200; round++) {
    const ends = open(machine)
    writeStream(objects, ends.writer, spanOf(new Uint8Array(100)))
    releaseFile(objects, ends.writer)
    releaseFile(objects, ends.reader)
  }
  assert.equal(machine.used(), before)
})
