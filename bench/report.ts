/** From samples to the table: medians of ratios, and whether each target is met. */

export interface Row {
  what: string
  /** What was compared, in words, with orders of magnitude that are only for orientation. */
  detail: string
  value: number
  unit: '×' | 'µs' | 'ms' | 'GB/s' | 'KB' | 'KiB'
  /** Absent: a figure without a target. */
  target?: { bound: 'at least' | 'at most'; value: number }
}

type Target = NonNullable<Row['target']>
export const atLeast = (value: number): Target => ({ bound: 'at least', value })
export const atMost = (value: number): Target => ({ bound: 'at most', value })

export const median = (values: readonly number[]): number => {
  const sorted = [...values].sort((a, b) => a - b)
  const middle = Math.floor(sorted.length / 2)
  const [low = Number.NaN, high = Number.NaN] = [sorted[middle - 1], sorted[middle]]
  return sorted.length % 2 === 1 ? high : (low + high) / 2
}

/** Median over the rounds of `over / under`, each ratio from one round: what slows the machine down slows both. */
export const medianRatio = (over: readonly number[], under: readonly number[]): number =>
  median(over.map((value, round) => value / (under[round] ?? Number.NaN)))

/**
 * The least of `over` through the least of `under`. Whatever else runs on the machine only ever adds time, so the least is
 * what a round costs undisturbed; where nothing disturbs, it is the median's ratio again.
 */
export const leastRatio = (over: readonly number[], under: readonly number[]): number =>
  Math.min(...over) / Math.min(...under)

/** False, too, for what is no number: a figure that could not be taken meets nothing. */
export const isMet = ({ value, target }: Row): boolean =>
  target === undefined || (target.bound === 'at least' ? value >= target.value : value <= target.value)

export const show = (value: number): string => {
  if (value >= 100) return value.toFixed(0)
  return value >= 10 ? value.toFixed(1) : value.toFixed(2)
}

export const duration = (nanoseconds: number): string =>
  nanoseconds >= 1e6
    ? `${show(nanoseconds / 1e6)} ms`
    : nanoseconds >= 1e3
      ? `${show(nanoseconds / 1e3)} µs`
      : `${show(nanoseconds)} ns`

const SIGN = { 'at least': '≥', 'at most': '≤' } as const

export const verdict = (row: Row): string => {
  if (!row.target) return ''
  return isMet(row) ? 'met' : 'MISSED'
}

/** A Markdown table. */
export const table = (rows: readonly Row[]): string => {
  const head = ['what', 'measured', 'target', '', 'compared']
  const lines = rows.map((row) => [
    row.what,
    `${show(row.value)} ${row.unit}`,
    row.target ? `${SIGN[row.target.bound]} ${row.target.value} ${row.unit}` : '',
    verdict(row),
    row.detail,
  ])
  const widths = head.map((title, column) =>
    Math.max(3, title.length, ...lines.map((line) => line[column]?.length ?? 0)),
  )
  const draw = (cells: string[]): string =>
    `| ${cells.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join(' | ')} |`
  return [draw(head), draw(widths.map((width) => '-'.repeat(width))), ...lines.map(draw)].join('\n')
}
