/**
 * What the kernel tells the page, read as if the jail were taken over: an event is made anew from values of the right kind, or it is
 * none. Texts stay texts: whoever shows them puts them where no markup is read.
 *
 * Invariant: never throws; numbers are whole, lists are bounded, nothing of the sender's objects goes on but arrays of bytes.
 */
import type {
  ExitReason,
  KernelEvent,
  OutputChunk,
  ProcessInfo,
  ProcessState,
  TraceEntry,
} from '../abi/control.ts'

/** Of a text that a user is to read, a path, a list. */
const TEXT_MAX = 65_536
const LIST_MAX = 65_536
const STATES: readonly ProcessState[] = ['starting', 'running', 'sleeping', 'stopped', 'ended']
const SEVERITIES = ['debug', 'info', 'warning', 'error'] as const
const SAVES = ['saved', 'saving', 'full', 'failed', 'taken'] as const

type Given = Record<string, unknown>

/** Thrown and caught in here. */
class Odd extends Error {}

/** The event, or undefined for what is none. */
export const parseKernelEvent = (data: unknown): KernelEvent | undefined => {
  try {
    return parse(record(data))
  } catch (error) {
    if (error instanceof Odd) return undefined
    throw error
  }
}

const parse = (event: Given): KernelEvent => {
  const type = own(event, 'type')
  switch (type) {
    case 'output':
      return {
        type,
        pid: whole(event, 'pid'),
        chunks: list(event, 'chunks').map(parseChunk),
        bytes: whole(event, 'bytes'),
      }
    case 'exit':
      return { type, pid: whole(event, 'pid'), reason: parseReason(own(event, 'reason')) }
    case 'process':
      return { type, process: parseProcess(record(own(event, 'process'))) }
    case 'watch':
      return {
        type,
        id: whole(event, 'id'),
        paths: list(event, 'paths').map(asText),
        writers: list(event, 'writers').map(asWhole),
      }
    case 'save':
      return { type, state: oneOf(event, 'state', SAVES), message: text(event, 'message') }
    case 'log':
      return {
        type,
        ...(own(event, 'told') === undefined ? {} : { told: text(event, 'told') }),
        time: number(event, 'time'),
        severity: oneOf(event, 'severity', SEVERITIES),
        text: text(event, 'text'),
      }
    case 'fault':
      return { type, message: text(event, 'message') }
    case 'strace':
      return {
        type,
        pid: whole(event, 'pid'),
        entries: list(event, 'entries').map((entry) => parseTrace(record(entry))),
        lost: whole(event, 'lost'),
        isForLog: own(event, 'isForLog') === true,
      }
    default:
      throw new Odd()
  }
}

const parseChunk = (value: unknown): OutputChunk => {
  const chunk = record(value)
  const [channel, bytes] = [own(chunk, 'channel'), own(chunk, 'bytes')]
  if ((channel !== 1 && channel !== 2) || !(bytes instanceof Uint8Array)) throw new Odd()
  return { channel, bytes }
}

const parseTrace = (entry: Given): TraceEntry => ({
  time: number(entry, 'time'),
  micros: number(entry, 'micros'),
  call: text(entry, 'call'),
  import: text(entry, 'import'),
  text: text(entry, 'text'),
})

const parseReason = (value: unknown): ExitReason => {
  const reason = record(value)
  return { code: whole(reason, 'code'), signal: whole(reason, 'signal'), message: text(reason, 'message') }
}

const parseProcess = (process: Given): ProcessInfo => {
  const exit = own(process, 'exit')
  return {
    // What a later kernel may add, as plain values.
    ...plain(process),
    pid: whole(process, 'pid'),
    parent: whole(process, 'parent'),
    command: text(process, 'command'),
    args: list(process, 'args').map(asText),
    cwd: text(process, 'cwd'),
    runtime: text(process, 'runtime'),
    state: oneOf(process, 'state', STATES),
    waiting: text(process, 'waiting'),
    started: number(process, 'started'),
    cpu: number(process, 'cpu'),
    memory: number(process, 'memory'),
    files: whole(process, 'files'),
    threads: whole(process, 'threads'),
    note: text(process, 'note'),
    group: whole(process, 'group'),
    session: whole(process, 'session'),
    nice: number(process, 'nice'),
    exit: exit === null ? null : parseReason(exit),
  }
}

/** Values that hold no others. */
const plain = (given: Given): Given => {
  const made: Given = {}
  for (const [key, value] of Object.entries(given)) {
    if (key === '__proto__' || (typeof value === 'object' && value !== null)) continue
    made[key] = typeof value === 'string' ? value.slice(0, TEXT_MAX) : value
  }
  return made
}

const record = (value: unknown): Given => {
  if (typeof value !== 'object' || value === null) throw new Odd()
  return value as Given
}
const own = (given: Given, key: string): unknown => (Object.hasOwn(given, key) ? given[key] : undefined)
const asText = (value: unknown): string => {
  if (typeof value !== 'string') throw new Odd()
  return value.slice(0, TEXT_MAX)
}
const text = (given: Given, key: string): string => asText(own(given, key))
const number = (given: Given, key: string): number => {
  const value = own(given, key)
  if (typeof value !== 'number' || !Number.isFinite(value)) throw new Odd()
  return value
}
const asWhole = (value: unknown): number => {
  if (!Number.isSafeInteger(value)) throw new Odd()
  // it was just looked at
  return value as number
}
const whole = (given: Given, key: string): number => {
  const value = number(given, key)
  if (!Number.isSafeInteger(value) || value < 0) throw new Odd()
  return value
}
const list = (given: Given, key: string): unknown[] => {
  const value = own(given, key)
  if (!Array.isArray(value) || value.length > LIST_MAX) throw new Odd()
  return Array.from(value)
}
const oneOf = <T extends string>(given: Given, key: string, known: readonly T[]): T => {
  const found = known.find((each) => each === own(given, key))
  if (found === undefined) throw new Odd()
  return found
}
