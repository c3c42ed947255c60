/**
 * Named semaphores (POSIX sem_open): a number in shared memory that is behind an open file, so that what a dead process had open is
 * closed like anything else. A name lasts until it is taken away or the machine ends.
 *
 * Invariant: under OBJECTS_LOCK; those with a name are in the list of SUPERBLOCK.SEMAPHORES.
 */
import { ERRNO } from '../abi/errno.ts'
import { SYSCALLS } from '../abi/syscalls.ts'
import { SUPERBLOCK } from '../memory/layout.ts'
import { wakeSet } from '../memory/wake.ts'
import type { StreamKind } from './kinds.ts'
import { locked, type Objects, setWordAt, word } from './objects.ts'
import { createOpenFile, fileObject, streamKind } from './open-file.ts'
import { generation, takeBlock } from './pool.ts'
import { freeUnused, SEMAPHORE } from './semaphore-close.ts'
import { ACCESS, type Operation, PENDING, READY, STREAM } from './types.ts'

/** _POSIX_SEM_VALUE_MAX of Linux. */
export const SEMAPHORE_MAX = 0x7fffffff
/** Names of the whole machine. */
export const MOST_SEMAPHORES = 256
/** NAME_MAX less what Linux puts in front. */
const NAME_BYTES_MAX = 251
const SEMAPHORE_WORDS = 16

export interface SemaphoreOptions {
  create?: boolean
  exclusive?: boolean
  /** Where it is created. */
  value?: number
}

const nameOf = (objects: Objects, semaphore: number): Uint8Array => {
  const start = word(objects, semaphore + SEMAPHORE.NAME) * 4
  return objects.memory.u8.slice(start, start + word(objects, semaphore + SEMAPHORE.NAME_BYTES))
}

const isSame = (a: Uint8Array, b: Uint8Array): boolean =>
  a.length === b.length && a.every((byte, index) => byte === b[index])

/** The word that leads to the semaphore of that name, or 0. */
const linkTo = (objects: Objects, name: Uint8Array): number => {
  let link: number = SUPERBLOCK.SEMAPHORES
  for (let at = word(objects, link); at !== 0; at = word(objects, link)) {
    if (isSame(nameOf(objects, at), name)) return link
    link = at + SEMAPHORE.LINK
  }
  return 0
}

const create = (objects: Objects, name: Uint8Array, value: number): number => {
  if (value < 0 || value > SEMAPHORE_MAX) return -ERRNO.INVAL
  if (word(objects, SUPERBLOCK.USED_SEMAPHORES) >= MOST_SEMAPHORES) return -ERRNO.NFILE
  const text = objects.heap.allocate(name.length)
  if (text < 0) return text
  const semaphore = takeBlock(objects, SUPERBLOCK.FREE_SEMAPHORES, SEMAPHORE_WORDS)
  if (semaphore < 0) {
    objects.heap.free(text, name.length)
    return semaphore
  }
  objects.memory.refresh()
  objects.memory.u8.set(name, text * 4)
  setWordAt(objects, semaphore + SEMAPHORE.VALUE, value)
  setWordAt(objects, semaphore + SEMAPHORE.NAME, text)
  setWordAt(objects, semaphore + SEMAPHORE.NAME_BYTES, name.length)
  setWordAt(objects, semaphore + SEMAPHORE.LINK, word(objects, SUPERBLOCK.SEMAPHORES))
  setWordAt(objects, SUPERBLOCK.SEMAPHORES, semaphore)
  return semaphore
}

const forgetName = (objects: Objects, link: number): void => {
  const semaphore = word(objects, link)
  objects.heap.free(
    word(objects, semaphore + SEMAPHORE.NAME),
    word(objects, semaphore + SEMAPHORE.NAME_BYTES),
  )
  setWordAt(objects, link, word(objects, semaphore + SEMAPHORE.LINK))
  setWordAt(objects, semaphore + SEMAPHORE.NAME, 0)
  freeUnused(objects, semaphore)
}

/** Why it is no name: "/x", with no further slash. 0 when it is one. */
const refuseName = (name: Uint8Array): number => {
  if (name.length < 2 || name[0] !== 0x2f || name.indexOf(0x2f, 1) >= 0 || name.includes(0))
    return -ERRNO.INVAL
  return name.length > NAME_BYTES_MAX ? -ERRNO.NAMETOOLONG : 0
}

/** sem_open(3): an open file, or -ENOENT, -EEXIST, -EINVAL, -ENFILE, -errno of the heap. */
export const openSemaphore = (objects: Objects, name: Uint8Array, options: SemaphoreOptions = {}): number =>
  locked(objects, () => {
    const refused = refuseName(name)
    if (refused < 0) return refused
    const link = linkTo(objects, name)
    if (link === 0 && !options.create) return -ERRNO.NOENT
    if (link !== 0 && options.create && options.exclusive) return -ERRNO.EXIST
    const object = link === 0 ? create(objects, name, options.value ?? 0) : word(objects, link)
    if (object < 0) return object
    const facts = { stream: STREAM.SEMAPHORE, object, access: ACCESS.READ | ACCESS.WRITE, status: 0 }
    const file = createOpenFile(objects, facts)
    if (file > 0) setWordAt(objects, object + SEMAPHORE.USERS, word(objects, object + SEMAPHORE.USERS) + 1)
    else if (link === 0) forgetName(objects, linkTo(objects, name))
    return file
  })

/** sem_unlink(3): who has it open goes on. 0 or -ENOENT. */
export const unlinkSemaphore = (objects: Objects, name: Uint8Array): number =>
  locked(objects, () => {
    const link = linkTo(objects, name)
    if (link === 0) return -ERRNO.NOENT
    forgetName(objects, link)
    return 0
  })

const isSemaphore = (objects: Objects, file: number): boolean =>
  streamKind(objects, file) === STREAM.SEMAPHORE

/** sem_post(3): 0, -EOVERFLOW; -EINVAL for what is none. */
export const postSemaphore = (objects: Objects, file: number): number =>
  locked(objects, () => {
    if (!isSemaphore(objects, file)) return -ERRNO.INVAL
    const semaphore = fileObject(objects, file)
    const value = word(objects, semaphore + SEMAPHORE.VALUE)
    if (value >= SEMAPHORE_MAX) return -ERRNO.OVERFLOW
    setWordAt(objects, semaphore + SEMAPHORE.VALUE, value + 1)
    wakeSet(objects.memory, semaphore + SEMAPHORE.WAITERS)
    return 0
  })

/** sem_getvalue(3). */
export const semaphoreValue = (objects: Objects, file: number): number =>
  locked(objects, () =>
    isSemaphore(objects, file) ? word(objects, fileObject(objects, file) + SEMAPHORE.VALUE) : -ERRNO.INVAL,
  )

/**
 * sem_wait(3), sem_timedwait(3), sem_trywait(3): 0; -ETIMEDOUT at the deadline (performance.now()'s clock, Infinity for none), -EAGAIN
 * where the deadline is 0.
 */
export const semaphoreOperation = (objects: Objects, file: number, deadline: number): Operation => {
  const born = generation(objects, file)
  const semaphore = fileObject(objects, file)
  const set = semaphore + SEMAPHORE.WAITERS
  const isThere = isSemaphore(objects, file)
  return {
    call: SYSCALLS.semaphore.number,
    attempt: () =>
      locked(objects, () => {
        if (!isThere || generation(objects, file) !== born) return -ERRNO.INVAL
        const value = word(objects, semaphore + SEMAPHORE.VALUE)
        if (value === 0 && deadline === 0) return -ERRNO.AGAIN
        if (value === 0) return performance.now() >= deadline ? -ERRNO.TIMEDOUT : PENDING
        setWordAt(objects, semaphore + SEMAPHORE.VALUE, value - 1)
        return 0
      }),
    watch: (join) => {
      if (!isThere) return
      if (join) objects.waits.join(set)
      else objects.waits.leave(set)
    },
    deadline: () => deadline,
    interrupted: (errno) => -errno,
  }
}

/** Readable while a wait would not wait. */
export const SEMAPHORE_STREAM: StreamKind = {
  stream: STREAM.SEMAPHORE,
  read: () => -ERRNO.INVAL,
  write: () => -ERRNO.INVAL,
  check: (objects, semaphore, entry) => {
    entry.bytes = word(objects, semaphore + SEMAPHORE.VALUE)
    if (entry.kind === 'write' || entry.bytes > 0)
      entry.ready = entry.kind === 'read' ? READY.READ : READY.WRITE
  },
  set: (_objects, semaphore) => semaphore + SEMAPHORE.WAITERS,
}
