/**
 * What the machine's parts noted, newest last, kept across a reload of the tab.
 *
 * Invariant: at most LOG_MAX entries; ids grow by one and are never used again.
 */
import { type ReadonlySignal, signal } from '@preact/signals'
import type { LogEntry } from '../../sdk/types.ts'

/** Entries kept: notes of a long session. */
export const LOG_MAX = 1000
/** Entries and characters that outlive a reload: a small part of what a tab may store. */
const STORED_MAX = 300
const STORED_TEXT_MAX = 2000
const KEY = 'wasmrun:log'

export interface KeptEntry extends LogEntry {
  readonly id: number
  /** From before the last reload. */
  readonly isOld: boolean
}

export interface LogStore {
  readonly entries: ReadonlySignal<readonly KeptEntry[]>
  apply(event: { type: 'entry'; entry: LogEntry } | { type: 'clear' }): void
  /** Writes what is to outlive a reload; when the page is left. */
  keep(): void
}

const SOURCES: readonly string[] = ['kernel', 'host', 'page', 'runtime', 'sync']
const SEVERITIES: readonly string[] = ['debug', 'info', 'warning', 'error']

/** What was stored, as far as it is entries. */
export const parseLog = (stored: unknown): LogEntry[] =>
  Array.isArray(stored)
    ? stored.flatMap((each: unknown) => {
        const { time, source, severity, text } = (each ?? {}) as Partial<Record<keyof LogEntry, unknown>>
        const isSound =
          typeof time === 'number' &&
          typeof text === 'string' &&
          SOURCES.includes(String(source)) &&
          SEVERITIES.includes(String(severity))
        // both were just looked up in the lists of what they may be
        return isSound ? [{ time, source, severity, text } as LogEntry] : []
      })
    : []

export const createLogStore = (session: Pick<Storage, 'getItem' | 'setItem'> | null = null): LogStore => {
  let next = 1
  const number = (entry: LogEntry, isOld: boolean): KeptEntry => ({ ...entry, id: next++, isOld })
  const stored = (): unknown => {
    try {
      return JSON.parse(session?.getItem(KEY) ?? 'null')
    } catch {
      return null
    }
  }
  const entries = signal<readonly KeptEntry[]>(parseLog(stored()).map((entry) => number(entry, true)))
  return {
    entries,
    apply(event) {
      entries.value =
        event.type === 'clear' ? [] : [...entries.value, number(event.entry, false)].slice(-LOG_MAX)
    },
    keep() {
      const last = entries.value.slice(-STORED_MAX).map(({ time, source, severity, text }) => ({
        time,
        source,
        severity,
        text: text.slice(0, STORED_TEXT_MAX),
      }))
      try {
        session?.setItem(KEY, JSON.stringify(last))
      } catch {
        // a full storage only means that the log begins anew
      }
    },
  }
}
