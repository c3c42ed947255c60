/**
 * Files by descriptor for scripts, and all that else can be behind one: what `qjs:os` offers as open, flock, lock, mkfifo, openpty,
 * semOpen, watch, pidfd, poll, ttySetRaw and so on. Results are ≥ 0 or -errno; what is more is JSON.
 */
import { ERRNO } from '../../abi/errno.ts'
import { openChild } from '../../objects/child-file.ts'
import { flockOperation, LOCK_MODE, rangeLockOperation, TO_THE_END, testRange } from '../../objects/locks.ts'
import { locked } from '../../objects/objects.ts'
import { releaseFile } from '../../objects/open-file.ts'
import { pollOperation } from '../../objects/poll.ts'
import { controlTerminal, openPty } from '../../objects/pty.ts'
import {
  openSemaphore,
  postSemaphore,
  semaphoreOperation,
  semaphoreValue,
  unlinkSemaphore,
} from '../../objects/semaphore.ts'
import { spanOf } from '../../objects/spans.ts'
import { openInode, ttyOf } from '../../objects/stream.ts'
import { ACCESS, type Operation, type PollEntry, STATUS } from '../../objects/types.ts'
import { parseChanges } from '../../objects/watch-file.ts'
import { awaitOtherSide } from '../../process/await-fifo.ts'
import type { Process } from '../../process/process.ts'
import { syncFile } from '../../process/sync.ts'
import { waitForRead, waitIn } from '../../process/waiting.ts'
import { OPEN, WALK } from '../../vfs/types.ts'
import type { Caught } from './jobs.ts'
import type { Paths } from './paths.ts'

/** Linux's values, which QuickJS has too. */
const FLAG = { WRONLY: 1, RDWR: 2, CREAT: 64, EXCL: 128, TRUNC: 512, APPEND: 1024, NONBLOCK: 2048 } as const
/** Of flock(2). */
const FLOCK = { SHARED: 1, EXCLUSIVE: 2, NONBLOCKING: 4, UNLOCK: 8 } as const
/** What one read of a watch gives at most. */
const CHANGES_BYTES = 65536
const FOLLOW = WALK.BENEATH | WALK.FOLLOW

interface RangeRequest {
  type: keyof typeof LOCK_TYPES
  start: number
  /** 0: to the end of the file, wherever that will be. */
  length: number
  wait: boolean
}

const LOCK_TYPES = {
  unlock: LOCK_MODE.NONE,
  shared: LOCK_MODE.SHARED,
  exclusive: LOCK_MODE.EXCLUSIVE,
} as const

const parseRange = (text: string) => {
  const { type, start, length, wait }: RangeRequest = JSON.parse(text)
  const end = length === 0 ? TO_THE_END : start + length
  return { range: { mode: LOCK_TYPES[type] ?? LOCK_MODE.NONE, start, end }, wait }
}

export const createDescriptorCalls = (process: Process, paths: Paths, caught: Caught) => {
  const { objects, descriptors, vfs } = process
  const encoder = new TextEncoder()

  /** With a signal that a function of the script handles: -EINTR, and the function runs next. */
  const wait = (operation: Operation): number => {
    const result = waitIn(process, operation)
    if (result === -ERRNO.INTR) caught.collect()
    return result
  }
  const fileOf = (fd: number, act: (file: number) => number): number => {
    process.enter()
    const file = descriptors.get(fd)
    return file < 0 ? file : act(file)
  }
  /** The open file's descriptor, or it is closed again. */
  const install = (file: number, closeOnExec = false): number => {
    const fd = file < 0 ? file : descriptors.install(file, { closeOnExec })
    if (file > 0 && fd < 0) releaseFile(objects, file)
    return fd
  }
  /** A kill takes the lock: it comes before the file is made, or after it has its descriptor. */
  const made = (make: () => number, closeOnExec = false): number =>
    locked(objects, () => install(make(), closeOnExec))
  const accessOf = (flags: number): number => {
    if (flags & FLAG.RDWR) return ACCESS.READ | ACCESS.WRITE
    return flags & FLAG.WRONLY ? ACCESS.WRITE : ACCESS.READ
  }
  const open = (path: string, flags: number, mode: number): number => {
    process.enter()
    const to = paths.place(path)
    if (typeof to === 'number') return to
    const access = accessOf(flags)
    if (to.readonly && access & ACCESS.WRITE) return -ERRNO.ROFS
    const how =
      (flags & FLAG.CREAT ? OPEN.CREATE : 0) |
      (flags & FLAG.EXCL ? OPEN.EXCLUSIVE : 0) |
      (flags & FLAG.TRUNC ? OPEN.TRUNCATE : 0) |
      (access & ACCESS.WRITE ? OPEN.WRITE : 0)
    const status = (flags & FLAG.APPEND ? STATUS.APPEND : 0) | (flags & FLAG.NONBLOCK ? STATUS.NONBLOCK : 0)
    const fd = made(() => {
      const inode = vfs.open(to.at, to.bytes, 0, to.bytes.length, FOLLOW, how, process.mode(mode))
      return inode < 0 ? inode : openInode(objects, inode, access, status, descriptors)
    })
    return fd < 0 ? fd : awaitOtherSide(process, fd)
  }
  const poll = (text: string, timeout: number): string => {
    process.enter()
    const asked: { fd: number; write: boolean }[] = JSON.parse(text)
    const base = { deadline: 0, ready: 0, bytes: 0, error: 0 }
    const entries: PollEntry[] = asked.map(({ fd, write }) => ({
      ...base,
      fd,
      kind: write ? 'write' : 'read',
    }))
    const clock: PollEntry = { ...base, kind: 'clock', fd: -1, deadline: performance.now() + timeout }
    const result = wait(pollOperation(objects, descriptors, timeout < 0 ? entries : [...entries, clock]))
    return JSON.stringify({
      result: Math.min(result, 0),
      entries: entries.map(({ ready, error }) => [ready, error]),
    })
  }
  const openpty = (columns: number, rows: number): string => {
    process.enter()
    return locked(objects, () => installPty(columns, rows))
  }
  const installPty = (columns: number, rows: number): string => {
    const pair = openPty(objects, columns, rows)
    if (typeof pair === 'number') return JSON.stringify({ result: pair })
    const master = install(pair.master, true)
    if (master < 0) releaseFile(objects, pair.slave)
    const slave = master < 0 ? master : install(pair.slave)
    if (master >= 0 && slave < 0) descriptors.close(master)
    return JSON.stringify(slave < 0 ? { result: slave } : { result: 0, master, slave })
  }
  const watch = (path: string): number => {
    const fd = open(path, 0, 0)
    if (fd < 0) return fd
    const { kernel } = process
    const watched = kernel ? waitIn(process, kernel.watch(fd)) : -ERRNO.NOSYS
    descriptors.close(fd)
    return watched
  }
  const changes = (fd: number): string => {
    const bytes = new Uint8Array(CHANGES_BYTES)
    const result = fileOf(fd, (file) => waitForRead(process, file, spanOf(bytes)))
    if (result === -ERRNO.INTR) caught.collect()
    return JSON.stringify({ result, changes: parseChanges(bytes.subarray(0, Math.max(0, result))) })
  }
  const flock = (fd: number, what: number): number =>
    fileOf(fd, (file) => {
      const isUnlock = (what & FLOCK.UNLOCK) !== 0
      const isExclusive = (what & FLOCK.EXCLUSIVE) !== 0
      const mode = isUnlock ? LOCK_MODE.NONE : isExclusive ? LOCK_MODE.EXCLUSIVE : LOCK_MODE.SHARED
      return wait(flockOperation(objects, file, mode, (what & FLOCK.NONBLOCKING) === 0))
    })
  const lock = (fd: number, text: string): number =>
    fileOf(fd, (file) => {
      const { range, wait: waits } = parseRange(text)
      return wait(rangeLockOperation(objects, file, range, waits))
    })
  const testLock = (fd: number, text: string): string => {
    process.enter()
    const file = descriptors.get(fd)
    const found = file < 0 ? file : testRange(objects, file, parseRange(text).range)
    if (typeof found === 'number') return JSON.stringify({ result: found })
    return JSON.stringify({ result: 0, held: found ?? null })
  }
  return {
    open,
    fsync: (fd: number): number => fileOf(fd, (file) => syncFile(process, file)),
    flock,
    lock,
    testLock,
    mkfifo: (path: string, mode: number): number => {
      process.enter()
      return paths.mkfifo(path, process.mode(mode))
    },
    openpty,
    setControllingTerminal: (fd: number): number =>
      fileOf(fd, (file) => {
        const tty = ttyOf(objects, file)
        return tty < 0 ? tty : controlTerminal(objects, tty)
      }),
    semOpen: (name: string, create: boolean, exclusive: boolean, value: number): number => {
      process.enter()
      return made(() => openSemaphore(objects, encoder.encode(name), { create, exclusive, value }), true)
    },
    semPost: (fd: number): number => fileOf(fd, (file) => postSemaphore(objects, file)),
    semValue: (fd: number): number => fileOf(fd, (file) => semaphoreValue(objects, file)),
    /** Milliseconds; 0 does not wait, below 0 waits for ever. */
    semWait: (fd: number, timeout: number): number =>
      fileOf(fd, (file) => {
        const end = timeout < 0 ? Number.POSITIVE_INFINITY : performance.now() + timeout
        return wait(semaphoreOperation(objects, file, timeout === 0 ? 0 : end))
      }),
    semUnlink: (name: string): number => {
      process.enter()
      return unlinkSemaphore(objects, encoder.encode(name))
    },
    watch,
    changes,
    pidfd: (pid: number): number => {
      process.enter()
      return made(() => openChild(objects, pid), true)
    },
    poll,
  }
}
