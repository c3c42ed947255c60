/** Locks on files: which go together, what waits, what closing and death let go of. Real threads are at the end. */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { test } from 'node:test'
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads'
import { ERRNO } from '../abi/errno.ts'
import { SIGNAL } from '../abi/signals.ts'
import { processAt, SUPERBLOCK, THREAD, THREAD_STATE, threadAt } from '../memory/layout.ts'
import { getWord, takeThread } from '../memory/slots.ts'
import { KIND } from '../vfs/types.ts'
import { createDescriptors } from './descriptors.ts'
import {
  flockOperation,
  LOCK_MODE,
  type LockRange,
  MOST_LOCKS,
  rangeLockOperation,
  TO_THE_END,
  testRange,
} from './locks.ts'
import { type Objects, word } from './objects.ts'
import { createOpenFile, releaseFile } from './open-file.ts'
import { endProcess } from './proc.ts'
import { raise, setDisposition } from './signal.ts'
import { JOB } from './slot-words.ts'
import { attachTestMachine, createTestMachine, type TestMachine } from './test-machine.ts'
import { ACCESS, PENDING, STREAM } from './types.ts'
import { waitFor } from './wait.ts'

const BOTH = ACCESS.READ | ACCESS.WRITE
const { NONE, SHARED, EXCLUSIVE } = LOCK_MODE

/** A file of the machine, opened by a process: its open file and descriptor. */
const openBy = (machine: TestMachine, slot: number, inode: number, access = BOTH) => {
  const objects = machine.as(slot)
  objects.vfs.pin(inode)
  const file = createOpenFile(objects, { stream: STREAM.FILE, object: inode, access, status: 0 })
  const fd = createDescriptors(objects).install(file)
  assert.ok(fd >= 0)
  return { objects, file, fd, slot }
}
type Opened = ReturnType<typeof openBy>

const range = (mode: number, start = 0, end = TO_THE_END): LockRange => ({ mode, start, end })
const setLock = ({ objects, file }: Opened, ...of: [number, number?, number?]): number =>
  rangeLockOperation(objects, file, range(...of), false).attempt()
const flock = ({ objects, file }: Opened, mode: number): number =>
  flockOperation(objects, file, mode, false).attempt()
const locksOf = ({ objects }: { objects: Objects }): number => word(objects, SUPERBLOCK.USED_LOCKS)
/** Where an exclusive lock of another process would meet this one's, as text. */
const map = (other: Opened, size: number): string =>
  Array.from({ length: size }, (_, at) => {
    const met = testRange(other.objects, other.file, range(EXCLUSIVE, at, at + 1))
    assert.ok(typeof met !== 'number')
    return met === undefined ? '.' : met.mode === SHARED ? 's' : 'X'
  }).join('')

const twoProcesses = () => {
  const machine = createTestMachine()
  const inode = machine.files.open(KIND.FILE)
  const [first, second] = [openBy(machine, machine.spawn(), inode), openBy(machine, machine.spawn(), inode)]
  return { machine, inode, first, second }
}

if (!isMainThread) {
  const { shared, thread, slot, file, mode, kind } = workerData as Record<string, number> & {
    shared: WebAssembly.Memory
  }
  const objects = attachTestMachine(shared, thread as number, slot as number)
  const operation =
    kind === 0
      ? flockOperation(objects, file as number, mode as number, true)
      : rangeLockOperation(objects, file as number, range(mode as number, 0, 10), true)
  parentPort?.postMessage(waitFor(objects, operation))
}

const waitInThread = async (machine: TestMachine, opened: Opened, mode: number, kind: number) => {
  const thread = takeThread(machine.memory, machine.pid(opened.slot))
  const data = { shared: machine.memory.shared, thread, slot: opened.slot, file: opened.file, mode, kind }
  const worker = new Worker(process.argv[1] ?? '', { workerData: data, execArgv: [] })
  const answer = once(worker, 'message').then(([result]) => result as number)
  while (getWord(machine.memory, threadAt(thread) + THREAD.STATE) !== THREAD_STATE.WAITING)
    await new Promise((resolve) => setTimeout(resolve, 2))
  return { answer, stop: () => worker.terminate() }
}

if (isMainThread) {
  test('shared ranges go together, an exclusive one stands alone, others are told by whom', () => {
    const { machine, first, second } = twoProcesses()
    assert.equal(setLock(first, SHARED, 0, 10), 0)
    assert.equal(setLock(second, SHARED, 5, 15), 0)
    assert.equal(setLock(second, EXCLUSIVE, 8, 20), -ERRNO.AGAIN)
    assert.equal(setLock(second, EXCLUSIVE, 10, 20), 0)
    const held = testRange(first.objects, first.file, range(SHARED, 0, 100))
    assert.deepEqual(held, { mode: EXCLUSIVE, start: 10, end: 20, pid: machine.pid(second.slot) })
  })

  test('a process replaces its own ranges piece by piece', () => {
    const { first, second } = twoProcesses()
    setLock(first, EXCLUSIVE, 2, 12)
    assert.equal(setLock(first, SHARED, 5, 8), 0)
    assert.equal(map(second, 14), '..XXXsssXXXX..')
    assert.equal(setLock(first, NONE, 6, 7), 0)
    assert.equal(map(second, 14), '..XXXs.sXXXX..')
    assert.equal(setLock(first, EXCLUSIVE, 0, 6), 0)
    assert.equal(map(second, 14), 'XXXXXX.sXXXX..')
    assert.equal(setLock(first, NONE), 0)
    assert.equal(map(second, 14), '..............')
    assert.equal(locksOf(first), 0)
  })

  test('10,000 random changes leave what a plain array says', () => {
    const { first, second } = twoProcesses()
    const size = 24
    const expected = Array(size).fill('.')
    let seed = 7
    const random = (below: number): number => {
      seed = (seed * 1103515245 + 12345) & 0x7fffffff
      return (seed >> 8) % below
    }
    for (let turn = 0; turn < 10_000; turn++) {
      const [start, length, mode] = [random(size - 1), 1 + random(8), random(3)]
      const end = Math.min(size, start + length)
      assert.equal(setLock(first, mode, start, end), 0)
      expected.fill('.sX'[mode], start, end)
      if (turn % 50 === 0) assert.equal(map(second, size), expected.join(''))
    }
    assert.equal(word(first.objects, processAt(first.slot) + JOB.LOCKS), locksOf(first))
  })

  test('each mode needs its access; what is no range of a file is EINVAL', () => {
    const machine = createTestMachine()
    const inode = machine.files.open(KIND.FILE)
    const reader = openBy(machine, machine.spawn(), inode, ACCESS.READ)
    const writer = openBy(machine, machine.spawn(), inode, ACCESS.WRITE)
    assert.equal(setLock(reader, EXCLUSIVE, 0, 1), -ERRNO.BADF)
    assert.equal(setLock(writer, SHARED, 0, 1), -ERRNO.BADF)
    assert.equal(setLock(reader, SHARED, 3, 3), -ERRNO.INVAL)
    assert.equal(setLock(reader, SHARED, -1, 3), -ERRNO.INVAL)
    assert.equal(locksOf(reader), 0)
  })

  test('any close of the file by the process lets go of its ranges; that of another does not', () => {
    const { machine, inode, first, second } = twoProcesses()
    const again = openBy(machine, first.slot, inode)
    const elsewhere = openBy(machine, first.slot, machine.files.open(KIND.FILE))
    setLock(first, EXCLUSIVE, 0, 10)
    setLock(elsewhere, EXCLUSIVE, 0, 10)
    createDescriptors(second.objects).close(second.fd)
    assert.equal(locksOf(first), 2)
    createDescriptors(again.objects).close(again.fd)
    assert.equal(locksOf(first), 1)
    createDescriptors(elsewhere.objects).close(elsewhere.fd)
    assert.equal(locksOf(first), 0)
  })

  test('flock belongs to the open file: duplicates share it, and the last one gives it back', () => {
    const { machine, inode, first, second } = twoProcesses()
    const other = openBy(machine, first.slot, inode)
    const descriptors = createDescriptors(first.objects)
    assert.equal(flock(first, EXCLUSIVE), 0)
    assert.equal(flock(other, SHARED), -ERRNO.AGAIN)
    const copy = descriptors.dup(first.fd, 0)
    descriptors.close(first.fd)
    assert.equal(flock(second, SHARED), -ERRNO.AGAIN)
    descriptors.close(copy)
    assert.equal(flock(second, SHARED), 0)
    assert.equal(flock(other, SHARED), 0)
    assert.equal(flock(other, EXCLUSIVE), -ERRNO.AGAIN)
    assert.equal(flock(second, NONE), 0)
    assert.equal(flock(other, EXCLUSIVE), 0)
    assert.equal(setLock(second, EXCLUSIVE, 0, 10), 0, 'the two kinds do not see each other')
  })

  test('a circle of waiting is EDEADLK for who would close it, over three processes too', () => {
    const machine = createTestMachine()
    const inode = machine.files.open(KIND.FILE)
    const all = [0, 1, 2].map(() => openBy(machine, machine.spawn(), inode))
    for (const [index, each] of all.entries()) assert.equal(setLock(each, EXCLUSIVE, index, index + 1), 0)
    const ask = (index: number, at: number) => {
      const each = all[index] as Opened
      return rangeLockOperation(each.objects, each.file, range(EXCLUSIVE, at, at + 1), true)
    }
    const [first, second] = [ask(0, 1), ask(1, 2)]
    assert.equal(first.attempt(), PENDING)
    assert.equal(second.attempt(), PENDING)
    assert.equal(ask(2, 0).attempt(), -ERRNO.DEADLK)
    assert.equal(second.interrupted(ERRNO.INTR), -ERRNO.INTR)
    const third = ask(2, 0)
    assert.equal(third.attempt(), PENDING, 'without the second there is no circle')
    third.interrupted(ERRNO.INTR)
    first.interrupted(ERRNO.INTR)
    assert.equal(locksOf(all[0] as Opened), 3)
  })

  test('death lets go of all: ranges, waiting, and the lock of an open file', () => {
    const { machine, first, second } = twoProcesses()
    setLock(first, EXCLUSIVE, 0, 10)
    setLock(first, SHARED, 20, 30)
    flock(first, EXCLUSIVE)
    const waiting = rangeLockOperation(second.objects, second.file, range(EXCLUSIVE, 5, 6), true)
    assert.equal(waiting.attempt(), PENDING)
    assert.equal(locksOf(first), 4)
    endProcess(machine.objects, second.slot, 0, SIGNAL.KILL)
    assert.equal(locksOf(first), 3)
    endProcess(machine.objects, first.slot, 0, SIGNAL.KILL)
    assert.equal(locksOf(first), 0)
  })

  test('the machine has 4096 locks; the next one is ENOLCK and changes nothing', () => {
    const { first, second } = twoProcesses()
    for (let at = 0; at < MOST_LOCKS; at++) assert.equal(setLock(first, SHARED, at * 2, at * 2 + 1), 0)
    assert.equal(setLock(second, SHARED, 1, 2), -ERRNO.NOLCK)
    assert.equal(flock(second, SHARED), -ERRNO.NOLCK)
    assert.equal(setLock(first, NONE), 0)
    assert.equal(setLock(second, SHARED, 1, 2), 0)
  })

  test('a thread waits for a range until its holder closes the file', async () => {
    const { machine, first, second } = twoProcesses()
    setLock(first, EXCLUSIVE, 0, 5)
    const { answer } = await waitInThread(machine, second, EXCLUSIVE, 1)
    createDescriptors(first.objects).close(first.fd)
    assert.equal(await answer, 0)
    assert.equal(setLock(openBy(machine, first.slot, 1), SHARED, 0, 1), -ERRNO.AGAIN)
  })

  test('a thread waits for flock until the last open file is closed, or a handled signal comes', async () => {
    const { machine, first, second } = twoProcesses()
    flock(first, EXCLUSIVE)
    const waiting = await waitInThread(machine, second, SHARED, 0)
    setDisposition(second.objects, SIGNAL.USR1, 'handle')
    raise(machine.objects, machine.pid(second.slot), SIGNAL.USR1)
    assert.equal(await waiting.answer, -ERRNO.INTR)
    const again = await waitInThread(machine, openBy(machine, machine.spawn(), 1), SHARED, 0)
    createDescriptors(first.objects).close(first.fd)
    assert.equal(await again.answer, 0)
    releaseFile(machine.objects, second.file)
  })
}
