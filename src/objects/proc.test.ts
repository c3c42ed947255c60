import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ERRNO } from '../abi/errno.ts'
import { SIGNAL, signalBit } from '../abi/signals.ts'
import { MAX_PROCESSES, MAX_THREADS, PROCESS, PROCESS_STATE, processAt } from '../memory/layout.ts'
import { freeThread, getWord } from '../memory/slots.ts'
import { KIND } from '../vfs/types.ts'
import { WAIT, waitOperation } from './child.ts'
import { createDescriptors } from './descriptors.ts'
import { openPipe } from './open-file.ts'
import { createProc, endProcess, releaseProcess } from './proc.ts'
import { pendingSignal, raise, raiseGroup, setBlocked, setDisposition, takeSignal } from './signal.ts'
import { spanOf } from './spans.ts'
import { readStream, writeStream } from './stream.ts'
import { createTestMachine, type TestMachine } from './test-machine.ts'
import { PENDING } from './types.ts'
import { checkSignals, Interrupted } from './wait.ts'

const state = (machine: TestMachine, slot: number): number =>
  getWord(machine.memory, processAt(slot) + PROCESS.STATE)
const parentOf = (machine: TestMachine, slot: number): number =>
  getWord(machine.memory, processAt(slot) + PROCESS.PARENT)

const family = (children: number) => {
  const machine = createTestMachine()
  const slot = machine.spawn()
  const slots = Array.from({ length: children }, () => machine.spawn(machine.pid(slot)))
  return { machine, slot, slots, pids: slots.map((each) => machine.pid(each)), parent: machine.as(slot) }
}

test('wait gives a child once it has ended, with its status, and frees its slot', () => {
  const { machine, slots, pids, parent } = family(2)
  const wait = waitOperation(parent, -1)
  assert.equal(wait.attempt(), PENDING)
  endProcess(machine.objects, slots[1] ?? 0, 3, 0)
  assert.equal(state(machine, slots[1] ?? 0), PROCESS_STATE.ZOMBIE)
  assert.equal(wait.attempt(), pids[1])
  assert.deepEqual(wait.status, { code: 3, signal: 0, stopped: 0, continued: false })
  assert.equal(state(machine, slots[1] ?? 0), PROCESS_STATE.FREE)
  endProcess(machine.objects, slots[0] ?? 0, 0, SIGNAL.KILL)
  const last = waitOperation(parent, pids[0] ?? 0)
  assert.equal(last.attempt(), pids[0])
  assert.deepEqual(last.status, { code: 137, signal: SIGNAL.KILL, stopped: 0, continued: false })
  assert.equal(waitOperation(parent, -1).attempt(), -ERRNO.CHILD)
})

test('wait with NO_HANG is 0 while the child runs, and ECHILD for somebody else’s child', () => {
  const { machine, pids, parent } = family(1)
  assert.equal(waitOperation(parent, pids[0] ?? 0, WAIT.NO_HANG).attempt(), 0)
  const stranger = machine.as(machine.spawn())
  assert.equal(waitOperation(stranger, pids[0] ?? 0, WAIT.NO_HANG).attempt(), -ERRNO.CHILD)
})

test('the end of a child is SIGCHLD to a parent that handles it', () => {
  const { machine, slots, parent } = family(1)
  setDisposition(parent, SIGNAL.CHLD, 'handle')
  endProcess(machine.objects, slots[0] ?? 0, 0, 0)
  assert.deepEqual(pendingSignal(parent), { signal: SIGNAL.CHLD, action: 'handle' })
})

test('a parent that ignores SIGCHLD has no zombies: the kernel gets the child', () => {
  const { machine, slots, parent } = family(1)
  setDisposition(parent, SIGNAL.CHLD, 'ignore')
  endProcess(machine.objects, slots[0] ?? 0, 0, 0)
  assert.equal(parentOf(machine, slots[0] ?? 0), 0)
  assert.equal(waitOperation(parent, -1).attempt(), -ERRNO.CHILD)
  assert.equal(waitOperation(machine.objects, -1).attempt(), machine.pid(slots[0] ?? 0))
})

test('the children of a dead process go to pid 0, and its zombies are freed', () => {
  const { machine, slot, slots } = family(2)
  endProcess(machine.objects, slots[0] ?? 0, 1, 0)
  endProcess(machine.objects, slot, 0, 0)
  assert.equal(state(machine, slots[0] ?? 0), PROCESS_STATE.FREE)
  assert.equal(state(machine, slots[1] ?? 0), PROCESS_STATE.RUNNING)
  assert.equal(parentOf(machine, slots[1] ?? 0), 0)
})

test('a process ends once: the second end changes nothing', () => {
  const { machine, slots, parent, pids } = family(1)
  endProcess(machine.objects, slots[0] ?? 0, 7, 0)
  endProcess(machine.objects, slots[0] ?? 0, 0, SIGNAL.KILL)
  const wait = waitOperation(parent, -1)
  assert.equal(wait.attempt(), pids[0])
  assert.equal(wait.status.code, 7)
})

test('a dead process pins nothing: files, pipes and its working directory are given back', () => {
  const machine = createTestMachine()
  const slot = machine.spawn()
  const own = machine.as(slot)
  const proc = createProc(own)
  const [home, other] = [machine.files.open(KIND.DIRECTORY), machine.files.open(KIND.DIRECTORY)]
  proc.setCwd(home)
  proc.setCwd(other)
  machine.objects.vfs.unpin(home)
  machine.objects.vfs.unpin(other)
  assert.equal(proc.cwd(), other)
  assert.equal(machine.files.pins(), 1)
  const ends = openPipe(own)
  assert.ok(typeof ends !== 'number')
  createDescriptors(own).install(ends.writer)
  writeStream(own, ends.writer, spanOf(new Uint8Array(3)))
  endProcess(machine.objects, slot, 0, SIGNAL.KILL)
  releaseProcess(machine.objects, slot)
  assert.equal(machine.files.pins(), 0)
  assert.equal(readStream(machine.objects, ends.reader, spanOf(new Uint8Array(9))), 3)
  assert.equal(readStream(machine.objects, ends.reader, spanOf(new Uint8Array(9))), 0)
})

test('the umask is the process’s own', () => {
  const machine = createTestMachine()
  const proc = createProc(machine.as(machine.spawn()))
  assert.equal(proc.setUmask(0o7777), 0)
  assert.equal(proc.umask(), 0o777)
})

test('signals: raised, ignored, handled, blocked', () => {
  const machine = createTestMachine()
  const slot = machine.spawn()
  const own = machine.as(slot)
  const pid = machine.pid(slot)
  const pending = () => getWord(machine.memory, processAt(slot) + PROCESS.PENDING)
  assert.equal(raise(own, 9999, SIGNAL.TERM), -ERRNO.SRCH)
  assert.equal(raise(own, pid, 99), -ERRNO.INVAL)
  assert.equal(raise(own, pid, 0), 0)
  raise(own, pid, SIGNAL.CHLD)
  assert.equal(pending(), 0, 'ignored by default')
  assert.equal(setDisposition(own, SIGNAL.KILL, 'ignore'), -ERRNO.INVAL)
  setDisposition(own, SIGNAL.TERM, 'ignore')
  raise(own, pid, SIGNAL.TERM)
  assert.equal(pending(), 0)
  setDisposition(own, SIGNAL.TERM, 'handle')
  raise(own, pid, SIGNAL.TERM)
  assert.equal(checkSignals(own), true)
  assert.ok(takeSignal(own, SIGNAL.TERM))
  assert.ok(!takeSignal(own, SIGNAL.TERM))
  assert.equal(setBlocked(own, signalBit(SIGNAL.INT) | signalBit(SIGNAL.KILL)), 0)
  raise(own, pid, SIGNAL.INT)
  assert.equal(checkSignals(own), false)
  setBlocked(own, 0)
  assert.throws(
    () => checkSignals(own),
    (error) => error instanceof Interrupted && error.signal === SIGNAL.INT,
  )
  raise(own, pid, SIGNAL.KILL)
  assert.throws(
    () => checkSignals(own),
    (error) => error instanceof Interrupted && error.signal === SIGNAL.KILL,
  )
})

test('a group’s signal reaches its members alone, and nobody for group 0', () => {
  const machine = createTestMachine()
  const [leader, member, other] = [machine.spawn(), machine.spawn(), machine.spawn()]
  const group = machine.pid(leader)
  machine.memory.i32[processAt(member) + PROCESS.GROUP] = group
  assert.equal(raiseGroup(machine.objects, group, SIGNAL.INT), 2)
  assert.equal(raiseGroup(machine.objects, 0, SIGNAL.INT), 0)
  const pending = [leader, member, other].map((slot) =>
    getWord(machine.memory, processAt(slot) + PROCESS.PENDING),
  )
  assert.deepEqual(pending, [2, 2, 0])
})

test('a full process table is filled and emptied again without a leak', () => {
  const machine = createTestMachine()
  const slot = machine.spawn()
  const parent = machine.as(slot)
  for (let round = 0; round < 3; round++) {
    const children = Array.from({ length: MAX_PROCESSES - 2 }, () => machine.spawn(machine.pid(slot)))
    for (const child of children) endProcess(machine.objects, child, round, 0)
    // Their threads are gone as well: a slot waits for that.
    for (let thread = 1; thread < MAX_THREADS; thread++) freeThread(machine.memory, thread)
    const reaped = new Set<number>()
    for (let pid = waitOperation(parent, -1).attempt(); pid > 0; pid = waitOperation(parent, -1).attempt())
      reaped.add(pid)
    assert.equal(reaped.size, MAX_PROCESSES - 2)
  }
})
