/**
 * Processes: made, listed, signalled, ended. All that a process holds hangs off its slot in shared memory (released by
 * src/objects) and its entry here (stdio, thread, control link), so its death is one function: `end`.
 *
 *   spawn ─► STARTING ─► RUNNING ─► end(reason) ─► ZOMBIE ─► reaped (by its parent, or here when the page is its parent)
 *
 * Invariant: `end` runs once per process, whoever comes first: its own exit, a signal, a failed worker.
 */
import type {
  ChildRequest,
  ExitReason,
  JailApi,
  KernelEvent,
  KernelForProcess,
  ProcessInfo,
  SpawnRequest,
} from '../abi/control.ts'
import { check, ERRNO, SysError } from '../abi/errno.ts'
import { type Limits, passedWords, tighten } from '../abi/limits.ts'
import { defaultAction, SIGNAL, signalBit } from '../abi/signals.ts'
import { expose, moving, type Remote } from '../ipc/rpc.ts'
import {
  MAX_PROCESSES,
  PAGE_BYTES,
  PROCESS,
  PROCESS_STATE,
  processAt,
  THREAD,
  threadAt,
} from '../memory/layout.ts'
import { findProcess, freeProcess, getWord, setWord } from '../memory/slots.ts'
import { wake } from '../memory/wake.ts'
import type { Objects } from '../objects/objects.ts'
import { endProcess } from '../objects/proc.ts'
import { raise } from '../objects/signal.ts'
import type { Files } from '../vfs/types.ts'
import { describe } from './describe.ts'
import type { Reaper } from './kill.ts'
import { choosePreopens, nameInside } from './preopens.ts'
import { type Family, prepare } from './prepare.ts'
import type { Program, Programs } from './programs.ts'
import { parseReply, parseThreadFailed, processRequests } from './requests.ts'
import type { Stdio } from './stdio.ts'
import { createMeter, judge, type Meter, memoryWords, meterOutput } from './warden.ts'

/** A process that does not follow a deadly signal by then (a loop without system calls) is stopped from outside. */
export const GRACE_MS = 500

export interface Entry {
  readonly pid: number
  readonly slot: number
  readonly thread: number
  readonly request: SpawnRequest
  readonly program: Program
  /** 0 for a child of the page. */
  readonly parent: number
  readonly stdio: Stdio
  readonly limits: Limits
  readonly meter: Meter
  /** Milliseconds since the epoch, and on performance.now()'s clock. */
  readonly started: number
  readonly startedAt: number
  exit: ExitReason | null
}

export interface Processes {
  /** A child of the page. */
  spawn(request: SpawnRequest): Promise<{ pid: number }>
  /** @throws SysError ESRCH for a pid that is not there. */
  get(pid: number): Entry
  entries(): Iterable<Entry>
  kill(pid: number, signal: number): void
  threadFailed(thread: number, message: string): void
  list(): ProcessInfo[]
  readonly isEmpty: boolean
  /** Control links that are open. */
  ports(): number
  /** Moves output to the page, offers queued input, follows signals. True when anything moved. */
  turn(): boolean
}

export interface ProcessesOptions {
  objects: Objects
  files: Files
  jail: Remote<JailApi>
  programs: Programs
  reaper: Reaper
  /** What a process gets unless its request says less. */
  limits: () => Limits
  report: (event: KernelEvent) => void
}

export const createProcesses = (options: ProcessesOptions): Processes => {
  const { objects, files, jail, programs, reaper, report } = options
  const { memory } = objects
  const entries = new Map<number, Entry>()
  /** Processes that a deadly signal waits for, and that will be ended if they do not follow it. */
  const enforced = new Set<number>()
  /** The kernel's end of each process's control link. */
  const links = new Map<number, MessagePort>()

  const end = (entry: Entry, reason: ExitReason): void => {
    if (entry.exit) return
    reaper.endThread(entry.thread)
    emitOutput(entry, true)
    const used = getWord(memory, threadAt(entry.thread) + THREAD.GUEST_PAGES) * PAGE_BYTES
    const hasFailed = reason.code !== 0 && reason.message === ''
    entry.exit = hasFailed ? { ...reason, message: memoryWords(used, entry.limits) } : reason
    const last = describe(memory, entry)
    endProcess(objects, entry.slot, reason.code, reason.signal)
    entry.stdio.close()
    report({ type: 'process', process: last })
    // The page waits for its own children only; a process finds the status of its child in shared memory.
    if (entry.parent === 0) report({ type: 'exit', pid: entry.pid, reason: entry.exit })
    const at = processAt(entry.slot)
    const isOurs =
      getWord(memory, at + PROCESS.PID) === entry.pid && getWord(memory, at + PROCESS.PARENT) === 0
    if (isOurs && getWord(memory, at + PROCESS.STATE) === PROCESS_STATE.ZOMBIE)
      freeProcess(memory, entry.slot)
    entries.delete(entry.pid)
    enforced.delete(entry.pid)
    links.get(entry.pid)?.close()
    links.delete(entry.pid)
  }
  const emitOutput = (entry: Entry, all: boolean): boolean => {
    let moved = false
    for (;;) {
      const chunks = entry.stdio.drain(all)
      if (chunks.length === 0) return moved
      const bytes = chunks.reduce((sum, chunk) => sum + chunk.bytes.length, 0)
      meterOutput(entry.meter, bytes, performance.now())
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
  const followSignals = (entry: Entry): void => {
    const pending = getWord(memory, processAt(entry.slot) + PROCESS.PENDING)
    if (pending === 0 || enforced.has(entry.pid)) return
    for (let signal = 1; signal < 32; signal++) {
      if (!(pending & signalBit(signal)) || !isDeadly(entry, signal)) continue
      enforced.add(entry.pid)
      enforce(entry, signal)
      return
    }
  }
  const spawn = async (request: SpawnRequest, parent: Family | null): Promise<number> => {
    const limits = tighten(options.limits(), request.limits ?? {})
    const program = await programs.resolve(request, limits.memory)
    // It may have ended meanwhile, and its slot have become another's.
    if (parent && !entries.has(parent.pid)) throw new SysError(ERRNO.SRCH, `process ${parent.pid}`)
    if (entries.size >= limits.processes)
      throw new SysError(ERRNO.AGAIN, request.command, passedWords('processes', limits.processes))
    const preopens = choosePreopens(files, request, program.startsInPwd)
    const prepared = prepare(objects, files, { request, program, preopens, parent, limits })
    const startedAt = performance.now()
    const started = { started: Date.now(), startedAt, limits, meter: createMeter(startedAt) }
    const entry = {
      ...prepared,
      ...started,
      request,
      program,
      parent: parent?.pid ?? 0,
      exit: null,
    }
    entries.set(entry.pid, entry)
    try {
      await launch(entry, nameInside(request.cwd, preopens))
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error)
      end(entry, { code: 126, signal: 0, message })
    }
    report({ type: 'process', process: describe(memory, entry) })
    return entry.pid
  }
  const spawnChild = async (parent: Entry, child: ChildRequest): Promise<number> => {
    const { command, args, env, descriptors } = child
    const request: SpawnRequest = {
      command,
      args,
      env,
      cwd: child.cwd ?? parent.request.cwd,
      preopens: parent.request.preopens,
      terminal: null,
      stdin: null,
      title: [command.split('/').at(-1), ...args].join(' '),
      limits: parent.limits,
    }
    // The parent may have ended while its request was on the way.
    if (parent.exit) throw new SysError(ERRNO.SRCH, `process ${parent.pid}`)
    return spawn(request, { pid: parent.pid, slot: parent.slot, descriptors })
  }
  /** kill(2) for a process: only what descends from it. */
  const killFor = (caller: Entry, pid: number, signal: number): number => {
    const entry = entries.get(pid)
    if (!entry) return -ERRNO.SRCH
    if (!descends(objects, entry, caller.pid)) return -ERRNO.PERM
    if (signal !== 0) kill(entry, signal)
    return 0
  }
  const faceFor = (entry: Entry): KernelForProcess => {
    const answer = (reply: number, result: number): void => {
      if (entry.exit) return
      setWord(memory, threadAt(entry.thread) + THREAD.REPLY + reply, result)
      wake(memory, entry.thread)
    }
    /** A bad request is answered as one, so that a caller that only made a mistake does not wait for ever. */
    const checked = <T>(parse: () => T, reply: unknown): T => {
      try {
        return parse()
      } catch (error) {
        answer(parseReply(reply), -(error instanceof SysError ? error.errno : ERRNO.IO))
        throw error
      }
    }
    return {
      exit: (...args) => end(entry, processRequests.exit(...args)),
      spawn: (...args) => {
        const { reply, request } = checked(() => processRequests.spawn(...args), args[0])
        spawnChild(entry, request).then(
          (pid) => answer(reply, pid),
          (error: unknown) => answer(reply, -(error instanceof SysError ? error.errno : ERRNO.IO)),
        )
      },
      kill: (...args) => {
        const { reply, pid, signal } = checked(() => processRequests.kill(...args), args[0])
        answer(reply, killFor(entry, pid, signal))
      },
    }
  }
  const kill = (entry: Entry, signal: number): void => {
    if (signal === SIGNAL.KILL) {
      end(entry, { code: 0, signal, message: '' })
      return
    }
    check(raise(objects, entry.pid, signal), `process ${entry.pid}`)
    if (isDeadly(entry, signal)) enforce(entry, signal)
  }

  return {
    spawn: async (request) => ({ pid: await spawn(request, null) }),
    get: (pid) => {
      const entry = entries.get(pid)
      if (!entry) throw new SysError(ERRNO.SRCH, `process ${pid}`)
      return entry
    },
    entries: () => entries.values(),
    ports: () => links.size,
    get isEmpty() {
      return entries.size === 0
    },
    kill: (pid, signal) => {
      const entry = entries.get(pid)
      if (!entry) throw new SysError(ERRNO.SRCH, `process ${pid}`)
      kill(entry, signal)
    },
    threadFailed: (...args) => {
      const { thread, message } = parseThreadFailed(...args)
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
        followSignals(entry)
        const verdict = judge(memory, entry, performance.now())
        if (verdict) end(entry, { code: 0, signal: SIGNAL.KILL, message: verdict })
      }
      return moved
    },
  }

  async function launch(entry: Entry, pwd: string): Promise<void> {
    const { port1, port2 } = new MessageChannel()
    links.set(entry.pid, port1)
    expose(faceFor(entry), port1)
    const { request, program, pid, thread } = entry
    const added = { ...DEFAULT_ENV, PWD: pwd, ...program.env, ...terminalEnv(request) }
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

/** Whether `pid` is among the ancestors of the process. */
const descends = (objects: Objects, entry: Entry, pid: number): boolean => {
  const { memory } = objects
  let slot = entry.slot
  for (let steps = 0; slot >= 0 && steps < MAX_PROCESSES; steps++) {
    const parent = getWord(memory, processAt(slot) + PROCESS.PARENT)
    if (parent === pid) return true
    slot = parent === 0 ? -1 : findProcess(memory, parent)
  }
  return false
}
