/** One of two threads that take the lock of the files and give it back, again and again. */
import { expose } from '../../src/ipc/rpc.ts'
import { filesLock } from '../../src/memory/files-lock.ts'
import type { Lock } from '../../src/memory/lock.ts'
import { attachMemory } from '../../src/memory/memory.ts'

export interface LockApi {
  attach(shared: WebAssembly.Memory, thread: number): void
  /** Nanoseconds of one acquire and release. */
  run(rounds: number): number
}

let lock: Lock

const api: LockApi = {
  attach: (shared, thread) => {
    lock = filesLock(attachMemory(shared, thread))
  },
  run: (rounds) => {
    const start = performance.now()
    for (let round = 0; round < rounds; round++) {
      lock.acquire()
      lock.release()
    }
    return ((performance.now() - start) * 1e6) / rounds
  },
}

expose(api, self as unknown as MessagePort)
