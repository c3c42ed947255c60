import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ERRNO } from '../abi/errno.ts'
import { SIGNAL, signalBit } from '../abi/signals.ts'
import { PROCESS, processAt, SUPERBLOCK } from '../memory/layout.ts'
import { getWord, setWord } from '../memory/slots.ts'
import { ALL_KINDS } from './all-kinds.ts'
import { createDescriptors } from './descriptors.ts'
import { learnKinds } from './kinds.ts'
import { type Objects, word } from './objects.ts'
import { addReference, releaseFile } from './open-file.ts'
import { pollOnce } from './poll.ts'
import { endProcess } from './proc.ts'
import { controlTerminal, openPty } from './pty.ts'
import { spanOf } from './spans.ts'
import { readStream, ttyOf, writeStream } from './stream.ts'
import { rawTermios } from './termios.ts'
import { bytes, createTestMachine, text } from './test-machine.ts'
import { getForeground, getTermios, INPUT_CAPACITY, resizeTty, setTermios } from './tty.ts'
import { PENDING, type PollEntry, READY } from './types.ts'

learnKinds(ALL_KINDS)

const pty = (objects: Objects) => {
  const made = openPty(objects, 80, 24)
  assert.ok(typeof made !== 'number')
  return made
}
const read = (objects: Objects, file: number, length = 4096): string | number => {
  const target = new Uint8Array(length)
  const count = readStream(objects, file, spanOf(target))
  return count < 0 ? count : text(target.subarray(0, count))
}
const write = (objects: Objects, file: number, words: string): number =>
  writeStream(objects, file, spanOf(bytes(words)))

test('what is typed at the master is edited, echoed and read as lines; what is printed comes out with CR LF', () => {
  const { objects } = createTestMachine()
  const { master, slave } = pty(objects)
  assert.equal(read(objects, master), PENDING)
  write(objects, master, 'helpo\x7f\x7flo\r')
  assert.equal(read(objects, slave), 'hello\n')
  assert.equal(read(objects, master), 'helpo\b \b\b \blo\r\n')
  write(objects, slave, 'a\nb')
  assert.equal(read(objects, master), 'a\r\nb')
})

test('raw mode: bytes as they are, both ways', () => {
  const { objects } = createTestMachine()
  const { master, slave } = pty(objects)
  const tty = ttyOf(objects, slave)
  assert.equal(ttyOf(objects, master), tty)
  setTermios(objects, tty, rawTermios(getTermios(objects, tty)))
  write(objects, master, '\x03\r')
  assert.equal(read(objects, slave), '\x03\r')
  write(objects, slave, '\n')
  assert.equal(read(objects, master), '\n')
})

test('a session takes it, and gets its signals: ^C, a new size, a hang-up', () => {
  const machine = createTestMachine()
  const slot = machine.spawn()
  const own = machine.as(slot)
  const { master, slave } = pty(own)
  const tty = ttyOf(own, slave)
  assert.equal(controlTerminal(own, tty), -ERRNO.PERM, 'only the leader of a session')
  setWord(machine.memory, processAt(slot) + PROCESS.SESSION, machine.pid(slot))
  assert.equal(controlTerminal(own, tty), 0)
  assert.equal(getForeground(own, tty), machine.pid(slot))
  const pending = (): number => getWord(machine.memory, processAt(slot) + PROCESS.PENDING)
  setWord(machine.memory, processAt(slot) + PROCESS.HANDLED, -1)
  write(own, master, '\x03')
  resizeTty(own, tty, 100, 30)
  assert.equal(pending(), signalBit(SIGNAL.INT) | signalBit(SIGNAL.WINCH))
  const other = machine.spawn()
  setWord(machine.memory, processAt(other) + PROCESS.SESSION, machine.pid(other))
  assert.equal(controlTerminal(machine.as(other), tty), -ERRNO.PERM, 'it is another session’s')
  releaseFile(own, master)
  assert.ok(pending() & signalBit(SIGNAL.HUP))
  assert.equal(write(own, slave, 'x'), -ERRNO.IO)
  assert.equal(read(own, slave), '')
})

test('without a slave the master gives what is left, and then EIO', () => {
  const { objects } = createTestMachine()
  const { master, slave } = pty(objects)
  write(objects, slave, 'last words')
  releaseFile(objects, slave)
  assert.equal(read(objects, master), 'last words')
  assert.equal(read(objects, master), -ERRNO.IO)
  assert.equal(write(objects, master, 'x'), -ERRNO.IO)
})

test('poll: the master is readable when something was printed, and writable while the input has room', () => {
  const machine = createTestMachine()
  const objects = machine.as(machine.spawn())
  const { master, slave } = pty(objects)
  const descriptors = createDescriptors(objects)
  const fd = descriptors.install(master)
  const look = (): number[] => {
    const entry = (kind: 'read' | 'write'): PollEntry => ({
      kind,
      fd,
      deadline: 0,
      ready: 0,
      bytes: 0,
      error: 0,
    })
    const entries = [entry('read'), entry('write')]
    pollOnce(objects, descriptors, entries)
    return entries.map(({ ready }) => ready)
  }
  assert.deepEqual(look(), [0, READY.WRITE])
  write(objects, slave, 'x')
  assert.deepEqual(look(), [READY.READ, READY.WRITE])
  const tty = ttyOf(objects, slave)
  setTermios(objects, tty, rawTermios(getTermios(objects, tty)))
  while (write(objects, master, 'x'.repeat(INPUT_CAPACITY)) > 0);
  assert.deepEqual(look(), [READY.READ, 0])
  releaseFile(objects, slave)
  assert.deepEqual(look(), [READY.READ | READY.HANGUP, READY.WRITE | READY.HANGUP])
})

test('death of who has it frees it: rings, block and descriptors', () => {
  const machine = createTestMachine()
  const slot = machine.spawn()
  const own = machine.as(slot)
  pty(own)
  const before = machine.used()
  const descriptors = createDescriptors(own)
  const { master, slave } = pty(own)
  addReference(own, slave)
  for (const file of [master, slave, slave]) descriptors.install(file)
  endProcess(machine.objects, slot, 0, SIGNAL.KILL)
  assert.equal(machine.used(), before)
  assert.equal(word(own, SUPERBLOCK.USED_TTYS), 1)
})
