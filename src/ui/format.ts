/** Figures as the page writes them: tabular, never more digits than are true. */
import { formatBytes } from '../lib/bytes.ts'

const COUNTS = new Intl.NumberFormat('en-US')

export { formatBytes }

/** Powers of 1024, as `formatBytes` has them. */
const SIZES: Record<string, number> = {
  bytes: 1,
  byte: 1,
  KB: 2 ** 10,
  MB: 2 ** 20,
  GB: 2 ** 30,
  TB: 2 ** 40,
}

/** '7.4 of 11.6 MB': both in the unit of the whole, unless the part would be too small to be told in it. */
export const formatShare = (part: number, whole: number): string => {
  const total = formatBytes(whole)
  const size = SIZES[total.slice(total.indexOf(' ') + 1)] ?? 1
  const value = part / size
  if (part > 0 && value < 1 && part / whole < 0.1) return `${formatBytes(part)} of ${total}`
  return `${size === 1 ? part : value.toFixed(1)} of ${total}`
}

/** Milliseconds → '0.3 s', '41 s', '4 min', '2 h', '3 days'. */
export const formatDuration = (milliseconds: number): string => {
  const seconds = Math.max(0, milliseconds) / 1000
  if (seconds < 9.95) return `${seconds.toFixed(1)} s`
  if (seconds < 59.5) return `${Math.round(seconds)} s`
  if (seconds < 3570) return `${Math.round(seconds / 60)} min`
  if (seconds < 84_600) return `${Math.round(seconds / 3600)} h`
  const days = Math.round(seconds / 86_400)
  return `${days} ${days === 1 ? 'day' : 'days'}`
}

/** Milliseconds since the epoch → '11:47:02' in the reader's zone. */
export const formatTime = (time: number): string => {
  const date = new Date(time)
  const two = (value: number): string => String(value).padStart(2, '0')
  return `${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}`
}

/** 1234567 → '1,234,567'. */
export const formatCount = (count: number): string => COUNTS.format(count)

/** (1, 'file') → '1 file', (2, 'file') → '2 files'. */
export const plural = (count: number, one: string, many = `${one}s`): string =>
  `${formatCount(count)} ${count === 1 ? one : many}`

/** The last name of a path. */
export const baseName = (path: string): string => path.slice(path.lastIndexOf('/') + 1) || path

/** What an unknown thing that was thrown says to a user. */
export const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error))

/** The `code` of a refusal ('ENOENT'), or ''. */
export const codeOf = (error: unknown): string =>
  typeof error === 'object' && error !== null && 'code' in error && typeof error.code === 'string'
    ? error.code
    : ''
