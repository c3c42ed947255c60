/**
 * The filestat record, written straight into guest memory. Its two layouts (preview1 and wasi_unstable) differ in the width of
 * nlink and so in everything behind it.
 *
 *            0    8    16        20     24     32    40    48    56
 *   preview1 dev  ino  filetype         nlink  size  atim  mtim  ctim
 *   unstable dev  ino  filetype  nlink  size   atim  mtim  ctim
 */
import { FILETYPE, SIZE, SIZE_UNSTABLE } from '../abi/wasi.ts'
import { emptyStat, KIND, type Stat } from '../vfs/types.ts'
import { putU64 } from './guest.ts'
import type { Process } from './process.ts'

export interface StatLayout {
  size: number
  nlinkAt: number
  nlinkWide: boolean
  sizeAt: number
}

export const STAT_PREVIEW1: StatLayout = { size: SIZE.FILESTAT, nlinkAt: 24, nlinkWide: true, sizeAt: 32 }
export const STAT_UNSTABLE: StatLayout = {
  size: SIZE_UNSTABLE.FILESTAT,
  nlinkAt: 20,
  nlinkWide: false,
  sizeAt: 24,
}

/** filetype by the filesystem's KIND; WASI has none for a FIFO. */
export const FILETYPE_OF_KIND: Readonly<Record<number, number>> = {
  [KIND.FILE]: FILETYPE.REGULAR_FILE,
  [KIND.DIRECTORY]: FILETYPE.DIRECTORY,
  [KIND.SYMLINK]: FILETYPE.SYMBOLIC_LINK,
  [KIND.DEVICE]: FILETYPE.CHARACTER_DEVICE,
  [KIND.FIFO]: FILETYPE.UNKNOWN,
  [KIND.SOCKET]: FILETYPE.SOCKET_STREAM,
}

/** Writes the record of `inode` at a checked address: 0 or -errno. */
export const filestatWriter = (process: Process, layout: StatLayout) => {
  const { guest, vfs } = process
  if (layout === STAT_PREVIEW1)
    return (inode: number, at: number): number => vfs.statWasi(inode, guest.view, at)
  const stat = emptyStat()
  return (inode: number, at: number): number => {
    const result = vfs.stat(inode, stat)
    if (result < 0) return result
    putStat(guest.view, at, layout, stat, FILETYPE_OF_KIND[stat.kind] ?? FILETYPE.UNKNOWN)
    return 0
  }
}

export const putStat = (
  view: DataView,
  at: number,
  layout: StatLayout,
  stat: Stat,
  filetype: number,
): void => {
  putU64(view, at, stat.dev)
  putU64(view, at + 8, stat.inode)
  // The filetype and its padding.
  view.setUint32(at + 16, filetype, true)
  view.setUint32(at + 20, 0, true)
  view.setUint32(at + layout.nlinkAt, stat.links, true)
  if (layout.nlinkWide) view.setUint32(at + layout.nlinkAt + 4, 0, true)
  putU64(view, at + layout.sizeAt, stat.size)
  view.setBigUint64(at + layout.sizeAt + 8, stat.atime, true)
  view.setBigUint64(at + layout.sizeAt + 16, stat.mtime, true)
  view.setBigUint64(at + layout.sizeAt + 24, stat.ctime, true)
}
