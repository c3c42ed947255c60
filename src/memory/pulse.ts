/**
 * A thread's pulse: a few words of shared memory apart from the machine's, so that they can be given to an interpreter inside a
 * guest (CPython's interrupt buffer) or looked at between two commands without a call. The kernel writes, the thread reads.
 *
 *   word 0   number of a signal, put there when it is 0: the lowest one that has come, or TICK_NUMBER at a tick
 *   word 1   signals that are pending and not blocked (bit n−1 is signal n), as of the kernel's last look
 *   word 2   ticks of 10 ms, wraps
 *
 * Invariant: nothing is written, and nobody is woken for it, unless the thread has said in THREAD.PULSE that it wants it.
 */
export const PULSE = { NUMBER: 0, SIGNALS: 1, TICKS: 2 } as const
/** Bits of THREAD.PULSE. */
export const PULSE_WISH = { SIGNALS: 1, TICKS: 2 } as const
/** No signal of ours has it; what an interpreter takes as "look whether another thread should run". */
export const TICK_NUMBER = 60
export const TICK_MS = 10

const BYTES = 64

export const createPulse = (): SharedArrayBuffer => new SharedArrayBuffer(BYTES)

export const readPulse = (pulse: Int32Array, word: number): number => Atomics.load(pulse, word)

/** Takes the number away: what was there, or 0. */
export const takeNumber = (pulse: Int32Array): number => Atomics.exchange(pulse, PULSE.NUMBER, 0)

export const putSignals = (pulse: Int32Array, pending: number): void => {
  Atomics.store(pulse, PULSE.SIGNALS, pending)
}

/** False when the one before it has not been taken yet. */
export const putNumber = (pulse: Int32Array, number: number): boolean =>
  Atomics.compareExchange(pulse, PULSE.NUMBER, 0, number) === 0

export const putTicks = (pulse: Int32Array, count: number): void => {
  Atomics.add(pulse, PULSE.TICKS, count)
}
