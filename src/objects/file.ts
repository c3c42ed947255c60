/**
 * Regular files behind an open file: the offset is shared by all who share the open file, the bytes are the filesystem's.
 *
 *   read   look at the offset → copy → move it, if it is still where it was; else again
 *   write  move the offset past what will be written → copy → move it back over what was not
 *
 * Invariant: two threads that share an open file never read or write the same range by one offset; the lock is held for the
 * offset alone, never while bytes are copied.
 */
import { ERRNO } from '../abi/errno.ts'
import { PROCESS, processAt } from '../memory/layout.ts'
import { getWord } from '../memory/slots.ts'
import { locked, type Objects } from './objects.ts'
import { fileOffset, setFileOffset, statusFlags } from './open-file.ts'
import { refuse } from './refusal.ts'
import { gather, type Spans, spanOf, spansTotal } from './spans.ts'
import { STATUS } from './types.ts'

/** The filesystem copies that much under one hold of its lock: larger appends may be interleaved anyway. */
const APPEND_BYTES = 65536

/** Scatter from any position; less than asked for at the end of the file. */
export const readFileAt = (objects: Objects, inode: number, position: number, spans: Spans): number => {
  let done = 0
  for (let index = 0; index < spans.count; index++) {
    const length = spans.lengths[index] ?? 0
    const now = objects.vfs.read(inode, position + done, spans.bytes, spans.starts[index] ?? 0, length)
    if (now < 0) return done > 0 ? done : now
    done += now
    if (now < length) break
  }
  return done
}

/** Gather to any position; less than given only when the machine is full. */
export const writeFileAt = (objects: Objects, inode: number, position: number, spans: Spans): number => {
  const most = largestFile(objects)
  let done = 0
  for (let index = 0; index < spans.count; index++) {
    const at = position < 0 ? -1 : position + done
    const room = most - (at < 0 ? objects.vfs.size(inode) : at)
    const wanted = spans.lengths[index] ?? 0
    if (room <= 0 && wanted > 0) return done > 0 ? done : refuse(objects, ERRNO.FBIG)
    const length = Math.min(wanted, room)
    const now = objects.vfs.write(inode, at, spans.bytes, spans.starts[index] ?? 0, length)
    if (now < 0) return done > 0 ? done : refuse(objects, -now)
    done += now
    if (now < wanted) break
  }
  return done
}

/** Bytes that a file may have that this process writes (RLIMIT_FSIZE). The kernel has no such limit. */
export const largestFile = (objects: Objects): number => {
  const limit = objects.slot < 0 ? 0 : getWord(objects.memory, processAt(objects.slot) + PROCESS.MAX_FILE_KIB)
  return limit === 0 ? Number.MAX_SAFE_INTEGER : limit * 1024
}

/** Moves the offset if nobody else has since. */
const moveOffset = (objects: Objects, file: number, from: number, to: number): boolean => {
  objects.lock.acquire()
  try {
    const isSame = fileOffset(objects, file) === from
    if (isSame) setFileOffset(objects, file, to)
    return isSame
  } finally {
    objects.lock.release()
  }
}

export const readInode = (objects: Objects, file: number, inode: number, spans: Spans): number => {
  for (;;) {
    const position = fileOffset(objects, file)
    const done = readFileAt(objects, inode, position, spans)
    if (done <= 0 || moveOffset(objects, file, position, position + done)) return done
  }
}

export const writeInode = (objects: Objects, file: number, inode: number, spans: Spans): number => {
  const total = spansTotal(spans)
  if (total === 0) return 0
  if (statusFlags(objects, file) & STATUS.APPEND) return appendInode(objects, file, inode, spans)
  const start = reserve(objects, file, total)
  const done = writeFileAt(objects, inode, start, spans)
  if (done < total) moveOffset(objects, file, start + total, start + Math.max(0, done))
  return done
}

const reserve = (objects: Objects, file: number, length: number): number => {
  objects.lock.acquire()
  try {
    const start = fileOffset(objects, file)
    setFileOffset(objects, file, start + length)
    return start
  } finally {
    objects.lock.release()
  }
}

/** The pieces as one, so that an append of several (a log line and its newline) is not torn apart by another process's. */
const joined = (spans: Spans, total: number): Spans => {
  const bytes = new Uint8Array(total)
  gather(spans, 0, total, bytes, 0)
  return spanOf(bytes)
}

const appendInode = (objects: Objects, file: number, inode: number, spans: Spans): number => {
  const total = spansTotal(spans)
  const isOnePiece = spans.count === 1 || total > APPEND_BYTES
  const done = writeFileAt(objects, inode, -1, isOnePiece ? spans : joined(spans, total))
  if (done > 0) locked(objects, () => setFileOffset(objects, file, objects.vfs.size(inode)))
  return done
}

const FROM_START = 0
const FROM_HERE = 1
const FROM_END = 2

export const seekFile = (
  objects: Objects,
  file: number,
  inode: number,
  delta: number,
  whence: number,
): number => {
  if (whence !== FROM_START && whence !== FROM_HERE && whence !== FROM_END) return -ERRNO.INVAL
  return locked(objects, () => {
    const here = fileOffset(objects, file)
    const base = whence === FROM_END ? objects.vfs.size(inode) : whence === FROM_HERE ? here : 0
    const offset = base + delta
    if (offset < 0) return -ERRNO.INVAL
    if (offset > Number.MAX_SAFE_INTEGER) return -ERRNO.OVERFLOW
    if (offset !== here) setFileOffset(objects, file, offset)
    return offset
  })
}
