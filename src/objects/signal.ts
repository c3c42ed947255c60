/**
 * Signals: bits in the process's slot. Whoever raises one sets the bit and wakes every thread of the process; the process
 * itself finds it at its next wait or check, and dies, stops, answers EINTR, or goes on.
 *
 *   raise(TSTP) ─► bit pending ─► its next call: STOPPED, parent told, asleep ─► raise(CONT) clears the bit ─► goes on
 *
 * Invariant: KILL and STOP are never ignored, handled or blocked; a signal that would be ignored never becomes pending and
 * wakes nobody. A stop signal stays pending as long as it stops, so that every thread of the process finds it.
 */
import { ERRNO } from '../abi/errno.ts'
import { defaultAction, SIGNAL, signalBit } from '../abi/signals.ts'
import { SYSCALLS } from '../abi/syscalls.ts'
import {
  KERNEL_THREAD,
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
import { sleep, wake, wakeSeen, wakeSet } from '../memory/wake.ts'
import { locked, type Objects } from './objects.ts'
import { JOB, REPORT } from './slot-words.ts'

const UNSTOPPABLE = signalBit(SIGNAL.KILL) | signalBit(SIGNAL.STOP)
/** Signals that stop a process unless it says otherwise. */
export const STOPS =
  signalBit(SIGNAL.STOP) | signalBit(SIGNAL.TSTP) | signalBit(SIGNAL.TTIN) | signalBit(SIGNAL.TTOU)
const HIGHEST_SIGNAL = 31

/** kill(2) for one process: 0, -ESRCH or -EINVAL. Signal 0 only asks whether the process is there. */
export const raise = (objects: Objects, pid: number, signal: number): number =>
  locked(objects, () => {
    if (signal < 0 || signal > HIGHEST_SIGNAL) return -ERRNO.INVAL
    const slot = findProcess(objects.memory, pid)
    if (slot < 0) return -ERRNO.SRCH
    if (signal > 0) raiseInSlot(objects, slot, signal)
    return 0
  })

/** Slots of the group's living members. The kernel is no process: group 0 is nobody. The caller holds the lock. */
export const groupMembers = ({ memory }: Objects, group: number): number[] => {
  const slots: number[] = []
  for (let slot = 0; slot < MAX_PROCESSES && group > 0; slot++) {
    const at = processAt(slot)
    const state = getWord(memory, at + PROCESS.STATE)
    const isLiving = state !== PROCESS_STATE.FREE && state !== PROCESS_STATE.ZOMBIE
    if (isLiving && getWord(memory, at + PROCESS.GROUP) === group) slots.push(slot)
  }
  return slots
}

/** Every process of the group. Number of processes reached. */
export const raiseGroup = (objects: Objects, group: number, signal: number): number =>
  locked(objects, () => {
    const slots = groupMembers(objects, group)
    for (const slot of slots) raiseInSlot(objects, slot, signal)
    return slots.length
  })

/** The caller holds the lock. */
export const raiseInSlot = (objects: Objects, slot: number, signal: number): void => {
  const { memory } = objects
  const at = processAt(slot)
  if (getWord(memory, at + PROCESS.STATE) === PROCESS_STATE.ZOMBIE) return
  const action = defaultAction(signal)
  if (action === 'continue') resume(objects, slot)
  if (action === 'stop') andWord(memory, at + PROCESS.PENDING, ~signalBit(SIGNAL.CONT))
  const bit = signalBit(signal)
  if (getWord(memory, at + PROCESS.IGNORED) & bit & ~UNSTOPPABLE) return
  const isHandled = (getWord(memory, at + PROCESS.HANDLED) & bit) !== 0
  const isBlocked = (getWord(memory, at + PROCESS.BLOCKED) & bit & ~UNSTOPPABLE) !== 0
  if (!isHandled && !isBlocked) {
    if (action === 'ignore' || action === 'continue') return
    // Nobody could ever continue it: POSIX, "the default action shall not occur in an orphaned process group".
    const isLost = action === 'stop' && signal !== SIGNAL.STOP && isOrphaned(objects, groupOf(memory, at))
    if (isLost) return
  }
  orWord(memory, at + PROCESS.PENDING, bit)
  if (!isBlocked) wakeProcess(objects, slot)
  wakeSet(memory, at + PROCESS.SIGNAL_WAITERS)
}

const groupOf = (memory: Objects['memory'], at: number): number => getWord(memory, at + PROCESS.GROUP)

/** What SIGCONT does, handled or not: stop signals are forgotten, and a stopped process runs. */
const resume = (objects: Objects, slot: number): void => {
  const { memory } = objects
  const at = processAt(slot)
  andWord(memory, at + PROCESS.PENDING, ~STOPS)
  if (getWord(memory, at + PROCESS.STATE) !== PROCESS_STATE.STOPPED) return
  setWord(memory, at + PROCESS.STATE, PROCESS_STATE.RUNNING)
  setWord(memory, at + JOB.REPORTS, REPORT.CONTINUED)
  wakeProcess(objects, slot)
  wakeParent(objects, slot)
}

/** SIGCHLD for the parent, and its waits try again; the kernel is told in any case. The caller holds the lock. */
export const wakeParent = (objects: Objects, slot: number): void => {
  const { memory } = objects
  const parent = getWord(memory, processAt(slot) + PROCESS.PARENT)
  const parentSlot = parent === 0 ? -1 : findProcess(memory, parent)
  wake(memory, KERNEL_THREAD)
  if (parentSlot < 0) return
  raiseInSlot(objects, parentSlot, SIGNAL.CHLD)
  wakeSet(memory, processAt(parentSlot) + PROCESS.CHILD_WAITERS)
}

/**
 * Whether no member of the group has a parent that could do job control for it: one of the same session in another group (POSIX,
 * orphaned process group). The page is nobody's parent in this sense. The caller holds the lock.
 */
export const isOrphaned = (objects: Objects, group: number): boolean => {
  const { memory } = objects
  return groupMembers(objects, group).every((slot) => {
    const at = processAt(slot)
    const parent = findProcess(memory, getWord(memory, at + PROCESS.PARENT))
    if (parent < 0) return true
    const above = processAt(parent)
    const isDead = getWord(memory, above + PROCESS.STATE) === PROCESS_STATE.ZOMBIE
    const isSameSession = getWord(memory, above + PROCESS.SESSION) === getWord(memory, at + PROCESS.SESSION)
    return isDead || !isSameSession || groupOf(memory, above) === group
  })
}

/** Bumps the wake word of every thread of the process. */
export const wakeProcess = (objects: Objects, slot: number): void => {
  const { memory } = objects
  const pid = getWord(memory, processAt(slot) + PROCESS.PID)
  for (let thread = 1; thread < MAX_THREADS; thread++) {
    const at = threadAt(thread)
    if (getWord(memory, at + THREAD.STATE) === THREAD_STATE.FREE) continue
    if (getWord(memory, at + THREAD.PID) !== pid) continue
    wake(memory, thread)
    // The kernel writes it down where the thread looks without a call.
    if (getWord(memory, at + THREAD.PULSE) !== 0) wake(memory, KERNEL_THREAD)
  }
}

/** What a process must do about a signal that waits for it. */
export type SignalAction = 'terminate' | 'handle' | 'stop'

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
  const stops = open & STOPS & ~handled
  // A stopped process follows nothing but KILL and CONT.
  if (stops) return { signal: 32 - Math.clz32(stops & -stops), action: 'stop' }
  for (let signal = 1; signal <= HIGHEST_SIGNAL; signal++) {
    const bit = signalBit(signal)
    if (!(open & bit)) continue
    if (handled & bit) return { signal, action: 'handle' }
    if (defaultAction(signal) === 'terminate') return { signal, action: 'terminate' }
  }
  return undefined
}

/**
 * Follows the signals that stop the caller's process: sleeps here until it is continued or killed. What else must be done, or
 * undefined. For the entry of a system call, and for every turn of a wait.
 */
export const followStops = (objects: Objects): PendingSignal | undefined => {
  let pending = pendingSignal(objects)
  while (pending?.action === 'stop') {
    stopHere(objects, pending.signal)
    pending = pendingSignal(objects)
  }
  return pending
}

const stopHere = (objects: Objects, signal: number): void => {
  const { memory, slot } = objects
  const at = processAt(slot)
  locked(objects, () => {
    // Continued meanwhile, or another thread was first.
    if (!(getWord(memory, at + PROCESS.PENDING) & signalBit(signal))) return
    if (getWord(memory, at + PROCESS.STATE) !== PROCESS_STATE.RUNNING) return
    setWord(memory, at + PROCESS.STATE, PROCESS_STATE.STOPPED)
    setWord(memory, at + JOB.STOP_SIGNAL, signal)
    setWord(memory, at + JOB.REPORTS, REPORT.STOPPED)
    wakeParent(objects, slot)
  })
  for (;;) {
    const seen = wakeSeen(memory)
    if (pendingSignal(objects)?.action !== 'stop') return
    sleep(memory, seen, Number.POSITIVE_INFINITY, SYSCALLS.raise.number)
  }
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
    const action = defaultAction(signal)
    const isDropped = disposition === 'default' && (action === 'ignore' || action === 'continue')
    if (disposition === 'ignore' || isDropped) andWord(memory, at + PROCESS.PENDING, ~bit)
    return 0
  })

/** sigprocmask(2) with SIG_SETMASK: the mask before. */
export const setBlocked = (objects: Objects, mask: number): number => {
  if (objects.slot < 0) return 0
  const at = processAt(objects.slot) + PROCESS.BLOCKED
  const before = getWord(objects.memory, at)
  setWord(objects.memory, at, mask & ~UNSTOPPABLE)
  return before
}
