/** Modes of a terminal, with the bits of Linux's termios (asm-generic/termbits.h), so that a guest's libc can be given them as they are. */

export const INPUT_MODE = { INLCR: 0o100, IGNCR: 0o200, ICRNL: 0o400 } as const
export const OUTPUT_MODE = { OPOST: 1, ONLCR: 4 } as const
export const LOCAL_MODE = {
  ISIG: 1,
  ICANON: 2,
  ECHO: 8,
  ECHOE: 16,
  ECHOK: 32,
  ECHONL: 64,
  NOFLSH: 128,
  /** A write from the background is SIGTTOU. */
  TOSTOP: 256,
  ECHOCTL: 512,
} as const

/** Control characters in the order in which they lie in the tty's block; 0 switches one off. */
export const CONTROL = {
  INTR: 0,
  QUIT: 1,
  ERASE: 2,
  KILL: 3,
  EOF: 4,
  WERASE: 5,
  SUSP: 6,
  MIN: 7,
  TIME: 8,
} as const

export const CONTROLS = 9

export interface Termios {
  input: number
  output: number
  local: number
  /** CONTROLS numbers, by CONTROL. */
  control: number[]
}

const cooked =
  LOCAL_MODE.ISIG |
  LOCAL_MODE.ICANON |
  LOCAL_MODE.ECHO |
  LOCAL_MODE.ECHOE |
  LOCAL_MODE.ECHOK |
  LOCAL_MODE.ECHOCTL

/**
 * What a terminal starts with. No ONLCR: the console takes a bare newline as the start of the next line; a terminal emulator
 * behind the tty sets it.
 */
export const DEFAULT_TERMIOS: Termios = {
  input: INPUT_MODE.ICRNL,
  output: OUTPUT_MODE.OPOST,
  local: cooked,
  // ^C ^\ DEL ^U ^D ^W ^Z, at least one byte, no time-out
  control: [3, 28, 127, 21, 4, 23, 26, 1, 0],
}

/** cfmakeraw(3). */
export const rawTermios = (from: Termios): Termios => ({
  input: from.input & ~(INPUT_MODE.ICRNL | INPUT_MODE.INLCR | INPUT_MODE.IGNCR),
  output: from.output & ~OUTPUT_MODE.OPOST,
  local: from.local & ~(LOCAL_MODE.ECHO | LOCAL_MODE.ECHONL | LOCAL_MODE.ICANON | LOCAL_MODE.ISIG),
  control: from.control,
})
