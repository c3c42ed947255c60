/** The parts of the page, round and round: F6 and Shift-F6. */

/** What takes the focus first in a part. */
const FIRST = '.cm-content, [tabindex="0"], button:not([tabindex="-1"]), input:not([hidden]), select, a[href]'

export const moveRegion = (step: 1 | -1): void => {
  const regions = [...document.querySelectorAll<HTMLElement>('[data-region]')].filter(
    (region) => region.offsetParent !== null,
  )
  const at = regions.findIndex((region) => region.contains(document.activeElement))
  const from = at < 0 && step < 0 ? 0 : at
  const next = regions[(from + step + regions.length) % regions.length]
  next?.querySelector<HTMLElement>(FIRST)?.focus()
}
