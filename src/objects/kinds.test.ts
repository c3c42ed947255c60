/** One poll over all that a descriptor can be, and the two kinds that nothing else tests: children and watches. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ERRNO } from '../abi/errno.ts'
import { SIGNAL, signalBit } from '../abi/signals.ts'
import { SUPERBLOCK } from '../memory/layout.ts'
import { freeProcess } from '../memory/slots.ts'
import { KIND } from '../vfs/types.ts'
import { ALL_KINDS } from './all-kinds.ts'
import { openChild } from './child-file.ts'
import { createDescriptors } from './descriptors.ts'
import { learnKinds } from './kinds.ts'
import { type Objects, word } from './objects.ts'
import { createOpenFile, openPipe, releaseFile } from './open-file.ts'
import { pollOperation } from './poll.ts'
import { endProcess } from './proc.ts'
import { openPty } from './pty.ts'
import { openSemaphore, postSemaphore } from './semaphore.ts'
import { raise, setBlocked } from './signal.ts'
import { openSignalFile } from './signal-file.ts'
import { spanOf } from './spans.ts'
import { readStream, ttyOf, writeStream } from './stream.ts'
import { bytes, createTestMachine } from './test-machine.ts'
import { ttyInput } from './tty-input.ts'
import { ACCESS, PENDING, type PollEntry, READY, STREAM } from './types.ts'
import { CHANGE, openWatch, parseChanges, putChange } from './watch-file.ts'

learnKinds(ALL_KINDS)

const need = <T>(made: T | number): T => {
  assert.ok(typeof made !== 'number')
  return made
}

test('one poll waits for files, pipes, terminals, masters, children, signals, semaphores, watches and the time', () => {
  const machine = createTestMachine()
  const slot = machine.spawn()
  const objects = machine.as(slot)
  const descriptors = createDescriptors(objects)
  const child = machine.spawn(machine.pid(slot))
  const pipe = need(openPipe(objects))
  const pty = need(openPty(objects, 80, 24))
  const tty = ttyOf(objects, pty.slave)
  const semaphore = openSemaphore(objects, bytes('/s'), { create: true })
  const watch = need(openWatch(objects))
  setBlocked(objects, signalBit(SIGNAL.USR1))
  const file = { stream: STREAM.FILE, object: machine.files.open(KIND.FILE), access: ACCESS.READ, status: 0 }
  const files = [
    pipe.reader,
    pty.slave,
    pty.master,
    openChild(objects, machine.pid(child)),
    openSignalFile(objects, signalBit(SIGNAL.USR1)),
    semaphore,
    watch.file,
    createOpenFile(objects, file),
  ]
  const entries = files.map(
    (each): PollEntry => ({
      kind: 'read',
      fd: descriptors.install(each),
      deadline: 0,
      ready: 0,
      bytes: 0,
      error: 0,
    }),
  )
  const clock: PollEntry = {
    kind: 'clock',
    fd: -1,
    deadline: Number.POSITIVE_INFINITY,
    ready: 0,
    bytes: 0,
    error: 0,
  }
  const ready = (): string => {
    pollOperation(objects, descriptors, all).attempt()
    return all.map((entry) => (entry.error ? 'E' : entry.ready ? '1' : '.')).join('')
  }
  const all = [...entries.slice(0, 7), clock]
  assert.equal(pollOperation(objects, descriptors, all).attempt(), PENDING)
  const steps: [() => unknown, string][] = [
    [() => writeStream(objects, pipe.writer, spanOf(bytes('x'))), '1.......'],
    // What is typed is echoed, which the master sees.
    [() => ttyInput(objects, tty, bytes('line\n')), '111.....'],
    [() => endProcess(machine.objects, child, 0, 0), '1111....'],
    [() => raise(objects, machine.pid(slot), SIGNAL.USR1), '11111...'],
    [() => postSemaphore(objects, semaphore), '111111..'],
    [() => putChange(objects, watch.watch, CHANGE.CREATED, bytes('new')), '1111111.'],
    [() => Object.assign(clock, { deadline: 0 }), '11111111'],
  ]
  for (const [act, expected] of steps) {
    act()
    assert.equal(ready(), expected)
  }
  assert.equal(pollOperation(objects, descriptors, entries.slice(7)).attempt(), 1, 'a file never waits')
})

test('a child’s descriptor is readable once it has ended, also when it was waited for, and wakes who waits', () => {
  const machine = createTestMachine()
  const slot = machine.spawn()
  const objects = machine.as(slot)
  const descriptors = createDescriptors(objects)
  const child = machine.spawn(machine.pid(slot))
  assert.equal(openChild(objects, 99999), -ERRNO.SRCH)
  const fd = descriptors.install(openChild(objects, machine.pid(child)))
  const entry: PollEntry = { kind: 'read', fd, deadline: 0, ready: 0, bytes: 0, error: 0 }
  const waiting = pollOperation(objects, descriptors, [entry])
  waiting.watch(true)
  const seen = word(objects, 64)
  assert.equal(waiting.attempt(), PENDING)
  endProcess(machine.objects, child, 0, 0)
  assert.notEqual(word(objects, 64), seen, 'the thread’s wake word was bumped')
  assert.equal(waiting.attempt(), 1)
  assert.equal(entry.ready, READY.READ | READY.HANGUP)
  waiting.watch(false)
  freeProcess(machine.memory, child)
  assert.equal(waiting.attempt(), 1)
})

const drain = (objects: Objects, file: number, room = 65536) => {
  const target = new Uint8Array(room)
  const count = readStream(objects, file, spanOf(target))
  return count < 0 ? count : parseChanges(target.subarray(0, count))
}

test('records of a watch come whole and in order', () => {
  const { objects } = createTestMachine()
  const { file, watch } = need(openWatch(objects))
  assert.equal(drain(objects, file), PENDING)
  putChange(objects, watch, CHANGE.CREATED, bytes('é.txt'))
  putChange(objects, watch, CHANGE.REMOVED, bytes('a/b'))
  assert.equal(drain(objects, file, 8), -ERRNO.INVAL, 'not even one fits')
  assert.deepEqual(drain(objects, file, 20), [{ mask: CHANGE.CREATED, path: 'é.txt' }])
  assert.deepEqual(drain(objects, file), [{ mask: CHANGE.REMOVED, path: 'a/b' }])
})

test('a watch that nobody reads says that records are missing, and goes on once it was read', () => {
  const { objects } = createTestMachine()
  const { file, watch } = need(openWatch(objects))
  for (let count = 0; count < 5000; count++)
    putChange(objects, watch, CHANGE.MODIFIED, bytes(`file-${count}`))
  const found = drain(objects, file, 200_000)
  assert.ok(typeof found !== 'number' && found.length > 2000 && found.length < 5000)
  assert.deepEqual(found.at(-1), { mask: CHANGE.OVERFLOW, path: '' })
  assert.deepEqual(found.at(-2), { mask: CHANGE.MODIFIED, path: `file-${found.length - 2}` })
  assert.equal(drain(objects, file), PENDING)
  for (let count = 0; count < 3000; count++) {
    putChange(objects, watch, CHANGE.CREATED, bytes('x'.repeat(count % 200)))
    assert.deepEqual(drain(objects, file), [{ mask: CHANGE.CREATED, path: 'x'.repeat(count % 200) }])
  }
})

test('closing a watch frees its ring', () => {
  const machine = createTestMachine()
  const { objects } = machine
  need(openWatch(objects))
  const before = machine.used()
  releaseFile(objects, need(openWatch(objects)).file)
  assert.equal(machine.used(), before)
  assert.equal(word(objects, SUPERBLOCK.USED_WATCHES), 1)
})
