import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ERRNO } from '../abi/errno.ts'
import { PROCESS, processAt } from '../memory/layout.ts'
import { setWord } from '../memory/slots.ts'
import { DEVICE, KIND, type Stat } from '../vfs/types.ts'
import { createDescriptors } from './descriptors.ts'
import {
  addReference,
  createOpenFile,
  fileOffset,
  openPipe,
  releaseFile,
  setStatusFlags,
  streamKind,
} from './open-file.ts'
import { readOperation, writeOperation } from './operation.ts'
import { type Spans, spanOf } from './spans.ts'
import {
  openInode,
  readStream,
  readStreamAt,
  seekStream,
  statStream,
  truncateStream,
  ttyOf,
  writeStream,
  writeStreamAt,
} from './stream.ts'
import { bytes, createTestMachine, text } from './test-machine.ts'
import { createTty } from './tty.ts'
import { ttyDrain } from './tty-output.ts'
import { ACCESS, STATUS, STREAM } from './types.ts'

const BOTH = ACCESS.READ | ACCESS.WRITE

const open = (content = '', status = 0, access: number = BOTH) => {
  const machine = createTestMachine()
  const slot = machine.spawn()
  const objects = machine.as(slot)
  const descriptors = createDescriptors(objects)
  const inode = machine.files.open(KIND.FILE, bytes(content))
  const file = openInode(objects, inode, access, status, descriptors)
  assert.ok(file > 0)
  const read = (length: number): string | number => {
    const target = new Uint8Array(length)
    const result = readStream(objects, file, spanOf(target))
    return result < 0 ? result : text(target.subarray(0, result))
  }
  const now = () => text(machine.files.content(inode))
  return { machine, slot, objects, descriptors, inode, file, read, now }
}

test('reading and writing a file move one offset', () => {
  const { objects, file, read, now } = open('hello world')
  assert.equal(read(6), 'hello ')
  assert.equal(writeStream(objects, file, spanOf(bytes('W'))), 1)
  assert.equal(read(100), 'orld')
  assert.equal(read(100), '')
  assert.equal(now(), 'hello World')
})

test('an offset beyond 4 GiB is kept to the byte', () => {
  const { objects, file, read } = open('abc')
  const far = 2 ** 40 + 12_345
  assert.equal(seekStream(objects, file, far, 0), far)
  assert.equal(seekStream(objects, file, 0, 1), far)
  assert.equal(seekStream(objects, file, -10, 1), far - 10)
  assert.equal(read(1), '')
  assert.equal(seekStream(objects, file, 2 ** 53, 0), -ERRNO.OVERFLOW)
  assert.equal(fileOffset(objects, file), far - 10)
})

test('seek counts from the start, from here and from the end, and refuses what is before the start', () => {
  const { objects, file, read } = open('0123456789')
  assert.equal(seekStream(objects, file, -3, 2), 7)
  assert.equal(read(1), '7')
  assert.equal(seekStream(objects, file, -4, 1), 4)
  assert.equal(seekStream(objects, file, -5, 1), -ERRNO.INVAL)
  assert.equal(seekStream(objects, file, 0, 3), -ERRNO.INVAL)
  assert.equal(read(1), '4')
})

test('APPEND writes at the end wherever the offset is, several pieces in one go', () => {
  const { objects, file, now } = open('log\n', STATUS.APPEND)
  const line: Spans = { bytes: bytes('onetwo\n'), starts: [0, 3], lengths: [3, 4], count: 2 }
  assert.equal(writeStream(objects, file, line), 7)
  assert.equal(now(), 'log\nonetwo\n')
  assert.equal(seekStream(objects, file, 0, 1), 11)
  setStatusFlags(objects, file, 0)
  seekStream(objects, file, 0, 0)
  writeStream(objects, file, spanOf(bytes('L')))
  assert.equal(now(), 'Log\nonetwo\n')
})

test('a machine that fills up half-way gives a short write, then ENOSPC, and an offset that fits', () => {
  const { machine, objects, file, now } = open()
  machine.files.limit = 5
  assert.equal(writeOperation(objects, file, spanOf(bytes('1234567'))).attempt(), 5)
  assert.equal(seekStream(objects, file, 0, 1), 5)
  assert.equal(writeStream(objects, file, spanOf(bytes('x'))), -ERRNO.NOSPC)
  assert.equal(seekStream(objects, file, 0, 1), 5)
  assert.equal(now(), '12345')
})

test('positioned calls leave the offset alone and are ESPIPE on a pipe', () => {
  const { objects, file, read, now } = open('abcdef')
  const target = new Uint8Array(2)
  assert.equal(readStreamAt(objects, file, 3, spanOf(target)), 2)
  assert.equal(text(target), 'de')
  assert.equal(writeStreamAt(objects, file, 1, spanOf(bytes('X'))), 1)
  assert.equal(readStreamAt(objects, file, -1, spanOf(target)), -ERRNO.INVAL)
  assert.equal(read(9), 'aXcdef')
  assert.equal(now(), 'aXcdef')
  const ends = openPipe(objects)
  assert.ok(typeof ends !== 'number')
  assert.equal(readStreamAt(objects, ends.reader, 0, spanOf(target)), -ERRNO.SPIPE)
  assert.equal(seekStream(objects, ends.reader, 0, 1), -ERRNO.SPIPE)
})

test('access is what the file was opened with', () => {
  const readOnly = open('x', 0, ACCESS.READ)
  assert.equal(writeStream(readOnly.objects, readOnly.file, spanOf(bytes('y'))), -ERRNO.BADF)
  assert.equal(truncateStream(readOnly.objects, readOnly.file, 0), -ERRNO.INVAL)
  const writeOnly = open('x', 0, ACCESS.WRITE)
  assert.equal(writeOnly.read(1), -ERRNO.BADF)
  assert.equal(truncateStream(writeOnly.objects, writeOnly.file, 0), 0)
  assert.equal(writeOnly.now(), '')
})

test('a directory is EISDIR to read and stat knows it', () => {
  const { machine, objects, descriptors } = open()
  const inode = machine.files.open(KIND.DIRECTORY)
  const file = openInode(objects, inode, ACCESS.READ, 0, descriptors)
  assert.equal(readStream(objects, file, spanOf(new Uint8Array(1))), -ERRNO.ISDIR)
  assert.equal(streamKind(objects, file), STREAM.DIRECTORY)
  releaseFile(objects, file)
})

test('what cannot be opened gives its pin back', () => {
  const { machine, objects, descriptors } = open()
  const before = machine.files.pins()
  assert.equal(openInode(objects, machine.files.open(KIND.SYMLINK), BOTH, 0, descriptors), -ERRNO.LOOP)
  assert.equal(openInode(objects, machine.files.open(KIND.SOCKET), BOTH, 0, descriptors), -ERRNO.NXIO)
  const tty = machine.files.open(KIND.DEVICE, undefined, DEVICE.TTY)
  assert.equal(openInode(objects, tty, BOTH, 0, descriptors), -ERRNO.NXIO)
  assert.equal(machine.files.pins(), before)
})

const openDevice = (device: number) => {
  const opened = open()
  const { machine, objects, descriptors } = opened
  const inode = machine.files.open(KIND.DEVICE, undefined, device)
  return { ...opened, device: openInode(objects, inode, BOTH, 0, descriptors) }
}

test('null, zero, full and random do what their names say', () => {
  const target = new Uint8Array(200_000).fill(9)
  const null_ = openDevice(DEVICE.NULL)
  assert.equal(readStream(null_.objects, null_.device, spanOf(target)), 0)
  assert.equal(writeStream(null_.objects, null_.device, spanOf(target)), target.length)
  const random = openDevice(DEVICE.RANDOM)
  assert.equal(readStream(random.objects, random.device, spanOf(target, 10)), target.length - 10)
  assert.ok(target.subarray(0, 10).every((byte) => byte === 9))
  assert.equal(new Set(target.subarray(150_000)).size, 256)
  assert.notDeepEqual(target.slice(10, 60_000), target.slice(65_546, 125_536))
  const zero = openDevice(DEVICE.ZERO)
  assert.equal(readStream(zero.objects, zero.device, spanOf(target)), target.length)
  assert.ok(target.every((byte) => byte === 0))
  const full = openDevice(DEVICE.FULL)
  assert.equal(writeStream(full.objects, full.device, spanOf(target)), -ERRNO.NOSPC)
  assert.equal(readStream(full.objects, full.device, spanOf(target, 0, 5)), 5)
})

test('/dev/tty is the terminal of the process, and stat says a character device', () => {
  const { machine, slot, objects, descriptors } = open()
  const tty = createTty(machine.objects, 80, 24)
  setWord(machine.memory, processAt(slot) + PROCESS.TTY, tty)
  const inode = machine.files.open(KIND.DEVICE, undefined, DEVICE.TTY)
  const pins = machine.files.pins()
  const file = openInode(objects, inode, BOTH, 0, descriptors)
  assert.equal(machine.files.pins(), pins - 1)
  assert.equal(ttyOf(objects, file), tty)
  writeStream(objects, file, spanOf(bytes('hi')))
  assert.equal(text(ttyDrain(objects, tty, 10)[0]?.bytes ?? bytes('')), 'hi')
  const stat = {} as Stat
  assert.equal(statStream(objects, file, stat), 0)
  assert.deepEqual([stat.kind, stat.rdev, stat.size], [KIND.DEVICE, DEVICE.TTY, 0])
})

test('/dev/stdout is descriptor 1, with the same offset', () => {
  const { machine, objects, descriptors, file, now } = open()
  addReference(objects, file)
  descriptors.install(file)
  descriptors.dup(0, 1)
  const inode = machine.files.open(KIND.DEVICE, undefined, DEVICE.STDOUT)
  const again = openInode(objects, inode, BOTH, 0, descriptors)
  assert.equal(again, file)
  writeStream(objects, again, spanOf(bytes('a')))
  writeStream(objects, file, spanOf(bytes('b')))
  assert.equal(now(), 'ab')
  const missing = machine.files.open(KIND.DEVICE, undefined, DEVICE.STDERR)
  assert.equal(openInode(objects, missing, BOTH, 0, descriptors), -ERRNO.BADF)
})

test('an open file is closed with its last reference', () => {
  const { machine, objects, file } = open()
  addReference(objects, file)
  releaseFile(objects, file)
  assert.equal(machine.files.pins(), 1)
  const operation = readOperation(objects, file, spanOf(new Uint8Array(1)))
  releaseFile(objects, file)
  assert.equal(machine.files.pins(), 0)
  assert.equal(operation.attempt(), -ERRNO.BADF)
  const next = machine.files.open(KIND.FILE)
  assert.equal(createOpenFile(objects, { stream: STREAM.FILE, object: next, access: BOTH, status: 0 }), file)
  assert.equal(operation.attempt(), -ERRNO.BADF)
})
