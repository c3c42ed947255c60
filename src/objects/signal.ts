/**
 * Signals: bits in the process's slot. Whoever raises one sets the bit and wakes every thread of the process; the process
 * itself finds it at its next wait or check, and dies, answers EINTR, or goes on.
 *
 * Invariant: KILL and STOP are never ignored, handled or blocked; a signal that would be ignored never becomes pending.
 */
import { ERRNO } from '../abi/errno.ts'
import { defaultAction, SIGNAL, signalBit } from '../abi/signals.ts'
import {
  MAX_PROCESSES,
  MAX_THREADS,
  PROCESS,
  PROCESS_STATE,
  processAt,
  THREAD,
  THREAD_STATE,
  threadAt,
} from '../memory/layout.ts'
import { andWord, findProcess, getWord, orWord, setWord } from '../memory/slots.ts'
import { wake, wakeSet } from '../memory/wake.ts'
import { locked, type Objects } from './objects.ts'

const UNSTOPPABLE = signalBit(SIGNAL.KILL) | signalBit(SIGNAL.STOP)
const HIGHEST_SIGNAL = 31

/** kill(2) for one process: 0, -ESRCH, -EINVAL, or -ENOTSUP for a signal that would stop it. Signal 0 only asks whether the process is there. */
export const raise = (objects: Objects, pid: number, signal: number): number =>
  locked(objects, () => {
    if (signal < 0 || signal > HIGHEST_SIGNAL) return -ERRNO.INVAL
    const slot = findProcess(objects.memory, pid)
    if (slot < 0) return -ERRNO.SRCH
    const handled = getWord(objects.memory, processAt(slot) + PROCESS.HANDLED)
    if (signal > 0 && defaultAction(signal) === 'stop' && !(handled & signalBit(signal))) return -ERRNO.NOTSUP
    if (signal > 0) raiseInSlot(objects, slot, signal)
    return 0
  })

/** Every process of the group, or the one with that pid. Number of processes reached. The kernel is no process: 0 is nobody. */
export const raiseGroup = (objects: Objects, group: number, signal: number): number =>
  locked(objects, () => {
    let reached = 0
    for (let slot = 0; slot < MAX_PROCESSES && group > 0; slot++) {
      const at = processAt(slot)
      const state = getWord(objects.memory, at + PROCESS.STATE)
      if (state === PROCESS_STATE.FREE || state === PROCESS_STATE.ZOMBIE) continue
      const hasGroup = getWord(objects.memory, at + PROCESS.GROUP) === group
      if (!hasGroup && getWord(objects.memory, at + PROCESS.PID) !== group) continue
      raiseInSlot(objects, slot, signal)
      reached++
    }
    return reached
  })

/** The caller holds the lock. */
export const raiseInSlot = (objects: Objects, slot: number, signal: number): void => {
  const { memory } = objects
  const at = processAt(slot)
  if (getWord(memory, at + PROCESS.STATE) === PROCESS_STATE.ZOMBIE) return
  const bit = signalBit(signal)
  if (getWord(memory, at + PROCESS.IGNORED) & bit & ~UNSTOPPABLE) return
  const isHandled = (getWord(memory, at + PROCESS.HANDLED) & bit) !== 0
  const isBlocked = (getWord(memory, at + PROCESS.BLOCKED) & bit) !== 0
  if (!isHandled && !isBlocked && defaultAction(signal) !== 'terminate') return
  orWord(memory, at + PROCESS.PENDING, bit)
  wakeProcess(objects, slot)
  wakeSet(memory, at + PROCESS.SIGNAL_WAITERS)
}

/** Bumps the wake word of every thread of the process. */
export const wakeProcess = (objects: Objects, slot: number): void => {
  const { memory } = objects
  const pid = getWord(memory, processAt(slot) + PROCESS.PID)
  for (let thread = 1; thread < MAX_THREADS; thread++) {
    const at = threadAt(thread)
    if (getWord(memory, at + THREAD.STATE) === THREAD_STATE.FREE) continue
    if (getWord(memory, at + THREAD.PID) === pid) wake(memory, thread)
  }
}

/** What a process must do about a signal that waits for it. */
export type SignalAction = 'terminate' | 'handle'

export interface PendingSignal {
  signal: number
  action: SignalAction
}

/**
 * The lowest signal that is pending and not blocked, or undefined. It stays pending (`takeSignal` clears it) so that every
 * thread of a dying process sees it.
 */
export const pendingSignal = (objects: Objects): PendingSignal | undefined => {
  if (objects.slot < 0) return undefined
  const { memory } = objects
  const at = processAt(objects.slot)
  const pending = getWord(memory, at + PROCESS.PENDING)
  if (pending === 0) return undefined
  const open = pending & ~(getWord(memory, at + PROCESS.BLOCKED) & ~UNSTOPPABLE)
  if (open === 0) return undefined
  const handled = getWord(memory, at + PROCESS.HANDLED) & ~UNSTOPPABLE
  return chooseSignal(open, handled)
}

const chooseSignal = (open: number, handled: number): PendingSignal | undefined => {
  if (open & signalBit(SIGNAL.KILL)) return { signal: SIGNAL.KILL, action: 'terminate' }
  for (let signal = 1; signal <= HIGHEST_SIGNAL; signal++) {
    const bit = signalBit(signal)
    if (!(open & bit)) continue
    if (handled & bit) return { signal, action: 'handle' }
    if (defaultAction(signal) === 'terminate') return { signal, action: 'terminate' }
  }
  return undefined
}

/** Clears a pending signal of the caller's process; true for the one thread that got it. */
export const takeSignal = (objects: Objects, signal: number): boolean => {
  if (objects.slot < 0) return false
  const bit = signalBit(signal)
  return (andWord(objects.memory, processAt(objects.slot) + PROCESS.PENDING, ~bit) & bit) !== 0
}

/** sigaction(2) reduced to its kinds, for the caller's process. -EINVAL for KILL and STOP. */
export const setDisposition = (
  objects: Objects,
  signal: number,
  disposition: 'default' | 'ignore' | 'handle',
): number =>
  locked(objects, () => {
    const bit = signalBit(signal)
    if (signal < 1 || signal > HIGHEST_SIGNAL || bit & UNSTOPPABLE || objects.slot < 0) return -ERRNO.INVAL
    const at = processAt(objects.slot)
    const { memory } = objects
    const put = (mask: number, on: boolean): void => {
      if (on) orWord(memory, at + mask, bit)
      else andWord(memory, at + mask, ~bit)
    }
    put(PROCESS.IGNORED, disposition === 'ignore')
    put(PROCESS.HANDLED, disposition === 'handle')
    if (disposition === 'ignore') andWord(memory, at + PROCESS.PENDING, ~bit)
    return 0
  })

/** sigprocmask(2) with SIG_SETMASK: the mask before. */
export const setBlocked = (objects: Objects, mask: number): number => {
  const at = processAt(objects.slot) + PROCESS.BLOCKED
  const before = getWord(objects.memory, at)
  setWord(objects.memory, at, mask & ~UNSTOPPABLE)
  return before
}
