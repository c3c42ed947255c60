/**
 * Terminals: one block of state in shared memory, an input ring that the line discipline (tty-input.ts) fills and programs
 * read, and an output ring (tty-output.ts) that programs fill and the kernel drains to the page.
 *
 *   page ─► kernel: ttyInput ─► [ line discipline ] ─► input ring ─► read
 *                                   │ echo
 *   page ◄─ kernel: ttyDrain ◄──────┴─ output ring ◄─ write
 *
 * Input bytes have a flag each in a second ring: ENDS marks the last byte of a line, or (with byte 0) an end of file.
 *
 *   HEAD             HEAD + READY              HEAD + COUNT
 *    | finished lines     | line being edited      |
 *
 * Invariant: READY ≤ COUNT ≤ INPUT_CAPACITY, LINES is the number of flags among the READY bytes; both rings exist while the
 * tty has users. Everything here is under the lock.
 */

import { SIGNAL } from '../abi/signals.ts'
import { MAX_PROCESSES, PROCESS, processAt, SUPERBLOCK } from '../memory/layout.ts'
import { compareExchangeWord } from '../memory/slots.ts'
import { wakeSet } from '../memory/wake.ts'
import { locked, type Objects, setWordAt, word } from './objects.ts'
import { giveBlock, takeBlock } from './pool.ts'
import { raiseGroup } from './signal.ts'
import { CONTROLS, DEFAULT_TERMIOS, LOCAL_MODE, type Termios } from './termios.ts'

/** Room for a pasted text; Linux has 4096. */
export const INPUT_CAPACITY = 16384
/** Output that the kernel has not yet taken. */
export const OUTPUT_CAPACITY = 65536

export const TTY = {
  USERS: 2,
  INPUT_MODES: 3,
  OUTPUT_MODES: 4,
  LOCAL_MODES: 5,
  COLUMNS: 6,
  ROWS: 7,
  /** Process group (or pid) that ^C goes to. */
  FOREGROUND: 8,
  INPUT: 9,
  HEAD: 10,
  COUNT: 11,
  READY: 12,
  LINES: 13,
  OUTPUT: 14,
  OUT_HEAD: 15,
  OUT_COUNT: 16,
  /** Position in the output ring of the header of the last run, or −1. */
  OUT_RUN: 17,
  /** Column of the cursor, as far as it can be told without a screen, and where the line being edited began. */
  COLUMN: 18,
  LINE_COLUMN: 19,
  HUNG_UP: 20,
  CONTROL: 24,
  READ_WAITERS: 40,
  WRITE_WAITERS: 48,
  /** Threads with the master of a pseudo-terminal. */
  MASTER_WAITERS: 56,
} as const

const TTY_WORDS = 64

/** Bytes of the input ring and its flags. */
const INPUT_BYTES = INPUT_CAPACITY * 2

/**
 * A terminal of that size with one user (the kernel, which lets go with `releaseTty`), or -errno when memory is full.
 */
export const createTty = (objects: Objects, columns: number, rows: number): number =>
  locked(objects, () => {
    const input = objects.heap.allocate(INPUT_BYTES)
    if (input < 0) return input
    const output = objects.heap.allocate(OUTPUT_CAPACITY)
    const tty = output < 0 ? output : takeBlock(objects, SUPERBLOCK.FREE_TTYS, TTY_WORDS)
    if (tty < 0) {
      objects.heap.free(input, INPUT_BYTES)
      if (output > 0) objects.heap.free(output, OUTPUT_CAPACITY)
      return tty
    }
    objects.memory.refresh()
    const first = { USERS: 1, COLUMNS: columns, ROWS: rows, INPUT: input, OUTPUT: output, OUT_RUN: -1 }
    for (const name of Object.keys(first) as (keyof typeof first)[])
      setWordAt(objects, tty + TTY[name], first[name])
    storeTermios(objects, tty, DEFAULT_TERMIOS)
    return tty
  })

/** Another user: an open file. The caller holds the lock. */
export const holdTty = (objects: Objects, tty: number): void => {
  setWordAt(objects, tty + TTY.USERS, word(objects, tty + TTY.USERS) + 1)
}

export const releaseTty = (objects: Objects, tty: number): void =>
  locked(objects, () => {
    const left = word(objects, tty + TTY.USERS) - 1
    setWordAt(objects, tty + TTY.USERS, left)
    wakeSet(objects.memory, tty + TTY.MASTER_WAITERS)
    if (left > 0) return
    wakeTty(objects, tty)
    forgetController(objects, tty)
    objects.heap.free(word(objects, tty + TTY.INPUT), INPUT_BYTES)
    objects.heap.free(word(objects, tty + TTY.OUTPUT), OUTPUT_CAPACITY)
    giveBlock(objects, SUPERBLOCK.FREE_TTYS, tty)
  })

/** Processes name their controlling terminal without being users of it: none may keep the name of a freed one. */
const forgetController = (objects: Objects, tty: number): void => {
  for (let slot = 0; slot < MAX_PROCESSES; slot++)
    compareExchangeWord(objects.memory, processAt(slot) + PROCESS.TTY, tty, 0)
}

/** The page has gone: reads end after what was typed, writes fail with -EIO. */
export const hangUpTty = (objects: Objects, tty: number): void =>
  locked(objects, () => {
    setWordAt(objects, tty + TTY.HUNG_UP, 1)
    wakeTty(objects, tty)
  })

const wakeTty = (objects: Objects, tty: number): void => {
  wakeSet(objects.memory, tty + TTY.READ_WAITERS)
  wakeSet(objects.memory, tty + TTY.WRITE_WAITERS)
}

const storeTermios = (objects: Objects, tty: number, termios: Termios): void => {
  setWordAt(objects, tty + TTY.INPUT_MODES, termios.input)
  setWordAt(objects, tty + TTY.OUTPUT_MODES, termios.output)
  setWordAt(objects, tty + TTY.LOCAL_MODES, termios.local)
  for (let index = 0; index < CONTROLS; index++)
    setWordAt(objects, tty + TTY.CONTROL + index, termios.control[index] ?? 0)
}

/** tcgetattr(3). */
export const getTermios = (objects: Objects, tty: number): Termios =>
  locked(objects, () => ({
    input: word(objects, tty + TTY.INPUT_MODES),
    output: word(objects, tty + TTY.OUTPUT_MODES),
    local: word(objects, tty + TTY.LOCAL_MODES),
    control: Array.from({ length: CONTROLS }, (_, index) => word(objects, tty + TTY.CONTROL + index)),
  }))

/** tcsetattr(3) with TCSANOW. What was typed before a change of ICANON stays readable, as on Linux. */
export const setTermios = (objects: Objects, tty: number, termios: Termios): void =>
  locked(objects, () => {
    const turned = (word(objects, tty + TTY.LOCAL_MODES) ^ termios.local) & LOCAL_MODE.ICANON
    storeTermios(objects, tty, termios)
    if (!turned) return
    finishInput(objects, tty, (termios.local & LOCAL_MODE.ICANON) !== 0)
    wakeTty(objects, tty)
  })

/** Forgets where lines ended; in canonical mode all that is there becomes one line. The caller holds the lock. */
const finishInput = (objects: Objects, tty: number, isCanonical: boolean): void => {
  const count = word(objects, tty + TTY.COUNT)
  const flags = word(objects, tty + TTY.INPUT) * 4 + INPUT_CAPACITY
  objects.memory.u8.fill(0, flags, flags + INPUT_CAPACITY)
  const isLine = isCanonical && count > 0
  if (isLine) flagAt(objects, tty, count - 1)
  setWordAt(objects, tty + TTY.READY, isLine ? count : 0)
  setWordAt(objects, tty + TTY.LINES, isLine ? 1 : 0)
}

/** The control character at an index of CONTROL. */
export const control = (objects: Objects, tty: number, index: number): number =>
  word(objects, tty + TTY.CONTROL + index)

/** Whether one of the bits of LOCAL_MODE is on. */
export const mode = (objects: Objects, tty: number, bits: number): boolean =>
  (word(objects, tty + TTY.LOCAL_MODES) & bits) !== 0

/** Marks the input byte at `index` (from HEAD) as the end of a line. The caller holds the lock. */
export const flagAt = (objects: Objects, tty: number, index: number): void => {
  const position = (word(objects, tty + TTY.HEAD) + index) % INPUT_CAPACITY
  objects.memory.u8[word(objects, tty + TTY.INPUT) * 4 + INPUT_CAPACITY + position] = 1
}

/** Columns and rows. */
export const ttySize = (objects: Objects, tty: number): { columns: number; rows: number } =>
  locked(objects, () => ({ columns: word(objects, tty + TTY.COLUMNS), rows: word(objects, tty + TTY.ROWS) }))

/** Sets the window's size; SIGWINCH for the foreground when it has changed. */
export const resizeTty = (objects: Objects, tty: number, columns: number, rows: number): void =>
  locked(objects, () => {
    if (word(objects, tty + TTY.COLUMNS) === columns && word(objects, tty + TTY.ROWS) === rows) return
    setWordAt(objects, tty + TTY.COLUMNS, columns)
    setWordAt(objects, tty + TTY.ROWS, rows)
    raiseGroup(objects, word(objects, tty + TTY.FOREGROUND), SIGNAL.WINCH)
  })

/** The process group (or pid) that signals from the keyboard go to; 0 is nobody. */
export const setForeground = (objects: Objects, tty: number, group: number): void =>
  locked(objects, () => setWordAt(objects, tty + TTY.FOREGROUND, group))

export const getForeground = (objects: Objects, tty: number): number =>
  locked(objects, () => word(objects, tty + TTY.FOREGROUND))
