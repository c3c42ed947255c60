/**
 * What the user is told when a limit refuses a process something that the program may take in silence: a warning in the log with
 * the limit's name and where to raise it, once per process and limit; and the same in its last words, should it fail afterwards.
 *
 * A process that is refused by its own calls (open files, size of a file, room for files) leaves a bit in its slot.
 */
import type { ExitReason, KernelEvent } from '../abi/control.ts'
import { ERRNO } from '../abi/errno.ts'
import { amountWords, type Limits, passedWords, raiseWords } from '../abi/limits.ts'
import { SIGNAL } from '../abi/signals.ts'
import { heapRoom } from '../memory/heap.ts'
import { processAt } from '../memory/layout.ts'
import type { Memory } from '../memory/memory.ts'
import { exchangeWord, getWord } from '../memory/slots.ts'
import { JOB } from '../objects/slot-words.ts'
import { memoryOf } from './describe.ts'
import type { Entry } from './entry.ts'

const BITS = [
  [ERRNO.MFILE, 'openFiles'],
  [ERRNO.FBIG, 'fileBytes'],
  [ERRNO.NOSPC, 'diskBytes'],
] as const
/** The machine counts as full with less room than that, and is told of again after twice as much. */
const FULL_BYTES = 1024 * 1024
/** Of what it says, the end that is looked at for words about memory. */
const TAIL_BYTES = 1024
/** As Rust, C++, Python, JavaScript and C say that an allocation was refused. */
const OUT_OF_MEMORY =
  /out of memory|memory allocation .*failed|MemoryError|bad_alloc|cannot allocate memory|failed to allocate memory|NoMemoryError/i

export interface Refusals {
  /** The process was refused something by that limit. */
  refused(entry: Entry, name: keyof Limits): void
  /** Looks at what its own calls have refused. */
  look(entry: Entry): void
  /** Whether the files have used up their room: told once each time. */
  lookAtDisk(limits: Limits, raise: string): void
  /** What it said last, for `lastWords`. */
  heard(entry: Entry, bytes: Uint8Array): void
  /** The reason of its end, with the limit that it has come to when it fails of itself. */
  lastWords(entry: Entry, reason: ExitReason): ExitReason
}

export const createRefusals = (memory: Memory, report: (event: KernelEvent) => void): Refusals => {
  const tails = new WeakMap<Entry, string>()
  let isFull = false
  const warn = (text: string): void => report({ type: 'log', time: Date.now(), severity: 'warning', text })
  const refused = (entry: Entry, name: keyof Limits): void => {
    if (entry.refused.has(name)) return
    entry.refused.add(name)
    const who = `${entry.request.title || entry.request.command} (process ${entry.pid})`
    warn(`${who} was refused more than ${reached(entry, name)}`)
  }
  const look = (entry: Entry): void => {
    const at = processAt(entry.slot) + JOB.REFUSED
    if (getWord(memory, at) === 0) return
    const bits = exchangeWord(memory, at, 0)
    for (const [errno, name] of BITS) if (bits & (1 << errno)) refused(entry, name)
  }
  return {
    refused,
    look,
    lookAtDisk: ({ diskBytes }, raise) => {
      const room = heapRoom(memory)
      if (room > 2 * FULL_BYTES) isFull = false
      if (isFull || room > FULL_BYTES) return
      isFull = true
      warn(`the machine is full: its files have reached ${amountWords('diskBytes', diskBytes)}. ${raise}`)
    },
    heard: (entry, bytes) => {
      const text = decoder.decode(bytes.slice(-TAIL_BYTES))
      tails.set(entry, `${tails.get(entry) ?? ''}${text}`.slice(-TAIL_BYTES))
    },
    lastWords: (entry, reason) => {
      // Whom somebody else has ended was not ended by a limit.
      if (reason.code === 0 || (reason.signal !== 0 && reason.signal !== SIGNAL.ABRT)) return reason
      look(entry)
      const words = memoryWords(entry, memoryOf(memory, entry), tails.get(entry) ?? '') || refusedWords(entry)
      if (words === '') return reason
      return { ...reason, message: reason.message === '' ? words : `${reason.message}; ${words}` }
    },
  }
}

const decoder = new TextDecoder()

const reached = (entry: Entry, name: keyof Limits): string =>
  `${amountWords(name, entry.limits[name])}. ${raiseWords(name, entry.sources[name])}`

/** Programs grow in steps, so the last one is refused a little below the limit. */
const NEARLY_ALL = 0.9

/** A program that fails when its memory is used up says so in many ways, or not at all; the machine adds this. */
export const memoryWords = (entry: Entry, used: number, said: string): string => {
  const limit = entry.limits.memory
  if (used >= limit * NEARLY_ALL)
    return `it had used up its memory: ${passedWords('memory', limit, entry.sources.memory)}`
  // One large allocation is refused while little is used: only the program knows, and says so.
  return OUT_OF_MEMORY.test(said)
    ? `it says that it is out of memory: it may have ${reached(entry, 'memory')}`
    : ''
}

const refusedWords = (entry: Entry): string => {
  const [name] = entry.refused
  return name ? `it had been refused more than ${reached(entry, name)}` : ''
}
