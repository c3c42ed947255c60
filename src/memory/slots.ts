/**
 * The tables of threads and processes in shared memory. Only words live here: what a process holds (descriptors, cwd) is
 * released by src/objects, and policy is the kernel's.
 *
 * Invariant: a slot is given out by the kernel under OBJECTS_LOCK and filled before its STATE says so.
 */
import {
  MAX_PROCESSES,
  MAX_THREADS,
  PROCESS,
  PROCESS_STATE,
  PROCESS_WORDS,
  processAt,
  SUPERBLOCK,
  THREAD,
  THREAD_STATE,
  THREAD_WORDS,
  threadAt,
} from './layout.ts'
import type { Memory } from './memory.ts'

export const getWord = (memory: Memory, at: number): number => Atomics.load(memory.i32, at)
export const setWord = (memory: Memory, at: number, value: number): void => {
  Atomics.store(memory.i32, at, value)
}
export const addWord = (memory: Memory, at: number, value: number): number =>
  Atomics.add(memory.i32, at, value)
export const orWord = (memory: Memory, at: number, bits: number): number => Atomics.or(memory.i32, at, bits)
export const andWord = (memory: Memory, at: number, bits: number): number => Atomics.and(memory.i32, at, bits)
export const exchangeWord = (memory: Memory, at: number, value: number): number =>
  Atomics.exchange(memory.i32, at, value)
export const compareExchangeWord = (memory: Memory, at: number, expected: number, value: number): number =>
  Atomics.compareExchange(memory.i32, at, expected, value)

/** A free thread slot, cleared, in state STARTING; −1 when all 255 are taken. The generation goes on counting. */
export const takeThread = (memory: Memory, pid: number): number => {
  for (let thread = 1; thread < MAX_THREADS; thread++) {
    const at = threadAt(thread)
    if (getWord(memory, at + THREAD.STATE) !== THREAD_STATE.FREE) continue
    const generation = getWord(memory, at + THREAD.GENERATION)
    for (let word = 1; word < THREAD_WORDS; word++) setWord(memory, at + word, 0)
    setWord(memory, at + THREAD.GENERATION, generation + 1)
    setWord(memory, at + THREAD.PID, pid)
    setWord(memory, at + THREAD.STATE, THREAD_STATE.STARTING)
    return thread
  }
  return -1
}

export const hasFreeThread = (memory: Memory): boolean => {
  for (let thread = 1; thread < MAX_THREADS; thread++)
    if (getWord(memory, threadAt(thread) + THREAD.STATE) === THREAD_STATE.FREE) return true
  return false
}

export const freeThread = (memory: Memory, thread: number): void => {
  setWord(memory, threadAt(thread) + THREAD.STATE, THREAD_STATE.FREE)
}

/** A free process slot with a fresh pid, cleared, in state STARTING; −1 when all 256 are taken. */
export const takeProcess = (memory: Memory, parent: number): number => {
  for (let slot = 0; slot < MAX_PROCESSES; slot++) {
    const at = processAt(slot)
    if (getWord(memory, at + PROCESS.STATE) !== PROCESS_STATE.FREE) continue
    if (mayStillRun(memory, getWord(memory, at + PROCESS.PID))) continue
    for (let word = 0; word < PROCESS_WORDS; word++) setWord(memory, at + word, 0)
    setWord(memory, at + PROCESS.PID, addWord(memory, SUPERBLOCK.NEXT_PID, 1))
    setWord(memory, at + PROCESS.PARENT, parent)
    setWord(memory, at + PROCESS.STATE, PROCESS_STATE.STARTING)
    return slot
  }
  return -1
}

/** A thread of a process that has ended runs on until it parks: its slot must not become another's meanwhile. */
const mayStillRun = (memory: Memory, pid: number): boolean => {
  for (let thread = 1; pid !== 0 && thread < MAX_THREADS; thread++) {
    const at = threadAt(thread)
    const state = getWord(memory, at + THREAD.STATE)
    const isThere = state !== THREAD_STATE.FREE && state !== THREAD_STATE.PARKED
    if (isThere && getWord(memory, at + THREAD.PID) === pid) return true
  }
  return false
}

export const freeProcess = (memory: Memory, slot: number): void => {
  setWord(memory, processAt(slot) + PROCESS.STATE, PROCESS_STATE.FREE)
}

/** Slot of a pid, or −1. */
export const findProcess = (memory: Memory, pid: number): number => {
  for (let slot = 0; slot < MAX_PROCESSES; slot++) {
    const at = processAt(slot)
    const isFree = getWord(memory, at + PROCESS.STATE) === PROCESS_STATE.FREE
    if (!isFree && getWord(memory, at + PROCESS.PID) === pid) return slot
  }
  return -1
}
