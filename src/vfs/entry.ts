/**
 * Where names are found: the bucket table over (directory, name), and each directory's list by cookie.
 *
 * Invariant: linking, unlinking and growth of the table happen under the lock with the sequence of names odd.
 */
import { granulesOf, OWNER, takeRun } from '../memory/heap.ts'
import { beginWrite, endWrite } from '../memory/sequence.ts'
import { addWork, commit, PENDING, put, seal, takeWork } from '../memory/undo.ts'
import { changed } from './change.ts'
import { eachEntry, touch } from './inode.ts'
import { ENTRY, FIRST_COOKIE, FS, INODE, LAST_COOKIE } from './layout.ts'
import { isSame } from './name.ts'
import type { Volume } from './volume.ts'

/** More than any chain that is not being changed; a reader on a stale pointer stops here. */
const MAX_STEPS = 1 << 20

/** The entry of a name in a directory, or 0. */
export const findEntry = (
  volume: Volume,
  directory: number,
  hash: number,
  name: Uint8Array,
  nameAt: number,
  nameLength: number,
): number => {
  const { i32, u8 } = volume.memory
  const table = i32[volume.base + FS.TABLE]!
  let entry = i32[table + 1 + (hash & i32[table]!)]!
  for (let step = 0; entry !== 0 && step < MAX_STEPS; step++) {
    if (
      i32[entry + ENTRY.HASH] === hash &&
      i32[entry + ENTRY.PARENT] === directory &&
      i32[entry + ENTRY.LENGTH] === nameLength &&
      isSame(u8, (entry + ENTRY.NAME) * 4, name, nameAt, nameLength)
    )
      return entry
    entry = i32[entry + ENTRY.HASH_NEXT]!
  }
  return 0
}

const bucketOf = (volume: Volume, hash: number): number => {
  const table = volume.memory.i32[volume.base + FS.TABLE]!
  return table + 1 + (hash & volume.memory.i32[table]!)
}

/** A table of so many buckets (a power of two), or 0. */
export const takeTable = (volume: Volume, buckets: number): number => {
  const table = takeRun(volume.memory, granulesOf((buckets + 1) * 4), OWNER.FILES)
  if (table === 0) return 0
  const { i32 } = volume.memory
  i32[table] = buckets - 1
  i32.fill(0, table + 1, table + 1 + buckets)
  return table
}

/** Doubles the table until it has a bucket for each entry and `more`. A full machine keeps the small one. Begins a change. */
export const growTable = (volume: Volume, more = 1): void => {
  const { base } = volume
  const before = volume.memory.i32[volume.memory.i32[base + FS.TABLE]!]! + 1
  const wanted = volume.memory.i32[base + FS.ENTRIES]! + more
  if (wanted <= before) return
  let buckets = before * 2
  while (buckets < wanted) buckets *= 2
  const table = takeTable(volume, buckets)
  if (table === 0) return
  const { i32 } = volume.memory
  put(i32, base + FS.NEXT_TABLE, table)
  addWork(i32, PENDING.TABLE)
  commit(i32)
  fillTable(volume)
}

/**
 * Chains all entries anew in the next table and makes it the current one. Too long for the undo log, but it needs no chains: it
 * may be stopped anywhere and begun again.
 */
export const fillTable = (volume: Volume): void => {
  const { i32 } = volume.memory
  const { base } = volume
  const table = i32[base + FS.NEXT_TABLE]!
  if (table !== 0) {
    const mask = i32[table]!
    beginWrite(i32, base + FS.NAMES)
    i32.fill(0, table + 1, table + 2 + mask)
    eachEntry(volume, (entry) => {
      const bucket = table + 1 + (i32[entry + ENTRY.HASH]! & mask)
      i32[entry + ENTRY.HASH_NEXT] = i32[bucket]!
      i32[bucket] = entry
    })
    const old = i32[base + FS.TABLE]!
    put(i32, base + FS.RETIRED, i32[base + FS.RETIRED]! + granulesOf((i32[old]! + 2) * 4))
    put(i32, base + FS.TABLE, table)
    put(i32, base + FS.NEXT_TABLE, 0)
    endNames(volume)
    commit(i32)
  }
  takeWork(i32, PENDING.TABLE)
}

/** What the change has done to the names stays, and is seen. */
export const endNames = (volume: Volume): void => {
  const { i32 } = volume.memory
  seal(i32, volume.base + FS.NAMES)
  endWrite(i32, volume.base + FS.NAMES)
}

/** Writes the name of the walk's registers into a fresh entry. */
export const nameEntry = (volume: Volume, entry: number): void => {
  const { i32, u8 } = volume.memory
  i32[entry + ENTRY.HASH] = volume.hash
  i32[entry + ENTRY.LENGTH] = volume.nameLength
  const to = (entry + ENTRY.NAME) * 4
  for (let index = 0; index < volume.nameLength; index++) u8[to + index] = volume.name[volume.nameAt + index]!
}

/**
 * Puts a fresh, named entry into the table and at the end of a directory's list. What is remembered of the entry itself is what makes it
 * one that is in use, and its place in the list of free ones.
 */
export const linkEntry = (volume: Volume, directory: number, entry: number, inode: number): void => {
  const { i32 } = volume.memory
  if (i32[directory + INODE.COOKIE]! >= LAST_COOKIE) renumber(i32, directory)
  const bucket = bucketOf(volume, i32[entry + ENTRY.HASH]!)
  const last = i32[directory + INODE.LAST]!
  put(i32, entry + ENTRY.PARENT, directory)
  i32[entry + ENTRY.INODE] = inode
  i32[entry + ENTRY.COOKIE] = i32[directory + INODE.COOKIE]!
  put(i32, directory + INODE.COOKIE, i32[directory + INODE.COOKIE]! + 1)
  i32[entry + ENTRY.PREVIOUS] = last
  put(i32, entry + ENTRY.NEXT, 0)
  i32[entry + ENTRY.HASH_NEXT] = i32[bucket]!
  put(i32, last === 0 ? directory + INODE.FIRST : last + ENTRY.NEXT, entry)
  put(i32, directory + INODE.LAST, entry)
  put(i32, directory + INODE.COUNT, i32[directory + INODE.COUNT]! + 1)
  put(i32, bucket, entry)
  put(i32, volume.base + FS.ENTRIES, i32[volume.base + FS.ENTRIES]! + 1)
}

/** Takes an entry out of table and list; it may be given back then. */
export const unlinkEntry = (volume: Volume, entry: number): void => {
  const { i32 } = volume.memory
  const directory = i32[entry + ENTRY.PARENT]!
  let at = bucketOf(volume, i32[entry + ENTRY.HASH]!)
  while (i32[at] !== entry) {
    if (i32[at] === 0) throw new Error(`filesystem: entry at word ${entry} is in no chain`)
    at = i32[at]! + ENTRY.HASH_NEXT
  }
  put(i32, at, i32[entry + ENTRY.HASH_NEXT]!)
  const next = i32[entry + ENTRY.NEXT]!
  const previous = i32[entry + ENTRY.PREVIOUS]!
  put(i32, previous === 0 ? directory + INODE.FIRST : previous + ENTRY.NEXT, next)
  put(i32, next === 0 ? directory + INODE.LAST : next + ENTRY.PREVIOUS, previous)
  put(i32, directory + INODE.COUNT, i32[directory + INODE.COUNT]! - 1)
  put(i32, volume.base + FS.ENTRIES, i32[volume.base + FS.ENTRIES]! - 1)
}

/** Billions of creations later: cookies start over, in the same order. */
const renumber = (i32: Int32Array, directory: number): void => {
  let cookie: number = FIRST_COOKIE
  for (let entry = i32[directory + INODE.FIRST]!; entry !== 0; entry = i32[entry + ENTRY.NEXT]!)
    put(i32, entry + ENTRY.COOKIE, cookie++)
  put(i32, directory + INODE.COOKIE, cookie)
}

/** The directory's list has changed: times and news. */
export const touchDirectory = (volume: Volume, directory: number): void => {
  touch(volume.memory.i32, directory)
  changed(volume, directory)
}
