/**
 * Reading, writing and the rest on an open file of any kind: the layer between a system call and the object. Nothing here
 * waits: what would have to, answers PENDING, and operation.ts makes an operation of it.
 *
 * Invariant: the object is checked and the caller's pieces are in bounds before any lock is taken, so nothing throws under one.
 */
import { ERRNO } from '../abi/errno.ts'
import { PROCESS, processAt } from '../memory/layout.ts'
import { getWord } from '../memory/slots.ts'
import { DEVICE, emptyStat, KIND, type Stat } from '../vfs/types.ts'
import { readDevice, writeDevice } from './device.ts'
import { openFifo } from './fifo.ts'
import { largestFile, readFileAt, readInode, seekFile, writeFileAt, writeInode } from './file.ts'
import { kindOf } from './kinds.ts'
import { type Objects, word } from './objects.ts'
import { addReference, createOpenFile, FILE, fileObject, statusFlags, streamKind } from './open-file.ts'
import { pipeRead, pipeWrite } from './pipe.ts'
import { refuse } from './refusal.ts'
import { readSignals } from './signal-file.ts'
import { type Spans, spansFit } from './spans.ts'
import { ttyWrite } from './tty-output.ts'
import { ttyRead } from './tty-read.ts'
import { ACCESS, type Descriptors, STATUS, STREAM } from './types.ts'

/**
 * An open file for an inode that the caller has pinned (`vfs.open`): file, directory or device. The pin goes over to it, or is
 * given back where there is a refusal or the device leads to another open file (/dev/tty, /dev/stdin …).
 * -ENXIO without a controlling terminal, -ELOOP for a symbolic link.
 */
export const openInode = (
  objects: Objects,
  inode: number,
  access: number,
  status: number,
  descriptors: Descriptors,
): number => {
  const kind = objects.vfs.kind(inode)
  const file =
    kind === KIND.DEVICE
      ? openDevice(objects, inode, access, status, descriptors)
      : createForKind(objects, inode, kind, access, status)
  if (file < 0 || fileObject(objects, file) !== inode) objects.vfs.unpin(inode)
  return file
}

const createForKind = (
  objects: Objects,
  object: number,
  kind: number,
  access: number,
  status: number,
): number => {
  if (kind === KIND.FILE) return createOpenFile(objects, { stream: STREAM.FILE, object, access, status })
  if (kind === KIND.DIRECTORY)
    return createOpenFile(objects, { stream: STREAM.DIRECTORY, object, access: ACCESS.READ, status })
  if (kind === KIND.FIFO) return openFifo(objects, object, access, status)
  return kind === KIND.SYMLINK ? -ERRNO.LOOP : -ERRNO.NXIO
}

const openDevice = (
  objects: Objects,
  object: number,
  access: number,
  status: number,
  descriptors: Descriptors,
): number => {
  const stat = emptyStat()
  const refused = objects.vfs.stat(object, stat)
  if (refused < 0) return refused
  const device = stat.rdev
  if (device === DEVICE.TTY) return openTerminal(objects, access, status)
  if (device < DEVICE.STDIN || device > DEVICE.STDERR)
    return createOpenFile(objects, { stream: STREAM.DEVICE, object, access, status, device })
  const file = descriptors.get(device - DEVICE.STDIN)
  if (file > 0) addReference(objects, file)
  return file
}

const openTerminal = (objects: Objects, access: number, status: number): number => {
  const tty = objects.slot < 0 ? 0 : getWord(objects.memory, processAt(objects.slot) + PROCESS.TTY)
  return tty === 0
    ? -ERRNO.NXIO
    : createOpenFile(objects, { stream: STREAM.TTY, object: tty, access, status })
}

/** Bytes read, 0 at the end, -errno, or PENDING; with NONBLOCK -EAGAIN is up to the caller (`readOperation` sees to it). */
export const readStream = (objects: Objects, file: number, spans: Spans): number => {
  objects.memory.refresh()
  if (!(word(objects, file + FILE.ACCESS) & ACCESS.READ)) return -ERRNO.BADF
  if (!spansFit(spans)) return -ERRNO.FAULT
  const object = fileObject(objects, file)
  const stream = streamKind(objects, file)
  switch (stream) {
    case STREAM.FILE:
      return readInode(objects, file, object, spans)
    case STREAM.PIPE_READ:
      return pipeRead(objects, object, spans)
    case STREAM.TTY:
      return ttyRead(objects, object, spans)
    case STREAM.SIGNALS:
      return readSignals(objects, object, spans)
    case STREAM.DEVICE:
      return readDevice(word(objects, file + FILE.DEVICE), spans)
    case STREAM.DIRECTORY:
      return -ERRNO.ISDIR
    default:
      return kindOf(stream)?.read(objects, object, spans) ?? -ERRNO.BADF
  }
}

/** Bytes written of the pieces after `skip`, -errno, or PENDING. -EPIPE: the caller raises SIGPIPE. */
export const writeStream = (objects: Objects, file: number, spans: Spans, skip = 0): number => {
  objects.memory.refresh()
  if (!(word(objects, file + FILE.ACCESS) & ACCESS.WRITE)) return -ERRNO.BADF
  if (!spansFit(spans)) return -ERRNO.FAULT
  const object = fileObject(objects, file)
  const stream = streamKind(objects, file)
  switch (stream) {
    case STREAM.FILE:
      return writeInode(objects, file, object, spans)
    case STREAM.PIPE_WRITE:
      return pipeWrite(objects, object, spans, skip)
    case STREAM.TTY:
      return ttyWrite(objects, object, word(objects, file + FILE.CHANNEL), spans, skip)
    case STREAM.DEVICE:
      return writeDevice(word(objects, file + FILE.DEVICE), spans, skip)
    case STREAM.DIRECTORY:
      return -ERRNO.ISDIR
    default:
      return kindOf(stream)?.write(objects, object, spans, skip) ?? -ERRNO.BADF
  }
}

/** pread(2): the offset is left alone. -ESPIPE where there is none. */
export const readStreamAt = (objects: Objects, file: number, position: number, spans: Spans): number => {
  const refused = checkPositioned(objects, file, ACCESS.READ, spans)
  if (refused < 0) return refused
  if (position < 0) return -ERRNO.INVAL
  if (streamKind(objects, file) === STREAM.DEVICE) return readDevice(word(objects, file + FILE.DEVICE), spans)
  return readFileAt(objects, fileObject(objects, file), position, spans)
}

/** pwrite(2), as POSIX has it: at the position even with APPEND. */
export const writeStreamAt = (objects: Objects, file: number, position: number, spans: Spans): number => {
  const refused = checkPositioned(objects, file, ACCESS.WRITE, spans)
  if (refused < 0) return refused
  if (position < 0) return -ERRNO.INVAL
  if (streamKind(objects, file) === STREAM.DEVICE)
    return writeDevice(word(objects, file + FILE.DEVICE), spans, 0)
  return writeFileAt(objects, fileObject(objects, file), position, spans)
}

const checkPositioned = (objects: Objects, file: number, access: number, spans: Spans): number => {
  objects.memory.refresh()
  if (!(word(objects, file + FILE.ACCESS) & access)) return -ERRNO.BADF
  const stream = streamKind(objects, file)
  if (stream === STREAM.DIRECTORY) return -ERRNO.ISDIR
  if (stream !== STREAM.FILE && stream !== STREAM.DEVICE) return -ERRNO.SPIPE
  return spansFit(spans) ? 0 : -ERRNO.FAULT
}

/** lseek(2): the new offset. `whence` is 0 from the start, 1 from here, 2 from the end (WASI's numbers). */
export const seekStream = (objects: Objects, file: number, delta: number, whence: number): number => {
  objects.memory.refresh()
  const stream = streamKind(objects, file)
  if (stream === STREAM.FILE) return seekFile(objects, file, fileObject(objects, file), delta, whence)
  if (stream === STREAM.DEVICE) return 0
  return stream === STREAM.DIRECTORY ? -ERRNO.BADF : -ERRNO.SPIPE
}

/** fstat(2). A pipe is a FIFO, a terminal a character device; their times are not kept. */
export const statStream = (objects: Objects, file: number, out: Stat): number => {
  objects.memory.refresh()
  const stream = streamKind(objects, file)
  const object = fileObject(objects, file)
  if (stream === STREAM.FILE || stream === STREAM.DIRECTORY || (stream === STREAM.DEVICE && object > 0))
    return objects.vfs.stat(object, out)
  if (stream === 0) return -ERRNO.BADF
  const isDevice = stream === STREAM.TTY || stream === STREAM.PTY || stream === STREAM.DEVICE
  const rdev = stream === STREAM.TTY ? DEVICE.TTY : isDevice ? word(objects, file + FILE.DEVICE) : 0
  const kind = isDevice ? KIND.DEVICE : KIND.FIFO
  Object.assign(out, emptyStat(), { inode: object, kind, mode: isDevice ? 0o620 : 0o600, links: 1, rdev })
  return 0
}

/** ftruncate(2). */
export const truncateStream = (objects: Objects, file: number, size: number): number => {
  objects.memory.refresh()
  if (streamKind(objects, file) !== STREAM.FILE || !(word(objects, file + FILE.ACCESS) & ACCESS.WRITE))
    return streamKind(objects, file) === STREAM.DIRECTORY ? -ERRNO.ISDIR : -ERRNO.INVAL
  if (size < 0) return -ERRNO.INVAL
  if (size > largestFile(objects)) return refuse(objects, ERRNO.FBIG)
  return objects.vfs.truncate(fileObject(objects, file), size)
}

/** Whether a call on it must not wait. */
export const isNonblocking = (objects: Objects, file: number): boolean =>
  (statusFlags(objects, file) & STATUS.NONBLOCK) !== 0

/** Word index of the tty behind an open file (of a pseudo-terminal also behind its master), or -ENOTTY. */
export const ttyOf = (objects: Objects, file: number): number => {
  const stream = streamKind(objects, file)
  return stream === STREAM.TTY || stream === STREAM.PTY ? fileObject(objects, file) : -ERRNO.NOTTY
}
