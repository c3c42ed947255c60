/**
 * Control characters and escape sequences of a program's output, taken apart (ECMA-48 §5.4 and §8.3.117 SGR).
 *
 *   bytes ─ UTF-8 ─> text ─ write() ─> sink.text / newline / carriageReturn / backspace / erase
 *
 * Invariant: nothing of an escape sequence ever reaches the sink as text, also when it is cut between two writes; every
 * sequence that is not SGR or EL is dropped. What is kept between writes is bounded.
 */

/** A colour: 0 to 15 is a slot of the theme's palette, a string is '#rrggbb'. */
export type Colour = number | string

export interface Style {
  readonly fg: Colour | null
  readonly bg: Colour | null
  readonly bold: boolean
  readonly dim: boolean
  readonly italic: boolean
  readonly underline: boolean
  readonly inverse: boolean
  readonly strike: boolean
}

export const PLAIN: Style = {
  fg: null,
  bg: null,
  bold: false,
  dim: false,
  italic: false,
  underline: false,
  inverse: false,
  strike: false,
}

export interface AnsiSink {
  text(text: string, style: Style): void
  newline(): void
  carriageReturn(): void
  backspace(): void
  /** EL: 0 cursor to end, 1 start to cursor, 2 the whole line. */
  erase(mode: number): void
}

/** Longest parameter string of a control sequence that is kept; real ones have less than 40 characters. */
const PARAMETERS_MAX = 256

const ESC = 0x1b
const BEL = 0x07
const CSI_8BIT = 0x9b

const hex = (value: number): string => Math.min(255, value).toString(16).padStart(2, '0')
const rgb = (red: number, green: number, blue: number): string => `#${hex(red)}${hex(green)}${hex(blue)}`

/** Levels of the 6×6×6 cube of the 256 colours, as xterm has them. */
const CUBE = [0, 95, 135, 175, 215, 255]

/** Slot 0 to 255 as a colour; slots under 16 stay slots because the theme has its own. */
export const indexedColour = (index: number): Colour | null => {
  if (index < 0 || index > 255) return null
  if (index < 16) return index
  if (index >= 232) {
    const level = 8 + (index - 232) * 10
    return rgb(level, level, level)
  }
  const cube = index - 16
  const level = (step: number): number => CUBE[step % 6] ?? 0
  return rgb(level(Math.floor(cube / 36)), level(Math.floor(cube / 6)), level(cube))
}

type Flag = 'bold' | 'dim' | 'italic' | 'underline' | 'inverse' | 'strike'
const ON: Record<number, Flag> = {
  1: 'bold',
  2: 'dim',
  3: 'italic',
  4: 'underline',
  7: 'inverse',
  9: 'strike',
}
const OFF: Record<number, Flag> = { 23: 'italic', 24: 'underline', 27: 'inverse', 29: 'strike' }

/** 38 and 48: `;5;n`, `;2;r;g;b` and the colon forms. Gives the colour and how many parameters it took. */
const extendedColour = (codes: readonly number[], at: number): { colour: Colour | null; used: number } => {
  if (codes[at] === 5) return { colour: indexedColour(codes[at + 1] ?? 0), used: 2 }
  if (codes[at] === 2)
    return { colour: rgb(codes[at + 1] ?? 0, codes[at + 2] ?? 0, codes[at + 3] ?? 0), used: 4 }
  return { colour: null, used: codes.length }
}

/** One parameter of SGR that stands alone (not 38 or 48). */
const applyCode = (style: Style, code: number): Style => {
  if (code === 0) return PLAIN
  const on = ON[code]
  if (on) return { ...style, [on]: true }
  const off = OFF[code]
  if (off) return { ...style, [off]: false }
  if (code === 21) return { ...style, underline: true }
  if (code === 22) return { ...style, bold: false, dim: false }
  if (code >= 30 && code <= 37) return { ...style, fg: code - 30 }
  if (code === 39) return { ...style, fg: null }
  if (code >= 40 && code <= 47) return { ...style, bg: code - 40 }
  if (code === 49) return { ...style, bg: null }
  if (code >= 90 && code <= 97) return { ...style, fg: code - 82 }
  if (code >= 100 && code <= 107) return { ...style, bg: code - 92 }
  return style
}

/** `4:3` and `38:2::1:2:3` carry their parts in one parameter. */
const applyColons = (style: Style, parameter: string): Style => {
  const parts = parameter.split(':').map((part) => (part === '' ? -1 : Number(part)))
  const code = parts[0]
  if (code === 4) return { ...style, underline: parts[1] !== 0 }
  if (code !== 38 && code !== 48) return style
  // 38:2:<colour space>:r:g:b has one more part than 38;2;r;g;b
  const colour = parts[1] === 2 && parts.length > 5 ? [2, ...parts.slice(3)] : parts.slice(1)
  const found = extendedColour(colour, 0).colour
  return code === 38 ? { ...style, fg: found } : { ...style, bg: found }
}

/** The style after an SGR sequence with these parameters (the text between `ESC [` and `m`). */
export const applySgr = (style: Style, parameters: string): Style => {
  if (parameters === '') return PLAIN
  const fields = parameters.split(';')
  const codes = fields.map((field) => (field === '' ? 0 : Number(field)))
  let next = style
  for (let at = 0; at < codes.length; at++) {
    const code = codes[at] ?? 0
    const field = fields[at] ?? ''
    if (field.includes(':')) next = applyColons(next, field)
    else if (code === 38 || code === 48) {
      const { colour, used } = extendedColour(codes, at + 1)
      next = code === 38 ? { ...next, fg: colour } : { ...next, bg: colour }
      at += used
    } else next = applyCode(next, code)
  }
  return isPlain(next) ? PLAIN : next
}

const isPlain = (style: Style): boolean =>
  style.fg === null &&
  style.bg === null &&
  !(style.bold || style.dim || style.italic || style.underline || style.inverse || style.strike)

type State = 'text' | 'escape' | 'charset' | 'csi' | 'string' | 'string-escape'

/** Reads text in pieces of any size. */
export const createAnsiParser = (sink: AnsiSink): { write(text: string): void } => {
  let state: State = 'text'
  let parameters = ''
  let style = PLAIN

  const control = (code: number): void => {
    if (code === 0x0a) sink.newline()
    else if (code === 0x0d) sink.carriageReturn()
    else if (code === 0x08) sink.backspace()
    else if (code === ESC) state = 'escape'
    else if (code === CSI_8BIT) startCsi()
  }
  const startCsi = (): void => {
    state = 'csi'
    parameters = ''
  }
  const afterEscape = (code: number): void => {
    if (code === 0x5b) startCsi()
    // OSC, DCS, SOS, PM and APC carry a string that ends with BEL or ST
    else if (code === 0x5d || code === 0x50 || code === 0x58 || code === 0x5e || code === 0x5f)
      state = 'string'
    else if (code >= 0x20 && code <= 0x2f) state = 'charset'
    else if (code !== ESC) state = 'text'
  }
  const csi = (code: number): void => {
    if (code >= 0x20 && code <= 0x3f) {
      if (parameters.length < PARAMETERS_MAX) parameters += String.fromCharCode(code)
      return
    }
    if (code < 0x20) {
      if (code === ESC) state = 'escape'
      else control(code)
      return
    }
    state = 'text'
    const complete = parameters.length < PARAMETERS_MAX
    if (code === 0x6d && complete && /^[\d;:]*$/.test(parameters)) style = applySgr(style, parameters)
    else if (code === 0x4b && /^\d?$/.test(parameters)) sink.erase(Number(parameters))
  }
  const inString = (code: number): void => {
    if (code === BEL) state = 'text'
    else if (code === ESC) state = 'string-escape'
  }
  const other = (code: number): void => {
    if (state === 'escape') afterEscape(code)
    else if (state === 'csi') csi(code)
    else if (state === 'string') inString(code)
    else if (state === 'string-escape') state = code === 0x5c ? 'text' : code === ESC ? state : 'string'
    else state = 'text' // the one character after a charset choice
  }

  return {
    write(text) {
      let start = 0
      for (let at = 0; at < text.length; at++) {
        const code = text.charCodeAt(at)
        if (state === 'text') {
          if (code === 0x09 || (code >= 0x20 && code < 0x7f) || code > 0x9f) continue
          if (at > start) sink.text(text.slice(start, at), style)
          control(code)
        } else other(code)
        start = at + 1
      }
      // only text is left over: inside a sequence every character has moved `start` on
      if (text.length > start) sink.text(text.slice(start), style)
    },
  }
}
