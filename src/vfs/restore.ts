/**
 * Builds a mount from a recovered tree (src/lib/recovery.ts), before anybody sees it. Writes inodes and entries as they will
 * be, without a walk for each name.
 */
import { ERRNO, SysError } from '../abi/errno.ts'
import type { Node } from '../lib/nodes.ts'
import { hintOf, type Recovered } from '../lib/recovery.ts'
import { type TreeVisitor, walkRecovered } from '../lib/recovery-walk.ts'
import { ROOT_ID } from '../lib/segment.ts'
import { promiseRoom } from '../memory/heap.ts'
import { beginWrite } from '../memory/sequence.ts'
import { commit } from '../memory/undo.ts'
import { expectContent, isLate, roomFor } from './arrive.ts'
import { endNames, findEntry, growTable, linkEntry, nameEntry } from './entry.ts'
import { FILLED, fillContent } from './fill.ts'
import { giveInode, takeEntry, takeInode } from './inode.ts'
import { FS, INODE, INODE_SHIFT } from './layout.ts'
import { hashName, isUtf8 } from './name.ts'
import { createLedger, type Ledger, lateLedger } from './save.ts'
import { shrink } from './storage.ts'
import { listContent } from './store-index.ts'
import { KIND } from './types.ts'
import type { Volume } from './volume.ts'

/** Entries made per hold of the lock. */
const HOLD_ENTRIES = 64

export interface Restored {
  /** What is needed to go on saving it under the same ids. */
  ledger: Ledger
  /** Files, folders and links. */
  entries: number
  /** Files whose bytes are still to come, by inode (arrive.ts). */
  waiting(): Map<number, Node>
}

/**
 * Fills the empty directory `root` (first word) of a mount.
 * @throws SysError ENOSPC when the machine has not enough memory for it
 */
export const restoreVolume = (volume: Volume, root: number, recovered: Recovered): Restored => {
  const { memory, lock } = volume
  const device = memory.i32[root + INODE.DEVICE]!
  const names = volume.base + FS.NAMES
  /** Ids of what was made, one after the other, and inodes' sequences; tables of it are made when somebody asks for them. */
  const ids: number[] = []
  const sequences: number[] = []
  /** For bytes that are still to come. */
  let room = 0
  const make: TreeVisitor['leaf'] = (parent, u8, at, length, node) => {
    const made = makeEntry(volume, parent, u8, at, length, node)
    if (made < 0) return made
    if (isLate(node)) room += roomFor(node)
    ids.push(node.id)
    sequences.push(memory.i32[made + INODE.SEQUENCE]!)
    if (ids.length % HOLD_ENTRIES === 0) {
      endNames(volume)
      lock.release()
      lock.acquire()
      beginWrite(memory.i32, names)
    }
    return made
  }
  const visitor: TreeVisitor = {
    directory: make,
    leaf: make,
    link: (parent, u8, at, length, leaf) => {
      if (!setName(volume, parent, u8, at, length)) return false
      linkName(volume, parent, leaf)
      memory.i32[leaf + INODE.LINKS]! += 1
      commit(memory.i32)
      return true
    },
  }
  lock.acquire()
  try {
    growTable(volume, recovered.nodes.size)
    // Who looks for a name meanwhile waits for the lock, once in so many entries and not at each.
    beginWrite(memory.i32, names)
    walkRecovered(recovered, root, visitor)
    endNames(volume)
    const top = recovered.nodes.get(ROOT_ID)
    if (top) setFacts(memory.i32, root, top)
    if (!promiseRoom(memory, room)) full()
    commit(memory.i32)
  } catch (error) {
    // What was half done is taken back by who takes the lock next; then the names are whole again.
    lock.release()
    lock.acquire()
    endNames(volume)
    commit(memory.i32)
    throw error
  } finally {
    lock.release()
  }
  const eachMade = (visit: (node: Node, sequence: number) => void): void => {
    for (const [index, id] of ids.entries()) {
      const node = recovered.nodes.get(id)
      // What was made for the occasion (lost+found) has no id yet: the next save finds it.
      if (node) visit(node, sequences[index]!)
    }
  }
  const known = (): Ledger['known'] => {
    const { known } = createLedger(device, root)
    eachMade(({ id, kind, handle }, sequence) =>
      known.set(handle >>> INODE_SHIFT, { id, kind, sequence, prints: null }),
    )
    return known
  }
  const waiting = (): Map<number, Node> => {
    const waiting = new Map<number, Node>()
    eachMade((node) => {
      if (isLate(node)) waiting.set(node.handle >>> INODE_SHIFT, node)
    })
    return waiting
  }
  return { ledger: lateLedger(device, recovered.lastId + 1, known), entries: ids.length, waiting }
}

const full = (): never => {
  const words = 'the project does not fit into the memory of this machine'
  throw new SysError(ERRNO.NOSPC, '', words)
}

/** Puts a name into the registers. False when it cannot stand there. */
const setName = (volume: Volume, parent: number, u8: Uint8Array, at: number, length: number): boolean => {
  if (!isUtf8(u8, at, at + length)) return false
  volume.name = u8
  volume.nameAt = at
  volume.nameLength = length
  volume.hash = hashName(parent, u8, at, length)
  return findEntry(volume, parent, volume.hash, u8, at, length) === 0
}

const linkName = (volume: Volume, parent: number, at: number): void => {
  const entry = takeEntry(volume, volume.nameLength)
  if (entry === 0) full()
  const { i32 } = volume.memory
  nameEntry(volume, entry)
  linkEntry(volume, parent, entry, at)
  if (i32[at + INODE.KIND] === KIND.DIRECTORY) {
    i32[at + INODE.PARENT] = parent
    i32[at + INODE.ENTRY] = entry
    i32[parent + INODE.LINKS]! += 1
  }
}

const makeEntry = (
  volume: Volume,
  parent: number,
  u8: Uint8Array,
  at: number,
  length: number,
  node: Node,
): number => {
  if (!setName(volume, parent, u8, at, length)) return -1
  const device = volume.memory.i32[parent + INODE.DEVICE]!
  const made = takeInode(volume, node.kind, 0, device)
  if (made === 0) return full()
  if (node.kind === KIND.DIRECTORY) volume.memory.i32[made + INODE.LINKS] = 2
  else if (isLate(node)) expectContent(volume, made, node)
  else if (!fill(volume, made, node)) {
    shrink(volume, made, 0)
    giveInode(volume, made)
    return full()
  }
  setFacts(volume.memory.i32, made, node)
  linkName(volume, parent, made)
  commit(volume.memory.i32)
  return made
}

const setFacts = (i32: Int32Array, at: number, node: Node): void => {
  i32[at + INODE.MODE] = node.i32[node.word + 1]! & 0o7777
  for (let word = 0; word < 6; word++) i32[at + INODE.ATIME + word] = node.i32[node.word + 2 + word]!
}

/** False when the machine is full. */
const fill = (volume: Volume, at: number, node: Node): boolean => {
  const result = fillContent(volume, at, node)
  if (result === FILLED.OWN) listContent(volume, at, hintOf(node))
  return result !== FILLED.NOT
}
