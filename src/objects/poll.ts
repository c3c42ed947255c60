/**
 * poll over anything: files and devices are always ready, pipes, terminals, signals and the kinds of kinds.ts when they are, clocks
 * in time. The thread is in
 * the wait sets of all it watches and sleeps on its one wake word until the nearest deadline.
 */
import { ERRNO } from '../abi/errno.ts'
import { SYSCALLS } from '../abi/syscalls.ts'
import { DEVICE } from '../vfs/types.ts'
import { kindOf } from './kinds.ts'
import { type Objects, word } from './objects.ts'
import { FILE, fileObject, fileOffset, streamKind } from './open-file.ts'
import { waitSetOf } from './operation.ts'
import { PIPE_BUF, pipeState } from './pipe.ts'
import { pendingOf } from './signal-file.ts'
import { TTY } from './tty.ts'
import { writable } from './tty-output.ts'
import { readable } from './tty-read.ts'
import { ACCESS, type Descriptors, type Operation, PENDING, type PollEntry, READY, STREAM } from './types.ts'

/**
 * Result is the number of entries that are ready or bad, with their `ready`, `bytes` and `error` filled; -EINVAL for an empty
 * list, which would wait for ever.
 */
export const pollOperation = (
  objects: Objects,
  descriptors: Descriptors,
  entries: readonly PollEntry[],
): Operation => {
  let joined: number[] = []
  const clocks = entries.filter((entry) => entry.kind === 'clock')
  const nearest = Math.min(...clocks.map((entry) => entry.deadline))
  return {
    call: SYSCALLS.poll.number,
    attempt: () => {
      if (entries.length === 0) return -ERRNO.INVAL
      const found = pollOnce(objects, descriptors, entries)
      return found > 0 ? found : PENDING
    },
    watch: (join) => {
      if (join) joined = watchedSets(objects, descriptors, entries)
      for (const set of joined) {
        if (join) objects.waits.join(set)
        else objects.waits.leave(set)
      }
    },
    deadline: () => nearest,
    interrupted: (errno) => -errno,
  }
}

const watchedSets = (objects: Objects, descriptors: Descriptors, entries: readonly PollEntry[]): number[] => {
  const sets: number[] = []
  for (const { kind, fd } of entries) {
    const file = kind === 'clock' ? 0 : descriptors.get(fd)
    const set = kind === 'clock' || file < 0 ? 0 : waitSetOf(objects, file, kind)
    if (set !== 0) sets.push(set)
  }
  return sets
}

/** Fills all entries once; how many are ready or bad. */
export const pollOnce = (
  objects: Objects,
  descriptors: Descriptors,
  entries: readonly PollEntry[],
): number => {
  const now = performance.now()
  let found = 0
  objects.lock.acquire()
  try {
    for (const entry of entries) {
      entry.ready = entry.bytes = entry.error = 0
      if (entry.kind !== 'clock') check(objects, descriptors.get(entry.fd), entry, entry.kind)
      else if (entry.deadline <= now) entry.ready = READY.CLOCK
      if (entry.ready !== 0 || entry.error !== 0) found++
    }
  } finally {
    objects.lock.release()
  }
  return found
}

const check = (objects: Objects, file: number, entry: PollEntry, kind: 'read' | 'write'): void => {
  const needed = kind === 'read' ? ACCESS.READ : ACCESS.WRITE
  if (file < 0 || !(word(objects, file + FILE.ACCESS) & needed)) {
    entry.error = ERRNO.BADF
    return
  }
  const object = fileObject(objects, file)
  const stream = streamKind(objects, file)
  if (stream === STREAM.PIPE_READ || stream === STREAM.PIPE_WRITE) checkPipe(objects, object, entry, kind)
  else if (stream === STREAM.TTY) checkTty(objects, object, entry, kind)
  else if (stream === STREAM.SIGNALS) {
    if (pendingOf(objects, object) !== 0) entry.ready = READY.READ
  } else if (stream <= STREAM.DEVICE) checkFile(objects, file, object, entry, kind)
  else if (stream === STREAM.CAPABILITY) objects.capabilities?.poll(objects, object, entry)
  else checkKind(objects, stream, object, entry)
}

const checkKind = (objects: Objects, stream: number, object: number, entry: PollEntry): void => {
  const known = kindOf(stream)
  if (known) known.check(objects, object, entry)
  else entry.error = ERRNO.BADF
}

const checkPipe = (objects: Objects, pipe: number, entry: PollEntry, kind: 'read' | 'write'): void => {
  const { count, room, readers, writers } = pipeState(objects, pipe)
  entry.bytes = kind === 'read' ? count : room
  if (kind === 'read') {
    if (count > 0) entry.ready = READY.READ
    if (writers === 0) entry.ready |= READY.READ | READY.HANGUP
    return
  }
  if (room >= PIPE_BUF) entry.ready = READY.WRITE
  if (readers === 0) entry.ready |= READY.WRITE | READY.HANGUP | READY.ERROR
}

const checkTty = (objects: Objects, tty: number, entry: PollEntry, kind: 'read' | 'write'): void => {
  entry.bytes = kind === 'read' ? readable(objects, tty) : writable(objects, tty)
  if (entry.bytes > 0) entry.ready = kind === 'read' ? READY.READ : READY.WRITE
  if (word(objects, tty + TTY.HUNG_UP))
    entry.ready |= READY.HANGUP | (kind === 'read' ? READY.READ : READY.WRITE)
}

const checkFile = (
  objects: Objects,
  file: number,
  inode: number,
  entry: PollEntry,
  kind: 'read' | 'write',
): void => {
  entry.ready = kind === 'read' ? READY.READ : READY.WRITE
  const isFile = streamKind(objects, file) === STREAM.FILE
  if (kind === 'write') entry.bytes = 1
  else if (isFile) entry.bytes = Math.max(0, objects.vfs.size(inode) - fileOffset(objects, file))
  else entry.bytes = word(objects, file + FILE.DEVICE) === DEVICE.NULL ? 0 : 1
}
