/** The records of projects, as they come out of the store: written by another version, another tab, or a hostile kernel. */
import type { PartChunk } from '../abi/project.ts'

/** 2: parts have bodies (src/lib/segment.ts). What is older is read, and becomes of this version when it is opened. */
export const META_VERSION = 2

export interface Meta {
  version: typeof META_VERSION
  id: string
  name: string
  created: number
  opened: number
  saved: number
  entries: number
  /** Token of the page that has it open. */
  owner: string
  /** A copy that is not complete. */
  isHidden: boolean
  /** Nobody has trusted it yet. */
  isSealed: boolean
  /** Number of the checkpoint; 0: none. */
  generation: number
  baseParts: number
  baseBytes: number
  /** The log is from … next. */
  from: number
  next: number
  logBytes: number
}

const NUMBERS = [
  'created',
  'opened',
  'saved',
  'entries',
  'generation',
  'baseParts',
  'baseBytes',
  'from',
  'next',
  'logBytes',
] as const

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null

/** Null for what is no sound record of this version or an older one. */
export const parseMeta = (value: unknown): Meta | null => {
  if (!isRecord(value) || (value.version !== 1 && value.version !== META_VERSION)) return null
  const { id, name, owner } = value
  if (typeof id !== 'string' || typeof name !== 'string' || typeof owner !== 'string') return null
  const numbers = Object.fromEntries(NUMBERS.map((key) => [key, value[key]]))
  if (!Object.values(numbers).every((each) => Number.isFinite(each))) return null
  return {
    ...(numbers as Record<(typeof NUMBERS)[number], number>),
    version: META_VERSION,
    id,
    name,
    owner,
    isHidden: value.isHidden === true,
    isSealed: value.isSealed === true,
  }
}

export const isBytes = (value: unknown): value is ArrayBuffer | Blob =>
  value instanceof ArrayBuffer || value instanceof Blob

type Part = Omit<PartChunk['parts'][number], 'isBase' | 'bytes'> & { bytes: ArrayBuffer | Blob | null }

/** What is no part is a missing one. */
export const parsePart = (value: unknown): Part => {
  const missing = { bytes: null, body: null, ids: null, batch: 0, commit: false }
  if (!isRecord(value)) return missing
  const { bytes, body, ids, batch, commit } = value
  return {
    bytes: isBytes(bytes) ? bytes : null,
    body: isBytes(body) ? body : null,
    ids: ids instanceof Uint32Array ? ids : null,
    batch: typeof batch === 'number' ? batch : 0,
    commit: commit === true,
  }
}
