/** Threads that do not die as they should: one that runs on after it was stopped, one that was lost in the middle of a change. */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { test } from 'node:test'
import { isMainThread, Worker, workerData } from 'node:worker_threads'
import { filesLock } from '../memory/files-lock.ts'
import { PROCESS, PROCESS_STATE, processAt, THREAD, THREAD_STATE, threadAt } from '../memory/layout.ts'
import { attachMemory, createMemory, type Memory } from '../memory/memory.ts'
import { createHeap } from '../memory/object-heap.ts'
import { freeProcess, getWord, setWord, takeProcess, takeThread } from '../memory/slots.ts'
import { put } from '../memory/undo.ts'
import { sleep, wakeSeen } from '../memory/wake.ts'
import { createObjects } from '../objects/objects.ts'
import { createFiles } from '../vfs/files.ts'
import { formatVfs } from '../vfs/format.ts'
import { fsck } from '../vfs/fsck.ts'
import { FS } from '../vfs/layout.ts'
import { OPEN } from '../vfs/types.ts'
import { attachVfs } from '../vfs/vfs.ts'
import { createReaper, QUARANTINE_MS } from './kill.ts'

interface Task {
  shared: WebAssembly.Memory
  thread: number
  what: 'churn' | 'spin' | 'stall'
}

/** Runs in a worker; never comes back. */
const work = ({ shared, thread, what }: Task): void => {
  const memory = attachMemory(shared, thread)
  const vfs = attachVfs(memory)
  setWord(memory, threadAt(thread) + THREAD.STATE, THREAD_STATE.RUNNING)
  const name = new TextEncoder().encode(`/tmp/${thread}`)
  for (;;) {
    if (what === 'spin') setWord(memory, threadAt(thread) + THREAD.CALLS, 1)
    if (what === 'stall') {
      filesLock(memory).acquire()
      // Half of a change, in the names and in the counters.
      put(memory.i32, vfs.volume.base + FS.ENTRIES, 12345)
      setWord(memory, threadAt(thread) + THREAD.CALLS, 1)
      sleep(memory, wakeSeen(memory), Number.POSITIVE_INFINITY, 1)
    }
    if (what === 'churn') {
      const file = vfs.open(vfs.root, name, 0, name.length, 0, OPEN.CREATE | OPEN.WRITE, 0o644)
      vfs.write(file, 0, name, 0, name.length)
      vfs.unlink(vfs.root, name, 0, name.length, 0)
      vfs.unpin(file)
      setWord(memory, threadAt(thread) + THREAD.CALLS, 1)
    }
  }
}

const createMachine = () => {
  const memory = createMemory(1024)
  formatVfs(memory)
  const vfs = attachVfs(memory)
  const objects = createObjects(memory, createHeap(memory), vfs, -1)
  return { memory, vfs, objects, files: createFiles(vfs) }
}

/** A worker at work in a slot of its own. */
const start = async (memory: Memory, what: Task['what']) => {
  const slot = takeProcess(memory, 0)
  const thread = takeThread(memory, getWord(memory, processAt(slot) + PROCESS.PID))
  const task: Task = { shared: memory.shared, thread, what }
  const worker = new Worker(process.argv[1] ?? '', { workerData: { task } })
  await once(worker, 'online')
  while (getWord(memory, threadAt(thread) + THREAD.CALLS) === 0)
    await new Promise((resolve) => setTimeout(resolve, 5))
  return { worker, thread, slot }
}

const state = (memory: Memory, thread: number): number => getWord(memory, threadAt(thread) + THREAD.STATE)

if (!isMainThread && workerData?.task) work(workerData.task as Task)
else {
  test('a zombie that runs on after terminate parks at its next call, and only then is its slot free', async () => {
    const { memory, objects, files } = createMachine()
    const { worker, thread } = await start(memory, 'churn')
    // The browser that takes its time: terminate does nothing.
    const reaper = createReaper(memory, objects, () => {})
    reaper.endThread(thread)
    while (state(memory, thread) !== THREAD_STATE.PARKED)
      await new Promise((resolve) => setTimeout(resolve, 5))
    assert.equal(reaper.sweep(performance.now()), Number.POSITIVE_INFINITY)
    assert.equal(state(memory, thread), THREAD_STATE.FREE)
    // Parked for good: it writes no more, whatever was half done was finished or taken back.
    assert.deepEqual(fsck(files), [])
    assert.equal(filesLock(memory).owner(), -1)
    await worker.terminate()
  })

  test('a zombie that makes no call keeps its slots for five seconds, and no process takes its place', async () => {
    const { memory, objects } = createMachine()
    const { worker, thread, slot } = await start(memory, 'spin')
    const reaper = createReaper(memory, objects, () => {})
    const killedAt = performance.now()
    reaper.endThread(thread)
    freeProcess(memory, slot)
    const left = reaper.sweep(killedAt + 100)
    assert.ok(left > 0 && left <= QUARANTINE_MS, String(left))
    assert.notEqual(takeThread(memory, 99), thread)
    const other = takeProcess(memory, 0)
    assert.notEqual(other, slot, 'the slot of a process whose thread may still run')
    reaper.sweep(killedAt + QUARANTINE_MS + 2000)
    assert.equal(state(memory, thread), THREAD_STATE.FREE)
    assert.equal(takeProcess(memory, 0), slot)
    await worker.terminate()
  })

  test('a worker that was lost in the middle of a change: its lock is taken back and the change undone', async () => {
    const { memory, objects, files, vfs } = createMachine()
    const entries = memory.i32[vfs.volume.base + FS.ENTRIES]
    const { worker, thread } = await start(memory, 'stall')
    assert.equal(filesLock(memory).owner(), thread)
    await worker.terminate()
    const reaper = createReaper(memory, objects, () => {})
    const asked = performance.now()
    reaper.endThread(thread)
    assert.ok(
      performance.now() - asked < 3000,
      'the kernel waited too long for a lock that nobody gives back',
    )
    reaper.sweep(performance.now() + QUARANTINE_MS + 1)
    assert.equal(filesLock(memory).owner(), -1)
    assert.equal(memory.i32[vfs.volume.base + FS.ENTRIES], entries)
    assert.deepEqual(fsck(files), [])
  })

  test('whoever waits for a lock whose owner is gone gets it without the kernel’s help', async () => {
    const { memory, files } = createMachine()
    const { worker, thread, slot } = await start(memory, 'stall')
    await worker.terminate()
    setWord(memory, threadAt(thread) + THREAD.KILLED, 1)
    setWord(memory, processAt(slot) + PROCESS.STATE, PROCESS_STATE.ZOMBIE)
    assert.deepEqual(fsck(files), [])
  })
}
