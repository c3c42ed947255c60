/**
 * Which line stands at which row, for a list whose lines wrap: ids in order with the sum of the rows up to each.
 *
 *   ids   [ 7,  8, 12 ]
 *   ends  [ 1,  4,  5 ]   line 8 takes rows 1 to 3
 *
 * Invariant: `ends` grows strictly; entries before `head` are dropped and their rows are subtracted from every answer.
 */

export interface RowIndex {
  count(): number
  /** Rows of all lines together. */
  rows(): number
  id(index: number): number | undefined
  /** First row of the line at `index`. */
  rowOf(index: number): number
  /** The line that holds `row`; the last one when it lies beyond. */
  indexAt(row: number): number
  /** Where `id` stands, or -1. */
  find(id: number): number
  push(id: number, rows: number): void
  resize(index: number, rows: number): void
  /** Forgets lines from the front whose id is less than `id`; gives the rows that went. */
  dropBefore(id: number): number
  clear(): void
}

/** Dropped entries are kept until there are this many, so that dropping one line costs nothing. */
const COMPACT_AT = 8192

export const createRowIndex = (): RowIndex => {
  let ids: number[] = []
  let ends: number[] = []
  let head = 0
  let base = 0

  const endOf = (at: number): number => (at < 0 ? 0 : (ends[at] ?? 0))
  /** First place from `from` on for which `test` holds. */
  const search = (from: number, test: (at: number) => boolean): number => {
    let low = from
    let high = ids.length
    while (low < high) {
      const middle = (low + high) >> 1
      if (test(middle)) high = middle
      else low = middle + 1
    }
    return low
  }
  const compact = (): void => {
    const gone = base
    ids = ids.slice(head)
    ends = ends.slice(head).map((end) => end - gone)
    head = 0
    base = 0
  }

  return {
    count: () => ids.length - head,
    rows: () => endOf(ids.length - 1) - base,
    id: (index) => ids[head + index],
    rowOf: (index) => endOf(head + index - 1) - base,
    indexAt(row) {
      const at = search(head, (place) => endOf(place) - base > row)
      return Math.max(0, Math.min(at, ids.length - 1) - head)
    },
    find(id) {
      const at = search(head, (place) => (ids[place] ?? 0) >= id)
      return ids[at] === id ? at - head : -1
    },
    push(id, rows) {
      ids.push(id)
      ends.push(endOf(ends.length - 1) + rows)
    },
    resize(index, rows) {
      const at = head + index
      const by = rows - (endOf(at) - endOf(at - 1))
      if (by === 0) return
      for (let place = at; place < ends.length; place++) ends[place] = (ends[place] ?? 0) + by
    },
    dropBefore(id) {
      const next = search(head, (place) => (ids[place] ?? 0) >= id)
      if (next === head) return 0
      const went = endOf(next - 1) - base
      head = next
      base = endOf(next - 1)
      if (head >= COMPACT_AT) compact()
      return went
    },
    clear() {
      ids = []
      ends = []
      head = 0
      base = 0
    },
  }
}
