/** Finding without a lock: lookup, open of what exists, readlink, and the small facts. */
import { ERRNO } from '../abi/errno.ts'
import { beginRead, endRead } from '../memory/sequence.ts'
import { copyOut, sizeOf } from './content.ts'
import { openHeld, refuseOpen } from './create.ts'
import { ATTEMPTS, hold, look } from './hold.ts'
import { FS, INODE, INODE_SHIFT } from './layout.ts'
import { pinAt, unpinAt } from './pin.ts'
import { KIND, OPEN, WALK } from './types.ts'
import type { Volume } from './volume.ts'
import { walk } from './walk.ts'

const answer = (found: number): number =>
  found > 0 ? found >>> INODE_SHIFT : found === 0 ? -ERRNO.NOENT : found

export const lookup = (
  volume: Volume,
  at: number,
  bytes: Uint8Array,
  start: number,
  length: number,
  flags: number,
): number => {
  const { memory, fence } = volume
  const names = volume.base + FS.NAMES
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    const sequence = beginRead(memory, names)
    if ((sequence & 1) !== 0) continue
    const found = walk(volume, at << INODE_SHIFT, bytes, start, length, flags)
    if (endRead(memory, fence, names, sequence)) return answer(found)
  }
  return hold(volume, () => answer(walk(volume, at << INODE_SHIFT, bytes, start, length, flags)))
}

/** Walks, pins, and looks whether the names stood still meanwhile; if not, the pin is taken back. */
const openFound = (
  volume: Volume,
  at: number,
  bytes: Uint8Array,
  start: number,
  length: number,
  flags: number,
  open: number,
): number => {
  const { memory, fence } = volume
  const names = volume.base + FS.NAMES
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    const sequence = beginRead(memory, names)
    if ((sequence & 1) !== 0) continue
    const found = walk(volume, at << INODE_SHIFT, bytes, start, length, flags)
    const refused = found > 0 ? refuseOpen(volume, found, open) : answer(found)
    if (refused < 0) {
      if (endRead(memory, fence, names, sequence)) return refused
      continue
    }
    // A pointer out of range can only come from a state that is gone.
    if (found + INODE.NEXT_FREE >= memory.i32.length) continue
    pinAt(volume, found)
    if (endRead(memory, fence, names, sequence)) return found >>> INODE_SHIFT
    unpinAt(volume, found)
  }
  return 0
}

export const open = (
  volume: Volume,
  at: number,
  bytes: Uint8Array,
  start: number,
  length: number,
  flags: number,
  how: number,
  mode: number,
): number => {
  if ((how & OPEN.CREATE) !== 0 && (how & OPEN.DIRECTORY) !== 0) return -ERRNO.INVAL
  const walkFlags =
    (how & OPEN.DIRECTORY) !== 0 && (flags & WALK.FOLLOW) !== 0 ? flags | WALK.DIRECTORY : flags
  if ((how & (OPEN.CREATE | OPEN.TRUNCATE)) === 0) {
    const found = openFound(volume, at, bytes, start, length, walkFlags, how)
    if (found !== 0) return found
  }
  volume.lock.acquire()
  try {
    return openHeld(volume, at, bytes, start, length, walkFlags, how, mode)
  } finally {
    volume.lock.release()
  }
}

const targetOnce = (
  volume: Volume,
  at: number,
  target: Uint8Array,
  start: number,
  length: number,
): number => {
  const { i32, u8 } = volume.memory
  const kind = i32[at + INODE.KIND]
  if (kind !== KIND.SYMLINK) return kind ? -ERRNO.INVAL : -ERRNO.NOENT
  const bytes = Math.min(length, sizeOf(i32, at))
  copyOut(i32, u8, at, 0, target, start, bytes)
  return bytes
}

export const readlink = (
  volume: Volume,
  inode: number,
  target: Uint8Array,
  start: number,
  length: number,
): number => {
  const at = inode << INODE_SHIFT
  return look(volume, at, () => targetOnce(volume, at, target, start, length))
}
