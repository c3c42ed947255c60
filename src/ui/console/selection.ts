/** What the user has selected in the list of lines, by line and column, so that it can be copied without the margins. */
import type { ConsoleStore } from './console-store.ts'
import type { ConsoleView } from './console-view.ts'
import { runsText } from './line.ts'

export interface Place {
  id: number
  column: number
}

export interface Range {
  start: Place
  end: Place
}

/** Where a point of the document lies; outside of any text it is the start of its line, or null outside of the list. */
const placeOf = (list: Element, node: Node | null, offset: number): Place | null => {
  if (!node || !list.contains(node)) return null
  const element = node instanceof Element ? node : node.parentElement
  const line = element?.closest<HTMLElement>('[data-line]')
  if (!line) return null
  const id = Number(line.dataset.line)
  const text = line.querySelector('.text')
  if (!text?.contains(node)) return { id, column: 0 }
  const before = document.createRange()
  before.setStart(text, 0)
  before.setEnd(node, offset)
  return { id, column: before.toString().length }
}

/** The selection in the list, in reading order, or null when there is none. */
export const selectedRange = (list: Element): Range | null => {
  const selection = document.getSelection()
  if (!selection || selection.isCollapsed) return null
  const anchor = placeOf(list, selection.anchorNode, selection.anchorOffset)
  const focus = placeOf(list, selection.focusNode, selection.focusOffset)
  if (!anchor || !focus) return null
  const forward = anchor.id < focus.id || (anchor.id === focus.id && anchor.column <= focus.column)
  return forward ? { start: anchor, end: focus } : { start: focus, end: anchor }
}

/** The text of a range, of the lines that pass the filter, without times and labels. */
export const rangeText = (store: ConsoleStore, view: ConsoleView, { start, end }: Range): string => {
  const from = view.index.find(start.id)
  const to = view.index.find(end.id)
  if (from < 0 || to < 0) return ''
  const texts: string[] = []
  for (let at = from; at <= to; at++) {
    const id = view.index.id(at) ?? -1
    const text = runsText(store.line(id)?.runs ?? [])
    const first = id === start.id ? start.column : 0
    texts.push(id === end.id ? text.slice(first, end.column) : text.slice(first))
  }
  return texts.join('\n')
}
