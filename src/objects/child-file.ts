/**
 * A process as something to wait for beside all else (pidfd_open of Linux): a descriptor that is readable once the process has
 * ended. Its status is then had by wait(2), from its parent.
 *
 * Invariant: pids are not used twice, so what is not there any more has ended.
 */
import { ERRNO } from '../abi/errno.ts'
import { PROCESS, PROCESS_STATE, processAt } from '../memory/layout.ts'
import { findProcess, getWord } from '../memory/slots.ts'
import type { StreamKind } from './kinds.ts'
import type { Objects } from './objects.ts'
import { createOpenFile } from './open-file.ts'
import { JOB } from './slot-words.ts'
import { ACCESS, READY, STREAM } from './types.ts'

/** An open file, or -ESRCH. */
export const openChild = (objects: Objects, pid: number): number =>
  pid > 0 && findProcess(objects.memory, pid) >= 0
    ? createOpenFile(objects, { stream: STREAM.CHILD, object: pid, access: ACCESS.READ, status: 0 })
    : -ERRNO.SRCH

const hasEnded = ({ memory }: Objects, pid: number): boolean => {
  const slot = findProcess(memory, pid)
  return slot < 0 || getWord(memory, processAt(slot) + PROCESS.STATE) === PROCESS_STATE.ZOMBIE
}

export const CHILD_STREAM: StreamKind = {
  stream: STREAM.CHILD,
  read: () => -ERRNO.INVAL,
  write: () => -ERRNO.INVAL,
  check: (objects, pid, entry) => {
    if (hasEnded(objects, pid)) entry.ready = READY.READ | READY.HANGUP
  },
  set: ({ memory }, pid) => {
    const slot = findProcess(memory, pid)
    return slot < 0 ? 0 : processAt(slot) + JOB.END_WAITERS
  },
}
