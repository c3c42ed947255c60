/**
 * Words of a process slot for job control and tracing, behind those of memory/layout.ts. The slot is cleared when it is given
 * out, so all of them start as 0.
 */
export const JOB = {
  /** Signal that stopped it, valid while its state is STOPPED and after. */
  STOP_SIGNAL: 64,
  /** REPORT bits that its parent has not waited for yet. */
  REPORTS: 65,
  /** 0…19; see process/pace.ts. */
  NICE: 66,
  /** Trace ring (word index), or 0; see trace-ring.ts. */
  TRACE: 67,
  /** Locks on ranges of files that it has or waits for. */
  LOCKS: 68,
  /** Threads that wait for its end through a descriptor of it; see child-file.ts. 8 words. */
  END_WAITERS: 72,
  /** By errno modulo 32: what limits have refused the process and its user has not been told of yet; see refusal.ts. */
  REFUSED: 100,
} as const

export const REPORT = { STOPPED: 1, CONTINUED: 2 } as const
