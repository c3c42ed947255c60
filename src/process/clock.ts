/**
 * clock_*: realtime follows Date.now (so a clock that was set or a computer that slept is noticed) with the resolution of
 * performance.now; monotonic is performance.now; CPU time is the time this thread was not blocked.
 */
import { ERRNO } from '../abi/errno.ts'
import { CLOCKID } from '../abi/wasi.ts'
import { THREAD, threadAt } from '../memory/layout.ts'
import { getWord } from '../memory/slots.ts'
import { fits, putU64 } from './guest.ts'
import type { Process } from './process.ts'

/** What performance.now gives in an isolated page. */
const RESOLUTION_NS = 5000
const NS_PER_MS = 1_000_000
const TIME_BYTES = 8
/** Date.now is whole milliseconds; a larger distance than that and some jitter means that the clock was set. */
const DRIFT_MS = 5

export interface Clock {
  /** Milliseconds since 1970, with a fraction. */
  realtime(): number
  /** Milliseconds on performance.now's clock. */
  monotonic(): number
  /** Milliseconds that this thread ran. */
  cpu(): number
}

export const createClock = (process: Process): Clock => {
  const started = performance.now()
  const blockedAt = threadAt(process.memory.thread) + THREAD.BLOCKED_US
  const blockedBefore = getWord(process.memory, blockedAt)
  let anchor = Date.now() - performance.now()
  let last = 0
  return {
    realtime: () => {
      const now = performance.now()
      const wall = Date.now()
      if (Math.abs(wall - (anchor + now)) > DRIFT_MS) {
        anchor = wall - now
        last = 0
      }
      last = Math.max(last, anchor + now)
      return last
    },
    monotonic: () => performance.now(),
    cpu: () => {
      const blocked = ((getWord(process.memory, blockedAt) - blockedBefore) >>> 0) / 1000
      return Math.max(0, performance.now() - started - blocked)
    },
  }
}

const NS_PER_US = 1000n

/** Milliseconds as nanoseconds, of which a microsecond is the finest part. */
export const nanoseconds = (ms: number): bigint => BigInt(Math.floor(ms * 1000)) * NS_PER_US

export const clockCalls = (process: Process, clock: Clock) => {
  const { guest } = process
  return {
    clock_res_get: (id: number, out: number): number => {
      process.enter()
      if (id >>> 0 > CLOCKID.THREAD_CPUTIME) return ERRNO.INVAL
      if (!fits(guest, out >>> 0, TIME_BYTES)) return ERRNO.FAULT
      putU64(guest.view, out >>> 0, RESOLUTION_NS)
      return ERRNO.SUCCESS
    },
    clock_time_get: (id: number, _precision: bigint, out: number): number => {
      process.enter()
      const at = out >>> 0
      if (!fits(guest, at, TIME_BYTES)) return ERRNO.FAULT
      if (id === CLOCKID.REALTIME) guest.view.setBigUint64(at, nanoseconds(clock.realtime()), true)
      else if (id === CLOCKID.MONOTONIC) putU64(guest.view, at, Math.floor(clock.monotonic() * NS_PER_MS))
      else if (id === CLOCKID.PROCESS_CPUTIME || id === CLOCKID.THREAD_CPUTIME)
        putU64(guest.view, at, Math.floor(clock.cpu() * NS_PER_MS))
      else return ERRNO.INVAL
      return ERRNO.SUCCESS
    },
  }
}
