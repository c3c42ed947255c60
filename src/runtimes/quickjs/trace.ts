/** strace of a script: its native functions as calls of the machine, by the one table of system calls. */
import { type CallName, SYSCALLS } from '../../abi/syscalls.ts'
import { isTraced } from '../../objects/trace-ring.ts'
import type { Process } from '../../process/process.ts'
import { traceCall } from '../../process/trace.ts'

/** Which call each function is; what is not here asks nothing of the machine. */
export const CALLS: Record<string, CallName> = {
  write: 'write',
  writeBytes: 'write',
  read: 'read',
  readLine: 'read',
  readAll: 'read',
  readFile: 'open',
  writeFile: 'open',
  list: 'readdir',
  mkdir: 'mkdir',
  remove: 'unlink',
  rename: 'rename',
  sleep: 'poll',
  exit: 'exit',
  exec: 'spawn',
  waitpid: 'wait',
  kill: 'kill',
  pipe: 'pipe',
  close: 'close',
  dup: 'dup',
  dup2: 'dup',
  dupFrom: 'dup',
  disposition: 'signal',
  block: 'signal',
  signalfd: 'signal',
  setpgid: 'setpgid',
  setsid: 'setsid',
  tcsetpgrp: 'ioctl',
  tcgetpgrp: 'ioctl',
  termios: 'ioctl',
  setTermios: 'ioctl',
  setRaw: 'ioctl',
  winsize: 'ioctl',
  setWinsize: 'ioctl',
  setControllingTerminal: 'ioctl',
  open: 'open',
  fsync: 'sync',
  flock: 'flock',
  lock: 'lock',
  testLock: 'lock',
  umask: 'umask',
  chmod: 'chmod',
  mode: 'stat',
  chdir: 'chdir',
  cwd: 'getcwd',
  statfs: 'statfs',
  mkfifo: 'mkfifo',
  openpty: 'openpty',
  semOpen: 'semaphore',
  semPost: 'semaphore',
  semWait: 'semaphore',
  semValue: 'semaphore',
  semUnlink: 'semaphore',
  watch: 'watch',
  changes: 'read',
  pidfd: 'pidfd',
  pid: 'getpid',
  poll: 'poll',
  pulseWant: 'signal',
}
/** Not the place of any import. */
const NO_IMPORT = 255
const TEXT_BYTES = 96

export type Trace = (name: string, args: readonly unknown[], run: () => unknown) => unknown

export const createTrace = (process: Process): Trace => {
  const { objects } = process
  const encoder = new TextEncoder()
  return (name, args, run) => {
    // A function that waits for nothing is a call all the same: who is stopped, nice or killed is so here.
    process.enter()
    const call = CALLS[name]
    if (call === undefined || !isTraced(objects)) return run()
    const numbers = args.filter((arg) => typeof arg === 'number')
    const texts = args
      .filter((arg) => typeof arg === 'string')
      .map((text) => encoder.encode(text).slice(0, TEXT_BYTES))
    const id = (SYSCALLS[call].number << 8) | NO_IMPORT
    return traceCall(objects, id, numbers, run, () => ({ out: 0, texts }))
  }
}
