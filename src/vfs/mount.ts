/**
 * Mounts: a tree with a device number of its own covers a directory. The covered directory knows its cover, the cover has the
 * covered one's parent and entry; so a walk steps over with one look.
 */
import { ERRNO } from '../abi/errno.ts'
import { beginWrite, endWrite } from '../memory/sequence.ts'
import { getWord } from '../memory/slots.ts'
import { addWork, checkpoint, PENDING, put } from '../memory/undo.ts'
import { tick } from './clock.ts'
import { endNames, unlinkEntry } from './entry.ts'
import { eachInode, giveEntry, giveInode, takeInode } from './inode.ts'
import { ENTRY, FS, INODE, MAX_MOUNTS, MOUNT, MOUNT_WORDS } from './layout.ts'
import { shrink } from './storage.ts'
import { KIND } from './types.ts'
import type { Volume } from './volume.ts'

export const mountAt = (volume: Volume, device: number): number =>
  volume.base + FS.MOUNTS + device * MOUNT_WORDS

/** A free device number with an empty root directory, not yet seen by anybody; its root inode or -errno. Lock held. */
export const takeMount = (volume: Volume, mode: number): number => {
  let device = 1
  while (device < MAX_MOUNTS && volume.memory.i32[mountAt(volume, device) + MOUNT.ROOT] !== 0) device++
  if (device === MAX_MOUNTS) return -ERRNO.NFILE
  tick()
  const root = takeInode(volume, KIND.DIRECTORY, mode, device)
  if (root === 0) return -ERRNO.NOSPC
  const { i32 } = volume.memory
  put(i32, root + INODE.LINKS, 2)
  put(i32, root + INODE.PARENT, root)
  const at = mountAt(volume, device)
  put(i32, at + MOUNT.ROOT, root)
  put(i32, at + MOUNT.READONLY, 0)
  put(i32, at + MOUNT.COVERED, 0)
  return root
}

/** Lets a mount cover a directory. 0 or -errno. Lock held. */
export const coverDirectory = (volume: Volume, root: number, covered: number, readonly: boolean): number => {
  const { i32 } = volume.memory
  if (i32[covered + INODE.KIND] !== KIND.DIRECTORY) return -ERRNO.NOTDIR
  const isRoot = i32[covered + INODE.ENTRY] === 0 || isMountRoot(volume, covered)
  if (isRoot || i32[covered + INODE.COVERED_BY] !== 0) return -ERRNO.BUSY
  const at = mountAt(volume, i32[root + INODE.DEVICE]!)
  beginWrite(i32, volume.base + FS.NAMES)
  put(i32, at + MOUNT.COVERED, covered)
  put(i32, at + MOUNT.READONLY, readonly ? 1 : 0)
  put(i32, root + INODE.PARENT, i32[covered + INODE.PARENT]!)
  put(i32, root + INODE.ENTRY, i32[covered + INODE.ENTRY]!)
  put(i32, covered + INODE.COVERED_BY, root)
  endNames(volume)
  return 0
}

export const isMountRoot = (volume: Volume, at: number): boolean =>
  volume.memory.i32[mountAt(volume, volume.memory.i32[at + INODE.DEVICE]!) + MOUNT.ROOT] === at

/** Takes a mount away with all that is in it. -EBUSY while something of it is pinned or covered. Lock held. */
export const dropMount = (volume: Volume, root: number): number => {
  const { i32 } = volume.memory
  const device = i32[root + INODE.DEVICE]!
  const inside: number[] = []
  let busy = false
  eachInode(volume, (at) => {
    if (i32[at + INODE.DEVICE] !== device) return
    inside.push(at)
    if (getWord(volume.memory, at + INODE.PINS) > 0 || i32[at + INODE.COVERED_BY] !== 0) busy = true
  })
  if (busy) return -ERRNO.BUSY
  const covered = i32[mountAt(volume, device) + MOUNT.COVERED]!
  beginWrite(i32, volume.base + FS.NAMES)
  if (covered !== 0) put(i32, covered + INODE.COVERED_BY, 0)
  for (const at of inside) {
    for (let entry = i32[at + INODE.FIRST]!; entry !== 0; entry = i32[at + INODE.FIRST]!) {
      unlinkEntry(volume, entry)
      giveEntry(volume, entry)
      checkpoint(i32, 0, volume.base + FS.NAMES)
    }
    put(i32, at + INODE.LINKS, 0)
  }
  for (let word = 0; word < MOUNT_WORDS; word++) put(i32, mountAt(volume, device) + word, 0)
  addWork(i32, PENDING.FREEING)
  endNames(volume)
  for (const at of inside) freeInode(volume, at)
  return 0
}

const freeInode = (volume: Volume, at: number): void => {
  const { i32 } = volume.memory
  beginWrite(i32, at)
  shrink(volume, at, 0)
  checkpoint(i32, PENDING.FREEING, at)
  endWrite(i32, at)
  giveInode(volume, at)
}

/** Names from the root down to a directory, as bytes; undefined when it was removed. Lock held. */
export const namesTo = (volume: Volume, directory: number): Uint8Array[] | undefined => {
  const { i32, u8 } = volume.memory
  const root = i32[volume.base + FS.ROOT]!
  const names: Uint8Array[] = []
  for (let at = directory; at !== root; ) {
    const entry = i32[at + INODE.ENTRY]!
    if (entry === 0 || i32[at + INODE.KIND] !== KIND.DIRECTORY) return undefined
    const from = (entry + ENTRY.NAME) * 4
    names.unshift(u8.slice(from, from + i32[entry + ENTRY.LENGTH]!))
    at = i32[at + INODE.PARENT]!
    if (at === 0) return undefined
  }
  return names
}
