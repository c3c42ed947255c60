/**
 * What a screen reader hears of the console: one sentence every two seconds at most, however much is printed.
 *
 * Invariant: every line is counted in exactly one sentence.
 */
import { plural } from '../format.ts'
import type { ConsoleStore } from './console-store.ts'

/** Milliseconds between two sentences (design: one per 2 s). */
export const ANNOUNCE_INTERVAL = 2000
/** Lines read out word for word when there are no more than these. */
const SPOKEN_MAX = 2

export const summary = (texts: readonly string[], errors: number): string => {
  if (texts.length <= SPOKEN_MAX) return texts.join('. ')
  const lines = plural(texts.length, 'line')
  return errors === 0 ? lines : `${lines}, ${plural(errors, 'error line')}`
}

/** @param say gets each sentence; @param later calls back after so many milliseconds. Gives a function that ends it. */
export const createAnnouncer = (
  store: ConsoleStore,
  say: (sentence: string) => void,
  later: (callback: () => void, milliseconds: number) => void,
): (() => void) => {
  let from = store.end()
  let waiting = false
  const speak = (): void => {
    waiting = false
    const first = Math.max(from, store.first())
    const count = store.end() - first
    let errors = 0
    const texts: string[] = []
    for (let id = first; id < store.end(); id++) {
      const line = store.line(id)
      if (line?.channel === 'err') errors++
      texts.push(count <= SPOKEN_MAX && line ? line.runs.map((run) => run.text).join('') : '')
    }
    from = store.end()
    if (count > 0) say(summary(texts, errors))
  }
  return store.subscribe(() => {
    if (waiting || store.end() <= from) return
    waiting = true
    later(speak, ANNOUNCE_INTERVAL)
  })
}
