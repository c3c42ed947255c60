/**
 * The two channels of one process on their way into lines.
 *
 *   bytes ─ UTF-8 ─> ANSI ─> the channel's open line
 *
 * Programs ask on standard error (Python's input() does) and the terminal echoes on standard output: what comes on output
 * while a question stands open on error goes on in the same line, as on a terminal. A line that a carriage return has been
 * in is a progress bar and is left alone.
 *
 * Invariant: a channel has at most one open line; both have the same one only while a question is being answered.
 */
import { type AnsiSink, createAnsiParser, type Style } from './ansi.ts'
import type { ConsoleLine } from './console-store.ts'
import { createLineCursor, type LineCursor } from './line.ts'

/** Code units of one line; a longer one goes on in the next. A line without an end must not grow for ever. */
export const LINE_LENGTH_MAX = 16_384

export interface Stream {
  feed(bytes: Uint8Array, time: number): void
  close(): void
}

export interface Streams {
  readonly out: Stream
  readonly err: Stream
}

/** What the streams ask of the store. */
export interface StreamOwner {
  begin(time: number, channel: 'out' | 'err'): ConsoleLine
  /** A line has changed and is so many code units longer. */
  grew(line: ConsoleLine, by: number): void
}

interface OpenLine {
  readonly line: ConsoleLine
  /** Made when the line is written to a second time: most lines never are. */
  cursor: LineCursor | null
  hasReturned: boolean
}

type Open = Record<'out' | 'err', OpenLine | null>

/** An answer in a line of standard error is not red. */
const onErrorLine = (style: Style): Style => (style.fg === null ? { ...style, fg: 'var(--ink)' } : style)

export const createStreams = (owner: StreamOwner): Streams => {
  const open: Open = { out: null, err: null }
  return { out: createStream('out', open, owner), err: createStream('err', open, owner) }
}

const createStream = (channel: 'out' | 'err', open: Open, owner: StreamOwner): Stream => {
  const other = channel === 'out' ? 'err' : 'out'
  const decoder = new TextDecoder()
  let now = 0

  const current = (): OpenLine => {
    const mine = open[channel]
    if (mine) return mine
    const question = channel === 'out' && open.err && !open.err.hasReturned ? open.err : null
    if (question) {
      open.out = question
      return question
    }
    const line = owner.begin(now, channel)
    const made: OpenLine = { line, cursor: null, hasReturned: false }
    open[channel] = made
    return made
  }
  const cursorOf = (at: OpenLine): LineCursor => {
    at.cursor ??= createLineCursor(at.line.runs)
    return at.cursor
  }
  const edit = (at: OpenLine, change: (cursor: LineCursor) => void): void => {
    const cursor = cursorOf(at)
    const before = cursor.length
    change(cursor)
    owner.grew(at.line, cursor.length - before)
  }
  const writeFirst = (at: OpenLine, text: string, style: Style): void => {
    at.line.runs.push({ text, style })
    owner.grew(at.line, text.length)
  }
  const endLine = (): void => {
    if (open[other] === open[channel]) open[other] = null
    open[channel] = null
  }
  const sink: AnsiSink = {
    text(text, style) {
      let rest = text
      while (rest !== '') {
        const at = current()
        const isFresh = at.cursor === null && at.line.runs.length === 0
        const room = LINE_LENGTH_MAX - (isFresh ? 0 : cursorOf(at).length)
        if (room <= 0) {
          endLine()
          continue
        }
        const piece = rest.slice(0, room)
        const shown = at.line.channel === channel ? style : onErrorLine(style)
        if (isFresh) writeFirst(at, piece, shown)
        else edit(at, (cursor) => cursor.write(piece, shown))
        rest = rest.slice(piece.length)
        if (rest !== '') endLine()
      }
    },
    newline() {
      current()
      endLine()
    },
    carriageReturn() {
      const at = current()
      cursorOf(at).carriageReturn()
      // the end of a line is often both characters; only what is written after a return makes it a progress bar
      at.hasReturned = true
    },
    backspace() {
      const at = open[channel]
      if (at) cursorOf(at).backspace()
    },
    erase(mode) {
      const at = open[channel]
      if (at) edit(at, (cursor) => cursor.erase(mode))
    },
  }
  const parser = createAnsiParser(sink)
  return {
    feed(bytes, time) {
      now = time
      parser.write(decoder.decode(bytes, { stream: true }))
    },
    close() {
      const rest = decoder.decode()
      if (rest !== '') parser.write(rest)
      endLine()
    },
  }
}
