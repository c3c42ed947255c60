/** The part of fsck that looks at names: bucket chains, directory lists, free entries, parents, mounts. */
import { CHUNK_HEADER_WORDS, classOf, eachInode, entryWords } from './inode.ts'
import { CHUNK_WORDS, ENTRY, ENTRY_CLASSES, FS, INODE, INODE_SHIFT, MAX_MOUNTS, MOUNT } from './layout.ts'
import { mountAt } from './mount.ts'
import { hashName, isUtf8 } from './name.ts'
import { KIND } from './types.ts'
import type { Volume } from './volume.ts'

type Say = (problem: string) => void

export interface Names {
  /** Entries that lead to an inode. */
  count(at: number): number
  /** Links that a directory must have: its name, ".", and ".." of each child; none once it was removed. */
  directoryLinks(at: number): number
}

export const checkNames = (volume: Volume, say: Say): Names => {
  const { i32 } = volume.memory
  const live = new Set<number>()
  eachInode(volume, (at) => live.add(at))
  const chained = checkChains(volume, say)
  const counts = new Map<number, number>()
  const children = new Map<number, number>()
  for (const entry of chained) {
    checkEntry(volume, entry, live, say)
    const inode = i32[entry + ENTRY.INODE]!
    const parent = i32[entry + ENTRY.PARENT]!
    counts.set(inode, (counts.get(inode) ?? 0) + 1)
    if (i32[inode + INODE.KIND] === KIND.DIRECTORY) children.set(parent, (children.get(parent) ?? 0) + 1)
  }
  checkFreeEntries(volume, chained, say)
  for (const at of live)
    if (i32[at + INODE.KIND] === KIND.DIRECTORY) checkDirectory(volume, at, chained, counts, say)
  checkMounts(volume, live, say)
  return {
    count: (at) => counts.get(at) ?? 0,
    directoryLinks: (at) => (i32[at + INODE.PARENT] === 0 ? 0 : 2 + (children.get(at) ?? 0)),
  }
}

const checkChains = (volume: Volume, say: Say): Set<number> => {
  const { i32 } = volume.memory
  const table = i32[volume.base + FS.TABLE]!
  const mask = i32[table]!
  const chained = new Set<number>()
  for (let bucket = 0; bucket <= mask; bucket++) {
    for (let entry = i32[table + 1 + bucket]!; entry !== 0; entry = i32[entry + ENTRY.HASH_NEXT]!) {
      if (chained.has(entry)) {
        say(`entry at word ${entry} stands twice in the chains`)
        break
      }
      chained.add(entry)
      if ((i32[entry + ENTRY.HASH]! & mask) !== bucket) say(`entry at word ${entry} is in the wrong chain`)
    }
  }
  if (chained.size !== i32[volume.base + FS.ENTRIES])
    say(`${chained.size} entries in the chains, ${i32[volume.base + FS.ENTRIES]} counted`)
  return chained
}

const checkEntry = (volume: Volume, entry: number, live: Set<number>, say: Say): void => {
  const { i32, u8 } = volume.memory
  const parent = i32[entry + ENTRY.PARENT]!
  const inode = i32[entry + ENTRY.INODE]!
  const length = i32[entry + ENTRY.LENGTH]!
  const name = (entry + ENTRY.NAME) * 4
  const bytes = u8.subarray(name, name + length)
  if (length < 1 || length > 255 || bytes.includes(0) || bytes.includes(0x2f) || !isUtf8(bytes, 0, length))
    say(`entry at word ${entry} has a name that cannot be`)
  if (hashName(parent, u8, name, length) !== i32[entry + ENTRY.HASH])
    say(`entry at word ${entry} has a wrong hash`)
  if (!live.has(inode)) say(`entry at word ${entry} leads to a free inode`)
  if (!live.has(parent) || i32[parent + INODE.KIND] !== KIND.DIRECTORY)
    say(`entry at word ${entry} stands in something that is no directory`)
  else if (i32[inode + INODE.DEVICE] !== i32[parent + INODE.DEVICE])
    say(`entry at word ${entry} leads to another filesystem`)
}

const checkFreeEntries = (volume: Volume, chained: Set<number>, say: Say): void => {
  const { i32 } = volume.memory
  const free = new Set<number>()
  for (let index = 0; index < ENTRY_CLASSES.length; index++) {
    for (
      let entry = i32[volume.base + FS.FREE_ENTRY + index]!;
      entry !== 0;
      entry = i32[entry + ENTRY.NEXT]!
    ) {
      if (free.has(entry)) {
        say(`free entry at word ${entry} stands twice in its list`)
        break
      }
      if (chained.has(entry)) say(`entry at word ${entry} is in use and in the free list`)
      free.add(entry)
    }
  }
  let room = 0
  for (let chunk = i32[volume.base + FS.ENTRY_CHUNKS]!; chunk !== 0; chunk = i32[chunk]!)
    room += Math.floor((CHUNK_WORDS - CHUNK_HEADER_WORDS) / entryWords(i32[chunk + 1]!))
  if (chained.size + free.size !== room)
    say(`${chained.size} entries in use and ${free.size} free, of ${room}`)
  for (const entry of chained)
    if (classOf(i32[entry + ENTRY.LENGTH]!) >= ENTRY_CLASSES.length) say(`entry at word ${entry} is too long`)
}

const checkDirectory = (
  volume: Volume,
  at: number,
  chained: Set<number>,
  counts: Map<number, number>,
  say: Say,
): void => {
  const { i32 } = volume.memory
  const what = `directory ${at >>> INODE_SHIFT}`
  let previous = 0
  let cookie = 2
  let count = 0
  for (let entry = i32[at + INODE.FIRST]!; entry !== 0; entry = i32[entry + ENTRY.NEXT]!) {
    if (!chained.has(entry)) {
      say(`${what}: entry at word ${entry} is in no chain`)
      return
    }
    if (i32[entry + ENTRY.PARENT] !== at) {
      say(`${what}: lists an entry of another directory`)
      return
    }
    if (i32[entry + ENTRY.PREVIOUS] !== previous)
      say(`${what}: entry at word ${entry} has a wrong predecessor`)
    if (i32[entry + ENTRY.COOKIE]! <= cookie) {
      say(`${what}: cookies do not ascend`)
      return
    }
    cookie = i32[entry + ENTRY.COOKIE]!
    previous = entry
    count++
  }
  if (i32[at + INODE.LAST] !== previous) say(`${what}: its last entry is wrong`)
  if (i32[at + INODE.COUNT] !== count)
    say(`${what}: ${count} entries listed, ${i32[at + INODE.COUNT]} counted`)
  if (i32[at + INODE.COOKIE]! <= cookie) say(`${what}: its next cookie is in use`)
  checkParent(volume, at, counts.get(at) ?? 0, say)
}

const checkParent = (volume: Volume, at: number, names: number, say: Say): void => {
  const { i32 } = volume.memory
  const what = `directory ${at >>> INODE_SHIFT}`
  const mount = mountAt(volume, i32[at + INODE.DEVICE]!)
  const isRoot = i32[mount + MOUNT.ROOT] === at
  const isGone = i32[at + INODE.PARENT] === 0
  if (names !== (isRoot || isGone ? 0 : 1)) say(`${what}: ${names} names`)
  if (isGone || isRoot) return
  const entry = i32[at + INODE.ENTRY]!
  if (i32[entry + ENTRY.INODE] !== at || i32[entry + ENTRY.PARENT] !== i32[at + INODE.PARENT])
    say(`${what}: parent and entry do not agree`)
  let above = at
  for (let step = 0; step < 100000; step++) {
    if (i32[mountAt(volume, i32[above + INODE.DEVICE]!) + MOUNT.ROOT] === above) return
    above = i32[above + INODE.PARENT]!
  }
  say(`${what}: hangs in a circle`)
}

const checkMounts = (volume: Volume, live: Set<number>, say: Say): void => {
  const { i32 } = volume.memory
  for (let device = 1; device < MAX_MOUNTS; device++) {
    const root = i32[mountAt(volume, device) + MOUNT.ROOT]!
    const covered = i32[mountAt(volume, device) + MOUNT.COVERED]!
    if (root === 0) continue
    if (!live.has(root) || i32[root + INODE.DEVICE] !== device) say(`mount ${device} has no root`)
    if (covered === 0) continue
    if (!live.has(covered) || i32[covered + INODE.COVERED_BY] !== root) say(`mount ${device} covers nothing`)
    if (i32[root + INODE.PARENT] !== i32[covered + INODE.PARENT]) say(`mount ${device} has a wrong parent`)
  }
}
