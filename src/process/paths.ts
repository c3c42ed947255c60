/**
 * path_*, except path_open. A path goes to the filesystem as it lies in guest memory; WALK.BENEATH keeps it below its directory.
 *
 * Invariant: every path is bounds-checked here, and every directory is asked for by the right that the call needs.
 */
import { ERRNO } from '../abi/errno.ts'
import { LOOKUP, RIGHTS } from '../abi/wasi.ts'
import { type PathBytes, WALK } from '../vfs/types.ts'
import { directoryOf } from './capability.ts'
import { filestatWriter, type StatLayout } from './filestat.ts'
import { fits } from './guest.ts'
import { createProcPath } from './proc-path.ts'
import { errnoOf, type Process } from './process.ts'
import { timesOf } from './times.ts'

const SLASH = 47
/** Mode of what a WASI program creates, less the umask; WASI itself has no modes. */
export const DIRECTORY_MODE = 0o777

export const walkOf = (lookupFlags: number): number =>
  WALK.BENEATH | (lookupFlags & LOOKUP.SYMLINK_FOLLOW ? WALK.FOLLOW : 0)

export const pathCalls = (process: Process, layout: StatLayout, now: () => bigint) => {
  const { guest, vfs } = process
  const procPath = createProcPath(process)
  const writeStat = filestatWriter(process, layout)
  const from: PathBytes = { bytes: guest.u8, start: 0, length: 0 }
  const to: PathBytes = { bytes: guest.u8, start: 0, length: 0 }
  const pointTo = (path: PathBytes, start: number, length: number): PathBytes => {
    path.bytes = guest.u8
    path.start = start
    path.length = length
    return path
  }

  const lookup = (at: number, start: number, length: number, walk: number): number => {
    const proc = procPath(at, guest.u8, start, length)
    if (proc) return vfs.lookup(at, proc.bytes, 0, proc.length, walk)
    return vfs.lookup(at, guest.u8, start, length, walk)
  }

  /** One path of one directory: checks, then `act(inode, start, length)`. */
  const within = (
    fd: number,
    needed: number,
    pathAt: number,
    pathLength: number,
    act: (at: number, start: number, length: number) => number,
  ): number => {
    process.enter()
    const start = pathAt >>> 0
    const length = pathLength >>> 0
    if (!fits(guest, start, length)) return ERRNO.FAULT
    const at = directoryOf(process, fd, needed)
    return errnoOf(at < 0 ? at : act(at, start, length))
  }
  /** Two paths of two directories: checks, then `act` with the directories; the paths are `from` and `to`. */
  const between = (
    oldFd: number,
    source: number,
    oldPath: number,
    oldLength: number,
    newFd: number,
    target: number,
    newPath: number,
    newLength: number,
    act: (fromAt: number, toAt: number) => number,
  ): number => {
    process.enter()
    if (!fits(guest, oldPath >>> 0, oldLength >>> 0) || !fits(guest, newPath >>> 0, newLength >>> 0))
      return ERRNO.FAULT
    const fromAt = directoryOf(process, oldFd, source)
    if (fromAt < 0) return -fromAt
    const toAt = directoryOf(process, newFd, target)
    if (toAt < 0) return -toAt
    pointTo(from, oldPath >>> 0, oldLength >>> 0)
    pointTo(to, newPath >>> 0, newLength >>> 0)
    return errnoOf(act(fromAt, toAt))
  }
  const rename = (fromAt: number, toAt: number): number => vfs.rename(fromAt, from, toAt, to, WALK.BENEATH)
  const makeDirectory = (at: number, start: number, length: number): number =>
    vfs.mkdir(at, guest.u8, start, length, WALK.BENEATH, process.mode(DIRECTORY_MODE))
  const removeDirectory = (at: number, start: number, length: number): number =>
    vfs.rmdir(at, guest.u8, start, length, WALK.BENEATH)
  const unlinkFile = (at: number, start: number, length: number): number =>
    vfs.unlink(at, guest.u8, start, length, WALK.BENEATH)

  return {
    path_create_directory: (fd: number, path: number, length: number): number =>
      within(fd, RIGHTS.PATH_CREATE_DIRECTORY, path, length, makeDirectory),
    path_remove_directory: (fd: number, path: number, length: number): number =>
      within(fd, RIGHTS.PATH_REMOVE_DIRECTORY, path, length, removeDirectory),
    path_unlink_file: (fd: number, path: number, length: number): number =>
      within(fd, RIGHTS.PATH_UNLINK_FILE, path, length, unlinkFile),

    path_filestat_get: (fd: number, flags: number, path: number, length: number, out: number): number => {
      process.enter()
      const start = path >>> 0
      if (!fits(guest, start, length >>> 0) || !fits(guest, out >>> 0, layout.size)) return ERRNO.FAULT
      const at = directoryOf(process, fd, RIGHTS.PATH_FILESTAT_GET)
      if (at < 0) return -at
      const inode = lookup(at, start, length >>> 0, walkOf(flags))
      return errnoOf(inode < 0 ? inode : writeStat(inode, out >>> 0))
    },

    path_filestat_set_times: (
      fd: number,
      flags: number,
      path: number,
      length: number,
      atime: bigint,
      mtime: bigint,
      which: number,
    ): number =>
      within(fd, RIGHTS.PATH_FILESTAT_SET_TIMES, path, length, (at, start, count) => {
        const times = timesOf(which, atime, mtime, now)
        if (!times) return -ERRNO.INVAL
        const inode = vfs.lookup(at, guest.u8, start, count, walkOf(flags))
        return inode < 0 ? inode : vfs.setTimes(inode, times.atime, times.mtime)
      }),

    path_link: (
      oldFd: number,
      flags: number,
      oldPath: number,
      oldLength: number,
      newFd: number,
      newPath: number,
      newLength: number,
    ): number =>
      between(
        oldFd,
        RIGHTS.PATH_LINK_SOURCE,
        oldPath,
        oldLength,
        newFd,
        RIGHTS.PATH_LINK_TARGET,
        newPath,
        newLength,
        (fromAt, toAt) => vfs.link(fromAt, from, toAt, to, walkOf(flags)),
      ),

    path_rename: (
      oldFd: number,
      oldPath: number,
      oldLength: number,
      newFd: number,
      newPath: number,
      newLength: number,
    ): number =>
      between(
        oldFd,
        RIGHTS.PATH_RENAME_SOURCE,
        oldPath,
        oldLength,
        newFd,
        RIGHTS.PATH_RENAME_TARGET,
        newPath,
        newLength,
        rename,
      ),

    path_symlink: (
      target: number,
      targetLength: number,
      fd: number,
      path: number,
      length: number,
    ): number => {
      process.enter()
      const targetAt = target >>> 0
      if (!fits(guest, targetAt, targetLength >>> 0) || !fits(guest, path >>> 0, length >>> 0))
        return ERRNO.FAULT
      const at = directoryOf(process, fd, RIGHTS.PATH_SYMLINK)
      if (at < 0) return -at
      // No walk beneath a directory could follow it.
      if (guest.u8[targetAt] === SLASH && targetLength !== 0) return ERRNO.PERM
      pointTo(from, targetAt, targetLength >>> 0)
      pointTo(to, path >>> 0, length >>> 0)
      return errnoOf(vfs.symlink(from, at, to, WALK.BENEATH))
    },

    path_readlink: (
      fd: number,
      path: number,
      length: number,
      buffer: number,
      bufferLength: number,
      out: number,
    ): number => {
      process.enter()
      if (!fits(guest, path >>> 0, length >>> 0) || !fits(guest, buffer >>> 0, bufferLength >>> 0))
        return ERRNO.FAULT
      if (!fits(guest, out >>> 0, 4)) return ERRNO.FAULT
      const at = directoryOf(process, fd, RIGHTS.PATH_READLINK)
      if (at < 0) return -at
      const inode = lookup(at, path >>> 0, length >>> 0, WALK.BENEATH)
      if (inode < 0) return -inode
      const copied = vfs.readlink(inode, guest.u8, buffer >>> 0, bufferLength >>> 0)
      if (copied < 0) return -copied
      guest.view.setUint32(out >>> 0, copied, true)
      return ERRNO.SUCCESS
    },
  }
}
