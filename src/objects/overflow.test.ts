/** A guest that recurses without end and prints on the way runs out of stack inside of a call, wherever it may be. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { KIND } from '../vfs/types.ts'
import { createDescriptors } from './descriptors.ts'
import type { Objects } from './objects.ts'
import { createOpenFile, openPipe } from './open-file.ts'
import { type Spans, spanOf } from './spans.ts'
import { openInode, readStream, seekStream, writeStream } from './stream.ts'
import { bytes, createTestMachine } from './test-machine.ts'
import { createTty, TTY } from './tty.ts'
import { ttyDrain } from './tty-output.ts'
import { ACCESS, STREAM } from './types.ts'

const ROUNDS = 60
const BOTH = ACCESS.READ | ACCESS.WRITE

/** Frames of different sizes, so that the stack ends at another place in each round. */
const dive = (depth: number, call: (depth: number) => void, ...rest: number[]): number => {
  call(depth)
  return dive(depth + 1, call, ...rest) + rest.length
}

/** Recurses until the stack is full, calling at every depth. */
const overflow = (round: number, call: (depth: number) => void): void => {
  assert.throws(() => dive(0, call, ...Array(round % 13).fill(0)), RangeError)
}

const free = (objects: Objects): void => {
  assert.equal(objects.lock.owner(), -1)
  assert.equal(objects.lock.held, false)
}

const line = bytes('0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcde\n')

test('a terminal stays whole: no lock is left, and every line that came out is a whole one', () => {
  const { objects } = createTestMachine()
  const tty = createTty(objects, 80, 24)
  const facts = { stream: STREAM.TTY, object: tty, access: BOTH, status: 0 }
  const files = [createOpenFile(objects, facts), createOpenFile(objects, { ...facts, channel: 2 })]
  for (let round = 0; round < ROUNDS; round++) {
    overflow(round, (depth) => writeStream(objects, files[(depth + round) % 2] ?? 0, spanOf(line)))
    free(objects)
    const chunks = ttyDrain(objects, tty, Number.MAX_SAFE_INTEGER)
    const printed = chunks.reduce((sum, chunk) => sum + chunk.bytes.length, 0)
    const broken = chunks.filter(({ bytes }) => bytes.some((byte, at) => byte !== line[at % line.length]))
    assert.deepEqual(broken, [], `round ${round}`)
    assert.ok(printed > 0)
    assert.equal(objects.memory.i32[tty + TTY.OUT_COUNT], 0)
  }
})

test('a pipe stays whole: what is read is what was written, in whole lines', () => {
  const { objects } = createTestMachine()
  const ends = openPipe(objects)
  assert.ok(typeof ends !== 'number')
  const target = new Uint8Array(65536)
  const source: Spans = { bytes: line, starts: [0, 20], lengths: [20, 44], count: 2 }
  for (let round = 0; round < ROUNDS; round++) {
    overflow(round, () => writeStream(objects, ends.writer, source))
    free(objects)
    overflow(round, () => readStream(objects, ends.reader, spanOf(target, 0, 64)))
    free(objects)
    writeStream(objects, ends.writer, spanOf(line))
    const left = readStream(objects, ends.reader, spanOf(target))
    assert.equal(left % line.length, 0)
    assert.ok(target.subarray(0, left).every((byte, at) => byte === line[at % line.length]))
  }
})

test('a file’s offset stays a whole number of lines', () => {
  const machine = createTestMachine()
  const slot = machine.spawn()
  const objects = machine.as(slot)
  const inode = machine.files.open(KIND.FILE)
  machine.files.limit = 1e9
  const file = openInode(objects, inode, BOTH, 0, createDescriptors(objects))
  for (let round = 0; round < ROUNDS; round++) {
    overflow(round, () => {
      seekStream(objects, file, line.length, 0)
      writeStream(objects, file, spanOf(line))
    })
    free(objects)
    assert.equal(seekStream(objects, file, 0, 1) % line.length, 0)
  }
})
