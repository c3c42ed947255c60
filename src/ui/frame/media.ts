/** What kind of screen this is, as signals. The widths are those of the style sheets. */
import { type ReadonlySignal, signal } from '@preact/signals'

const matches = (query: string): ReadonlySignal<boolean> => {
  const list = matchMedia(query)
  const state = signal(list.matches)
  list.addEventListener('change', () => {
    state.value = list.matches
  })
  return state
}

/** One panel at a time. */
export const isSmall = matches('(max-width: 720px)')
/** Rows of 44 instead of 26 px, as `--h-row` in tokens.css. */
export const hasBigRows = matches('(pointer: coarse), (max-width: 720px)')

/** Pixels of a row in lists that draw only what is seen. */
export const rowHeight = (): number => (hasBigRows.value ? 44 : 26)
