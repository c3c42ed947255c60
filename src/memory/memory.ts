/**
 * The machine's memory as one thread sees it: a shared WebAssembly.Memory and fixed-length views on it. Length-tracking views
 * are 1.5 to 3 times slower in V8, so views are made anew when another thread has grown the memory (`refresh`).
 *
 * Invariant: whoever follows a pointer that another thread stored calls `refresh` first; `i32` and `u8` of a Memory are
 * replaced by it and must not be kept across calls.
 */
import { ERRNO, SysError } from '../abi/errno.ts'
import { INITIAL_PAGES, MAGIC, MAXIMUM_PAGES, PAGE_BYTES, SUPERBLOCK } from './layout.ts'

export interface Memory {
  readonly shared: WebAssembly.Memory
  /** The slot of the thread that uses this object (0 is the kernel). */
  readonly thread: number
  i32: Int32Array
  u8: Uint8Array
  /** Makes the views anew if the memory has grown since. Cheap: one word compared. */
  refresh(): void
  /** Grows by at least that many pages; false at the limit. The caller holds FILES_LOCK. */
  grow(pages: number): boolean
}

/** @throws SysError ENOMEM when the browser cannot reserve the address space. */
export const createMemory = (maximumPages = MAXIMUM_PAGES): Memory => {
  const shared = reserve(maximumPages)
  const memory = attachMemory(shared.memory, 0)
  const { i32 } = memory
  Atomics.store(i32, SUPERBLOCK.VERSION, 1)
  Atomics.store(i32, SUPERBLOCK.PAGES, INITIAL_PAGES)
  Atomics.store(i32, SUPERBLOCK.LIMIT, shared.maximum)
  Atomics.store(i32, SUPERBLOCK.NEXT_PID, 1)
  Atomics.store(i32, SUPERBLOCK.MAGIC, MAGIC)
  return memory
}

const reserve = (maximumPages: number): { memory: WebAssembly.Memory; maximum: number } => {
  for (let maximum = maximumPages; maximum >= INITIAL_PAGES; maximum = Math.floor(maximum / 2)) {
    try {
      return { memory: new WebAssembly.Memory({ initial: INITIAL_PAGES, maximum, shared: true }), maximum }
    } catch {
      // A 32-bit or small device cannot reserve as much: try half.
    }
  }
  throw new SysError(ERRNO.NOMEM, 'shared memory', 'this browser cannot reserve memory for the machine')
}

export const attachMemory = (shared: WebAssembly.Memory, thread: number): Memory => {
  let pages = 0
  const memory: Memory = {
    shared,
    thread,
    i32: new Int32Array(0),
    u8: new Uint8Array(0),
    refresh: () => {
      if (Atomics.load(memory.i32, SUPERBLOCK.PAGES) !== pages) renew()
    },
    grow: (count) => {
      const now = Atomics.load(memory.i32, SUPERBLOCK.PAGES)
      if (now + count > Atomics.load(memory.i32, SUPERBLOCK.LIMIT)) return false
      try {
        shared.grow(count)
      } catch {
        return false
      }
      Atomics.store(memory.i32, SUPERBLOCK.PAGES, now + count)
      renew()
      return true
    },
  }
  const renew = (): void => {
    const buffer = shared.buffer
    memory.i32 = new Int32Array(buffer)
    memory.u8 = new Uint8Array(buffer)
    // Not of the buffer: its getter is one that a guest's JavaScript can replace.
    pages = memory.u8.length / PAGE_BYTES
  }
  renew()
  return memory
}
