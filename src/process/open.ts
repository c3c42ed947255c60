/**
 * path_open. Rights decide what is opened for: FD_READ or FD_READDIR mean reading, any of the writing rights means writing.
 *
 * Invariant: what the new descriptor may do is what was asked for, within the directory's inheriting rights, as far as it
 * applies to the kind of file. To ask for more is ENOTCAPABLE; beneath a read-only preopen only writing is refused, with EROFS.
 */
import { ERRNO } from '../abi/errno.ts'
import {
  FDFLAGS,
  FDFLAGS_ALL,
  OFLAGS,
  RIGHTS,
  RIGHTS_ALL,
  RIGHTS_DIRECTORY,
  RIGHTS_FILE,
  RIGHTS_READONLY_MARK,
  RIGHTS_WRITING,
} from '../abi/wasi.ts'
import { THREAD, threadAt } from '../memory/layout.ts'
import { releaseFile, streamKind } from '../objects/open-file.ts'
import { openInode } from '../objects/stream.ts'
import { ACCESS, STREAM } from '../objects/types.ts'
import { OPEN } from '../vfs/types.ts'
import { awaitOtherSide } from './await-fifo.ts'
import { directoryOf, rightsThatApply } from './capability.ts'
import { fits } from './guest.ts'
import { walkOf } from './paths.ts'
import { createProcPath } from './proc-path.ts'
import { errnoOf, type Process } from './process.ts'

/** WASI knows no modes: what everything else asks for, less the umask. */
const FILE_MODE = 0o666
const OFLAGS_ALL = OFLAGS.CREAT | OFLAGS.DIRECTORY | OFLAGS.EXCL | OFLAGS.TRUNC
const PIPES: readonly number[] = [STREAM.PIPE_READ, STREAM.PIPE_WRITE]
const READING = RIGHTS.FD_READ | RIGHTS.FD_READDIR

/** Rights that the directory itself must have for the flags. */
const neededFor = (oflags: number): number => {
  let needed: number = RIGHTS.PATH_OPEN
  if (oflags & OFLAGS.CREAT) needed |= RIGHTS.PATH_CREATE_FILE
  if (oflags & OFLAGS.TRUNC) needed |= RIGHTS.PATH_FILESTAT_SET_SIZE
  return needed
}

/** Rights that the directory must be able to hand on for the descriptor flags. */
const inheritedFor = (fdflags: number): number => {
  let needed = 0
  if (fdflags & FDFLAGS.DSYNC) needed |= RIGHTS.FD_DATASYNC
  if (fdflags & (FDFLAGS.RSYNC | FDFLAGS.SYNC)) needed |= RIGHTS.FD_SYNC
  return needed
}

const openFlags = (oflags: number, isWriting: boolean): number =>
  (oflags & OFLAGS.CREAT ? OPEN.CREATE : 0) |
  (oflags & OFLAGS.DIRECTORY ? OPEN.DIRECTORY : 0) |
  (oflags & OFLAGS.EXCL ? OPEN.EXCLUSIVE : 0) |
  (oflags & OFLAGS.TRUNC ? OPEN.TRUNCATE : 0) |
  (isWriting ? OPEN.WRITE : 0)

const wide = new BigInt64Array(1)
const halves = new Int32Array(wide.buffer, 0, 2)

/** The rights that there are. By way of memory, because V8 makes no new BigInt for that. */
const rightsOf = (given: bigint): number => {
  wide[0] = given
  return (halves[0] ?? 0) & RIGHTS_ALL
}

export const openCalls = (process: Process) => {
  const { guest, objects, descriptors, memory, vfs } = process
  const procPath = createProcPath(process)
  const heldAt = threadAt(memory.thread) + THREAD.HELD_INODE
  /** What was opened last may be a FIFO, whose other side has to come first. */
  let isPipe = false

  /** Gives the open file a descriptor with rights, or takes it back. */
  const install = (file: number, base: number, inheriting: number, limit: number): number => {
    const isDirectory = streamKind(objects, file) === STREAM.DIRECTORY
    const isReadonly = (limit & RIGHTS_READONLY_MARK) !== 0
    const asked = base & rightsThatApply(objects, file)
    const handed = isDirectory ? inheriting & (RIGHTS_DIRECTORY | RIGHTS_FILE) : 0
    if (!isReadonly && (asked | handed) & ~limit) {
      releaseFile(objects, file)
      return -ERRNO.NOTCAPABLE
    }
    const mark = isReadonly && isDirectory ? RIGHTS_READONLY_MARK : 0
    const fd = descriptors.install(file, { base: asked & limit, inheriting: (handed & limit) | mark })
    if (fd < 0) releaseFile(objects, file)
    return fd
  }
  const open = (
    at: number,
    limit: number,
    lookup: number,
    start: number,
    length: number,
    oflags: number,
    base: number,
    inheriting: number,
    fdflags: number,
  ): number => {
    if (oflags & ~OFLAGS_ALL || fdflags & ~FDFLAGS_ALL) return -ERRNO.INVAL
    if (oflags & OFLAGS.CREAT && oflags & OFLAGS.DIRECTORY) return -ERRNO.INVAL
    if (inheritedFor(fdflags) & ~limit) return -ERRNO.NOTCAPABLE
    const isWriting = (base & RIGHTS_WRITING) !== 0
    if (isWriting && limit & RIGHTS_READONLY_MARK) return -ERRNO.ROFS
    const walk = walkOf(lookup)
    const access = (base & READING ? ACCESS.READ : 0) | (isWriting ? ACCESS.WRITE : 0)
    const how = openFlags(oflags, isWriting)
    const mode = process.mode(FILE_MODE)
    const proc = procPath(at, guest.u8, start, length)
    // Held over all three: a kill takes this lock, so it comes before the file is opened or after it has its descriptor.
    objects.lock.acquire()
    try {
      letGo()
      const inode = proc
        ? vfs.open(at, proc.bytes, 0, proc.length, walk, how, mode)
        : vfs.open(at, guest.u8, start, length, walk, how, mode)
      if (inode < 0) return inode
      memory.i32[heldAt] = inode
      const file = openInode(objects, inode, access, fdflags, descriptors)
      const opened = file < 0 ? file : install(file, base, inheriting, limit)
      memory.i32[heldAt] = 0
      isPipe = file > 0 && PIPES.includes(streamKind(objects, file))
      return opened
    } finally {
      objects.lock.release()
    }
  }
  /** What a call that ran out of stack between pin and descriptor has left. */
  const letGo = (): void => {
    const inode = memory.i32[heldAt] ?? 0
    memory.i32[heldAt] = 0
    if (inode !== 0) vfs.unpin(inode)
  }

  return {
    path_open: (
      fd: number,
      lookup: number,
      path: number,
      length: number,
      oflags: number,
      base: bigint,
      inheriting: bigint,
      fdflags: number,
      out: number,
    ): number => {
      process.enter()
      const start = path >>> 0
      if (!fits(guest, start, length >>> 0) || !fits(guest, out >>> 0, 4)) return ERRNO.FAULT
      const at = directoryOf(process, fd, neededFor(oflags))
      if (at < 0) return -at
      const limit = descriptors.rights(fd).inheriting
      const asked = rightsOf(base)
      const handed = rightsOf(inheriting)
      isPipe = false
      const made = open(at, limit, lookup, start, length >>> 0, oflags, asked, handed, fdflags)
      const opened = isPipe && made >= 0 ? awaitOtherSide(process, made) : made
      if (opened >= 0) guest.view.setUint32(out >>> 0, opened, true)
      return errnoOf(opened)
    },
  }
}
