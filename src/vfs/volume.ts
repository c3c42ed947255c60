/**
 * The filesystem as one thread sees it: the shared memory, the lock, and the registers of its last path walk. Passed to
 * every function here; nothing in it outlives a call except buffers.
 */
import { ERRNO } from '../abi/errno.ts'
import { filesLock } from '../memory/files-lock.ts'
import type { Lock } from '../memory/lock.ts'
import type { Memory } from '../memory/memory.ts'
import { createFence, type Fence } from '../memory/sequence.ts'
import { PATH_MAX } from './layout.ts'

/** What the last name of a walked path was. */
export const LAST = { NAME: 0, ROOT: 1, DOT: 2, DOTDOT: 3 } as const

export interface Volume {
  /** Sees to it that the bytes of an inode are there, and waits for them (arrive.ts); 0, or -errno. The files lock is the kernel's or nobody's. */
  bring: (inode: number) => number
  readonly memory: Memory
  readonly lock: Lock
  readonly fence: Fence
  /** First word of the superblock. */
  readonly base: number
  /** Registers of `walk`: directory of the last name, its entry or 0, the name and its hash. */
  parent: number
  entry: number
  last: number
  hash: number
  name: Uint8Array
  nameAt: number
  nameLength: number
  /** A slash follows the last name. */
  trailing: boolean
  /** Symbolic links are spliced into paths here, in turns. */
  readonly spliceA: Uint8Array
  readonly spliceB: Uint8Array
  /** Copies of the paths of calls that change something: the guest's threads may write to theirs. */
  readonly pathA: Uint8Array
  readonly pathB: Uint8Array
  /** Where the last readdir stopped. */
  listed: number
  listedCookie: number
  listedEntry: number
}

/** A spliced path: target, rest. */
export const SPLICE_BYTES = 2 * PATH_MAX

export const createVolume = (memory: Memory, base: number): Volume => ({
  bring: () => -ERRNO.IO,
  memory,
  lock: filesLock(memory),
  fence: createFence(),
  base,
  parent: 0,
  entry: 0,
  last: 0,
  hash: 0,
  name: new Uint8Array(0),
  nameAt: 0,
  nameLength: 0,
  trailing: false,
  spliceA: new Uint8Array(SPLICE_BYTES),
  spliceB: new Uint8Array(SPLICE_BYTES),
  pathA: new Uint8Array(PATH_MAX),
  pathB: new Uint8Array(PATH_MAX),
  listed: 0,
  listedCookie: 0,
  listedEntry: 0,
})
