/** Life and death of processes as the kernel decides them, over real shared memory; the jail only notes what it is asked. */
import assert from 'node:assert/strict'
import { afterEach, test } from 'node:test'
import type { ChildRequest } from '../abi/control.ts'
import { ERRNO, isCode, SysError } from '../abi/errno.ts'
import { SIGNAL } from '../abi/signals.ts'
import { PROCESS, processAt, REPLY_PENDING, THREAD, threadAt } from '../memory/layout.ts'
import { getWord, setWord } from '../memory/slots.ts'
import { waitOperation } from '../objects/child.ts'
import { createDescriptors } from '../objects/descriptors.ts'
import { fileObject } from '../objects/open-file.ts'
import { pipeWrite } from '../objects/pipe.ts'
import { JOB } from '../objects/slot-words.ts'
import { spanOf } from '../objects/spans.ts'
import { QUARANTINE_MS } from './kill.ts'
import { GRACE_MS } from './signals.ts'
import { cleanUp, setUp } from './test-kernel.ts'

afterEach(cleanUp)

test('a program that asks to be replaced many times at once is replaced once, and takes no more threads than that', async () => {
  const { processes, spawn, stopped, threadOf } = setUp()
  const pid = await spawn()
  const { thread } = processes.get(pid)
  const request = { command: 'q', args: [], cwd: null, env: {}, descriptors: [] }
  for (let time = 0; time < 50; time++)
    void threadOf(thread)
      .exec(0, request)
      .catch(() => {})
  while (processes.get(pid).request.command !== 'q') await new Promise((resolve) => setTimeout(resolve, 5))
  await new Promise((resolve) => setTimeout(resolve, 50))
  assert.deepEqual(stopped, [thread])
})

test('a process that is killed ends with 128 + the signal, once, and leaves nothing', async () => {
  const { processes, spawn, exitOf, audit, stopped } = setUp()
  const clean = audit()
  const pid = await spawn()
  assert.equal(processes.list()[0]?.pid, pid)
  processes.kill(pid, SIGNAL.KILL)
  assert.deepEqual(exitOf(pid), { code: 137, signal: SIGNAL.KILL, message: '' })
  assert.throws(
    () => processes.kill(pid, SIGNAL.KILL),
    (error) => isCode(error, 'ESRCH'),
  )
  assert.equal(stopped.length, 1)
  assert.deepEqual(audit(), clean)
})

test('a deadly signal that a process does not follow is followed for it', async () => {
  const { processes, spawn, exitOf } = setUp()
  const pid = await spawn()
  processes.kill(pid, SIGNAL.TERM)
  assert.equal(processes.list().length, 1)
  await new Promise((resolve) => setTimeout(resolve, GRACE_MS + 100))
  assert.deepEqual(exitOf(pid), { code: 143, signal: SIGNAL.TERM, message: '' })
})

test('one that handles the signal lives on', async () => {
  const { processes, spawn, memory } = setUp()
  const pid = await spawn()
  const { slot } = processes.get(pid)
  setWord(memory, processAt(slot) + PROCESS.HANDLED, 1 << (SIGNAL.TERM - 1))
  processes.kill(pid, SIGNAL.TERM)
  await new Promise((resolve) => setTimeout(resolve, GRACE_MS + 100))
  assert.equal(processes.list()[0]?.pid, pid)
})

test('the last words of a process come before its end', async () => {
  const { processes, spawn, events, objects } = setUp()
  const pid = await spawn()
  const { slot } = processes.get(pid)
  const output = fileObject(objects, createDescriptors(objects, slot).get(1))
  pipeWrite({ ...objects, slot }, output, spanOf(new TextEncoder().encode('help')), 0)
  processes.kill(pid, SIGNAL.KILL)
  const kinds = events.filter((event) => 'pid' in event && event.pid === pid).map(({ type }) => type)
  assert.deepEqual(kinds, ['output', 'exit'])
})

test('a start that is refused gives everything back', async () => {
  const { spawn, audit } = setUp()
  // Pools come with the first process and stay.
  const clean = audit()
  const missing = { name: '/x', path: '/nowhere', readonly: false }
  for (let round = 0; round < 5; round++) {
    for (const terminal of [null, { columns: 80, rows: 24 }]) {
      await assert.rejects(spawn({ terminal, preopens: [missing] }), (error) => isCode(error, 'ENOENT'))
      await assert.rejects(spawn({ terminal, cwd: '/nowhere' }), (error) => isCode(error, 'ENOENT'))
    }
  }
  assert.deepEqual(audit(), clean)
})

test('a worker that cannot be started or fails is the end of its process, with the reason', async () => {
  const bad = setUp({
    onStart: async () => {
      throw new SysError(ERRNO.AGAIN, 'worker', 'none left')
    },
  })
  const refused = await bad.spawn()
  assert.equal(bad.exitOf(refused)?.code, 126)
  assert.match(bad.exitOf(refused)?.message ?? '', /none left/)
  const { processes, spawn, exitOf } = setUp()
  const pid = await spawn()
  processes.threadFailed(processes.get(pid).thread, 'out of memory')
  assert.equal(exitOf(pid)?.code, 126)
  assert.match(exitOf(pid)?.message ?? '', /its worker failed: out of memory/)
})

test('more processes than the limit are refused by name of the limit', async () => {
  const { spawn, processes } = setUp()
  await spawn({ limits: { processes: 1 } })
  await assert.rejects(spawn({ limits: { processes: 1 } }), (error) => {
    assert.ok(isCode(error, 'EAGAIN'))
    assert.match((error as Error).message, /processes/)
    return true
  })
  assert.equal(processes.list().length, 1)
})

test('a process past a limit is ended with a sentence that names it', async () => {
  const { processes, spawn, exitOf } = setUp()
  const pid = await spawn({ limits: { wallSeconds: 1 } })
  processes.turn()
  assert.equal(processes.list().length, 1)
  await new Promise((resolve) => setTimeout(resolve, 1100))
  processes.turn()
  assert.equal(exitOf(pid)?.code, 137)
  assert.match(exitOf(pid)?.message ?? '', /running time/)
})

/** A child that was spawned by that process, as its worker asks; -errno. */
const childOf = async (
  kernel: ReturnType<typeof setUp>,
  pid: number,
  more: Partial<ChildRequest> = {},
): Promise<number> => {
  const { thread } = kernel.processes.get(pid)
  const at = threadAt(thread) + THREAD.REPLY
  setWord(kernel.memory, at, REPLY_PENDING)
  const request = { command: 'p', args: [], cwd: null, env: {}, descriptors: [], ...more }
  await kernel.threadOf(thread).spawn(0, request)
  for (let round = 0; getWord(kernel.memory, at) === REPLY_PENDING && round < 100; round++)
    await new Promise((resolve) => setTimeout(resolve, 1))
  return getWord(kernel.memory, at)
}

test('a parent that never waits fills no more than its share: others still spawn', async () => {
  const kernel = setUp({ limits: { processes: 40 } })
  const { processes, spawn, audit, events } = kernel
  const [bomb, other] = [await spawn(), await spawn()]
  const clean = audit()
  let made = 0
  for (; made < 60; made++) {
    const child = await childOf(kernel, bomb)
    if (child === -ERRNO.AGAIN) break
    assert.ok(child > 0, String(child))
    processes.kill(child, SIGNAL.KILL)
  }
  assert.ok(made < 40, `${made} zombies`)
  assert.ok((await childOf(kernel, other)) > 0, 'a child of another tree')
  assert.ok((await spawn()) > 0, 'one of the page')
  const words = events.flatMap((event) => (event.type === 'log' ? [event.text] : []))
  assert.equal(words.filter((text) => /40 processes/.test(text)).length, 1, 'told once')
  const waited = waitOperation(objectsOf(kernel, bomb), -1).attempt()
  assert.ok(waited > 0)
  assert.ok((await childOf(kernel, bomb)) > 0, 'one for each that is waited for')
  processes.kill(bomb, SIGNAL.KILL)
  for (const { pid } of processes.list()) if (pid !== other) processes.kill(pid, SIGNAL.KILL)
  // The other one, and its child that it has not waited for.
  assert.equal(audit().processes, clean.processes)
})

const objectsOf = (kernel: ReturnType<typeof setUp>, pid: number) => ({
  ...kernel.objects,
  slot: kernel.processes.get(pid).slot,
})

test('a chain of children shares the time of the process that it comes from', async () => {
  const kernel = setUp()
  const { processes, spawn, events } = kernel
  const first = await spawn({ limits: { wallSeconds: 1 } })
  const child = await childOf(kernel, first)
  processes.kill(first, SIGNAL.KILL)
  await new Promise((resolve) => setTimeout(resolve, 1100))
  const heir = await childOf(kernel, child)
  processes.turn()
  assert.deepEqual(processes.list(), [])
  const last = events.flatMap((event) => (event.type === 'process' ? [event.process] : [])).at(-1)
  assert.ok([child, heir].includes(last?.pid ?? 0))
  assert.match(last?.exit?.message ?? '', /1 s of running time.*limits\.wallSeconds/)
})

test('the memory of all programs together has a limit; the greediest is stopped', async () => {
  const { processes, spawn, exitOf, memory } = setUp({ limits: { machineMemory: 32 * 1024 * 1024 } })
  const [small, large] = [await spawn(), await spawn()]
  const use = (pid: number, pages: number): void =>
    setWord(memory, threadAt(processes.get(pid).thread) + THREAD.GUEST_PAGES, pages)
  use(small, 100)
  use(large, 400)
  processes.turn()
  assert.equal(processes.list().length, 2)
  use(large, 500)
  await assert.rejects(spawn(), /ENOMEM.*memory of all programs/)
  processes.turn()
  assert.deepEqual(
    processes.list().map(({ pid }) => pid),
    [small],
  )
  assert.match(exitOf(large)?.message ?? '', /32 MB of memory of all programs/)
})

test('what a limit refuses is told once, and again when the program fails of it', async () => {
  const { processes, spawn, exitOf, memory, events } = setUp()
  const pid = await spawn({ limits: { openFiles: 16 } })
  const at = processAt(processes.get(pid).slot) + JOB.REFUSED
  for (let round = 0; round < 3; round++) {
    setWord(memory, at, 1 << ERRNO.MFILE)
    processes.turn()
  }
  const words = events.flatMap((event) => (event.type === 'log' ? [event.text] : []))
  assert.equal(words.length, 1)
  assert.match(words[0] ?? '', /16 open files.*limits\.openFiles/)
  processes.threadFailed(processes.get(pid).thread, 'x')
  assert.match(exitOf(pid)?.message ?? '', /its worker failed: x; .*16 open files/)
})

test('a child blocks what its parent blocks, or what it is told to, and never what cannot be blocked', async () => {
  const kernel = setUp()
  const pid = await kernel.spawn()
  const at = (each: number): number => processAt(kernel.processes.get(each).slot) + PROCESS.BLOCKED
  const [usr1, term] = [1 << (SIGNAL.USR1 - 1), 1 << (SIGNAL.TERM - 1)]
  setWord(kernel.memory, at(pid), usr1)
  assert.equal(getWord(kernel.memory, at(await childOf(kernel, pid))), usr1)
  assert.equal(getWord(kernel.memory, at(await childOf(kernel, pid, { blocked: 0 }))), 0)
  assert.equal(getWord(kernel.memory, at(await childOf(kernel, pid, { blocked: -1 }))) & term, term)
  const unstoppable = (1 << (SIGNAL.KILL - 1)) | (1 << (SIGNAL.STOP - 1))
  assert.equal(getWord(kernel.memory, at(await childOf(kernel, pid, { blocked: -1 }))) & unstoppable, 0)
})

test('where only the dead stand in the way, a new process waits until the first of them is sure to have stopped', async () => {
  const { processes, spawn, reaper } = setUp({ runsOn: true })
  for (let made = 0; made < 255; made++) processes.kill(await spawn(), SIGNAL.KILL)
  let pid = 0
  const coming = Promise.all([spawn(), spawn()]).then(([first]) => {
    pid = first
  })
  reaper.sweep(performance.now())
  await new Promise((resolve) => setTimeout(resolve, 20))
  assert.equal(pid, 0)
  reaper.sweep(performance.now() + QUARANTINE_MS)
  await coming
  assert.equal(processes.get(pid).exit, null)
})

test('where the living stand in the way, a new process is refused at once', async () => {
  const { spawn } = setUp({ limits: { processes: 300 } })
  const made = await Promise.allSettled(Array.from({ length: 260 }, () => spawn()))
  const refused = made.filter((each) => each.status === 'rejected')
  assert.ok(refused.length >= 5, `${refused.length} refused`)
  for (const { reason } of refused) assert.equal(reason.code, 'EAGAIN')
})
