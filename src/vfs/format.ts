/** Makes an empty filesystem in a machine's memory: root, /tmp, and /dev with its devices. Once, by the kernel. */
import { ERRNO, SysError } from '../abi/errno.ts'
import { filesLock } from '../memory/files-lock.ts'
import { formatHeap, granulesOf, OWNER, takeRun } from '../memory/heap.ts'
import { SUPERBLOCK } from '../memory/layout.ts'
import type { Memory } from '../memory/memory.ts'
import { setWord } from '../memory/slots.ts'
import { commit } from '../memory/undo.ts'
import { create } from './create.ts'
import { takeTable } from './entry.ts'
import { FIRST_BUCKETS, FS, FS_WORDS, INODE, MOUNT, RING_WORDS } from './layout.ts'
import { coverDirectory, mountAt, takeMount } from './mount.ts'
import { DEVICE, KIND } from './types.ts'
import { createVolume, type Volume } from './volume.ts'
import { WALK_NAME, walk } from './walk.ts'

/** Names under /dev and their numbers. */
const DEVICES: readonly (readonly [string, number])[] = [
  ['null', DEVICE.NULL],
  ['zero', DEVICE.ZERO],
  ['full', DEVICE.FULL],
  ['random', DEVICE.RANDOM],
  ['urandom', DEVICE.RANDOM],
  ['tty', DEVICE.TTY],
  ['stdin', DEVICE.STDIN],
  ['stdout', DEVICE.STDOUT],
  ['stderr', DEVICE.STDERR],
]

/** @throws SysError ENOSPC when the memory is too small; Error when it has a filesystem already. */
export const formatVfs = (memory: Memory): void => {
  const lock = filesLock(memory)
  lock.acquire()
  try {
    if (memory.i32[SUPERBLOCK.FILES] !== 0) throw new Error('this memory has a filesystem already')
    formatHeap(memory)
    const base = need(takeRun(memory, granulesOf(FS_WORDS * 4), OWNER.FILES))
    memory.i32.fill(0, base, base + FS_WORDS)
    const volume = createVolume(memory, base)
    const ring = need(takeRun(memory, granulesOf(RING_WORDS * 4), OWNER.FILES))
    memory.i32[base + FS.RING] = ring
    const table = need(takeTable(volume, FIRST_BUCKETS))
    memory.i32[base + FS.TABLE] = table
    const root = need(takeMount(volume, 0o755))
    memory.i32[base + FS.ROOT] = root
    mount(volume, 'tmp', 0o1777, false)
    fillDev(volume, mount(volume, 'dev', 0o755, true))
    setWord(memory, SUPERBLOCK.FILES, base)
    commit(memory.i32)
  } finally {
    lock.release()
  }
}

const need = (result: number): number => {
  if (result <= 0) throw new SysError(ERRNO.NOSPC, 'filesystem')
  return result
}

const make = (volume: Volume, directory: number, name: string, kind: number, mode: number): number => {
  const bytes = new TextEncoder().encode(name)
  walk(volume, directory, bytes, 0, bytes.length, WALK_NAME)
  return need(create(volume, kind, mode))
}

const mount = (volume: Volume, name: string, mode: number, readonly: boolean): number => {
  const covered = make(volume, volume.memory.i32[volume.base + FS.ROOT]!, name, KIND.DIRECTORY, mode)
  const root = need(takeMount(volume, mode))
  coverDirectory(volume, root, covered, readonly)
  return root
}

const fillDev = (volume: Volume, dev: number): void => {
  const at = mountAt(volume, volume.memory.i32[dev + INODE.DEVICE]!)
  volume.memory.i32[at + MOUNT.READONLY] = 0
  for (const [name, number] of DEVICES) {
    const device = make(volume, dev, name, KIND.DEVICE, 0o666)
    volume.memory.i32[device + INODE.RDEV] = number
  }
  volume.memory.i32[at + MOUNT.READONLY] = 1
}
