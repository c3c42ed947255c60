/**
 * The filesystem's face to the rest of the machine. Two layers:
 *  - `Vfs`: inodes and bytes, for system calls. Never throws for what a guest can cause: results are ≥ 0 or `-ERRNO.X`.
 *    Names are UTF-8 bytes straight out of the guest's memory.
 *  - `Files` (files.ts): POSIX paths as strings, throws SysError; for the kernel, the public API and tests.
 *
 * An inode is a positive integer that fits a Smi and stays valid as long as it has a link or a pin.
 */

import type { Volume } from './volume.ts'

/** Flags of a path walk. */
export const WALK = {
  /** Follow a symbolic link in the last component. */
  FOLLOW: 1,
  /**
   * Stay beneath the starting directory, as WASI demands: `..` above it, absolute paths and symbolic links that lead out give
   * -ENOTCAPABLE. Without it: POSIX, absolute paths start at the root, `..` of the root is the root.
   */
  BENEATH: 2,
  /** The path must name a directory. */
  DIRECTORY: 4,
} as const

/** Flags of `open`. */
export const OPEN = { CREATE: 1, DIRECTORY: 2, EXCLUSIVE: 4, TRUNCATE: 8, WRITE: 16 } as const

export const KIND = { FILE: 1, DIRECTORY: 2, SYMLINK: 3, DEVICE: 4, FIFO: 5, SOCKET: 6 } as const

/** Numbers of the character devices under /dev; an open file of kind DEVICE carries one. */
export const DEVICE = {
  NULL: 1,
  ZERO: 2,
  RANDOM: 3,
  TTY: 4,
  STDIN: 5,
  STDOUT: 6,
  STDERR: 7,
  FULL: 8,
} as const

/** Filled by `stat`; the caller owns and re-uses it. */
export interface Stat {
  inode: number
  kind: number
  mode: number
  links: number
  /** Bytes; up to 2^53. */
  size: number
  /** Device number: of the filesystem; DEVICE.* for a device in `rdev`. */
  dev: number
  rdev: number
  /** Nanoseconds since the epoch. */
  atime: bigint
  mtime: bigint
  ctime: bigint
}

/** To be filled by `stat`. */
export const emptyStat = (): Stat => ({
  inode: 0,
  kind: 0,
  mode: 0,
  links: 0,
  size: 0,
  dev: 0,
  rdev: 0,
  atime: 0n,
  mtime: 0n,
  ctime: 0n,
})

/** A path in guest (or any) memory: UTF-8, no terminating NUL, any length. */
export interface PathBytes {
  bytes: Uint8Array
  start: number
  length: number
}

export interface Vfs {
  readonly root: number
  /** Inode of the path, not pinned. -ENOENT, -ENOTDIR, -ELOOP (40 links), -ENAMETOOLONG (255-byte names, 4096-byte paths), -ENOTCAPABLE, -EILSEQ, -EINVAL (NUL). */
  lookup(at: number, bytes: Uint8Array, start: number, length: number, walk: number): number
  /** Opens or creates, and pins: the caller must `unpin` once. `mode` is applied to what is created. */
  open(
    at: number,
    bytes: Uint8Array,
    start: number,
    length: number,
    walk: number,
    open: number,
    mode: number,
  ): number
  /** An inode is kept, though unlinked, as long as it is pinned (open files, working directories, mounts). */
  pin(inode: number): void
  unpin(inode: number): void
  /** 0, or -ENOENT for a stale inode. Lock-free. */
  stat(inode: number, out: Stat): number
  kind(inode: number): number
  size(inode: number): number
  /** True when the inode lies on a read-only mount. */
  readonly(inode: number): boolean
  /** Bytes copied to target[start…]; 0 at end of file. Lock-free. `position` up to 2^53. */
  read(inode: number, position: number, target: Uint8Array, start: number, length: number): number
  /** position −1 appends atomically. Copies at most 64 KiB per hold of the lock. Returns bytes written; -ENOSPC when the machine is full, -EFBIG, -EROFS, -EISDIR. */
  write(inode: number, position: number, source: Uint8Array, start: number, length: number): number
  truncate(inode: number, size: number): number
  /** Makes sure that bytes up to offset + length exist (posix_fallocate). */
  allocate(inode: number, offset: number, length: number): number
  /**
   * Calls `visit(cookieOfNext, inode, kind, name)` for entries after `cookie` (0 at first; "." and ".." come first) until it returns
   * false. Cookies are stable under unlink and creation. `name` is a view that is only valid during the call.
   */
  readdir(
    inode: number,
    cookie: number,
    visit: (next: number, inode: number, kind: number, name: Uint8Array) => boolean,
  ): number
  mkdir(at: number, bytes: Uint8Array, start: number, length: number, walk: number, mode: number): number
  /** A name for a pipe (objects/fifo.ts). Never written down: it is gone with the machine. */
  mkfifo(at: number, bytes: Uint8Array, start: number, length: number, walk: number, mode: number): number
  rmdir(at: number, bytes: Uint8Array, start: number, length: number, walk: number): number
  unlink(at: number, bytes: Uint8Array, start: number, length: number, walk: number): number
  /** POSIX: replaces a file or an empty directory atomically; -EINVAL into its own subtree; -EXDEV across mounts. */
  rename(fromAt: number, from: PathBytes, toAt: number, to: PathBytes, walk: number): number
  /** `walk` FOLLOW applies to `from`. */
  link(fromAt: number, from: PathBytes, toAt: number, to: PathBytes, walk: number): number
  /** The target's bytes are stored as they are. */
  symlink(target: PathBytes, at: number, to: PathBytes, walk: number): number
  /** Copies at most `length` bytes of the target; returns how many. -EINVAL when it is no link. */
  readlink(inode: number, target: Uint8Array, start: number, length: number): number
  /** A time below 0n is left alone. */
  setTimes(inode: number, atime: bigint, mtime: bigint): number
  chmod(inode: number, mode: number): number
  /** The parent of a directory, for getcwd; its own inode for the root. */
  parent(inode: number): number
  /** Absolute path of a directory, or undefined when it was removed. */
  path(inode: number): string | undefined
  /** Changes since `cursor`, −1 for a first one (see change.ts): inode numbers of changed directories and files, each once; `overflow` when some were lost. */
  changes(cursor: number): { cursor: number; inodes: number[]; overflow: boolean }
}

export interface DirectoryEntry {
  name: string
  kind: number
  inode: number
}

export interface VfsUsage {
  files: number
  directories: number
  /** Bytes of content, and bytes of the heap that hold it with all bookkeeping. */
  content: number
  used: number
}

/** POSIX paths as strings; relative ones are taken from the root. Throws SysError(code, path). */
export interface Files {
  /** For the rest of src/vfs only. */
  readonly volume: Volume
  readFile(path: string): Uint8Array
  writeFile(path: string, data: Uint8Array, options?: { mode?: number; append?: boolean }): void
  mkdir(path: string, options?: { recursive?: boolean; mode?: number }): void
  rm(path: string, options?: { recursive?: boolean; force?: boolean }): void
  readdir(path: string): DirectoryEntry[]
  stat(path: string): Stat
  lstat(path: string): Stat
  rename(from: string, to: string): void
  link(from: string, to: string): void
  symlink(target: string, path: string): void
  readlink(path: string): string
  chmod(path: string, mode: number): void
  exists(path: string): boolean
  /** Changes with every change of the file's bytes or facts, never to what it was; another file has another one. ENOENT. */
  version(path: string): string
  /** Unpacks a packed tree (abi/tree.ts) under `path` in one call; existing files are replaced. Returns files written. */
  writeTree(path: string, tree: Uint8Array): number
  /** The same as a mount: own device number, and read-only for everybody if asked. */
  mountTree(path: string, tree: Uint8Array, options: { readonly: boolean }): void
  unmount(path: string): void
  usage(): VfsUsage
}

/** What a thread gets from `attachVfs`: the contract, and calls that write WASI's structures without objects or BigInt. */
export interface SharedVfs extends Vfs {
  /** For the rest of src/vfs only. */
  readonly volume: Volume
  /** Pid of the process that changed it last; 0: it was none. */
  writer(inode: number): number
  /** DEVICE.* of a device inode. */
  device(inode: number): number
  /** Writes WASI's `filestat` (64 bytes, little-endian) at `to`. 0, or -ENOENT for a stale inode. */
  statWasi(inode: number, view: DataView, to: number): number
  /**
   * WASI's fd_readdir: fills bytes[start…] (`view` over the same buffer and offset) with `dirent`s after `cookie`; the last may be
   * cut off. Bytes used; fewer than `length` means the end was reached.
   */
  readdirWasi(
    inode: number,
    cookie: number,
    bytes: Uint8Array,
    view: DataView,
    start: number,
    length: number,
  ): number
}
