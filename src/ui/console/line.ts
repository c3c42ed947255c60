/**
 * One line of output as runs of text in one style, and the cursor that writes it: a carriage return goes back to its start
 * and what follows overwrites, which is how programs draw progress bars. Columns are UTF-16 code units.
 *
 * Invariant: the lengths of the runs add up to `length`, no run is empty, neighbours differ in style, and 0 ≤ column.
 */
import type { Style } from './ansi.ts'
import { PLAIN } from './ansi.ts'

export interface Run {
  text: string
  style: Style
}

export interface LineCursor {
  readonly runs: Run[]
  readonly length: number
  write(text: string, style: Style): void
  carriageReturn(): void
  backspace(): void
  erase(mode: number): void
}

const sameStyle = (a: Style, b: Style): boolean =>
  a === b ||
  (a.fg === b.fg &&
    a.bg === b.bg &&
    a.bold === b.bold &&
    a.dim === b.dim &&
    a.italic === b.italic &&
    a.underline === b.underline &&
    a.inverse === b.inverse &&
    a.strike === b.strike)

const append = (runs: Run[], text: string, style: Style): void => {
  if (text === '') return
  const last = runs[runs.length - 1]
  if (last && sameStyle(last.style, style)) last.text += text
  else runs.push({ text, style })
}

/** The runs between two columns, as new objects. */
const between = (runs: readonly Run[], from: number, to: number): Run[] => {
  const cut: Run[] = []
  let at = 0
  for (const run of runs) {
    append(cut, run.text.slice(Math.max(0, from - at), Math.max(0, to - at)), run.style)
    at += run.text.length
  }
  return cut
}

export const runsText = (runs: readonly Run[]): string => {
  if (runs.length === 1) return runs[0]?.text ?? ''
  return runs.map((run) => run.text).join('')
}

/** A cursor that writes into `runs` itself, so a line on the screen can be kept while it grows. */
export const createLineCursor = (runs: Run[]): LineCursor => {
  let length = runs.reduce((sum, run) => sum + run.text.length, 0)
  let column = length

  const replace = (next: Run[]): void => {
    runs.splice(0, runs.length, ...next)
    length = runs.reduce((sum, run) => sum + run.text.length, 0)
  }
  return {
    runs,
    get length() {
      return length
    },
    write(text, style) {
      if (column === length) {
        append(runs, text, style)
        length += text.length
      } else {
        const next = between(runs, 0, column)
        append(next, ' '.repeat(Math.max(0, column - length)), PLAIN)
        append(next, text, style)
        for (const run of between(runs, column + text.length, length)) append(next, run.text, run.style)
        replace(next)
      }
      column += text.length
    },
    carriageReturn() {
      column = 0
    },
    backspace() {
      if (column > 0) column--
    },
    erase(mode) {
      if (mode === 0) replace(between(runs, 0, column))
      else if (mode === 2) replace([])
      else {
        const rest = between(runs, column + 1, length)
        const next: Run[] = []
        append(next, ' '.repeat(Math.min(column + 1, length)), PLAIN)
        for (const run of rest) append(next, run.text, run.style)
        replace(next)
      }
    },
  }
}
