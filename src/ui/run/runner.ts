/**
 * Run, Stop and Restart: one process per plan, from the download of its runtime to its last line.
 *
 * Invariant: a plan has at most one run; `runs` holds it from the click until its exit has been told in the console.
 */
import { type ReadonlySignal, signal } from '@preact/signals'
import type { ExitStatus, Process, Wasmrun } from '../../sdk/types.ts'
import { baseName, codeOf, formatDuration, messageOf } from '../format.ts'
import type { RunPlan } from '../stores/project-store.ts'
import { runtimeTitle } from '../stores/runtime-store.ts'
import type { Stores } from '../stores/stores.ts'
import { createFrameBudget, pumpOutput } from './output-pump.ts'

/** Milliseconds between Stop's SIGTERM and SIGKILL: time to close files, short enough to feel obeyed. */
export const STOP_GRACE = 2000

/** Children whose parents are remembered, so that what they wrote last is known as the program's own. */
const PARENTS_MAX = 4096

export type RunState = 'preparing' | 'running' | 'stopping'

export interface Run {
  readonly plan: RunPlan
  readonly state: RunState
  readonly pid: number | null
}

export interface TerminalSize {
  columns: number
  rows: number
}

export interface Runner {
  /** By the plan's id. */
  readonly runs: ReadonlySignal<ReadonlyMap<string, Run>>
  /** Processes that take input, newest first. */
  readonly inputs: ReadonlySignal<readonly { pid: number; label: string }[]>
  run(plan: RunPlan): Promise<void>
  stop(plan: RunPlan): Promise<void>
  restart(plan: RunPlan): Promise<void>
  /** Ends everything that was started here; for the change of projects. */
  stopAll(): Promise<void>
  /** The plan that a process was started for, itself or by what was; also when it has ended. '' for others. */
  planOf(pid: number): string
  /** Whether the plan was started since the page is open. */
  hasRun(plan: string): boolean
  /** Stops waiting for a runtime; the download ends. */
  cancel(plan: RunPlan): void
  send(pid: number, text: string): Promise<void>
  resize(size: TerminalSize): void
}

export interface RunnerParts {
  wasmrun: Wasmrun
  stores: Stores
  now(): number
  nextFrame(): Promise<void>
  /** Done before a program starts: what is edited is saved. */
  before?(): Promise<unknown>
}

interface Live {
  process: Process
  label: string
  writer: WritableStreamDefaultWriter<Uint8Array | string>
  gone: Promise<void>
}

/** A program of the project is named from its folder; the machine is given the whole path. */
const commandPath = ({ command, cwd }: RunPlan): string =>
  command.includes('/') && !command.startsWith('/') ? `${cwd}/${command.replace(/^(\.\/)+/, '')}` : command

const describeExit = (pid: number, status: ExitStatus, lasted: number): string => {
  const after = `after ${formatDuration(lasted)}`
  if (status.signal) return `Process ${pid} was ended by ${status.signal} ${after}.`
  return `Process ${pid} ended with code ${status.code} ${after}.`
}

export const createRunner = ({ wasmrun, stores, now, nextFrame, before }: RunnerParts): Runner => {
  const runs = signal<ReadonlyMap<string, Run>>(new Map())
  const inputs = signal<readonly { pid: number; label: string }[]>([])
  const live = new Map<number, Live>()
  const waiting = new Map<string, AbortController>()
  /** Why the machine itself ended a process; comes before its last output has been shown. */
  const causes = new Map<number, string>()
  const budget = createFrameBudget(nextFrame)
  let size: TerminalSize = { columns: 80, rows: 24 }

  const owners = new Map<number, string>()
  const parents = new Map<number, number>()

  wasmrun.on('process', ({ pid, parent }) => {
    if (parent === 0) return
    parents.set(pid, parent)
    const [oldest] = parents.keys()
    if (parents.size > PARENTS_MAX && oldest !== undefined) parents.delete(oldest)
  })
  wasmrun.on('exit', ({ pid, message }) => {
    if (message !== '') causes.set(pid, message)
  })
  const say = (text: string, severity: 'info' | 'error' = 'info', pid = 0): void =>
    stores.console.apply({ type: 'system', source: 'kernel', text, time: now(), severity, pid })
  const setRun = (id: string, run: Run | null): void => {
    const next = new Map(runs.value)
    if (run) next.set(id, run)
    else next.delete(id)
    runs.value = next
  }
  const listInputs = (): void => {
    inputs.value = [...live].map(([pid, { label }]) => ({ pid, label })).reverse()
  }

  const fetchRuntime = async (plan: RunPlan): Promise<void> => {
    if (plan.runtime === null) return
    const abort = new AbortController()
    waiting.set(plan.id, abort)
    try {
      await wasmrun.runtimes.ensure(plan.runtime, {
        ...(plan.version ? { version: plan.version } : {}),
        signal: abort.signal,
      })
      stores.runtimes.apply({ type: 'forget', name: plan.runtime, version: plan.version })
    } catch (error) {
      throw abort.signal.aborted ? new DOMException('cancelled', 'AbortError') : error
    } finally {
      waiting.delete(plan.id)
    }
  }

  const adopt = (plan: RunPlan, process: Process, started: number): void => {
    const label = `${baseName(plan.command).replace(/\.wasm$/, '')} ${process.pid}`
    stores.console.apply({ type: 'open', pid: process.pid, label })
    say(`Started ${[plan.command, ...plan.args].join(' ')} as process ${process.pid}.`, 'info', process.pid)
    const gone = follow(plan, process, started)
    owners.set(process.pid, plan.id)
    live.set(process.pid, { process, label, writer: process.input.getWriter(), gone })
    listInputs()
    setRun(plan.id, { plan, state: 'running', pid: process.pid })
  }

  /** Until the last byte is shown and the exit is known: only then may the console say that it ended. */
  const follow = async (plan: RunPlan, process: Process, started: number): Promise<void> => {
    const { pid } = process
    const pumped = pumpOutput(process.output, budget, (channel, bytes) =>
      stores.console.apply({ type: 'output', pid, channel, bytes, time: now() }),
    ).catch((error: unknown) =>
      say(`The output of process ${pid} broke off: ${messageOf(error)}`, 'error', pid),
    )
    const status = await process.exit
    const lasted = now() - started
    await pumped
    stores.console.apply({ type: 'close', pid })
    const why = causes.get(pid)
    causes.delete(pid)
    say(describeExit(pid, status, lasted), status.code === 0 ? 'info' : 'error', pid)
    if (why) say(why, 'error', pid)
    live.delete(pid)
    listInputs()
    if (runs.value.get(plan.id)?.pid === pid) setRun(plan.id, null)
  }

  const fail = (plan: RunPlan, error: unknown): void => {
    setRun(plan.id, null)
    const title = plan.runtime ? runtimeTitle(plan.runtime, plan.version) : plan.command
    if (codeOf(error) === 'ECANCELED' || (error instanceof Error && error.name === 'AbortError')) {
      if (plan.runtime) stores.runtimes.apply({ type: 'forget', name: plan.runtime, version: plan.version })
      say(`Fetching ${title} was cancelled. Nothing was kept.`)
      return
    }
    say(messageOf(error), 'error')
    // the download has its own card, with the same words
    if (plan.runtime && stores.runtimes.download(plan.runtime, plan.version)?.step === 'failed') return
    stores.notices.apply({
      type: 'card',
      card: {
        title: `${baseName(plan.command)} could not start`,
        facts: [
          { name: 'Cause', text: messageOf(error) },
          { name: 'Ran', text: [plan.command, ...plan.args].join(' ') },
        ],
        actions: [{ label: 'Run again', primary: true, run: () => void run(plan) }],
        detail: '',
      },
    })
  }

  const run = async (plan: RunPlan): Promise<void> => {
    if (runs.value.has(plan.id) || plan.command === '') return
    setRun(plan.id, { plan, state: 'preparing', pid: null })
    stores.notices.apply({ type: 'card-away' })
    try {
      await before?.()
      await fetchRuntime(plan)
      const started = now()
      const process = await wasmrun.spawn(commandPath(plan), [...plan.args], {
        cwd: plan.cwd,
        terminal: size,
        env: { TERM: 'xterm-256color', COLORTERM: 'truecolor', ...plan.env },
        title: [baseName(plan.command), ...plan.args].join(' '),
      })
      adopt(plan, process, started)
    } catch (error) {
      fail(plan, error)
    }
  }

  const end = async (entry: Live): Promise<void> => {
    const late = setTimeout(() => void entry.process.kill('SIGKILL').catch(() => undefined), STOP_GRACE)
    try {
      await entry.process.kill('SIGTERM')
      await entry.gone
    } catch (error) {
      // it may have ended by itself in between; what is left over is told
      if (live.has(entry.process.pid)) say(messageOf(error), 'error', entry.process.pid)
    } finally {
      clearTimeout(late)
    }
  }
  const stop = async (plan: RunPlan): Promise<void> => {
    const current = runs.value.get(plan.id)
    const entry = current?.pid ? live.get(current.pid) : undefined
    if (!current || !entry) {
      waiting.get(plan.id)?.abort()
      return
    }
    setRun(plan.id, { ...current, state: 'stopping' })
    await end(entry)
  }

  return {
    runs,
    inputs,
    run,
    stop,
    async restart(plan) {
      await stop(plan)
      await run(plan)
    },
    async stopAll() {
      for (const abort of waiting.values()) abort.abort()
      await Promise.all([...live.values()].map(end))
      // the next project may have a machine of its own, which counts from 1 again
      owners.clear()
      parents.clear()
    },
    planOf(pid) {
      let at: number | undefined = pid
      while (at && !owners.has(at)) at = parents.get(at)
      return owners.get(at ?? 0) ?? ''
    },
    hasRun: (plan) => [...owners.values()].includes(plan),
    cancel: (plan) => waiting.get(plan.id)?.abort(),
    async send(pid, text) {
      const entry = live.get(pid)
      if (!entry) return
      try {
        await entry.writer.write(text)
      } catch (error) {
        say(`Process ${pid} does not take input: ${messageOf(error)}`, 'error', pid)
      }
    },
    resize(next) {
      if (next.columns === size.columns && next.rows === size.rows) return
      size = next
      for (const { process } of live.values()) void process.resize(next).catch(() => undefined)
    },
  }
}
