/**
 * Pieces of the caller's memory that one call reads into or writes from: WASI's iovecs, or a single run of bytes.
 *
 * Invariant: `count` pieces are valid, each within `bytes` (`spansFit`); the arrays may be longer and are re-used.
 */
export interface Spans {
  bytes: Uint8Array
  starts: number[]
  lengths: number[]
  count: number
}

/** One run of bytes as spans. */
export const spanOf = (bytes: Uint8Array, start = 0, length = bytes.length - start): Spans => ({
  bytes,
  starts: [start],
  lengths: [length],
  count: 1,
})

/** Bytes of all pieces. */
export const spansTotal = (spans: Spans): number => {
  let total = 0
  for (let index = 0; index < spans.count; index++) total += spans.lengths[index] ?? 0
  return total
}

/** Whether every piece lies within the bytes; if not, the call is -EFAULT. */
export const spansFit = (spans: Spans): boolean => {
  const size = spans.bytes.length
  for (let index = 0; index < spans.count; index++) {
    const start = spans.starts[index] ?? -1
    const length = spans.lengths[index] ?? -1
    if (start < 0 || length < 0 || start + length > size) return false
  }
  return true
}

/** Below this many bytes a loop is faster than making a view for `set`. */
const LOOP_BYTES = 48

/** Copies between two arrays, of which either may lie on shared memory. */
export const copyBytes = (
  from: Uint8Array,
  fromStart: number,
  to: Uint8Array,
  toStart: number,
  length: number,
): void => {
  if (length <= LOOP_BYTES) {
    for (let index = 0; index < length; index++) to[toStart + index] = from[fromStart + index] as number
  } else {
    to.set(from.subarray(fromStart, fromStart + length), toStart)
  }
}

/** Copies `length` bytes of the pieces, after the first `skip`, to target[at…]. */
export const gather = (spans: Spans, skip: number, length: number, target: Uint8Array, at: number): void => {
  let left = length
  let to = at
  let passed = skip
  for (let index = 0; index < spans.count && left > 0; index++) {
    const piece = spans.lengths[index] ?? 0
    if (passed >= piece) {
      passed -= piece
      continue
    }
    const now = Math.min(piece - passed, left)
    copyBytes(spans.bytes, (spans.starts[index] ?? 0) + passed, target, to, now)
    passed = 0
    to += now
    left -= now
  }
}

/** Copies source[from…from + length] into the pieces, after their first `skip` bytes. */
export const scatter = (
  spans: Spans,
  skip: number,
  length: number,
  source: Uint8Array,
  from: number,
): void => {
  let left = length
  let at = from
  let passed = skip
  for (let index = 0; index < spans.count && left > 0; index++) {
    const piece = spans.lengths[index] ?? 0
    if (passed >= piece) {
      passed -= piece
      continue
    }
    const now = Math.min(piece - passed, left)
    copyBytes(source, at, spans.bytes, (spans.starts[index] ?? 0) + passed, now)
    passed = 0
    at += now
    left -= now
  }
}
