/**
 * What processes ask of the kernel: their end, children, signals, a look into /proc. Each request is checked (requests.ts), and
 * answered in a reply word of the caller's thread, for the caller may be asleep.
 */
import type { ChildRequest, ExitReason, KernelForProcess, SpawnRequest } from '../abi/control.ts'
import { ERRNO, SysError } from '../abi/errno.ts'
import { KERNEL_THREAD, THREAD, threadAt } from '../memory/layout.ts'
import type { Memory } from '../memory/memory.ts'
import { setWord } from '../memory/slots.ts'
import { wake } from '../memory/wake.ts'
import type { Entry } from './entry.ts'
import type { Family } from './prepare.ts'
import { parseReply, processRequests } from './requests.ts'

export interface ChildrenOptions {
  memory: Memory
  end: (entry: Entry, reason: ExitReason) => void
  spawn: (request: SpawnRequest, parent: Family) => Promise<number>
  /** `isStill`: whether the caller is there when the program is. */
  exec: (entry: Entry, request: SpawnRequest, isStill: () => boolean) => Promise<void>
  killFor: (caller: Entry, pid: number, signal: number) => number
  /** Brings /proc up to date for a process; 0 for all. */
  refresh: (pid: number, caller: number) => void
  /** Number of the new thread; `isStill` says whether who asked is still there. @throws SysError */
  spawnThread: (entry: Entry, argument: number, isStill: () => boolean) => Promise<number>
  endThread: (entry: Entry, thread: number) => void
  /** Resolves when the inode's content is kept, at once when it is none of the project. @throws SysError */
  sync: (inode: number) => Promise<void>
  /** Sees to the bytes of a file that is still to come: 0, or -errno. */
  bring: (inode: number) => number
  /** Descriptor of a new watch in the process's table. @throws SysError */
  watch: (entry: Entry, fd: number) => number
  /** Its working directory by the machine's name. */
  cwdOf: (entry: Entry) => string
  /** Looks at the thread's wish. */
  pulse: (thread: number) => void
}

/** The face for one thread of the process: its first one, or a further one. */
export const faceFor = (entry: Entry, thread: number, options: ChildrenOptions): KernelForProcess => {
  const { memory, end, exec, killFor, refresh } = options
  const isOurs = (): boolean => !entry.exit && (entry.thread === thread || entry.threads.has(thread))
  const answer = (reply: number, result: number): void => {
    // After an exec this link is an old one's: nobody waits there.
    if (!isOurs()) return
    setWord(memory, threadAt(thread) + THREAD.REPLY + reply, result)
    wake(memory, thread)
  }
  const refuse = (reply: number, error: unknown): void =>
    answer(reply, -(error instanceof SysError ? error.errno : ERRNO.IO))
  /** A bad request is answered as one, so that a caller that only made a mistake does not wait for ever. */
  const checked = <T>(parse: () => T, reply: unknown): T => {
    // Who has ended, or was replaced by an exec, asks for nothing any more.
    if (!isOurs()) throw new SysError(ERRNO.SRCH, `process ${entry.pid}`)
    try {
      // What an old link still had on its way: its program was replaced, or its thread has ended.
      if (!isOurs()) throw new SysError(ERRNO.SRCH, `process ${entry.pid}`)
      return parse()
    } catch (error) {
      refuse(parseReply(reply), error)
      throw error
    }
  }
  return {
    exit: (...args) => {
      const reason = processRequests.exit(...args)
      if (isOurs()) end(entry, reason)
    },
    spawn: (...args) => {
      const { reply, request } = checked(() => processRequests.spawn(...args), args[0])
      spawnChild(entry, request, options).then(
        (pid) => answer(reply, pid),
        (error: unknown) => refuse(reply, error),
      )
    },
    exec: (...args) => {
      const { reply, request } = checked(() => processRequests.spawn(...args), args[0])
      exec(entry, childRequest(entry, request, options), isOurs).catch((error: unknown) =>
        refuse(reply, error),
      )
    },
    spawnThread: (...args) => {
      const { reply, argument } = checked(() => processRequests.spawnThread(...args), args[0])
      options.spawnThread(entry, argument, isOurs).then(
        (made) => answer(reply, made),
        (error: unknown) => refuse(reply, error),
      )
    },
    endThread: () => {
      if (entry.threads.has(thread)) options.endThread(entry, thread)
    },
    kill: (...args) => {
      const { reply, pid, signal } = checked(() => processRequests.kill(...args), args[0])
      answer(reply, killFor(entry, pid, signal))
    },
    refresh: (...args) => {
      const { reply, pid } = checked(() => processRequests.refresh(...args), args[0])
      refresh(pid, entry.pid)
      answer(reply, 0)
    },
    sync: (...args) => {
      const { reply, inode } = checked(() => processRequests.sync(...args), args[0])
      options.sync(inode).then(
        () => answer(reply, 0),
        (error: unknown) => refuse(reply, error),
      )
    },
    bring: (...args) => {
      const { reply, inode } = checked(() => processRequests.bring(...args), args[0])
      answer(reply, options.bring(inode))
    },
    watch: (...args) => {
      const { reply, fd } = checked(() => processRequests.watch(...args), args[0])
      try {
        answer(reply, options.watch(entry, fd))
      } catch (error) {
        refuse(reply, error)
      }
    },
    pulse: (...args) => {
      const { reply } = checked(() => processRequests.pulse(...args), args[0])
      options.pulse(thread)
      answer(reply, 0)
      // Its loop may sleep without an end.
      wake(memory, KERNEL_THREAD)
    },
  }
}

const childRequest = (parent: Entry, child: ChildRequest, { cwdOf }: ChildrenOptions): SpawnRequest => {
  const { command, args, env } = child
  return {
    command,
    args,
    env,
    ...(child.argv0 === undefined ? {} : { argv0: child.argv0 }),
    cwd: child.cwd ?? cwdOf(parent),
    preopens: parent.request.preopens,
    terminal: null,
    stdin: null,
    title: [command.split('/').at(-1), ...args].join(' '),
  }
}

const spawnChild = async (parent: Entry, child: ChildRequest, options: ChildrenOptions): Promise<number> => {
  // The parent may have ended while its request was on the way.
  if (parent.exit) throw new SysError(ERRNO.SRCH, `process ${parent.pid}`)
  const {
    descriptors,
    group = null,
    session = false,
    foreground = false,
    ignored = null,
    blocked = null,
  } = child
  const birth = { group, session, foreground, ignored, blocked }
  const { pid, slot } = parent
  const given = [...descriptors, ...(child.grants ?? [])]
  return options.spawn(childRequest(parent, child, options), { pid, slot, descriptors: given, birth })
}
