/**
 * What the machine's parts noted, newest last, kept in the browser: a reload, a closed tab and a crash of the page cost at most what was
 * noted in the last KEEP_DELAY.
 *
 *   entry ─> entries (this tab) ─ once in KEEP_DELAY ─> localStorage: what is there and what is new, for all tabs
 *
 * Invariant: at most `limit` entries here and STORED_MAX kept; ids grow by one and are never used again.
 */
import { type ReadonlySignal, signal } from '@preact/signals'
import type { LogEntry } from '../../sdk/types.ts'

/** Entries here: notes of a long session; and the most that a project may ask for. */
export const LOG_MAX = 1000
export const LOG_MOST = 10_000
/** Entries and characters of each that are kept: under half a megabyte of the five that a site has. */
export const STORED_MAX = 300
export const STORED_TEXT_MAX = 1500
/** Milliseconds: a burst of notes is one write. */
export const KEEP_DELAY = 500
const KEY = 'wasmrun:log'

export interface KeptEntry extends LogEntry {
  readonly id: number
  /** From before the last reload. */
  readonly isOld: boolean
}

export interface LogStore {
  readonly entries: ReadonlySignal<readonly KeptEntry[]>
  apply(
    event:
      | { type: 'entry'; entry: LogEntry }
      | { type: 'clear' }
      /** Keeps so many entries from now on; null: LOG_MAX. */
      | { type: 'limit'; lines: number | null },
  ): void
  /** Writes now what is new; when the page is left. */
  keep(): void
}

export interface LogParts {
  storage: Pick<Storage, 'getItem' | 'setItem'> | null
  later(callback: () => void, milliseconds: number): void
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
          Number.isFinite(time) &&
          typeof text === 'string' &&
          SOURCES.includes(String(source)) &&
          SEVERITIES.includes(String(severity))
        // both were just looked up in the lists of what they may be
        return isSound ? [{ time, source, severity, text } as LogEntry] : []
      })
    : []

export const createLogStore = ({ storage, later }: LogParts): LogStore => {
  let next = 1
  let most = LOG_MAX
  let unkept: LogEntry[] = []
  const number = (entry: LogEntry, isOld: boolean): KeptEntry => ({ ...entry, id: next++, isOld })
  const kept = (): LogEntry[] => {
    try {
      return parseLog(JSON.parse(storage?.getItem(KEY) ?? 'null'))
    } catch {
      return []
    }
  }
  const write = (list: readonly LogEntry[]): void => {
    try {
      storage?.setItem(KEY, JSON.stringify(list))
    } catch {
      // a full or blocked storage only means that the log begins anew
    }
  }
  const keep = (): void => {
    if (unkept.length === 0) return
    // other tabs write there, too
    const list = [...kept(), ...unkept].slice(-STORED_MAX)
    unkept = []
    write(list)
  }
  const note = ({ time, source, severity, text }: LogEntry): void => {
    if (unkept.length === 0) later(keep, KEEP_DELAY)
    unkept.push({ time, source, severity, text: text.slice(0, STORED_TEXT_MAX) })
    if (unkept.length > STORED_MAX) unkept = unkept.slice(-STORED_MAX)
  }
  const entries = signal<readonly KeptEntry[]>(kept().map((entry) => number(entry, true)))
  return {
    entries,
    keep,
    apply(event) {
      if (event.type === 'entry') {
        entries.value = [...entries.value, number(event.entry, false)].slice(-most)
        note(event.entry)
      } else if (event.type === 'limit') {
        most = Math.min(event.lines ?? LOG_MAX, LOG_MOST)
        if (entries.value.length > most) entries.value = entries.value.slice(-most)
      } else {
        entries.value = []
        unkept = []
        write([])
      }
    },
  }
}
