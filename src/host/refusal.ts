/**
 * Why a runtime could not be had, in words for the user. The hub throws nothing else: whoever shows an error shows
 * `message` and, when `retry` is set, a button that tries again.
 */
export type RefusalCode =
  | 'offline'
  | 'not-found'
  | 'not-a-file'
  | 'http'
  | 'truncated'
  | 'damaged'
  | 'stalled'
  | 'cancelled'
  | 'bad-catalogue'
  | 'unknown-runtime'

export class Refusal extends Error {
  readonly code: RefusalCode
  /** Whether the same request may succeed later without anything being changed. */
  readonly retry: boolean
  constructor(code: RefusalCode, message: string, retry: boolean) {
    super(message)
    this.name = 'Refusal'
    this.code = code
    this.retry = retry
  }
}

/** '3.3 MB', '296 KB', '12 bytes': decimal units, as hosts and download pages use them. */
export const formatBytes = (bytes: number): string => {
  if (bytes >= 1e9) return `${(bytes / 1e9).toFixed(1)} GB`
  if (bytes >= 1e6) return `${(bytes / 1e6).toFixed(1)} MB`
  if (bytes >= 1e3) return `${Math.round(bytes / 1e3)} KB`
  return `${bytes} bytes`
}

export const refuse = {
  offline: (label: string) => new Refusal('offline', `Offline. ${label} is not on this device yet.`, true),
  unreachable: (what: string, url: string) =>
    new Refusal(
      'offline',
      `${what} could not be reached (${url}). Nothing was kept. Check the connection.`,
      true,
    ),
  notFound: (label: string, url: string) =>
    new Refusal(
      'not-found',
      `${label} is in the catalogue, but its file is not there (404 for ${url}). Nothing was kept.`,
      true,
    ),
  notAFile: (what: string, url: string) =>
    new Refusal(
      'not-a-file',
      `The server answered with a web page instead of ${what} (${url}). Nothing was kept.`,
      true,
    ),
  http: (what: string, status: number, url: string) =>
    new Refusal('http', `The server answered ${status} instead of ${what} (${url}). Nothing was kept.`, true),
  truncated: (label: string, got: number, wanted: number) =>
    new Refusal(
      'truncated',
      `${label} arrived incomplete (${formatBytes(got)} of ${formatBytes(wanted)}). Nothing was kept.`,
      true,
    ),
  damaged: (label: string) =>
    new Refusal(
      'damaged',
      `${label} arrived damaged (its SHA-256 does not match the catalogue). Nothing was kept.`,
      true,
    ),
  stalled: (what: string, seconds: number) =>
    new Refusal('stalled', `${what} stopped arriving for ${seconds} seconds. Nothing was kept.`, true),
  cancelled: (label: string) => new Refusal('cancelled', `${label} was cancelled. Nothing was kept.`, true),
  badCatalogue: (reason: string) =>
    new Refusal('bad-catalogue', `The catalogue of runtimes cannot be used: ${reason}.`, true),
  unknown: (name: string, known: readonly string[]) =>
    new Refusal(
      'unknown-runtime',
      known.length === 0
        ? `There is no ${name} in the catalogue.`
        : `There is no ${name} in the catalogue. It has ${known.join(', ')}.`,
      false,
    ),
}
