/**
 * Locks on files. Advisory, as POSIX has them: they keep out only who asks.
 *
 *   ranges (fcntl)  belong to the process, go with any close of the file by it, and are replaced piece by piece
 *   files  (flock)  belong to the open file, are shared by its duplicates, and go with the last of them
 *
 * Both kinds do not see each other, as on Linux. A process that waits for a range stands in the list too, so that a circle of
 * waiting is found: EDEADLK for who would close it.
 *
 * Invariant: as lock-list.ts; ranges of one process on one file never overlap.
 */
import { ERRNO } from '../abi/errno.ts'
import { SYSCALLS } from '../abi/syscalls.ts'
import { PROCESS, processAt, SUPERBLOCK } from '../memory/layout.ts'
import { getWord } from '../memory/slots.ts'
import { wakeSet } from '../memory/wake.ts'
import { countLocks, dropLocks, LOCK, LOCK_KIND, LOCK_WORDS } from './lock-list.ts'
import { locked, type Objects, setWordAt, word } from './objects.ts'
import { FILE, fileObject, streamKind } from './open-file.ts'
import { generation, giveBlock, takeBlock } from './pool.ts'
import { ACCESS, type Operation, PENDING, STREAM } from './types.ts'

export const LOCK_MODE = { NONE: 0, SHARED: 1, EXCLUSIVE: 2 } as const

/** Locks of all processes together: each attempt looks at every one. */
export const MOST_LOCKS = 4096
/** End of a range that goes to the end of the file, wherever that will be. */
export const TO_THE_END = Number.MAX_SAFE_INTEGER
const HIGH = 2 ** 32

export interface LockRange {
  mode: number
  start: number
  /** Behind the last byte; TO_THE_END for all that follow. */
  end: number
}

export interface HeldRange extends LockRange {
  pid: number
}

const numberAt = (objects: Objects, at: number): number =>
  word(objects, at + 1) * HIGH + (word(objects, at) >>> 0)
const setNumberAt = (objects: Objects, at: number, value: number): void => {
  setWordAt(objects, at, (value % HIGH) | 0)
  setWordAt(objects, at + 1, Math.floor(value / HIGH))
}

const rangeOf = (objects: Objects, lock: number): LockRange => ({
  mode: word(objects, lock + LOCK.MODE),
  start: numberAt(objects, lock + LOCK.START),
  end: numberAt(objects, lock + LOCK.END),
})

/** Locks on an inode of that kind, in the order of the list. */
const locksOn = (objects: Objects, inode: number, kind: number): number[] => {
  const found: number[] = []
  for (let lock = word(objects, SUPERBLOCK.LOCKS); lock !== 0; lock = word(objects, lock + LOCK.LINK))
    if (word(objects, lock + LOCK.INODE) === inode && word(objects, lock + LOCK.KIND) === kind)
      found.push(lock)
  return found
}

const collides = (a: LockRange, b: LockRange): boolean =>
  (a.mode === LOCK_MODE.EXCLUSIVE || b.mode === LOCK_MODE.EXCLUSIVE) && a.start < b.end && b.start < a.end

/** What others have on the inode that stands in the way. */
const blockers = (objects: Objects, inode: number, kind: number, owner: number, range: LockRange): number[] =>
  locksOn(objects, inode, kind).filter(
    (lock) => word(objects, lock + LOCK.OWNER) !== owner && collides(rangeOf(objects, lock), range),
  )

/** A block that nobody sees yet, or -ENOLCK. */
const takeLock = (objects: Objects): number => {
  if (word(objects, SUPERBLOCK.USED_LOCKS) >= MOST_LOCKS) return -ERRNO.NOLCK
  const lock = takeBlock(objects, SUPERBLOCK.FREE_LOCKS, LOCK_WORDS)
  return lock < 0 ? -ERRNO.NOLCK : lock
}

const publish = (
  objects: Objects,
  lock: number,
  inode: number,
  kind: number,
  owner: number,
  range: LockRange,
): void => {
  setWordAt(objects, lock + LOCK.INODE, inode)
  setWordAt(objects, lock + LOCK.OWNER, owner)
  setWordAt(objects, lock + LOCK.KIND, kind)
  setWordAt(objects, lock + LOCK.MODE, range.mode)
  setNumberAt(objects, lock + LOCK.START, range.start)
  setNumberAt(objects, lock + LOCK.END, range.end)
  setWordAt(objects, lock + LOCK.LINK, word(objects, SUPERBLOCK.LOCKS))
  if (kind !== LOCK_KIND.FILE) countLocks(objects, owner, 1)
  setWordAt(objects, SUPERBLOCK.LOCKS, lock)
}

// ── Ranges ──────────────────────────────────────────────────────────────────

/** Gives the range its new mode for that process: 0, or -ENOLCK with nothing changed. */
const setRange = (objects: Objects, inode: number, pid: number, range: LockRange): number => {
  const { mode, start, end } = range
  const own = locksOn(objects, inode, LOCK_KIND.RANGE).filter((lock) => {
    const has = rangeOf(objects, lock)
    return word(objects, lock + LOCK.OWNER) === pid && has.start < end && start < has.end
  })
  const isSplit = (has: LockRange): boolean => has.mode !== mode && has.start < start && has.end > end
  const needed =
    (mode === LOCK_MODE.NONE ? 0 : 1) + own.filter((lock) => isSplit(rangeOf(objects, lock))).length
  const fresh: number[] = []
  while (fresh.length < needed) {
    const lock = takeLock(objects)
    if (lock < 0) {
      for (const taken of fresh) giveBlock(objects, SUPERBLOCK.FREE_LOCKS, taken)
      return lock
    }
    fresh.push(lock)
  }
  const gone: number[] = []
  const whole = { ...range }
  for (const lock of own) {
    const has = rangeOf(objects, lock)
    const rest = isSplit(has) ? fresh.pop() : undefined
    if (has.mode === mode) {
      whole.start = Math.min(whole.start, has.start)
      whole.end = Math.max(whole.end, has.end)
      gone.push(lock)
    } else if (has.start < start) {
      if (rest !== undefined) publish(objects, rest, inode, LOCK_KIND.RANGE, pid, { ...has, start: end })
      setNumberAt(objects, lock + LOCK.END, start)
    } else if (has.end > end) setNumberAt(objects, lock + LOCK.START, end)
    else gone.push(lock)
  }
  if (gone.length > 0) dropLocks(objects, (lock) => gone.includes(lock))
  const made = fresh.pop()
  if (made !== undefined) publish(objects, made, inode, LOCK_KIND.RANGE, pid, whole)
  wakeSet(objects.memory, SUPERBLOCK.LOCK_WAITERS)
  return 0
}

/** Whether who waits there waits for `pid` in the end. */
const leadsTo = (objects: Objects, waiting: number, pid: number, seen: Set<number>): boolean => {
  const owner = word(objects, waiting + LOCK.OWNER)
  const inode = word(objects, waiting + LOCK.INODE)
  return blockers(objects, inode, LOCK_KIND.RANGE, owner, rangeOf(objects, waiting)).some((lock) => {
    const holder = word(objects, lock + LOCK.OWNER)
    if (holder === pid) return true
    if (seen.has(holder)) return false
    seen.add(holder)
    return waitsOf(objects, holder).some((next) => leadsTo(objects, next, pid, seen))
  })
}

const waitsOf = (objects: Objects, pid: number): number[] => {
  const found: number[] = []
  for (let lock = word(objects, SUPERBLOCK.LOCKS); lock !== 0; lock = word(objects, lock + LOCK.LINK))
    if (word(objects, lock + LOCK.KIND) === LOCK_KIND.WAITING && word(objects, lock + LOCK.OWNER) === pid)
      found.push(lock)
  return found
}

/** Why a range cannot be asked for on that open file, or 0. Each mode needs its access, as POSIX says. */
const refuse = (objects: Objects, file: number, { mode, start, end }: LockRange): number => {
  const stream = streamKind(objects, file)
  if (stream !== STREAM.FILE || start < 0 || end <= start || end > TO_THE_END) return -ERRNO.INVAL
  const access = word(objects, file + FILE.ACCESS)
  if (mode === LOCK_MODE.SHARED && !(access & ACCESS.READ)) return -ERRNO.BADF
  return mode === LOCK_MODE.EXCLUSIVE && !(access & ACCESS.WRITE) ? -ERRNO.BADF : 0
}

const pidOf = (objects: Objects): number =>
  objects.slot < 0 ? 0 : getWord(objects.memory, processAt(objects.slot) + PROCESS.PID)

/**
 * fcntl(2) with F_SETLK or, with `waits`, F_SETLKW: 0, -EAGAIN where it must not wait, -EDEADLK where the holder waits for the caller,
 * -ENOLCK, -EBADF, -EINVAL. LOCK_MODE.NONE gives the range back.
 */
export const rangeLockOperation = (
  objects: Objects,
  file: number,
  range: LockRange,
  waits: boolean,
): Operation => {
  const born = generation(objects, file)
  const inode = fileObject(objects, file)
  const pid = pidOf(objects)
  let waiting = 0
  const leave = (): void => {
    if (waiting !== 0) dropLocks(objects, (lock) => lock === waiting)
    waiting = 0
  }
  const wait = (): number => {
    if (waiting !== 0) return PENDING
    const lock = takeLock(objects)
    if (lock < 0) return lock
    publish(objects, lock, inode, LOCK_KIND.WAITING, pid, range)
    waiting = lock
    if (!leadsTo(objects, lock, pid, new Set([pid]))) return PENDING
    leave()
    return -ERRNO.DEADLK
  }
  const attempt = (): number => {
    if (generation(objects, file) !== born) return -ERRNO.BADF
    const refused = refuse(objects, file, range)
    if (refused < 0) return refused
    const isFree =
      range.mode === LOCK_MODE.NONE || blockers(objects, inode, LOCK_KIND.RANGE, pid, range).length === 0
    if (isFree) {
      leave()
      return setRange(objects, inode, pid, range)
    }
    return waits ? wait() : -ERRNO.AGAIN
  }
  return lockOperation(objects, SYSCALLS.lock.number, attempt, leave)
}

/** fcntl(2) with F_GETLK: the first range that would stand in the way, or undefined; -errno. */
export const testRange = (objects: Objects, file: number, range: LockRange): HeldRange | undefined | number =>
  locked(objects, () => {
    const refused = refuse(objects, file, range)
    if (refused === -ERRNO.INVAL) return refused
    const [lock] = blockers(objects, fileObject(objects, file), LOCK_KIND.RANGE, pidOf(objects), range)
    if (lock === undefined) return undefined
    return { ...rangeOf(objects, lock), pid: word(objects, lock + LOCK.OWNER) }
  })

// ── Files ───────────────────────────────────────────────────────────────────

const WHOLE = { start: 0, end: TO_THE_END }

/**
 * flock(2): 0, -EAGAIN where it must not wait, -ENOLCK; -EINVAL for what is neither a file nor a directory. A change of mode that has
 * to wait gives the old lock back first, as on Linux: two that both want more would wait for ever.
 */
export const flockOperation = (objects: Objects, file: number, mode: number, waits: boolean): Operation => {
  const born = generation(objects, file)
  const inode = fileObject(objects, file)
  const range = { ...WHOLE, mode }
  const drop = (): void => {
    setWordAt(objects, file + FILE.LOCKED, 0)
    dropLocks(
      objects,
      (lock) =>
        word(objects, lock + LOCK.KIND) === LOCK_KIND.FILE && word(objects, lock + LOCK.OWNER) === file,
    )
  }
  const attempt = (): number => {
    if (generation(objects, file) !== born) return -ERRNO.BADF
    const stream = streamKind(objects, file)
    if (stream !== STREAM.FILE && stream !== STREAM.DIRECTORY) return -ERRNO.INVAL
    if (word(objects, file + FILE.LOCKED) === mode) return 0
    if (word(objects, file + FILE.LOCKED) !== LOCK_MODE.NONE) drop()
    if (mode === LOCK_MODE.NONE) return 0
    if (blockers(objects, inode, LOCK_KIND.FILE, file, range).length > 0)
      return waits ? PENDING : -ERRNO.AGAIN
    const lock = takeLock(objects)
    if (lock < 0) return lock
    publish(objects, lock, inode, LOCK_KIND.FILE, file, range)
    setWordAt(objects, file + FILE.LOCKED, mode)
    return 0
  }
  return lockOperation(objects, SYSCALLS.flock.number, attempt, () => {})
}

const lockOperation = (
  objects: Objects,
  call: number,
  attempt: () => number,
  leave: () => void,
): Operation => ({
  call,
  attempt: () => locked(objects, attempt),
  watch: (join) => {
    if (join) objects.waits.join(SUPERBLOCK.LOCK_WAITERS)
    else {
      objects.waits.leave(SUPERBLOCK.LOCK_WAITERS)
      locked(objects, leave)
    }
  },
  deadline: () => Number.POSITIVE_INFINITY,
  interrupted: (errno) => {
    locked(objects, leave)
    return -errno
  },
})
