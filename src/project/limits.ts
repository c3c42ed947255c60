/** How much of a project is loaded: the limits, and what is offered when a project has more. Pure. */

import { formatBytes } from '../lib/bytes.ts'
import { compareByDepth } from '../lib/path.ts'
import { type LeftOut, leftOut } from './source.ts'

export interface Limits {
  /** one file, in bytes */
  readonly fileBytes: number
  /** all files together, in bytes */
  readonly totalBytes: number
  readonly files: number
}

/** Sources are far smaller; more than this is usually data or a build that came along unasked. */
export const DEFAULT_LIMITS: Limits = { fileBytes: 10 * 2 ** 20, totalBytes: 50 * 2 ** 20, files: 5000 }

/** What the filesystem can hold: 1 GiB and 100,000 files, with room left for the program to write. */
export const MAX_LIMITS: Limits = { fileBytes: 768 * 2 ** 20, totalBytes: 768 * 2 ** 20, files: 90_000 }

/** A file that is there and not ignored. */
export interface Candidate {
  readonly path: string
  /** in bytes */
  readonly size: number
}

export interface Amount {
  files: number
  bytes: number
  /** bytes of the largest file */
  largest: number
}

/** A project that has more than the limits allow. */
export interface Over {
  /** which limits were passed */
  readonly limits: readonly (keyof Limits)[]
  /** everything that is not ignored */
  readonly found: Amount
  /** what fits */
  readonly admitted: Amount
  /** limits that would take everything, or as much as the machine can hold */
  readonly offer: Limits
  /** false where not even the offer takes everything */
  readonly complete: boolean
  /** the figures in a sentence */
  readonly message: string
}

export interface Admission<T extends Candidate> {
  /** shallow paths first */
  readonly admitted: T[]
  readonly leftOut: LeftOut[]
  readonly over?: Over
}

/** Takes what fits, shallow paths first, since what says how to run a project lies near its root. */
export function admit<T extends Candidate>(candidates: readonly T[], limits: Limits): Admission<T> {
  const sorted = [...candidates].sort((a, b) => compareByDepth(a.path, b.path))
  const admitted: T[] = []
  const out: LeftOut[] = []
  const passed = new Set<keyof Limits>()
  let bytes = 0
  for (const candidate of sorted) {
    const limit = findLimit(candidate, admitted.length, bytes, limits)
    if (limit === undefined) {
      admitted.push(candidate)
      bytes += candidate.size
    } else {
      passed.add(limit)
      out.push(describeOver(candidate, limit, limits))
    }
  }
  if (passed.size === 0) return { admitted, leftOut: out }
  return { admitted, leftOut: out, over: describe(sorted, admitted, [...passed], limits) }
}

function findLimit(
  { size }: Candidate,
  files: number,
  bytes: number,
  limits: Limits,
): keyof Limits | undefined {
  if (size > limits.fileBytes) return 'fileBytes'
  if (files >= limits.files) return 'files'
  return bytes + size > limits.totalBytes ? 'totalBytes' : undefined
}

function describeOver({ path, size }: Candidate, limit: keyof Limits, limits: Limits): LeftOut {
  if (limit === 'fileBytes') {
    const reason = `${formatBytes(size)} is more than the limit of ${formatBytes(limits.fileBytes)} for one file.`
    return leftOut(path, 'too-large', reason, size)
  }
  const most = limit === 'files' ? `${limits.files} files` : formatBytes(limits.totalBytes)
  return leftOut(path, 'over-limit', `The project has more than the limit of ${most}.`, size)
}

function measure(candidates: readonly Candidate[]): Amount {
  const amount: Amount = { files: 0, bytes: 0, largest: 0 }
  for (const { size } of candidates) {
    amount.files++
    amount.bytes += size
    amount.largest = Math.max(amount.largest, size)
  }
  return amount
}

function describe(
  all: readonly Candidate[],
  admitted: readonly Candidate[],
  passed: readonly (keyof Limits)[],
  limits: Limits,
): Over {
  const found = measure(all)
  const offer: Limits = {
    fileBytes: raise(limits.fileBytes, found.largest, 2 ** 20, MAX_LIMITS.fileBytes),
    totalBytes: raise(limits.totalBytes, found.bytes, 10 * 2 ** 20, MAX_LIMITS.totalBytes),
    files: raise(limits.files, found.files, 1000, MAX_LIMITS.files),
  }
  const fits = measure(admitted)
  const complete =
    found.largest <= offer.fileBytes && found.bytes <= offer.totalBytes && found.files <= offer.files
  const rest = complete ? '' : ' That is more than this machine can hold: not everything can be loaded.'
  const message =
    `The project has ${count(found.files)}, ${formatBytes(found.bytes)} in all; ` +
    `${count(fits.files)}, ${formatBytes(fits.bytes)} fit into the limits of ${limits.files} files, ` +
    `${formatBytes(limits.totalBytes)} and ${formatBytes(limits.fileBytes)} for one file.${rest}`
  return { limits: passed, found, admitted: fits, offer, complete, message }
}

const count = (files: number): string => (files === 1 ? '1 file' : `${files} files`)

/** The next full step above what is needed, never less than before and never more than the machine has. */
function raise(limit: number, needed: number, step: number, most: number): number {
  return Math.max(limit, Math.min(Math.ceil(needed / step) * step, most))
}
