/**
 * Open file descriptions: what `open` made, shared by every descriptor that dup and inheritance made of it.
 *
 *   descriptor ─┐
 *   descriptor ─┴─► open file (references, offset, status) ──► inode │ pipe │ tty
 *
 * Invariant: REFERENCES counts descriptors (and the caller of `create` until it installs or releases the file); the last one
 * to go unpins the inode, or closes the end of the pipe, or lets go of the tty. STREAM, OBJECT and ACCESS never change.
 */
import { SUPERBLOCK } from '../memory/layout.ts'
import { LOCK_KIND, releaseLocksOf } from './lock-list.ts'
import { locked, type Objects, setWordAt, word } from './objects.ts'
import { closePipeEnd, createPipe, openPipeEnd, PIPE } from './pipe.ts'
import { giveBlock, takeBlock } from './pool.ts'
import { closeMaster } from './pty-close.ts'
import { closeSemaphore } from './semaphore-close.ts'
import { holdTty, releaseTty } from './tty.ts'
import { ACCESS, type OpenFileFacts, STREAM } from './types.ts'
import { closeWatch } from './watch-close.ts'

export const FILE = {
  REFERENCES: 2,
  STREAM: 3,
  OBJECT: 4,
  ACCESS: 5,
  STATUS: 6,
  OFFSET_LOW: 7,
  OFFSET_HIGH: 8,
  /** Output channel on a tty: 1 or 2. */
  CHANNEL: 9,
  /** DEVICE.* of a device. */
  DEVICE: 10,
  /** Not 0 when it has a lock of flock(2). */
  LOCKED: 11,
} as const

const FILE_WORDS = 16
const HIGH = 2 ** 32

export interface OpenFileOptions extends OpenFileFacts {
  /** Colour of a tty's output: 1 is stdout (the default), 2 stderr. */
  channel?: 1 | 2
  /** vfs DEVICE.* when `stream` is DEVICE. */
  device?: number
}

/**
 * A new open file with one reference, or -errno when memory is full. It takes over one pin of an inode; of a pipe or tty it
 * counts itself as an end or user.
 */
export const createOpenFile = (objects: Objects, facts: OpenFileOptions): number => {
  objects.lock.acquire()
  try {
    const file = takeBlock(objects, SUPERBLOCK.FREE_OPEN_FILES, FILE_WORDS)
    if (file < 0) return file
    setWordAt(objects, file + FILE.REFERENCES, 1)
    setWordAt(objects, file + FILE.STREAM, facts.stream)
    setWordAt(objects, file + FILE.OBJECT, facts.object)
    setWordAt(objects, file + FILE.ACCESS, facts.access)
    setWordAt(objects, file + FILE.STATUS, facts.status)
    setWordAt(objects, file + FILE.CHANNEL, facts.channel ?? 1)
    setWordAt(objects, file + FILE.DEVICE, facts.device ?? 0)
    if (facts.stream === STREAM.PIPE_READ) openPipeEnd(objects, facts.object, PIPE.READERS)
    if (facts.stream === STREAM.PIPE_WRITE) openPipeEnd(objects, facts.object, PIPE.WRITERS)
    if (facts.stream === STREAM.TTY) holdTty(objects, facts.object)
    return file
  } finally {
    objects.lock.release()
  }
}

/** Both ends of a new pipe, each with one reference, or -errno. `status` applies to both. */
export const openPipe = (objects: Objects, status = 0): { reader: number; writer: number } | number =>
  locked(objects, () => {
    const object = createPipe(objects)
    if (object < 0) return object
    const reader = createOpenFile(objects, { stream: STREAM.PIPE_READ, object, access: ACCESS.READ, status })
    const writer = createOpenFile(objects, {
      stream: STREAM.PIPE_WRITE,
      object,
      access: ACCESS.WRITE,
      status,
    })
    if (reader > 0 && writer > 0) return { reader, writer }
    // Memory is full. Closing an end that is there frees the pipe; with none there, an end is counted first.
    if (reader > 0) releaseFile(objects, reader)
    else {
      openPipeEnd(objects, object, PIPE.READERS)
      closePipeEnd(objects, object, PIPE.READERS)
    }
    return Math.min(reader, writer)
  })

export const addReference = (objects: Objects, file: number): void => {
  objects.lock.acquire()
  try {
    setWordAt(objects, file + FILE.REFERENCES, word(objects, file + FILE.REFERENCES) + 1)
  } finally {
    objects.lock.release()
  }
}

/** Gives back one reference; with the last one the open file is closed. */
export const releaseFile = (objects: Objects, file: number): void => {
  objects.lock.acquire()
  try {
    const left = word(objects, file + FILE.REFERENCES) - 1
    setWordAt(objects, file + FILE.REFERENCES, left)
    if (left === 0) close(objects, file)
  } finally {
    objects.lock.release()
  }
}

const close = (objects: Objects, file: number): void => {
  const object = word(objects, file + FILE.OBJECT)
  const stream = word(objects, file + FILE.STREAM)
  if (word(objects, file + FILE.LOCKED) !== 0) releaseLocksOf(objects, LOCK_KIND.FILE, file)
  giveBlock(objects, SUPERBLOCK.FREE_OPEN_FILES, file)
  if (stream === STREAM.PIPE_READ) closePipeEnd(objects, object, PIPE.READERS)
  else if (stream === STREAM.PIPE_WRITE) closePipeEnd(objects, object, PIPE.WRITERS)
  else if (stream === STREAM.TTY) releaseTty(objects, object)
  else if (stream === STREAM.PTY) closeMaster(objects, object)
  else if (stream === STREAM.SEMAPHORE) closeSemaphore(objects, object)
  else if (stream === STREAM.WATCH) closeWatch(objects, object)
  else if (stream === STREAM.CAPABILITY) objects.capabilities?.close(objects, object)
  else if (object !== 0 && stream < STREAM.SIGNALS) objects.vfs.unpin(object)
}

export const fileFacts = (objects: Objects, file: number): OpenFileFacts => ({
  stream: streamKind(objects, file),
  object: word(objects, file + FILE.OBJECT),
  access: word(objects, file + FILE.ACCESS),
  status: word(objects, file + FILE.STATUS),
})

/** STREAM.* of an open file. */
export const streamKind = (objects: Objects, file: number): number => word(objects, file + FILE.STREAM)

/** Inode of a file or directory, word index of a pipe or tty. */
export const fileObject = (objects: Objects, file: number): number => word(objects, file + FILE.OBJECT)

export const statusFlags = (objects: Objects, file: number): number => word(objects, file + FILE.STATUS)

export const setStatusFlags = (objects: Objects, file: number, status: number): void =>
  locked(objects, () => setWordAt(objects, file + FILE.STATUS, status))

/** Without the lock the halves may be of two moments; whoever acts on it compares again under the lock. */
export const fileOffset = (objects: Objects, file: number): number =>
  word(objects, file + FILE.OFFSET_HIGH) * HIGH + (word(objects, file + FILE.OFFSET_LOW) >>> 0)

/** The caller holds the lock. */
export const setFileOffset = (objects: Objects, file: number, offset: number): void => {
  const high = Math.floor(offset / HIGH)
  const { i32 } = objects.memory
  i32[file + FILE.OFFSET_LOW] = (offset % HIGH) | 0
  i32[file + FILE.OFFSET_HIGH] = high
}
