/**
 * FIFOs: a name that leads to a pipe. The pipe is there while somebody has the FIFO open, and keeps the inode; what was in it goes
 * with its last end.
 *
 *   open to read ──waits──► a writer has come          open to write ──waits──► a reader has come (or ENXIO at once)
 *
 * Invariant: of each inode one pipe at most is in the list of SUPERBLOCK.FIFOS. An end counts from its opening on, also while the
 * opening waits: that is how the other side finds it.
 */
import { ERRNO } from '../abi/errno.ts'
import { SYSCALLS } from '../abi/syscalls.ts'
import { SUPERBLOCK } from '../memory/layout.ts'
import { wakeSet } from '../memory/wake.ts'
import { type Objects, setWordAt, word } from './objects.ts'
import { createOpenFile, FILE, fileObject, streamKind } from './open-file.ts'
import { closePipeEnd, createPipe, openPipeEnd, PIPE } from './pipe.ts'
import { ACCESS, type Operation, PENDING, STATUS, STREAM } from './types.ts'

const findFifo = (objects: Objects, inode: number): number => {
  let pipe = word(objects, SUPERBLOCK.FIFOS)
  while (pipe !== 0 && word(objects, pipe + PIPE.INODE) !== inode) pipe = word(objects, pipe + PIPE.NEXT_FIFO)
  return pipe
}

const makeFifo = (objects: Objects, inode: number): number => {
  const pipe = createPipe(objects)
  if (pipe < 0) return pipe
  objects.vfs.pin(inode)
  setWordAt(objects, pipe + PIPE.INODE, inode)
  setWordAt(objects, pipe + PIPE.NEXT_FIFO, word(objects, SUPERBLOCK.FIFOS))
  setWordAt(objects, SUPERBLOCK.FIFOS, pipe)
  return pipe
}

const add = (objects: Objects, at: number): void => setWordAt(objects, at, word(objects, at) + 1)

/**
 * An open file for one end, or -errno; then `fifoOperation` waits for the other side. -ENXIO for a writer that must not wait and has no
 * reader, -EINVAL for both ways at once, which POSIX leaves open.
 */
export const openFifo = (objects: Objects, inode: number, access: number, status: number): number => {
  objects.lock.acquire()
  try {
    const isReader = access === ACCESS.READ
    if (!isReader && access !== ACCESS.WRITE) return -ERRNO.INVAL
    const known = findFifo(objects, inode)
    const readers = known === 0 ? 0 : word(objects, known + PIPE.READERS)
    if (!isReader && status & STATUS.NONBLOCK && readers === 0) return -ERRNO.NXIO
    const object = known === 0 ? makeFifo(objects, inode) : known
    if (object < 0) return object
    const stream = isReader ? STREAM.PIPE_READ : STREAM.PIPE_WRITE
    const file = createOpenFile(objects, { stream, object, access, status })
    if (file < 0) {
      // Closing an end frees the pipe that has no other.
      openPipeEnd(objects, object, PIPE.READERS)
      closePipeEnd(objects, object, PIPE.READERS)
      return file
    }
    // Which of the other side had come by then.
    setWordAt(
      objects,
      file + FILE.OFFSET_LOW,
      word(objects, object + (isReader ? PIPE.WRITE_OPENS : PIPE.READ_OPENS)),
    )
    add(objects, object + (isReader ? PIPE.READ_OPENS : PIPE.WRITE_OPENS))
    wakeSet(objects.memory, object + (isReader ? PIPE.WRITE_WAITERS : PIPE.READ_WAITERS))
    return file
  } finally {
    objects.lock.release()
  }
}

/** The rest of opening a FIFO: 0 once the other side is there, or was meanwhile. Nothing to wait for in any other file. */
export const fifoOperation = (objects: Objects, file: number): Operation => {
  const stream = streamKind(objects, file)
  const pipe = fileObject(objects, file)
  const isReader = stream === STREAM.PIPE_READ
  const isFifo = (isReader || stream === STREAM.PIPE_WRITE) && word(objects, pipe + PIPE.INODE) !== 0
  const set = pipe + (isReader ? PIPE.READ_WAITERS : PIPE.WRITE_WAITERS)
  return {
    call: SYSCALLS.open.number,
    attempt: () => {
      if (!isFifo || word(objects, file + FILE.STATUS) & STATUS.NONBLOCK) return 0
      const there = word(objects, pipe + (isReader ? PIPE.WRITERS : PIPE.READERS))
      const came = word(objects, pipe + (isReader ? PIPE.WRITE_OPENS : PIPE.READ_OPENS))
      return there > 0 || came !== word(objects, file + FILE.OFFSET_LOW) ? 0 : PENDING
    },
    watch: (join) => {
      if (!isFifo) return
      if (join) objects.waits.join(set)
      else objects.waits.leave(set)
    },
    deadline: () => Number.POSITIVE_INFINITY,
    interrupted: (errno) => -errno,
  }
}
