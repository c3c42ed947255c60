/**
 * Job control (POSIX, chapter 11.1 and setpgid): groups and sessions of processes, and who is in the foreground of a terminal.
 *
 *   session ─┬─ group (foreground) ── keyboard signals, reads and writes at will
 *            └─ group (background) ── a read is SIGTTIN, a change of the terminal SIGTTOU
 *
 * Invariant: a group lies within one session; a session's leader has the pid of the session and never leaves its group.
 */
import { ERRNO } from '../abi/errno.ts'
import { SIGNAL, signalBit } from '../abi/signals.ts'
import { SYSCALLS } from '../abi/syscalls.ts'
import { MAX_PROCESSES, PROCESS, PROCESS_STATE, processAt } from '../memory/layout.ts'
import { findProcess, getWord, setWord } from '../memory/slots.ts'
import { locked, type Objects, setWordAt, word } from './objects.ts'
import { groupMembers, isOrphaned, raiseGroup } from './signal.ts'
import { TTY } from './tty.ts'
import { type Operation, PENDING } from './types.ts'

/** getpgid(2); 0 is the caller. -ESRCH. */
export const getGroup = (objects: Objects, pid: number): number => fieldOf(objects, pid, PROCESS.GROUP)

/** getsid(2); 0 is the caller. -ESRCH. */
export const getSession = (objects: Objects, pid: number): number => fieldOf(objects, pid, PROCESS.SESSION)

const fieldOf = (objects: Objects, pid: number, field: number): number => {
  const slot = slotOf(objects, pid)
  return slot < 0 ? -ERRNO.SRCH : getWord(objects.memory, processAt(slot) + field)
}

const slotOf = (objects: Objects, pid: number): number =>
  pid === 0 ? objects.slot : findProcess(objects.memory, pid)

/**
 * setpgid(2): the caller or a child of its session goes into a group of that session, or its own (0). 0, -ESRCH for any other
 * process, -EPERM for a session's leader and for a group that is not there, -EINVAL.
 */
export const setGroup = (objects: Objects, pid: number, group: number): number =>
  locked(objects, () => {
    const { memory } = objects
    if (group < 0) return -ERRNO.INVAL
    const slot = slotOf(objects, pid)
    if (slot < 0 || objects.slot < 0) return -ERRNO.SRCH
    const [at, own] = [processAt(slot), processAt(objects.slot)]
    const isChild = getWord(memory, at + PROCESS.PARENT) === getWord(memory, own + PROCESS.PID)
    if (slot !== objects.slot && !isChild) return -ERRNO.SRCH
    const session = getWord(memory, own + PROCESS.SESSION)
    const target = getWord(memory, at + PROCESS.PID)
    if (getWord(memory, at + PROCESS.SESSION) !== session || target === session) return -ERRNO.PERM
    if (group !== 0 && group !== target && !isGroupOf(objects, group, session)) return -ERRNO.PERM
    setWord(memory, at + PROCESS.GROUP, group === 0 ? target : group)
    return 0
  })

/** Whether a living process of that session is in the group. The caller holds the lock. */
export const isGroupOf = (objects: Objects, group: number, session: number): boolean =>
  groupMembers(objects, group).some(
    (slot) => getWord(objects.memory, processAt(slot) + PROCESS.SESSION) === session,
  )

/** setsid(2): a session and a group of the caller's own, without a terminal. Its number, or -EPERM for a group's leader. */
export const newSession = (objects: Objects): number =>
  locked(objects, () => {
    const { memory } = objects
    const at = processAt(objects.slot)
    const pid = getWord(memory, at + PROCESS.PID)
    if (groupMembers(objects, pid).length > 0) return -ERRNO.PERM
    for (const field of [PROCESS.SESSION, PROCESS.GROUP]) setWord(memory, at + field, pid)
    setWord(memory, at + PROCESS.TTY, 0)
    return pid
  })

/** Whether a session has that terminal. The caller holds the lock. */
export const isControlled = ({ memory }: Objects, tty: number): boolean => {
  for (let slot = 0; slot < MAX_PROCESSES; slot++) {
    const at = processAt(slot)
    const isThere = getWord(memory, at + PROCESS.STATE) !== PROCESS_STATE.FREE
    if (isThere && getWord(memory, at + PROCESS.TTY) === tty) return true
  }
  return false
}

/** tcsetpgrp(3), as an operation, for a background caller is stopped first. 0, -ENOTTY, -EPERM for a group of another session. */
export const foregroundOperation = (objects: Objects, tty: number, group: number): Operation =>
  terminalOperation(objects, tty, () => {
    const at = processAt(objects.slot)
    if (getWord(objects.memory, at + PROCESS.TTY) !== tty) return -ERRNO.NOTTY
    if (!isGroupOf(objects, group, getWord(objects.memory, at + PROCESS.SESSION))) return -ERRNO.PERM
    setWordAt(objects, tty + TTY.FOREGROUND, group)
    return 0
  })

/** A change of the terminal (`act` gives 0 or -errno), which a background process makes only after SIGTTOU. */
export const terminalOperation = (objects: Objects, tty: number, act: () => number): Operation => ({
  call: SYSCALLS.ioctl.number,
  attempt: () => locked(objects, () => refuseBackground(objects, tty, SIGNAL.TTOU) || act()),
  watch: () => {},
  deadline: () => Number.POSITIVE_INFINITY,
  interrupted: (errno) => -errno,
})

/**
 * What stands in the way of a process that uses its terminal from the background: 0 nothing, PENDING when its group has got the
 * signal (TTIN or TTOU), -EIO when it would not be stopped by it. The caller holds the lock.
 */
export const refuseBackground = (objects: Objects, tty: number, signal: number): number => {
  const { memory, slot } = objects
  if (slot < 0) return 0
  const at = processAt(slot)
  const group = getWord(memory, at + PROCESS.GROUP)
  const foreground = word(objects, tty + TTY.FOREGROUND)
  if (group === foreground || foreground === 0 || getWord(memory, at + PROCESS.TTY) !== tty) return 0
  const deaf = getWord(memory, at + PROCESS.IGNORED) | getWord(memory, at + PROCESS.BLOCKED)
  if (deaf & signalBit(signal)) return signal === SIGNAL.TTOU ? 0 : -ERRNO.IO
  if (isOrphaned(objects, group)) return -ERRNO.IO
  raiseGroup(objects, group, signal)
  return PENDING
}
