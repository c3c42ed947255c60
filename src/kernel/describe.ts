/** One row of the process table, read from shared memory without asking the process. */
import type { ProcessInfo, ProcessState } from '../abi/control.ts'
import { callName } from '../abi/syscalls.ts'
import { PAGE_BYTES, PROCESS, processAt, THREAD, THREAD_STATE, threadAt } from '../memory/layout.ts'
import type { Memory } from '../memory/memory.ts'
import { getWord } from '../memory/slots.ts'
import type { Entry } from './processes.ts'

export const describe = (memory: Memory, entry: Entry): ProcessInfo => {
  const { request, program, exit } = entry
  const thread = threadAt(entry.thread)
  const process = processAt(entry.slot)
  const waiting = callName(getWord(memory, thread + THREAD.CALL))
  return {
    pid: entry.pid,
    parent: getWord(memory, process + PROCESS.PARENT),
    command: request.title || request.command,
    args: request.args,
    cwd: request.cwd,
    runtime: program.runtime,
    state: stateOf(memory, thread, exit !== null),
    waiting,
    started: entry.started,
    cpu: usage(memory, entry, performance.now()).cpu,
    memory: getWord(memory, thread + THREAD.GUEST_PAGES) * PAGE_BYTES,
    files: getWord(memory, process + PROCESS.FILES),
    exit,
  }
}

/** Milliseconds since it started, and of these the ones in which it was not blocked. */
export const usage = (memory: Memory, entry: Entry, now: number): { cpu: number; wall: number } => {
  const thread = threadAt(entry.thread)
  const wall = now - entry.startedAt
  const slept = (getWord(memory, thread + THREAD.BLOCKED_US) >>> 0) / 1000
  const isAsleep = getWord(memory, thread + THREAD.STATE) === THREAD_STATE.WAITING
  // The words of a sleep that is under way are added when it ends.
  const sleeping = isAsleep
    ? ((Date.now() & CLOCK_MASK) - getWord(memory, thread + THREAD.ASLEEP_SINCE)) & CLOCK_MASK
    : 0
  return { wall, cpu: Math.max(0, wall - slept - sleeping) }
}

const CLOCK_MASK = 0x7fffffff

const stateOf = (memory: Memory, thread: number, hasEnded: boolean): ProcessState => {
  if (hasEnded) return 'ended'
  const state = getWord(memory, thread + THREAD.STATE)
  if (state === THREAD_STATE.STARTING) return 'starting'
  return state === THREAD_STATE.WAITING ? 'sleeping' : 'running'
}
