/**
 * What of the console is on the screen: the lines that pass the filter, and the rows they take at the present width.
 *
 * Invariant: after `sync` the index holds exactly the kept lines that pass the filter, in order.
 */
import { type ReadonlySignal, type Signal, signal } from '@preact/signals'
import { runsColumns, wrappedRows } from './columns.ts'
import type { Channel, ConsoleLine, ConsoleStore } from './console-store.ts'
import { runsText } from './line.ts'
import { createRowIndex, type RowIndex } from './row-index.ts'

export interface ConsoleFilter {
  text: string
  channels: Readonly<Record<Channel, boolean>>
  /** One process only, or null. What the machine says about that process (its start and end) comes along. */
  pid: number | null
}

export const ALL: ConsoleFilter = { text: '', channels: { out: true, err: true, sys: true }, pid: null }

export const passes = (line: ConsoleLine, filter: ConsoleFilter): boolean => {
  if (!filter.channels[line.channel]) return false
  if (filter.pid !== null && line.pid !== filter.pid) return false
  return filter.text === '' || runsText(line.runs).toLowerCase().includes(filter.text.toLowerCase())
}

export interface ConsoleView {
  readonly filter: Signal<ConsoleFilter>
  /** Grows when the index has changed. */
  readonly version: ReadonlySignal<number>
  readonly index: RowIndex
  /** Rows that went from the front since the last call, so that a reader's place can stay. */
  takeDropped(): number
  setColumns(columns: number): void
  setFilter(filter: ConsoleFilter): void
  /** The text of every line that passes, for a copy of all. */
  text(): string
  dispose(): void
}

export const createConsoleView = (store: ConsoleStore): ConsoleView => {
  const filter = signal(ALL)
  const version = signal(0)
  const index = createRowIndex()
  let columns = 80
  let seen = store.first()
  let droppedRows = 0

  const rowsOf = (line: ConsoleLine): number => wrappedRows(runsColumns(line.runs), columns)
  const appendNew = (): void => {
    for (let id = Math.max(seen, store.first()); id < store.end(); id++) {
      const line = store.line(id)
      if (line && passes(line, filter.value)) index.push(id, rowsOf(line))
    }
    seen = store.end()
  }
  const rebuild = (): void => {
    index.clear()
    seen = store.first()
    droppedRows = 0
    appendNew()
    version.value++
  }
  /** A line that grew may pass now, or no longer: its place is in the middle, so all is laid out again. */
  const changeOne = (id: number): boolean => {
    const line = store.line(id)
    if (!line) return true
    const at = index.find(id)
    const shown = at >= 0
    if (passes(line, filter.value) !== shown) return false
    if (shown) index.resize(at, rowsOf(line))
    return true
  }
  const unsubscribe = store.subscribe((changed) => {
    droppedRows += index.dropBefore(store.first())
    if (!changed.every(changeOne)) {
      rebuild()
      return
    }
    appendNew()
    version.value++
  })
  rebuild()

  return {
    filter,
    version,
    index,
    takeDropped() {
      const rows = droppedRows
      droppedRows = 0
      return rows
    },
    setColumns(next) {
      if (next === columns) return
      columns = next
      rebuild()
    },
    setFilter(next) {
      filter.value = next
      rebuild()
    },
    text() {
      const texts: string[] = []
      for (let at = 0; at < index.count(); at++) {
        const line = store.line(index.id(at) ?? -1)
        if (line) texts.push(runsText(line.runs))
      }
      return texts.join('\n')
    },
    dispose: unsubscribe,
  }
}
