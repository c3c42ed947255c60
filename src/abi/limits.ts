/**
 * What a process, and a machine, may use. `limits` of a project may tighten these, never widen them; only the user does that.
 * 0 is never "no limit": every limit has a value, and the kind defaults are far beyond what a program of a lesson needs.
 */
export interface Limits {
  /** Bytes of a process's own wasm memory; the engine enforces it. */
  memory: number
  /** Seconds that a process was not blocked. */
  cpuSeconds: number
  /** Seconds since it started. */
  wallSeconds: number
  /** Bytes of output a second, averaged over two; and in all. */
  outputRate: number
  outputBytes: number
  /** Open descriptors of a process. */
  openFiles: number
  /** Bytes of one file that a process writes. */
  fileBytes: number
  /** Of the machine: processes, and bytes of files with their bookkeeping. */
  processes: number
  diskBytes: number
}

const MIB = 1024 * 1024
const GIB = 1024 * MIB
const HOUR = 3600

/** A server may run all day and a build may print a lot; what they catch is what nobody wants. */
export const KIND_LIMITS: Limits = {
  memory: 2 * GIB,
  cpuSeconds: 24 * HOUR,
  wallSeconds: 7 * 24 * HOUR,
  outputRate: 64 * MIB,
  outputBytes: 16 * GIB,
  openFiles: 1024,
  fileBytes: GIB,
  processes: 200,
  diskBytes: 1.5 * GIB,
}

/**
 * The widest that each can be set to. Files and processes end with the machine itself (src/memory/layout.ts: 1.5 GiB of shared memory
 * with all bookkeeping in it, 256 slots of which the dead keep some for seconds); the rest is what a browser can give at all.
 */
export const LIMIT_MOST: Limits = {
  memory: 4 * GIB,
  cpuSeconds: 30 * 24 * HOUR,
  wallSeconds: 30 * 24 * HOUR,
  outputRate: GIB,
  outputBytes: 1024 * GIB,
  openFiles: 65_536,
  fileBytes: 1.5 * GIB,
  processes: 250,
  diskBytes: 1.5 * GIB,
}

/** For a project that came from a link and that nobody has trusted yet. */
export const STRICT_LIMITS: Limits = {
  memory: 512 * MIB,
  cpuSeconds: 60,
  wallSeconds: 10 * 60,
  outputRate: 4 * MIB,
  outputBytes: 64 * MIB,
  openFiles: 256,
  fileBytes: 64 * MIB,
  processes: 32,
  diskBytes: 512 * MIB,
}

/** What each one is called, its unit, and the least that makes sense. */
export const LIMIT_FACTS: Record<
  keyof Limits,
  { words: string; unit: 'bytes' | 'seconds' | 'count'; least: number }
> = {
  memory: { words: 'memory', unit: 'bytes', least: MIB },
  cpuSeconds: { words: 'CPU time', unit: 'seconds', least: 1 },
  wallSeconds: { words: 'running time', unit: 'seconds', least: 1 },
  outputRate: { words: 'output a second', unit: 'bytes', least: 1024 },
  outputBytes: { words: 'output', unit: 'bytes', least: 1024 },
  openFiles: { words: 'open files', unit: 'count', least: 8 },
  fileBytes: { words: 'size of one file', unit: 'bytes', least: 4096 },
  processes: { words: 'processes', unit: 'count', least: 1 },
  diskBytes: { words: 'files in the machine', unit: 'bytes', least: 16 * MIB },
}

export const LIMIT_NAMES = Object.keys(LIMIT_FACTS) as (keyof Limits)[]

/** The smaller of both, limit by limit. What is no number, or below the least that makes sense, leaves the base as it is. */
export const tighten = (base: Limits, wanted: Partial<Record<keyof Limits, unknown>>): Limits => {
  const limits = { ...base }
  for (const name of LIMIT_NAMES) {
    const value = wanted[name]
    if (typeof value === 'number' && value >= LIMIT_FACTS[name].least)
      limits[name] = Math.min(base[name], value)
  }
  return limits
}

/** Limits from outside (settings, a message): all of them, each a number within what makes sense and the machine has, else the default. */
export const parseLimits = (value: unknown, base: Limits = KIND_LIMITS): Limits => {
  const fields = typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {}
  const limits = { ...base }
  for (const name of LIMIT_NAMES) {
    const each = fields[name]
    const isSound = typeof each === 'number' && Number.isFinite(each) && each >= LIMIT_FACTS[name].least
    if (isSound) limits[name] = Math.min(each, LIMIT_MOST[name])
  }
  return limits
}

const UNITS = ['B', 'KB', 'MB', 'GB']

/** '512 MB', '60 s', '32'. */
export const limitText = (name: keyof Limits, value: number): string => {
  const { unit } = LIMIT_FACTS[name]
  if (unit === 'seconds') return `${value} s`
  if (unit === 'count') return String(value)
  let size = value
  let step = 0
  for (; size >= 1024 && step < UNITS.length - 1; step++) size /= 1024
  return `${Number(size.toFixed(1))} ${UNITS[step]}`
}

/** What a user is told of a process that was stopped: the limit by name, and where to raise it. */
export const passedWords = (name: keyof Limits, value: number): string =>
  `it passed ${limitText(name, value)} of ${LIMIT_FACTS[name].words}. Raise the limit "${LIMIT_FACTS[name].words}" in Settings.`
