/**
 * wait(2) for children, entirely in shared memory: the parent finds its zombie in the process table, takes its status and
 * frees the slot.
 */
import { ERRNO } from '../abi/errno.ts'
import { SYSCALLS } from '../abi/syscalls.ts'
import { MAX_PROCESSES, PROCESS, PROCESS_STATE, processAt } from '../memory/layout.ts'
import { freeProcess, getWord, setWord } from '../memory/slots.ts'
import { locked, type Objects } from './objects.ts'
import { JOB, REPORT } from './slot-words.ts'
import { type Operation, PENDING } from './types.ts'

/** Linux's values. WNOHANG: 0 instead of waiting; WUNTRACED, WCONTINUED: a child that stopped or went on is told too, once. */
export const WAIT = { NO_HANG: 1, UNTRACED: 2, CONTINUED: 8 } as const

export interface ChildStatus {
  /** Exit code 0…255; 128 + signal when a signal ended it. */
  code: number
  /** Signal that ended it, or 0. */
  signal: number
  /** Signal that stopped it, or 0: then it has not ended. */
  stopped: number
  /** It went on, and has not ended. */
  continued: boolean
}

/** The word that a libc's WIFEXITED and its like take apart (Linux). */
export const statusWord = ({ code, signal, stopped, continued }: ChildStatus): number => {
  if (continued) return 0xffff
  if (stopped > 0) return (stopped << 8) | 0x7f
  return signal > 0 ? signal : code << 8
}

export interface WaitOperation extends Operation {
  /** Filled once attempt() gave a pid. */
  readonly status: ChildStatus
}

/**
 * Waits for a child of the process in `slot` (−1: of the kernel): `pid` one child, −1 any, 0 any of the caller's group, below −1
 * any of that group. Result is the pid, 0 with NO_HANG, -ECHILD when there is none to wait for.
 */
export const waitOperation = (
  objects: Objects,
  pid: number,
  options = 0,
  slot = objects.slot,
): WaitOperation => {
  const status: ChildStatus = { code: 0, signal: 0, stopped: 0, continued: false }
  const parent = slot < 0 ? 0 : getWord(objects.memory, processAt(slot) + PROCESS.PID)
  const set = processAt(slot) + PROCESS.CHILD_WAITERS
  const group = slot < 0 ? 0 : getWord(objects.memory, processAt(slot) + PROCESS.GROUP)
  const wanted = pid === 0 ? -group : pid
  return {
    call: SYSCALLS.wait.number,
    status,
    attempt: () => {
      const result = locked(objects, () => reap(objects, parent, wanted, options, status))
      return result === PENDING && options & WAIT.NO_HANG ? 0 : result
    },
    watch: (join) => {
      // The kernel has no slot: the end of its children wakes it directly.
      if (slot < 0) return
      if (join) objects.waits.join(set)
      else objects.waits.leave(set)
    },
    deadline: () => Number.POSITIVE_INFINITY,
    interrupted: (errno) => -errno,
  }
}

const reap = (
  objects: Objects,
  parent: number,
  pid: number,
  options: number,
  status: ChildStatus,
): number => {
  const { memory } = objects
  let isThere = false
  for (let slot = 0; slot < MAX_PROCESSES; slot++) {
    const at = processAt(slot)
    const state = getWord(memory, at + PROCESS.STATE)
    if (state === PROCESS_STATE.FREE || getWord(memory, at + PROCESS.PARENT) !== parent) continue
    const own = getWord(memory, at + PROCESS.PID)
    if (pid > 0 ? own !== pid : pid < -1 && getWord(memory, at + PROCESS.GROUP) !== -pid) continue
    isThere = true
    if (state !== PROCESS_STATE.ZOMBIE) {
      if (takeReport(objects, at, options, status)) return own
      continue
    }
    status.code = getWord(memory, at + PROCESS.EXIT_CODE)
    status.signal = getWord(memory, at + PROCESS.EXIT_SIGNAL)
    freeProcess(memory, slot)
    return own
  }
  return isThere ? PENDING : -ERRNO.CHILD
}

/** True when the child has stopped or gone on since it was last asked about, and the caller wants to know. */
const takeReport = ({ memory }: Objects, at: number, options: number, status: ChildStatus): boolean => {
  const reports = getWord(memory, at + JOB.REPORTS)
  const isStopped = (reports & REPORT.STOPPED) !== 0 && (options & WAIT.UNTRACED) !== 0
  const isContinued = (reports & REPORT.CONTINUED) !== 0 && (options & WAIT.CONTINUED) !== 0
  if (!isStopped && !isContinued) return false
  status.stopped = isStopped ? getWord(memory, at + JOB.STOP_SIGNAL) : 0
  status.continued = !isStopped
  setWord(memory, at + JOB.REPORTS, 0)
  return true
}
