/** The end of a pseudo-terminal's master: whoever is on the other side has lost its terminal. */
import { SIGNAL } from '../abi/signals.ts'
import { type Objects, word } from './objects.ts'
import { raiseGroup } from './signal.ts'
import { hangUpTty, releaseTty, TTY } from './tty.ts'

/** Reads on the slave end, writes are EIO, and the foreground is told (POSIX, modem disconnect). The caller holds the lock. */
export const closeMaster = (objects: Objects, tty: number): void => {
  const foreground = word(objects, tty + TTY.FOREGROUND)
  hangUpTty(objects, tty)
  for (const signal of [SIGNAL.HUP, SIGNAL.CONT]) raiseGroup(objects, foreground, signal)
  releaseTty(objects, tty)
}
