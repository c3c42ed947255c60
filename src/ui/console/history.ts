/** What was typed into the console before, walked through with the arrow keys. Invariant: at most HISTORY_MAX lines. */

export const HISTORY_MAX = 200

export interface History {
  add(line: string): void
  /** The line before; `now` is kept to come back to. Null at the oldest. */
  back(now: string): string | null
  /** The line after, at last what was being typed. Null when it is already shown. */
  forward(): string | null
}

export const createHistory = (): History => {
  let lines: string[] = []
  let at = 0
  let draft = ''
  return {
    add(line) {
      if (line !== '' && line !== lines[lines.length - 1]) lines = [...lines, line].slice(-HISTORY_MAX)
      at = lines.length
      draft = ''
    },
    back(now) {
      if (at === 0) return null
      if (at === lines.length) draft = now
      at--
      return lines[at] ?? null
    },
    forward() {
      if (at >= lines.length) return null
      at++
      return at === lines.length ? draft : (lines[at] ?? null)
    },
  }
}
