/**
 * Processes: made, listed, signalled, ended. All that a process holds hangs off its slot in shared memory (released by
 * src/objects) and its entry here (stdio, thread, control link), so its death is one function: `end`.
 *
 *   spawn ─► STARTING ─► RUNNING ─► end(reason) ─► ZOMBIE ─► reaped (by its parent, or here when the page is its parent)
 *
 * Invariant: `end` runs once per process, whoever comes first: its own exit, a signal, a failed worker.
 */
import type { ExitReason, JailApi, KernelEvent, ProcessInfo, SpawnRequest } from '../abi/control.ts'
import { ERRNO, isCode, SysError } from '../abi/errno.ts'
import { type Granted, grant, grantChild, type Limits, passedWords, raiseWords } from '../abi/limits.ts'
import { SIGNAL, signalCode } from '../abi/signals.ts'
import type { Remote } from '../ipc/rpc.ts'
import { PROCESS, PROCESS_STATE, processAt } from '../memory/layout.ts'
import { freeProcess, getWord } from '../memory/slots.ts'
import type { Objects } from '../objects/objects.ts'
import { endProcess } from '../objects/proc.ts'
import type { Files } from '../vfs/types.ts'
import { type ChildrenOptions, faceFor } from './children.ts'
import { describe, usage } from './describe.ts'
import type { Diagnostics } from './diagnostics.ts'
import type { Entry } from './entry.ts'
import { renewDescriptors, replaceThread } from './exec.ts'
import type { Reaper } from './kill.ts'
import { argvOf, environmentOf, guestMemory, launch } from './launch.ts'
import { createLinks } from './links.ts'
import { choosePreopens, nameInside, withTrees } from './preopens.ts'
import { type Family, prepare } from './prepare.ts'
import type { ProcFiles } from './proc-files.ts'
import type { Programs } from './programs.ts'
import type { Pulses } from './pulses.ts'
import { createRefusals } from './refusals.ts'
import { parseThreadFailed } from './requests.ts'
import { createSignals } from './signals.ts'
import { createStraces } from './strace.ts'
import type { traceEntry } from './strace-lines.ts'
import { createThreads } from './threads.ts'
import { createTree, createTrees } from './trees.ts'
import { createMeter, createWarden, meterOutput } from './warden.ts'

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
  granted: () => Granted
  report: (event: KernelEvent) => void
  traceEntry: typeof traceEntry
  diagnostics: Diagnostics
  listing: ProcFiles
  pulses: Pulses
  sync: ChildrenOptions['sync']
  bring: ChildrenOptions['bring']
  watch: (slot: number, fd: number) => number
}

export const createProcesses = (options: ProcessesOptions): Processes => {
  const { objects, files, jail, programs, reaper, report, diagnostics, listing, pulses } = options
  const { memory } = objects
  const entries = new Map<number, Entry>()
  const straces = createStraces(objects, report, options.traceEntry)
  const links = createLinks()
  const trees = createTrees(memory)
  const refusals = createRefusals(memory, report)
  const stop = (thread: number): void => {
    reaper.endThread(thread)
    links.close(thread)
  }

  const end = (entry: Entry, reason: ExitReason): void => {
    if (entry.exit) return
    for (const thread of [entry.thread, ...entry.threads.keys()]) stop(thread)
    emitOutput(entry, true)
    straces.stop(entry)
    entry.exit = refusals.lastWords(entry, reason)
    trees.died(entry, usage(memory, entry, performance.now()).cpu)
    const last = describe(memory, entry)
    entry.threads.clear()
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
  }
  const emitOutput = (entry: Entry, all: boolean): boolean => {
    let moved = false
    for (;;) {
      const chunks = entry.stdio.drain(all)
      if (chunks.length === 0) return moved
      const bytes = chunks.reduce((sum, chunk) => sum + chunk.bytes.length, 0)
      meterOutput(entry.meter, bytes, performance.now())
      for (const chunk of chunks) refusals.heard(entry, chunk.bytes)
      report({ type: 'output', pid: entry.pid, chunks, bytes })
      moved = true
      if (!all) return moved
    }
  }
  const spawn = async (request: SpawnRequest, parent: Family | null): Promise<number> => {
    const above = parent && get(parent.pid)
    const granted = above
      ? grantChild(options.granted(), above)
      : grant(options.granted(), request.limits ?? {}, 'spawn')
    const { limits } = granted
    const program = await programs.resolve(request, limits.memory).catch((error: unknown) => {
      if (!isCode(error, 'ENOMEM')) throw error
      if (above) refusals.refused(above, 'memory')
      const words = error instanceof Error ? error.message.replace(/^E\w+: /, '') : ''
      throw new SysError(ERRNO.NOMEM, '', `${words}. ${raiseWords('memory', granted.sources.memory)}`)
    })
    while (reaper.isFull()) await reaper.nextFree()
    // It may have ended meanwhile, and its slot have become another's.
    if (above?.exit) throw new SysError(ERRNO.SRCH, `process ${above.pid}`)
    const name = warden.whatIsFull(above?.tree ?? null, granted)
    if (name) {
      if (above) refusals.refused(above, name)
      const errno = name === 'processes' ? ERRNO.AGAIN : ERRNO.NOMEM
      const words = passedWords(name, limits[name], granted.sources[name])
      throw new SysError(errno, '', `${request.command}: ${words}`)
    }
    const preopens = withTrees(choosePreopens(files, request, program.startsInPwd), program.trees)
    const prepared = prepare(objects, files, { request, program, preopens, parent, limits })
    const startedAt = performance.now()
    const tree = above?.tree ?? createTree(granted, startedAt)
    const started = { started: Date.now(), startedAt, ...granted, tree, meter: createMeter(startedAt) }
    const born = {
      parent: parent?.pid ?? 0,
      exit: null,
      told: PROCESS_STATE.RUNNING,
      slept: 0,
      threads: new Map(),
      refused: new Set<keyof Limits>(),
    }
    const entry: Entry = { ...prepared, ...started, ...born, request, program, guest: null }
    entries.set(entry.pid, entry)
    trees.born(entry)
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
    // Once it has ended, its last row has been told, and its slot may be another's.
    if (!entry.exit) report({ type: 'process', process: describe(memory, entry) })
    return entry.pid
  }
  const fail = (entry: Entry, error: unknown): void =>
    end(entry, { code: 126, signal: 0, message: error instanceof Error ? error.message : String(error) })
  const start = (entry: Entry, pwd: string): Promise<void> => {
    const how = { face: faceFor(entry, entry.thread, forChildren), pwd, pulse: pulses.create(entry.thread) }
    return launch(memory, jail, entry, how, (port) => links.open(entry.thread, port))
  }
  /** The program of a process is replaced; a refusal leaves it as it was. */
  const exec: ChildrenOptions['exec'] = async (entry, request, isStill) => {
    const program = await programs.resolve(request, entry.limits.memory)
    while (reaper.isFull()) await reaper.nextFree()
    if (!isStill()) return
    const preopens = withTrees(choosePreopens(files, request, program.startsInPwd), program.trees)
    replaceThread(objects, stop, entry)
    const { thread } = entry
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
      if (entry.thread === thread) fail(entry, error)
    }
    if (!entry.exit) report({ type: 'process', process: describe(memory, entry) })
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
    sync: options.sync,
    bring: options.bring,
    watch: (entry, fd) => options.watch(entry.slot, fd),
    pulse: pulses.wish,
    cwdOf: (entry) =>
      objects.vfs.path(getWord(memory, processAt(entry.slot) + PROCESS.CWD)) ?? entry.request.cwd,
    ...createThreads({
      memory,
      jail,
      links,
      stop,
      reaper,
      pulses,
      refused: refusals.refused,
      entries: () => entries.values(),
      face: (entry, thread) => faceFor(entry, thread, forChildren),
    }),
  }
  const warden = createWarden({
    memory,
    entries,
    trees,
    refusals,
    granted: options.granted,
    stop: (entry, message) => end(entry, { code: signalCode(SIGNAL.KILL), signal: SIGNAL.KILL, message }),
  })
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
    ports: () => links.count,
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
        refusals.look(entry)
        warden.look(entry)
      }
      warden.lookAtAll()
      return moved
    },
  }
}
