/**
 * Pins: an inode without a name lives as long as somebody has it open. A pin is one atomic addition; only the last one of
 * an unlinked inode takes the lock.
 *
 * Invariant: unlink stores LINKS and then looks at PINS; unpin changes PINS and then looks at LINKS. So one of the two sees
 * that nobody is left, and the lock decides which.
 */

import { beginWrite, endWrite } from '../memory/sequence.ts'
import { addWord, getWord } from '../memory/slots.ts'
import { addWork, commit, hasWork, PENDING, takeWork } from '../memory/undo.ts'
import { fillTable } from './entry.ts'
import { hold } from './hold.ts'
import { eachInode, giveInode } from './inode.ts'
import { INODE, INODE_SHIFT } from './layout.ts'
import { isLoose, shrink, trim } from './storage.ts'
import { KIND } from './types.ts'
import type { Volume } from './volume.ts'

export const pinAt = (volume: Volume, at: number): void => {
  if (at >= volume.memory.i32.length) volume.memory.refresh()
  addWord(volume.memory, at + INODE.PINS, 1)
}

export const unpinAt = (volume: Volume, at: number): void => {
  if (at >= volume.memory.i32.length) volume.memory.refresh()
  if (addWord(volume.memory, at + INODE.PINS, -1) !== 1) return
  const { i32 } = volume.memory
  if (getWord(volume.memory, at + INODE.LINKS) !== 0 && !isLoose(i32, at)) return
  try {
    lastUnpinned(volume, at)
  } catch (error) {
    // Out of stack: whoever comes next looks in this one's place.
    addWork(i32, PENDING.ORPHANS)
    throw error
  }
}

const lastUnpinned = (volume: Volume, at: number): void =>
  hold(volume, () => {
    if (getWord(volume.memory, at + INODE.PINS) > 0) return
    if (volume.memory.i32[at + INODE.KIND] !== KIND.FILE) freeIfUnused(volume, at)
    else if (!freeIfUnused(volume, at)) trimFile(volume, at)
  })

/** Finishes what somebody who was stopped has left to do. Lock held; may itself be stopped. */
export const mendVolume = (volume: Volume): void => {
  const { i32 } = volume.memory
  if (hasWork(i32, PENDING.TABLE)) fillTable(volume)
  const lost = takeWork(i32, PENDING.FREEING | PENDING.ORPHANS)
  if (lost === 0) return
  try {
    freeOrphans(volume)
  } catch (error) {
    addWork(i32, lost)
    throw error
  }
}

/** Frees every inode that has neither name nor pin. */
const freeOrphans = (volume: Volume): void => {
  const orphans: number[] = []
  eachInode(volume, (at) => {
    if (volume.memory.i32[at + INODE.LINKS] === 0) orphans.push(at)
  })
  for (const at of orphans) {
    freeIfUnused(volume, at)
    commit(volume.memory.i32)
  }
}

const trimFile = (volume: Volume, at: number): void => {
  beginWrite(volume.memory.i32, at)
  trim(volume, at)
  endWrite(volume.memory.i32, at)
}

/** Frees an inode that has neither name nor pin. Lock held. True when it did. */
export const freeIfUnused = (volume: Volume, at: number): boolean => {
  const { i32 } = volume.memory
  if (i32[at + INODE.KIND] === 0 || i32[at + INODE.LINKS] !== 0) return false
  if (getWord(volume.memory, at + INODE.PINS) > 0) return false
  beginWrite(i32, at)
  shrink(volume, at, 0)
  endWrite(i32, at)
  giveInode(volume, at)
  return true
}

export const pin = (volume: Volume, inode: number): void => pinAt(volume, inode << INODE_SHIFT)
export const unpin = (volume: Volume, inode: number): void => unpinAt(volume, inode << INODE_SHIFT)

/** Pins of all inodes together. */
export const countPins = (volume: Volume): number => {
  volume.lock.acquire()
  try {
    let pins = 0
    eachInode(volume, (at) => {
      pins += getWord(volume.memory, at + INODE.PINS)
    })
    return pins
  } finally {
    volume.lock.release()
  }
}
