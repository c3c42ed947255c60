/** Processes, pipes and descriptors for scripts: what `qjs:os` offers as exec, waitpid, kill, pipe, dup, dup2, read, write, close. */
import { ERRNO } from '../../abi/errno.ts'
import { SIGNAL } from '../../abi/signals.ts'
import { statusWord, waitOperation } from '../../objects/child.ts'
import { locked } from '../../objects/objects.ts'
import { openPipe, releaseFile } from '../../objects/open-file.ts'
import { raise } from '../../objects/signal.ts'
import { spanOf } from '../../objects/spans.ts'
import type { Operation } from '../../objects/types.ts'
import type { KernelCalls } from '../../process/kernel-calls.ts'
import type { Process } from '../../process/process.ts'
import { waitForRead, waitForWrite, waitIn } from '../../process/waiting.ts'
import { type Caught, restarting } from './jobs.ts'

/** Most that one read gives. */
const READ_LIMIT_BYTES = 1024 * 1024

interface ExecOptions {
  args: string[]
  cwd: string | null
  env: Record<string, string> | null
  /** The script's descriptors for the child's 0, 1 and 2. */
  streams: [number, number, number]
  argv0?: string
  group?: number
  session?: boolean
  foreground?: boolean
  ignored?: number
  blocked?: number
  /** In place of the script itself. */
  replace?: boolean
}

const parseExec = (text: string): ExecOptions => JSON.parse(text)

export const createProcessCalls = (process: Process, kernel: KernelCalls, caught: Caught) => {
  const { objects, descriptors } = process
  const fileOf = (fd: number, act: (file: number) => number): number => {
    process.enter()
    const file = descriptors.get(fd)
    return file < 0 ? file : act(file)
  }
  const wait = (pid: number, options: number): string => {
    process.enter()
    const operation = waitOperation(objects, pid, options)
    const result = waitIn(process, operation)
    if (result === -ERRNO.INTR) caught.collect()
    return JSON.stringify({ result, status: result > 0 ? statusWord(operation.status) : 0 })
  }
  /** The same request, waited for again after a signal: a second one would make a second child. */
  const operationOnce = (operation: Operation): (() => number) => {
    const patient: Operation = { ...operation, interrupted: (errno) => -errno }
    return () => waitIn(process, patient)
  }
  /** A kill takes the lock: it comes before the pipe is made, or after both ends have their descriptors. */
  const pipe = (): string => {
    process.enter()
    return locked(objects, installPipe)
  }
  const installPipe = (): string => {
    const ends = openPipe(objects)
    if (typeof ends === 'number') return JSON.stringify({ result: ends })
    const reader = descriptors.install(ends.reader)
    if (reader < 0) releaseFile(objects, ends.reader)
    const writer = reader < 0 ? reader : descriptors.install(ends.writer)
    if (writer < 0) releaseFile(objects, ends.writer)
    if (reader >= 0 && writer < 0) descriptors.close(reader)
    return JSON.stringify(writer < 0 ? { result: writer } : { result: 0, reader, writer })
  }
  return {
    exec: (text: string): number => {
      process.enter()
      const { args, cwd, env, streams, replace, ...birth } = parseExec(text)
      const [command, ...rest] = args
      // The kernel says where the child is; what this script was told is of its own start.
      const { PWD: _, ...inherited } = process.env
      if (command === undefined) return -ERRNO.INVAL
      const request = {
        command,
        args: rest,
        cwd,
        env: env ?? inherited,
        descriptors: streams.map((fd, index): [number, number] => [fd, index]),
        ...birth,
      }
      // The child is there or not: no signal leaves that open.
      return restarting(caught, operationOnce(replace ? kernel.exec(request) : kernel.spawn(request)))
    },
    waitpid: wait,
    kill: (pid: number, signal: number): number => {
      process.enter()
      if (pid === process.pid) {
        const result = raise(objects, pid, signal)
        process.deliver()
        return result
      }
      return waitIn(process, kernel.kill(pid, signal))
    },
    pipe,
    pid: (): number => process.pid,
    close: (fd: number): number => descriptors.close(fd),
    dup: (fd: number): number => descriptors.dup(fd, 0),
    dupFrom: (fd: number, from: number): number => descriptors.dup(fd, from),
    closeOnExec: (fd: number, on: boolean): boolean => descriptors.closeOnExec(fd, on),
    dup2: (from: number, to: number): number => descriptors.dup2(from, to),
    read: (fd: number, length: number): Uint8Array | number => {
      const bytes = new Uint8Array(Math.min(Math.max(0, length), READ_LIMIT_BYTES))
      const count = fileOf(fd, (file) => restarting(caught, () => waitForRead(process, file, spanOf(bytes))))
      return count < 0 ? count : bytes.slice(0, count)
    },
    writeBytes: (fd: number, bytes: ArrayBuffer): number =>
      fileOf(fd, (file) => {
        const result = waitForWrite(process, file, spanOf(new Uint8Array(bytes)))
        if (result === -ERRNO.PIPE) {
          raise(objects, process.pid, SIGNAL.PIPE)
          process.deliver()
        }
        return result
      }),
  }
}
