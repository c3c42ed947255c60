/** random_get. The browser's generator refuses views on shared memory and more than 64 KiB at a time, so it goes in pieces. */
import { ERRNO } from '../abi/errno.ts'
import { fits } from './guest.ts'
import type { Process } from './process.ts'

const CHUNK_BYTES = 65536

export const randomCalls = (process: Process) => {
  const { guest, random } = process
  const staging = new Uint8Array(CHUNK_BYTES)
  return {
    random_get: (buffer: number, length: number): number => {
      process.enter()
      const start = buffer >>> 0
      const count = length >>> 0
      if (!fits(guest, start, count)) return ERRNO.FAULT
      for (let done = 0; done < count; done += CHUNK_BYTES) {
        const piece = staging.subarray(0, Math.min(CHUNK_BYTES, count - done))
        random(piece)
        guest.u8.set(piece, start + done)
      }
      return ERRNO.SUCCESS
    },
  }
}
