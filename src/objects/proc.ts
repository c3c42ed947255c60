/**
 * What a process holds and how it ends. Everything hangs off its slot in shared memory: descriptors, working directory,
 * controlling terminal; so its death is two calls that the kernel makes for any slot.
 *
 *   endProcess: release what it holds → ZOMBIE with its status → parent woken, SIGCHLD → children to pid 0
 *   the parent's wait, or the kernel for parent 0: slot free
 *
 * Invariant: a slot becomes ZOMBIE once, after all it held was given back; only a ZOMBIE is reaped.
 */
import { SIGNAL, signalBit, signalCode } from '../abi/signals.ts'
import { KERNEL_THREAD, MAX_PROCESSES, PROCESS, PROCESS_STATE, processAt } from '../memory/layout.ts'
import {
  compareExchangeWord,
  exchangeWord,
  findProcess,
  freeProcess,
  getWord,
  setWord,
} from '../memory/slots.ts'
import { wake, wakeSet } from '../memory/wake.ts'
import { createDescriptors } from './descriptors.ts'
import { LOCK_KIND, releaseLocksOf } from './lock-list.ts'
import { locked, type Objects, setWordAt, word } from './objects.ts'
import { groupMembers, isOrphaned, raiseGroup, raiseInSlot } from './signal.ts'
import { JOB } from './slot-words.ts'
import { TTY } from './tty.ts'

/** Closes and unpins all that a process holds. May be called again. */
export const releaseProcess = (objects: Objects, slot: number): void =>
  locked(objects, () => {
    createDescriptors(objects, slot).closeAll()
    const pid = getWord(objects.memory, processAt(slot) + PROCESS.PID)
    for (const kind of [LOCK_KIND.RANGE, LOCK_KIND.WAITING]) releaseLocksOf(objects, kind, pid)
    const cwd = exchangeWord(objects.memory, processAt(slot) + PROCESS.CWD, 0)
    if (cwd !== 0) objects.vfs.unpin(cwd)
    setWord(objects.memory, processAt(slot) + PROCESS.TTY, 0)
  })

/**
 * The end of a process whose threads have stopped. With a parent that cannot wait for it (none, dead, or ignoring SIGCHLD) its
 * PARENT is 0 afterwards, and the kernel frees the slot.
 */
export const endProcess = (objects: Objects, slot: number, code: number, signal: number): void =>
  locked(objects, () => {
    const { memory } = objects
    const at = processAt(slot)
    const state = getWord(memory, at + PROCESS.STATE)
    if (state === PROCESS_STATE.ZOMBIE || state === PROCESS_STATE.FREE) return
    if (getWord(memory, at + PROCESS.SESSION) === getWord(memory, at + PROCESS.PID))
      leaveTerminal(objects, at)
    releaseProcess(objects, slot)
    setWord(memory, at + PROCESS.EXIT_CODE, signal > 0 ? signalCode(signal) : code)
    setWord(memory, at + PROCESS.EXIT_SIGNAL, signal)
    const pid = getWord(memory, at + PROCESS.PID)
    const groups = governed(objects, slot)
    abandonChildren(objects, pid)
    setWord(memory, at + PROCESS.STATE, PROCESS_STATE.ZOMBIE)
    wakeSet(memory, at + JOB.END_WAITERS)
    tellParent(objects, at)
    for (const group of groups) hangUpOrphans(objects, group)
  })

/** The session loses its terminal with its leader, and whoever is in the foreground is told (POSIX, _Exit). */
const leaveTerminal = (objects: Objects, at: number): void => {
  const { memory } = objects
  const tty = getWord(memory, at + PROCESS.TTY)
  if (tty === 0) return
  const session = getWord(memory, at + PROCESS.SESSION)
  const foreground = word(objects, tty + TTY.FOREGROUND)
  setWordAt(objects, tty + TTY.FOREGROUND, 0)
  for (const signal of [SIGNAL.HUP, SIGNAL.CONT]) raiseGroup(objects, foreground, signal)
  for (let slot = 0; slot < MAX_PROCESSES; slot++) {
    const other = processAt(slot)
    if (getWord(memory, other + PROCESS.SESSION) === session)
      compareExchangeWord(memory, other + PROCESS.TTY, tty, 0)
  }
}

/** Groups that this process may be the last to do job control for: its own and its children's. */
const governed = (objects: Objects, slot: number): Set<number> => {
  const { memory } = objects
  const pid = getWord(memory, processAt(slot) + PROCESS.PID)
  const groups = new Set([getWord(memory, processAt(slot) + PROCESS.GROUP)])
  for (let other = 0; other < MAX_PROCESSES; other++) {
    const at = processAt(other)
    const isChild = getWord(memory, at + PROCESS.PARENT) === pid
    if (isChild && getWord(memory, at + PROCESS.STATE) !== PROCESS_STATE.FREE)
      groups.add(getWord(memory, at + PROCESS.GROUP))
  }
  for (const group of groups) if (isOrphaned(objects, group)) groups.delete(group)
  return groups
}

/** A group that nobody can continue any more: whoever is stopped in it is told to end (POSIX, _Exit). */
const hangUpOrphans = (objects: Objects, group: number): void => {
  if (!isOrphaned(objects, group)) return
  const members = groupMembers(objects, group)
  const isStopped = (slot: number): boolean =>
    getWord(objects.memory, processAt(slot) + PROCESS.STATE) === PROCESS_STATE.STOPPED
  if (!members.some(isStopped)) return
  raiseGroup(objects, group, SIGNAL.HUP)
  raiseGroup(objects, group, SIGNAL.CONT)
}

const tellParent = (objects: Objects, at: number): void => {
  const { memory } = objects
  const parent = getWord(memory, at + PROCESS.PARENT)
  const slot = parent === 0 ? -1 : findProcess(memory, parent)
  if (slot < 0 || !canWait(objects, slot)) setWord(memory, at + PROCESS.PARENT, 0)
  if (slot < 0) {
    wake(memory, KERNEL_THREAD)
    return
  }
  raiseInSlot(objects, slot, SIGNAL.CHLD)
  wakeSet(memory, processAt(slot) + PROCESS.CHILD_WAITERS)
}

/** POSIX: who ignores SIGCHLD has no zombies. */
const canWait = (objects: Objects, slot: number): boolean => {
  const at = processAt(slot)
  const isDead = getWord(objects.memory, at + PROCESS.STATE) === PROCESS_STATE.ZOMBIE
  return !isDead && (getWord(objects.memory, at + PROCESS.IGNORED) & signalBit(SIGNAL.CHLD)) === 0
}

/** The children of a dead process belong to pid 0; those that had ended are reaped. */
const abandonChildren = (objects: Objects, pid: number): void => {
  const { memory } = objects
  for (let slot = 0; slot < MAX_PROCESSES; slot++) {
    const at = processAt(slot)
    const state = getWord(memory, at + PROCESS.STATE)
    if (state === PROCESS_STATE.FREE || getWord(memory, at + PROCESS.PARENT) !== pid) continue
    setWord(memory, at + PROCESS.PARENT, 0)
    if (state === PROCESS_STATE.ZOMBIE) freeProcess(memory, slot)
  }
}

/** What the caller's own process is and may change about itself. */
export interface Proc {
  readonly slot: number
  pid(): number
  parent(): number
  /** Inode of the working directory. */
  cwd(): number
  /** Pins the new directory and lets go of the old one. */
  setCwd(inode: number): void
  umask(): number
  /** The mask before. */
  setUmask(mask: number): number
}

/** @param slot of a process that is not FREE */
export const createProc = (objects: Objects, slot = objects.slot): Proc => {
  const at = processAt(slot)
  const get = (field: number): number => getWord(objects.memory, at + field)
  return {
    slot,
    pid: () => get(PROCESS.PID),
    parent: () => get(PROCESS.PARENT),
    cwd: () => get(PROCESS.CWD),
    setCwd: (inode) => {
      objects.vfs.pin(inode)
      const before = exchangeWord(objects.memory, at + PROCESS.CWD, inode)
      if (before !== 0) objects.vfs.unpin(before)
    },
    umask: () => get(PROCESS.UMASK),
    setUmask: (mask) => exchangeWord(objects.memory, at + PROCESS.UMASK, mask & 0o777),
  }
}
