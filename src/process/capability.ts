/**
 * From a guest's descriptor to what it names, if its rights allow the call.
 *
 * Invariant: no import looks behind a descriptor without naming the rights it needs (none for fd_fdstat_get and the like).
 */
import { ERRNO } from '../abi/errno.ts'
import {
  RIGHTS,
  RIGHTS_DIRECTORY,
  RIGHTS_FILE,
  RIGHTS_READONLY_MARK,
  RIGHTS_STREAM,
  RIGHTS_WRITING,
} from '../abi/wasi.ts'
import type { Objects } from '../objects/objects.ts'
import { fileFacts, fileObject, streamKind } from '../objects/open-file.ts'
import { ACCESS, STREAM } from '../objects/types.ts'
import type { Process } from './process.ts'

/** Open file (word index) behind the descriptor, or -EBADF, -ENOTCAPABLE, -EROFS. */
export const openFileOf = (process: Process, fd: number, needed: number): number => {
  const file = process.descriptors.get(fd)
  if (file < 0 || process.descriptors.hasRights(fd, needed)) return file
  return missingRight(process, fd)
}

const missingRight = (process: Process, fd: number): number =>
  process.descriptors.rights(fd).inheriting & RIGHTS_READONLY_MARK ? -ERRNO.ROFS : -ERRNO.NOTCAPABLE

/** Inode of the directory behind the descriptor, or -EBADF, -ENOTDIR, -ENOTCAPABLE, -EROFS. */
export const directoryOf = (process: Process, fd: number, needed: number): number => {
  const { descriptors, objects } = process
  const file = descriptors.get(fd)
  if (file < 0) return file
  if (streamKind(objects, file) !== STREAM.DIRECTORY) return -ERRNO.NOTDIR
  return descriptors.hasRights(fd, needed) ? fileObject(objects, file) : missingRight(process, fd)
}

/** Inode of a file, directory or device, or -errno; -ESPIPE for a pipe or a terminal. */
export const inodeOf = (process: Process, fd: number, needed: number): number => {
  const file = openFileOf(process, fd, needed)
  if (file < 0) return file
  return hasInode(streamKind(process.objects, file)) ? fileObject(process.objects, file) : -ERRNO.SPIPE
}

export const hasInode = (stream: number): boolean =>
  stream === STREAM.FILE || stream === STREAM.DIRECTORY || stream === STREAM.DEVICE

/** Rights that mean anything for the open file: what was installed is narrowed to them. */
export const rightsThatApply = (objects: Objects, file: number): number => {
  const { stream, access } = fileFacts(objects, file)
  if (stream === STREAM.DIRECTORY) return RIGHTS_DIRECTORY
  const unreadable = access & ACCESS.READ ? 0 : RIGHTS.FD_READ
  const unwritable = access & ACCESS.WRITE ? 0 : RIGHTS_WRITING
  return rightsOfStream(stream) & ~unreadable & ~unwritable
}

const rightsOfStream = (stream: number): number => {
  if (stream === STREAM.FILE) return RIGHTS_FILE
  // A terminal is told from /dev/null by not being able to seek.
  return stream === STREAM.DEVICE ? RIGHTS_STREAM | RIGHTS.FD_SEEK | RIGHTS.FD_TELL : RIGHTS_STREAM
}
