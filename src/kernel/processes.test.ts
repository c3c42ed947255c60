/** Life and death of processes as the kernel decides them, over real shared memory; the jail only notes what it is asked. */
import assert from 'node:assert/strict'
import { afterEach, test } from 'node:test'
import type { JailApi, KernelEvent, KernelForProcess, ProcessBind, SpawnRequest } from '../abi/control.ts'
import { ERRNO, isCode, SysError } from '../abi/errno.ts'
import { KIND_LIMITS } from '../abi/limits.ts'
import { SIGNAL } from '../abi/signals.ts'
import { connect, type Remote } from '../ipc/rpc.ts'
import { createHeap } from '../memory/heap.ts'
import { PROCESS, processAt, THREAD, THREAD_STATE, threadAt } from '../memory/layout.ts'
import { createMemory } from '../memory/memory.ts'
import { setWord } from '../memory/slots.ts'
import { createDescriptors } from '../objects/descriptors.ts'
import { createObjects } from '../objects/objects.ts'
import { fileObject } from '../objects/open-file.ts'
import { pipeWrite } from '../objects/pipe.ts'
import { spanOf } from '../objects/spans.ts'
import { createFiles } from '../vfs/files.ts'
import { formatVfs } from '../vfs/format.ts'
import { attachVfs } from '../vfs/vfs.ts'
import { takeAudit } from './audit.ts'
import { procFacts } from './describe.ts'
import { createDiagnostics } from './diagnostics.ts'
import { createReaper } from './kill.ts'
import { createProcFiles } from './proc-files.ts'
import { createProcesses } from './processes.ts'
import type { Program } from './programs.ts'
import { GRACE_MS } from './signals.ts'

/** Open links would keep the test's process alive. */
const cleanUps: (() => void)[] = []
afterEach(() => {
  for (const clean of cleanUps.splice(0)) clean()
})

const setUp = (jail: Partial<Remote<JailApi>> = {}) => {
  const memory = createMemory(1024)
  formatVfs(memory)
  const vfs = attachVfs(memory)
  const files = createFiles(vfs)
  const objects = createObjects(memory, createHeap(memory), vfs, -1)
  files.mkdir('/home/project', { recursive: true })
  const events: KernelEvent[] = []
  const stopped: number[] = []
  const report = (event: KernelEvent): void => void events.push(event)
  const reaper = createReaper(memory, objects, (thread) => {
    stopped.push(thread)
    // As a worker does at its next call.
    setWord(memory, threadAt(thread) + THREAD.STATE, THREAD_STATE.PARKED)
  })
  const program: Program = {
    key: 'k',
    kind: 'wasi',
    runtime: 'wasm',
    env: {},
    startsInPwd: false,
    guest: null,
  }
  const processes = createProcesses({
    objects,
    files,
    jail: { start: async () => {}, ...jail } as Remote<JailApi>,
    programs: { resolve: async () => program, ensureRuntime: async () => {} },
    reaper,
    limits: () => KIND_LIMITS,
    report,
    diagnostics: createDiagnostics({ report, fsck: files.fsck }),
    listing: createProcFiles({ objects, vfs, files, facts: (entry) => procFacts(memory, entry) }),
  })
  cleanUps.push(() => {
    for (const { pid } of processes.list()) processes.kill(pid, SIGNAL.KILL)
  })
  const spawn = async (request: Partial<SpawnRequest> = {}): Promise<number> => {
    const whole = { command: 'p', args: [], cwd: '/home/project', env: {}, preopens: null, title: 'p' }
    return (await processes.spawn({ ...whole, terminal: null, stdin: null, ...request })).pid
  }
  const exitOf = (pid: number) => {
    const found = events.filter((event) => event.type === 'exit').filter((event) => event.pid === pid)
    assert.equal(found.length, 1, `the end of ${pid} is told once`)
    return found[0]?.reason
  }
  const audit = () => {
    reaper.sweep(performance.now())
    const {
      workers: _,
      heap: __,
      locks: ___,
      ...rest
    } = takeAudit(objects, vfs, processes.ports(), {
      bound: 0,
      blank: 0,
      warm: 0,
    })
    return rest
  }
  return { processes, spawn, exitOf, audit, events, stopped, objects, memory, files }
}

test('a program that asks to be replaced many times at once is replaced once, and takes no more threads than that', async () => {
  const ports: MessagePort[] = []
  const { processes, spawn, stopped } = setUp({
    start: async (_thread: number, _key: string, bind: ProcessBind) => void ports.push(bind.port),
  })
  const pid = await spawn()
  const old = ports[0]
  assert.ok(old)
  const request = { command: 'q', args: [], cwd: null, env: {}, descriptors: [] }
  const { api } = connect<KernelForProcess>(old)
  for (let time = 0; time < 50; time++) void api.exec(0, request).catch(() => {})
  while (ports.length < 2) await new Promise((resolve) => setTimeout(resolve, 5))
  await new Promise((resolve) => setTimeout(resolve, 50))
  assert.equal(ports.length, 2)
  assert.equal(stopped.length, 1)
  assert.equal(processes.get(pid).request.command, 'q')
  for (const port of ports) port.close()
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
    start: async () => {
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
