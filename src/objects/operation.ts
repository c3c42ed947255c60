/**
 * The calls that may wait, as operations: one object each, which wait.ts drives by blocking and async.ts from the event loop.
 *
 * Invariant: an operation remembers the generation of its open file; when somebody closes the file meanwhile, the next attempt
 * is -EBADF and never touches what has come into its place.
 */
import { ERRNO } from '../abi/errno.ts'
import { SYSCALLS } from '../abi/syscalls.ts'
import { kindOf } from './kinds.ts'
import type { Objects } from './objects.ts'
import { fileObject, streamKind } from './open-file.ts'
import { PIPE } from './pipe.ts'
import { generation } from './pool.ts'
import { signalSet } from './signal-file.ts'
import { type Spans, spansTotal } from './spans.ts'
import { isNonblocking, readStream, writeStream } from './stream.ts'
import { TTY } from './tty.ts'
import { readTimeout } from './tty-read.ts'
import { type Operation, PENDING, STREAM } from './types.ts'

/** Wait set whose change may make the file readable (writable), or 0 when it never waits. */
export const waitSetOf = (objects: Objects, file: number, direction: 'read' | 'write'): number => {
  const stream = streamKind(objects, file)
  const object = fileObject(objects, file)
  if (stream === STREAM.PIPE_READ) return object + PIPE.READ_WAITERS
  if (stream === STREAM.PIPE_WRITE) return object + PIPE.WRITE_WAITERS
  if (stream === STREAM.SIGNALS) return signalSet(objects)
  if (stream === STREAM.CAPABILITY) return objects.capabilities?.waitSet(objects, object, direction) ?? 0
  if (stream === STREAM.TTY) return object + (direction === 'read' ? TTY.READ_WAITERS : TTY.WRITE_WAITERS)
  return kindOf(stream)?.set(objects, object) ?? 0
}

const joinOrLeave = (objects: Objects, set: number, join: boolean): void => {
  if (set === 0) return
  if (join) objects.waits.join(set)
  else objects.waits.leave(set)
}

/**
 * read(2), readv(2): bytes read, 0 at the end, -EAGAIN with NONBLOCK. In the asynchronous form the pieces must lie in memory
 * that stays where it is: a buffer of the caller's own, not memory of a guest that may grow.
 */
export const readOperation = (objects: Objects, file: number, spans: Spans): Operation => {
  const born = generation(objects, file)
  const set = waitSetOf(objects, file, 'read')
  const isTty = streamKind(objects, file) === STREAM.TTY
  const timeout = isTty ? readTimeout(objects, fileObject(objects, file)) : Number.POSITIVE_INFINITY
  const end = timeout === Number.POSITIVE_INFINITY ? timeout : performance.now() + timeout
  return {
    call: SYSCALLS.read.number,
    attempt: () => {
      if (generation(objects, file) !== born) return -ERRNO.BADF
      const result = readStream(objects, file, spans)
      if (result !== PENDING) return result
      if (isNonblocking(objects, file)) return -ERRNO.AGAIN
      return performance.now() >= end ? 0 : PENDING
    },
    watch: (join) => joinOrLeave(objects, set, join),
    deadline: () => end,
    interrupted: (errno) => -errno,
  }
}

/**
 * write(2), writev(2). Without NONBLOCK it waits until all is written, as POSIX has it; interrupted, or refused half-way, it
 * gives what was written. -EPIPE: the caller raises SIGPIPE. The pieces: as for `readOperation`.
 */
export const writeOperation = (objects: Objects, file: number, spans: Spans): Operation => {
  const born = generation(objects, file)
  const set = waitSetOf(objects, file, 'write')
  const total = spansTotal(spans)
  let done = 0
  const stopped = (errno: number): number => (done > 0 ? done : -errno)
  return {
    call: SYSCALLS.write.number,
    attempt: () => {
      if (generation(objects, file) !== born) return stopped(ERRNO.BADF)
      for (;;) {
        const result = writeStream(objects, file, spans, done)
        if (result === PENDING) return isNonblocking(objects, file) ? stopped(ERRNO.AGAIN) : PENDING
        if (result < 0) return stopped(-result)
        done += result
        // A file takes all there is room for at once; asking again would move its offset.
        if (done >= total || set === 0) return done
      }
    },
    watch: (join) => joinOrLeave(objects, set, join),
    deadline: () => Number.POSITIVE_INFINITY,
    interrupted: stopped,
  }
}

/** Nothing but the time: `deadline` on performance.now()'s clock. Result 0. */
export const sleepOperation = (deadline: number): Operation => ({
  call: SYSCALLS.poll.number,
  attempt: () => (performance.now() >= deadline ? 0 : PENDING),
  watch: () => {},
  deadline: () => deadline,
  interrupted: (errno) => -errno,
})
