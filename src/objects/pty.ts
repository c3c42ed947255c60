/**
 * Pseudo-terminals (openpty): a terminal of tty.ts with a program in the place of the page. The slave is a terminal like any other;
 * the master reads what the line discipline would show and writes what it takes for the keyboard.
 *
 *   program ─write─► slave ─► output ring ─► master ─read─► terminal emulator, expect, script
 *   program ◄─read── slave ◄─ [ line discipline ] ◄─ master ◄─write─┘
 *
 * Invariant: the master is one user of the tty, and in the place of the kernel; each open slave is another.
 */
import { ERRNO } from '../abi/errno.ts'
import { PROCESS, processAt } from '../memory/layout.ts'
import { getWord, setWord } from '../memory/slots.ts'
import { isControlled } from './jobs.ts'
import type { StreamKind } from './kinds.ts'
import { locked, type Objects, setWordAt, word } from './objects.ts'
import { createOpenFile, releaseFile } from './open-file.ts'
import { gather, type Spans, scatter, spansTotal } from './spans.ts'
import { DEFAULT_TERMIOS, OUTPUT_MODE } from './termios.ts'
import { createTty, INPUT_CAPACITY, releaseTty, setTermios, TTY } from './tty.ts'
import { ttyInput } from './tty-input.ts'
import { ttyDrain } from './tty-output.ts'
import { ACCESS, PENDING, READY, STREAM } from './types.ts'

/** Most that one read or write of the master moves. */
const CHUNK_BYTES = 16_384

/** Both sides, each an open file with one reference, or -errno when memory is full. The slave turns newlines into CR LF, as on Linux. */
export const openPty = (
  objects: Objects,
  columns: number,
  rows: number,
): { master: number; slave: number } | number =>
  locked(objects, () => {
    const object = createTty(objects, columns, rows)
    if (object < 0) return object
    setTermios(objects, object, { ...DEFAULT_TERMIOS, output: OUTPUT_MODE.OPOST | OUTPUT_MODE.ONLCR })
    const access = ACCESS.READ | ACCESS.WRITE
    // It takes over the one user that createTty has counted.
    const master = createOpenFile(objects, { stream: STREAM.PTY, object, access, status: 0 })
    if (master < 0) {
      releaseTty(objects, object)
      return master
    }
    const slave = createOpenFile(objects, { stream: STREAM.TTY, object, access, status: 0 })
    if (slave > 0) return { master, slave }
    releaseFile(objects, master)
    return slave
  })

/**
 * TIOCSCTTY: the terminal becomes the one of the caller's session. 0; -EPERM for who leads no session or has a terminal, or where
 * it is another session's.
 */
export const controlTerminal = (objects: Objects, tty: number): number =>
  locked(objects, () => {
    const { memory } = objects
    const at = processAt(objects.slot)
    const pid = getWord(memory, at + PROCESS.PID)
    const own = getWord(memory, at + PROCESS.TTY)
    if (own === tty) return 0
    if (getWord(memory, at + PROCESS.SESSION) !== pid || own !== 0 || isControlled(objects, tty))
      return -ERRNO.PERM
    setWord(memory, at + PROCESS.TTY, tty)
    setWordAt(objects, tty + TTY.FOREGROUND, getWord(memory, at + PROCESS.GROUP))
    return 0
  })

/** Whether a slave is open. */
const hasSlave = (objects: Objects, tty: number): boolean => word(objects, tty + TTY.USERS) > 1

const readMaster = (objects: Objects, tty: number, spans: Spans): number => {
  const total = Math.min(spansTotal(spans), CHUNK_BYTES)
  if (total === 0) return 0
  return locked(objects, () => {
    let done = 0
    for (const { bytes } of ttyDrain(objects, tty, total)) {
      scatter(spans, done, bytes.length, bytes, 0)
      done += bytes.length
    }
    if (done > 0) return done
    return hasSlave(objects, tty) ? PENDING : -ERRNO.IO
  })
}

const writeMaster = (objects: Objects, tty: number, spans: Spans, skip: number): number => {
  const bytes = new Uint8Array(Math.min(spansTotal(spans) - skip, CHUNK_BYTES))
  if (bytes.length === 0) return 0
  gather(spans, skip, bytes.length, bytes, 0)
  if (!hasSlave(objects, tty)) return -ERRNO.IO
  return ttyInput(objects, tty, bytes) || PENDING
}

export const PTY_STREAM: StreamKind = {
  stream: STREAM.PTY,
  read: readMaster,
  write: writeMaster,
  check: (objects, tty, entry) => {
    const isRead = entry.kind === 'read'
    const room = INPUT_CAPACITY - 1 - word(objects, tty + TTY.COUNT)
    entry.bytes = isRead ? word(objects, tty + TTY.OUT_COUNT) : room
    const way = isRead ? READY.READ : READY.WRITE
    if (entry.bytes > 0) entry.ready = way
    if (!hasSlave(objects, tty)) entry.ready |= way | READY.HANGUP
  },
  set: (_objects, tty) => tty + TTY.MASTER_WAITERS,
}
