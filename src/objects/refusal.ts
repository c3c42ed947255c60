/** What a limit refuses a process in its own calls: a bit for the kernel, which tells the user (src/kernel/refusals.ts). */
import { processAt } from '../memory/layout.ts'
import { orWord } from '../memory/slots.ts'
import type { Objects } from './objects.ts'
import { JOB } from './slot-words.ts'

/** Notes an errno (its bit is its number modulo 32) and gives it as a result: -errno. */
export const refuse = (objects: Objects, errno: number, slot = objects.slot): number => {
  if (slot >= 0) orWord(objects.memory, processAt(slot) + JOB.REFUSED, 1 << errno)
  return -errno
}
