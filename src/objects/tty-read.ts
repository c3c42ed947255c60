/**
 * Reading a terminal: a finished line at most in canonical mode, whatever is there in raw mode.
 *
 * Invariant: as tty.ts.
 */
import { SIGNAL } from '../abi/signals.ts'
import { wakeSet } from '../memory/wake.ts'
import { refuseBackground } from './jobs.ts'
import { locked, type Objects, setWordAt, word } from './objects.ts'
import { type Spans, scatter, spansTotal } from './spans.ts'
import { CONTROL, LOCAL_MODE } from './termios.ts'
import { control, INPUT_CAPACITY, mode, TTY } from './tty.ts'
import { PENDING } from './types.ts'

/**
 * Bytes that a read would give, at least: an end of file counts as 1, a hung-up terminal too; 0 when it would wait. The caller
 * holds the lock.
 */
export const readable = (objects: Objects, tty: number): number => {
  const count = word(objects, tty + TTY.COUNT)
  const hungUp = word(objects, tty + TTY.HUNG_UP)
  if (mode(objects, tty, LOCAL_MODE.ICANON))
    return word(objects, tty + TTY.LINES) > 0 ? word(objects, tty + TTY.READY) : hungUp
  return count >= Math.max(1, control(objects, tty, CONTROL.MIN)) ? count : hungUp
}

/**
 * Bytes read (at most one line in canonical mode), 0 at an end of file, PENDING while there is nothing, or when a process in the
 * background has got SIGTTIN for it (-EIO when that would not stop it). The spans fit.
 */
export const ttyRead = (objects: Objects, tty: number, spans: Spans): number =>
  locked(objects, () => {
    const total = spansTotal(spans)
    if (total === 0) return 0
    const refused = refuseBackground(objects, tty, SIGNAL.TTIN)
    if (refused < 0) return refused
    const isLine = mode(objects, tty, LOCAL_MODE.ICANON)
    const done = isLine ? readLine(objects, tty, spans, total) : readRaw(objects, tty, spans, total)
    if (done > 0) wakeSet(objects.memory, tty + TTY.MASTER_WAITERS)
    return done
  })

/** Milliseconds a read may wait for the first byte (VMIN 0 with VTIME), else Infinity. */
export const readTimeout = (objects: Objects, tty: number): number => {
  if (mode(objects, tty, LOCAL_MODE.ICANON) || control(objects, tty, CONTROL.MIN) > 0) return Infinity
  return control(objects, tty, CONTROL.TIME) * 100
}

const readRaw = (objects: Objects, tty: number, spans: Spans, total: number): number => {
  const count = word(objects, tty + TTY.COUNT)
  const hungUp = word(objects, tty + TTY.HUNG_UP) !== 0
  const wanted = Math.min(control(objects, tty, CONTROL.MIN), total)
  if (count < Math.max(1, wanted) && !hungUp) return readTimeout(objects, tty) === 0 ? 0 : PENDING
  const length = Math.min(count, total)
  takeBytes(objects, tty, spans, length)
  return length
}

const readLine = (objects: Objects, tty: number, spans: Spans, total: number): number => {
  if (word(objects, tty + TTY.LINES) === 0) return word(objects, tty + TTY.HUNG_UP) ? 0 : PENDING
  const ready = word(objects, tty + TTY.READY)
  let length = 0
  while (length < total && length < ready && !isEnd(objects, tty, length)) length++
  const endsInRoom = length < ready && isEnd(objects, tty, length)
  const isEof = endsInRoom && inputAt(objects, tty, length) === 0
  if (endsInRoom && !isEof && length < total) {
    takeBytes(objects, tty, spans, length + 1)
    setWordAt(objects, tty + TTY.LINES, word(objects, tty + TTY.LINES) - 1)
    return length + 1
  }
  takeBytes(objects, tty, spans, length)
  if (isEof) {
    takeBytes(objects, tty, spans, 1, true)
    setWordAt(objects, tty + TTY.LINES, word(objects, tty + TTY.LINES) - 1)
  }
  return length
}

const inputPosition = (objects: Objects, tty: number, index: number): number =>
  word(objects, tty + TTY.INPUT) * 4 + ((word(objects, tty + TTY.HEAD) + index) % INPUT_CAPACITY)

const inputAt = (objects: Objects, tty: number, index: number): number =>
  objects.memory.u8[inputPosition(objects, tty, index)] as number

const isEnd = (objects: Objects, tty: number, index: number): boolean =>
  objects.memory.u8[inputPosition(objects, tty, index) + INPUT_CAPACITY] === 1

/** Moves bytes from the ring to the spans, or only out of the ring. */
const takeBytes = (objects: Objects, tty: number, spans: Spans, length: number, drops = false): void => {
  if (!drops) {
    const first = Math.min(length, INPUT_CAPACITY - word(objects, tty + TTY.HEAD))
    scatter(spans, 0, first, objects.memory.u8, inputPosition(objects, tty, 0))
    scatter(spans, first, length - first, objects.memory.u8, word(objects, tty + TTY.INPUT) * 4)
  }
  setWordAt(objects, tty + TTY.HEAD, (word(objects, tty + TTY.HEAD) + length) % INPUT_CAPACITY)
  setWordAt(objects, tty + TTY.COUNT, word(objects, tty + TTY.COUNT) - length)
  setWordAt(objects, tty + TTY.READY, Math.max(0, word(objects, tty + TTY.READY) - length))
}
