/**
 * strace's half in the process: while the process is traced, every call leaves a record in the ring (objects/trace-ring.ts). The
 * kernel makes lines of them.
 *
 *   words: number << 8 | place among its imports · started · µs · result · value given back · count, arguments · bytes, text …
 *
 * Invariant: a process that is not traced pays one call and one plain load for each import; a record is written when the call
 * is over, or when it ends the process.
 */
import { SYSCALLS } from '../abi/syscalls.ts'
import type { Objects } from '../objects/objects.ts'
import { isTraced, putTrace } from '../objects/trace-ring.ts'
import type { Process } from './process.ts'

/** Bytes of a path or of data that a record has. */
const TEXT_BYTES = 96
/** The result of a call that did not come back: it ended the process. */
const NO_RETURN = 0x7fffffff
/** Date.now() is kept modulo this. */
const CLOCK_MASK = 0x7fffffff
/** Calls whose last argument points to the word that they give back. */
const GIVES = /read|write|seek|tell|open|poll/
const DATA = /^fd_p?(read|write)$/
const TWO_PATHS = /^path_(rename|link|symlink)$/

/** Which argument points to a path: its length comes next, a second path is three further on. −1 for none. */
const pathAt = (name: string): number => {
  if (!name.startsWith('path_')) return -1
  if (name === 'path_symlink') return 0
  return /open|filestat|_link/.test(name) ? 2 : 1
}

export type Call = (...args: never[]) => unknown
type Arg = number | bigint

const idOf = (name: string): number => {
  for (const { number, wasi } of Object.values(SYSCALLS)) {
    const place = (wasi as readonly string[]).indexOf(name)
    if (place >= 0) return (number << 8) | place
  }
  return 0
}

/** Runs a call and writes its record. `finish` gives the value given back and the texts, once there is a result. */
export const traceCall = (
  objects: Objects,
  id: number,
  args: readonly number[],
  run: () => unknown,
  finish: (result: number) => { out: number; texts: Uint8Array[] },
): unknown => {
  const clock = Date.now() & CLOCK_MASK
  const start = performance.now()
  let result = NO_RETURN
  try {
    const value = run()
    result = typeof value === 'number' ? value : 0
    return value
  } finally {
    const { out, texts } = finish(result)
    const micros = Math.round((performance.now() - start) * 1000)
    const words = [id, clock, micros, result, out, args.length, ...args]
    for (const text of texts) {
      words.push(text.length)
      for (let at = 0; at < text.length; at += 4)
        words.push(
          (text[at] ?? 0) |
            ((text[at + 1] ?? 0) << 8) |
            ((text[at + 2] ?? 0) << 16) |
            ((text[at + 3] ?? 0) << 24),
        )
    }
    putTrace(objects, words)
  }
}

/** The same imports, each with its record while the process is traced. */
export const traced = <T extends Record<string, Call>>(process: Process, imports: T): T => {
  const wrapped = Object.entries(imports).map(([name, call]) => [name, wrap(process, name, call)])
  return Object.fromEntries(wrapped) as T
}

const wrap = (process: Process, name: string, call: Call): Call => {
  const { objects, guest } = process
  const id = idOf(name)
  const gives = GIVES.test(name)
  const isData = DATA.test(name)
  const first = pathAt(name)
  const paths = first < 0 ? [] : TWO_PATHS.test(name) ? [first, first + 3] : [first]
  const piece = (at: number, length: number): Uint8Array =>
    guest.u8.slice(at >>> 0, (at >>> 0) + Math.min(length >>> 0, TEXT_BYTES))
  const wordAt = (at: number): number =>
    at >>> 0 <= guest.size - 4 ? guest.view.getUint32(at >>> 0, true) : 0
  const textsOf = (args: readonly number[], out: number): Uint8Array[] => {
    if (isData) {
      const vector = args[1] ?? 0
      return [piece(wordAt(vector), Math.min(wordAt(vector + 4), out))]
    }
    return paths.map((at) => piece(args[at] ?? 0, args[at + 1] ?? 0))
  }
  const slow = (args: Arg[]): unknown => {
    const numbers = args.map((arg) => Number(BigInt.asIntN(32, BigInt(arg))))
    return traceCall(
      objects,
      id,
      numbers,
      () => call(...(args as never[])),
      (result) => {
        const out = gives && result === 0 ? wordAt(numbers.at(-1) ?? 0) : 0
        return { out, texts: textsOf(numbers, out) }
      },
    )
  }
  // As many parameters as the longest import has: V8 passes undefined for the rest, which the call ignores.
  const fast = call as (...args: (Arg | undefined)[]) => unknown
  return ((a: Arg, b: Arg, c: Arg, d: Arg, e: Arg, f: Arg, g: Arg, h: Arg, i: Arg) =>
    isTraced(objects)
      ? slow([a, b, c, d, e, f, g, h, i].filter((arg) => arg !== undefined))
      : fast(a, b, c, d, e, f, g, h, i)) as unknown as Call
}
