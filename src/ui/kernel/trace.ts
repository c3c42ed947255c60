/**
 * The system calls of one process, live: bounded, in batches of a frame, and paused without loss of truth: nobody reads while it
 * rests, so the machine keeps what it can and tells how many calls it could not keep.
 *
 * Invariant: at most `CALLS_MAX` entries; `forgotten` counts those that were pushed out by newer ones.
 */
import { type ReadonlySignal, signal } from '@preact/signals'
import type { TraceEntry } from '../../abi/control.ts'
import { formatTime, messageOf } from '../format.ts'

/** A page of calls is a hundred bytes each: some 2 MB, and a reader never scrolls further back. */
export const CALLS_MAX = 10_000

/** Kept small, so that neither reading nor drawing them is felt; what comes faster is counted as lost by the machine. */
const CALLS_PER_FRAME = 2000

export type TraceState = 'reading' | 'paused' | 'ended' | 'failed'

export interface Trace {
  readonly pid: number
  readonly calls: ReadonlySignal<readonly TraceEntry[]>
  readonly forgotten: ReadonlySignal<number>
  readonly state: ReadonlySignal<TraceState>
  /** Why it failed, or ''. */
  readonly problem: ReadonlySignal<string>
  pause(): void
  resume(): void
  clear(): void
  /** The process is traced no more. */
  stop(): void
}

export interface TraceParts {
  pid: number
  strace(pid: number): ReadableStream<TraceEntry>
  nextFrame(): Promise<void>
}

export const createTrace = ({ pid, strace, nextFrame }: TraceParts): Trace => {
  const calls = signal<readonly TraceEntry[]>([])
  const forgotten = signal(0)
  const state = signal<TraceState>('reading')
  const problem = signal('')
  const reader = strace(pid).getReader()
  let batch: TraceEntry[] = []
  let goOn: (() => void) | null = null

  const flush = (): void => {
    const all = [...calls.value, ...batch]
    batch = []
    const surplus = Math.max(0, all.length - CALLS_MAX)
    forgotten.value += surplus
    calls.value = surplus > 0 ? all.slice(surplus) : all
  }
  const read = async (): Promise<void> => {
    for (;;) {
      if (state.value === 'paused')
        await new Promise<void>((resolve) => {
          goOn = resolve
        })
      const { done, value } = await reader.read()
      if (done) return
      if (batch.push(value) === 1) void nextFrame().then(flush)
      // a program that never stops calling must leave the page its frames
      if (batch.length >= CALLS_PER_FRAME) await nextFrame()
    }
  }
  const set = (next: TraceState): void => {
    if (state.value === 'reading' || state.value === 'paused') state.value = next
  }
  const wake = (): void => {
    goOn?.()
    goOn = null
  }
  read().then(
    () => set('ended'),
    (error: unknown) => {
      problem.value = messageOf(error)
      set('failed')
    },
  )
  return {
    pid,
    calls,
    forgotten,
    state,
    problem,
    pause: () => set('paused'),
    resume: () => {
      set('reading')
      wake()
    },
    clear: () => {
      batch = []
      calls.value = []
      forgotten.value = 0
    },
    stop: () => {
      set('ended')
      wake()
      // it may have ended just now
      reader.cancel().catch(() => undefined)
    },
  }
}

/** Milliseconds of a second, always three digits: calls are closer than seconds. */
export const callTime = (time: number): string =>
  `${formatTime(time)}.${String(Math.trunc(time % 1000)).padStart(3, '0')}`

export const callLine = ({ time, micros, text }: TraceEntry): string =>
  `${callTime(time)} ${text} <${micros} µs>`

/** As it is copied and saved. */
export const traceText = (trace: Trace): string =>
  [
    ...(trace.forgotten.value > 0 ? [`… ${trace.forgotten.value} earlier calls are not kept`] : []),
    ...trace.calls.value.map(callLine),
    '',
  ].join('\n')
