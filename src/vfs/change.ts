/**
 * The ring of changes: numbers of inodes whose bytes, facts or entries changed, for persistence and watching.
 *
 *   ring      … │ 4711 │ 12 │ 4713 │ …        position = CHANGES modulo its length
 *   readers   each has a cursor; CHANGES_READ is the furthest
 *
 * An inode that stands in the ring and was not read since is not written again: every reader has it still before it.
 *
 * Invariant: written at the end of a change and read under the lock, so who reads a number finds the change done.
 */
import { THREAD, threadAt } from '../memory/layout.ts'
import { put } from '../memory/undo.ts'
import { hold } from './hold.ts'
import { FS, INODE, INODE_SHIFT, RING_WORDS } from './layout.ts'
import type { Volume } from './volume.ts'

const CURSOR_MASK = 0x7fffffff

export const changed = (volume: Volume, at: number): void => {
  const { i32 } = volume.memory
  const { base } = volume
  i32[at + INODE.WRITER] = i32[threadAt(volume.memory.thread) + THREAD.PID]!
  const position = i32[base + FS.CHANGES]!
  const before = i32[at + INODE.CHANGED]!
  const isWaiting = ((before - i32[base + FS.CHANGES_READ]!) | 0) >= 0
  if (isWaiting && ((position - before) | 0) < RING_WORDS) return
  // Behind the end of the ring: nobody has read it yet.
  i32[i32[base + FS.RING]! + (position & (RING_WORDS - 1))] = at >>> INODE_SHIFT
  put(i32, at + INODE.CHANGED, position)
  put(i32, base + FS.CHANGES, (position + 1) | 0)
}

/**
 * Inodes that changed since `cursor`, each once. What is no cursor (below 0, or 2^31 and above) asks for a first one: no inodes,
 * and changes count from now. Cursors wrap.
 */
export const changesSince = (
  volume: Volume,
  cursor: number,
): { cursor: number; inodes: number[]; overflow: boolean } =>
  hold(volume, () => {
    const { i32 } = volume.memory
    const { base } = volume
    const end = i32[base + FS.CHANGES]!
    i32[base + FS.CHANGES_READ] = end
    const isFirst = cursor < 0 || cursor > CURSOR_MASK
    const count = isFirst ? 0 : (end - cursor) & CURSOR_MASK
    const overflow = count > RING_WORDS
    const inodes = new Set<number>()
    const ring = i32[base + FS.RING]!
    for (let index = count; index > 0 && !overflow; index--)
      inodes.add(i32[ring + ((end - index) & (RING_WORDS - 1))]!)
    return { cursor: end & CURSOR_MASK, inodes: [...inodes], overflow }
  })
