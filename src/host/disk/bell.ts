/** Wakes one sleeper. A ring while nobody sleeps is heard by the next wait. */
export interface Bell {
  /** @param soon milliseconds to wait for more of the same kind */
  ring(soon?: number): void
  wait(milliseconds: number): Promise<void>
}

/** The most that a timer takes. */
const LONGEST_MS = 2 ** 31 - 1

export const createBell = (): Bell => {
  let isRung = false
  let isComing = false
  let wake: (() => void) | null = null
  const strike = (): void => {
    isRung = true
    wake?.()
  }
  return {
    ring: (soon = 0) => {
      if (soon === 0) return strike()
      if (isComing) return
      isComing = true
      setTimeout(() => {
        isComing = false
        strike()
      }, soon)
    },
    wait: (milliseconds) =>
      new Promise((resolve) => {
        const timer = setTimeout(() => wake?.(), Math.max(0, Math.min(milliseconds, LONGEST_MS)))
        wake = () => {
          clearTimeout(timer)
          isRung = false
          wake = null
          resolve()
        }
        if (isRung) wake()
      }),
  }
}
