/**
 * The lines of the console, drawn where they are seen.
 *
 *   ┌ scroller ────────────┐
 *   │ space, rows × height │   its height is that of all lines
 *   │  ┌ window ─────────┐ │   only these are in the document
 *
 * Invariant: at the end of the list new lines keep it at the end; anywhere else what is read stays where it is. Lines that
 * are selected stay in the document.
 */
import { useSignal, useSignalEffect } from '@preact/signals'
import { useCallback, useEffect, useLayoutEffect, useRef } from 'preact/hooks'
import { Icon } from '../icon.tsx'
import { useUi } from '../ui.ts'
import { ConsoleRow } from './console-row.tsx'
import type { ConsoleView } from './console-view.ts'
import { type Range, rangeText, selectedRange } from './selection.ts'

/** Rows drawn above and below what is seen. */
const OVERSCAN = 20
/** Lines kept in the document for a selection; beyond it Ctrl-A copies all. */
const SELECTED_MAX = 3000
/** Pixels from the end that still count as the end: browsers round. */
const END_SLACK = 4

export interface ConsoleListProps {
  view: ConsoleView
  /** Told when the width of the text changes. */
  measured(size: { columns: number; rows: number }): void
}

export const ConsoleList = ({ view, measured }: ConsoleListProps) => {
  const { stores } = useUi()
  const scroller = useRef<HTMLDivElement>(null)
  const probe = useRef<HTMLDivElement>(null)
  const port = useSignal({ top: 0, height: 200 })
  const rowHeight = useSignal(19)
  const isFollowing = useSignal(true)
  const hasNews = useSignal(false)
  const goesAlong = stores.project.project.value?.options?.autoScroll ?? true
  useLayoutEffect(() => {
    isFollowing.value = goesAlong
  }, [goesAlong])
  const allSelected = useSignal(false)
  const ownScroll = useRef(-1)
  // asked of the browser only when it has changed: the question makes it lay out the page
  const selected = useRef<Range | null>(null)

  const toEnd = useCallback((): void => {
    const element = scroller.current
    if (!element) return
    element.scrollTop = element.scrollHeight
    ownScroll.current = element.scrollTop
    isFollowing.value = true
    hasNews.value = false
  }, [])

  const measure = useCallback((): void => {
    const element = scroller.current
    const text = probe.current?.querySelector<HTMLElement>('.text')
    const sample = text?.firstElementChild
    if (!element || !text || !sample) return
    const box = sample.getBoundingClientRect()
    // hidden panels have no size: the last measure stays good
    if (box.width === 0 || element.clientHeight === 0) return
    const columns = Math.max(10, Math.floor(text.clientWidth / (box.width / 20)))
    rowHeight.value = probe.current?.offsetHeight ?? 19
    port.value = { top: element.scrollTop, height: element.clientHeight }
    view.setColumns(columns)
    measured({ columns, rows: Math.max(2, Math.floor(element.clientHeight / rowHeight.value)) })
  }, [view, measured])

  useLayoutEffect(() => {
    const element = scroller.current
    if (!element) return
    measure()
    const observer = new ResizeObserver(measure)
    observer.observe(element)
    return () => observer.disconnect()
  }, [measure])

  useEffect(() => {
    const onSelection = (): void => {
      selected.current = scroller.current ? selectedRange(scroller.current) : null
      if (allSelected.value) allSelected.value = false
    }
    document.addEventListener('selectionchange', onSelection)
    return () => document.removeEventListener('selectionchange', onSelection)
  }, [])

  // lines that went from the front take their rows along: what is read must not jump
  useSignalEffect(() => {
    void view.version.value
    const gone = view.takeDropped()
    const element = scroller.current
    if (!element || isFollowing.peek()) return
    hasNews.value = true
    if (gone === 0) return
    element.scrollTop -= gone * rowHeight.peek()
    // told at once and not by the scroll event: in a flood the next frame is already somewhere else
    ownScroll.current = element.scrollTop
    port.value = { top: element.scrollTop, height: element.clientHeight }
  })

  void view.version.value
  useLayoutEffect(() => {
    if (isFollowing.value && selected.current === null) toEnd()
  })

  const onScroll = (): void => {
    const element = scroller.current
    if (!element) return
    port.value = { top: element.scrollTop, height: element.clientHeight }
    const atEnd = element.scrollTop + element.clientHeight >= element.scrollHeight - END_SLACK
    if (atEnd) {
      isFollowing.value = true
      hasNews.value = false
    } else if (element.scrollTop < ownScroll.current) isFollowing.value = false
    ownScroll.current = element.scrollTop
  }
  const onCopy = (event: ClipboardEvent): void => {
    const range = scroller.current ? selectedRange(scroller.current) : null
    const text = allSelected.value ? view.text() : range ? rangeText(stores.console, view, range) : ''
    if (text === '') return
    event.preventDefault()
    event.clipboardData?.setData('text/plain', text)
  }
  const onKeyDown = (event: KeyboardEvent): void => {
    if ((event.ctrlKey || event.metaKey) && event.key === 'a') {
      event.preventDefault()
      // set after the browser has told of its own selection
      scroller.current?.focus()
      setTimeout(() => {
        allSelected.value = true
      })
    } else if (event.key === 'End') toEnd()
    else if (event.key === 'Escape') allSelected.value = false
  }

  const { index } = view
  const height = rowHeight.value
  const total = index.rows() * height
  const top =
    isFollowing.value && selected.current === null ? Math.max(0, total - port.value.height) : port.value.top
  let first = index.indexAt(Math.max(0, Math.floor(top / height) - OVERSCAN))
  let last = index.indexAt(Math.ceil((top + port.value.height) / height) + OVERSCAN)
  const range = selected.current
  if (range) {
    const from = index.find(range.start.id)
    const to = index.find(range.end.id)
    if (from >= 0 && first - from < SELECTED_MAX) first = Math.min(first, from)
    if (to >= 0 && to - last < SELECTED_MAX) last = Math.max(last, to)
  }
  const rows = []
  for (let at = first; at <= last && at < index.count(); at++) {
    const line = stores.console.line(index.id(at) ?? -1)
    if (line) rows.push(<ConsoleRow key={line.id} line={line} revision={line.revision} />)
  }
  return (
    <div class="console-frame">
      <div
        ref={scroller}
        class={`lines ${allSelected.value ? 'all-selected' : ''}`}
        role="log"
        aria-label="Console output"
        aria-live="off"
        data-testid="console-lines"
        // biome-ignore lint/a11y/noNoninteractiveTabindex: a scrolled log is read with the keyboard
        tabIndex={0}
        onScroll={onScroll}
        onCopy={onCopy}
        onKeyDown={onKeyDown}
      >
        <div ref={probe} class="line probe" aria-hidden="true">
          <span class="when">00:00:00</span>
          <span class="word">out</span>
          <span class="who">x</span>
          <span class="text">
            <span>00000000000000000000</span>
          </span>
        </div>
        <div class="space" style={{ height: `${total}px` }}>
          <div class="window" style={{ top: `${index.rowOf(first) * height}px` }}>
            {rows}
          </div>
        </div>
      </div>
      {hasNews.value && !isFollowing.value && total > port.value.top + port.value.height ? (
        <button type="button" class="btn news" onClick={toEnd}>
          New lines
          <Icon name="down" />
        </button>
      ) : null}
    </div>
  )
}
