/**
 * Files of a project that was opened by its names and facts alone: their bytes come afterwards, part by part, and sooner when somebody
 * wants them.
 *
 *   mount ─► inode: facts, size, ABSENT ─► bytes come ─► filled apart ─► one step: storage in place, ABSENT gone
 *
 * Whoever reads, writes or cuts such a file is made to wait (data.ts); nobody else looks at bytes. To come is no change: sequence,
 * times and versions stay, so neither the log nor a watch nor the folder of the disk takes notice.
 *
 * Invariant: an inode that is ABSENT has a size, no storage, and room that is promised to it. Once it is not, it never is again.
 */
import type { Node } from '../lib/nodes.ts'
import { once } from '../lib/once.ts'
import { hintOf, sizeOf } from '../lib/recovery.ts'
import { BLOCK_BYTES, type Body } from '../lib/segment.ts'
import { granulesOf, redeemRoom } from '../memory/heap.ts'
import { beginWrite, endWrite } from '../memory/sequence.ts'
import { setWord } from '../memory/slots.ts'
import { keep, put } from '../memory/undo.ts'
import { changed } from './change.ts'
import { setSize, sizeOf as sizeNow } from './content.ts'
import { FILLED, fillContent } from './fill.ts'
import { hold } from './hold.ts'
import { takeInode } from './inode.ts'
import { INODE, INODE_SHIFT, PAGE_BYTES, PAGE_GRANULES, RUN_MAX } from './layout.ts'
import { pinAt, unpinAt } from './pin.ts'
import { shrink } from './storage.ts'
import { listContent } from './store-index.ts'
import { KIND } from './types.ts'
import type { Volume } from './volume.ts'

/** The bodies that hold a file's content, some of them more than once. */
export const eachBody = ({ body, blocks }: Node, visit: (body: Body) => void): void => {
  if (body) visit(body)
  for (const block of blocks?.values() ?? []) visit(block.body)
}

/** Whether all bytes of a file or link are here. */
export const isHere = ({ body, blocks }: Node): boolean => {
  if (body && body.u8 === null) return false
  if (blocks) for (const block of blocks.values()) if (block.body.u8 === null) return false
  return true
}

/** A file that can be mounted, but not read yet. A folder or link has nothing to wait for, whatever its record says. */
export const isLate = (node: Node): boolean => node.kind === KIND.FILE && !isHere(node)

const PAGES_PER_NODE = 1024

/** Granules that its storage takes at most. */
export const roomFor = (node: Node): number => {
  const size = sizeOf(node)
  if (size <= RUN_MAX) return granulesOf(size)
  let pages = 0
  const leaves = new Set<number>()
  for (const [number, { length }] of node.blocks ?? []) {
    pages += Math.ceil(length / PAGE_BYTES)
    leaves.add(Math.floor((number * BLOCK_BYTES) / PAGE_BYTES / PAGES_PER_NODE))
  }
  return (pages + leaves.size + 2) * PAGE_GRANULES
}

/** Lets a fresh inode wait for its bytes. Lock held. The room for them is the caller's to promise. */
export const expectContent = ({ memory: { i32 } }: Volume, at: number, node: Node): void => {
  const size = sizeOf(node)
  i32[at + INODE.SIZE] = size | 0
  i32[at + INODE.SIZE_HIGH] = (size / 4294967296) | 0
  i32[at + INODE.ABSENT] = 1
}

export interface Arrivals {
  /** Files whose bytes have not come, by inode. */
  readonly waiting: ReadonlyMap<number, Node>
  /** The bytes of a waiting file are here now. False when the machine is full: it waits on. */
  place(inode: number): boolean
  /** They are lost. The file is what `older` says, or empty, and everybody sees a change. False when the machine is full. */
  placeOlder(inode: number, older: Node | undefined): boolean
  /** Gives back what the work needed. */
  end(): void
}

const STORAGE = [INODE.DATA, INODE.CAPACITY, INODE.DEPTH, INODE.STORE] as const

/** @param expected as `restoreVolume` gives it */
export const createArrivals = (volume: Volume, expected: () => Map<number, Node>): Arrivals => {
  const { memory } = volume
  const waiting = once(expected)
  /** An empty file without a name, pinned: bytes are put together there, and moved when all are there. */
  let bench = 0
  const takeBench = (): boolean => {
    if (bench !== 0) return true
    bench = hold(volume, () => takeInode(volume, KIND.FILE, 0, 0))
    if (bench === 0) return false
    pinAt(volume, bench)
    hold(volume, () => put(memory.i32, bench + INODE.LINKS, 0))
    return true
  }
  const isAbsent = (at: number): boolean =>
    memory.i32[at + INODE.KIND] === KIND.FILE && memory.i32[at + INODE.ABSENT] !== 0
  const empty = (): void => {
    shrink(volume, bench, 0)
    setSize(memory.i32, bench, 0)
  }
  const move = (at: number): void => {
    const { i32 } = memory
    for (const word of STORAGE) {
      put(i32, at + word, i32[bench + word]!)
      put(i32, bench + word, 0)
    }
    setSize(i32, bench, 0)
    keep(i32, at + INODE.ABSENT)
    // After everything else, also for those who look without the lock.
    setWord(memory, at + INODE.ABSENT, 0)
  }
  /** Gives the file that content, if it still waits: it may be removed or cut to nothing at any time. False when the machine is full. */
  const settle = (
    inode: number,
    content: Node | undefined,
    seal: (at: number, node: Node) => void,
  ): boolean => {
    const node = waiting().get(inode)
    if (!node) return true
    if (!takeBench()) return false
    const at = inode << INODE_SHIFT
    const room = roomFor(node)
    hold(volume, () => redeemRoom(memory, room))
    // Apart from everybody, and in many holds: a file may be large.
    const hasRoom = !content || !isAbsent(at) || fillContent(volume, bench, content) !== FILLED.NOT
    return hold(volume, () => {
      if (hasRoom && isAbsent(at)) seal(at, node)
      else empty()
      // It stays promised, although others have what there was.
      if (!hasRoom) redeemRoom(memory, -room)
      else waiting().delete(inode)
      return hasRoom
    })
  }
  return {
    get waiting() {
      return waiting()
    },
    place: (inode) =>
      settle(inode, waiting().get(inode), (at, node) => {
        const isOwn = memory.i32[bench + INODE.STORE] === 0
        move(at)
        if (isOwn && hintOf(node) !== 0) listContent(volume, at, hintOf(node))
      }),
    placeOlder: (inode, older) =>
      settle(inode, older, (at) => {
        const { i32 } = memory
        beginWrite(i32, at)
        setSize(i32, at, sizeNow(i32, bench))
        move(at)
        endWrite(i32, at)
        changed(volume, at)
      }),
    end: () => {
      if (bench !== 0) unpinAt(volume, bench)
      bench = 0
    },
  }
}
