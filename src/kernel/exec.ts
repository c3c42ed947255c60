/**
 * exec(2) in place: the same pid, descriptors, directory, group and terminal, with another program in another worker. What POSIX
 * gives back is given back: descriptors marked close-on-exec, and signal handlers, which the new program does not have.
 */
import type { Preopen } from '../abi/control.ts'
import { ERRNO, SysError } from '../abi/errno.ts'
import { PROCESS, processAt, THREAD, threadAt } from '../memory/layout.ts'
import { getWord, setWord, takeThread } from '../memory/slots.ts'
import { createDescriptors } from '../objects/descriptors.ts'
import { LOCK_KIND, releaseLocksOf } from '../objects/lock-list.ts'
import { locked, type Objects } from '../objects/objects.ts'
import { streamKind } from '../objects/open-file.ts'
import { STREAM } from '../objects/types.ts'
import type { Files } from '../vfs/types.ts'
import type { Entry } from './entry.ts'
import { openPreopens } from './preopens.ts'

/** Stops all threads of the process (`stop`) and gives it a fresh one. @throws SysError EAGAIN when the machine has none left: nothing is changed */
export const replaceThread = (objects: Objects, stop: (thread: number) => void, entry: Entry): void => {
  const { memory } = objects
  const thread = takeThread(memory, entry.pid)
  if (thread < 0)
    throw new SysError(ERRNO.AGAIN, entry.request.command, 'the machine runs 255 threads already')
  const before = entry.thread
  entry.slept += (getWord(memory, threadAt(before) + THREAD.BLOCKED_US) >>> 0) / 1000
  entry.thread = thread
  const further = [...entry.threads.keys()]
  entry.threads.clear()
  setWord(memory, processAt(entry.slot) + PROCESS.THREADS, 1)
  for (const each of [...further, before]) stop(each)
}

export const renewDescriptors = (
  objects: Objects,
  files: Files,
  entry: Pick<Entry, 'pid' | 'slot'>,
  preopens: readonly Preopen[],
): void => {
  // The threads that waited are gone; what the process has, it keeps.
  locked(objects, () => releaseLocksOf(objects, LOCK_KIND.WAITING, entry.pid))
  const descriptors = createDescriptors(objects, entry.slot)
  // Preopens are the runtime's view of the machine, so each program has those of its kind.
  for (const fd of descriptors.list())
    if (descriptors.closeOnExec(fd) || descriptors.preopen(fd) || isCapability(objects, descriptors.get(fd)))
      descriptors.close(fd)
  openPreopens(objects, files, descriptors, preopens)
  setWord(objects.memory, processAt(entry.slot) + PROCESS.HANDLED, 0)
}

/** What was handed to a program is not the next one's. */
const isCapability = (objects: Objects, file: number): boolean =>
  streamKind(objects, file) === STREAM.CAPABILITY
