import assert from 'node:assert/strict'
import { test } from 'node:test'
import { PROCESS, PROCESS_STATE, processAt, SUPERBLOCK, THREAD, threadAt } from '../memory/layout.ts'
import { addWord, findProcess, getWord, setWord } from '../memory/slots.ts'
import { createDescriptors } from '../objects/descriptors.ts'
import { createOpenFile, FILE, openPipe } from '../objects/open-file.ts'
import { endProcess } from '../objects/proc.ts'
import { JOB } from '../objects/slot-words.ts'
import { createTestMachine } from '../objects/test-machine.ts'
import { ACCESS, STREAM } from '../objects/types.ts'
import { createAssertions } from './assertions.ts'
import { held } from './held.ts'

/** A machine with one process of one thread, which has a file open; `faults` after the end of another. */
const setUp = () => {
  const machine = createTestMachine()
  const { memory, objects } = machine
  const known = new Map<
    number,
    Parameters<typeof createAssertions>[1] extends () => Iterable<infer T> ? T : never
  >()
  const assertions = createAssertions(objects, () => known.values(), held(memory))
  const slot = machine.spawn()
  const pid = machine.pid(slot)
  known.set(pid, { pid, slot, thread: 1, threads: new Map(), exit: null })
  const object = machine.files.open(1)
  const file = createOpenFile(objects, { stream: STREAM.FILE, object, access: ACCESS.READ, status: 0 })
  createDescriptors(objects, slot).install(file)
  const end = (): void => {
    setWord(memory, threadAt(1) + THREAD.KILLED, 1)
    endProcess(objects, slot, 0, 0)
    known.delete(pid)
  }
  return {
    ...machine,
    slot,
    pid,
    file,
    known,
    end,
    faults: (ended = 9999) => assertions.after({ pid: ended }),
  }
}

test('nothing is wrong with a machine that is in order, with processes and without', () => {
  const { faults, end, pid, memory } = setUp()
  assert.deepEqual(faults(), [])
  end()
  setWord(memory, processAt(findProcess(memory, pid)) + PROCESS.STATE, PROCESS_STATE.FREE)
  assert.deepEqual(faults(pid), [])
})

test('a thread that was not ended with its process, or is nobody’s', () => {
  const { faults, known, pid } = setUp()
  known.delete(pid)
  assert.match(faults(pid).join('\n'), /thread 1 of process \d+ was not ended with it/)
  assert.match(faults().join('\n'), /thread 1 of process \d+ is nobody's/)
  assert.match(faults().join('\n'), /slot 0 is process \d+, which the kernel does not know/)
})

test('what is held when nobody is left', () => {
  const { faults, objects, end, pid, memory } = setUp()
  openPipe(objects)
  end()
  setWord(memory, processAt(findProcess(memory, pid)) + PROCESS.STATE, PROCESS_STATE.FREE)
  assert.deepEqual(faults(pid), [
    '2 open files are held with no process left, 0 were before the first',
    '1 pipes are held with no process left, 0 were before the first',
  ])
})

test('a table that counts wrongly, and an open file with too few references', () => {
  const { faults, memory, slot, objects, file } = setUp()
  addWord(memory, processAt(slot) + PROCESS.FILES, 1)
  assert.match(faults().join('\n'), /counts 2 descriptors and has 1/)
  addWord(memory, processAt(slot) + PROCESS.FILES, -1)
  createDescriptors(objects, slot).dup(0, 1)
  assert.deepEqual(faults(), [])
  objects.memory.i32[file + FILE.REFERENCES] = 1
  assert.deepEqual(faults(), ['an open file has 1 references for 2 descriptors'])
  setWord(memory, SUPERBLOCK.USED_OPEN_FILES, 0)
  assert.match(faults().join('\n'), /0 open files are counted, 1 are named/)
})

test('a lock whose owner is gone, a nice value and a state that there are not, a pid that is given out twice', () => {
  const { faults, memory, slot, spawn, known, pid } = setUp()
  setWord(memory, SUPERBLOCK.FILES_LOCK, 78)
  assert.equal(faults().length, 1)
  assert.match(faults()[0] ?? '', /the lock of files is held by thread \d+, which there is not/)
  setWord(memory, SUPERBLOCK.FILES_LOCK, 0)
  setWord(memory, processAt(slot) + JOB.NICE, 77)
  assert.match(faults().join('\n'), /nice value 77/)
  setWord(memory, processAt(slot) + JOB.NICE, 0)
  setWord(memory, threadAt(1) + THREAD.STATE, 12)
  assert.match(faults().join('\n'), /thread 1 is in state 12/)
  setWord(memory, threadAt(1) + THREAD.STATE, 2)
  const other = spawn()
  setWord(memory, processAt(other) + PROCESS.PID, pid)
  setWord(memory, threadAt(2) + THREAD.KILLED, 1)
  known.set(0, { pid, slot: other, thread: 2, threads: new Map(), exit: null })
  assert.match(faults().join('\n'), /pid \d+ is given out twice/)
  assert.equal(getWord(memory, processAt(other) + PROCESS.PID), pid)
})

test('a process that has ended, with nobody to wait for it', () => {
  const { faults, memory, slot } = setUp()
  setWord(memory, processAt(slot) + PROCESS.STATE, PROCESS_STATE.ZOMBIE)
  assert.match(faults().join('\n'), /has ended, and nobody is left to wait for it/)
})
