/**
 * What programs print and what the keyboard echoes, in order, in one ring. stdout and stderr lead to the same terminal but
 * keep their names, so that the console can colour them.
 *
 *   [channel, length | bytes…] [channel, length | bytes…] …     header: 4 bytes, the channel in the first one
 *   HEAD                        RUN                       HEAD + COUNT
 *
 * Invariant: HEAD is at a header; RUN is at the last one, or −1 when the ring is empty; neighbours differ in channel.
 */
import type { OutputChunk } from '../abi/control.ts'
import { ERRNO } from '../abi/errno.ts'
import { SIGNAL } from '../abi/signals.ts'
import { KERNEL_THREAD } from '../memory/layout.ts'
import { wake, wakeSet } from '../memory/wake.ts'
import { refuseBackground } from './jobs.ts'
import { locked, type Objects, setWordAt, word } from './objects.ts'
import { ringPut, ringTake } from './ring.ts'
import { gather, type Spans, spanOf, spansTotal } from './spans.ts'
import { LOCAL_MODE, OUTPUT_MODE } from './termios.ts'
import { mode, OUTPUT_CAPACITY, TTY } from './tty.ts'
import { PENDING } from './types.ts'

const HEADER = 4
/** Programs leave that much of the ring to the echo, so that typing shows while one prints without end. */
const ECHO_RESERVE = 1024
/** Bytes looked at to tell the cursor's column after a long write. */
const COLUMN_WINDOW = 256
const NEWLINE = 10
const RETURN = 13
const ESCAPE = 27

/**
 * Bytes of the spans, after `skip`, that went into the ring; PENDING while it is full (or SIGTTOU is due), -EIO after a hang-up. The spans fit.
 */
export const ttyWrite = (
  objects: Objects,
  tty: number,
  channel: number,
  spans: Spans,
  skip: number,
): number => {
  const total = spansTotal(spans)
  if (total === skip) return 0
  return locked(objects, () => {
    if (word(objects, tty + TTY.HUNG_UP)) return -ERRNO.IO
    if (mode(objects, tty, LOCAL_MODE.TOSTOP)) {
      const refused = refuseBackground(objects, tty, SIGNAL.TTOU)
      if (refused < 0) return refused
    }
    const done = put(objects, tty, channel, spans, skip, total - skip, ECHO_RESERVE)
    return done === 0 ? PENDING : done
  })
}

/** Bytes that a write would take at once. The caller holds the lock. */
export const writable = (objects: Objects, tty: number): number =>
  Math.max(0, OUTPUT_CAPACITY - ECHO_RESERVE - HEADER - word(objects, tty + TTY.OUT_COUNT))

/** Echo. What has no room is lost, as on Linux. The caller holds the lock. */
export const echoText = (objects: Objects, tty: number, bytes: number[]): void => {
  put(objects, tty, 1, spanOf(Uint8Array.from(bytes)), 0, bytes.length, 0)
}

/** Echo of bytes that are shown as they are. The caller holds the lock. */
export const echoSpan = (objects: Objects, tty: number, spans: Spans): void => {
  put(objects, tty, 1, spans, 0, spansTotal(spans), 0)
}

/** Wipes that many columns to the left of the cursor. The caller holds the lock. */
export const eraseColumns = (objects: Objects, tty: number, columns: number): void => {
  for (let column = 0; column < columns; column++) echoText(objects, tty, [8, 32, 8])
}

const put = (
  objects: Objects,
  tty: number,
  channel: number,
  spans: Spans,
  skip: number,
  length: number,
  reserve: number,
): number => {
  const room = OUTPUT_CAPACITY - reserve - HEADER - word(objects, tty + TTY.OUT_COUNT)
  if (room <= 0) return 0
  const modes = word(objects, tty + TTY.OUTPUT_MODES)
  if (modes & OUTPUT_MODE.OPOST && modes & OUTPUT_MODE.ONLCR)
    return putWithReturns(objects, tty, channel, spans, skip, Math.min(length, room >> 1))
  const now = Math.min(length, room)
  appendRun(objects, tty, channel, spans, skip, now)
  return now
}

/** ONLCR. There is room for twice `length`, for all of it may be newlines. */
const putWithReturns = (
  objects: Objects,
  tty: number,
  channel: number,
  spans: Spans,
  skip: number,
  length: number,
): number => {
  const source = new Uint8Array(length)
  if (source.length === 0) return 0
  const result = new Uint8Array(source.length * 2)
  gather(spans, skip, source.length, source, 0)
  let written = 0
  for (const byte of source) {
    if (byte === NEWLINE) result[written++] = RETURN
    result[written++] = byte
  }
  appendRun(objects, tty, channel, spanOf(result, 0, written), 0, written)
  return source.length
}

/** Copies first and counts afterwards without a call in between: a stack overflow leaves the ring as it was. */
const appendRun = (
  objects: Objects,
  tty: number,
  channel: number,
  spans: Spans,
  skip: number,
  length: number,
): void => {
  const { i32, u8 } = objects.memory
  const base = outputBase(objects, tty)
  const count = word(objects, tty + TTY.OUT_COUNT)
  const last = word(objects, tty + TTY.OUT_RUN)
  const header = last < 0 ? 0 : runHeader(objects, tty, last)
  const joins = header >>> 24 === channel
  const end = endOfOutput(objects, tty)
  const start = joins ? end : end + HEADER
  ringPut(u8, base, OUTPUT_CAPACITY, start, spans, skip, length)
  const column = columnBehind(objects, tty, start, length)
  const run = joins ? last : end
  const next = (joins ? header : channel << 24) + length
  for (let index = 0; index < HEADER; index++)
    u8[base + ((run + index) % OUTPUT_CAPACITY)] = next >>> (8 * (HEADER - 1 - index))
  i32[tty + TTY.OUT_RUN] = run
  i32[tty + TTY.OUT_COUNT] = count + length + (joins ? 0 : HEADER)
  i32[tty + TTY.COLUMN] = column
  if (count > 0) return
  wake(objects.memory, KERNEL_THREAD)
  wakeSet(objects.memory, tty + TTY.MASTER_WAITERS)
}

const outputBase = (objects: Objects, tty: number): number => word(objects, tty + TTY.OUTPUT) * 4

const endOfOutput = (objects: Objects, tty: number): number =>
  (word(objects, tty + TTY.OUT_HEAD) + word(objects, tty + TTY.OUT_COUNT)) % OUTPUT_CAPACITY

const runHeader = (objects: Objects, tty: number, at: number): number => {
  let header = 0
  for (let index = 0; index < HEADER; index++) header = (header << 8) | outputAt(objects, tty, at + index)
  return header
}

const setRunHeader = (objects: Objects, tty: number, at: number, header: number): void => {
  const base = outputBase(objects, tty)
  for (let index = 0; index < HEADER; index++)
    objects.memory.u8[base + ((at + index) % OUTPUT_CAPACITY)] = header >>> (8 * (HEADER - 1 - index))
}

const outputAt = (objects: Objects, tty: number, position: number): number =>
  objects.memory.u8[outputBase(objects, tty) + (position % OUTPUT_CAPACITY)] as number

/** Follows the cursor through the output of `length` bytes at `start`; only erasing a tab needs it. */
const columnBehind = (objects: Objects, tty: number, start: number, length: number): number => {
  const window = Math.min(length, COLUMN_WINDOW)
  const { u8 } = objects.memory
  const base = outputBase(objects, tty)
  let column = window < length ? 0 : word(objects, tty + TTY.COLUMN)
  let inEscape = false
  for (let index = length - window; index < length; index++) {
    const byte = u8[base + ((start + index) % OUTPUT_CAPACITY)] as number
    if (inEscape) inEscape = byte < 0x40 || byte === 0x5b
    else if (byte === ESCAPE) inEscape = true
    else column = columnAfter(column, byte)
  }
  return column
}

const columnAfter = (column: number, byte: number): number => {
  if (byte === NEWLINE || byte === RETURN) return 0
  if (byte === 9) return column + 8 - (column % 8)
  if (byte === 8) return Math.max(0, column - 1)
  if (byte < 32 || (byte & 0xc0) === 0x80) return column
  return column + (byte >= 0xf0 ? 2 : 1)
}

/** Bytes that wait for the kernel, headers counted in. */
export const ttyOutputPending = (objects: Objects, tty: number): number =>
  locked(objects, () => word(objects, tty + TTY.OUT_COUNT))

/**
 * For the kernel: takes out up to `max` bytes as runs of one channel each, copied to memory of their own, and wakes who waits
 * for room.
 */
export const ttyDrain = (objects: Objects, tty: number, max: number): OutputChunk[] => {
  const chunks: OutputChunk[] = []
  objects.lock.acquire()
  try {
    let left = max
    while (left > 0 && word(objects, tty + TTY.OUT_COUNT) > 0) {
      const chunk = takeRun(objects, tty, left)
      left -= chunk.bytes.length
      chunks.push(chunk)
    }
    if (word(objects, tty + TTY.OUT_COUNT) === 0) setWordAt(objects, tty + TTY.OUT_RUN, -1)
  } finally {
    objects.lock.release()
  }
  if (chunks.length > 0) wakeSet(objects.memory, tty + TTY.WRITE_WAITERS)
  return chunks
}

const takeRun = (objects: Objects, tty: number, max: number): OutputChunk => {
  const head = word(objects, tty + TTY.OUT_HEAD)
  const header = runHeader(objects, tty, head)
  const whole = header & 0xffffff
  const length = Math.min(whole, max)
  const bytes = new Uint8Array(length)
  ringTake(
    objects.memory.u8,
    outputBase(objects, tty),
    OUTPUT_CAPACITY,
    head + HEADER,
    spanOf(bytes),
    0,
    length,
  )
  // A run taken in part gets its header anew, just before what is left of it.
  const passed = length === whole ? HEADER + length : length
  const next = (head + passed) % OUTPUT_CAPACITY
  if (length < whole) {
    if (word(objects, tty + TTY.OUT_RUN) === head) setWordAt(objects, tty + TTY.OUT_RUN, next)
    setRunHeader(objects, tty, next, header - length)
  }
  setWordAt(objects, tty + TTY.OUT_HEAD, next)
  setWordAt(objects, tty + TTY.OUT_COUNT, word(objects, tty + TTY.OUT_COUNT) - passed)
  return { channel: header >>> 24 === 2 ? 2 : 1, bytes }
}
