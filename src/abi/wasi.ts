/**
 * WASI preview1 as numbers, by the definitions of @bjorn3/browser_wasi_shim, and the byte layouts of its records. Errno is the
 * machine's own (errno.ts).
 *
 * Invariant: rights fit 30 bits, so one 32-bit number holds a set; bit 30 is ours and never shown to a guest.
 */
import { wasi } from '@bjorn3/browser_wasi_shim'

export const RIGHTS = {
  FD_DATASYNC: wasi.RIGHTS_FD_DATASYNC,
  FD_READ: wasi.RIGHTS_FD_READ,
  FD_SEEK: wasi.RIGHTS_FD_SEEK,
  FD_FDSTAT_SET_FLAGS: wasi.RIGHTS_FD_FDSTAT_SET_FLAGS,
  FD_SYNC: wasi.RIGHTS_FD_SYNC,
  FD_TELL: wasi.RIGHTS_FD_TELL,
  FD_WRITE: wasi.RIGHTS_FD_WRITE,
  FD_ADVISE: wasi.RIGHTS_FD_ADVISE,
  FD_ALLOCATE: wasi.RIGHTS_FD_ALLOCATE,
  PATH_CREATE_DIRECTORY: wasi.RIGHTS_PATH_CREATE_DIRECTORY,
  PATH_CREATE_FILE: wasi.RIGHTS_PATH_CREATE_FILE,
  PATH_LINK_SOURCE: wasi.RIGHTS_PATH_LINK_SOURCE,
  PATH_LINK_TARGET: wasi.RIGHTS_PATH_LINK_TARGET,
  PATH_OPEN: wasi.RIGHTS_PATH_OPEN,
  FD_READDIR: wasi.RIGHTS_FD_READDIR,
  PATH_READLINK: wasi.RIGHTS_PATH_READLINK,
  PATH_RENAME_SOURCE: wasi.RIGHTS_PATH_RENAME_SOURCE,
  PATH_RENAME_TARGET: wasi.RIGHTS_PATH_RENAME_TARGET,
  PATH_FILESTAT_GET: wasi.RIGHTS_PATH_FILESTAT_GET,
  PATH_FILESTAT_SET_SIZE: wasi.RIGHTS_PATH_FILESTAT_SET_SIZE,
  PATH_FILESTAT_SET_TIMES: wasi.RIGHTS_PATH_FILESTAT_SET_TIMES,
  FD_FILESTAT_GET: wasi.RIGHTS_FD_FILESTAT_GET,
  FD_FILESTAT_SET_SIZE: wasi.RIGHTS_FD_FILESTAT_SET_SIZE,
  FD_FILESTAT_SET_TIMES: wasi.RIGHTS_FD_FILESTAT_SET_TIMES,
  PATH_SYMLINK: wasi.RIGHTS_PATH_SYMLINK,
  PATH_REMOVE_DIRECTORY: wasi.RIGHTS_PATH_REMOVE_DIRECTORY,
  PATH_UNLINK_FILE: wasi.RIGHTS_PATH_UNLINK_FILE,
  POLL_FD_READWRITE: wasi.RIGHTS_POLL_FD_READWRITE,
  SOCK_SHUTDOWN: wasi.RIGHTS_SOCK_SHUTDOWN,
  /** Younger than the shim's definitions. */
  SOCK_ACCEPT: 1 << 29,
} as const

/** All rights that exist. */
export const RIGHTS_ALL = (1 << 30) - 1
/** Ours, in the inheriting half: the descriptor belongs to a read-only preopen, so a missing right is EROFS and not ENOTCAPABLE. */
export const RIGHTS_READONLY_MARK = 1 << 30

const R = RIGHTS

/** What can be done with a regular file. */
export const RIGHTS_FILE =
  R.FD_DATASYNC |
  R.FD_READ |
  R.FD_SEEK |
  R.FD_FDSTAT_SET_FLAGS |
  R.FD_SYNC |
  R.FD_TELL |
  R.FD_WRITE |
  R.FD_ADVISE |
  R.FD_ALLOCATE |
  R.FD_FILESTAT_GET |
  R.FD_FILESTAT_SET_SIZE |
  R.FD_FILESTAT_SET_TIMES |
  R.POLL_FD_READWRITE

/** What can be done with a directory itself and with paths below it. */
export const RIGHTS_DIRECTORY =
  R.FD_FDSTAT_SET_FLAGS |
  R.FD_SYNC |
  R.FD_ADVISE |
  R.PATH_CREATE_DIRECTORY |
  R.PATH_CREATE_FILE |
  R.PATH_LINK_SOURCE |
  R.PATH_LINK_TARGET |
  R.PATH_OPEN |
  R.FD_READDIR |
  R.PATH_READLINK |
  R.PATH_RENAME_SOURCE |
  R.PATH_RENAME_TARGET |
  R.PATH_FILESTAT_GET |
  R.PATH_FILESTAT_SET_SIZE |
  R.PATH_FILESTAT_SET_TIMES |
  R.FD_FILESTAT_GET |
  R.FD_FILESTAT_SET_TIMES |
  R.PATH_SYMLINK |
  R.PATH_REMOVE_DIRECTORY |
  R.PATH_UNLINK_FILE |
  R.POLL_FD_READWRITE

/** Pipes, ttys and devices: a character device without FD_SEEK and FD_TELL is what makes libc's isatty say yes. */
export const RIGHTS_STREAM =
  R.FD_READ |
  R.FD_WRITE |
  R.FD_FDSTAT_SET_FLAGS |
  R.FD_SYNC |
  R.FD_DATASYNC |
  R.FD_FILESTAT_GET |
  R.POLL_FD_READWRITE

/** Rights that change something through a path. */
const CHANGING =
  R.PATH_CREATE_DIRECTORY |
  R.PATH_CREATE_FILE |
  R.PATH_LINK_TARGET |
  R.PATH_RENAME_SOURCE |
  R.PATH_RENAME_TARGET |
  R.PATH_FILESTAT_SET_SIZE |
  R.PATH_FILESTAT_SET_TIMES |
  R.FD_FILESTAT_SET_TIMES |
  R.PATH_SYMLINK |
  R.PATH_REMOVE_DIRECTORY |
  R.PATH_UNLINK_FILE

/** Rights that mean "opened for writing"; the same set that wasi-libc asks for with O_WRONLY. */
export const RIGHTS_WRITING = R.FD_DATASYNC | R.FD_WRITE | R.FD_ALLOCATE | R.FD_FILESTAT_SET_SIZE

export interface RightsPair {
  base: number
  inheriting: number
}

/** Rights of a preopened directory, for Descriptors.setRights. */
export const PREOPEN_RIGHTS: RightsPair = {
  base: RIGHTS_DIRECTORY,
  inheriting: RIGHTS_DIRECTORY | RIGHTS_FILE,
}

/**
 * The same for a read-only one. The writing rights stay in the inheriting half, since wasi-libc masks what it asks for with it:
 * without them `open(…, O_WRONLY)` would succeed and only the first write fail. With them path_open refuses with EROFS.
 */
export const PREOPEN_READONLY_RIGHTS: RightsPair = {
  base: RIGHTS_DIRECTORY & ~CHANGING,
  inheriting: ((RIGHTS_DIRECTORY | RIGHTS_FILE) & ~CHANGING) | RIGHTS_READONLY_MARK,
}

/** Rights of an inherited stdin, stdout or stderr by the access its open file has (read, write). */
export const streamRights = (read: boolean, write: boolean): RightsPair => ({
  base: RIGHTS_STREAM & ~(read ? 0 : R.FD_READ) & ~(write ? 0 : RIGHTS_WRITING),
  inheriting: 0,
})

export const WHENCE = { SET: wasi.WHENCE_SET, CUR: wasi.WHENCE_CUR, END: wasi.WHENCE_END } as const
export const LOOKUP = { SYMLINK_FOLLOW: 1 } as const
export const OFLAGS = {
  CREAT: wasi.OFLAGS_CREAT,
  DIRECTORY: wasi.OFLAGS_DIRECTORY,
  EXCL: wasi.OFLAGS_EXCL,
  TRUNC: wasi.OFLAGS_TRUNC,
} as const
export const FDFLAGS = {
  APPEND: wasi.FDFLAGS_APPEND,
  DSYNC: wasi.FDFLAGS_DSYNC,
  NONBLOCK: wasi.FDFLAGS_NONBLOCK,
  RSYNC: wasi.FDFLAGS_RSYNC,
  SYNC: wasi.FDFLAGS_SYNC,
} as const
export const FDFLAGS_ALL = 31
export const FSTFLAGS = {
  ATIM: wasi.FSTFLAGS_ATIM,
  ATIM_NOW: wasi.FSTFLAGS_ATIM_NOW,
  MTIM: wasi.FSTFLAGS_MTIM,
  MTIM_NOW: wasi.FSTFLAGS_MTIM_NOW,
} as const
export const EVENTTYPE = {
  CLOCK: wasi.EVENTTYPE_CLOCK,
  FD_READ: wasi.EVENTTYPE_FD_READ,
  FD_WRITE: wasi.EVENTTYPE_FD_WRITE,
} as const
export const EVENTRWFLAGS = { HANGUP: wasi.EVENTRWFLAGS_FD_READWRITE_HANGUP } as const
export const SUBCLOCKFLAGS = { ABSTIME: wasi.SUBCLOCKFLAGS_SUBSCRIPTION_CLOCK_ABSTIME } as const
export const CLOCKID = {
  REALTIME: wasi.CLOCKID_REALTIME,
  MONOTONIC: wasi.CLOCKID_MONOTONIC,
  PROCESS_CPUTIME: wasi.CLOCKID_PROCESS_CPUTIME_ID,
  THREAD_CPUTIME: wasi.CLOCKID_THREAD_CPUTIME_ID,
} as const
export const ADVICE_LAST = wasi.ADVICE_NOREUSE
export const PREOPENTYPE_DIR = wasi.PREOPENTYPE_DIR
export const FILETYPE = {
  UNKNOWN: wasi.FILETYPE_UNKNOWN,
  BLOCK_DEVICE: wasi.FILETYPE_BLOCK_DEVICE,
  CHARACTER_DEVICE: wasi.FILETYPE_CHARACTER_DEVICE,
  DIRECTORY: wasi.FILETYPE_DIRECTORY,
  REGULAR_FILE: wasi.FILETYPE_REGULAR_FILE,
  SOCKET_DGRAM: wasi.FILETYPE_SOCKET_DGRAM,
  SOCKET_STREAM: wasi.FILETYPE_SOCKET_STREAM,
  SYMBOLIC_LINK: wasi.FILETYPE_SYMBOLIC_LINK,
} as const

/** Bytes of the records in guest memory. */
export const SIZE = {
  IOVEC: 8,
  FDSTAT: 24,
  FILESTAT: 64,
  DIRENT: 24,
  PRESTAT: 8,
  SUBSCRIPTION: 48,
  EVENT: 32,
} as const

/** Where wasi_unstable (snapshot 0) differs: nlink is 32 bits wide, a clock subscription begins with an identifier of its own. */
export const SIZE_UNSTABLE = { FILESTAT: 56, SUBSCRIPTION: 56 } as const
export const WHENCE_UNSTABLE = { CUR: 0, END: 1, SET: 2 } as const

/** WASI leaves out Linux's SIGSTKFLT (16), so from SIGCHLD on its numbers are one lower. */
export const signalFromWasi = (number: number): number => (number >= 16 && number <= 30 ? number + 1 : number)
