/** Facts of an inode: stat, in the machine's form and in WASI's, without a lock. */
import { ERRNO } from '../abi/errno.ts'
import { beginRead, endRead } from '../memory/sequence.ts'
import { timeOf } from './clock.ts'
import { sizeOf } from './content.ts'
import { ATTEMPTS, hold, look } from './hold.ts'
import { INODE, INODE_SHIFT } from './layout.ts'
import { KIND, type Stat } from './types.ts'
import type { Volume } from './volume.ts'

const fill = (i32: Int32Array, at: number, out: Stat): number => {
  const kind = i32[at + INODE.KIND]
  if (!kind) return -ERRNO.NOENT
  out.inode = at >>> INODE_SHIFT
  out.kind = kind
  out.mode = i32[at + INODE.MODE]!
  out.links = i32[at + INODE.LINKS]!
  out.size = sizeOf(i32, at)
  out.dev = i32[at + INODE.DEVICE]!
  out.rdev = i32[at + INODE.RDEV]!
  out.atime = timeOf(i32, at + INODE.ATIME)
  out.mtime = timeOf(i32, at + INODE.MTIME)
  out.ctime = timeOf(i32, at + INODE.CTIME)
  return 0
}

export const stat = (volume: Volume, inode: number, out: Stat): number => {
  const at = inode << INODE_SHIFT
  return look(volume, at, () => fill(volume.memory.i32, at, out))
}

/** WASI preview1 `filetype` of a KIND; a FIFO has none. */
const FILETYPES = [0, 4, 3, 7, 2, 0, 6]
export const filetypeOf = (kind: number): number => FILETYPES[kind] ?? 0
/** The way back. Of what stands in a directory only a FIFO has none. */
export const kindOf = (filetype: number): number => (filetype ? FILETYPES.indexOf(filetype) : KIND.FIFO)

const pair = (view: DataView, at: number, low: number, high: number): void => {
  view.setInt32(at, low, true)
  view.setInt32(at + 4, high, true)
}

const fillWasi = (i32: Int32Array, at: number, view: DataView, to: number): number => {
  const kind = i32[at + INODE.KIND]
  if (!kind) return -ERRNO.NOENT
  pair(view, to, i32[at + INODE.DEVICE]!, 0)
  pair(view, to + 8, at >>> INODE_SHIFT, 0)
  pair(view, to + 16, filetypeOf(kind), 0)
  pair(view, to + 24, i32[at + INODE.LINKS]!, 0)
  for (let word = 0; word < 8; word += 2)
    pair(view, to + 32 + word * 4, i32[at + INODE.SIZE + word]!, i32[at + INODE.SIZE + word + 1]!)
  return 0
}

/** Writes WASI's `filestat` (64 bytes) at `to`: no BigInt, no object. 0, or -ENOENT for a stale inode. */
export const statWasi = (volume: Volume, inode: number, view: DataView, to: number): number => {
  const { memory, fence } = volume
  const at = inode << INODE_SHIFT
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    const sequence = beginRead(memory, at)
    if ((sequence & 1) !== 0) continue
    const result = fillWasi(memory.i32, at, view, to)
    if (endRead(memory, fence, at, sequence)) return result
  }
  return hold(volume, () => fillWasi(memory.i32, at, view, to))
}
