/**
 * Further threads of a program (wasi-threads): a worker each, with a thread slot and a control link of its own, in the memory that
 * the program's first thread was given. Descriptors, directory and signals are the process's, in shared memory.
 *
 * Invariant: a process ends with all of its threads; a further thread that returns ends alone.
 */
import type { JailApi, KernelForProcess } from '../abi/control.ts'
import { ERRNO, SysError } from '../abi/errno.ts'
import type { Remote } from '../ipc/rpc.ts'
import type { Memory } from '../memory/memory.ts'
import { takeThread } from '../memory/slots.ts'
import type { ChildrenOptions } from './children.ts'
import type { Entry } from './entry.ts'
import type { Reaper } from './kill.ts'
import { launch } from './launch.ts'
import type { Pulses } from './pulses.ts'

/** More than any machine has cores; the machine itself has 255 for all. */
export const THREADS_MAX = 64

export interface ThreadsOptions {
  memory: Memory
  jail: Remote<JailApi>
  reaper: Reaper
  pulses: Pulses
  face: (entry: Entry, thread: number) => KernelForProcess
}

export const createThreads = ({
  memory,
  jail,
  reaper,
  pulses,
  face,
}: ThreadsOptions): Pick<ChildrenOptions, 'spawnThread' | 'endThread'> => {
  const links = new Map<number, MessagePort>()
  return {
    spawnThread: async (entry, argument) => {
      if (!entry.guest)
        throw new SysError(ERRNO.NOTSUP, entry.request.command, 'its module imports no shared memory')
      const thread = entry.threads.size < THREADS_MAX ? takeThread(memory, entry.pid) : -1
      if (thread < 0) throw new SysError(ERRNO.AGAIN, entry.request.command, 'no more threads')
      entry.threads.set(thread, performance.now())
      const begin = { thread, argument }
      const pwd = entry.request.env.PWD ?? '/'
      const how = { face: face(entry, thread), pwd, pulse: pulses.create(thread), begin }
      await launch(memory, jail, entry, how, (port) => links.set(thread, port))
      return thread
    },
    endThread: (entry, thread) => {
      entry.threads.delete(thread)
      reaper.endThread(thread)
      links.get(thread)?.close()
      links.delete(thread)
    },
  }
}
