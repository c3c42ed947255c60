/**
 * What a process, and a machine, may use. `limits` of a project may tighten these, never widen them; only the user does that.
 * 0 is never "no limit": every limit has a value, and the kind defaults are far beyond what a program of a lesson needs.
 */
export interface Limits {
  /** Bytes of a process's own wasm memory; the engine enforces it. */
  memory: number
  /** Seconds that a process was not blocked; the same for all that came from one process of the page together. */
  cpuSeconds: number
  /** Seconds since it started, or the process of the page that it came from. */
  wallSeconds: number
  /** Bytes of output a second, averaged over two; and in all. */
  outputRate: number
  outputBytes: number
  /** Open descriptors of a process. */
  openFiles: number
  /** Bytes of one file that a process writes. */
  fileBytes: number
  /** Of the machine: processes with those that nobody has waited for yet, and bytes of files with their bookkeeping. */
  processes: number
  diskBytes: number
  /** Threads of a process. */
  threads: number
  /** Bytes of the wasm memories of all processes together. */
  machineMemory: number
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
  threads: 64,
  machineMemory: 6 * GIB,
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
  processes: 240,
  diskBytes: 1.5 * GIB,
  threads: 128,
  machineMemory: 64 * GIB,
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
  threads: 16,
  machineMemory: GIB,
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
  // The machine starts with that much, and takes nothing back.
  diskBytes: { words: 'files in the machine', unit: 'bytes', least: 64 * MIB },
  threads: { words: 'threads', unit: 'count', least: 1 },
  machineMemory: { words: 'memory of all programs', unit: 'bytes', least: 16 * MIB },
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

/** Who has set a limit, and so where it can be raised. */
export type LimitSource = 'settings' | 'project' | 'spawn' | 'seal'

export interface Granted {
  limits: Limits
  sources: Record<keyof Limits, LimitSource>
}

/** Limits that one source has set alone. */
export const grantAll = (limits: Limits, source: LimitSource): Granted => ({
  limits,
  sources: Object.fromEntries(LIMIT_NAMES.map((name) => [name, source])) as Granted['sources'],
})

/** `base` tightened by what another source wants; each limit remembers who made it what it is. */
export const grant = (
  base: Granted,
  wanted: Partial<Record<keyof Limits, unknown>>,
  source: LimitSource,
): Granted => {
  const limits = tighten(base.limits, wanted)
  const sources = { ...base.sources }
  for (const name of LIMIT_NAMES) if (limits[name] < base.limits[name]) sources[name] = source
  return { limits, sources }
}

/** What a child gets: the machine's limits of now, and nothing that its parent has not. */
export const grantChild = (base: Granted, parent: Granted): Granted => {
  const limits = tighten(base.limits, parent.limits)
  const sources = { ...base.sources }
  for (const name of LIMIT_NAMES)
    if (parent.limits[name] === limits[name]) sources[name] = parent.sources[name]
  return { limits, sources }
}

/** As .wasmrun.toml writes a name: cpuSeconds is cpu_seconds. */
export const limitKey = (name: keyof Limits): string =>
  name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)

/** Where a limit can be raised, as a sentence. */
export const raiseWords = (name: keyof Limits, source: LimitSource): string => {
  if (source === 'project') return `Raise ${limitKey(name)} in [limits] of .wasmrun.toml.`
  if (source === 'spawn') return `Raise limits.${name} where it is spawned.`
  if (source === 'seal') return 'The project is sealed; once it is trusted, the limits in Settings count.'
  return `Raise the limit "${LIMIT_FACTS[name].words}" in Settings.`
}

/** '512 MB of memory', '16 open files'. */
export const amountWords = (name: keyof Limits, value: number): string => {
  const { words, unit } = LIMIT_FACTS[name]
  return `${limitText(name, value)} ${unit === 'count' ? '' : 'of '}${words}`
}

/** What a user is told of a process that was stopped: the limit by name, and where to raise it. */
export const passedWords = (name: keyof Limits, value: number, source: LimitSource = 'settings'): string =>
  `it passed ${amountWords(name, value)}. ${raiseWords(name, source)}`
