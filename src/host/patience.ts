/** Waiting with an end: for browser storage, which can stay silent for ever when it is blocked or damaged. */

/** The outcome of `work`, or an error naming `what` when it has none after that many milliseconds. */
export const settleWithin = <T>(milliseconds: number, work: Promise<T>, what: string): Promise<T> =>
  new Promise((resolve, reject) => {
    const timer = setTimeout(
      () => reject(new Error(`${what} did not answer within ${milliseconds / 1000} s`)),
      milliseconds,
    )
    work.then(resolve, reject).finally(() => clearTimeout(timer))
  })
