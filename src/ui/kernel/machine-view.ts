/**
 * Figures of the running machine, once a second while someone can see them: the kernel tells what happens, but how much is
 * used can only be looked at.
 */
import { type ReadonlySignal, signal } from '@preact/signals'
import type { Machine, Wasmrun } from '../../sdk/types.ts'
import type { Stores } from '../stores/stores.ts'
import type { Trace } from './trace.ts'

/** Milliseconds between two looks. */
export const SAMPLE_INTERVAL = 1000

export interface MachineView {
  readonly facts: ReadonlySignal<Machine | null>
  /** The process that is shown in Kernel, or null. */
  readonly selected: ReadonlySignal<number | null>
  select(pid: number | null): void
  /** The one process whose system calls are followed, or the last one that was. */
  readonly traced: ReadonlySignal<Trace | null>
  /** Follows the calls of that process instead of another's; null follows none, and leaves what is there to be read. */
  trace(pid: number | null): void
  /** Looks now, besides the regular looks. */
  refresh(): Promise<void>
  start(): () => void
}

export interface MachineParts {
  wasmrun: Wasmrun
  stores: Stores
  now(): number
  isVisible(): boolean
  nextFrame(): Promise<void>
}

export const createMachineView = ({
  wasmrun,
  stores,
  now,
  isVisible,
  nextFrame,
}: MachineParts): MachineView => {
  const facts = signal<Machine | null>(null)
  const selected = signal<number | null>(null)
  const traced = signal<Trace | null>(null)
  const refresh = async (): Promise<void> => {
    const [machine, processes] = await Promise.all([wasmrun.machine(), wasmrun.processes.list()])
    facts.value = machine
    stores.processes.apply({ type: 'sample', processes, time: now() })
  }
  // Pids of another machine begin anew: its calls would be taken for theirs.
  wasmrun.on('project', ({ what }) => {
    if (what === 'changed' || what === 'lost') return
    traced.value?.stop()
    traced.value = null
  })
  return {
    facts,
    selected,
    select(pid) {
      selected.value = pid
    },
    traced,
    trace(pid) {
      traced.value?.stop()
      if (pid === null) return
      selected.value = pid
      void import('./trace.ts').then(({ createTrace }) => {
        traced.value = createTrace({ pid, strace: wasmrun.strace, nextFrame })
      })
    },
    refresh,
    start() {
      let timer: ReturnType<typeof setTimeout> | undefined
      let stopped = false
      const look = async (): Promise<void> => {
        // a machine that does not answer says so by its own events; looking again does no harm
        if (isVisible()) await refresh().catch(() => undefined)
        if (!stopped) timer = setTimeout(() => void look(), SAMPLE_INTERVAL)
      }
      void look()
      return () => {
        stopped = true
        clearTimeout(timer)
      }
    },
  }
}
