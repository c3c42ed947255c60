/** Where symbolic links of a project lead, followed as a kernel follows them and not by the look of their text. */

import { dirname } from '../lib/path.ts'

/** as in Linux; more than this is a loop */
const FOLLOW_MAX = 40

/**
 * True where following the link at `path` leaves the root, be it through other links on the way. A loop does not leave it:
 * it is kept, and whoever opens it gets ELOOP.
 * @param links targets of all links by their path relative to the root
 */
export function leadsOut(path: string, links: ReadonlyMap<string, string>): boolean {
  const target = links.get(path)
  if (target === undefined) return false
  if (target.startsWith('/')) return true
  let followed = 0
  const parent = dirname(path)
  const here = parent === '' ? [] : parent.split('/')
  const pending = target.split('/').reverse()
  while (pending.length > 0) {
    const name = pending.pop()
    if (name === undefined || name === '' || name === '.') continue
    if (name === '..') {
      if (here.pop() === undefined) return true
      continue
    }
    here.push(name)
    const next = links.get(here.join('/'))
    if (next === undefined) continue
    if (next.startsWith('/')) return true
    if (++followed > FOLLOW_MAX) return false
    here.pop()
    pending.push(...next.split('/').reverse())
  }
  return false
}
