/**
 * One wake word per thread: pipes, ttys, children, signals, timers and replies all end in "bump the word and notify".
 *
 *   waiter                                waker
 *   seen = word                           make the state true
 *   register in the wait set              for each thread in the set: word += 1, notify
 *   is it ready? → leave
 *   Atomics.wait(word, seen)
 *
 * Invariant: read the word before looking at the state, and no wake-up is ever lost.
 */
import { MAX_THREADS, THREAD, THREAD_STATE, threadAt } from './layout.ts'
import { parkIfKilled } from './lock.ts'
import type { Memory } from './memory.ts'

/** Words of a wait set: one bit per thread. */
export const WAIT_SET_WORDS = MAX_THREADS / 32

export const wakeSeen = (memory: Memory): number =>
  Atomics.load(memory.i32, threadAt(memory.thread) + THREAD.WAKE)

export const wake = (memory: Memory, thread: number): void => {
  const word = threadAt(thread) + THREAD.WAKE
  Atomics.add(memory.i32, word, 1)
  Atomics.notify(memory.i32, word)
}

/** Sleeps until woken or for `milliseconds` (Infinity: for ever). `call` is shown as the wait reason. False on time-out. */
export const sleep = (memory: Memory, seen: number, milliseconds: number, call: number): boolean => {
  const at = threadAt(memory.thread)
  const { i32 } = memory
  const start = performance.now()
  Atomics.store(i32, at + THREAD.CALL, call)
  Atomics.store(i32, at + THREAD.ASLEEP_SINCE, Date.now() & 0x7fffffff)
  Atomics.store(i32, at + THREAD.STATE, THREAD_STATE.WAITING)
  const result = Atomics.wait(i32, at + THREAD.WAKE, seen, milliseconds)
  Atomics.store(i32, at + THREAD.STATE, THREAD_STATE.RUNNING)
  Atomics.store(i32, at + THREAD.CALL, 0)
  Atomics.add(i32, at + THREAD.BLOCKED_US, Math.round((performance.now() - start) * 1000))
  parkIfKilled(memory)
  return result !== 'timed-out'
}

/** The same without blocking the event loop: for the kernel worker, and for threads with one of their own. */
export const sleepAsync = async (memory: Memory, seen: number, milliseconds: number): Promise<boolean> => {
  const at = threadAt(memory.thread)
  Atomics.store(memory.i32, at + THREAD.ASYNC, 1)
  const wait = Atomics.waitAsync(memory.i32, at + THREAD.WAKE, seen, milliseconds)
  const result = wait.async ? await wait.value : wait.value
  Atomics.store(memory.i32, at + THREAD.ASYNC, 0)
  return result !== 'timed-out'
}

export const joinWaitSet = (memory: Memory, set: number): void => {
  const thread = memory.thread
  Atomics.or(memory.i32, set + (thread >> 5), 1 << (thread & 31))
}

export const leaveWaitSet = (memory: Memory, set: number): void => {
  const thread = memory.thread
  Atomics.and(memory.i32, set + (thread >> 5), ~(1 << (thread & 31)))
}

/** Wakes every thread in the set; they stay in it until they leave. */
export const wakeSet = (memory: Memory, set: number): void => {
  for (let index = 0; index < WAIT_SET_WORDS; index++) {
    let bits = Atomics.load(memory.i32, set + index)
    while (bits !== 0) {
      const bit = 31 - Math.clz32(bits)
      wake(memory, index * 32 + bit)
      bits &= ~(1 << bit)
    }
  }
}
