/**
 * The start of a machine under a clock: what is still awaited is told in time, and given up only much later. A part that hangs and a
 * device that is slow look alike from here, so the first word is no verdict.
 *
 *   0 s ───── 8 s: "takes long, waits for …" ───── 60 s: every wait fails
 *                      └─ it comes: null, and all goes on
 *
 * Invariant: every promise that went through `awaited` settles.
 */

/** Two seconds before the ten within which the page promises a word. */
export const SLOW_AFTER_MS = 8000
/** Seven times what the slowest device that was measured has needed, downloads of the machine's scripts included. */
export const GIVEN_UP_AFTER_MS = 60_000

export interface StartWatch {
  /** `coming`, or a failure when it has not come by the end. `part` stands in "it waits for …". */
  awaited<T>(part: string, coming: Promise<T>): Promise<T>
  /** All is there, or nothing is wanted any more. */
  stop(): void
}

export interface Timers {
  set(callback: () => void, milliseconds: number): number
  clear(timer: number): void
}

const BROWSER_TIMERS: Timers = {
  set: (callback, milliseconds) => setTimeout(callback, milliseconds) as unknown as number,
  clear: (timer) => clearTimeout(timer),
}

/** @param tell gets the words when it takes long, again when they change, and null when the wait is over */
export const createStartWatch = (
  tell: (message: string | null) => void,
  timers: Timers = BROWSER_TIMERS,
): StartWatch => {
  const parts = new Set<string>()
  let isSlow = false
  let said: string | null = null
  const say = (message: string | null): void => {
    if (message !== said) tell(message)
    said = message
  }
  const sayWaiting = (): void => {
    if (isSlow && parts.size > 0)
      say(`The machine has not started yet: it waits for ${[...parts].join(' and ')}.`)
  }
  const slow = timers.set(() => {
    isSlow = true
    sayWaiting()
  }, SLOW_AFTER_MS)
  let giveUp: (reason: Error) => void = () => {}
  const never = new Promise<never>((_, reject) => {
    giveUp = reject
  })
  never.catch(() => {})
  const end = timers.set(() => {
    const seconds = GIVEN_UP_AFTER_MS / 1000
    giveUp(
      new Error(
        `The machine did not start within ${seconds} seconds: no answer from ${[...parts].join(' and ')}.`,
      ),
    )
  }, GIVEN_UP_AFTER_MS)
  return {
    awaited: async (part, coming) => {
      parts.add(part)
      sayWaiting()
      try {
        return await Promise.race([coming, never])
      } finally {
        parts.delete(part)
        sayWaiting()
      }
    },
    stop: () => {
      timers.clear(slow)
      timers.clear(end)
      say(null)
    },
  }
}
