/** The mount that a project lives in: empty, or built from what was stored; and the ledger that goes with it. */
import { check } from '../abi/errno.ts'
import { packTree } from '../abi/tree.ts'
import type { Recovered } from '../lib/recovery.ts'
import { commit } from '../memory/undo.ts'
import { type Arrivals, createArrivals } from './arrive.ts'
import { pathBytes } from './files.ts'
import { INODE, INODE_SHIFT } from './layout.ts'
import { coverDirectory, dropMount, takeMount } from './mount.ts'
import { restoreVolume } from './restore.ts'
import { createLedger, type Ledger } from './save.ts'
import { type Files, type SharedVfs, WALK } from './types.ts'

export interface HomeMount {
  /** What the log knows of the inodes in it. */
  ledger: Ledger
  /** A ledger that knows nothing yet. */
  fresh(): Ledger
  /** Files, folders and links that were brought back. */
  entries: number
  /** What is still to come of it. */
  arrivals: Arrivals
}

const find = (vfs: SharedVfs, path: string): number => {
  const { bytes, length } = pathBytes(path)
  return check(vfs.lookup(vfs.root, bytes, 0, length, WALK.FOLLOW), path) << INODE_SHIFT
}

const freshLedger = (vfs: SharedVfs, root: number): Ledger =>
  createLedger(vfs.volume.memory.i32[root + INODE.DEVICE]!, root)

/** @throws SysError */
export const emptyMount = (vfs: SharedVfs, files: Files, path: string): HomeMount => {
  files.mountTree(path, packTree([]), { readonly: false })
  const root = find(vfs, path)
  const fresh = (): Ledger => freshLedger(vfs, root)
  return { ledger: fresh(), fresh, entries: 0, arrivals: createArrivals(vfs.volume, () => new Map()) }
}

/** Nobody sees it before it is whole. @throws SysError ENOSPC when the machine has no room; the path is covered by nothing then */
export const mountRecovered = (
  vfs: SharedVfs,
  files: Files,
  path: string,
  recovered: Recovered,
): HomeMount => {
  files.mkdir(path, { recursive: true })
  const covered = find(vfs, path)
  const { volume } = vfs
  const { lock } = volume
  const locked = (work: () => number): number => {
    lock.acquire()
    try {
      const result = work()
      commit(volume.memory.i32)
      return result
    } finally {
      lock.release()
    }
  }
  const root = check(
    locked(() => takeMount(volume, 0o755)),
    path,
  )
  try {
    const { ledger, entries, waiting } = restoreVolume(volume, root, recovered)
    check(
      locked(() => coverDirectory(volume, root, covered, false)),
      path,
    )
    const fresh = (): Ledger => freshLedger(vfs, root)
    return { ledger, fresh, entries, arrivals: createArrivals(volume, waiting) }
  } catch (error) {
    locked(() => dropMount(volume, root))
    throw error
  }
}
