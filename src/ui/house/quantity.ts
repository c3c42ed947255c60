/** Numbers with a unit as a user types them. Pure. */

export type Unit = 'bytes' | 'seconds' | 'count'

const FACTORS: Record<Unit, Record<string, number>> = {
  bytes: { '': 2 ** 20, b: 1, kb: 2 ** 10, mb: 2 ** 20, gb: 2 ** 30, k: 2 ** 10, m: 2 ** 20, g: 2 ** 30 },
  seconds: { '': 1, s: 1, min: 60, m: 60, h: 3600, d: 86_400, days: 86_400, day: 86_400 },
  count: { '': 1 },
}

const NAMES: Record<Unit, readonly (readonly [string, number])[]> = {
  bytes: [
    ['GB', 2 ** 30],
    ['MB', 2 ** 20],
    ['KB', 2 ** 10],
    ['B', 1],
  ],
  seconds: [
    ['days', 86_400],
    ['h', 3600],
    ['min', 60],
    ['s', 1],
  ],
  count: [['', 1]],
}

/** '512 MB', '7 days', '200': in the largest unit that says it with at most two decimals. */
export const quantityText = (value: number, unit: Unit): string => {
  const least = (size: number): number => (unit === 'seconds' && size > 3600 ? 2 * size : size)
  const fits = NAMES[unit].find(([, size]) => value >= least(size) && Number.isInteger((value / size) * 100))
  const [name, size] = fits ?? ['', 1]
  return `${value / size} ${name}`.trim()
}

/** The number, or null where it cannot be understood. Bytes without a unit are MB, times seconds. */
export const parseQuantity = (text: string, unit: Unit): number | null => {
  const match = /^\s*(\d+(?:[.,]\d+)?)\s*([a-z]*)\s*$/i.exec(text)
  const factor = FACTORS[unit][(match?.[2] ?? '?').toLowerCase()]
  if (!match || factor === undefined) return null
  return Math.round(Number((match[1] ?? '').replace(',', '.')) * factor)
}
