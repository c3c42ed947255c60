/** Further threads of a program, and what is left of them when their process ends, is replaced, or refuses one. */
import assert from 'node:assert/strict'
import { afterEach, test } from 'node:test'
import { ERRNO, SysError } from '../abi/errno.ts'
import { SIGNAL } from '../abi/signals.ts'
import {
  PROCESS,
  PROCESS_STATE,
  processAt,
  REPLY_PENDING,
  THREAD,
  THREAD_STATE,
  threadAt,
} from '../memory/layout.ts'
import { getWord, setWord } from '../memory/slots.ts'
import { cleanUp, setUp } from './test-kernel.ts'

afterEach(cleanUp)

type Kernel = ReturnType<typeof setUp>

/** What the kernel answers to a request of a thread. */
const answerTo = async (
  kernel: Kernel,
  thread: number,
  ask: (face: ReturnType<Kernel['threadOf']>) => Promise<void>,
): Promise<number> => {
  const at = threadAt(thread) + THREAD.REPLY
  setWord(kernel.memory, at, REPLY_PENDING)
  await ask(kernel.threadOf(thread))
  for (let round = 0; getWord(kernel.memory, at) === REPLY_PENDING && round < 100; round++)
    await new Promise((resolve) => setTimeout(resolve, 5))
  return getWord(kernel.memory, at)
}
const another = (kernel: Kernel, thread: number): Promise<number> =>
  answerTo(kernel, thread, (face) => face.spawnThread(0, 7))

const threaded = async (options: Parameters<typeof setUp>[0] = {}) => {
  const kernel = setUp({ threaded: true, ...options })
  const first = await kernel.spawn()
  kernel.processes.kill(first, SIGNAL.KILL)
  const clean = kernel.audit()
  const pid = await kernel.spawn()
  return { ...kernel, kernel, clean, pid, entry: kernel.processes.get(pid) }
}
const REQUEST = { command: 'p', args: [], cwd: null, env: {}, descriptors: [] as [number, number][] }

test('all threads of a process end with it, and their links', async () => {
  const { kernel, processes, audit, clean, pid, entry } = await threaded()
  for (let round = 0; round < 3; round++) assert.ok((await another(kernel, entry.thread)) > 0)
  assert.equal(processes.ports(), 4)
  processes.kill(pid, SIGNAL.KILL)
  assert.deepEqual(audit(), clean)
})

test('an exec in place leaves one thread with one link', async () => {
  const { kernel, processes, audit, clean, pid, entry } = await threaded()
  const before = entry.thread
  assert.ok((await another(kernel, before)) > 0)
  void kernel.threadOf(before).exec(1, REQUEST)
  for (let round = 0; entry.thread === before && round < 100; round++)
    await new Promise((resolve) => setTimeout(resolve, 5))
  assert.equal(processes.ports(), 1)
  assert.equal(processes.list()[0]?.threads, 1)
  processes.kill(pid, SIGNAL.KILL)
  assert.deepEqual(audit(), clean)
})

test('a thread that is asked for as the process ends is not made', async () => {
  const { kernel, processes, memory, audit, clean, pid, entry } = await threaded()
  const further = await another(kernel, entry.thread)
  const face = kernel.threadOf(further)
  void face.spawnThread(0, 7).catch(() => {})
  void face.exec(1, REQUEST).catch(() => {})
  processes.kill(pid, SIGNAL.KILL)
  await new Promise((resolve) => setTimeout(resolve, 50))
  assert.equal(getWord(memory, processAt(entry.slot) + PROCESS.STATE), PROCESS_STATE.FREE)
  assert.deepEqual(audit(), clean)
})

test('a process that is killed while an exec in place starts its program stays dead', async () => {
  let go = (): void => {}
  let isHeld = false
  const held = new Promise<void>((resolve) => {
    go = resolve
  })
  const { kernel, processes, memory, audit, clean, pid, entry, exitOf } = await threaded({
    onStart: () => (isHeld ? held : Promise.resolve()),
  })
  const before = entry.thread
  isHeld = true
  void kernel.threadOf(before).exec(1, REQUEST)
  for (let round = 0; entry.thread === before && round < 100; round++)
    await new Promise((resolve) => setTimeout(resolve, 5))
  processes.kill(pid, SIGNAL.KILL)
  const told = kernel.events.length
  go()
  await new Promise((resolve) => setTimeout(resolve, 20))
  assert.equal(getWord(memory, processAt(entry.slot) + PROCESS.STATE), PROCESS_STATE.FREE)
  assert.equal(exitOf(pid)?.signal, SIGNAL.KILL)
  assert.equal(kernel.events.slice(told).filter(({ type }) => type === 'process').length, 0)
  assert.deepEqual(audit(), clean)
})

test('a stopped process stays stopped when a thread of it is made', async () => {
  const { kernel, memory, entry } = await threaded()
  setWord(memory, processAt(entry.slot) + PROCESS.STATE, PROCESS_STATE.STOPPED)
  assert.ok((await another(kernel, entry.thread)) > 0)
  assert.equal(getWord(memory, processAt(entry.slot) + PROCESS.STATE), PROCESS_STATE.STOPPED)
})

test('a thread whose worker cannot be started is refused, and nothing of it stays', async () => {
  let isRefusing = false
  const { kernel, processes, audit, pid, entry } = await threaded({
    onStart: async () => {
      if (isRefusing) throw new SysError(ERRNO.AGAIN, 'worker', 'none left')
    },
  })
  const before = audit()
  isRefusing = true
  assert.equal(await another(kernel, entry.thread), -ERRNO.AGAIN)
  assert.deepEqual(audit(), before)
  assert.equal(processes.list()[0]?.threads, 1)
  processes.kill(pid, SIGNAL.KILL)
})

test('the table shows all threads: how many, what they use, and that one of them runs', async () => {
  const { kernel, processes, memory, entry } = await threaded()
  const further = await another(kernel, entry.thread)
  assert.ok(further > 0)
  const put = (thread: number, field: number, value: number): void =>
    setWord(memory, threadAt(thread) + field, value)
  put(entry.thread, THREAD.STATE, THREAD_STATE.WAITING)
  put(entry.thread, THREAD.GUEST_PAGES, 3)
  put(further, THREAD.STATE, THREAD_STATE.RUNNING)
  put(further, THREAD.GUEST_PAGES, 5)
  const [row] = processes.list()
  assert.equal(row?.threads, 2)
  assert.equal(row?.state, 'running')
  assert.equal(row?.memory, 5 * 65536)
  assert.equal(getWord(memory, processAt(entry.slot) + PROCESS.THREADS), 2)
  put(further, THREAD.STATE, THREAD_STATE.WAITING)
  assert.equal(processes.list()[0]?.state, 'sleeping')
})

test('the threads of a process are limited, by name', async () => {
  const { kernel, entry } = await threaded({ limits: { threads: 3 } })
  assert.ok((await another(kernel, entry.thread)) > 0)
  assert.ok((await another(kernel, entry.thread)) > 0)
  assert.equal(await another(kernel, entry.thread), -ERRNO.AGAIN)
  const said = kernel.events.filter((event) => event.type === 'log').map((event) => event.text)
  assert.match(said.join('\n'), /3 threads.*"threads" in Settings/)
})
