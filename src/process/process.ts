/**
 * What every import works with: the guest's memory, the machine as this thread sees it, and how the process ends.
 *
 * Invariant: `enter` is the first thing every import does: it makes stale views anew, counts the call, parks a killed thread,
 * stops or ends a process that a signal asked to, and holds back one that is nice. Once ended, every further call throws the same object again, so that a guest
 * that catches exceptions cannot go on.
 */
import { ERRNO } from '../abi/errno.ts'
import { signalCode } from '../abi/signals.ts'
import { PROCESS, processAt, THREAD, threadAt } from '../memory/layout.ts'
import { parkIfKilled } from '../memory/lock.ts'
import type { Memory } from '../memory/memory.ts'
import { setWord } from '../memory/slots.ts'
import type { Objects } from '../objects/objects.ts'
import { followStops } from '../objects/signal.ts'
import { JOB } from '../objects/slot-words.ts'
import type { Descriptors } from '../objects/types.ts'
import type { SharedVfs } from '../vfs/types.ts'
import { createGuest, type Guest } from './guest.ts'
import type { KernelCalls } from './kernel-calls.ts'
import { createPace } from './pace.ts'

/** Thrown through the guest's frames; never an Error, so that nothing mistakes it for one. */
export interface Ended {
  readonly code: number
  readonly signal: number
}

export interface Process {
  readonly guest: Guest
  readonly objects: Objects
  readonly memory: Memory
  readonly vfs: SharedVfs
  readonly descriptors: Descriptors
  readonly pid: number
  readonly args: readonly string[]
  readonly env: Readonly<Record<string, string>>
  /** null in a machine without a kernel. */
  readonly kernel: KernelCalls | null
  /** See pulse.ts; null in a machine without a kernel. */
  readonly pulse: SharedArrayBuffer | null
  /** Fills with random bytes; at most 64 KiB, not on shared memory. */
  readonly random: (piece: Uint8Array) => void
  /** Mode of what the process makes: the bits less its file mode mask. */
  mode(bits: number): number
  enter(): void
  /** After a call that was interrupted: ends the process if the signal says so. */
  deliver(): void
  /** Throws the process's end. `signal` 0 for an exit of its own. */
  end(code: number, signal: number): never
  /** Set as soon as it has ended. */
  readonly ended: Ended | null
}

export interface ProcessOptions {
  objects: Objects
  vfs: SharedVfs
  descriptors: Descriptors
  pid: number
  args: readonly string[]
  env: Readonly<Record<string, string>>
  kernel?: KernelCalls
  pulse?: SharedArrayBuffer
  random?: (piece: Uint8Array) => void
}

export const createProcess = (options: ProcessOptions): Process => {
  const { objects, vfs, descriptors, pid, args, env } = options
  const { memory } = objects
  const guest = createGuest()
  const callsAt = threadAt(memory.thread) + THREAD.CALLS
  const pagesAt = threadAt(memory.thread) + THREAD.GUEST_PAGES
  const killedAt = threadAt(memory.thread) + THREAD.KILLED
  const pendingAt = processAt(objects.slot) + PROCESS.PENDING
  const niceAt = processAt(objects.slot) + JOB.NICE
  const maskAt = processAt(objects.slot) + PROCESS.UMASK
  const pace = createPace(objects)
  let calls = 0
  let guestSize = 0
  let ended: Ended | null = null

  const end = (code: number, signal: number): never => {
    ended ??= Object.freeze({ code, signal })
    throw ended
  }
  const deliver = (): void => {
    const pending = followStops(objects)
    if (pending?.action === 'terminate') end(signalCode(pending.signal), pending.signal)
  }
  return {
    guest,
    objects,
    memory,
    vfs,
    descriptors,
    pid,
    args,
    env,
    kernel: options.kernel ?? null,
    pulse: options.pulse ?? null,
    random: options.random ?? ((piece) => void crypto.getRandomValues(piece as Uint8Array<ArrayBuffer>)),
    mode: (bits) => bits & ~(memory.i32[maskAt] ?? 0),
    enter: () => {
      if (ended) throw ended
      guest.refresh()
      // Atomic operations cost ten times as much in V8, and nobody acts on this number.
      memory.i32[callsAt] = ++calls
      if (guest.size !== guestSize) {
        guestSize = guest.size
        setWord(memory, pagesAt, guestSize >>> 16)
      }
      // Plain loads: what another thread stores is seen at the latest by the next call.
      if (memory.i32[killedAt] !== 0) parkIfKilled(memory)
      if (memory.i32[niceAt] !== 0) pace()
      if (memory.i32[pendingAt] !== 0) deliver()
    },
    deliver,
    end,
    get ended() {
      return ended
    },
  }
}

/** A result of the machine (≥ 0, or -errno) as what a WASI call returns. */
export const errnoOf = (result: number): number => (result < 0 ? -result : ERRNO.SUCCESS)
