/** The heap for descriptor tables, pipes and the like: what no file owns. */
import { ERRNO } from '../abi/errno.ts'
import { filesLock } from './files-lock.ts'
import { formatHeap, GRANULE_WORDS, giveRun, granulesOf, OWNER, takeRun } from './heap.ts'
import type { Memory } from './memory.ts'
import { commit } from './undo.ts'

export interface Heap {
  /** Word index of so many bytes, zeroed (a multiple of 256 bytes, aligned to 256); -ENOMEM. At most 15 MiB. */
  allocate(bytes: number): number
  /** `bytes` as given to `allocate`. */
  free(word: number, bytes: number): void
}

/** Takes FILES_LOCK by itself. */
export const createHeap = (memory: Memory): Heap => {
  const lock = filesLock(memory)
  const locked = (work: () => number): number => {
    lock.acquire()
    try {
      const result = work()
      commit(memory.i32)
      return result
    } finally {
      lock.release()
    }
  }
  formatOnce(memory)
  return {
    allocate: (bytes) =>
      locked(() => {
        const granules = granulesOf(bytes)
        const run = takeRun(memory, granules, OWNER.OBJECTS)
        if (run === 0) return -ERRNO.NOMEM
        memory.i32.fill(0, run, run + granules * GRANULE_WORDS)
        return run
      }),
    free: (word, bytes) => {
      locked(() => {
        giveRun(memory, word, granulesOf(bytes), OWNER.OBJECTS)
        return 0
      })
    },
  }
}

const formatOnce = (memory: Memory): void => {
  const lock = filesLock(memory)
  lock.acquire()
  try {
    formatHeap(memory)
    commit(memory.i32)
  } finally {
    lock.release()
  }
}
