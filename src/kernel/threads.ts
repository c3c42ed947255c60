/**
 * Further threads of a program (wasi-threads): a worker each, with a thread slot and a control link of its own, in the memory that
 * the program's first thread was given. Descriptors, directory and signals are the process's, in shared memory.
 *
 * Invariant: a process ends with all of its threads; a further thread that returns ends alone.
 */
import type { JailApi, KernelForProcess } from '../abi/control.ts'
import { ERRNO, SysError } from '../abi/errno.ts'
import { passedWords } from '../abi/limits.ts'
import type { Remote } from '../ipc/rpc.ts'
import { PROCESS, processAt } from '../memory/layout.ts'
import type { Memory } from '../memory/memory.ts'
import { setWord, takeThread } from '../memory/slots.ts'
import type { ChildrenOptions } from './children.ts'
import type { Entry } from './entry.ts'
import type { Reaper } from './kill.ts'
import { launch } from './launch.ts'
import type { Links } from './links.ts'
import type { Pulses } from './pulses.ts'
import type { Refusals } from './refusals.ts'

/** Further threads of the whole machine, which has 255 slots: the rest is for the first threads of processes. */
const FURTHER_MAX = 128

export interface ThreadsOptions {
  memory: Memory
  jail: Remote<JailApi>
  links: Links
  reaper: Pick<Reaper, 'isFull' | 'nextFree'>
  pulses: Pulses
  refused: Refusals['refused']
  entries(): Iterable<Entry>
  /** Stops the thread and closes its link. */
  stop: (thread: number) => void
  face: (entry: Entry, thread: number) => KernelForProcess
}

export const createThreads = (
  options: ThreadsOptions,
): Pick<ChildrenOptions, 'spawnThread' | 'endThread'> => {
  const { memory, jail, links, reaper, pulses, entries, face } = options
  const count = (entry: Entry): void =>
    setWord(memory, processAt(entry.slot) + PROCESS.THREADS, 1 + entry.threads.size)
  const take = (entry: Entry): number => {
    const { threads } = entry.limits
    if (entry.threads.size + 1 >= threads) {
      options.refused(entry, 'threads')
      throw new SysError(
        ERRNO.AGAIN,
        entry.request.command,
        passedWords('threads', threads, entry.sources.threads),
      )
    }
    let further = 0
    for (const each of entries()) further += each.threads.size
    const thread = further < FURTHER_MAX ? takeThread(memory, entry.pid) : -1
    if (thread < 0) throw new SysError(ERRNO.AGAIN, entry.request.command, 'the machine has no more threads')
    return thread
  }
  const endThread = (entry: Entry, thread: number): void => {
    entry.threads.delete(thread)
    count(entry)
    options.stop(thread)
  }
  return {
    spawnThread: async (entry, argument, isStill) => {
      if (!entry.guest)
        throw new SysError(ERRNO.NOTSUP, entry.request.command, 'its module imports no shared memory')
      while (reaper.isFull()) await reaper.nextFree()
      if (!isStill()) throw new SysError(ERRNO.SRCH, `process ${entry.pid}`)
      const thread = take(entry)
      const startedAt = performance.now()
      entry.threads.set(thread, startedAt)
      count(entry)
      const begin = { thread, argument }
      const pwd = entry.request.env.PWD ?? '/'
      try {
        const how = { face: face(entry, thread), pwd, pulse: pulses.create(thread), begin }
        await launch(memory, jail, entry, how, (port) => links.open(thread, port))
      } catch (error) {
        // It may have ended meanwhile with its process, and the number be another's.
        if (entry.threads.get(thread) === startedAt) endThread(entry, thread)
        throw error
      }
      return thread
    },
    endThread,
  }
}
