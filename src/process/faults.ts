/**
 * Why a program could not start, or broke, in words for its user. Engines name traps differently; both spellings are known.
 */
import type { ExitReason } from '../abi/control.ts'
import { SIGNAL } from '../abi/signals.ts'

/** As a shell reports SIGABRT, and as wasmtime ends on a trap. */
export const TRAP_CODE = 134
/** As a shell reports a file that is there but cannot be run. */
export const CANNOT_RUN_CODE = 126

/** Fragments of the engines' messages (V8, SpiderMonkey) and what they mean. */
const TRAPS: readonly [RegExp, string][] = [
  [/unreachable/, 'unreachable code was reached: the program aborted itself'],
  [/memory access out of bounds|index out of bounds/, 'memory access out of bounds'],
  [/table (index|access|element)|element segment/, 'a call through a function pointer that does not exist'],
  [/signature mismatch/, 'a call through a function pointer of the wrong type'],
  [/indirect call to null|null function/, 'a call through a null function pointer'],
  [/divide by zero|remainder by zero/, 'integer division by zero'],
  [/divide result unrepresentable|integer overflow/, 'integer overflow'],
  [/unrepresentable in integer|conversion to integer/, 'a number that does not fit an integer'],
  [/unaligned/, 'unaligned atomic access'],
  [/data segment/, 'data segment out of bounds'],
]

const isStackOverflow = (error: unknown): boolean =>
  error instanceof Error && /call stack|too much recursion/i.test(error.message)

/** The end of a program whose _start threw `error`. */
export const faultReason = (error: unknown): ExitReason => {
  const broken = (message: string): ExitReason => ({ code: TRAP_CODE, signal: SIGNAL.ABRT, message })
  if (isStackOverflow(error))
    return broken('stack overflow: the program called too deeply (endless recursion?)')
  if (error instanceof WebAssembly.RuntimeError) return broken(`wasm trap: ${trapWords(error.message)}`)
  if (typeof WebAssembly.Exception === 'function' && error instanceof WebAssembly.Exception)
    return broken('the program threw an exception that it did not catch')
  const text = error instanceof Error ? (error.stack ?? error.message) : String(error)
  return broken(`the machine failed inside a system call; this is a defect of the machine: ${text}`)
}

export const trapWords = (message: string): string => {
  for (const [fragment, words] of TRAPS) if (fragment.test(message)) return words
  return message
}

export const cannotRun = (message: string): ExitReason => ({ code: CANNOT_RUN_CODE, signal: 0, message })
