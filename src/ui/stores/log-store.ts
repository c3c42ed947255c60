/** What the machine's parts noted, newest last. Invariant: at most LOG_MAX entries. */
import { type ReadonlySignal, signal } from '@preact/signals'
import type { LogEntry } from '../../sdk/types.ts'

/** Entries kept: notes of a long session, drawn without virtualising. */
export const LOG_MAX = 500

export interface LogStore {
  readonly entries: ReadonlySignal<readonly LogEntry[]>
  apply(event: { type: 'entry'; entry: LogEntry } | { type: 'clear' }): void
}

export const createLogStore = (): LogStore => {
  const entries = signal<readonly LogEntry[]>([])
  return {
    entries,
    apply(event) {
      entries.value = event.type === 'clear' ? [] : [...entries.value, event.entry].slice(-LOG_MAX)
    },
  }
}
