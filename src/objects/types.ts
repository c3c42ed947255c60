/**
 * What a descriptor can be. Everything here lies in shared memory and is worked on in the caller's own thread: descriptor
 * tables, open file descriptions (reference-counted, shared by dup and inheritance), pipes, ttys. So a dead process pins
 * nothing that the kernel cannot release.
 *
 * Results are ≥ 0 or `-ERRNO.X`, as in the filesystem; nothing a guest passes makes these throw.
 */

/** The answer of an attempt that would have to wait: not an errno, and outside of any errno's range. */
export const PENDING = -4096

/**
 * A call that may wait, in its one form: attempt it; when PENDING, be woken by what it watches and attempt again.
 * wait.ts drives it by blocking, async.ts from the event loop; both from the same object.
 */
export interface Operation {
  /** Number of the system call, for the process table. */
  readonly call: number
  /** Result, -errno, or PENDING. Not called again after it gave anything but PENDING. */
  attempt(): number
  /** Joins (or leaves) the wait sets whose change makes another attempt worth while. */
  watch(join: boolean): void
  /** Milliseconds on performance.now()'s clock at which attempt() must be called again in any case; Infinity if never. */
  deadline(): number
  /**
   * Result when the caller stops waiting (a signal, a cancellation): what was done so far, or the -errno given. A long write to
   * a pipe or tty is the one operation that has done something while PENDING.
   */
  interrupted(errno: number): number
}

export const STREAM = {
  FILE: 1,
  DIRECTORY: 2,
  PIPE_READ: 3,
  PIPE_WRITE: 4,
  TTY: 5,
  DEVICE: 6,
  SIGNALS: 7,
  /** Kinds that only some programs can use: kinds.ts. */
  PTY: 8,
  CHILD: 9,
  SEMAPHORE: 10,
  WATCH: 11,
  /** A message port or a namespace of ports; see capability.ts. */
  CAPABILITY: 16,
} as const

/** Status flags of an open file description; WASI's fdflags bits. */
export const STATUS = { APPEND: 1, DSYNC: 2, NONBLOCK: 4, RSYNC: 8, SYNC: 16 } as const

/** Access an open file description was opened with. */
export const ACCESS = { READ: 1, WRITE: 2 } as const

export interface OpenFileFacts {
  stream: number
  /** Inode (file, directory, device), word index of the pipe, tty, semaphore, watch or capability, the mask of signals, or a pid. */
  object: number
  access: number
  status: number
}

export interface InstallOptions {
  /** Lowest descriptor that may be taken; 0 when absent. */
  from?: number
  closeOnExec?: boolean
  /** WASI rights; all when absent. */
  base?: number
  inheriting?: number
  /** Name the guest sees: makes a directory's descriptor a preopen (WASI prestat). */
  preopen?: string
  /** Nothing may be changed through the preopen. */
  readonly?: boolean
}

/** One process's descriptor table, as one of its threads sees it. */
export interface Descriptors {
  /** Lowest free descriptor ≥ `from` gets the open file; takes over the caller's reference. -EMFILE at the limit. */
  install(file: number, options?: InstallOptions): number
  /** Open file (word index) behind a descriptor, or -EBADF. */
  get(fd: number): number
  close(fd: number): number
  /** F_DUPFD: another descriptor ≥ from for the same open file. */
  dup(fd: number, from: number): number
  /** dup2: `to` is closed first if it is open. */
  dup2(fd: number, to: number): number
  /** WASI fd_renumber: moves; both must be open. */
  renumber(from: number, to: number): number
  /** Rights of a descriptor (WASI), base and inheriting, as two 32-bit halves each are never needed: 30 bits are in use. */
  rights(fd: number): { base: number; inheriting: number }
  /** Whether the descriptor is open and its base rights hold all of `needed`. Nothing is allocated. */
  hasRights(fd: number, needed: number): boolean
  setRights(fd: number, base: number, inheriting: number): void
  closeOnExec(fd: number, on?: boolean): boolean
  /** Makes a directory's descriptor a preopen (WASI prestat) under the name the guest sees. 0, -EBADF or -errno of the heap. */
  setPreopen(fd: number, name: Uint8Array, readonly: boolean): number
  /** Name (a copy) and whether nothing may be changed through it; undefined when it is no preopen or not open. */
  preopen(fd: number): { name: Uint8Array; readonly: boolean } | undefined
  /** Descriptors in use, ascending. */
  list(): number[]
  closeAll(): void
}

/** Bits of `poll`. */
export const READY = { READ: 1, WRITE: 2, HANGUP: 4, ERROR: 8, CLOCK: 16 } as const

export interface PollEntry {
  kind: 'read' | 'write' | 'clock'
  fd: number
  /** Milliseconds on performance.now()'s clock. */
  deadline: number
  /** Filled by poll: READY bits, 0 while not ready. */
  ready: number
  /** Filled by poll: bytes that can be read or written at least. */
  bytes: number
  /** Filled by poll: errno for a bad descriptor. */
  error: number
}
