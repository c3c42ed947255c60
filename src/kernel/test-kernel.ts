/** For tests: a kernel's processes over real shared memory; the jail only notes what it is asked. */
import type { JailApi, KernelEvent, KernelForProcess, ProcessBind, SpawnRequest } from '../abi/control.ts'
import { grantAll, KIND_LIMITS, type Limits } from '../abi/limits.ts'
import { SIGNAL } from '../abi/signals.ts'
import { connect, type Remote } from '../ipc/rpc.ts'
import { THREAD, THREAD_STATE, threadAt } from '../memory/layout.ts'
import { createMemory } from '../memory/memory.ts'
import { createHeap } from '../memory/object-heap.ts'
import { setWord } from '../memory/slots.ts'
import { createObjects } from '../objects/objects.ts'
import { createFiles } from '../vfs/files.ts'
import { formatVfs } from '../vfs/format.ts'
import { fsck } from '../vfs/fsck.ts'
import { attachVfs } from '../vfs/vfs.ts'
import { takeAudit } from './audit.ts'
import { procFacts } from './describe.ts'
import { createDiagnostics } from './diagnostics.ts'
import { createReaper } from './kill.ts'
import { createProcFiles } from './proc-files.ts'
import { createProcesses } from './processes.ts'
import type { Program } from './programs.ts'
import { createPulses } from './pulses.ts'
import { traceEntry } from './strace-lines.ts'
import { createWatchFiles } from './watch-files.ts'

/** Open links would keep the test's process alive. */
const cleanUps: (() => void)[] = []
/** For afterEach. */
export const cleanUp = (): void => {
  for (const clean of cleanUps.splice(0)) clean()
}

export interface TestOptions {
  /** Before the jail has started a worker. */
  onStart?: () => Promise<void>
  /** Of every program: its threads share a memory. */
  threaded?: boolean
  limits?: Partial<Limits>
  /** Their workers run on when they are ended, as one does that makes no call. */
  runsOn?: boolean
}

export const setUp = ({
  onStart = async () => {},
  threaded = false,
  limits = {},
  runsOn = false,
}: TestOptions = {}) => {
  const memory = createMemory(1024)
  formatVfs(memory)
  const vfs = attachVfs(memory)
  const files = createFiles(vfs)
  const objects = createObjects(memory, createHeap(memory), vfs, -1)
  files.mkdir('/home/project', { recursive: true })
  const events: KernelEvent[] = []
  /** The process's ends of the control links. */
  const bound = new Map<number, MessagePort>()
  const stopped: number[] = []
  const report = (event: KernelEvent): void => void events.push(event)
  const reaper = createReaper(memory, objects, (thread) => {
    stopped.push(thread)
    // As a worker does at its next call.
    if (!runsOn) setWord(memory, threadAt(thread) + THREAD.STATE, THREAD_STATE.PARKED)
  })
  const program: Program = {
    key: 'k',
    kind: 'wasi',
    runtime: 'wasm',
    env: {},
    startsInPwd: false,
    guest: threaded ? { initial: 1, maximum: 2 } : null,
  }
  const processes = createProcesses({
    objects,
    files,
    jail: {
      start: async (thread: number, _key: string, { port }: ProcessBind) => {
        bound.set(thread, port)
        cleanUps.push(() => port.close())
        await onStart()
      },
    } as Remote<JailApi>,
    programs: { resolve: async () => program, ensureRuntime: async () => {} },
    reaper,
    traceEntry,
    pulses: createPulses(memory),
    sync: async () => {},
    bring: () => 0,
    watch: createWatchFiles(objects, files).add,
    granted: () => grantAll({ ...KIND_LIMITS, ...limits }, 'settings'),
    report,
    diagnostics: createDiagnostics({ report, fsck: () => fsck(files) }),
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
    if (found.length !== 1) throw new Error(`the end of ${pid} was told ${found.length} times`)
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
  /** As a thread's worker asks: what the kernel has for it. The answer is its reply word. */
  const threadOf = (thread: number) => {
    const port = bound.get(thread)
    if (!port) throw new Error(`thread ${thread} was never started`)
    return connect<KernelForProcess>(port).api
  }
  return { threadOf, processes, reaper, spawn, exitOf, audit, events, stopped, objects, memory, files }
}
