/** The part of fsck that looks at shared content: who borrows from whom, that all of it is there, and the table of hints. */
import { sizeOf } from './content.ts'
import { eachInode } from './inode.ts'
import { BORROWED, CHUNK_WORDS, FANOUT, FS, INODE, INODE_SHIFT, INODE_WORDS, STORED } from './layout.ts'
import { eachHint } from './store-index.ts'
import { KIND } from './types.ts'
import type { Volume } from './volume.ts'

type Say = (problem: string) => void

export const checkStores = (volume: Volume, say: Say): void => {
  const { i32 } = volume.memory
  const borrowers = new Map<number, number>()
  eachInode(volume, (at) => {
    const store = i32[at + INODE.STORE]!
    if (store !== 0) borrowers.set(store, (borrowers.get(store) ?? 0) + 1)
    checkBorrower(volume, at, say)
  })
  eachInode(volume, (at) => {
    if (i32[at + INODE.KIND] !== STORED) return
    const what = `stored content ${at >>> INODE_SHIFT}`
    const [links, found] = [i32[at + INODE.LINKS]!, borrowers.get(at) ?? 0]
    if (links !== found) say(`${what}: ${links} links, but ${found} files borrow from it`)
    if (i32[at + INODE.DATA] === 0 || sizeOf(i32, at) === 0) say(`${what} is empty`)
  })
  checkHints(volume, say)
}

/** Every borrowed pointer is the one that the stored content has in the same place. */
const checkBorrower = (volume: Volume, at: number, say: Say): void => {
  const { i32 } = volume.memory
  const what = `inode ${at >>> INODE_SHIFT}`
  const store = i32[at + INODE.STORE]!
  const isStore = store !== 0 && i32[store + INODE.KIND] === STORED
  if (store !== 0 && (i32[at + INODE.KIND] !== KIND.FILE || !isStore))
    say(`${what} borrows from ${store >>> INODE_SHIFT}, which is no stored content`)
  const visit = (pointer: number, height: number, page: number): void => {
    if (pointer === 0) return
    if ((pointer & BORROWED) !== 0) {
      if (!isStore || pointerIn(i32, store, height, page) !== (pointer & ~BORROWED))
        say(`${what}: the storage from page ${page} on is borrowed, but not from its stored content`)
      return
    }
    if (height === 0) return
    const each = FANOUT ** (height - 1)
    for (let slot = 0; slot < FANOUT; slot++) visit(i32[pointer + slot]!, height - 1, page + slot * each)
  }
  visit(i32[at + INODE.DATA]!, i32[at + INODE.DEPTH]!, 0)
}

/** What leads to the node of that height in which the page lies; 0: nothing. */
const pointerIn = (i32: Int32Array, at: number, height: number, page: number): number => {
  let pointer = i32[at + INODE.DATA]!
  let above = i32[at + INODE.DEPTH]!
  for (; above > height && pointer !== 0; above--)
    pointer = i32[pointer + (Math.floor(page / FANOUT ** (above - 1)) % FANOUT)]!
  return above === height ? pointer : 0
}

const checkHints = (volume: Volume, say: Say): void => {
  const { i32 } = volume.memory
  const table = i32[volume.base + FS.INDEX]!
  if (table === 0) return
  const chunks = new Set<number>()
  for (let chunk = i32[volume.base + FS.INODE_CHUNKS]!; chunk !== 0; chunk = i32[chunk]!) chunks.add(chunk)
  const isInode = (at: number): boolean => {
    for (let chunk = at - INODE_WORDS; chunk > at - CHUNK_WORDS; chunk -= INODE_WORDS)
      if (chunks.has(chunk)) return true
    return false
  }
  eachHint(i32, table, (at) => {
    if (!isInode(at)) say(`the table of contents leads to word ${at}, which is no inode`)
  })
}
