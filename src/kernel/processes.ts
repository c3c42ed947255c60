/**
 * Processes: made, listed, signalled, ended. All that a process holds hangs off its slot in shared memory (released by
 * src/objects) and its entry here (stdio, thread, control link), so its death is one function: `end`.
 *
 *   spawn ─► STARTING ─► RUNNING ─► end(reason) ─► ZOMBIE ─► reaped (by its parent, or here when the page is its parent)
 *
 * Invariant: `end` runs once per process, whoever comes first: its own exit, a signal, a failed worker.
 */
import type {
  ExitReason,
  JailApi,
  KernelEvent,
  KernelForProcess,
  ProcessInfo,
  SpawnRequest,
} from '../abi/control.ts'
import { check, ERRNO, SysError } from '../abi/errno.ts'
import { defaultAction, SIGNAL, signalBit } from '../abi/signals.ts'
import { expose, moving, type Remote } from '../ipc/rpc.ts'
import { PROCESS, PROCESS_STATE, processAt } from '../memory/layout.ts'
import { freeProcess, freeThread, getWord, setWord, takeProcess, takeThread } from '../memory/slots.ts'
import { createDescriptors } from '../objects/descriptors.ts'
import type { Objects } from '../objects/objects.ts'
import { endProcess, releaseProcess } from '../objects/proc.ts'
import { raise } from '../objects/signal.ts'
import { type Files, KIND } from '../vfs/types.ts'
import { describe } from './describe.ts'
import type { Reaper } from './kill.ts'
import { choosePreopens, openPreopens } from './preopens.ts'
import { absolute, type Program, type Programs } from './programs.ts'
import { createStdio, type Stdio } from './stdio.ts'

/** A process that does not follow a deadly signal by then (a loop without system calls) is stopped from outside. */
export const GRACE_MS = 500
export const DEFAULT_MAX_FILES = 1024
const DEFAULT_UMASK = 0o022

export interface Entry {
  readonly pid: number
  readonly slot: number
  readonly thread: number
  readonly request: SpawnRequest
  readonly program: Program
  readonly stdio: Stdio
  /** Milliseconds since the epoch, and on performance.now()'s clock. */
  readonly started: number
  readonly startedAt: number
  exit: ExitReason | null
}

export interface Processes {
  spawn(request: SpawnRequest, parent: number): Promise<{ pid: number }>
  /** @throws SysError ESRCH for a pid that is not there. */
  get(pid: number): Entry
  entries(): Iterable<Entry>
  kill(pid: number, signal: number): void
  threadFailed(thread: number, message: string): void
  list(): ProcessInfo[]
  /** Moves output to the page, offers queued input, follows signals. True when anything moved. */
  turn(): boolean
}

export interface ProcessesOptions {
  objects: Objects
  files: Files
  jail: Remote<JailApi>
  programs: Programs
  reaper: Reaper
  report: (event: KernelEvent) => void
}

export const createProcesses = (options: ProcessesOptions): Processes => {
  const { objects, jail, programs, reaper, report } = options
  const { memory } = objects
  const entries = new Map<number, Entry>()

  const end = (entry: Entry, reason: ExitReason): void => {
    if (entry.exit) return
    entry.exit = reason
    reaper.endThread(entry.thread)
    endProcess(objects, entry.slot, reason.code, reason.signal)
    releaseProcess(objects, entry.slot)
    emitOutput(entry, true)
    entry.stdio.close()
    report({ type: 'process', process: describe(memory, entry) })
    report({ type: 'exit', pid: entry.pid, reason })
    if (getWord(memory, processAt(entry.slot) + PROCESS.PARENT) === 0) freeProcess(memory, entry.slot)
    entries.delete(entry.pid)
  }
  const emitOutput = (entry: Entry, all: boolean): boolean => {
    let moved = false
    for (;;) {
      const chunks = entry.stdio.drain(all)
      if (chunks.length === 0) return moved
      const bytes = chunks.reduce((sum, chunk) => sum + chunk.bytes.length, 0)
      report({ type: 'output', pid: entry.pid, chunks, bytes })
      moved = true
      if (!all) return moved
    }
  }
  /** A deadly signal is the process's own to follow; if it does not in time, it is followed for it. */
  const enforce = (entry: Entry, signal: number): void => {
    setTimeout(() => end(entry, { code: 0, signal, message: '' }), GRACE_MS)
  }
  const isDeadly = (entry: Entry, signal: number): boolean => {
    const at = processAt(entry.slot)
    const handled = getWord(memory, at + PROCESS.HANDLED) | getWord(memory, at + PROCESS.IGNORED)
    return defaultAction(signal) === 'terminate' && (handled & signalBit(signal)) === 0
  }
  /** Signals that did not come through `kill`, such as Ctrl-C at the terminal: found on the next turn. */
  const followSignals = (entry: Entry, enforced: Set<number>): void => {
    const pending = getWord(memory, processAt(entry.slot) + PROCESS.PENDING)
    if (pending === 0 || enforced.has(entry.pid)) return
    for (let signal = 1; signal < 32; signal++) {
      if (!(pending & signalBit(signal)) || !isDeadly(entry, signal)) continue
      enforced.add(entry.pid)
      enforce(entry, signal)
      return
    }
  }
  const enforced = new Set<number>()

  return {
    spawn: async (request, parent) => {
      const program = await programs.resolve(request)
      const entry = prepare(options, request, program, parent)
      entries.set(entry.pid, entry)
      try {
        await launch(entry)
      } catch (error) {
        const message = error instanceof Error ? error.message : String(error)
        end(entry, { code: 126, signal: 0, message })
      }
      report({ type: 'process', process: describe(memory, entry) })
      return { pid: entry.pid }
    },
    get: (pid) => {
      const entry = entries.get(pid)
      if (!entry) throw new SysError(ERRNO.SRCH, `process ${pid}`)
      return entry
    },
    entries: () => entries.values(),
    kill: (pid, signal) => {
      const entry = entries.get(pid)
      if (!entry) throw new SysError(ERRNO.SRCH, `process ${pid}`)
      if (signal === SIGNAL.KILL) {
        end(entry, { code: 0, signal, message: '' })
        return
      }
      check(raise(objects, pid, signal), `process ${pid}`)
      if (isDeadly(entry, signal)) enforce(entry, signal)
    },
    threadFailed: (thread, message) => {
      for (const entry of entries.values()) {
        if (entry.thread === thread)
          end(entry, { code: 126, signal: 0, message: `its worker failed: ${message}` })
      }
    },
    list: () => [...entries.values()].map((entry) => describe(memory, entry)),
    turn: () => {
      let moved = false
      for (const entry of [...entries.values()]) {
        entry.stdio.feed()
        if (emitOutput(entry, false)) moved = true
        followSignals(entry, enforced)
      }
      return moved
    },
  }

  async function launch(entry: Entry): Promise<void> {
    const { port1, port2 } = new MessageChannel()
    const face: KernelForProcess = { exit: (reason) => end(entry, reason) }
    expose(face, port1)
    const { request, program, pid, thread } = entry
    const added = { ...DEFAULT_ENV, PWD: request.cwd, ...program.env, ...terminalEnv(request) }
    const env = request.bareEnv ? request.env : { ...added, ...request.env }
    const start = { pid, thread, args: [request.command, ...request.args], env, kind: program.kind }
    setWord(memory, processAt(entry.slot) + PROCESS.STATE, PROCESS_STATE.RUNNING)
    const bind = { memory: memory.shared, start, port: port2 }
    await jail.start(thread, program.key, moving(bind, [port2]))
  }
}

const DEFAULT_ENV = {
  HOME: '/home',
  PATH: '/usr/local/bin:/usr/bin:/bin',
  USER: 'user',
  LANG: 'C.UTF-8',
  TZ: 'UTC',
}

const terminalEnv = ({ terminal }: SpawnRequest): Record<string, string> =>
  terminal ? { TERM: 'xterm-256color', COLUMNS: String(terminal.columns), LINES: String(terminal.rows) } : {}

/** Takes the slots and fills them; gives everything back when something is refused. */
const prepare = (
  { objects, files }: ProcessesOptions,
  request: SpawnRequest,
  program: Program,
  parent: number,
): Entry => {
  const { memory } = objects
  const cwd = files.stat(absolute(request.cwd, '/'))
  if (cwd.kind !== KIND.DIRECTORY) throw new SysError(ERRNO.NOTDIR, request.cwd)
  const slot = takeProcess(memory, parent)
  if (slot < 0) throw new SysError(ERRNO.AGAIN, request.command, 'the machine runs 256 processes already')
  const at = processAt(slot)
  const pid = getWord(memory, at + PROCESS.PID)
  const thread = takeThread(memory, pid)
  try {
    if (thread < 0) throw new SysError(ERRNO.AGAIN, request.command, 'the machine runs 255 threads already')
    objects.vfs.pin(cwd.inode)
    setWord(memory, at + PROCESS.CWD, cwd.inode)
    setWord(memory, at + PROCESS.GROUP, pid)
    setWord(memory, at + PROCESS.SESSION, pid)
    setWord(memory, at + PROCESS.UMASK, DEFAULT_UMASK)
    setWord(memory, at + PROCESS.MAX_FILES, DEFAULT_MAX_FILES)
    setWord(memory, at + PROCESS.THREADS, 1)
    const descriptors = createDescriptors(objects, slot)
    const stdio = createStdio(objects, descriptors, pid, request)
    setWord(memory, at + PROCESS.TTY, stdio.tty)
    openPreopens(objects, files, descriptors, choosePreopens(files, request))
    const started = Date.now()
    return { pid, slot, thread, request, program, stdio, started, startedAt: performance.now(), exit: null }
  } catch (error) {
    releaseProcess(objects, slot)
    if (thread >= 0) freeThread(memory, thread)
    freeProcess(memory, slot)
    throw error
  }
}
