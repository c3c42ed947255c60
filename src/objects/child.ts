/**
 * wait(2) for children, entirely in shared memory: the parent finds its zombie in the process table, takes its status and
 * frees the slot.
 */
import { ERRNO } from '../abi/errno.ts'
import { SYSCALLS } from '../abi/syscalls.ts'
import { MAX_PROCESSES, PROCESS, PROCESS_STATE, processAt } from '../memory/layout.ts'
import { freeProcess, getWord } from '../memory/slots.ts'
import { locked, type Objects } from './objects.ts'
import { type Operation, PENDING } from './types.ts'

/** WNOHANG: 0 instead of waiting. */
export const WAIT = { NO_HANG: 1 } as const

export interface ChildStatus {
  /** Exit code 0…255. */
  code: number
  /** Signal that ended it, or 0. */
  signal: number
}

export interface WaitOperation extends Operation {
  /** Filled once attempt() gave a pid. */
  readonly status: ChildStatus
}

/**
 * Waits for a child of the process in `slot` (−1: of the kernel): `pid` one child, −1 any, below −1 any of that group. Result
 * is the pid, 0 with NO_HANG, -ECHILD when there is none to wait for.
 */
export const waitOperation = (
  objects: Objects,
  pid: number,
  options = 0,
  slot = objects.slot,
): WaitOperation => {
  const status: ChildStatus = { code: 0, signal: 0 }
  const parent = slot < 0 ? 0 : getWord(objects.memory, processAt(slot) + PROCESS.PID)
  const set = processAt(slot) + PROCESS.CHILD_WAITERS
  return {
    call: SYSCALLS.wait.number,
    status,
    attempt: () => {
      const result = locked(objects, () => reap(objects, parent, pid, status))
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

const reap = (objects: Objects, parent: number, pid: number, status: ChildStatus): number => {
  const { memory } = objects
  let isThere = false
  for (let slot = 0; slot < MAX_PROCESSES; slot++) {
    const at = processAt(slot)
    const state = getWord(memory, at + PROCESS.STATE)
    if (state === PROCESS_STATE.FREE || getWord(memory, at + PROCESS.PARENT) !== parent) continue
    const own = getWord(memory, at + PROCESS.PID)
    if (pid > 0 ? own !== pid : pid < -1 && getWord(memory, at + PROCESS.GROUP) !== -pid) continue
    isThere = true
    if (state !== PROCESS_STATE.ZOMBIE) continue
    status.code = getWord(memory, at + PROCESS.EXIT_CODE)
    status.signal = getWord(memory, at + PROCESS.EXIT_SIGNAL)
    freeProcess(memory, slot)
    return own
  }
  return isThere ? PENDING : -ERRNO.CHILD
}
