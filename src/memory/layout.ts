/**
 * Where things lie in the machine's shared memory. All positions are indices of 32-bit words; pointers stored in memory are
 * such indices too (a Smi up to 4 GiB, and the image stays position-independent).
 *
 *   0        superblock            (64 words)
 *   64       thread slots          (256 × 192 words)
 *   49216    process slots         (256 × 128 words)
 *   81984    undo log              (8192 words, see undo.ts)
 *   90176    heap and filesystem   (see heap.ts and src/vfs)
 *
 * Invariant: a word named here is only ever touched through Atomics.
 */
export const MAGIC = 0x57524d31 // 'WRM1'
export const PAGE_BYTES = 65536
export const INITIAL_PAGES = 1024 // 64 MiB: boots at once, holds a standard library and a small project
export const MAXIMUM_PAGES = 24576 // 1.5 GiB: room for 1 GiB of files; browsers refuse to reserve much more on small devices

export const SUPERBLOCK = {
  MAGIC: 0,
  VERSION: 1,
  /** Pages of 64 KiB that exist; a thread whose views are shorter makes them anew. */
  PAGES: 2,
  /** Writer lock of filesystem and heap; see lock.ts. */
  FILES_LOCK: 3,
  /** Lock of descriptor tables, open files, pipes, ttys and the process table. Taken before FILES_LOCK, never after. */
  OBJECTS_LOCK: 4,
  /** Never changes: parked threads wait on it for ever. */
  PARKED: 5,
  NEXT_PID: 6,
  /** Head of the kernel's request queue (word index of a request block, 0 when empty). */
  REQUESTS: 7,
  /** First word of the heap's own header. */
  HEAP: 8,
  /** First word of the filesystem's own superblock. */
  FILES: 9,
  /** Pages the memory may grow to. */
  LIMIT: 10,
  CONSOLE_TTY: 11,
  /** Heads of the lists of free open files, pipes and ttys; see src/objects/pool.ts. */
  FREE_OPEN_FILES: 12,
  FREE_PIPES: 13,
  FREE_TTYS: 14,
  /** How many of each are in use. */
  USED_OPEN_FILES: 16,
  USED_PIPES: 17,
  USED_TTYS: 18,
  /** The same for locks on files, named semaphores and watches; each count is 4 behind its list. */
  FREE_LOCKS: 32,
  FREE_SEMAPHORES: 33,
  FREE_WATCHES: 34,
  USED_LOCKS: 36,
  USED_SEMAPHORES: 37,
  USED_WATCHES: 38,
  /** Heads of the lists of all locks (objects/lock-list.ts), of semaphores that have a name, and of FIFOs that are open. */
  LOCKS: 40,
  SEMAPHORES: 41,
  FIFOS: 42,
  /** Threads that wait for a lock on a file. 8 words. */
  LOCK_WAITERS: 48,
  /** Message ports and their namespaces, and capabilities; see src/objects/capability.ts. How many are in use is four words on. */
  FREE_TARGETS: 56,
  FREE_CAPABILITIES: 57,
  /** First of the list of all ports and namespaces. */
  TARGETS: 58,
  USED_TARGETS: 60,
  USED_CAPABILITIES: 61,
} as const

export const MAX_THREADS = 256
export const THREAD_WORDS = 192
export const THREADS_AT = 64
/** Thread 0 is the kernel worker. */
export const KERNEL_THREAD = 0

export const THREAD = {
  /** Bumped and notified by whoever has news for the thread. */
  WAKE: 0,
  /** One of THREAD_STATE. */
  STATE: 1,
  PID: 2,
  /** Not 0: the thread must not touch anything any more; see lock.ts `parkIfKilled`. */
  KILLED: 3,
  /** Number of the system call it waits in, 0 while it runs. */
  CALL: 4,
  /** Microseconds spent blocked, wraps; low word. */
  BLOCKED_US: 5,
  /** System calls made, wraps. */
  CALLS: 6,
  /** Bumped on every binding of the slot, so that a stale number is noticed. */
  GENERATION: 7,
  /** Bytes of the guest's wasm memory, in pages of 64 KiB. */
  GUEST_PAGES: 8,
  /** Not 0: the kernel keeps the thread's pulse (pulse.ts) up to date. */
  PULSE: 10,
  /** Date.now() modulo 2^31 when it fell asleep; valid while WAITING. */
  ASLEEP_SINCE: 11,
  /** Inode that the thread has pinned and not yet given to a descriptor; let go of when it ends in between. */
  HELD_INODE: 12,
  /**
   * Answers of the kernel to calls of this thread: bit n of the 4 words from REPLIES_BUSY on says that word REPLY + n belongs to a
   * call. The word holds REPLY_PENDING until the kernel has stored the result and woken the thread.
   */
  REPLIES_BUSY: 16,
  REPLY: 64,
  /** Not 0 while the thread waits through Atomics.waitAsync (it may be woken by a port as well). */
  ASYNC: 9,
} as const

/** Calls to the kernel that one thread may have under way; further ones wait for a word. */
export const MAX_REPLIES = 128
export const REPLY_PENDING = -4096

export const THREAD_STATE = {
  FREE: 0,
  STARTING: 1,
  RUNNING: 2,
  WAITING: 3,
  PARKED: 4,
  QUARANTINE: 5,
} as const

export const MAX_PROCESSES = 256
export const PROCESS_WORDS = 128
export const PROCESSES_AT = THREADS_AT + MAX_THREADS * THREAD_WORDS

export const PROCESS = {
  STATE: 0,
  PID: 1,
  PARENT: 2,
  GROUP: 3,
  SESSION: 4,
  /** Exit code 0…255, valid from ZOMBIE on. */
  EXIT_CODE: 5,
  /** Signal that ended it, or 0. */
  EXIT_SIGNAL: 6,
  /** Bit n−1 is signal n. */
  PENDING: 7,
  IGNORED: 8,
  HANDLED: 9,
  BLOCKED: 10,
  /** Descriptor table: word index and number of entries it has room for. */
  TABLE: 11,
  TABLE_SIZE: 12,
  /** Inode of the working directory; pinned. */
  CWD: 13,
  UMASK: 14,
  /** Controlling terminal (word index of the tty), or 0. */
  TTY: 15,
  THREADS: 16,
  /** Limit of descriptors. */
  MAX_FILES: 17,
  /** Open descriptors, for the process table. */
  FILES: 18,
  /** Limit of the size of a file that it writes, in KiB. */
  MAX_FILE_KIB: 19,
  /** Threads that wait for a child of this process; see wait-set.ts. 8 words. */
  CHILD_WAITERS: 24,
  /** Threads that wait for a signal of this process. 8 words. */
  SIGNAL_WAITERS: 32,
} as const

export const PROCESS_STATE = { FREE: 0, STARTING: 1, RUNNING: 2, STOPPED: 3, ZOMBIE: 4 } as const

export const UNDO_AT = PROCESSES_AT + MAX_PROCESSES * PROCESS_WORDS
export const UNDO_WORDS = 8192
export const HEAP_AT = UNDO_AT + UNDO_WORDS

export const threadAt = (thread: number): number => THREADS_AT + thread * THREAD_WORDS
export const processAt = (slot: number): number => PROCESSES_AT + slot * PROCESS_WORDS
