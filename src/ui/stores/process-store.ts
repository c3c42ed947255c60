/**
 * The process table as the page knows it: what the kernel said last, the share of a core since the time before, and the
 * memory of the last minute. Ended processes stay as a remark until they are dismissed or pushed out by newer ones.
 *
 * Invariant: one row per pid, in the order of pids; a row that ended never runs again.
 */
import { type ReadonlySignal, signal } from '@preact/signals'
import type { ProcessInfo } from '../../abi/control.ts'

/** Ended processes that stay visible: enough to read the last runs, few enough to leave the table readable. */
export const ENDED_MAX = 20
/** Samples of memory kept: a minute at one a second. */
export const SAMPLES_MAX = 60

export interface ProcessRow extends ProcessInfo {
  /** Per cent of one core since the last sample, or null before there are two. */
  share: number | null
  /** Bytes, oldest first. */
  samples: readonly number[]
  /** Milliseconds since the epoch when its end was seen, or 0. */
  ended: number
}

export type ProcessEvent =
  | { type: 'sample'; processes: readonly ProcessInfo[]; time: number }
  | { type: 'process'; process: ProcessInfo; time: number }
  | { type: 'exit'; pid: number; code: number; signal: number; message: string; time: number }
  | { type: 'dismiss'; pid: number }
  | { type: 'reset' }

export interface ProcessStore {
  readonly rows: ReadonlySignal<readonly ProcessRow[]>
  apply(event: ProcessEvent): void
}

const share = (before: ProcessRow, cpu: number, elapsed: number): number | null =>
  elapsed > 0 ? Math.max(0, ((cpu - before.cpu) / elapsed) * 100) : before.share

const fresh = (process: ProcessInfo, time: number): ProcessRow => ({
  ...process,
  share: null,
  samples: [process.memory],
  ended: process.state === 'ended' ? time : 0,
})

export const createProcessStore = (): ProcessStore => {
  const rows = signal<readonly ProcessRow[]>([])
  const dismissed = new Set<number>()
  let sampledAt = 0

  const put = (next: Map<number, ProcessRow>): void => {
    const all = [...next.values()].sort((a, b) => a.pid - b.pid)
    const ended = all.filter((row) => row.state === 'ended')
    const surplus = new Set(ended.slice(0, Math.max(0, ended.length - ENDED_MAX)).map((row) => row.pid))
    rows.value = all.filter((row) => !surplus.has(row.pid))
  }
  const merge = (before: ProcessRow | undefined, process: ProcessInfo, time: number): ProcessRow => {
    if (!before) return fresh(process, time)
    if (before.state === 'ended') return before
    return {
      ...before,
      ...process,
      ended: process.state === 'ended' ? time : 0,
      memory: process.state === 'ended' ? before.memory : process.memory,
    }
  }
  const sample = (processes: readonly ProcessInfo[], time: number): void => {
    const before = new Map(rows.value.map((row) => [row.pid, row]))
    const next = new Map(rows.value.filter((row) => row.state === 'ended').map((row) => [row.pid, row]))
    for (const process of processes) {
      if (dismissed.has(process.pid)) continue
      const old = before.get(process.pid)
      const row = merge(old, process, time)
      if (old && row.state !== 'ended')
        next.set(process.pid, {
          ...row,
          share: share(old, process.cpu, time - sampledAt),
          samples: [...old.samples, process.memory].slice(-SAMPLES_MAX),
        })
      else next.set(process.pid, row)
    }
    // started after the kernel made this list: the next sample has it
    for (const row of rows.value) if (!next.has(row.pid) && row.started >= sampledAt) next.set(row.pid, row)
    sampledAt = time
    put(next)
  }
  const change = (pid: number, edit: (row: ProcessRow) => ProcessRow): void => {
    rows.value = rows.value.map((row) => (row.pid === pid ? edit(row) : row))
  }

  return {
    rows,
    apply(event) {
      if (event.type === 'sample') sample(event.processes, event.time)
      else if (event.type === 'process') {
        const next = new Map(rows.value.map((row) => [row.pid, row]))
        next.set(event.process.pid, merge(next.get(event.process.pid), event.process, event.time))
        put(next)
      } else if (event.type === 'exit')
        change(event.pid, (row) => ({
          ...row,
          state: 'ended',
          waiting: '',
          ended: row.ended || event.time,
          exit: row.exit ?? { code: event.code, signal: event.signal, message: event.message },
        }))
      else if (event.type === 'dismiss') {
        dismissed.add(event.pid)
        rows.value = rows.value.filter((row) => row.pid !== event.pid)
      } else {
        dismissed.clear()
        rows.value = []
      }
    },
  }
}
