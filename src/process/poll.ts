/**
 * poll_oneoff: clocks, readers and writers in one wait, without turning in circles: the thread sleeps on its wake word until
 * the nearest deadline or until a pipe or terminal of the list changes.
 *
 *   subscription   0 userdata · 8 tag · 16 union      preview1: clock = id · timeout · precision · flags   (48 bytes)
 *                                                     unstable: clock = identifier, then the same          (56 bytes)
 *   event          0 userdata · 8 errno · 10 type · 16 nbytes · 24 flags                                  (32 bytes)
 */
import { ERRNO } from '../abi/errno.ts'
import { CLOCKID, EVENTRWFLAGS, EVENTTYPE, RIGHTS, SIZE, SIZE_UNSTABLE, SUBCLOCKFLAGS } from '../abi/wasi.ts'
import { pollOnce, pollOperation } from '../objects/poll.ts'
import { type PollEntry, READY } from '../objects/types.ts'
import { openFileOf } from './capability.ts'
import type { Clock } from './clock.ts'
import { fits, getU64, putU64 } from './guest.ts'
import type { Process } from './process.ts'
import { waitIn } from './waiting.ts'

export interface SubscriptionLayout {
  size: number
  /** Where the clock's id is; timeout 8 behind it, precision 16, flags 24. */
  clockAt: number
}

export const SUBSCRIPTION_PREVIEW1: SubscriptionLayout = { size: SIZE.SUBSCRIPTION, clockAt: 16 }
export const SUBSCRIPTION_UNSTABLE: SubscriptionLayout = { size: SIZE_UNSTABLE.SUBSCRIPTION, clockAt: 24 }

const TAG_AT = 8
const UNION_AT = 16
const NS_PER_MS = 1_000_000
/** More would need megabytes for one call; no program has so many descriptors. */
const MOST_SUBSCRIPTIONS = 65_536

const KINDS = {
  [EVENTTYPE.CLOCK]: 'clock',
  [EVENTTYPE.FD_READ]: 'read',
  [EVENTTYPE.FD_WRITE]: 'write',
} as const

export const pollCalls = (process: Process, clock: Clock, layout: SubscriptionLayout) => {
  const { guest, objects, descriptors } = process

  /** The entry for the subscription at `at`; `error` is set where it can never be waited for. Undefined for an unknown tag. */
  const parse = (at: number): PollEntry | undefined => {
    const tag = guest.view.getUint8(at + TAG_AT)
    const kind = KINDS[tag as keyof typeof KINDS]
    if (!kind) return undefined
    const entry: PollEntry = { kind, fd: -1, deadline: 0, ready: 0, bytes: 0, error: 0 }
    if (kind === 'clock') {
      const deadline = deadlineOf(at + layout.clockAt)
      if (Number.isNaN(deadline)) entry.error = ERRNO.INVAL
      else entry.deadline = deadline
      return entry
    }
    entry.fd = guest.view.getUint32(at + UNION_AT, true) | 0
    const right = RIGHTS.POLL_FD_READWRITE | (kind === 'read' ? RIGHTS.FD_READ : RIGHTS.FD_WRITE)
    const file = openFileOf(process, entry.fd, right)
    if (file < 0) entry.error = -file
    return entry
  }
  /** Milliseconds on performance.now's clock; NaN for a clock that cannot be waited for. */
  const deadlineOf = (at: number): number => {
    const id = guest.view.getUint32(at, true)
    const timeout = getU64(guest.view, at + 8) / NS_PER_MS
    const isAbsolute = (guest.view.getUint16(at + 24, true) & SUBCLOCKFLAGS.ABSTIME) !== 0
    if (id !== CLOCKID.REALTIME && id !== CLOCKID.MONOTONIC) return Number.NaN
    const now = clock.monotonic()
    if (!isAbsolute) return now + timeout
    return id === CLOCKID.MONOTONIC ? timeout : now + (timeout - clock.realtime())
  }
  const putEvent = (at: number, subscription: number, entry: PollEntry): void => {
    const { view } = guest
    const userdata = view.getBigUint64(subscription, true)
    const isClock = entry.kind === 'clock'
    view.setBigUint64(at, userdata, true)
    view.setUint16(at + 8, entry.error, true)
    view.setUint8(at + 10, view.getUint8(subscription + TAG_AT))
    view.setUint8(at + 11, 0)
    view.setUint32(at + 12, 0, true)
    putU64(view, at + 16, isClock ? 0 : entry.bytes)
    putU64(view, at + 24, entry.ready & READY.HANGUP ? EVENTRWFLAGS.HANGUP : 0)
  }
  /** Fills `ready` of all entries, waiting for one unless some are bad already. 0 or -errno. */
  const wait = (entries: readonly PollEntry[]): number => {
    const good = entries.filter(({ error }) => error === 0)
    if (good.length === entries.length) return waitIn(process, pollOperation(objects, descriptors, good))
    pollOnce(objects, descriptors, good)
    return 0
  }

  return {
    poll_oneoff: (input: number, output: number, count: number, out: number): number => {
      process.enter()
      const [from, to, many] = [input >>> 0, output >>> 0, count >>> 0]
      if (many === 0) return ERRNO.INVAL
      if (!fits(guest, from, many * layout.size) || !fits(guest, to, many * SIZE.EVENT)) return ERRNO.FAULT
      if (!fits(guest, out >>> 0, 4)) return ERRNO.FAULT
      if (many > MOST_SUBSCRIPTIONS) return ERRNO.NOMEM
      const entries: PollEntry[] = []
      for (let index = 0; index < many; index++) {
        const entry = parse(from + index * layout.size)
        if (!entry) return ERRNO.INVAL
        entries.push(entry)
      }
      const result = wait(entries)
      if (result < 0) return -result
      let written = 0
      for (const [index, entry] of entries.entries()) {
        if (entry.ready === 0 && entry.error === 0) continue
        putEvent(to + written * SIZE.EVENT, from + index * layout.size, entry)
        written++
      }
      guest.view.setUint32(out >>> 0, written, true)
      return ERRNO.SUCCESS
    },
  }
}
