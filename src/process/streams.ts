/**
 * fd_read, fd_write and their positioned forms, fd_seek, fd_tell. A call that would have to wait becomes an operation that this
 * thread sleeps on; everything else is done here and now.
 */
import { ERRNO } from '../abi/errno.ts'
import { SIGNAL } from '../abi/signals.ts'
import { RIGHTS, WHENCE, WHENCE_UNSTABLE } from '../abi/wasi.ts'
import { raise } from '../objects/signal.ts'
import { readStream, readStreamAt, seekStream, writeStreamAt } from '../objects/stream.ts'
import { PENDING } from '../objects/types.ts'
import { openFileOf } from './capability.ts'
import { fits, putU64 } from './guest.ts'
import { createIovecs } from './iovecs.ts'
import type { Process } from './process.ts'
import { waitForRead, waitForWrite } from './waiting.ts'

const COUNT_BYTES = 4
const OFFSET_BYTES = 8
const HIGHEST_OFFSET = BigInt(Number.MAX_SAFE_INTEGER)

/** By `whence` of the guest's ABI: the machine's (0 start, 1 here, 2 end), or undefined for none. */
type WhenceTable = readonly number[]
const tableOf = ({ SET, CUR, END }: Record<keyof typeof WHENCE, number>): WhenceTable => {
  const table: number[] = []
  for (const [machine, guest] of [SET, CUR, END].entries()) table[guest] = machine
  return table
}
export const WHENCE_PREVIEW1 = tableOf(WHENCE)
export const WHENCE_SNAPSHOT0 = tableOf(WHENCE_UNSTABLE)

export const streamCalls = (process: Process, whences: WhenceTable) => {
  const { guest, objects } = process
  const iovecs = createIovecs(guest)

  const finish = (result: number, out: number): number => {
    if (result < 0) return -result
    guest.view.setUint32(out, result, true)
    return ERRNO.SUCCESS
  }
  const readable = (vectors: number, count: number, out: number): boolean =>
    iovecs.read(vectors >>> 0, count >>> 0) && fits(guest, out >>> 0, COUNT_BYTES)

  /** A position that no file can have reads as end of file and writes as too large. */
  const positioned = (
    fd: number,
    right: number,
    offset: bigint,
    act: (file: number, position: number) => number,
  ): number => {
    const file = openFileOf(process, fd, right | RIGHTS.FD_SEEK)
    if (file < 0) return file
    if (offset < 0n) return -ERRNO.INVAL
    return offset > HIGHEST_OFFSET ? -ERRNO.FBIG : act(file, Number(offset))
  }
  const readAt = (file: number, position: number): number => readStreamAt(objects, file, position, iovecs)
  const writeAt = (file: number, position: number): number => writeStreamAt(objects, file, position, iovecs)

  const seek = (fd: number, offset: bigint, whence: number): number => {
    const isTell = offset === 0n && whences[whence] === 1
    const plain = process.descriptors.get(fd)
    if (plain < 0) return plain
    if (whences[whence] === undefined) return -ERRNO.INVAL
    const file = openFileOf(process, fd, isTell ? RIGHTS.FD_TELL : RIGHTS.FD_SEEK)
    if (file < 0) return file
    if (offset > HIGHEST_OFFSET || offset < -HIGHEST_OFFSET) return -ERRNO.INVAL
    return seekStream(objects, file, Number(offset), whences[whence])
  }
  const putOffset = (result: number, out: number): number => {
    if (result < 0) return -result
    putU64(guest.view, out, result)
    return ERRNO.SUCCESS
  }

  return {
    fd_read: (fd: number, vectors: number, count: number, out: number): number => {
      process.enter()
      const file = openFileOf(process, fd, RIGHTS.FD_READ)
      if (file < 0) return -file
      if (!readable(vectors, count, out)) return ERRNO.FAULT
      const result = readStream(objects, file, iovecs)
      return finish(result === PENDING ? waitForRead(process, file, iovecs) : result, out >>> 0)
    },
    fd_write: (fd: number, vectors: number, count: number, out: number): number => {
      process.enter()
      const file = openFileOf(process, fd, RIGHTS.FD_WRITE)
      if (file < 0) return -file
      if (!readable(vectors, count, out)) return ERRNO.FAULT
      const result = waitForWrite(process, file, iovecs)
      if (result === -ERRNO.PIPE) {
        // As anywhere: a program that writes to nobody ends quietly, unless it has said that it wants the error.
        raise(objects, process.pid, SIGNAL.PIPE)
        process.deliver()
      }
      return finish(result, out >>> 0)
    },
    fd_pread: (fd: number, vectors: number, count: number, offset: bigint, out: number): number => {
      process.enter()
      if (!readable(vectors, count, out)) return ERRNO.FAULT
      return finish(positioned(fd, RIGHTS.FD_READ, offset, readAt), out >>> 0)
    },
    fd_pwrite: (fd: number, vectors: number, count: number, offset: bigint, out: number): number => {
      process.enter()
      if (!readable(vectors, count, out)) return ERRNO.FAULT
      return finish(positioned(fd, RIGHTS.FD_WRITE, offset, writeAt), out >>> 0)
    },
    fd_seek: (fd: number, offset: bigint, whence: number, out: number): number => {
      process.enter()
      if (!fits(guest, out >>> 0, OFFSET_BYTES)) return ERRNO.FAULT
      return putOffset(seek(fd, offset, whence), out >>> 0)
    },
    fd_tell: (fd: number, out: number): number => {
      process.enter()
      if (!fits(guest, out >>> 0, OFFSET_BYTES)) return ERRNO.FAULT
      const file = openFileOf(process, fd, RIGHTS.FD_TELL)
      return putOffset(file < 0 ? file : seekStream(objects, file, 0, 1), out >>> 0)
    },
  }
}
