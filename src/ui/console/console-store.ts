/**
 * Everything that programs and the machine said, line by line.
 *
 *   apply(output) ─ per process and channel: UTF-8 ─> ANSI ─> line cursor ─> ring of lines ─ once a frame ─> version
 *
 * Invariant: ids grow by one and are never used again; lines `first() … end()-1` are kept and nothing before; at most
 * `limit` (LINES_MAX) lines and about CHARACTERS_MAX characters; what was let go is counted in `dropped`.
 */
import { type ReadonlySignal, signal } from '@preact/signals'
import { PLAIN } from './ansi.ts'
import type { Run } from './line.ts'
import { createStreams, type Streams } from './streams.ts'

/** Lines kept: what the list scrolls through without a stutter (issue's figure). */
export const LINES_MAX = 100_000
/**
 * UTF-16 code units kept, 200 for each of the lines: only a flood of longer ones keeps fewer. At 40 columns still under the tallest
 * element a browser lays out (17 million px in Firefox).
 */
export const CHARACTERS_MAX = 20 * 1024 * 1024

export type Channel = 'out' | 'err' | 'sys'

export interface ConsoleLine {
  readonly id: number
  /** Milliseconds since the epoch when it began. */
  readonly time: number
  readonly channel: Channel
  /** 0 for what no process said. */
  readonly pid: number
  /** 'python3 7', 'kernel'. */
  readonly label: string
  readonly runs: Run[]
  /** Grows with every change, so that a drawn line knows when it is old. */
  revision: number
}

export type ConsoleEvent =
  | { type: 'open'; pid: number; label: string }
  | { type: 'output'; pid: number; channel: 'out' | 'err'; bytes: Uint8Array; time: number }
  | { type: 'close'; pid: number }
  | {
      type: 'system'
      source: string
      text: string
      time: number
      pid?: number
      severity?: 'info' | 'warning' | 'error'
    }
  | { type: 'clear' }
  /** Keeps so many lines from now on; null: LINES_MAX. */
  | { type: 'limit'; lines: number | null }

export interface ConsoleStore {
  /** Grows at most once a frame when lines came, changed or went. */
  readonly version: ReadonlySignal<number>
  readonly dropped: ReadonlySignal<number>
  /** Lines that are kept. */
  readonly limit: ReadonlySignal<number>
  first(): number
  /** One past the newest. */
  end(): number
  line(id: number): ConsoleLine | undefined
  apply(event: ConsoleEvent): void
  /** Called before each new version with the ids of older lines that changed, until the returned function is called. */
  subscribe(listener: (changed: readonly number[]) => void): () => void
}

/**
 * @param schedule calls back later, once: the page gives its next frame, a test what it likes
 */
export const createConsoleStore = (schedule: (callback: () => void) => void): ConsoleStore => {
  const version = signal(0)
  const dropped = signal(0)
  const limit = signal(LINES_MAX)
  const listeners = new Set<(changed: readonly number[]) => void>()
  let lines: ConsoleLine[] = []
  // lines[0] has this id; the first `gone` of them are dropped and wait for the next compaction
  let base = 0
  let gone = 0
  let characters = 0
  let droppedNow = 0
  let announced = 0
  let touched = new Set<number>()
  let scheduled = false
  const streams = new Map<number, Streams>()
  const labels = new Map<number, string>()

  const end = (): number => base + lines.length
  const flush = (): void => {
    scheduled = false
    const changed = [...touched]
    touched = new Set()
    announced = end()
    dropped.value = droppedNow
    for (const listener of listeners) listener(changed)
    version.value++
  }
  const wake = (): void => {
    if (scheduled) return
    scheduled = true
    schedule(flush)
  }
  const dropOldest = (): void => {
    const oldest = lines[gone]
    if (!oldest) return
    for (const run of oldest.runs) characters -= run.text.length
    gone++
    droppedNow++
    if (gone < 4096) return
    lines = lines.slice(gone)
    base += gone
    gone = 0
  }
  const bound = (): void => {
    while (lines.length - gone > limit.value || (characters > CHARACTERS_MAX && lines.length - gone > 1))
      dropOldest()
  }
  const begin = (time: number, channel: Channel, pid: number, label: string): ConsoleLine => {
    const line: ConsoleLine = { id: end(), time, channel, pid, label, runs: [], revision: 0 }
    lines.push(line)
    bound()
    return line
  }
  const streamsOf = (pid: number): Streams => {
    const known = streams.get(pid)
    if (known) return known
    const made = createStreams({
      begin: (time, channel) => begin(time, channel, pid, labels.get(pid) ?? `process ${pid}`),
      grew: (line, by) => {
        // a line that was dropped while a program still wrote to it no longer counts
        if (line.id >= base + gone) characters += by
        line.revision++
        if (line.id < announced) touched.add(line.id)
      },
    })
    streams.set(pid, made)
    return made
  }
  const system = (event: Extract<ConsoleEvent, { type: 'system' }>): void => {
    for (const text of event.text.split('\n')) {
      const line = begin(event.time, 'sys', event.pid ?? 0, event.source)
      const bold = event.severity === 'error'
      if (text !== '') line.runs.push({ text, style: bold ? { ...PLAIN, bold } : PLAIN })
      characters += text.length
    }
  }
  const clear = (): void => {
    base = end()
    lines = []
    gone = 0
    characters = 0
    droppedNow = 0
    streams.clear()
  }

  return {
    version,
    dropped,
    limit,
    first: () => base + gone,
    end,
    line: (id) => (id < base + gone ? undefined : lines[id - base]),
    subscribe(listener) {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
    apply(event) {
      if (event.type === 'open') labels.set(event.pid, event.label)
      else if (event.type === 'output') streamsOf(event.pid)[event.channel].feed(event.bytes, event.time)
      else if (event.type === 'system') system(event)
      else if (event.type === 'clear') clear()
      else if (event.type === 'limit') limit.value = Math.min(event.lines ?? LINES_MAX, LINES_MAX)
      else {
        const ended = streams.get(event.pid)
        ended?.out.close()
        ended?.err.close()
        streams.delete(event.pid)
      }
      bound()
      wake()
    },
  }
}
