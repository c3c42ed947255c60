/** spawn, wait, kill, pipe, dup2, getcwd, chdir. */
import { ERRNO } from '../../abi/errno.ts'
import { statusWord, waitOperation } from '../../objects/child.ts'
import { locked } from '../../objects/objects.ts'
import { openPipe, releaseFile } from '../../objects/open-file.ts'
import { raise } from '../../objects/signal.ts'
import type { Operation } from '../../objects/types.ts'
import { errnoOf, type Process } from '../process.ts'
import { waitIn } from '../waiting.ts'
import { createDirectory } from './directory.ts'
import type { Sight } from './sight.ts'
import { SPAWN_BYTES, spawnRequestAt } from './spawn.ts'

/** Bytes of a path. */
const PATH_MAX = 4096
const HIGHEST_SIGNAL = 31
const HIGHEST_PID = 0x7fffffff
/** WNOHANG, WUNTRACED, WCONTINUED. */
const WAIT_FLAGS = 11

export const processCalls = (process: Process, sight: Sight) => {
  const { objects, descriptors, kernel } = process
  const directory = createDirectory(process)
  /** A request is out and will be answered: a signal that is handled does not make a second one of it. */
  const untilAnswered = (operation: Operation): number => {
    for (;;) {
      const result = waitIn(process, { ...operation, interrupted: (errno) => -errno })
      if (result !== -ERRNO.INTR) return result
    }
  }
  const kill = (pid: number, signal: number): number => {
    if (pid === process.pid) {
      const result = raise(objects, pid, signal)
      process.deliver()
      return result
    }
    return kernel ? untilAnswered(kernel.kill(pid, signal)) : -ERRNO.NOTSUP
  }
  /** Both ends or none. The caller holds the lock. */
  const putPipe = (out: number): number => {
    const ends = openPipe(objects)
    if (typeof ends === 'number') return -ends
    const reader = sight.keep(ends.reader)
    if (reader < 0) releaseFile(objects, ends.writer)
    const writer = reader < 0 ? reader : sight.keep(ends.writer)
    if (reader >= 0 && writer < 0) descriptors.close(reader)
    if (writer < 0) return -writer
    sight.put(out, reader)
    sight.put(out + 4, writer)
    return ERRNO.SUCCESS
  }
  return {
    spawn: (at: number, out: number): number => {
      sight.begin()
      if (!sight.has(at, SPAWN_BYTES) || !sight.has(out, 4)) return ERRNO.FAULT
      const request = spawnRequestAt(sight, at >>> 0, process, directory)
      if (typeof request === 'number') return -request
      if (!kernel) return ERRNO.NOTSUP
      const pid = untilAnswered(kernel.spawn(request))
      if (pid < 0) return -pid
      sight.put(out, pid)
      return 0
    },
    wait: (pid: number, options: number, status: number, out: number): number => {
      sight.begin()
      if (!sight.has(status, 4) || !sight.has(out, 4)) return ERRNO.FAULT
      if (options & ~WAIT_FLAGS) return ERRNO.INVAL
      const operation = waitOperation(objects, pid, options)
      const result = waitIn(process, operation)
      if (result < 0) return -result
      sight.put(status, result > 0 ? statusWord(operation.status) : 0)
      sight.put(out, result)
      return 0
    },
    kill: (pid: number, signal: number): number => {
      sight.begin()
      const isOdd = signal >>> 0 > HIGHEST_SIGNAL || pid < -HIGHEST_PID
      return isOdd ? ERRNO.INVAL : errnoOf(kill(pid, signal))
    },
    pipe: (out: number): number => {
      sight.begin()
      if (!sight.has(out, 8)) return ERRNO.FAULT
      return locked(objects, () => putPipe(out))
    },
    dup2: (fd: number, to: number): number => {
      sight.begin()
      return errnoOf(descriptors.dup2(fd, to))
    },
    getcwd: (buffer: number, size: number, out: number): number => {
      sight.begin()
      if (!sight.has(buffer, size) || !sight.has(out, 4)) return ERRNO.FAULT
      const path = directory.path()
      if (path === undefined) return ERRNO.NOENT
      const bytes = new TextEncoder().encode(path)
      if (bytes.length > size >>> 0) return ERRNO.RANGE
      process.guest.u8.set(bytes, buffer >>> 0)
      sight.put(out, bytes.length)
      return 0
    },
    chdir: (path: number, length: number): number => {
      sight.begin()
      if (!sight.has(path, length)) return ERRNO.FAULT
      if (length >>> 0 > PATH_MAX) return ERRNO.NAMETOOLONG
      return errnoOf(directory.change(sight.bytes(path, length)))
    },
  }
}
