/**
 * Error numbers of the machine: WASI preview1's own numbering (`errno`, wasi_snapshot_preview1), used everywhere from the
 * filesystem to the public API, so that no layer has to translate. Hot paths return `-ERRNO.X`; everything else throws `SysError`.
 */
export const ERRNO = {
  SUCCESS: 0,
  '2BIG': 1,
  ACCES: 2,
  ADDRINUSE: 3,
  ADDRNOTAVAIL: 4,
  AFNOSUPPORT: 5,
  AGAIN: 6,
  ALREADY: 7,
  BADF: 8,
  BADMSG: 9,
  BUSY: 10,
  CANCELED: 11,
  CHILD: 12,
  CONNABORTED: 13,
  CONNREFUSED: 14,
  CONNRESET: 15,
  DEADLK: 16,
  DESTADDRREQ: 17,
  DOM: 18,
  DQUOT: 19,
  EXIST: 20,
  FAULT: 21,
  FBIG: 22,
  HOSTUNREACH: 23,
  IDRM: 24,
  ILSEQ: 25,
  INPROGRESS: 26,
  INTR: 27,
  INVAL: 28,
  IO: 29,
  ISCONN: 30,
  ISDIR: 31,
  LOOP: 32,
  MFILE: 33,
  MLINK: 34,
  MSGSIZE: 35,
  MULTIHOP: 36,
  NAMETOOLONG: 37,
  NETDOWN: 38,
  NETRESET: 39,
  NETUNREACH: 40,
  NFILE: 41,
  NOBUFS: 42,
  NODEV: 43,
  NOENT: 44,
  NOEXEC: 45,
  NOLCK: 46,
  NOLINK: 47,
  NOMEM: 48,
  NOMSG: 49,
  NOPROTOOPT: 50,
  NOSPC: 51,
  NOSYS: 52,
  NOTCONN: 53,
  NOTDIR: 54,
  NOTEMPTY: 55,
  NOTRECOVERABLE: 56,
  NOTSOCK: 57,
  NOTSUP: 58,
  NOTTY: 59,
  NXIO: 60,
  OVERFLOW: 61,
  OWNERDEAD: 62,
  PERM: 63,
  PIPE: 64,
  PROTO: 65,
  PROTONOSUPPORT: 66,
  PROTOTYPE: 67,
  RANGE: 68,
  ROFS: 69,
  SPIPE: 70,
  SRCH: 71,
  STALE: 72,
  TIMEDOUT: 73,
  TXTBSY: 74,
  XDEV: 75,
  NOTCAPABLE: 76,
} as const

export type ErrnoName = keyof typeof ERRNO
/** The POSIX spelling, as Node and users know it: `ENOENT`. */
export type ErrorCode = `E${ErrnoName}`

/** By number, once more: so no bundle has the table above in it, only its numbers where they are used (tools/inline-constants.mjs). */
const NAMES = (
  'SUCCESS 2BIG ACCES ADDRINUSE ADDRNOTAVAIL AFNOSUPPORT AGAIN ALREADY BADF BADMSG BUSY CANCELED CHILD ' +
  'CONNABORTED CONNREFUSED CONNRESET DEADLK DESTADDRREQ DOM DQUOT EXIST FAULT FBIG HOSTUNREACH IDRM ' +
  'ILSEQ INPROGRESS INTR INVAL IO ISCONN ISDIR LOOP MFILE MLINK MSGSIZE MULTIHOP NAMETOOLONG NETDOWN ' +
  'NETRESET NETUNREACH NFILE NOBUFS NODEV NOENT NOEXEC NOLCK NOLINK NOMEM NOMSG NOPROTOOPT NOSPC NOSYS ' +
  'NOTCONN NOTDIR NOTEMPTY NOTRECOVERABLE NOTSOCK NOTSUP NOTTY NXIO OVERFLOW OWNERDEAD PERM PIPE PROTO ' +
  'PROTONOSUPPORT PROTOTYPE RANGE ROFS SPIPE SRCH STALE TIMEDOUT TXTBSY XDEV NOTCAPABLE'
).split(' ') as ErrnoName[]

const WORDS: Partial<Record<ErrnoName, string>> = {
  '2BIG': 'argument list too long',
  ACCES: 'permission denied',
  AGAIN: 'nothing to read yet',
  BADF: 'bad file descriptor',
  BUSY: 'resource busy',
  CANCELED: 'cancelled',
  CHILD: 'no such child process',
  EXIST: 'already exists',
  FAULT: 'bad address',
  FBIG: 'file too large',
  ILSEQ: 'name is not valid UTF-8',
  INTR: 'interrupted by a signal',
  INVAL: 'invalid argument',
  IO: 'input/output error',
  ISDIR: 'is a directory',
  LOOP: 'too many levels of symbolic links',
  MFILE: 'too many open files',
  MLINK: 'too many links',
  MSGSIZE: 'message too large',
  NAMETOOLONG: 'name too long',
  NFILE: 'too many processes or open files in the machine',
  NODEV: 'no such device',
  NOENT: 'no such file or directory',
  NOEXEC: 'not a program this machine can run',
  NOMEM: 'out of memory',
  NOSPC: 'no space left in the machine',
  NOSYS: 'no such system call',
  NOTCAPABLE: 'outside of what the process was given',
  NOTDIR: 'not a directory',
  NOTEMPTY: 'directory not empty',
  NOTSUP: 'not supported',
  NOTTY: 'not a terminal',
  NXIO: 'no such device',
  OVERFLOW: 'value too large',
  PERM: 'operation not permitted',
  PIPE: 'nobody reads the other end',
  ROFS: 'read-only filesystem',
  SPIPE: 'cannot seek',
  SRCH: 'no such process',
  STALE: 'it was taken back',
  TIMEDOUT: 'timed out',
  TXTBSY: 'program is in use',
  XDEV: 'across filesystems',
}

export const errnoName = (number: number): ErrnoName => NAMES[number] ?? 'IO'
export const errorCode = (number: number): ErrorCode => `E${errnoName(number)}`
export const errorWords = (number: number): string =>
  WORDS[errnoName(number)] ?? errnoName(number).toLowerCase()

/** A refusal by the machine. `subject` is the path, descriptor, pid or URL it is about. */
export class SysError extends Error {
  readonly code: ErrorCode
  readonly errno: number
  readonly subject: string
  constructor(errno: number, subject = '', detail?: string) {
    super(`${errorCode(errno)}: ${detail ?? errorWords(errno)}${subject ? `, ${subject}` : ''}`)
    this.name = 'SysError'
    this.errno = errno
    this.code = errorCode(errno)
    this.subject = subject
  }
}

export const isCode = (error: unknown, code: ErrorCode): boolean =>
  error instanceof SysError && error.code === code

/** Turns the `-errno` convention of hot paths into a throw. */
export const check = (result: number, subject = ''): number => {
  if (result < 0) throw new SysError(-result, subject)
  return result
}
