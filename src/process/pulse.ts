/** A thread's own side of its pulse (memory/pulse.ts): what a runtime asks for, and what an interpreter looks at. */
import { THREAD, threadAt } from '../memory/layout.ts'
import { PULSE, putSignals, readPulse, takeNumber } from '../memory/pulse.ts'
import { setWord } from '../memory/slots.ts'
import { pendingSignal } from '../objects/signal.ts'
import type { Process } from './process.ts'
import { waitIn } from './waiting.ts'

export interface Pulse {
  /** What may be given to a guest: it says nothing about the machine, and whoever writes to it misleads only itself. */
  readonly buffer: SharedArrayBuffer
  /** Bits of PULSE_WISH; 0 for nothing any more. 0, or -errno. */
  want(wish: number): number
  ticks(): number
  /** Signals that wait to be handled, without a call. */
  signals(): number
  /** The number that came last, taken; 0 for none. */
  takeNumber(): number
  /** After signals were taken: what the kernel saw is old. */
  settle(): void
}

export const createPulseFace = (process: Process, buffer: SharedArrayBuffer): Pulse => {
  const { memory, objects } = process
  const view = new Int32Array(buffer, 0, buffer.byteLength >> 2)
  return {
    buffer,
    want: (wish) => {
      setWord(memory, threadAt(memory.thread) + THREAD.PULSE, wish)
      return process.kernel ? waitIn(process, process.kernel.pulse()) : 0
    },
    ticks: () => readPulse(view, PULSE.TICKS),
    signals: () => readPulse(view, PULSE.SIGNALS),
    takeNumber: () => takeNumber(view),
    settle: () => {
      if (pendingSignal(objects) === undefined) putSignals(view, 0)
    },
  }
}
