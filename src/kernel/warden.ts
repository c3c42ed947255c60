/**
 * Sees to it that a process keeps to its limits in time and output. Memory is enforced by the engine (wasm-memory.ts), open
 * files and file size in the process's own calls, the number of processes at spawn.
 *
 * Invariant: looks only at shared memory and at what the kernel itself has counted; a busy process cannot hide from it.
 */
import { type Granted, type Limits, passedWords, raiseWords } from '../abi/limits.ts'
import type { Memory } from '../memory/memory.ts'
import { memoryOf, usage } from './describe.ts'
import type { Entry } from './entry.ts'
import type { Refusals } from './refusals.ts'
import type { Tree, Trees } from './trees.ts'

/** How often the warden looks while a process runs. */
export const LOOK_MS = 250
const RATE_WINDOW_MS = 2000

/** Output of one process, counted as it goes to the page. */
export interface Meter {
  total: number
  windowStart: number
  windowBytes: number
}

export const createMeter = (now: number): Meter => ({ total: 0, windowStart: now, windowBytes: 0 })

/** Counts bytes; the rate is averaged over windows of two seconds. */
export const meterOutput = (meter: Meter, bytes: number, now: number): void => {
  if (now - meter.windowStart >= RATE_WINDOW_MS) {
    meter.windowStart = now
    meter.windowBytes = 0
  }
  meter.total += bytes
  meter.windowBytes += bytes
}

/** The limit that a process has passed, or undefined. `now` is on performance.now()'s clock. */
export const passedLimit = (
  spent: { cpu: number; wall: number; meter: Meter },
  limits: Limits,
): keyof Limits | undefined => {
  if (spent.cpu > limits.cpuSeconds * 1000) return 'cpuSeconds'
  if (spent.wall > limits.wallSeconds * 1000) return 'wallSeconds'
  if (spent.meter.total > limits.outputBytes) return 'outputBytes'
  if (spent.meter.windowBytes > (limits.outputRate * RATE_WINDOW_MS) / 1000) return 'outputRate'
  return undefined
}

/** A sentence when the process has to be stopped, else ''. */
const judge = (memory: Memory, entry: Entry, now: number): string => {
  const { cpu, wall } = usage(memory, entry, now)
  const passed = passedLimit({ cpu, wall, meter: entry.meter }, entry.limits)
  return passed ? passedWords(passed, entry.limits[passed], entry.sources[passed]) : ''
}

/** The same for a process with all that come from it: they share its seconds. What they print is counted where it comes out. */
const judgeTree = (memory: Memory, tree: Tree, now: number): string => {
  let cpu = tree.spent
  for (const entry of tree.living) cpu += usage(memory, entry, now).cpu
  const { limits, sources } = tree.granted
  const passed = passedLimit({ cpu, wall: now - tree.startedAt, meter: createMeter(now) }, limits)
  const words = passed ? passedWords(passed, limits[passed], sources[passed]) : ''
  return words.replace('it passed', 'it passed, together with the processes that it comes from or has made,')
}

/** Who has to be stopped because all memories together pass the limit: who has the most. */
const judgeMemory = (memory: Memory, entries: Iterable<Entry>, limits: Limits): Entry | null => {
  let [sum, most] = [0, 0]
  let greediest: Entry | null = null
  for (const entry of entries) {
    const own = memoryOf(memory, entry)
    sum += own
    if (own > most) [most, greediest] = [own, entry]
  }
  return sum > limits.machineMemory ? greediest : null
}

export interface Warden {
  look(entry: Entry): void
  /** Limits of several processes together, and of the machine's files. */
  lookAtAll(): void
  /** The limit that leaves no room for a child in that tree, or for one of the page (null). */
  whatIsFull(tree: Tree | null, granted: Granted): keyof Limits | undefined
}

export interface WardenOptions {
  memory: Memory
  entries: ReadonlyMap<number, Entry>
  trees: Trees
  refusals: Refusals
  /** What the machine gives. */
  granted: () => Granted
  /** Ends a process, with the reason. */
  stop: (entry: Entry, message: string) => void
}

export const createWarden = (options: WardenOptions): Warden => {
  const { memory, entries, trees, refusals, stop } = options
  return {
    look: (entry) => {
      const verdict = judge(memory, entry, performance.now())
      if (verdict) stop(entry, verdict)
    },
    lookAtAll: () => {
      for (const tree of [...trees.all()]) {
        const verdict = judgeTree(memory, tree, performance.now())
        if (verdict) for (const entry of [...tree.living]) stop(entry, verdict)
      }
      const { limits, sources } = options.granted()
      const words = passedWords('machineMemory', limits.machineMemory, sources.machineMemory)
      const greediest = judgeMemory(memory, entries.values(), limits)
      if (greediest) stop(greediest, `of all programs it used the most when ${words.replace('it', 'they')}`)
      refusals.lookAtDisk(limits, raiseWords('diskBytes', sources.diskBytes))
    },
    whatIsFull: (tree, { limits }) => {
      if (!trees.hasRoom(tree, limits.processes)) return 'processes'
      return judgeMemory(memory, entries.values(), limits) ? 'machineMemory' : undefined
    },
  }
}
