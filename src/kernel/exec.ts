/**
 * exec(2) in place: the same pid, descriptors, directory, group and terminal, with another program in another worker. What POSIX
 * gives back is given back: descriptors marked close-on-exec, and signal handlers, which the new program does not have.
 */
import type { Preopen } from '../abi/control.ts'
import { ERRNO, SysError } from '../abi/errno.ts'
import { PROCESS, processAt, THREAD, threadAt } from '../memory/layout.ts'
import { getWord, setWord, takeThread } from '../memory/slots.ts'
import { createDescriptors } from '../objects/descriptors.ts'
import type { Objects } from '../objects/objects.ts'
import { streamKind } from '../objects/open-file.ts'
import { STREAM } from '../objects/types.ts'
import type { Files } from '../vfs/types.ts'
import type { Entry } from './entry.ts'
import type { Reaper } from './kill.ts'
import { openPreopens } from './preopens.ts'

/** Ends the caller's thread and gives the process another. @throws SysError EAGAIN when the machine has none left: nothing is changed */
export const replaceThread = (objects: Objects, reaper: Reaper, entry: Entry): void => {
  const { memory } = objects
  const thread = takeThread(memory, entry.pid)
  if (thread < 0)
    throw new SysError(ERRNO.AGAIN, entry.request.command, 'the machine runs 255 threads already')
  const before = entry.thread
  entry.slept += (getWord(memory, threadAt(before) + THREAD.BLOCKED_US) >>> 0) / 1000
  entry.thread = thread
  for (const further of entry.threads.keys()) reaper.endThread(further)
  entry.threads.clear()
  reaper.endThread(before)
}

export const renewDescriptors = (
  objects: Objects,
  files: Files,
  entry: Pick<Entry, 'slot'>,
  preopens: readonly Preopen[],
): void => {
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
