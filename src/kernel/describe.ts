/** One row of the process table, read from shared memory without asking the process. */
import type { ProcessInfo, ProcessState } from '../abi/control.ts'
import { callName } from '../abi/syscalls.ts'
import {
  PAGE_BYTES,
  PROCESS,
  PROCESS_STATE,
  processAt,
  THREAD,
  THREAD_STATE,
  threadAt,
} from '../memory/layout.ts'
import type { Memory } from '../memory/memory.ts'
import { getWord } from '../memory/slots.ts'
import { STOPS } from '../objects/signal.ts'
import { JOB } from '../objects/slot-words.ts'
import type { Entry } from './entry.ts'
import type { ProcFacts } from './proc-text.ts'

export const describe = (memory: Memory, entry: Entry): ProcessInfo => {
  const { request, program, exit } = entry
  const process = processAt(entry.slot)
  const thread = threadAt(busiest(memory, entry))
  const waiting = callName(getWord(memory, thread + THREAD.CALL))
  return {
    pid: entry.pid,
    parent: getWord(memory, process + PROCESS.PARENT),
    command: request.title || request.command,
    args: request.args,
    cwd: request.cwd,
    runtime: program.runtime,
    state: stateOf(memory, thread, process, exit !== null),
    note: noteOf(memory, process, exit !== null),
    group: getWord(memory, process + PROCESS.GROUP),
    session: getWord(memory, process + PROCESS.SESSION),
    nice: getWord(memory, process + JOB.NICE),
    waiting,
    started: entry.started,
    cpu: usage(memory, entry, performance.now()).cpu,
    memory: memoryOf(memory, entry),
    files: getWord(memory, process + PROCESS.FILES),
    threads: 1 + entry.threads.size,
    exit,
  }
}

/** The thread that says what the process does: one that is not asleep, if there is one, else its first. */
const busiest = (memory: Memory, entry: Entry): number => {
  const isAwake = (thread: number): boolean =>
    getWord(memory, threadAt(thread) + THREAD.STATE) === THREAD_STATE.RUNNING
  return [entry.thread, ...entry.threads.keys()].find(isAwake) ?? entry.thread
}

/** Bytes of its wasm memory, which all of its threads share: each knows it as of its last call. */
export const memoryOf = (memory: Memory, entry: Entry): number => {
  let pages = 0
  for (const thread of [entry.thread, ...entry.threads.keys()])
    pages = Math.max(pages, getWord(memory, threadAt(thread) + THREAD.GUEST_PAGES))
  return pages * PAGE_BYTES
}

/** Milliseconds since it started, and of these the ones in which it was not blocked. */
export const usage = (memory: Memory, entry: Entry, now: number): { cpu: number; wall: number } => {
  const wall = now - entry.startedAt
  let cpu = runningTime(memory, entry.thread, wall - entry.slept)
  for (const [thread, startedAt] of entry.threads) cpu += runningTime(memory, thread, now - startedAt)
  return { wall, cpu }
}

/** Of a thread's age, the milliseconds that it was not blocked. */
const runningTime = (memory: Memory, number: number, age: number): number => {
  const thread = threadAt(number)
  const slept = (getWord(memory, thread + THREAD.BLOCKED_US) >>> 0) / 1000
  const isAsleep = getWord(memory, thread + THREAD.STATE) === THREAD_STATE.WAITING
  // The words of a sleep that is under way are added when it ends.
  const sleeping = isAsleep
    ? ((Date.now() & CLOCK_MASK) - getWord(memory, thread + THREAD.ASLEEP_SINCE)) & CLOCK_MASK
    : 0
  return Math.max(0, age - slept - sleeping)
}

const CLOCK_MASK = 0x7fffffff

/** What /proc tells of a process. */
export const procFacts = (memory: Memory, entry: Entry): ProcFacts => {
  const at = processAt(entry.slot)
  const word = (field: number): number => getWord(memory, at + field)
  const row = describe(memory, entry)
  return {
    ...row,
    name: (entry.request.command.split('/').at(-1) ?? '').slice(0, NAME_LENGTH),
    terminal: word(PROCESS.TTY),
    umask: word(PROCESS.UMASK),
    started: entry.startedAt,
    pending: word(PROCESS.PENDING),
    blocked: word(PROCESS.BLOCKED),
    ignored: word(PROCESS.IGNORED),
    handled: word(PROCESS.HANDLED),
  }
}

/** TASK_COMM_LEN of Linux, without its NUL. */
const NAME_LENGTH = 15

/** A process without system calls cannot be stopped, only ended: the table says so. */
const noteOf = (memory: Memory, process: number, hasEnded: boolean): string => {
  const isStopped = getWord(memory, process + PROCESS.STATE) === PROCESS_STATE.STOPPED
  const kept = getWord(memory, process + PROCESS.HANDLED)
  const isAsked = (getWord(memory, process + PROCESS.PENDING) & STOPS & ~kept) !== 0
  return isAsked && !isStopped && !hasEnded ? 'stops at its next call' : ''
}

const stateOf = (memory: Memory, thread: number, process: number, hasEnded: boolean): ProcessState => {
  if (hasEnded) return 'ended'
  if (getWord(memory, process + PROCESS.STATE) === PROCESS_STATE.STOPPED) return 'stopped'
  const state = getWord(memory, thread + THREAD.STATE)
  if (state === THREAD_STATE.STARTING) return 'starting'
  return state === THREAD_STATE.WAITING ? 'sleeping' : 'running'
}
