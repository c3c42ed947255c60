/** How well a typed word fits a name. Pure. */

const isStart = (text: string, at: number): boolean =>
  at === 0 || /[\s/._-]/.test(text[at - 1] ?? '') || /[a-z][A-Z]/.test(text.slice(at - 1, at + 1))

/**
 * Larger fits better, -1 not at all: all letters in order, those at the start of words and next to each other count more,
 * and in a path those of the last name.
 */
export const rank = (wanted: string, text: string): number => {
  const letters = wanted.toLowerCase().replaceAll(/\s+/g, '')
  const low = text.toLowerCase()
  const base = text.lastIndexOf('/') + 1
  let score = 0
  let at = -1
  for (const [index, letter] of [...letters].entries()) {
    // a start of a word is preferred to the next best place
    let next = low.indexOf(letter, at + 1)
    if (next < 0) return -1
    if (next !== at + 1) {
      for (let other = next; other >= 0; other = low.indexOf(letter, other + 1))
        if (isStart(text, other) && canFollow(low, letters.slice(index + 1), other)) {
          next = other
          break
        }
    }
    score += (next === at + 1 && at >= 0 ? 4 : 0) + (isStart(text, next) ? 3 : 0) + (next >= base ? 2 : 1)
    at = next
  }
  const whole = low.slice(base)
  const bonus = whole === letters ? 60 : whole.startsWith(letters) ? 30 : whole.includes(letters) ? 15 : 0
  return score + bonus - text.length / 100
}

/** Whether all of `rest` comes, in order, after `at`. */
const canFollow = (text: string, rest: string, at: number): boolean => {
  let from = at
  for (const letter of rest) {
    from = text.indexOf(letter, from + 1)
    if (from < 0) return false
  }
  return true
}

export interface Ranked<T> {
  readonly item: T
  readonly score: number
}

/** The best first; without a word all of them in their order. */
export const best = <T>(
  wanted: string,
  items: readonly T[],
  text: (item: T) => string,
  most: number,
): T[] => {
  if (wanted.trim() === '') return items.slice(0, most)
  return items
    .map((item): Ranked<T> => ({ item, score: rank(wanted, text(item)) }))
    .filter(({ score }) => score >= 0)
    .sort((a, b) => b.score - a.score)
    .slice(0, most)
    .map(({ item }) => item)
}
