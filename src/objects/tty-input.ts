/**
 * The line discipline (POSIX chapter 11, General Terminal Interface): what becomes of bytes from the keyboard. The kernel
 * calls `ttyInput`, which never waits; reading is in tty-read.ts.
 *
 * Invariant: as tty.ts; in canonical mode one place is kept free for the end of the line, so a full ring can always be read.
 */
import { SIGNAL } from '../abi/signals.ts'
import { wakeSet } from '../memory/wake.ts'
import { locked, type Objects, setWordAt, word } from './objects.ts'
import { ringPut } from './ring.ts'
import { raiseGroup } from './signal.ts'
import { spanOf } from './spans.ts'
import { CONTROL, INPUT_MODE, LOCAL_MODE } from './termios.ts'
import { control, flagAt, INPUT_CAPACITY, mode, TTY } from './tty.ts'
import { echoSpan, echoText, eraseColumns } from './tty-output.ts'
import { readable } from './tty-read.ts'

const NEWLINE = 10
const RETURN = 13
const BACKSPACE = 8
const TAB = 9
const BELL = 7
const DELETE = 127
/** Bytes taken under one hold of the lock. */
const CHUNK = 1024

/**
 * Bytes from the keyboard or a paste. How many were taken: fewer when programs have yet to read what is there (offer the rest
 * again later). ^C, ^\ and ^Z are found even behind bytes that have no room.
 */
export const ttyInput = (objects: Objects, tty: number, bytes: Uint8Array): number => {
  let taken = 0
  while (taken < bytes.length) {
    const now = locked(objects, () => inputChunk(objects, tty, bytes, taken))
    taken += now
    if (now === 0) break
  }
  return taken
}

const inputChunk = (objects: Objects, tty: number, bytes: Uint8Array, from: number): number => {
  const end = Math.min(bytes.length, from + CHUNK)
  let at = from
  while (at < end) {
    const plain = inputPlain(objects, tty, bytes, at, end)
    if (plain === 0 && !inputByte(objects, tty, bytes[at] as number)) break
    at += Math.max(1, plain)
  }
  if (at < end) at = takeUpToSignal(objects, tty, bytes, at)
  if (readable(objects, tty) > 0) wakeSet(objects.memory, tty + TTY.READ_WAITERS)
  return at - from
}

/** The ring is full: a signal key further on discards what is before it, as it would have from the ring. */
const takeUpToSignal = (objects: Objects, tty: number, bytes: Uint8Array, from: number): number => {
  for (let at = from; at < bytes.length; at++) {
    if (inputSignal(objects, tty, bytes[at] as number)) return at + 1
  }
  return from
}

/** Takes a run of bytes that mean nothing to the line discipline in one go: how many. A paste is mostly that. */
const inputPlain = (objects: Objects, tty: number, bytes: Uint8Array, from: number, end: number): number => {
  let to = from
  while (to < end && (bytes[to] as number) >= 32 && bytes[to] !== DELETE) to++
  for (let index = CONTROL.INTR; index <= CONTROL.SUSP; index++) {
    const key = control(objects, tty, index)
    const at = key < 32 || key === DELETE ? -1 : bytes.subarray(from, to).indexOf(key)
    if (at >= 0) to = from + at
  }
  const count = word(objects, tty + TTY.COUNT)
  const room = INPUT_CAPACITY - count - (mode(objects, tty, LOCAL_MODE.ICANON) ? 1 : 0)
  const length = Math.min(to - from, room)
  if (length <= 0) return 0
  startLine(objects, tty)
  const spans = spanOf(bytes, from, length)
  const { u8 } = objects.memory
  const base = word(objects, tty + TTY.INPUT) * 4
  const position = word(objects, tty + TTY.HEAD) + count
  ringPut(u8, base, INPUT_CAPACITY, position, spans, 0, length)
  for (let index = 0; index < length; index++)
    u8[base + INPUT_CAPACITY + ((position + index) % INPUT_CAPACITY)] = 0
  setWordAt(objects, tty + TTY.COUNT, count + length)
  if (mode(objects, tty, LOCAL_MODE.ECHO)) echoSpan(objects, tty, spans)
  return length
}

/** Remembers the column where the line being edited begins. */
const startLine = (objects: Objects, tty: number): void => {
  if (lineLength(objects, tty) === 0)
    setWordAt(objects, tty + TTY.LINE_COLUMN, word(objects, tty + TTY.COLUMN))
}

/** False when there is no room for the byte. */
const inputByte = (objects: Objects, tty: number, raw: number): boolean => {
  const modes = word(objects, tty + TTY.INPUT_MODES)
  let byte = raw
  if (raw === RETURN) {
    if (modes & INPUT_MODE.IGNCR) return true
    if (modes & INPUT_MODE.ICRNL) byte = NEWLINE
  } else if (raw === NEWLINE && modes & INPUT_MODE.INLCR) byte = RETURN
  if (inputSignal(objects, tty, byte)) return true
  if (mode(objects, tty, LOCAL_MODE.ICANON)) return inputCanonical(objects, tty, byte)
  if (word(objects, tty + TTY.COUNT) >= INPUT_CAPACITY) return false
  putByte(objects, tty, byte)
  echoByte(objects, tty, byte)
  return true
}

const SIGNAL_KEYS = [
  [CONTROL.INTR, SIGNAL.INT],
  [CONTROL.QUIT, SIGNAL.QUIT],
  [CONTROL.SUSP, SIGNAL.TSTP],
] as const

/** True when the byte is a signal's key. */
const inputSignal = (objects: Objects, tty: number, byte: number): boolean => {
  if (byte === 0 || !mode(objects, tty, LOCAL_MODE.ISIG)) return false
  const key = SIGNAL_KEYS.find(([index]) => byte === control(objects, tty, index))
  if (!key) return false
  if (!mode(objects, tty, LOCAL_MODE.NOFLSH)) flushInput(objects, tty)
  echoByte(objects, tty, byte)
  raiseGroup(objects, word(objects, tty + TTY.FOREGROUND), key[1])
  return true
}

const flushInput = (objects: Objects, tty: number): void => {
  for (const field of [TTY.HEAD, TTY.COUNT, TTY.READY, TTY.LINES]) setWordAt(objects, tty + field, 0)
}

const inputCanonical = (objects: Objects, tty: number, byte: number): boolean => {
  if (byte !== 0 && byte === control(objects, tty, CONTROL.EOF)) return endLine(objects, tty, 0)
  if (byte === NEWLINE) {
    if (!endLine(objects, tty, NEWLINE)) return false
    if (mode(objects, tty, LOCAL_MODE.ECHO | LOCAL_MODE.ECHONL)) echoText(objects, tty, [NEWLINE])
    return true
  }
  if (byte !== 0 && editLine(objects, tty, byte)) return true
  const count = word(objects, tty + TTY.COUNT)
  if (count >= INPUT_CAPACITY - 1) {
    if (word(objects, tty + TTY.LINES) > 0) return false
    // One endless line: nobody can read it before it ends, so what does not fit is lost, with a bell as on Linux.
    echoText(objects, tty, [BELL])
    return true
  }
  startLine(objects, tty)
  putByte(objects, tty, byte)
  echoByte(objects, tty, byte)
  return true
}

/** Finishes the line with that byte; 0 is an end of file, which is not read itself. */
const endLine = (objects: Objects, tty: number, byte: number): boolean => {
  const count = word(objects, tty + TTY.COUNT)
  if (count >= INPUT_CAPACITY) return false
  putByte(objects, tty, byte)
  flagAt(objects, tty, count)
  setWordAt(objects, tty + TTY.READY, count + 1)
  setWordAt(objects, tty + TTY.LINES, word(objects, tty + TTY.LINES) + 1)
  return true
}

const putByte = (objects: Objects, tty: number, byte: number): void => {
  const { u8 } = objects.memory
  const count = word(objects, tty + TTY.COUNT)
  const base = word(objects, tty + TTY.INPUT) * 4
  const position = (word(objects, tty + TTY.HEAD) + count) % INPUT_CAPACITY
  u8[base + position] = byte
  u8[base + INPUT_CAPACITY + position] = 0
  setWordAt(objects, tty + TTY.COUNT, count + 1)
}

// ── Editing ─────────────────────────────────────────────────────────────────

/** ERASE, WERASE and KILL. False when the byte is none of them. */
const editLine = (objects: Objects, tty: number, byte: number): boolean => {
  const erase = control(objects, tty, CONTROL.ERASE)
  // Terminals disagree on what Backspace sends; whoever has one of the two as ERASE means both.
  if (byte === erase || (byte === BACKSPACE && erase === DELETE)) eraseCharacter(objects, tty)
  else if (byte === control(objects, tty, CONTROL.WERASE)) eraseWord(objects, tty)
  else if (byte === control(objects, tty, CONTROL.KILL)) eraseLine(objects, tty)
  else return false
  return true
}

const lineLength = (objects: Objects, tty: number): number =>
  word(objects, tty + TTY.COUNT) - word(objects, tty + TTY.READY)

/** Byte `back` places before the end of the line being edited (1 is the last). */
const byteBack = (objects: Objects, tty: number, back: number): number => {
  const position = word(objects, tty + TTY.HEAD) + word(objects, tty + TTY.COUNT) - back
  return objects.memory.u8[word(objects, tty + TTY.INPUT) * 4 + (position % INPUT_CAPACITY)] as number
}

/** Bytes of the last character: UTF-8's continuation bytes go with their first one. */
const lastCharacter = (objects: Objects, tty: number): number => {
  const most = Math.min(4, lineLength(objects, tty))
  let bytes = 1
  while (bytes < most && (byteBack(objects, tty, bytes) & 0xc0) === 0x80) bytes++
  return bytes
}

const eraseCharacter = (objects: Objects, tty: number): void => {
  if (lineLength(objects, tty) === 0) return
  const bytes = lastCharacter(objects, tty)
  const before = cursorColumn(objects, tty)
  setWordAt(objects, tty + TTY.COUNT, word(objects, tty + TTY.COUNT) - bytes)
  if (!mode(objects, tty, LOCAL_MODE.ECHO)) return
  if (mode(objects, tty, LOCAL_MODE.ECHOE)) eraseColumns(objects, tty, before - cursorColumn(objects, tty))
  else echoByte(objects, tty, control(objects, tty, CONTROL.ERASE))
}

/** Blanks, then everything up to the blank before. */
const eraseWord = (objects: Objects, tty: number): void => {
  const isBlank = (): boolean => [32, TAB].includes(byteBack(objects, tty, 1))
  while (lineLength(objects, tty) > 0 && isBlank()) eraseCharacter(objects, tty)
  while (lineLength(objects, tty) > 0 && !isBlank()) eraseCharacter(objects, tty)
}

const eraseLine = (objects: Objects, tty: number): void => {
  const before = cursorColumn(objects, tty)
  setWordAt(objects, tty + TTY.COUNT, word(objects, tty + TTY.READY))
  if (!mode(objects, tty, LOCAL_MODE.ECHO)) return
  if (mode(objects, tty, LOCAL_MODE.ECHOE)) eraseColumns(objects, tty, before - cursorColumn(objects, tty))
  else echoByte(objects, tty, control(objects, tty, CONTROL.KILL))
  if (!mode(objects, tty, LOCAL_MODE.ECHOE) && mode(objects, tty, LOCAL_MODE.ECHOK))
    echoText(objects, tty, [NEWLINE])
}

/** Column behind the line being edited, from the bytes that are in it and how each is echoed. */
const cursorColumn = (objects: Objects, tty: number): number => {
  let column = word(objects, tty + TTY.LINE_COLUMN)
  for (let back = lineLength(objects, tty); back > 0; back--)
    column += echoColumns(byteBack(objects, tty, back), column, mode(objects, tty, LOCAL_MODE.ECHOCTL))
  return column
}

const echoColumns = (byte: number, column: number, showsControls: boolean): number => {
  if (byte === TAB) return 8 - (column % 8)
  if (byte < 32 || byte === DELETE) return showsControls ? 2 : 0
  if ((byte & 0xc0) === 0x80) return 0
  // Four-byte characters are mostly emoji, two columns wide here and in other terminals.
  return byte >= 0xf0 ? 2 : 1
}

const echoByte = (objects: Objects, tty: number, byte: number): void => {
  if (!mode(objects, tty, LOCAL_MODE.ECHO)) return
  const isControl = (byte < 32 && byte !== TAB && byte !== NEWLINE) || byte === DELETE
  if (isControl && mode(objects, tty, LOCAL_MODE.ECHOCTL)) echoText(objects, tty, [0x5e, byte ^ 0x40])
  else echoText(objects, tty, [byte])
}
