/**
 * Signals as something to wait for: an operation (sigwait), and a descriptor that is readable while one of its signals is pending
 * (signalfd of Linux, with records of 4 bytes: the number, little-endian).
 *
 * Invariant: a signal is given to one reader; only what is blocked or handled becomes pending at all (signal.ts).
 */
import { ERRNO } from '../abi/errno.ts'
import { signalBit } from '../abi/signals.ts'
import { SYSCALLS } from '../abi/syscalls.ts'
import { PROCESS, processAt } from '../memory/layout.ts'
import { getWord } from '../memory/slots.ts'
import type { Objects } from './objects.ts'
import { createOpenFile } from './open-file.ts'
import { takeSignal } from './signal.ts'
import { type Spans, scatter, spansTotal } from './spans.ts'
import { ACCESS, type Operation, PENDING, STREAM } from './types.ts'

const RECORD_BYTES = 4
const HIGHEST_SIGNAL = 31

/** Pending signals of the caller's process among those of the mask (bit n−1 is signal n). */
export const pendingOf = (objects: Objects, mask: number): number =>
  objects.slot < 0 ? 0 : getWord(objects.memory, processAt(objects.slot) + PROCESS.PENDING) & mask

/** Takes the lowest pending signal of the mask: its number, or 0. */
export const takeOneOf = (objects: Objects, mask: number): number => {
  const pending = pendingOf(objects, mask)
  for (let signal = 1; signal <= HIGHEST_SIGNAL && pending !== 0; signal++) {
    if (pending & signalBit(signal) && takeSignal(objects, signal)) return signal
  }
  return 0
}

/** sigwaitinfo(2): the number of a signal of the mask, taken. They should be blocked, as POSIX says. */
export const signalOperation = (objects: Objects, mask: number): Operation => ({
  call: SYSCALLS.wait.number,
  attempt: () => takeOneOf(objects, mask) || PENDING,
  watch: (join) => {
    const set = signalSet(objects)
    if (join) objects.waits.join(set)
    else objects.waits.leave(set)
  },
  deadline: () => Number.POSITIVE_INFINITY,
  interrupted: (errno) => -errno,
})

export const signalSet = (objects: Objects): number => processAt(objects.slot) + PROCESS.SIGNAL_WAITERS

/** signalfd(2): an open file for the signals of the mask, or -errno. Whoever reads it gets signals of its own process. */
export const openSignalFile = (objects: Objects, mask: number, status = 0): number =>
  createOpenFile(objects, { stream: STREAM.SIGNALS, object: mask, access: ACCESS.READ, status })

/** Whole records, PENDING while there is no signal, -EINVAL where not even one has room. */
export const readSignals = (objects: Objects, mask: number, spans: Spans): number => {
  const total = spansTotal(spans)
  if (total < RECORD_BYTES) return -ERRNO.INVAL
  let done = 0
  while (done + RECORD_BYTES <= total) {
    const signal = takeOneOf(objects, mask)
    if (signal === 0) break
    scatter(spans, done, RECORD_BYTES, Uint8Array.of(signal, 0, 0, 0), 0)
    done += RECORD_BYTES
  }
  return done || PENDING
}
