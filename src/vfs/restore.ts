/**
 * Builds a mount from a recovered tree (src/lib/recovery.ts), before anybody sees it. Writes inodes and entries as they will
 * be, without a walk for each name.
 */
import { ERRNO, SysError } from '../abi/errno.ts'
import { hintOf, type Node, type Recovered, sizeOf } from '../lib/recovery.ts'
import { type TreeVisitor, walkRecovered } from '../lib/recovery-walk.ts'
import { BLOCK_BYTES, ROOT_ID } from '../lib/segment.ts'
import { beginWrite, endWrite } from '../memory/sequence.ts'
import { commit } from '../memory/undo.ts'
import { clearGap, copyIn, setSize, sizeOf as sizeNow } from './content.ts'
import { findEntry, growTable, linkEntry, nameEntry } from './entry.ts'
import { giveInode, takeEntry, takeInode } from './inode.ts'
import { FS, INODE, INODE_SHIFT } from './layout.ts'
import { hashName, isUtf8 } from './name.ts'
import { createLedger, type Ledger } from './save.ts'
import { reserve, resize, shrink } from './storage.ts'
import { borrowContent, type Content, offerContent } from './store.ts'
import { KIND } from './types.ts'
import type { Volume } from './volume.ts'

/** Entries made per hold of the lock. */
const HOLD_ENTRIES = 64

/**
 * Fills the empty directory `root` (first word) of a mount. Returns what is needed to go on saving it under the same ids.
 * @throws SysError ENOSPC when the machine has not enough memory for it
 */
export const restoreVolume = (volume: Volume, root: number, recovered: Recovered): Ledger => {
  const { memory, lock } = volume
  const ledger = createLedger(memory.i32[root + INODE.DEVICE]!, root)
  const enter = (at: number, node: Node): void => {
    const sequence = memory.i32[at + INODE.SEQUENCE]!
    ledger.known.set(at >>> INODE_SHIFT, { id: node.id, sequence, kind: node.kind, prints: null })
  }
  let made = 0
  const breathe = (): void => {
    if (++made % HOLD_ENTRIES !== 0) return
    lock.release()
    lock.acquire()
  }
  const visitor: TreeVisitor = {
    directory: (parent, u8, at, length, node) => {
      breathe()
      const directory = makeEntry(volume, parent, u8, at, length, node)
      // What was made for the occasion (lost+found) has no id yet: the next save finds it.
      if (directory > 0 && node.id > 0) enter(directory, node)
      return directory
    },
    leaf: (parent, u8, at, length, node) => {
      breathe()
      const leaf = makeEntry(volume, parent, u8, at, length, node)
      if (leaf > 0) enter(leaf, node)
      return leaf
    },
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
    walkRecovered(recovered, root, visitor)
    const top = recovered.nodes.get(ROOT_ID)
    if (top) setFacts(memory.i32, root, top)
    commit(memory.i32)
  } finally {
    lock.release()
  }
  ledger.nextId = recovered.lastId + 1
  return ledger
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
  growTable(volume)
  const entry = takeEntry(volume, volume.nameLength)
  if (entry === 0) full()
  const { i32 } = volume.memory
  nameEntry(volume, entry)
  beginWrite(i32, volume.base + FS.NAMES)
  linkEntry(volume, parent, entry, at)
  if (i32[at + INODE.KIND] === KIND.DIRECTORY) {
    i32[at + INODE.PARENT] = parent
    i32[at + INODE.ENTRY] = entry
    i32[parent + INODE.LINKS]! += 1
  }
  endWrite(i32, volume.base + FS.NAMES)
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
  const { kind, data, blocks } = node
  const size = kind === KIND.SYMLINK ? (data?.length ?? 0) : sizeOf(node)
  // It only says where to look, so it may be taken as it was written; what had none was found by nobody before either.
  const hash = hintOf(node)
  const content = kind === KIND.FILE && hash !== 0 ? wholeContent(node, size) : null
  if (content !== null && borrowContent(volume, at, content, hash)) return true
  if (data && !put(volume, at, 0, data.u8, data.at, Math.min(data.length, size))) return false
  const order = [...(blocks ?? [])].sort(([a], [b]) => a - b)
  for (const [number, block] of order) {
    const position = number * BLOCK_BYTES
    const length = Math.min(block.length, size - position)
    if (number >= 0 && length > 0 && !put(volume, at, position, block.u8, block.at, length)) return false
  }
  if (content !== null) offerContent(volume, at, hash)
  return sizeNow(volume.memory.i32, at) === size || resize(volume, at, size)
}

/** What files may share: bytes without holes. */
const wholeContent = ({ data, blocks }: Node, size: number): Content | null => {
  if (data && !blocks && size > 0 && data.length === size && size <= BLOCK_BYTES)
    return { size, piece: () => ({ bytes: data.u8, start: data.at }) }
  const pieces: { bytes: Uint8Array; start: number }[] = []
  for (let position = 0; position < size; position += BLOCK_BYTES) {
    const block = blocks?.get(position / BLOCK_BYTES)
    if (!block || block.length < Math.min(BLOCK_BYTES, size - position)) return null
    pieces.push({ bytes: block.u8, start: block.at })
  }
  return pieces.length === 0 ? null : { size, piece: (at) => pieces[at / BLOCK_BYTES] ?? NO_PIECE }
}

const NO_PIECE = { bytes: new Uint8Array(0), start: 0 }

const put = (
  volume: Volume,
  at: number,
  position: number,
  source: Uint8Array,
  start: number,
  length: number,
): boolean => {
  if (length === 0) return true
  if (reserve(volume, at, position, length, false) < length) return false
  const { i32, u8 } = volume.memory
  if (position > sizeNow(i32, at)) clearGap(i32, u8, at, position)
  copyIn(i32, u8, at, position, source, start, length)
  setSize(i32, at, position + length)
  commit(i32)
  return true
}
