/** Job control: groups, sessions, foreground and background, stop and continue. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ERRNO } from '../abi/errno.ts'
import { SIGNAL, signalBit } from '../abi/signals.ts'
import { PROCESS, PROCESS_STATE, processAt, THREAD, threadAt } from '../memory/layout.ts'
import { getWord, setWord } from '../memory/slots.ts'
import { statusWord, WAIT, waitOperation } from './child.ts'
import { createDescriptors } from './descriptors.ts'
import { foregroundOperation, getGroup, getSession, newSession, setGroup, terminalOperation } from './jobs.ts'
import { createOpenFile } from './open-file.ts'
import { pollOnce } from './poll.ts'
import { endProcess } from './proc.ts'
import { isOrphaned, pendingSignal, raise, raiseGroup, setBlocked, setDisposition } from './signal.ts'
import { openSignalFile, signalOperation } from './signal-file.ts'
import { JOB, REPORT } from './slot-words.ts'
import { spanOf } from './spans.ts'
import { readStream } from './stream.ts'
import { LOCAL_MODE } from './termios.ts'
import { bytes, createTestMachine, type TestMachine, text } from './test-machine.ts'
import { createTty, getForeground, getTermios, setForeground, setTermios } from './tty.ts'
import { ttyInput } from './tty-input.ts'
import { ttyDrain, ttyWrite } from './tty-output.ts'
import { ttyRead } from './tty-read.ts'
import { ACCESS, PENDING, type PollEntry, READY, STREAM } from './types.ts'
import { Interrupted, waitFor } from './wait.ts'

const field = (machine: TestMachine, slot: number, word: number): number =>
  getWord(machine.memory, processAt(slot) + word)

/** A shell that leads its session, with two children in a job of their own, on a terminal. */
const shellWithJob = () => {
  const machine = createTestMachine()
  const shell = machine.spawn()
  const pid = machine.pid(shell)
  const tty = createTty(machine.objects, 80, 24)
  setWord(machine.memory, processAt(shell) + PROCESS.SESSION, pid)
  setWord(machine.memory, processAt(shell) + PROCESS.TTY, tty)
  setForeground(machine.objects, tty, pid)
  const jobs = [machine.spawn(pid), machine.spawn(pid)]
  const own = machine.as(shell)
  for (const slot of jobs) {
    setWord(machine.memory, processAt(slot) + PROCESS.SESSION, pid)
    setWord(machine.memory, processAt(slot) + PROCESS.GROUP, pid)
    setWord(machine.memory, processAt(slot) + PROCESS.TTY, tty)
    assert.equal(setGroup(own, machine.pid(slot), machine.pid(jobs[0] as number)), 0)
  }
  const [first, second] = jobs as [number, number]
  return { machine, shell, own, pid, tty, first, second, group: machine.pid(first) }
}

const isStopped = (machine: TestMachine, slot: number): boolean =>
  field(machine, slot, PROCESS.STATE) === PROCESS_STATE.STOPPED

/** What a process does at its next call, as far as a test of one thread can: it stops, but does not sleep. */
const stopAtNextCall = (machine: TestMachine, slot: number): void => {
  const pending = pendingSignal(machine.as(slot))
  assert.equal(pending?.action, 'stop')
  setWord(machine.memory, processAt(slot) + PROCESS.STATE, PROCESS_STATE.STOPPED)
  setWord(machine.memory, processAt(slot) + JOB.STOP_SIGNAL, pending?.signal ?? 0)
  setWord(machine.memory, processAt(slot) + JOB.REPORTS, REPORT.STOPPED)
}

test('a group is joined within a session, and by the process or its parent alone', () => {
  const { machine, own, pid, first, second, group } = shellWithJob()
  assert.deepEqual(
    [getGroup(own, 0), getGroup(own, machine.pid(second)), getSession(own, 0)],
    [pid, group, pid],
  )
  const stranger = machine.as(machine.spawn())
  assert.equal(setGroup(stranger, machine.pid(first), 0), -ERRNO.SRCH)
  assert.equal(
    setGroup(machine.as(first), machine.pid(second), 0),
    -ERRNO.SRCH,
    'a sibling is nobody’s to move',
  )
  assert.equal(setGroup(own, 0, group), -ERRNO.PERM, 'the leader of a session stays')
  assert.equal(setGroup(own, machine.pid(second), 99_999), -ERRNO.PERM, 'no such group')
  assert.equal(
    setGroup(own, machine.pid(second), machine.pid(stranger.slot)),
    -ERRNO.PERM,
    'another session’s',
  )
  assert.equal(setGroup(own, machine.pid(second), -1), -ERRNO.INVAL)
  assert.equal(setGroup(own, 99_999, 0), -ERRNO.SRCH)
  assert.equal(setGroup(machine.as(second), 0, 0), 0)
  assert.equal(getGroup(own, machine.pid(second)), machine.pid(second))
})

test('a new session has a group of its own and no terminal; a group’s leader gets none', () => {
  const { machine, first, second } = shellWithJob()
  assert.equal(newSession(machine.as(first)), -ERRNO.PERM)
  const pid = machine.pid(second)
  assert.equal(newSession(machine.as(second)), pid)
  const own = [PROCESS.SESSION, PROCESS.GROUP, PROCESS.TTY].map((word) => field(machine, second, word))
  assert.deepEqual(own, [pid, pid, 0])
})

test('a signal for a group reaches it and not the process whose pid it has', () => {
  const { machine, own, first, second } = shellWithJob()
  assert.equal(setGroup(own, machine.pid(second), machine.pid(second)), 0)
  assert.equal(setGroup(own, machine.pid(first), machine.pid(second)), 0)
  assert.equal(raiseGroup(own, machine.pid(first), SIGNAL.INT), 0, 'the group is empty now')
  assert.equal(raiseGroup(own, machine.pid(second), SIGNAL.INT), 2)
})

test('Ctrl-Z stops the foreground group alone, is told once, and CONT clears it', () => {
  const { machine, own, tty, first, second, group, shell } = shellWithJob()
  assert.equal(foregroundOperation(own, tty, group).attempt(), 0)
  ttyInput(machine.objects, tty, bytes('\x1a'))
  assert.equal(field(machine, shell, PROCESS.PENDING), 0)
  for (const slot of [first, second])
    assert.deepEqual(pendingSignal(machine.as(slot)), { signal: SIGNAL.TSTP, action: 'stop' })
  stopAtNextCall(machine, first)
  const quiet = waitOperation(own, -1, WAIT.NO_HANG)
  assert.equal(quiet.attempt(), 0, 'only who asks for stops is told')
  const told = waitOperation(own, -group, WAIT.NO_HANG | WAIT.UNTRACED)
  assert.equal(told.attempt(), machine.pid(first))
  assert.equal(told.status.stopped, SIGNAL.TSTP)
  assert.equal(statusWord(told.status), (SIGNAL.TSTP << 8) | 0x7f)
  assert.equal(waitOperation(own, -1, WAIT.NO_HANG | WAIT.UNTRACED).attempt(), 0, 'once')
  raiseGroup(own, group, SIGNAL.CONT)
  assert.equal(field(machine, first, PROCESS.STATE), PROCESS_STATE.RUNNING)
  assert.deepEqual(
    [first, second].map((slot) => field(machine, slot, PROCESS.PENDING)),
    [0, 0],
  )
  const continued = waitOperation(own, -1, WAIT.NO_HANG | WAIT.CONTINUED)
  assert.equal(continued.attempt(), machine.pid(first))
  assert.equal(statusWord(continued.status), 0xffff)
})

test('a stopped process follows KILL, keeps TERM until it is continued, and CONT is not lost before the stop', () => {
  const { machine, first } = shellWithJob()
  const own = machine.as(first)
  raise(own, machine.pid(first), SIGNAL.STOP)
  stopAtNextCall(machine, first)
  raise(own, machine.pid(first), SIGNAL.TERM)
  assert.deepEqual(pendingSignal(own), { signal: SIGNAL.STOP, action: 'stop' })
  raise(own, machine.pid(first), SIGNAL.CONT)
  assert.ok(!isStopped(machine, first))
  assert.deepEqual(pendingSignal(own), { signal: SIGNAL.TERM, action: 'terminate' })
  raise(own, machine.pid(first), SIGNAL.STOP)
  raise(own, machine.pid(first), SIGNAL.KILL)
  assert.throws(
    () =>
      waitFor(
        own,
        terminalOperation(own, 0, () => PENDING),
      ),
    (error) => error instanceof Interrupted && error.signal === SIGNAL.KILL,
  )
})

test('STOP cannot be ignored, handled or blocked; TSTP can', () => {
  const { machine, first } = shellWithJob()
  const own = machine.as(first)
  for (const how of ['ignore', 'handle'] as const)
    assert.equal(setDisposition(own, SIGNAL.STOP, how), -ERRNO.INVAL)
  setBlocked(own, signalBit(SIGNAL.STOP) | signalBit(SIGNAL.TSTP))
  raise(own, machine.pid(first), SIGNAL.TSTP)
  assert.equal(pendingSignal(own), undefined)
  raise(own, machine.pid(first), SIGNAL.STOP)
  assert.deepEqual(pendingSignal(own), { signal: SIGNAL.STOP, action: 'stop' })
  raise(own, machine.pid(first), SIGNAL.CONT)
  setBlocked(own, 0)
  setDisposition(own, SIGNAL.TSTP, 'handle')
  raise(own, machine.pid(first), SIGNAL.TSTP)
  assert.deepEqual(pendingSignal(own), { signal: SIGNAL.TSTP, action: 'handle' })
})

test('a background read is TTIN for its group, and EIO where that would stop nobody', () => {
  const { machine, tty, first, second, group } = shellWithJob()
  ttyInput(machine.objects, tty, bytes('line\n'))
  const buffer = new Uint8Array(16)
  const own = machine.as(first)
  assert.equal(ttyRead(own, tty, spanOf(buffer)), PENDING)
  for (const slot of [first, second])
    assert.deepEqual(pendingSignal(machine.as(slot)), { signal: SIGNAL.TTIN, action: 'stop' })
  raiseGroup(own, group, SIGNAL.CONT)
  setDisposition(own, SIGNAL.TTIN, 'ignore')
  assert.equal(ttyRead(own, tty, spanOf(buffer)), -ERRNO.IO)
  setForeground(machine.objects, tty, group)
  assert.equal(ttyRead(own, tty, spanOf(buffer)), 5)
  assert.equal(text(buffer.subarray(0, 5)), 'line\n')
})

test('a background write passes, unless the terminal says TOSTOP', () => {
  const { machine, tty, first } = shellWithJob()
  const own = machine.as(first)
  assert.equal(ttyWrite(own, tty, 1, spanOf(bytes('a')), 0), 1)
  const modes = getTermios(own, tty)
  setTermios(machine.objects, tty, { ...modes, local: modes.local | LOCAL_MODE.TOSTOP })
  assert.equal(ttyWrite(own, tty, 1, spanOf(bytes('b')), 0), PENDING)
  assert.deepEqual(pendingSignal(own), { signal: SIGNAL.TTOU, action: 'stop' })
  setDisposition(own, SIGNAL.TTOU, 'ignore')
  assert.equal(ttyWrite(own, tty, 1, spanOf(bytes('c')), 0), 1)
  assert.equal(text(ttyDrain(machine.objects, tty, 9)[0]?.bytes ?? bytes('')), 'ac')
})

test('a background process that takes the foreground gets TTOU first; a foreign group is refused', () => {
  const { machine, own, tty, first, group, pid } = shellWithJob()
  const child = machine.as(first)
  assert.equal(foregroundOperation(child, tty, group).attempt(), PENDING)
  assert.equal(getForeground(own, tty), pid)
  raise(own, machine.pid(first), SIGNAL.CONT)
  setBlocked(child, signalBit(SIGNAL.TTOU))
  assert.equal(foregroundOperation(child, tty, group).attempt(), 0)
  assert.equal(foregroundOperation(child, tty, 4_000).attempt(), -ERRNO.PERM)
  const stranger = machine.as(machine.spawn())
  assert.equal(foregroundOperation(stranger, tty, machine.pid(stranger.slot)).attempt(), -ERRNO.NOTTY)
})

test('an orphaned group is not stopped by keys, for nobody could continue it', () => {
  const machine = createTestMachine()
  const slot = machine.spawn()
  const own = machine.as(slot)
  assert.ok(isOrphaned(own, machine.pid(slot)))
  raise(own, machine.pid(slot), SIGNAL.TSTP)
  assert.equal(pendingSignal(own), undefined)
  raise(own, machine.pid(slot), SIGNAL.STOP)
  assert.equal(pendingSignal(own)?.action, 'stop', 'the user can')
})

test('when the shell ends, the foreground is hung up, and a stopped job too', () => {
  const { machine, shell, tty, first, second, own, group } = shellWithJob()
  setGroup(own, machine.pid(second), 0)
  foregroundOperation(own, tty, machine.pid(second)).attempt()
  raiseGroup(own, group, SIGNAL.STOP)
  stopAtNextCall(machine, first)
  endProcess(machine.objects, shell, 0, 0)
  for (const slot of [first, second]) {
    assert.deepEqual(pendingSignal(machine.as(slot)), { signal: SIGNAL.HUP, action: 'terminate' })
    assert.equal(field(machine, slot, PROCESS.TTY), 0)
  }
  assert.ok(!isStopped(machine, first))
})

test('a signal descriptor is readable while one of its signals is pending, and gives each once', () => {
  const { machine, first } = shellWithJob()
  const own = machine.as(first)
  const pid = machine.pid(first)
  const mask = signalBit(SIGNAL.USR1) | signalBit(SIGNAL.WINCH)
  const descriptors = createDescriptors(own)
  const fd = descriptors.install(openSignalFile(own, mask))
  const entry: PollEntry = { kind: 'read', fd, deadline: 0, ready: 0, bytes: 0, error: 0 }
  setBlocked(own, mask)
  assert.equal(pollOnce(own, descriptors, [entry]), 0)
  raise(own, pid, SIGNAL.WINCH)
  raise(own, pid, SIGNAL.USR1)
  raise(own, pid, SIGNAL.USR1)
  assert.equal(pollOnce(own, descriptors, [entry]), 1)
  assert.equal(entry.ready, READY.READ)
  const buffer = new Uint8Array(64)
  const file = descriptors.get(fd)
  assert.equal(readStream(own, file, spanOf(new Uint8Array(3))), -ERRNO.INVAL)
  assert.equal(readStream(own, file, spanOf(buffer)), 8)
  assert.deepEqual([buffer[0], buffer[4]], [SIGNAL.USR1, SIGNAL.WINCH])
  assert.equal(readStream(own, file, spanOf(buffer)), PENDING)
  raise(own, pid, SIGNAL.WINCH)
  assert.equal(waitFor(own, signalOperation(own, mask)), SIGNAL.WINCH)
  assert.equal(descriptors.close(fd), 0)
  assert.equal(machine.files.pins(), 0, 'the mask is no inode')
})

test('a handled signal ends every kind of wait with EINTR, an ignored one wakes nothing', () => {
  const { machine, tty, shell, own, first } = shellWithJob()
  const file = createOpenFile(own, { stream: STREAM.TTY, object: tty, access: ACCESS.READ, status: 0 })
  setDisposition(own, SIGNAL.USR1, 'handle')
  setDisposition(own, SIGNAL.USR2, 'ignore')
  const wakes = () => getWord(machine.memory, threadAt(1) + THREAD.WAKE)
  const before = wakes()
  raise(own, machine.pid(shell), SIGNAL.USR2)
  raise(own, machine.pid(shell), SIGNAL.WINCH)
  assert.equal(wakes(), before)
  raise(own, machine.pid(shell), SIGNAL.USR1)
  assert.ok(wakes() > before)
  assert.equal(waitFor(own, waitOperation(own, machine.pid(first))), -ERRNO.INTR)
  assert.equal(
    waitFor(
      own,
      terminalOperation(own, tty, () => PENDING),
    ),
    -ERRNO.INTR,
  )
  assert.equal(waitFor(own, signalOperation(own, signalBit(SIGNAL.HUP))), -ERRNO.INTR)
  assert.ok(file > 0)
})
