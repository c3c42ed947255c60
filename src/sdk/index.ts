/**
 * `createWasmrun()`: the public API over one open machine. The page, the tests and an embedding site use the same object.
 */
import type { DiagnosticOptions, KernelEvent, RuntimeProgress, TraceEntry } from '../abi/control.ts'
import { ERRNO, SysError } from '../abi/errno.ts'
import { KIND_LIMITS, type Limits } from '../abi/limits.ts'
import { parseSignal, SIGNAL, signalCode } from '../abi/signals.ts'
import { createDisk } from './disk.ts'
import { createFileSystem } from './files.ts'
import { type MachineScripts, type OpenMachine, openMachine } from './machine.ts'
import { createProcess, exitStatus, type ProcessCalls, type ProcessFeed } from './process.ts'
import { createProjects } from './projects.ts'
import { spawnRequest } from './spawn.ts'
import type { Straces } from './strace.ts'
import { createTrust, type TrustPart } from './trust.ts'
import type { Events, LogEntry, Wasmrun } from './types.ts'
import { createUpdating } from './updating.ts'
import { createWatches } from './watches.ts'

export type { MachineScripts } from './machine.ts'
export type * from './types.ts'

const LAST_STEPS = new Set<RuntimeProgress['step']>(['ready', 'failed', 'cancelled'])
/** Steps and answer come by different ports: the last step may be the later one by a little. */
const LAST_STEP_MS = 1000

/** Entries of the log that are kept for a report. */
const MOST_KEPT = 1000

const NO_DIAGNOSTICS: DiagnosticOptions = { verbose: false, debug: false, strace: [] }

type Listeners = { [K in keyof Events]: Set<(value: Events[K]) => void> }

/** Opens a machine at once; `ready` says how it went. */
export const createWasmrun = (
  scripts: MachineScripts,
  version: string,
  asked: DiagnosticOptions = NO_DIAGNOSTICS,
): Wasmrun & { close(): void } => {
  const listeners: Listeners = {
    process: new Set(),
    exit: new Set(),
    runtime: new Set(),
    log: new Set(),
    slow: new Set(),
    fault: new Set(),
    update: new Set(),
    project: new Set(),
    save: new Set(),
    sync: new Set(),
    trust: new Set(),
  }
  let diagnostics = asked
  /** For a report. */
  const kept: LogEntry[] = []
  const emit = <K extends keyof Events>(event: K, value: Events[K]): void => {
    for (const listener of listeners[event]) listener(value)
  }
  /** @param told what a report has of it, where that is less */
  const note = (entry: LogEntry, told = entry.text): void => {
    kept.push({ ...entry, text: told })
    if (kept.length > MOST_KEPT) kept.shift()
    emit('log', entry)
  }
  const feeds = new Map<number, ProcessFeed>()
  /** Output and exit of a process may arrive before the answer to its spawn. */
  const early = new Map<number, KernelEvent[]>()

  const deliver = (feed: ProcessFeed, event: KernelEvent): void => {
    if (event.type === 'output') feed.output(event.chunks)
    if (event.type !== 'exit') return
    feed.ended(event.reason)
    feeds.delete(event.pid)
  }
  const fromKernel = (event: KernelEvent): void => {
    if (event.type === 'output' || event.type === 'exit') {
      const feed = feeds.get(event.pid)
      if (feed) deliver(feed, event)
      else early.set(event.pid, [...(early.get(event.pid) ?? []), event])
    }
    if (event.type === 'exit')
      emit('exit', { pid: event.pid, message: event.reason.message, ...exitStatus(event.reason) })
    if (event.type === 'process') emit('process', event.process)
    if (event.type === 'process' && event.process.state === 'ended') {
      const { pid } = event.process
      void straces?.then((each) => each.ended(pid))
    }
    if (event.type === 'strace' && !event.isForLog) void tracing().then((each) => each.heard(event))
    if (event.type === 'strace' && event.isForLog)
      for (const { time, text, call } of event.entries) {
        const entry = { time, source: 'kernel', severity: 'debug', text: `[${event.pid}] ${text}` } as const
        // A call's texts are paths, and what was read and written.
        note(entry, `[${event.pid}] ${call}(…)${text.slice(text.lastIndexOf(' = '))}`)
      }
    if (event.type === 'watch') watches.heard(event.id, event.paths, event.writers)
    if (event.type === 'save') {
      const { type: _, ...state } = event
      projects.saved(state)
      emit('save', state)
    }
    if (event.type === 'log')
      note(
        { time: event.time, source: 'kernel', severity: event.severity, text: event.text },
        event.told ?? event.text,
      )
  }
  /** Every process goes with its machine. */
  const endAll = (message: string): void => {
    const reason = { code: signalCode(SIGNAL.KILL), signal: SIGNAL.KILL, message }
    for (const [pid, feed] of feeds) {
      feed.ended(reason)
      emit('exit', { pid, message, ...exitStatus(reason) })
    }
    feeds.clear()
    early.clear()
  }
  const lost = (message: string): void => {
    emit('fault', { message })
    endAll(message)
  }
  const open = async (): Promise<OpenMachine> => {
    const machine = await openMachine(scripts, {
      kernel: fromKernel,
      host: (event) => {
        if (event.type === 'runtime') emit('runtime', event.progress)
        else if (event.type === 'project') projects.noticed(event.what)
        else if (event.type === 'disk') disk.heard(event.status)
        else note({ time: event.time, source: 'host', severity: event.severity, text: event.text })
      },
      slow: (message) => emit('slow', { message }),
      lost,
    })
    await machine.kernel.api.setDiagnostics(diagnostics)
    return machine
  }
  let opening = open()
  let hasRun = false
  /** The user's, and what the project asks for. */
  let limits: [Limits, Partial<Limits>] = [KIND_LIMITS, {}]
  const ready = opening.then(() => undefined)
  const updates = createUpdating({ scripts, ready, version, onState: (state) => emit('update', state) })
  // Whoever asks for `ready` gets the reason; nobody asking is no unhandled rejection.
  ready.catch(() => {})
  const kernel = async (): Promise<OpenMachine['kernel']['api']> => (await opening).kernel.api
  const host = async (): Promise<OpenMachine['host']['api']> => (await opening).host.api

  const restart = async (): Promise<void> => {
    const machine = await opening.catch(() => null)
    machine?.close()
    endAll('The machine was opened anew for another project.')
    hasRun = false
    opening = open()
    const { kernel: fresh } = await opening
    await fresh.api.setLimits(...limits, trust.isSealed())
    watches.renew()
    disk.renewed()
  }
  /** Fetched when it is first asked for: few ever are. */
  let straces: Promise<Straces> | null = null
  const tracing = (): Promise<Straces> => {
    straces ??= import('./strace.ts').then(({ createStraces }) =>
      createStraces(async (pid, on) => (await kernel()).strace(pid, on)),
    )
    return straces
  }
  const strace = (pid: number): ReadableStream<TraceEntry> => {
    const { readable, writable } = new TransformStream<TraceEntry, TraceEntry>()
    // Whoever reads gets the error.
    tracing()
      .then((each) => each.read(pid).pipeTo(writable))
      .catch((error: unknown) => writable.abort(error).catch(() => {}))
    return readable
  }
  const watches = createWatches(kernel)
  const applyLimits = async (): Promise<void> => (await kernel()).setLimits(...limits, trust.isSealed())
  const trust: TrustPart = createTrust({
    apply: applyLimits,
    keep: (isSealed) => projects.sealed(isSealed),
    hasFolder: () => disk.api.status.state !== 'off',
    emit: (state) => emit('trust', state),
  })
  const disk = createDisk({
    kernel,
    host,
    emit: (status) => emit('sync', status),
    refuse: trust.refuse,
  })
  const projects = createProjects({
    kernel,
    host,
    restart,
    // A folder in step would get another project's files.
    hasRun: () => hasRun || disk.api.status.state !== 'off',
    disk,
    trust,
    emit: (event) => emit('project', event),
  })
  // A tab in the background may be closed without another word.
  document.addEventListener('visibilitychange', () => {
    if (document.visibilityState === 'hidden') void projects.api.save().catch(() => {})
    // Whoever comes back may have been in another editor.
    else if (disk.api.status.state !== 'off') void disk.api.scan().catch(() => {})
  })

  const kill = async (pid: number, signal: string | number): Promise<void> => {
    const number = parseSignal(signal)
    if (number === undefined) throw new SysError(ERRNO.INVAL, String(signal), 'no such signal')
    await (await kernel()).kill(pid, number)
  }
  const calls: ProcessCalls = {
    input: async (pid, bytes) => (await kernel()).input(pid, bytes),
    endInput: async (pid) => (await kernel()).endInput(pid),
    // Fails only with the machine, which is reported by itself.
    ack: (pid, bytes) => void kernel().then((api) => api.ack(pid, bytes).catch(() => {})),
    kill,
    resize: async (pid, columns, rows) => (await kernel()).resize(pid, columns, rows),
  }
  const ensure: Wasmrun['runtimes']['ensure'] = async (
    name,
    { version: wanted, signal, onProgress } = {},
  ) => {
    signal?.throwIfAborted()
    let isOver = false
    let isLast = false
    const deaf = (): boolean => listeners.runtime.delete(heard)
    const heard = (step: RuntimeProgress): void => {
      if (step.name !== name) return
      onProgress?.(step)
      isLast = LAST_STEPS.has(step.step)
      if (isOver && isLast) deaf()
    }
    const stop = (): void => void host().then((api) => api.cancel(name))
    listeners.runtime.add(heard)
    signal?.addEventListener('abort', stop)
    try {
      await (await kernel()).ensureRuntime(name, wanted ?? null)
    } finally {
      isOver = true
      if (isLast) deaf()
      else setTimeout(deaf, LAST_STEP_MS)
      signal?.removeEventListener('abort', stop)
    }
  }

  return {
    version,
    ready,
    mount: async (source, path = '/home/project') =>
      (await import('./mount.ts')).mountSource(await kernel(), source, path, scripts.archive),
    fs: createFileSystem(kernel, watches.watch),
    spawn: async (command, args = [], options = {}) => {
      const request = spawnRequest(command, args, options)
      hasRun = true
      const { pid } = await (await kernel()).spawn(request)
      const feed = createProcess(pid, calls, request.terminal !== null)
      feeds.set(pid, feed)
      for (const event of early.get(pid) ?? []) deliver(feed, event)
      early.delete(pid)
      return feed.process
    },
    runtimes: {
      list: async () => (await host()).runtimes(),
      ensure,
      prefetch: async (name, wanted) => (await host()).prefetch(name, wanted ?? null),
      cancel: async (name) => (await host()).cancel(name),
      remove: async (name, wanted) => (await host()).remove(name, wanted ?? null),
      sources: async () => (await host()).runtimeSources(),
      addSource: async (url) => (await host()).addRuntimeSource(url),
      removeSource: async (url) => (await host()).removeRuntimeSource(url),
    },
    processes: {
      list: async () => (await kernel()).processes(),
      kill: (pid, signal = 'SIGTERM') => kill(pid, signal),
      suspend: (pid) => kill(pid, 'SIGSTOP'),
      resume: (pid) => kill(pid, 'SIGCONT'),
      nice: async (pid, value) => (await kernel()).nice(pid, value),
    },
    strace,
    report: async () =>
      (await import('./report.ts')).makeReport({
        version,
        machine: async () => (await kernel()).facts(),
        processes: async () => (await kernel()).processes(),
        runtimes: async () => (await host()).runtimes(),
        fsck: async () => (await kernel()).fsck(),
        log: kept,
      }),
    diagnostics: {
      get: () => diagnostics,
      set: async (change) => {
        diagnostics = { ...diagnostics, ...change }
        await (await kernel()).setDiagnostics(diagnostics)
      },
    },
    machine: async () => ({ ...(await (await kernel()).facts()), isolated: crossOriginIsolated }),
    storage: Object.assign(async () => (await host()).storage(), {
      estimate: async () => (await host()).estimateStorage(),
      persist: async () => (await navigator.storage?.persist?.()) ?? false,
      kept: async () => (await import('./kept.ts')).listKept(self.caches, document.baseURI),
      forget: async (id: string) => (await import('./kept.ts')).forgetKept(self.caches, document.baseURI, id),
    }),
    projects: projects.api,
    trust: trust.api,
    disk: disk.api,
    settings: {
      get: async (key) => (await host()).getSetting(key),
      set: async (key, value) => (await host()).setSetting(key, value),
    },
    setLimits: async (wanted, project = {}) => {
      limits = [wanted, project]
      await applyLimits()
    },
    updates,
    check: async () => (await kernel()).fsck(),
    audit: async () => (await kernel()).audit(),
    on: (event, listener) => {
      listeners[event].add(listener)
      return () => listeners[event].delete(listener)
    },
    close: () => void opening.then((machine) => machine.close()),
  }
}
