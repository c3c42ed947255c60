/**
 * Pipes: a ring of bytes in shared memory between any number of readers and writers. No thread in the middle: a write copies
 * in, a read copies out, and whoever sleeps in a wait set of the pipe is woken by the other side.
 *
 *   writers ──copy──► [ ring, 64 KiB ] ──copy──► readers
 *                 READ_WAITERS ◄┘ └► WRITE_WAITERS
 *
 * Invariant: the ring exists while an end is open; READERS and WRITERS count open files, not descriptors; a closed pipe counts
 * its generation up, and what was about to use it answers -EBADF. Bytes are copied first and then counted without a call in
 * between, so that a stack overflow in a copy leaves the pipe as it was.
 */
import { ERRNO } from '../abi/errno.ts'
import { SUPERBLOCK } from '../memory/layout.ts'
import { wakeSet } from '../memory/wake.ts'
import { type Objects, setWordAt, word } from './objects.ts'
import { giveBlock, takeBlock } from './pool.ts'
import { ringPut, ringTake } from './ring.ts'
import { type Spans, spansTotal } from './spans.ts'
import { PENDING } from './types.ts'

/** As on Linux; also the most that is copied under one hold of the lock. */
export const PIPE_CAPACITY = 65536
/** Writes up to this size are never interleaved with others (POSIX PIPE_BUF, Linux's value). */
export const PIPE_BUF = 4096

export const PIPE = {
  RING: 2,
  HEAD: 3,
  COUNT: 4,
  READERS: 5,
  WRITERS: 6,
  READ_WAITERS: 8,
  WRITE_WAITERS: 16,
  /** Of a FIFO: its inode, the next one that is open, and how often each side was opened; see fifo.ts. */
  INODE: 24,
  NEXT_FIFO: 25,
  READ_OPENS: 26,
  WRITE_OPENS: 27,
} as const

const PIPE_WORDS = 32

/** A pipe with no ends yet, or -errno when memory is full. The caller holds the lock. */
export const createPipe = (objects: Objects): number => {
  const pipe = takeBlock(objects, SUPERBLOCK.FREE_PIPES, PIPE_WORDS)
  if (pipe < 0) return pipe
  const ring = objects.heap.allocate(PIPE_CAPACITY)
  if (ring < 0) {
    giveBlock(objects, SUPERBLOCK.FREE_PIPES, pipe)
    return ring
  }
  objects.memory.refresh()
  setWordAt(objects, pipe + PIPE.RING, ring)
  return pipe
}

/** Counts an end; `end` is PIPE.READERS or PIPE.WRITERS. The caller holds the lock. */
export const openPipeEnd = (objects: Objects, pipe: number, end: number): void => {
  setWordAt(objects, pipe + end, word(objects, pipe + end) + 1)
}

/** Everybody who waits learns of it: readers of the end of file, writers of EPIPE. The caller holds the lock. */
export const closePipeEnd = (objects: Objects, pipe: number, end: number): void => {
  const left = word(objects, pipe + end) - 1
  setWordAt(objects, pipe + end, left)
  if (left > 0) return
  wakeSet(objects.memory, pipe + PIPE.READ_WAITERS)
  wakeSet(objects.memory, pipe + PIPE.WRITE_WAITERS)
  if (word(objects, pipe + PIPE.READERS) + word(objects, pipe + PIPE.WRITERS) > 0) return
  if (word(objects, pipe + PIPE.INODE) !== 0) forgetFifo(objects, pipe)
  objects.heap.free(word(objects, pipe + PIPE.RING), PIPE_CAPACITY)
  giveBlock(objects, SUPERBLOCK.FREE_PIPES, pipe)
}

const forgetFifo = (objects: Objects, pipe: number): void => {
  let link: number = SUPERBLOCK.FIFOS
  while (word(objects, link) !== pipe) link = word(objects, link) + PIPE.NEXT_FIFO
  setWordAt(objects, link, word(objects, pipe + PIPE.NEXT_FIFO))
  objects.vfs.unpin(word(objects, pipe + PIPE.INODE))
}

/** Bytes that can be read, and that can be written; the ends that are left. The caller holds the lock. */
export const pipeState = (
  objects: Objects,
  pipe: number,
): { count: number; room: number; readers: number; writers: number } => {
  const count = word(objects, pipe + PIPE.COUNT)
  return {
    count,
    room: PIPE_CAPACITY - count,
    readers: word(objects, pipe + PIPE.READERS),
    writers: word(objects, pipe + PIPE.WRITERS),
  }
}

/** Bytes read, 0 at the end of file, PENDING while it is empty. The spans fit. */
export const pipeRead = (objects: Objects, pipe: number, spans: Spans): number => {
  const total = spansTotal(spans)
  let room = 0
  let length = 0
  objects.lock.acquire()
  try {
    const { i32, u8 } = objects.memory
    const count = i32[pipe + PIPE.COUNT] ?? 0
    if (count === 0) return (i32[pipe + PIPE.WRITERS] ?? 0) > 0 ? PENDING : 0
    length = total < count ? total : count
    const head = i32[pipe + PIPE.HEAD] ?? 0
    ringTake(u8, (i32[pipe + PIPE.RING] ?? 0) * 4, PIPE_CAPACITY, head, spans, 0, length)
    i32[pipe + PIPE.HEAD] = (head + length) % PIPE_CAPACITY
    i32[pipe + PIPE.COUNT] = count - length
    room = PIPE_CAPACITY - count + length
  } finally {
    objects.lock.release()
  }
  // A writer of up to PIPE_BUF needs no more room than that, so waking it earlier would be for nothing.
  if (room >= PIPE_BUF) wakeSet(objects.memory, pipe + PIPE.WRITE_WAITERS)
  return length
}

/**
 * Bytes of the spans, after `skip`, that were written; PENDING when there is no room, -EPIPE when nobody reads (the caller
 * raises SIGPIPE). The spans fit.
 */
export const pipeWrite = (objects: Objects, pipe: number, spans: Spans, skip: number): number => {
  const total = spansTotal(spans)
  if (total === skip) return 0
  let length = 0
  objects.lock.acquire()
  try {
    const { i32, u8 } = objects.memory
    if (i32[pipe + PIPE.READERS] === 0) return -ERRNO.PIPE
    const count = i32[pipe + PIPE.COUNT] ?? 0
    const room = PIPE_CAPACITY - count
    if (total <= PIPE_BUF ? room < total : room === 0) return PENDING
    length = total - skip < room ? total - skip : room
    const position = (i32[pipe + PIPE.HEAD] ?? 0) + count
    ringPut(u8, (i32[pipe + PIPE.RING] ?? 0) * 4, PIPE_CAPACITY, position, spans, skip, length)
    i32[pipe + PIPE.COUNT] = count + length
  } finally {
    objects.lock.release()
  }
  wakeSet(objects.memory, pipe + PIPE.READ_WAITERS)
  return length
}
