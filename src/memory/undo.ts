/**
 * The undo log of what lies under FILES_LOCK (heap, filesystem): old values of the words that a change has written so far.
 *
 *   put(i32, at, value)    log │ at │ old │ at │ old │ …      then the word itself
 *   commit                 log empty: the change is made
 *   seal                   the same while a sequence is still odd: that is all that is left in the log
 *   rollBack               words written back, last one first: the change was never made
 *
 * Whoever is stopped in the middle of a change (its stack is full inside of a call, its worker is gone) leaves a log that is not
 * empty; the next who takes the lock rolls back before looking at anything. A change that is too long for the log is made
 * in steps which are whole in themselves, and PENDING says what is left to do.
 *
 * Invariant: nothing reachable is written under the lock but by `put`. What was free before the change may be filled at will:
 * its own links are in the log. Rolling back may itself be stopped anywhere and begun again.
 */
import { UNDO_AT, UNDO_WORDS } from './layout.ts'
import type { Memory } from './memory.ts'

/**
 * Words at UNDO_AT: the entry behind the last one, the first one that counts, and the work that a change in steps leaves to
 * whoever comes next, if it is stopped.
 */
const COUNT = UNDO_AT
const START = UNDO_AT + 1
const WORK = UNDO_AT + 2
const ENTRIES = UNDO_AT + 8
const MAX_ENTRIES = (UNDO_WORDS - 8) / 2
/** From here on a long change looks for a place to commit. */
const ROOM = MAX_ENTRIES / 2

/** Bits of unfinished work. */
export const PENDING = {
  /** A new bucket table is being filled. */
  TABLE: 1,
  /** An inode without name and pin is being freed in steps. */
  FREEING: 2,
  /** Somebody could not look whether its last pin was the last of all. */
  ORPHANS: 4,
} as const

const note = (i32: Int32Array, at: number, value: number): void => {
  const count = i32[COUNT]!
  if (count >= MAX_ENTRIES) throw new Error('the undo log is full')
  const entry = ENTRIES + count * 2
  i32[entry] = at
  i32[entry + 1] = value
  i32[COUNT] = count + 1
}

/** Writes a word so that it can be taken back. Lock held. */
export const put = (i32: Int32Array, at: number, value: number): void => {
  note(i32, at, i32[at]!)
  i32[at] = value
}

/** Only remembers a word, which is then overwritten at will. */
export const keep = (i32: Int32Array, at: number): void => note(i32, at, i32[at]!)

/** The sequence at `word` is about to become odd; rolling back makes it even again, and never what it was. */
export const keepSequence = (i32: Int32Array, word: number): void => note(i32, ~word, 0)

/** What was written since the last commit stays. */
export const commit = (i32: Int32Array): void => {
  i32[COUNT] = 0
  i32[START] = 0
  if (i32[WORK]! & PENDING.FREEING) Atomics.and(i32, WORK, ~PENDING.FREEING)
}

/**
 * What was written stays, and the sequence at `word` is still to be made even. Before a name is seen by those who take no lock: what
 * they hold on to must not be taken back.
 */
export const seal = (i32: Int32Array, word: number): void => {
  keepSequence(i32, word)
  i32[START] = i32[COUNT]! - 1
}

/**
 * A place in a long change where all is whole but for what `work` says, with the sequence at `word` odd. Makes room in the log if
 * it is filling up.
 */
export const checkpoint = (i32: Int32Array, work: number, word: number): void => {
  if (i32[COUNT]! < ROOM) return
  if (work !== 0) Atomics.or(i32, WORK, work)
  seal(i32, word)
  const start = i32[START]!
  // The same entry once more where the log begins. Stopped before the last word, the log begins behind its end, and means that one.
  i32[ENTRIES] = i32[ENTRIES + start * 2]!
  i32[COUNT] = 1
  i32[START] = 0
}

export const addWork = (i32: Int32Array, work: number): void => void Atomics.or(i32, WORK, work)
/** The bits that were set. */
export const takeWork = (i32: Int32Array, work: number): number => Atomics.and(i32, WORK, ~work) & work
export const hasWork = (i32: Int32Array, work: number): boolean => (Atomics.load(i32, WORK) & work) !== 0

/** Something is left to be mended. A plain look: whoever has the lock sees what the last owner wrote. */
export const isBroken = (i32: Int32Array): boolean => (i32[COUNT]! | i32[START]! | i32[WORK]!) !== 0

/** Takes back a change that was not committed. Lock held; calls nothing that needs more than a little stack. */
export const rollBack = (i32: Int32Array): void => {
  const begin = ENTRIES + (i32[START]! > i32[COUNT]! ? 0 : i32[START]! * 2)
  const end = ENTRIES + i32[COUNT]! * 2
  // While a table is being filled no chain can be trusted: whoever goes on with it makes the names even.
  const isOpen = (i32[WORK]! & PENDING.TABLE) !== 0
  // Readers must not take half of it for a state: all sequences that the change touched are odd until it is undone.
  for (let entry = begin; entry < end; entry += 2) {
    const word = ~i32[entry]!
    if (word >= 0) Atomics.store(i32, word, i32[word]! | 1)
  }
  for (let entry = end - 2; entry >= begin; entry -= 2) {
    const at = i32[entry]!
    if (at >= 0) i32[at] = i32[entry + 1]!
  }
  for (let entry = begin; entry < end && !isOpen; entry += 2) {
    const word = ~i32[entry]!
    if (word >= 0) Atomics.store(i32, word, ((i32[word]! | 1) + 1) | 0)
  }
  i32[COUNT] = 0
  i32[START] = 0
}

const menders = new WeakMap<Memory, () => void>()

/** What finishes the pending work of this memory in this thread; called with the lock held, after rolling back. */
export const onMend = (memory: Memory, mend: () => void): void => void menders.set(memory, mend)

export const mend = (memory: Memory): void => {
  rollBack(memory.i32)
  menders.get(memory)?.()
}
