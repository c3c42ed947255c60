/**
 * Sees to it that a process keeps to its limits in time and output. Memory is enforced by the engine (wasm-memory.ts), open
 * files and file size in the process's own calls, the number of processes at spawn.
 *
 * Invariant: looks only at shared memory and at what the kernel itself has counted; a busy process cannot hide from it.
 */
import { type Limits, passedWords } from '../abi/limits.ts'
import type { Memory } from '../memory/memory.ts'
import { usage } from './describe.ts'
import type { Entry } from './entry.ts'

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
export const judge = (memory: Memory, entry: Entry, now: number): string => {
  const { cpu, wall } = usage(memory, entry, now)
  const passed = passedLimit({ cpu, wall, meter: entry.meter }, entry.limits)
  return passed ? passedWords(passed, entry.limits[passed]) : ''
}

/** A program that fails when its memory is used up says so in many ways, or not at all; the machine adds this. */
export const memoryWords = (bytes: number, limits: Limits): string =>
  bytes >= limits.memory * NEARLY_ALL
    ? `it had used up its memory: ${passedWords('memory', limits.memory)}`
    : ''

/** Programs grow in steps, so the last one is refused a little below the limit. */
const NEARLY_ALL = 0.9
