/**
 * Paths into /proc: "self" becomes the caller's pid, and the kernel is asked to bring that process's directory up to date before
 * anything in it is looked at (kernel/proc-files.ts writes it).
 *
 * Invariant: every other path costs a comparison of two numbers and one byte.
 */
import { SYSCALLS } from '../abi/syscalls.ts'
import { type PathBytes, WALK } from '../vfs/types.ts'
import type { Process } from './process.ts'
import { waitIn } from './waiting.ts'

const encoder = new TextEncoder()
const decoder = new TextDecoder()
const NAME = encoder.encode('proc')
const P = 0x70

/** The path as it is to be walked from `at`, or null for one that does not lead into /proc. */
export type ProcPath = (at: number, bytes: Uint8Array, start: number, length: number) => PathBytes | null

export const createProcPath = (process: Process): ProcPath => {
  const { vfs, pid, kernel } = process
  let proc = 0
  return (at, bytes, start, length) => {
    if (!kernel) return null
    if (proc === 0) proc = vfs.lookup(vfs.root, NAME, 0, NAME.length, WALK.DIRECTORY)
    if (at !== proc && (at !== vfs.root || bytes[start] !== P)) return null
    const text = decoder.decode(bytes.slice(start, start + length))
    const found = (at === proc ? /^(\.\/)*()(self|\d+)(?=\/|$)/ : /^(\.\/)*(proc\/+)(self|\d+)(?=\/|$)/).exec(
      text,
    )
    if (!found) return null
    const own = found[3] === 'self' ? pid : Number(found[3])
    waitIn(process, kernel.refresh(own, SYSCALLS.open.number))
    const walked = encoder.encode(`${found[2]}${own}${text.slice(found[0].length)}`)
    return { bytes: walked, start: 0, length: walked.length }
  }
}
