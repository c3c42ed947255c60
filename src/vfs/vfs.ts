/**
 * The filesystem of one thread: `Vfs` over the shared memory, with the extra calls that write WASI's structures straight into
 * a guest's memory. Wiring only; each call lives in the file named after what it does.
 */
import { ERRNO } from '../abi/errno.ts'
import { SUPERBLOCK } from '../memory/layout.ts'
import type { Memory } from '../memory/memory.ts'
import { getWord } from '../memory/slots.ts'
import { onMend } from '../memory/undo.ts'
import { changesSince } from './change.ts'
import { sizeOf } from './content.ts'
import { linkHeld, makeHeld, symlinkHeld } from './create.ts'
import { allocate, chmod, read, setTimes, truncate, write } from './data.ts'
import { stat, statWasi } from './facts.ts'
import { hold } from './hold.ts'
import { isReadonly } from './inode.ts'
import { FS, INODE, INODE_SHIFT } from './layout.ts'
import { readdir, readdirWasi } from './list.ts'
import { lookup, open, readlink } from './lookup.ts'
import { namesTo } from './mount.ts'
import { mendVolume, pin, unpin } from './pin.ts'
import { renameHeld, rmdirHeld, unlinkHeld } from './remove.ts'
import { KIND, type SharedVfs } from './types.ts'
import { createVolume } from './volume.ts'

/** @throws Error when no filesystem was made in this memory (see format.ts). */
export const attachVfs = (memory: Memory): SharedVfs => {
  memory.refresh()
  const base = getWord(memory, SUPERBLOCK.FILES)
  if (base === 0) throw new Error('there is no filesystem in this memory yet')
  const volume = createVolume(memory, base)
  onMend(memory, () => mendVolume(volume))
  const decoder = new TextDecoder()
  const word = (inode: number, index: number): number => {
    const at = (inode << INODE_SHIFT) + index
    if (at >= memory.i32.length) memory.refresh()
    return memory.i32[at]!
  }
  return {
    volume,
    root: getWord(memory, base + FS.ROOT) >>> INODE_SHIFT,
    lookup: (at, bytes, start, length, walk) => lookup(volume, at, bytes, start, length, walk),
    open: (at, bytes, start, length, walk, how, mode) =>
      open(volume, at, bytes, start, length, walk, how, mode),
    pin: (inode) => pin(volume, inode),
    unpin: (inode) => unpin(volume, inode),
    stat: (inode, out) => stat(volume, inode, out),
    statWasi: (inode, view, to) => statWasi(volume, inode, view, to),
    kind: (inode) => word(inode, INODE.KIND),
    writer: (inode) => word(inode, INODE.WRITER),
    device: (inode) => word(inode, INODE.RDEV),
    size: (inode) => {
      const at = inode << INODE_SHIFT
      if (at >= memory.i32.length) memory.refresh()
      return sizeOf(memory.i32, at)
    },
    readonly: (inode) => isReadonly(volume, inode << INODE_SHIFT),
    read: (inode, position, target, start, length) => read(volume, inode, position, target, start, length),
    write: (inode, position, source, start, length) => write(volume, inode, position, source, start, length),
    truncate: (inode, size) => truncate(volume, inode, size),
    allocate: (inode, offset, length) => allocate(volume, inode, offset, length),
    readdir: (inode, cookie, visit) => readdir(volume, inode, cookie, visit),
    readdirWasi: (inode, cookie, bytes, view, start, length) =>
      readdirWasi(volume, inode, cookie, bytes, view, start, length),
    mkdir: (at, bytes, start, length, walk, mode) =>
      hold(volume, () => makeHeld(volume, at, bytes, start, length, walk, mode, KIND.DIRECTORY)),
    mkfifo: (at, bytes, start, length, walk, mode) =>
      hold(volume, () => makeHeld(volume, at, bytes, start, length, walk, mode, KIND.FIFO)),
    rmdir: (at, bytes, start, length, walk) =>
      hold(volume, () => rmdirHeld(volume, at, bytes, start, length, walk)),
    unlink: (at, bytes, start, length, walk) =>
      hold(volume, () => unlinkHeld(volume, at, bytes, start, length, walk)),
    rename: (fromAt, from, toAt, to, walk) =>
      hold(volume, () => renameHeld(volume, fromAt, from, toAt, to, walk)),
    link: (fromAt, from, toAt, to, walk) =>
      hold(volume, () => linkHeld(volume, fromAt, from, toAt, to, walk)),
    symlink: (target, at, to, walk) => hold(volume, () => symlinkHeld(volume, target, at, to, walk)),
    readlink: (inode, target, start, length) => readlink(volume, inode, target, start, length),
    setTimes: (inode, atime, mtime) => setTimes(volume, inode, atime, mtime),
    chmod: (inode, mode) => chmod(volume, inode, mode),
    parent: (inode) => {
      if (word(inode, INODE.KIND) !== KIND.DIRECTORY) return -ERRNO.NOTDIR
      return word(inode, INODE.PARENT) >>> INODE_SHIFT || -ERRNO.NOENT
    },
    path: (inode) =>
      hold(volume, () => {
        const names = namesTo(volume, inode << INODE_SHIFT)
        return names === undefined ? undefined : `/${names.map((name) => decoder.decode(name)).join('/')}`
      }),
    changes: (cursor) => changesSince(volume, cursor),
  }
}
