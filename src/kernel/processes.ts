/**
 * Processes: made, listed, signalled, ended. All that a process holds hangs off its slot in shared memory (released by
 * src/objects) and its entry here (stdio, thread, control link), so its death is one function: `end`.
 *
 *   spawn ─► STARTING ─► RUNNING ─► end(reason) ─► ZOMBIE ─► reaped (by its parent, or here when the page is its parent)
 *
 * Invariant: `end` runs once per process, whoever comes first: its own exit, a signal, a failed worker.
 */
import type { ExitReason, JailApi, KernelEvent, ProcessInfo, SpawnRequest } from '../abi/control.ts'
import { ERRNO, SysError } from '../abi/errno.ts'
import { type Limits, passedWords, tighten } from '../abi/limits.ts'
import { SIGNAL, signalCode } from '../abi/signals.ts'
import type { Remote } from '../ipc/rpc.ts'
import { PAGE_BYTES, PROCESS, PROCESS_STATE, processAt, THREAD, threadAt } from '../memory/layout.ts'
import { freeProcess, getWord } from '../memory/slots.ts'
import type { Objects } from '../objects/objects.ts'
import { endProcess } from '../objects/proc.ts'
import type { Files } from '../vfs/types.ts'
import { type ChildrenOptions, faceFor } from './children.ts'
import { describe } from './describe.ts'
import type { Diagnostics } from './diagnostics.ts'
import type { Entry } from './entry.ts'
import { renewDescriptors, replaceThread } from './exec.ts'
import type { Reaper } from './kill.ts'
import { argvOf, environmentOf, guestMemory, launch } from './launch.ts'
import { choosePreopens, nameInside } from './preopens.ts'
import { type Family, prepare } from './prepare.ts'
import type { ProcFiles } from './proc-files.ts'
import type { Programs } from './programs.ts'
import { parseThreadFailed } from './requests.ts'
import { createSignals } from './signals.ts'
import { createStraces } from './strace.ts'
import { createThreads } from './threads.ts'
import { createMeter, judge, memoryWords, meterOutput } from './warden.ts'

export interface Processes {
  /** A child of the page. */
  spawn(request: SpawnRequest): Promise<{ pid: number }>
  /** @throws SysError ESRCH for a pid that is not there. */
  get(pid: number): Entry
  entries(): Iterable<Entry>
  kill(pid: number, signal: number): void
  nice(pid: number, value: number): void
  strace(pid: number, on: boolean): void
  /** Brings /proc up to date for a process; 0 for all. */
  refresh(pid: number): void
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
  diagnostics: Diagnostics
  listing: ProcFiles
}

export const createProcesses = (options: ProcessesOptions): Processes => {
  const { objects, files, jail, programs, reaper, report, diagnostics, listing } = options
  const { memory } = objects
  const entries = new Map<number, Entry>()
  const straces = createStraces(objects, report)
  /** The kernel's end of each process's control link. */
  const links = new Map<number, MessagePort>()

  const end = (entry: Entry, reason: ExitReason): void => {
    if (entry.exit) return
    for (const thread of [entry.thread, ...entry.threads.keys()]) reaper.endThread(thread)
    entry.threads.clear()
    emitOutput(entry, true)
    straces.stop(entry)
    const used = getWord(memory, threadAt(entry.thread) + THREAD.GUEST_PAGES) * PAGE_BYTES
    // Whom somebody else has ended was not ended by its memory.
    const isItsOwn = reason.signal === 0 || reason.signal === SIGNAL.ABRT
    const hasFailed = reason.code !== 0 && isItsOwn && reason.message === ''
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
    signals.forget(entry.pid)
    listing.remove(entry.pid)
    diagnostics.ended(entry)
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
    const born = {
      parent: parent?.pid ?? 0,
      exit: null,
      told: PROCESS_STATE.RUNNING,
      slept: 0,
      threads: new Map(),
    }
    const entry: Entry = { ...prepared, ...started, ...born, request, program, guest: null }
    entries.set(entry.pid, entry)
    try {
      const isForLog = !request.strace
      if (request.strace || diagnostics.traces(request.command)) straces.start(entry, isForLog)
      const pwd = nameInside(request.cwd, preopens)
      listing.add(entry, argvOf(entry), environmentOf(entry, pwd))
      entry.guest = guestMemory(entry)
      await start(entry, pwd)
    } catch (error) {
      fail(entry, error)
    }
    diagnostics.say(
      `process ${entry.pid} starts: ${argvOf(entry).join(' ')} (${program.runtime})`,
      `process ${entry.pid} starts (${program.runtime})`,
    )
    report({ type: 'process', process: describe(memory, entry) })
    return entry.pid
  }
  const fail = (entry: Entry, error: unknown): void =>
    end(entry, { code: 126, signal: 0, message: error instanceof Error ? error.message : String(error) })
  const start = (entry: Entry, pwd: string): Promise<void> =>
    launch(memory, jail, entry, { face: faceFor(entry, entry.thread, forChildren), pwd }, (port) => {
      links.get(entry.pid)?.close()
      links.set(entry.pid, port)
    })
  /** The program of a process is replaced; a refusal leaves it as it was. */
  const exec = async (entry: Entry, request: SpawnRequest): Promise<void> => {
    const asker = entry.thread
    const program = await programs.resolve(request, entry.limits.memory)
    // Whoever asks many times at once is replaced once; the rest came from a program that is gone.
    if (entry.exit || entry.thread !== asker) return
    const preopens = choosePreopens(files, request, program.startsInPwd)
    replaceThread(objects, reaper, entry)
    try {
      renewDescriptors(objects, files, entry, preopens)
      Object.assign(entry, { program, request })
      entry.guest = guestMemory(entry)
      const pwd = nameInside(request.cwd, preopens)
      listing.add(entry, argvOf(entry), environmentOf(entry, pwd))
      await start(entry, pwd)
      diagnostics.say(
        `process ${entry.pid} becomes ${argvOf(entry).join(' ')} (${program.runtime})`,
        `process ${entry.pid} becomes another program (${program.runtime})`,
      )
    } catch (error) {
      fail(entry, error)
    }
    report({ type: 'process', process: describe(memory, entry) })
  }
  const signals = createSignals({
    objects,
    entries,
    end: (entry, signal) => end(entry, { code: signalCode(signal), signal, message: '' }),
  })
  const forChildren: ChildrenOptions = {
    memory,
    end,
    spawn,
    exec,
    killFor: signals.killFor,
    refresh: listing.refresh,
    ...createThreads({ memory, jail, reaper, face: (entry, thread) => faceFor(entry, thread, forChildren) }),
  }
  const get = (pid: number): Entry => {
    const entry = entries.get(pid)
    if (!entry) throw new SysError(ERRNO.SRCH, `process ${pid}`)
    return entry
  }
  /** The page hears of a process that stops or goes on. */
  const tellState = (entry: Entry): void => {
    const state = getWord(memory, processAt(entry.slot) + PROCESS.STATE)
    if (state === entry.told) return
    entry.told = state
    diagnostics.say(`process ${entry.pid} ${state === PROCESS_STATE.STOPPED ? 'has stopped' : 'goes on'}`)
    report({ type: 'process', process: describe(memory, entry) })
  }

  return {
    spawn: async (request) => ({ pid: await spawn(request, null) }),
    get,
    entries: () => entries.values(),
    ports: () => links.size,
    get isEmpty() {
      return entries.size === 0
    },
    kill: (pid, signal) => signals.kill(get(pid), signal),
    nice: (pid, value) => signals.nice(get(pid), value),
    strace: (pid, on) => (on ? straces.start(get(pid), false) : straces.stop(get(pid))),
    refresh: listing.refresh,
    threadFailed: (...args) => {
      const { thread, message } = parseThreadFailed(...args)
      for (const entry of entries.values()) {
        if (entry.thread === thread || entry.threads.has(thread))
          end(entry, { code: 126, signal: 0, message: `its worker failed: ${message}` })
      }
    },
    list: () => [...entries.values()].map((entry) => describe(memory, entry)),
    turn: () => {
      let moved = false
      for (const entry of [...entries.values()]) {
        entry.stdio.feed()
        if (emitOutput(entry, false)) moved = true
        if (straces.drain(entry)) moved = true
        signals.follow(entry)
        tellState(entry)
        const verdict = judge(memory, entry, performance.now())
        if (verdict) end(entry, { code: signalCode(SIGNAL.KILL), signal: SIGNAL.KILL, message: verdict })
      }
      return moved
    },
  }
}
