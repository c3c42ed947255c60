/**
 * Calls that only the kernel can do. They go out as messages, which arrive although the sender then sleeps; the answer comes
 * back through shared memory, for a sleeping worker hears no messages.
 *
 *   attempt ─ message(reply n) ─► kernel ─ word REPLY + n = result, wake ─► attempt again: result
 *
 * Invariant: a reply word has one owner from the first attempt until its result was taken; without a free one a call waits for it.
 */
import type { ChildRequest, KernelForProcess } from '../abi/control.ts'
import { SYSCALLS } from '../abi/syscalls.ts'
import type { Remote } from '../ipc/rpc.ts'
import { MAX_REPLIES, REPLY_PENDING, THREAD, threadAt } from '../memory/layout.ts'
import type { Memory } from '../memory/memory.ts'
import { andWord, getWord, orWord, setWord } from '../memory/slots.ts'
import { wake } from '../memory/wake.ts'
import { type Operation, PENDING } from '../objects/types.ts'

export interface KernelCalls {
  /** Result: the child's pid, or -errno (-ENOENT for no such command, -ENOEXEC, -EAGAIN when the machine is full). */
  spawn(request: ChildRequest): Operation
  /** A pid, 0 for the own group, −1 for all descendants, below −1 a group. 0, -ESRCH, -EPERM where none is the caller or descends from it. */
  kill(pid: number, signal: number): Operation
  /** Result: number of the new thread, or -errno. */
  spawnThread(argument: number): Operation
  /** execve(2) in place: no result but -errno. */
  exec(request: ChildRequest): Operation
  /** /proc/<pid> brought up to date: 0. `call` is what it is done for. */
  refresh(pid: number, call: number): Operation
  /** fsync(2) of an inode: 0 once it is kept, or -errno. */
  sync(inode: number): Operation
  /** The bytes of a file whose project has only just been opened (vfs/arrive.ts): 0 once they are there, or -errno. */
  bring(inode: number): Operation
  /** A watch on the folder behind a descriptor (objects/watch-file.ts): its descriptor, or -errno. */
  watch(fd: number): Operation
  /** The kernel looks whose pulse is wanted (memory/pulse.ts): 0. */
  pulse(): Operation
}

export const createKernelCalls = (memory: Memory, kernel: Remote<KernelForProcess>): KernelCalls => {
  const at = threadAt(memory.thread)
  /** Words of calls that were interrupted: theirs is freed once the late answer has come. */
  const abandoned = new Set<number>()
  /** Somebody waits for a word to become free. */
  let isStarved = false
  const busyWord = (reply: number): number => at + THREAD.REPLIES_BUSY + (reply >> 5)
  const isPending = (reply: number): boolean => getWord(memory, at + THREAD.REPLY + reply) === REPLY_PENDING
  const give = (reply: number): void => {
    abandoned.delete(reply)
    andWord(memory, busyWord(reply), ~(1 << (reply & 31)))
    if (!isStarved) return
    isStarved = false
    wake(memory, memory.thread)
  }
  const take = (): number => {
    for (const reply of abandoned) if (!isPending(reply)) give(reply)
    for (let reply = 0; reply < MAX_REPLIES; reply++) {
      if (getWord(memory, busyWord(reply)) & (1 << (reply & 31))) continue
      orWord(memory, busyWord(reply), 1 << (reply & 31))
      setWord(memory, at + THREAD.REPLY + reply, REPLY_PENDING)
      return reply
    }
    isStarved = true
    return -1
  }
  const operation = (call: number, send: (reply: number) => Promise<void>): Operation => {
    let reply = -1
    return {
      call,
      attempt: () => {
        if (reply < 0) {
          reply = take()
          if (reply < 0) return PENDING
          // A kernel that is gone takes this worker with it.
          send(reply).catch(() => {})
        }
        if (isPending(reply)) return PENDING
        const result = getWord(memory, at + THREAD.REPLY + reply)
        give(reply)
        return result
      },
      watch: () => {},
      deadline: () => Number.POSITIVE_INFINITY,
      interrupted: (errno) => {
        if (reply >= 0) abandoned.add(reply)
        return -errno
      },
    }
  }
  return {
    spawn: (request) => operation(SYSCALLS.spawn.number, (reply) => kernel.spawn(reply, request)),
    kill: (pid, signal) => operation(SYSCALLS.kill.number, (reply) => kernel.kill(reply, pid, signal)),
    exec: (request) => operation(SYSCALLS.exec.number, (reply) => kernel.exec(reply, request)),
    spawnThread: (argument) =>
      operation(SYSCALLS.thread.number, (reply) => kernel.spawnThread(reply, argument)),
    sync: (inode) => operation(SYSCALLS.sync.number, (reply) => kernel.sync(reply, inode)),
    bring: (inode) => operation(SYSCALLS.read.number, (reply) => kernel.bring(reply, inode)),
    watch: (fd) => operation(SYSCALLS.watch.number, (reply) => kernel.watch(reply, fd)),
    pulse: () => operation(SYSCALLS.signal.number, (reply) => kernel.pulse(reply)),
    refresh: (pid, call) => operation(call, (reply) => kernel.refresh(reply, pid)),
  }
}
