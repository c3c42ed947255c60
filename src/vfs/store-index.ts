/**
 * Which file or stored content has bytes of a given hash: a table of hints, looked at under the lock.
 *
 *   superblock ─► mask │ slots in use │ inode │ 0 │ inode │ …        a content stands in one of PROBES slots from its hash on
 *
 * A hint may be wrong: the file was written since, freed, or made anew as something else. Whoever takes one compares size and
 * bytes, so neither a stale hint nor a made-up hash ever gives a file another's content; what falls out of a full
 * neighbourhood is only not shared. So nothing has to be kept right here when files change, and writing costs nothing.
 */
import { giveRun, granulesOf, MAX_GRANULES, OWNER, takeRun } from '../memory/heap.ts'
import { put } from '../memory/undo.ts'
import { sizeOf } from './content.ts'
import { eachInode } from './inode.ts'
import { FS, INODE, STORED } from './layout.ts'
import { KIND } from './types.ts'
import type { Volume } from './volume.ts'

const MASK = 0
const USED = 1
const SLOTS_AT = 2
/** To begin with, 16 KiB; doubled when half of them are in use. */
const FIRST_SLOTS = 4096
const PROBES = 8

/** The run of a table and its slots, for fsck. */
export const indexGranules = (i32: Int32Array, table: number): number => granulesFor(i32[table + MASK]! + 1)

const granulesFor = (slots: number): number => granulesOf((slots + SLOTS_AT) * 4)

const slotAt = (i32: Int32Array, table: number, index: number): number =>
  table + SLOTS_AT + (index & i32[table + MASK]!)

const isListed = (i32: Int32Array, at: number): boolean => {
  const kind = i32[at + INODE.KIND]
  return at !== 0 && (kind === KIND.FILE || kind === STORED) && i32[at + INODE.HASH] !== 0
}

/** A file or stored content of that hash and size whose bytes `isEqual`, or 0. */
export const findContent = (
  volume: Volume,
  hash: number,
  size: number,
  isEqual: (at: number) => boolean,
): number => {
  const { i32 } = volume.memory
  const table = i32[volume.base + FS.INDEX]!
  for (let probe = 0; table !== 0 && probe < PROBES; probe++) {
    const at = i32[slotAt(i32, table, hash + probe)]!
    if (!isListed(i32, at) || i32[at + INODE.HASH] !== hash || sizeOf(i32, at) !== size) continue
    if (isEqual(at)) return at
  }
  return 0
}

/** Lets an inode be found by its hash. Lock held. Does nothing when there is no room for a table. */
export const listContent = (volume: Volume, at: number, hash: number): void => {
  put(volume.memory.i32, at + INODE.HASH, hash)
  const before = volume.memory.i32[volume.base + FS.INDEX]!
  const slots = before === 0 ? 0 : volume.memory.i32[before + MASK]! + 1
  if (before === 0 || volume.memory.i32[before + USED]! * 2 > slots)
    if (fillTable(volume, slots === 0 ? FIRST_SLOTS : slots * 2)) return
  if (before !== 0) insert(volume.memory.i32, before, at, put)
}

type Store = (i32: Int32Array, at: number, value: number) => void

const plain: Store = (i32, at, value) => {
  i32[at] = value
}

const insert = (i32: Int32Array, table: number, at: number, store: Store): void => {
  const hash = i32[at + INODE.HASH]!
  let slot = slotAt(i32, table, hash)
  for (let probe = 0; probe < PROBES; probe++) {
    const other = slotAt(i32, table, hash + probe)
    const isSame = i32[i32[other]! + INODE.HASH] === hash
    if (isListed(i32, i32[other]!) && !isSame) continue
    slot = other
    break
  }
  if (i32[slot] === 0) store(i32, table + USED, i32[table + USED]! + 1)
  store(i32, slot, at)
}

/** Another table with everything that is listed; nobody sees it before it is full. False when there is no room. */
const fillTable = (volume: Volume, slots: number): boolean => {
  const granules = granulesFor(slots)
  const table = granules > MAX_GRANULES ? 0 : takeRun(volume.memory, granules, OWNER.FILES)
  if (table === 0) return false
  const { i32 } = volume.memory
  i32.fill(0, table, table + SLOTS_AT + slots)
  i32[table + MASK] = slots - 1
  eachInode(volume, (at) => {
    if (isListed(i32, at)) insert(i32, table, at, plain)
  })
  const before = i32[volume.base + FS.INDEX]!
  put(i32, volume.base + FS.INDEX, table)
  if (before !== 0) giveRun(volume.memory, before, indexGranules(i32, before), OWNER.FILES)
  return true
}

/** Calls `visit` with every hint. */
export const eachHint = (i32: Int32Array, table: number, visit: (at: number) => void): void => {
  for (let index = 0; index <= i32[table + MASK]!; index++) {
    const at = i32[slotAt(i32, table, index)]!
    if (at !== 0) visit(at)
  }
}
