/** Which entries of the log are shown, and how they are written down. Pure. */
import type { LogEntry } from '../../sdk/types.ts'

export const SEVERITIES = ['debug', 'info', 'warning', 'error'] as const

export interface LogFilter {
  readonly text: string
  /** '' for all. */
  readonly source: string
  readonly least: LogEntry['severity']
}

export const passes = (entry: LogEntry, { text, source, least }: LogFilter): boolean =>
  SEVERITIES.indexOf(entry.severity) >= SEVERITIES.indexOf(least) &&
  (source === '' || entry.source === source) &&
  (text === '' || `${entry.source} ${entry.text}`.toLowerCase().includes(text.toLowerCase()))

/** One line an entry: time in UTC, severity, source, text; further lines of a text are indented. */
export const exportText = (entries: readonly LogEntry[]): string =>
  entries
    .map(({ time, severity, source, text }) => {
      const words = text.replaceAll('\n', '\n  ')
      return `${new Date(time).toISOString()} ${severity.padEnd(7)} ${source.padEnd(7)} ${words}\n`
    })
    .join('')
