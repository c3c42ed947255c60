/**
 * WASI preview1 as numbers, and the byte layouts of its records. Errno is the machine's own (errno.ts). The numbers are those of
 * @bjorn3/browser_wasi_shim's definitions, as a test makes sure; imported, they would come with 8 KB of classes.
 *
 * Invariant: rights fit 30 bits, so one 32-bit number holds a set; bit 30 is ours and never shown to a guest.
 */
export const RIGHTS = {
  FD_DATASYNC: 1 << 0,
  FD_READ: 1 << 1,
  FD_SEEK: 1 << 2,
  FD_FDSTAT_SET_FLAGS: 1 << 3,
  FD_SYNC: 1 << 4,
  FD_TELL: 1 << 5,
  FD_WRITE: 1 << 6,
  FD_ADVISE: 1 << 7,
  FD_ALLOCATE: 1 << 8,
  PATH_CREATE_DIRECTORY: 1 << 9,
  PATH_CREATE_FILE: 1 << 10,
  PATH_LINK_SOURCE: 1 << 11,
  PATH_LINK_TARGET: 1 << 12,
  PATH_OPEN: 1 << 13,
  FD_READDIR: 1 << 14,
  PATH_READLINK: 1 << 15,
  PATH_RENAME_SOURCE: 1 << 16,
  PATH_RENAME_TARGET: 1 << 17,
  PATH_FILESTAT_GET: 1 << 18,
  PATH_FILESTAT_SET_SIZE: 1 << 19,
  PATH_FILESTAT_SET_TIMES: 1 << 20,
  FD_FILESTAT_GET: 1 << 21,
  FD_FILESTAT_SET_SIZE: 1 << 22,
  FD_FILESTAT_SET_TIMES: 1 << 23,
  PATH_SYMLINK: 1 << 24,
  PATH_REMOVE_DIRECTORY: 1 << 25,
  PATH_UNLINK_FILE: 1 << 26,
  POLL_FD_READWRITE: 1 << 27,
  SOCK_SHUTDOWN: 1 << 28,
  /** Younger than the shim's definitions. */
  SOCK_ACCEPT: 1 << 29,
} as const

/** All rights that exist. */
export const RIGHTS_ALL = (1 << 30) - 1
/** Ours, in the inheriting half: the descriptor belongs to a read-only preopen, so a missing right is EROFS and not ENOTCAPABLE. */
export const RIGHTS_READONLY_MARK = 1 << 30

const R = RIGHTS

/** Pipes, ttys and devices: a character device without FD_SEEK and FD_TELL is what makes libc's isatty say yes. */
export const RIGHTS_STREAM =
  R.FD_READ |
  R.FD_WRITE |
  R.FD_FDSTAT_SET_FLAGS |
  R.FD_SYNC |
  R.FD_DATASYNC |
  R.FD_FILESTAT_GET |
  R.POLL_FD_READWRITE

/** What only makes sense where there are bytes with positions. */
const POSITIONED = R.FD_SEEK | R.FD_TELL | R.FD_ALLOCATE | R.FD_FILESTAT_SET_SIZE

/** What can be done with a regular file. */
export const RIGHTS_FILE = RIGHTS_STREAM | POSITIONED | R.FD_ADVISE | R.FD_FILESTAT_SET_TIMES

/** What can be done with a directory itself and with paths below it: everything but what is for bytes and for sockets. */
export const RIGHTS_DIRECTORY =
  RIGHTS_ALL & ~(POSITIONED | R.FD_READ | R.FD_WRITE | R.FD_DATASYNC | R.SOCK_SHUTDOWN | R.SOCK_ACCEPT)

/** Rights that change something through a path. A link changes its source: what it names could be written to by the new name. */
const CHANGING =
  R.PATH_CREATE_DIRECTORY |
  R.PATH_CREATE_FILE |
  R.PATH_LINK_SOURCE |
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

export const WHENCE = { SET: 0, CUR: 1, END: 2 } as const
export const LOOKUP = { SYMLINK_FOLLOW: 1 } as const
export const OFLAGS = {
  CREAT: 1,
  DIRECTORY: 2,
  EXCL: 4,
  TRUNC: 8,
} as const
export const FDFLAGS = {
  APPEND: 1,
  DSYNC: 2,
  NONBLOCK: 4,
  RSYNC: 8,
  SYNC: 16,
} as const
export const FDFLAGS_ALL = 31
export const FSTFLAGS = {
  ATIM: 1,
  ATIM_NOW: 2,
  MTIM: 4,
  MTIM_NOW: 8,
} as const
export const EVENTTYPE = {
  CLOCK: 0,
  FD_READ: 1,
  FD_WRITE: 2,
} as const
export const EVENTRWFLAGS = { HANGUP: 1 } as const
export const SUBCLOCKFLAGS = { ABSTIME: 1 } as const
export const CLOCKID = {
  REALTIME: 0,
  MONOTONIC: 1,
  PROCESS_CPUTIME: 2,
  THREAD_CPUTIME: 3,
} as const
export const ADVICE_LAST = 5
export const PREOPENTYPE_DIR = 0
export const FILETYPE = {
  UNKNOWN: 0,
  BLOCK_DEVICE: 1,
  CHARACTER_DEVICE: 2,
  DIRECTORY: 3,
  REGULAR_FILE: 4,
  SOCKET_DGRAM: 5,
  SOCKET_STREAM: 6,
  SYMBOLIC_LINK: 7,
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
