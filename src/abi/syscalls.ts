/**
 * The one table of system calls. Stubs in the process, the dispatcher, strace, the wait reason in the process table and
 * docs/syscalls.md all come from it; a call added here without a support note does not compile.
 *
 * `number` is stable: it is what shared memory holds while a thread waits. `wasi` names the preview1 import that lands there.
 */
export interface CallFacts {
  number: number
  /** May wait; such a call has an asynchronous form too (objects/operation.ts). */
  blocks: boolean
  /** Where the work is done: in the caller's thread over shared memory, or by the kernel worker. */
  where: 'thread' | 'kernel'
  wasi: readonly string[]
}

const inThread = (number: number, ...wasi: string[]): CallFacts => ({
  number,
  blocks: false,
  where: 'thread',
  wasi,
})
const waiting = (number: number, ...wasi: string[]): CallFacts => ({
  number,
  blocks: true,
  where: 'thread',
  wasi,
})
const asksKernel = (number: number, ...wasi: string[]): CallFacts => ({
  number,
  blocks: true,
  where: 'kernel',
  wasi,
})

export const SYSCALLS = {
  read: waiting(1, 'fd_read'),
  write: waiting(2, 'fd_write'),
  pread: inThread(3, 'fd_pread'),
  pwrite: inThread(4, 'fd_pwrite'),
  open: inThread(5, 'path_open'),
  close: inThread(6, 'fd_close'),
  seek: inThread(7, 'fd_seek', 'fd_tell'),
  fstat: inThread(8, 'fd_filestat_get'),
  stat: inThread(9, 'path_filestat_get'),
  truncate: inThread(10, 'fd_filestat_set_size'),
  utimes: inThread(11, 'fd_filestat_set_times', 'path_filestat_set_times'),
  allocate: inThread(12, 'fd_allocate'),
  advise: inThread(13, 'fd_advise'),
  sync: asksKernel(14, 'fd_sync', 'fd_datasync'),
  readdir: inThread(15, 'fd_readdir'),
  mkdir: inThread(16, 'path_create_directory'),
  rmdir: inThread(17, 'path_remove_directory'),
  unlink: inThread(18, 'path_unlink_file'),
  rename: inThread(19, 'path_rename'),
  link: inThread(20, 'path_link'),
  symlink: inThread(21, 'path_symlink'),
  readlink: inThread(22, 'path_readlink'),
  fdstat: inThread(23, 'fd_fdstat_get', 'fd_fdstat_set_flags', 'fd_fdstat_set_rights'),
  prestat: inThread(24, 'fd_prestat_get', 'fd_prestat_dir_name'),
  renumber: inThread(25, 'fd_renumber'),
  dup: inThread(26),
  pipe: inThread(27),
  poll: waiting(28, 'poll_oneoff'),
  ioctl: inThread(29),
  chdir: inThread(30),
  getcwd: inThread(31),
  umask: inThread(32),
  chmod: inThread(33),
  clock: inThread(34, 'clock_time_get', 'clock_res_get'),
  random: inThread(35, 'random_get'),
  args: inThread(36, 'args_get', 'args_sizes_get'),
  environ: inThread(37, 'environ_get', 'environ_sizes_get'),
  yield: inThread(38, 'sched_yield'),
  exit: asksKernel(39, 'proc_exit'),
  raise: asksKernel(40, 'proc_raise'),
  kill: asksKernel(41),
  spawn: asksKernel(42),
  wait: waiting(43),
  getpid: inThread(44),
  socket: inThread(45, 'sock_accept', 'sock_recv', 'sock_send', 'sock_shutdown'),
  thread: asksKernel(46),
  signal: inThread(47),
  setpgid: inThread(48),
  setsid: inThread(49),
  exec: asksKernel(50),
  flock: waiting(51),
  lock: waiting(52),
  statfs: inThread(53),
  mkfifo: inThread(54),
  openpty: inThread(55),
  semaphore: waiting(56),
  watch: asksKernel(57),
  pidfd: inThread(58),
  port: waiting(70),
  send: waiting(71),
  receive: waiting(72),
  capability: inThread(73),
} as const satisfies Record<string, CallFacts>

export type CallName = keyof typeof SYSCALLS

export const SUPPORT = {
  read: 'full',
  write: 'full',
  pread: 'full',
  pwrite: 'full',
  open: 'full',
  close: 'full',
  seek: 'full',
  fstat: 'full',
  stat: 'full',
  truncate: 'full',
  utimes: 'full',
  allocate: 'full',
  advise: 'partial: checked, and otherwise without effect: all files are in memory',
  sync: 'partial: what is dirty in the project is saved as a whole; what is not kept is in memory anyway',
  readdir: 'full',
  mkdir: 'full',
  rmdir: 'full',
  unlink: 'full',
  rename: 'full',
  link: 'full',
  symlink: 'full',
  readlink: 'full',
  fdstat: 'full',
  prestat: 'full',
  renumber: 'full',
  dup: 'full',
  pipe: 'full',
  poll: 'full',
  ioctl: 'partial: window size, modes and foreground group of a terminal',
  chdir: 'full',
  getcwd: 'full',
  umask: 'full',
  chmod: 'full',
  clock: 'partial: process and thread CPU time are unblocked wall time',
  random: 'full',
  args: 'full',
  environ: 'full',
  yield: 'full',
  exit: 'full',
  raise: 'full',
  kill: 'partial: the caller itself and what descends from it',
  spawn: 'full',
  wait: 'full',
  getpid: 'full',
  socket: 'partial: no descriptor is a socket until there is a network: ENOTSOCK, or EBADF',
  thread: 'full',
  signal: 'partial: dispositions, the mask and signal descriptors; handlers are the runtime’s to run',
  setpgid: 'full',
  setsid: 'partial: the new session has no way to a terminal',
  exec: 'full',
  flock: 'full',
  lock: 'full',
  statfs: 'partial: the machine’s one store of files; no numbers of inodes',
  mkfifo: 'partial: not kept with a project; opened for one way at a time',
  openpty: 'partial: no names for the slaves (/dev/pts)',
  semaphore: 'full',
  watch: 'partial: a rename is a removal and a creation; changes are looked for five times a second',
  pidfd: 'full',
  port: 'full',
  send: 'full',
  receive: 'full',
  capability: 'full',
} satisfies Record<CallName, 'full' | `partial: ${string}`>

/**
 * The imports of the module `wasmrun` (docs/ipc.md), by the call that they end in. Apart from the table, so that programs without them
 * do not carry their names; in a traced call's record they come after those of WASI.
 */
export const WASMRUN: Partial<Record<CallName, readonly string[]>> = {
  spawn: ['spawn'],
  wait: ['wait'],
  kill: ['kill'],
  pipe: ['pipe'],
  dup: ['dup2'],
  chdir: ['chdir'],
  getcwd: ['getcwd'],
  ioctl: ['winsize_get', 'winsize_set', 'termios_get', 'termios_set'],
  port: ['namespace_create', 'port_create', 'port_open', 'bind'],
  send: ['send'],
  receive: ['receive'],
  capability: ['derive', 'limit', 'revoke', 'facts'],
}

/** Name of a call for the process table and strace; '' for 0. */
export const callName = (number: number): string =>
  Object.entries(SYSCALLS).find(([, facts]) => facts.number === number)?.[0] ?? ''
