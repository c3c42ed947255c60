/** fd_*: what is asked of or done to an open file as a whole. Reading and writing are in streams.ts, directories in directory.ts. */
import { ERRNO } from '../abi/errno.ts'
import {
  ADVICE_LAST,
  FDFLAGS_ALL,
  PREOPEN_READONLY_RIGHTS,
  PREOPEN_RIGHTS,
  PREOPENTYPE_DIR,
  RIGHTS,
  RIGHTS_ALL,
  RIGHTS_READONLY_MARK,
  SIZE,
} from '../abi/wasi.ts'
import { largestFile } from '../objects/file.ts'
import { fileFacts, fileObject, setStatusFlags, streamKind } from '../objects/open-file.ts'
import { statStream, truncateStream } from '../objects/stream.ts'
import { STREAM } from '../objects/types.ts'
import { emptyStat, KIND } from '../vfs/types.ts'
import { hasInode, inodeOf, openFileOf, rightsThatApply } from './capability.ts'
import { FILETYPE_OF_KIND, filestatWriter, putStat, type StatLayout } from './filestat.ts'
import { fits, putU64 } from './guest.ts'
import { errnoOf, type Process } from './process.ts'
import { syncFile } from './sync.ts'
import { timesOf } from './times.ts'

const HIGHEST_SIZE = BigInt(Number.MAX_SAFE_INTEGER)
const ALL_RIGHTS = BigInt(RIGHTS_ALL)

export const fileCalls = (process: Process, layout: StatLayout, now: () => bigint) => {
  const { guest, objects, descriptors, vfs } = process
  const stat = emptyStat()
  const writeStat = filestatWriter(process, layout)

  const sync = (fd: number, right: number): number => {
    process.enter()
    const file = openFileOf(process, fd, right)
    if (file < 0) return -file
    return errnoOf(syncFile(process, file))
  }
  const setRights = (fd: number, base: bigint, inheriting: bigint): number => {
    const file = descriptors.get(fd)
    if (file < 0) return file
    const has = descriptors.rights(fd)
    const most = has.base & rightsThatApply(objects, file)
    const isWithin = (asked: bigint, limit: number): boolean =>
      (asked & ~ALL_RIGHTS) === 0n && (Number(asked) & ~limit) === 0
    if (!isWithin(BigInt.asUintN(64, base), most)) return -ERRNO.NOTCAPABLE
    if (!isWithin(BigInt.asUintN(64, inheriting), has.inheriting)) return -ERRNO.NOTCAPABLE
    descriptors.setRights(fd, Number(base), Number(inheriting) | (has.inheriting & RIGHTS_READONLY_MARK))
    return 0
  }
  const setSize = (fd: number, size: bigint): number => {
    const file = openFileOf(process, fd, RIGHTS.FD_FILESTAT_SET_SIZE)
    if (file < 0) return file
    const wide = BigInt.asUintN(64, size)
    return wide > HIGHEST_SIZE ? -ERRNO.FBIG : truncateStream(objects, file, Number(wide))
  }
  const allocate = (fd: number, offset: bigint, length: bigint): number => {
    const inode = inodeOf(process, fd, RIGHTS.FD_ALLOCATE)
    if (inode < 0) return inode
    const [start, count] = [BigInt.asUintN(64, offset), BigInt.asUintN(64, length)]
    if (count === 0n) return -ERRNO.INVAL
    if (vfs.kind(inode) !== KIND.FILE) return -ERRNO.NODEV
    return start + count > BigInt(largestFile(objects))
      ? -ERRNO.FBIG
      : vfs.allocate(inode, Number(start), Number(count))
  }
  const setFlags = (fd: number, flags: number): number => {
    const file = openFileOf(process, fd, RIGHTS.FD_FDSTAT_SET_FLAGS)
    if (file < 0) return file
    if (flags & ~FDFLAGS_ALL) return -ERRNO.INVAL
    setStatusFlags(objects, file, flags)
    return 0
  }

  return {
    fd_advise: (fd: number, offset: bigint, length: bigint, advice: number): number => {
      process.enter()
      const inode = inodeOf(process, fd, RIGHTS.FD_ADVISE)
      if (inode < 0) return -inode
      return advice >>> 0 > ADVICE_LAST || offset < 0n || length < 0n ? ERRNO.INVAL : ERRNO.SUCCESS
    },
    fd_allocate: (fd: number, offset: bigint, length: bigint): number => {
      process.enter()
      return errnoOf(allocate(fd, offset, length))
    },
    fd_close: (fd: number): number => {
      process.enter()
      return errnoOf(descriptors.close(fd))
    },
    fd_datasync: (fd: number): number => sync(fd, RIGHTS.FD_DATASYNC),
    fd_sync: (fd: number): number => sync(fd, RIGHTS.FD_SYNC),

    fd_fdstat_get: (fd: number, out: number): number => {
      process.enter()
      const at = out >>> 0
      if (!fits(guest, at, SIZE.FDSTAT)) return ERRNO.FAULT
      const file = descriptors.get(fd)
      if (file < 0) return -file
      const refused = statStream(objects, file, stat)
      if (refused < 0) return -refused
      const { base, inheriting } = descriptors.rights(fd)
      const { view } = guest
      // Bytes 1 and 4 to 7 are padding.
      view.setUint16(at, FILETYPE_OF_KIND[stat.kind] ?? 0, true)
      view.setUint16(at + 2, fileFacts(objects, file).status, true)
      view.setUint32(at + 4, 0, true)
      putU64(view, at + 8, base & rightsThatApply(objects, file))
      putU64(view, at + 16, streamKind(objects, file) === STREAM.DIRECTORY ? inheriting & RIGHTS_ALL : 0)
      return ERRNO.SUCCESS
    },
    fd_fdstat_set_flags: (fd: number, flags: number): number => {
      process.enter()
      return errnoOf(setFlags(fd, flags))
    },
    fd_fdstat_set_rights: (fd: number, base: bigint, inheriting: bigint): number => {
      process.enter()
      return errnoOf(setRights(fd, base, inheriting))
    },

    fd_filestat_get: (fd: number, out: number): number => {
      process.enter()
      if (!fits(guest, out >>> 0, layout.size)) return ERRNO.FAULT
      const file = openFileOf(process, fd, RIGHTS.FD_FILESTAT_GET)
      if (file < 0) return -file
      if (hasInode(streamKind(objects, file))) return errnoOf(writeStat(fileObject(objects, file), out >>> 0))
      const refused = statStream(objects, file, stat)
      if (refused < 0) return -refused
      putStat(guest.view, out >>> 0, layout, stat, FILETYPE_OF_KIND[stat.kind] ?? 0)
      return ERRNO.SUCCESS
    },
    fd_filestat_set_size: (fd: number, size: bigint): number => {
      process.enter()
      return errnoOf(setSize(fd, size))
    },
    fd_filestat_set_times: (fd: number, atime: bigint, mtime: bigint, which: number): number => {
      process.enter()
      const inode = inodeOf(process, fd, RIGHTS.FD_FILESTAT_SET_TIMES)
      if (inode < 0) return -inode
      const times = timesOf(which, atime, mtime, now)
      return times ? errnoOf(vfs.setTimes(inode, times.atime, times.mtime)) : ERRNO.INVAL
    },

    fd_prestat_get: (fd: number, out: number): number => {
      process.enter()
      if (!fits(guest, out >>> 0, SIZE.PRESTAT)) return ERRNO.FAULT
      const preopen = descriptors.preopen(fd)
      if (!preopen) return ERRNO.BADF
      guest.view.setUint32(out >>> 0, PREOPENTYPE_DIR, true)
      guest.view.setUint32((out >>> 0) + 4, preopen.name.length, true)
      return ERRNO.SUCCESS
    },
    fd_prestat_dir_name: (fd: number, buffer: number, length: number): number => {
      process.enter()
      if (!fits(guest, buffer >>> 0, length >>> 0)) return ERRNO.FAULT
      const preopen = descriptors.preopen(fd)
      if (!preopen) return ERRNO.BADF
      if (preopen.name.length > length >>> 0) return ERRNO.NAMETOOLONG
      guest.u8.set(preopen.name, buffer >>> 0)
      return ERRNO.SUCCESS
    },
    fd_renumber: (from: number, to: number): number => {
      process.enter()
      return errnoOf(descriptors.renumber(from, to))
    },
  }
}

/** Narrows what the process was given to what means anything, so that isatty and the access checks of a libc are right. */
export const settleRights = ({ descriptors, objects }: Pick<Process, 'descriptors' | 'objects'>): void => {
  for (const fd of descriptors.list()) {
    const preopen = descriptors.preopen(fd)
    const given = descriptors.rights(fd)
    if (preopen) {
      const limit = preopen.readonly ? PREOPEN_READONLY_RIGHTS : PREOPEN_RIGHTS
      const mark = limit.inheriting & RIGHTS_READONLY_MARK
      descriptors.setRights(fd, given.base & limit.base, (given.inheriting & limit.inheriting) | mark)
    } else {
      const applying = rightsThatApply(objects, descriptors.get(fd))
      descriptors.setRights(fd, given.base & applying, given.inheriting)
    }
  }
}
