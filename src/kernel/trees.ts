/**
 * A process of the page with all that come from it: what they use, they use together, so that a chain of children is no way
 * around a limit. Those that have ended and that nobody has waited for hold a process slot each, and count until they are reaped.
 *
 * Of the processes that the machine may have, a part is kept from each tree for the others, and half of that part for the page:
 * whatever one tree does, the rest of the machine still spawns.
 *
 * Invariant: `spent` holds the CPU time of exactly those that are not in `living` any more.
 */
import type { Granted } from '../abi/limits.ts'
import { PROCESS, PROCESS_STATE, processAt } from '../memory/layout.ts'
import type { Memory } from '../memory/memory.ts'
import { getWord } from '../memory/slots.ts'
import type { Entry } from './entry.ts'

/** Processes that are kept from one tree, and half of them from all children: an eighth, at most so many. */
const RESERVE = 16
const RESERVED_PART = 8

export interface Tree {
  readonly granted: Granted
  /** On performance.now()'s clock. */
  readonly startedAt: number
  readonly living: Set<Entry>
  /** Milliseconds of CPU time of those that have ended. */
  spent: number
}

export interface Trees {
  born(entry: Entry): void
  /** @param cpu milliseconds that it had */
  died(entry: Entry, cpu: number): void
  /** Whether another process may be made: a child in the tree, or one of the page (null). */
  hasRoom(tree: Tree | null, most: number): boolean
  all(): Iterable<Tree>
}

export const createTree = (granted: Granted, startedAt: number): Tree => ({
  granted,
  startedAt,
  living: new Set(),
  spent: 0,
})

export const createTrees = (memory: Memory): Trees => {
  const trees = new Set<Tree>()
  /** By pid: those that may still hold a slot. */
  const unreaped = new Map<number, { slot: number; tree: Tree }>()
  const isUnreaped = (pid: number, slot: number): boolean =>
    getWord(memory, processAt(slot) + PROCESS.PID) === pid &&
    getWord(memory, processAt(slot) + PROCESS.STATE) === PROCESS_STATE.ZOMBIE
  const zombies = (): Tree[] => {
    for (const [pid, { slot }] of unreaped) if (!isUnreaped(pid, slot)) unreaped.delete(pid)
    return [...unreaped.values()].map(({ tree }) => tree)
  }
  return {
    born: (entry) => {
      entry.tree.living.add(entry)
      trees.add(entry.tree)
    },
    died: (entry, cpu) => {
      const { pid, slot, tree } = entry
      tree.living.delete(entry)
      tree.spent += cpu
      if (entry.parent !== 0) unreaped.set(pid, { slot, tree })
      if (tree.living.size === 0) trees.delete(tree)
    },
    hasRoom: (tree, most) => {
      const dead = zombies()
      let all = dead.length
      for (const { living } of trees) all += living.size
      if (!tree) return all < most
      const reserve = Math.min(RESERVE, Math.floor(most / RESERVED_PART))
      const own = tree.living.size + dead.filter((each) => each === tree).length
      return own < most - reserve && all < most - (reserve >> 1)
    },
    all: () => trees,
  }
}
