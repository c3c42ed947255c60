/**
 * The blocking form: attempt, join the wait sets, sleep on the thread's one wake word, attempt again.
 *
 * Invariant: the wake word is read before each attempt, so no wake-up is lost; the sets are left on every way out.
 */
import { ERRNO } from '../abi/errno.ts'
import { sleep, wakeSeen } from '../memory/wake.ts'
import type { Objects } from './objects.ts'
import { followStops } from './signal.ts'
import { type Operation, PENDING } from './types.ts'

/**
 * Thrown out of a wait when a signal ends the process: its worker unwinds to its door and tells the kernel. The signal stays
 * pending, so code that swallows this meets it again at its next call.
 */
export class Interrupted extends Error {
  readonly signal: number
  constructor(signal: number) {
    super(`ended by signal ${signal}`)
    this.name = 'Interrupted'
    this.signal = signal
  }
}

/**
 * For the entry of a system call: so that a process which never waits follows its signals too. A signal that stops it is slept
 * through here. True when a handled signal is pending.
 * @throws Interrupted when a pending signal ends the process
 */
export const checkSignals = (objects: Objects): boolean => {
  const pending = followStops(objects)
  if (pending === undefined) return false
  if (pending.action === 'terminate') throw new Interrupted(pending.signal)
  return pending.action === 'handle'
}

/**
 * Waits until the operation has a result, and gives it: ≥ 0 or -errno; -EINTR (or what was done so far) when a signal that the
 * process handles arrives.
 * @throws Interrupted when a signal ends the process
 */
export const waitFor = (objects: Objects, operation: Operation): number => {
  const first = operation.attempt()
  if (first !== PENDING) return first
  const operations = [operation]
  return waitAny(objects, operations).result
}

/**
 * Waits for the first of several. `index` is its place in the list; −1 with -EINTR when a handled signal came and the list
 * has several (a single one gives its own result).
 * @throws Interrupted when a signal ends the process
 */
export const waitAny = (
  objects: Objects,
  operations: readonly Operation[],
): { index: number; result: number } => {
  for (const operation of operations) operation.watch(true)
  try {
    return loop(objects, operations)
  } finally {
    for (const operation of operations) operation.watch(false)
  }
}

const loop = (objects: Objects, operations: readonly Operation[]): { index: number; result: number } => {
  const only = operations.length === 1 ? operations[0] : undefined
  for (;;) {
    const seen = wakeSeen(objects.memory)
    let deadline = Number.POSITIVE_INFINITY
    for (const [index, operation] of operations.entries()) {
      const result = operation.attempt()
      if (result !== PENDING) return { index, result }
      deadline = Math.min(deadline, operation.deadline())
    }
    if (checkSignals(objects))
      return only ? { index: 0, result: only.interrupted(ERRNO.INTR) } : { index: -1, result: -ERRNO.INTR }
    const call = only?.call ?? operations[0]?.call ?? 0
    sleep(objects.memory, seen, Math.max(0, deadline - performance.now()), call)
  }
}
