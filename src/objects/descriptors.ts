/**
 * Descriptor tables, one per process, in shared memory: descriptor → open file, with what belongs to the descriptor and not to
 * the open file: rights, close-on-exec, and the name of a preopened directory.
 *
 *   process slot: TABLE ─► [ link to the table before it grew, sizes | entry 0 | entry 1 | … ]
 *                                                               └► open file
 *
 * Invariant: an entry with FILE 0 is free and all zero; each other entry holds one reference of its file. A table that was
 * outgrown is kept until the process ends, so that a thread may look up a descriptor without the lock while another grows it.
 */
import { ERRNO } from '../abi/errno.ts'
import { PROCESS, processAt } from '../memory/layout.ts'
import { getWord, setWord } from '../memory/slots.ts'
import { LOCK_KIND, releaseLocksOf } from './lock-list.ts'
import { locked, type Objects, setWordAt, word } from './objects.ts'
import { addReference, fileObject, releaseFile } from './open-file.ts'
import { refuse } from './refusal.ts'
import { JOB } from './slot-words.ts'
import type { Descriptors } from './types.ts'

const ENTRY = { FILE: 0, FLAGS: 1, BASE: 2, INHERITING: 3, NAME: 4, NAME_BYTES: 5 } as const
const ENTRY_WORDS = 8
/** Words of a table's head: the table before it grew and its entries, and this one's entries. */
const HEAD = { BEFORE: 0, ENTRIES_BEFORE: 1, ENTRIES: 2 } as const
const FLAG = { CLOSE_ON_EXEC: 1, PREOPEN: 2, READ_ONLY: 4 } as const
/** Entries of a new table: enough for most programs. */
const FIRST_ENTRIES = 32
/** Where PROCESS.MAX_FILES is 0; the usual soft limit on Linux. */
export const DEFAULT_MAX_FILES = 1024
/** All rights of WASI preview1 (bits 0 to 29). */
export const ALL_RIGHTS = 0x3fffffff

/** The descriptor table of the process in `slot`, as the caller's thread sees it; the kernel makes one for any slot. */
export const createDescriptors = (objects: Objects, slot = objects.slot): Descriptors => {
  const table = createTable(objects, slot)
  const { entry, used } = table
  /** The caller holds the lock. */
  const fill = (file: number, from: number, flags: number, rights: number, inheriting: number): number => {
    const fd = table.lowestFree(from)
    if (fd < 0) return fd
    const at = table.at(fd)
    setWordAt(objects, at + ENTRY.FLAGS, flags)
    setWordAt(objects, at + ENTRY.BASE, rights)
    setWordAt(objects, at + ENTRY.INHERITING, inheriting)
    setWordAt(objects, at + ENTRY.FILE, file)
    table.count(1)
    return fd
  }
  const get = (fd: number): number => {
    const at = entry(fd)
    return (at > 0 && seen(objects, word(objects, at + ENTRY.FILE))) || -ERRNO.BADF
  }
  // Opening and closing are hot: no closure is made for the lock.
  const close = (fd: number): number => {
    objects.lock.acquire()
    try {
      const at = used(fd)
      if (at < 0) return at
      clearEntry(objects, at, slot)
      table.count(-1)
      return 0
    } finally {
      objects.lock.release()
    }
  }
  const install: Descriptors['install'] = (file, options = {}) => {
    const { from = 0, base = ALL_RIGHTS, inheriting = ALL_RIGHTS } = options
    objects.lock.acquire()
    try {
      const fd = fill(file, from, options.closeOnExec ? FLAG.CLOSE_ON_EXEC : 0, base, inheriting)
      if (fd < 0 || options.preopen === undefined) return fd
      const name = new TextEncoder().encode(options.preopen)
      const refused = setPreopen(objects, table.at(fd), name, options.readonly ?? false)
      if (refused === 0) return fd
      // The caller keeps its reference when install refuses.
      zeroEntry(objects, table.at(fd))
      table.count(-1)
      return refused
    } finally {
      objects.lock.release()
    }
  }
  return {
    install,
    get,
    close,
    dup: (fd, from) =>
      locked(objects, () => {
        const at = used(fd)
        if (at < 0) return at
        if (from < 0 || from >= table.limit()) return -ERRNO.INVAL
        const file = word(objects, at + ENTRY.FILE)
        const [base, inheriting] = [word(objects, at + ENTRY.BASE), word(objects, at + ENTRY.INHERITING)]
        const made = fill(file, from, 0, base, inheriting)
        if (made >= 0) addReference(objects, file)
        return made
      }),
    dup2: (fd, to) =>
      locked(objects, () => {
        const made = prepareTarget(fd, to)
        if (made < 0 || fd === to) return made
        const from = table.at(fd)
        addReference(objects, word(objects, from + ENTRY.FILE))
        copyEntry(objects, from, table.at(to))
        table.count(1)
        return to
      }),
    renumber: (from, to) =>
      locked(objects, () => {
        if (used(from) < 0 || used(to) < 0) return -ERRNO.BADF
        if (from === to) return 0
        clearEntry(objects, table.at(to), slot)
        moveEntry(objects, table.at(from), table.at(to))
        table.count(-1)
        return 0
      }),
    rights: (fd) => {
      const at = entry(fd)
      if (at <= 0) return { base: 0, inheriting: 0 }
      return { base: word(objects, at + ENTRY.BASE), inheriting: word(objects, at + ENTRY.INHERITING) }
    },
    hasRights: (fd, needed) => {
      const at = used(fd)
      return at > 0 && (word(objects, at + ENTRY.BASE) & needed) === needed
    },
    setRights: (fd, base, inheriting) =>
      locked(objects, () => {
        const at = used(fd)
        if (at < 0) return
        setWordAt(objects, at + ENTRY.BASE, base)
        setWordAt(objects, at + ENTRY.INHERITING, inheriting)
      }),
    closeOnExec: (fd, on) =>
      locked(objects, () => {
        const at = used(fd)
        if (at < 0) return false
        const flags = word(objects, at + ENTRY.FLAGS)
        const next = on ? flags | FLAG.CLOSE_ON_EXEC : flags & ~FLAG.CLOSE_ON_EXEC
        if (on !== undefined) setWordAt(objects, at + ENTRY.FLAGS, next)
        return (flags & FLAG.CLOSE_ON_EXEC) !== 0
      }),
    setPreopen: (fd, name, readonly) => locked(objects, () => setPreopen(objects, used(fd), name, readonly)),
    preopen: (fd) => locked(objects, () => getPreopen(objects, entry(fd))),
    list: () =>
      locked(objects, () => {
        const open: number[] = []
        for (let fd = 0; fd < table.size(); fd++) if (used(fd) >= 0) open.push(fd)
        return open
      }),
    closeAll: () =>
      locked(objects, () => {
        for (let fd = 0; fd < table.size(); fd++) close(fd)
        table.free()
      }),
  }

  /** For dup2: checks both, and closes and makes room at `to`. The number `to`, or -errno. */
  function prepareTarget(fd: number, to: number): number {
    if (used(fd) < 0 || to < 0 || to >= table.limit()) return -ERRNO.BADF
    if (fd === to) return to
    const grown = table.grow(to + 1)
    if (grown < 0) return grown
    close(to)
    return to
  }
}

/** The open file of each descriptor that a process has. The caller holds the lock. */
export const filesOf = (objects: Objects, slot: number): number[] => {
  const table = createTable(objects, slot)
  const files: number[] = []
  for (let fd = 0; fd < table.size(); fd++) {
    const at = table.used(fd)
    if (at > 0) files.push(word(objects, at + ENTRY.FILE))
  }
  return files
}

interface Table {
  size(): number
  limit(): number
  /** Word index of an entry that is in the table. */
  at(fd: number): number
  /** The same, or 0 when the table has no such entry. Without the lock. */
  entry(fd: number): number
  /** The same for an entry in use, or -EBADF. */
  used(fd: number): number
  /** A free entry's number that exists, -EMFILE at the limit, or -errno of the heap. */
  lowestFree(from: number): number
  /** Room for that many entries: 0 or -errno. */
  grow(entries: number): number
  count(change: number): void
  free(): void
}

/** The index as it is; when it lies in memory that another thread has added, this thread's views reach it from now on. */
const seen = ({ memory }: Objects, at: number): number => {
  if (at >= memory.i32.length) memory.refresh()
  return at
}

const tableBytes = (entries: number): number => (entries + 1) * ENTRY_WORDS * 4

const createTable = (objects: Objects, slot: number): Table => {
  const { memory } = objects
  const process = processAt(slot)
  const limit = (): number => getWord(memory, process + PROCESS.MAX_FILES) || DEFAULT_MAX_FILES
  // Every call of a guest comes through here, and an atomic load costs ten plain ones in V8. Who follows a plainly read pointer
  // sees what was stored before the pointer was: the entries and their number hang on it, and it is stored last.
  const current = (): number => seen(objects, memory.i32[process + PROCESS.TABLE] ?? 0)
  const size = (): number => {
    const table = current()
    return table === 0 ? 0 : word(objects, table + HEAD.ENTRIES)
  }
  const at = (fd: number): number => current() + (fd + 1) * ENTRY_WORDS
  const entry = (fd: number): number => {
    const table = current()
    if (table === 0 || fd < 0 || fd >= word(objects, table + HEAD.ENTRIES)) return 0
    return seen(objects, table + (fd + 1) * ENTRY_WORDS)
  }
  const used = (fd: number): number => {
    const found = entry(fd)
    return found > 0 && word(objects, found + ENTRY.FILE) !== 0 ? found : -ERRNO.BADF
  }
  const grow = (entries: number): number => {
    const now = size()
    if (entries <= now) return 0
    let next = Math.max(now, FIRST_ENTRIES)
    while (next < entries) next *= 2
    const table = objects.heap.allocate(tableBytes(next))
    if (table < 0) return table
    memory.refresh()
    const before = getWord(memory, process + PROCESS.TABLE)
    const words = (now + 1) * ENTRY_WORDS
    memory.i32.fill(0, table, table + tableBytes(next) / 4)
    if (now > 0) memory.i32.copyWithin(table, before, before + words)
    setWordAt(objects, table + HEAD.BEFORE, before)
    setWordAt(objects, table + HEAD.ENTRIES_BEFORE, now)
    setWordAt(objects, table + HEAD.ENTRIES, next)
    setWord(memory, process + PROCESS.TABLE, table)
    setWord(memory, process + PROCESS.TABLE_SIZE, next)
    return 0
  }
  const lowestFree = (from: number): number => {
    if (from < 0) return -ERRNO.INVAL
    const entries = size()
    let fd = from
    if (fd < entries) {
      let file = at(fd) + ENTRY.FILE
      for (; fd < entries && word(objects, file) !== 0; file += ENTRY_WORDS) fd++
    }
    if (fd >= limit()) return refuse(objects, ERRNO.MFILE, slot)
    if (fd < entries) return fd
    const grown = grow(fd + 1)
    return grown < 0 ? grown : fd
  }
  const free = (): void => {
    let table = getWord(memory, process + PROCESS.TABLE)
    let entries = size()
    setWord(memory, process + PROCESS.TABLE_SIZE, 0)
    setWord(memory, process + PROCESS.TABLE, 0)
    while (table !== 0) {
      const before = word(objects, table + HEAD.BEFORE)
      const size = word(objects, table + HEAD.ENTRIES_BEFORE)
      objects.heap.free(table, tableBytes(entries))
      table = before
      entries = size
    }
  }
  const count = (change: number): void =>
    setWordAt(objects, process + PROCESS.FILES, word(objects, process + PROCESS.FILES) + change)
  return { size, limit, at, entry, used, lowestFree, grow, count, free }
}

/** Gives back what the entry holds. The caller holds the lock, as for all below. */
const clearEntry = (objects: Objects, at: number, slot: number): void => {
  const file = word(objects, at + ENTRY.FILE)
  const process = processAt(slot)
  // POSIX: any close by the process lets go of all its locks on the file.
  if (word(objects, process + JOB.LOCKS) !== 0)
    releaseLocksOf(objects, LOCK_KIND.RANGE, word(objects, process + PROCESS.PID), fileObject(objects, file))
  if (word(objects, at + ENTRY.NAME) !== 0) dropName(objects, at)
  zeroEntry(objects, at)
  releaseFile(objects, file)
}

/** A loop, for `fill` costs more than eight stores. */
const zeroEntry = (objects: Objects, at: number): void => {
  const { i32 } = objects.memory
  for (let index = 0; index < ENTRY_WORDS; index++) i32[at + index] = 0
}

const dropName = (objects: Objects, at: number): void => {
  const name = word(objects, at + ENTRY.NAME)
  if (name !== 0) objects.heap.free(name, Math.max(1, word(objects, at + ENTRY.NAME_BYTES)))
  setWordAt(objects, at + ENTRY.NAME, 0)
}

/** A duplicate is neither close-on-exec nor a preopen. */
const copyEntry = (objects: Objects, from: number, to: number): void => {
  setWordAt(objects, to + ENTRY.BASE, word(objects, from + ENTRY.BASE))
  setWordAt(objects, to + ENTRY.INHERITING, word(objects, from + ENTRY.INHERITING))
  setWordAt(objects, to + ENTRY.FILE, word(objects, from + ENTRY.FILE))
}

const moveEntry = (objects: Objects, from: number, to: number): void => {
  objects.memory.i32.copyWithin(to, from, from + ENTRY_WORDS)
  objects.memory.i32.fill(0, from, from + ENTRY_WORDS)
}

const setPreopen = (objects: Objects, at: number, name: Uint8Array, readonly: boolean): number => {
  if (at < 0) return at
  const block = objects.heap.allocate(Math.max(1, name.length))
  if (block < 0) return block
  objects.memory.refresh()
  objects.memory.u8.set(name, block * 4)
  dropName(objects, at)
  setWordAt(objects, at + ENTRY.NAME, block)
  setWordAt(objects, at + ENTRY.NAME_BYTES, name.length)
  const flags = word(objects, at + ENTRY.FLAGS) & ~FLAG.READ_ONLY
  setWordAt(objects, at + ENTRY.FLAGS, flags | FLAG.PREOPEN | (readonly ? FLAG.READ_ONLY : 0))
  return 0
}

const getPreopen = (objects: Objects, at: number): { name: Uint8Array; readonly: boolean } | undefined => {
  const flags = at > 0 ? word(objects, at + ENTRY.FLAGS) : 0
  if (!(flags & FLAG.PREOPEN)) return undefined
  const start = word(objects, at + ENTRY.NAME) * 4
  // A copy: a view of the machine's memory never leaves this room.
  const name = objects.memory.u8.slice(start, start + word(objects, at + ENTRY.NAME_BYTES))
  return { name: new Uint8Array(name), readonly: (flags & FLAG.READ_ONLY) !== 0 }
}
