/**
 * nice(2), as far as a machine without a scheduler can be nice: a process with a nice value above 0 rests at its system calls, in
 * proportion to the time it has run since it last did. At 4 it runs half of the time, at 19 a sixth. The browser gives the
 * processors away; a process that makes no calls is not held back, and nobody becomes faster than the browser lets it.
 *
 * Invariant: time that it has been blocked in is no time that it has run.
 */
import { SYSCALLS } from '../abi/syscalls.ts'
import { processAt, THREAD, threadAt } from '../memory/layout.ts'
import { sleep, wakeSeen } from '../memory/wake.ts'
import { type Objects, word } from '../objects/objects.ts'
import { JOB } from '../objects/slot-words.ts'

/** It runs at least that long before it rests: shorter rests would be mostly waking up. */
const SLICE_MS = 10
/** Longest rest; a signal ends it early. */
const REST_MS = 1000
/** At this value running and resting are equally long. */
const EVEN = 4

/** For the entry of every system call while the nice value is not 0. */
export const createPace = (objects: Objects): (() => void) => {
  const { memory } = objects
  const niceAt = processAt(objects.slot) + JOB.NICE
  const blockedAt = threadAt(memory.thread) + THREAD.BLOCKED_US
  let ran = 0
  let blocked = 0
  const mark = (): void => {
    ran = performance.now()
    blocked = word(objects, blockedAt)
  }
  return () => {
    const nice = word(objects, niceAt)
    if (ran === 0) mark()
    const busy = performance.now() - ran - ((word(objects, blockedAt) - blocked) | 0) / 1000
    if (busy < SLICE_MS) return
    sleep(memory, wakeSeen(memory), Math.min(REST_MS, (busy * nice) / EVEN), SYSCALLS.yield.number)
    mark()
  }
}
