/**
 * Keeps the pulses of threads that want theirs (memory/pulse.ts): signals on the kernel's every turn, for whoever raises one wakes
 * it, and ticks every 10 ms. While nobody wants any, this costs nothing.
 */
import { PROCESS, processAt, THREAD, THREAD_STATE, threadAt } from '../memory/layout.ts'
import type { Memory } from '../memory/memory.ts'
import {
  createPulse,
  PULSE_WISH,
  putNumber,
  putSignals,
  putTicks,
  TICK_MS,
  TICK_NUMBER,
} from '../memory/pulse.ts'
import { findProcess, getWord } from '../memory/slots.ts'

export interface Pulses {
  /** For a thread that starts. */
  create(thread: number): SharedArrayBuffer
  /** The thread has changed its wish. */
  wish(thread: number): void
  /** Milliseconds until it wants to be called again. */
  turn(now: number): number
}

interface Beating {
  pulse: Int32Array
  generation: number
  /** Signals whose number was put there and that are pending still. */
  told: number
  ticked: number
}

export const createPulses = (memory: Memory): Pulses => {
  const pulses = new Map<number, Int32Array>()
  const beating = new Map<number, Beating>()
  const word = (thread: number, field: number): number => getWord(memory, threadAt(thread) + field)

  const openSignals = (thread: number): number => {
    const slot = findProcess(memory, word(thread, THREAD.PID))
    if (slot < 0) return 0
    const at = processAt(slot)
    return getWord(memory, at + PROCESS.PENDING) & ~getWord(memory, at + PROCESS.BLOCKED)
  }
  const tellSignals = (thread: number, each: Beating): void => {
    const open = openSignals(thread)
    putSignals(each.pulse, open)
    each.told &= open
    const news = open & ~each.told
    const lowest = news & -news
    if (lowest !== 0 && putNumber(each.pulse, 32 - Math.clz32(lowest))) each.told |= lowest
  }
  const tick = (each: Beating, now: number): void => {
    const count = Math.floor((now - each.ticked) / TICK_MS)
    if (count < 1) return
    each.ticked += count * TICK_MS
    putTicks(each.pulse, count)
    putNumber(each.pulse, TICK_NUMBER)
  }
  return {
    create: (thread) => {
      const pulse = createPulse()
      beating.delete(thread)
      pulses.set(thread, new Int32Array(pulse))
      return pulse
    },
    wish: (thread) => {
      const pulse = pulses.get(thread)
      const generation = word(thread, THREAD.GENERATION)
      if (!pulse || word(thread, THREAD.PULSE) === 0) beating.delete(thread)
      else beating.set(thread, { pulse, generation, told: 0, ticked: performance.now() })
    },
    turn: (now) => {
      let next = Number.POSITIVE_INFINITY
      for (const [thread, each] of beating) {
        const wish = word(thread, THREAD.PULSE)
        const isGone =
          word(thread, THREAD.STATE) === THREAD_STATE.FREE ||
          word(thread, THREAD.KILLED) !== 0 ||
          word(thread, THREAD.GENERATION) !== each.generation
        if (isGone || wish === 0) {
          beating.delete(thread)
          continue
        }
        if (wish & PULSE_WISH.SIGNALS) tellSignals(thread, each)
        if (!(wish & PULSE_WISH.TICKS)) continue
        tick(each, now)
        next = Math.min(next, Math.max(1, each.ticked + TICK_MS - now))
      }
      return next
    },
  }
}
