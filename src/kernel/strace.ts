/**
 * strace's half in the kernel: opens a process's ring, empties it at every turn, and makes entries of the records.
 *
 * Invariant: what is lost because a process calls faster than anybody can read is told by number, in its place.
 */
import type { KernelEvent, TraceEntry } from '../abi/control.ts'
import { check } from '../abi/errno.ts'
import type { Objects } from '../objects/objects.ts'
import { closeTrace, openTrace, takeTrace } from '../objects/trace-ring.ts'
import type { Entry } from './entry.ts'
import type { traceEntry } from './strace-lines.ts'

export interface Straces {
  /** @throws SysError ENOMEM */
  start(entry: Entry, isForLog: boolean): void
  stop(entry: Entry): void
  /** True when there was something. */
  drain(entry: Entry): boolean
}

export const createStraces = (
  objects: Objects,
  report: (event: KernelEvent) => void,
  entryOf: typeof traceEntry,
): Straces => {
  /** By pid: whether its calls are for the log. */
  const traced = new Map<number, boolean>()
  const drain = (entry: Entry): boolean => {
    const isForLog = traced.get(entry.pid)
    if (isForLog === undefined) return false
    const { records, lost } = takeTrace(objects, entry.slot)
    if (records.length === 0) return false
    const now = Date.now()
    const entries: TraceEntry[] = records.map((record) => entryOf(record, now))
    report({ type: 'strace', pid: entry.pid, entries, lost, isForLog })
    return true
  }
  return {
    start: (entry, isForLog) => {
      check(openTrace(objects, entry.slot), `strace of process ${entry.pid}`)
      traced.set(entry.pid, isForLog)
    },
    stop: (entry) => {
      drain(entry)
      traced.delete(entry.pid)
      closeTrace(objects, entry.slot)
    },
    drain,
  }
}
