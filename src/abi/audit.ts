/** What the machine holds besides files, counted by the kernel: what a test compares before and after, and the page may show. */
export interface Audit {
  /** Process slots in use, zombies included. */
  processes: number
  /** Thread slots that are not free, by state; the kernel's own is not counted. */
  threads: Record<'starting' | 'running' | 'waiting' | 'parked', number>
  /** Control links to process workers. */
  ports: number
  /** Workers in the jail: bound to a thread, blank, and warm for a runtime. */
  workers: Census
  openFiles: number
  pipes: number
  /** Pseudo-terminals too. */
  terminals: number
  /** Locks on files, and who waits for one. */
  fileLocks: number
  /** Named semaphores; they last until their name is taken away. */
  semaphores: number
  /** Descriptors that tell of changes. */
  watches: number
  /** Ports and namespaces of guests (src/objects/port.ts), messages that wait there, and capabilities that lead there. */
  messagePorts: number
  namespaces: number
  messages: number
  capabilities: number
  /** Inodes that are kept by open files and working directories, each as often as it is. */
  pins: number
  /** Files of a project that has only just been opened, whose bytes are still to come. */
  absent: number
  /** Bytes of shared memory for descriptor tables, rings and the like. */
  heap: number
  /** Threads that hold the two locks, −1 for nobody (the kernel's look at them counts as nobody). */
  locks: { files: number; objects: number }
}

export interface Census {
  bound: number
  blank: number
  warm: number
}
