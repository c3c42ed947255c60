/**
 * What must hold whenever the kernel has just cleared a process away; looked at in debug only, for it reads every slot and every
 * descriptor table. Each sentence is a fault of the machine, never of a program.
 *
 * Invariant: the kernel's own thread makes and ends processes and threads, so between two of its turns its entries and the slots
 * in shared memory agree; what programs change meanwhile is looked at under the lock of objects.
 */
import { filesLock } from '../memory/files-lock.ts'
import {
  MAX_PROCESSES,
  MAX_THREADS,
  PROCESS,
  PROCESS_STATE,
  processAt,
  SUPERBLOCK,
  THREAD,
  THREAD_STATE,
  threadAt,
} from '../memory/layout.ts'
import { findProcess, getWord } from '../memory/slots.ts'
import { filesOf } from '../objects/descriptors.ts'
import { locked, type Objects, word } from '../objects/objects.ts'
import { FILE } from '../objects/open-file.ts'
import { JOB } from '../objects/slot-words.ts'
import type { Entry } from './entry.ts'
import { HELD, held } from './held.ts'

type Known = Pick<Entry, 'pid' | 'slot' | 'thread' | 'threads' | 'exit'>

export interface Assertions {
  /** Sentences about what does not hold, now that this process is gone. */
  after(ended: Pick<Entry, 'pid'>): string[]
}

/**
 * @param entries the processes that there are
 * @param ground what the machine held when it was idle
 */
export const createAssertions = (
  objects: Objects,
  entries: () => Iterable<Known>,
  ground: readonly number[],
): Assertions => {
  return {
    after: ({ pid }) => {
      const known = [...entries()]
      return [
        ...threadFaults(objects, known, pid),
        ...processFaults(objects, known),
        ...locked(objects, () => descriptorFaults(objects)),
        ...lockFaults(objects),
        ...(known.length === 0 ? groundFaults(objects, ground) : []),
      ]
    },
  }
}

/** With no process left, the machine holds what it held before the first one. */
const groundFaults = (objects: Objects, ground: readonly number[]): string[] => {
  const now = held(objects.memory)
  return HELD.flatMap(([name], index) =>
    now[index] === ground[index]
      ? []
      : [`${now[index]} ${name} are held with no process left, ${ground[index]} were before the first`],
  )
}

/** A thread that may run belongs to a process that knows it. */
const threadFaults = ({ memory }: Objects, known: readonly Known[], ended: number): string[] => {
  const owners = new Map<number, number>()
  for (const entry of known)
    for (const thread of [entry.thread, ...entry.threads.keys()]) owners.set(thread, entry.pid)
  const faults: string[] = []
  for (let thread = 1; thread < MAX_THREADS; thread++) {
    const at = threadAt(thread)
    const state = getWord(memory, at + THREAD.STATE)
    if (state < THREAD_STATE.FREE || state > THREAD_STATE.QUARANTINE)
      faults.push(`thread ${thread} is in state ${state}, which there is not`)
    if (state === THREAD_STATE.FREE || getWord(memory, at + THREAD.KILLED) !== 0) continue
    const pid = getWord(memory, at + THREAD.PID)
    if (pid === ended) faults.push(`thread ${thread} of process ${pid} was not ended with it`)
    else if (owners.get(thread) !== pid) faults.push(`thread ${thread} of process ${pid} is nobody's`)
  }
  return faults
}

/** A slot in use is a process of the kernel's, or the remains of one that its parent has yet to wait for. */
const processFaults = ({ memory }: Objects, known: readonly Known[]): string[] => {
  const slots = new Map(known.map((entry) => [entry.slot, entry.pid]))
  const seen = new Set<number>()
  const faults: string[] = []
  for (let slot = 0; slot < MAX_PROCESSES; slot++) {
    const at = processAt(slot)
    const state = getWord(memory, at + PROCESS.STATE)
    if (state === PROCESS_STATE.FREE) continue
    const pid = getWord(memory, at + PROCESS.PID)
    const parent = getWord(memory, at + PROCESS.PARENT)
    if (seen.has(pid)) faults.push(`pid ${pid} is given out twice`)
    seen.add(pid)
    if (state === PROCESS_STATE.ZOMBIE && (parent === 0 || findProcess(memory, parent) < 0))
      faults.push(`process ${pid} has ended, and nobody is left to wait for it`)
    if (state !== PROCESS_STATE.ZOMBIE && slots.get(slot) !== pid)
      faults.push(`slot ${slot} is process ${pid}, which the kernel does not know`)
    const nice = getWord(memory, at + JOB.NICE)
    if (nice < 0 || nice > 19) faults.push(`process ${pid} has the nice value ${nice}`)
  }
  return faults
}

/** Tables count their entries, and an open file has a reference for each descriptor that names it. */
const descriptorFaults = (objects: Objects): string[] => {
  const { memory } = objects
  const named = new Map<number, number>()
  const faults: string[] = []
  for (let slot = 0; slot < MAX_PROCESSES; slot++) {
    const at = processAt(slot)
    const state = getWord(memory, at + PROCESS.STATE)
    if (state === PROCESS_STATE.FREE || state === PROCESS_STATE.ZOMBIE) continue
    const files = filesOf(objects, slot)
    const counted = getWord(memory, at + PROCESS.FILES)
    if (counted !== files.length)
      faults.push(
        `process ${getWord(memory, at + PROCESS.PID)} counts ${counted} descriptors and has ${files.length}`,
      )
    for (const file of files) named.set(file, (named.get(file) ?? 0) + 1)
  }
  for (const [file, count] of named) {
    const references = word(objects, file + FILE.REFERENCES)
    if (references < count) faults.push(`an open file has ${references} references for ${count} descriptors`)
  }
  const used = getWord(memory, SUPERBLOCK.USED_OPEN_FILES)
  if (used < named.size) faults.push(`${used} open files are counted, ${named.size} are named by descriptors`)
  return faults
}

/** Whoever holds a lock can give it back: it is a thread that there is. */
const lockFaults = (objects: Objects): string[] => {
  const owners = [
    ['files', filesLock(objects.memory).owner()],
    ['objects', objects.lock.owner()],
  ] as const
  return owners.flatMap(([name, owner]) =>
    owner > 0 && getWord(objects.memory, threadAt(owner) + THREAD.STATE) === THREAD_STATE.FREE
      ? [`the lock of ${name} is held by thread ${owner}, which there is not`]
      : [],
  )
}
