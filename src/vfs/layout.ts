/**
 * Words of the filesystem's structures in shared memory. Pointers are word indices, 0 is none.
 *
 *   superblock ──► bucket table ──► entry ──► inode ──► run of bytes, or tree of 4 KiB pages
 *                                   ▲  │ parent
 *                  inode.FIRST ─────┘  ▼ next, previous: the directory's list, by cookie
 *
 *   inode ─┐ DATA, borrowed
 *   inode ─┴──► the run or tree of a stored content, an inode of kind STORED that no name leads to (see store.ts)
 *
 * Inodes and entries are type-stable: their memory is never used for anything else, and each word of theirs keeps its
 * meaning. So a reader without a lock may follow a pointer that has just become stale, and find out afterwards.
 */

/** Words from the filesystem's superblock. */
export const FS = {
  /** Sequence of the namespace: names, kinds, parents, mounts. On a cache line of its own. */
  NAMES: 0,
  ROOT: 16,
  /** Current bucket table: its first word is the mask, then the heads of the chains. */
  TABLE: 17,
  ENTRIES: 18,
  /** Granules of bucket tables that were outgrown; never used again, since a reader may still look at them. */
  RETIRED: 19,
  FREE_INODE: 20,
  INODE_CHUNKS: 21,
  /** A larger table that is being filled, or 0. */
  NEXT_TABLE: 22,
  FREE_ENTRY: 24,
  ENTRY_CHUNKS: 32,
  /** Changes ever written to the ring; the count up to which somebody has read it; the ring. */
  CHANGES: 40,
  CHANGES_READ: 41,
  RING: 42,
  /** Contents by hash: a table of hints, or 0 (see store-index.ts). */
  INDEX: 43,
  /** Mount table: MOUNT_WORDS for each device number. */
  MOUNTS: 64,
} as const

export const MAX_MOUNTS = 64
export const MOUNT_WORDS = 4
export const FS_WORDS = FS.MOUNTS + MAX_MOUNTS * MOUNT_WORDS

export const MOUNT = {
  /** Root directory of the mount; 0: number not in use. */
  ROOT: 0,
  READONLY: 1,
  /** The directory that it covers. */
  COVERED: 2,
} as const

export const INODE_SHIFT = 5
export const INODE_WORDS = 1 << INODE_SHIFT

export const INODE = {
  /** Sequence of bytes, size, mode, links and times. */
  SEQUENCE: 0,
  /** KIND.*; 0: free. */
  KIND: 1,
  MODE: 2,
  LINKS: 3,
  /** Atomic. Not cleared when the inode is used anew: a reader that failed may still take its pin back. */
  PINS: 4,
  DEVICE: 5,
  RDEV: 6,
  /** Position in the ring of changes, valid while it is not behind what was read. */
  CHANGED: 7,
  SIZE: 8,
  SIZE_HIGH: 9,
  /** Nanoseconds since the epoch, 64 bits each. */
  ATIME: 10,
  MTIME: 12,
  CTIME: 14,
  /** Files and links: the run (depth 0), or the root of the page tree (depth 1 to 3). */
  DATA: 16,
  /** Bytes of the run. */
  CAPACITY: 17,
  DEPTH: 18,
  /** Directories. The parent is 0 once it was removed. */
  PARENT: 19,
  ENTRY: 20,
  FIRST: 21,
  LAST: 22,
  COUNT: 23,
  /** Cookie of the next entry. */
  COOKIE: 24,
  /** Root of the mount that covers this directory. */
  COVERED_BY: 25,
  NEXT_FREE: 26,
  /** The stored content that this file borrows from, or 0. */
  STORE: 27,
  /** Of a file or stored content that stands in the index: what its bytes were once. 0: in none. */
  HASH: 28,
  /** Atomic. 1: the bytes are still to come, and nothing may look for them before (arrive.ts). */
  ABSENT: 29,
  /** Pid of who changed it last; 0: the page or disk sync, through the kernel. A hint for watches, never undone. */
  WRITER: 31,
} as const

/** A kind that no guest sees: content that files share. Its LINKS are the files that borrow from it. */
export const STORED = 7
/** Low bit of a pointer to a run, node or page: it belongs to the stored content, and is copied before it is written. */
export const BORROWED = 1

export const ENTRY = {
  HASH_NEXT: 0,
  HASH: 1,
  /** Directory that it stands in; 0: free. */
  PARENT: 2,
  INODE: 3,
  NEXT: 4,
  PREVIOUS: 5,
  COOKIE: 6,
  /** Bytes of the name. */
  LENGTH: 7,
  NAME: 8,
} as const

/** Room for names in entries, in bytes; most names fit the first. */
export const ENTRY_CLASSES = [16, 32, 64, 128, 256] as const

/** A chunk of inodes or entries: first word is the next chunk, second its class. */
export const CHUNK_GRANULES = 32
export const CHUNK_WORDS = CHUNK_GRANULES * 64

/** Cookies 1 and 2 belong to "." and "..". */
export const FIRST_COOKIE = 3
/** When a directory has given out so many cookies, its entries are numbered anew. */
export const LAST_COOKIE = 0x3fffffff

/** Entries of the ring of changes: what may happen between two looks of the persister. A power of two. */
export const RING_WORDS = 65536

export const NAME_MAX = 255
/** With the terminating NUL, as POSIX counts; longest path is one less. */
export const PATH_MAX = 4096
export const MAX_SYMLINKS = 40
/** Buckets to begin with; a power of two. Doubled when there are more entries than buckets. */
export const FIRST_BUCKETS = 4096

/** Files up to this size lie in one run; bigger ones in pages. */
export const RUN_MAX = 65536
export const PAGE_BYTES = 4096
export const PAGE_WORDS = PAGE_BYTES / 4
export const PAGE_GRANULES = PAGE_BYTES / 256
/** Pointers of a node of the page tree. */
export const FANOUT = 1024
/** 4 TiB: what a tree of depth 3 can address. */
export const FILE_MAX = 2 ** 42
/** Bytes copied per hold of the lock. */
export const HOLD_BYTES = 65536
