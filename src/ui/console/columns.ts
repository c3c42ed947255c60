/** How many columns of a fixed-width font a text takes: the arithmetic behind the wrapped rows of the console. */
import type { Run } from './line.ts'

/** Columns between tab stops, as `tab-size` in console.css. */
export const TAB_COLUMNS = 8

/** Two columns: East Asian wide and full-width blocks and emoji (Unicode UAX #11, by block and not by character). */
const isWide = (code: number): boolean =>
  (code >= 0x1100 && code <= 0x115f) ||
  (code >= 0x2e80 && code <= 0xa4cf) ||
  (code >= 0xac00 && code <= 0xd7a3) ||
  (code >= 0xf900 && code <= 0xfaff) ||
  (code >= 0xfe30 && code <= 0xfe6f) ||
  (code >= 0xff00 && code <= 0xff60) ||
  (code >= 0x1f300 && code <= 0x1faff) ||
  (code >= 0x20000 && code <= 0x3fffd)

/** No column of their own: combining marks, joiners, variation selectors. */
const isZero = (code: number): boolean =>
  (code >= 0x300 && code <= 0x36f) || (code >= 0x200b && code <= 0x200f) || (code >= 0xfe00 && code <= 0xfe0f)

const textColumns = (text: string, from: number): number => {
  let column = from
  for (let at = 0; at < text.length; at++) {
    const unit = text.charCodeAt(at)
    if (unit === 9) column += TAB_COLUMNS - (column % TAB_COLUMNS)
    else if (unit < 0x300) column++
    else {
      const code = text.codePointAt(at) ?? unit
      if (code > 0xffff) at++
      if (!isZero(code)) column += isWide(code) ? 2 : 1
    }
  }
  return column
}

export const runsColumns = (runs: readonly Run[]): number => {
  let column = 0
  for (const run of runs) column = textColumns(run.text, column)
  return column
}

/** Rows a line of that many columns takes on a screen of `width` columns: at least one. */
export const wrappedRows = (columns: number, width: number): number =>
  Math.max(1, Math.ceil(columns / Math.max(1, width)))
