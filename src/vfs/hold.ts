/** One change of the files, under the lock; one look at them, without it. */
import { beginRead, endRead } from '../memory/sequence.ts'
import { commit } from '../memory/undo.ts'
import type { Volume } from './volume.ts'

/** What `work` has written stays once it returns; when it throws, whoever takes the lock next takes it back. */
export const hold = <T>(volume: Volume, work: () => T): T => {
  volume.lock.acquire()
  try {
    const result = work()
    commit(volume.memory.i32)
    return result
  } finally {
    volume.lock.release()
  }
}

/** Attempts before a reader waits for the writer through the lock. */
export const ATTEMPTS = 100

/** What `read` finds while the sequence at `word` stands still. The calls that are made most have this written out. */
export const look = (volume: Volume, word: number, read: () => number): number => {
  const { memory, fence } = volume
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    const sequence = beginRead(memory, word)
    if ((sequence & 1) !== 0) continue
    const result = read()
    if (endRead(memory, fence, word, sequence)) return result
  }
  return hold(volume, read)
}
