/**
 * Signals as the kernel has a say in them: who may send which, and that a deadly one is followed.
 *
 *   user ──────────────► any process                       KILL ─► ended here and now
 *   process ──kill(2)──► itself and its descendants        other deadly ones ─► its own to follow, within GRACE_MS
 *   terminal ──────────► the foreground group
 *
 * Invariant: a stopped process is not ended for a signal that it cannot follow; what it does not follow once it runs is.
 */
import { check, ERRNO, SysError } from '../abi/errno.ts'
import { defaultAction, SIGNAL, signalBit } from '../abi/signals.ts'
import { MAX_PROCESSES, PROCESS, PROCESS_STATE, processAt } from '../memory/layout.ts'
import { findProcess, getWord, setWord } from '../memory/slots.ts'
import type { Objects } from '../objects/objects.ts'
import { raise, STOPS } from '../objects/signal.ts'
import { JOB } from '../objects/slot-words.ts'
import type { Entry } from './entry.ts'

/** A process that does not follow a deadly signal by then (a loop without system calls) is stopped from outside. */
export const GRACE_MS = 500
const HIGHEST_SIGNAL = 31
const HIGHEST_NICE = 19

export interface Signals {
  /** From the user. @throws SysError EINVAL */
  kill(entry: Entry, signal: number): void
  /**
   * kill(2) from a process: a pid, 0 for its own group, −1 for all its descendants, below that a group. 0, -ESRCH when nobody is
   * meant, -EPERM when none of them is the caller or descends from it.
   */
  killFor(caller: Entry, pid: number, signal: number): number
  /** Signals that did not come through `kill`, such as Ctrl-C at the terminal: found on the kernel's next turn. */
  follow(entry: Entry): void
  forget(pid: number): void
  /** @throws SysError EINVAL for what is not 0…19 */
  nice(entry: Entry, value: number): void
}

export interface SignalsOptions {
  objects: Objects
  entries: ReadonlyMap<number, Entry>
  /** Ends a process by the signal. */
  end: (entry: Entry, signal: number) => void
}

export const createSignals = ({ objects, entries, end }: SignalsOptions): Signals => {
  const { memory } = objects
  /** Processes that a deadly signal waits for, and that will be ended if they do not follow it. */
  const enforced = new Set<number>()
  const word = (entry: Entry, field: number): number => getWord(memory, processAt(entry.slot) + field)

  const isStopped = (entry: Entry): boolean => word(entry, PROCESS.STATE) === PROCESS_STATE.STOPPED
  /** The lowest pending signal that ends the process, or 0. */
  const deadly = (entry: Entry): number => {
    const kept = word(entry, PROCESS.HANDLED) | word(entry, PROCESS.IGNORED) | word(entry, PROCESS.BLOCKED)
    const open = word(entry, PROCESS.PENDING) & ~kept
    for (let signal = 1; signal <= HIGHEST_SIGNAL && open !== 0; signal++)
      if (open & signalBit(signal) && defaultAction(signal) === 'terminate') return signal
    return 0
  }
  const enforce = (entry: Entry): void => {
    enforced.delete(entry.pid)
    if (entry.exit || isStopped(entry)) return
    const signal = deadly(entry)
    if (signal > 0) end(entry, signal)
  }
  const follow = (entry: Entry): void => {
    if (enforced.has(entry.pid) || isStopped(entry) || deadly(entry) === 0) return
    enforced.add(entry.pid)
    setTimeout(() => enforce(entry), GRACE_MS)
  }
  const send = (entry: Entry, signal: number): void => {
    if (signal === SIGNAL.KILL) {
      end(entry, signal)
      return
    }
    check(raise(objects, entry.pid, signal), `process ${entry.pid}`)
    follow(entry)
  }
  const kill = (entry: Entry, signal: number): void => {
    send(entry, signal)
    // As a shell does it: who ends a stopped program does not want to continue it first.
    const stops = word(entry, PROCESS.PENDING) & STOPS
    if (!entry.exit && stops !== 0 && deadly(entry) > 0) send(entry, SIGNAL.CONT)
  }
  const meant = (caller: Entry, pid: number): Entry[] => {
    if (pid > 0) return [...entries.values()].filter((entry) => entry.pid === pid)
    const all = [...entries.values()]
    if (pid === -1)
      return all.filter((entry) => entry.pid !== caller.pid && descends(objects, entry, caller.pid))
    const group = pid === 0 ? word(caller, PROCESS.GROUP) : -pid
    return all.filter((entry) => word(entry, PROCESS.GROUP) === group)
  }
  return {
    kill,
    killFor: (caller, pid, signal) => {
      if (signal < 0 || signal > HIGHEST_SIGNAL) return -ERRNO.INVAL
      const targets = meant(caller, pid)
      if (targets.length === 0) return -ERRNO.SRCH
      const allowed = targets.filter((entry) => entry === caller || descends(objects, entry, caller.pid))
      if (allowed.length === 0) return -ERRNO.PERM
      // The caller comes last: it may not live on to send the rest.
      for (const entry of allowed.sort((a) => (a === caller ? 1 : -1))) if (signal > 0) send(entry, signal)
      return 0
    },
    follow,
    forget: (pid) => void enforced.delete(pid),
    nice: (entry, value) => {
      if (!Number.isInteger(value) || value < 0 || value > HIGHEST_NICE)
        throw new SysError(ERRNO.INVAL, `nice value ${value}`, `a whole number from 0 to ${HIGHEST_NICE}`)
      setWord(memory, processAt(entry.slot) + JOB.NICE, value)
    },
  }
}

/** Whether `pid` is among the ancestors of the process. */
export const descends = (objects: Objects, entry: Entry, pid: number): boolean => {
  const { memory } = objects
  let slot = entry.slot
  for (let steps = 0; slot >= 0 && steps < MAX_PROCESSES; steps++) {
    const parent = getWord(memory, processAt(slot) + PROCESS.PARENT)
    if (parent === pid) return true
    slot = parent === 0 ? -1 : findProcess(memory, parent)
  }
  return false
}
