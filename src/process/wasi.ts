/**
 * The imports of a WASI program over the machine's shared memory, in the caller's own thread: wasi_snapshot_preview1, and
 * wasi_unstable, which differs in whence, filestat and subscription.
 *
 *   import (here: pointers, rights) → descriptor (objects/stream.ts) → object or filesystem
 */
import { argsCalls } from './args.ts'
import { clockCalls, createClock, nanoseconds } from './clock.ts'
import { directoryCalls } from './directory.ts'
import { exitCalls } from './exit.ts'
import { fileCalls } from './files.ts'
import { STAT_PREVIEW1, STAT_UNSTABLE } from './filestat.ts'
import { openCalls } from './open.ts'
import { pathCalls } from './paths.ts'
import { pollCalls, SUBSCRIPTION_PREVIEW1, SUBSCRIPTION_UNSTABLE } from './poll.ts'
import type { Process } from './process.ts'
import { randomCalls } from './random.ts'
import { socketCalls } from './sockets.ts'
import { streamCalls, WHENCE_PREVIEW1, WHENCE_SNAPSHOT0 } from './streams.ts'
import { traced } from './trace.ts'

export interface Wasi {
  imports: WasiImports
  /** Before the first call: the guest's exported memory. */
  setMemory(memory: WebAssembly.Memory): void
}

export interface WasiImports extends Record<string, Record<string, (...args: never[]) => unknown>> {
  wasi_snapshot_preview1: Preview1
  wasi_unstable: Record<string, (...args: never[]) => unknown>
}

export type Preview1 = ReturnType<typeof preview1>

const preview1 = (process: Process) => {
  const clock = createClock(process)
  const now = (): bigint => nanoseconds(clock.realtime())
  return {
    ...argsCalls(process),
    ...clockCalls(process, clock),
    ...randomCalls(process),
    ...exitCalls(process),
    ...socketCalls(process),
    ...directoryCalls(process),
    ...openCalls(process),
    ...fileCalls(process, STAT_PREVIEW1, now),
    ...pathCalls(process, STAT_PREVIEW1, now),
    ...streamCalls(process, WHENCE_PREVIEW1),
    ...pollCalls(process, clock, SUBSCRIPTION_PREVIEW1),
  }
}

const unstable = (process: Process, current: Preview1) => {
  const clock = createClock(process)
  const now = (): bigint => nanoseconds(clock.realtime())
  // sock_accept is younger than this interface.
  const { sock_accept: _younger, ...shared } = current
  return {
    ...shared,
    ...fileCalls(process, STAT_UNSTABLE, now),
    ...pathCalls(process, STAT_UNSTABLE, now),
    ...streamCalls(process, WHENCE_SNAPSHOT0),
    ...pollCalls(process, clock, SUBSCRIPTION_UNSTABLE),
  }
}

export const createWasi = (process: Process): Wasi => {
  const current = preview1(process)
  return {
    imports: {
      wasi_snapshot_preview1: traced(process, current),
      wasi_unstable: traced(process, unstable(process, current)),
    },
    setMemory: process.guest.setMemory,
  }
}
