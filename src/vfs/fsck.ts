/**
 * Checks every structure of the filesystem and the heap under it, from scratch: what is reachable is counted and compared with
 * what is written down. Reads only. Apart from `Files`, so that the kernel's own script is without it (kernel/inspector.ts).
 */
import {
  checkHeap,
  GRANULE_BYTES,
  GRANULE_WORDS,
  granulesOf,
  HEAP,
  heapBounds,
  heapUsage,
  isHeapMap,
} from '../memory/heap.ts'
import { HEAP_AT } from '../memory/layout.ts'
import { sizeOf } from './content.ts'
import { checkNames, type Names } from './fsck-names.ts'
import { checkStores } from './fsck-store.ts'
import { hold } from './hold.ts'
import { eachInode } from './inode.ts'
import {
  BORROWED,
  CHUNK_GRANULES,
  CHUNK_WORDS,
  FANOUT,
  FILE_MAX,
  FS,
  FS_WORDS,
  INODE,
  INODE_SHIFT,
  INODE_WORDS,
  PAGE_GRANULES,
  RING_WORDS,
  STORED,
} from './layout.ts'
import { indexGranules } from './store-index.ts'
import { KIND } from './types.ts'
import type { Volume } from './volume.ts'

/** Enough to see what is wrong. */
const MAX_PROBLEMS = 50

/** Which granules were seen to be in use or free. */
interface Marks {
  mark(run: number, granules: number, what: string): void
  /** Granules marked so far. */
  readonly total: number
}

const createMarks = (volume: Volume, say: (problem: string) => void): Marks => {
  const { from, to } = heapBounds(volume.memory)
  const seen = new Uint8Array(Math.ceil(to / GRANULE_WORDS))
  let total = 0
  return {
    mark: (run, granules, what) => {
      const end = run + granules * GRANULE_WORDS
      if (run < from || end > to || run % GRANULE_WORDS !== 0 || isHeapMap(run)) {
        say(`${what}: its storage at word ${run} is outside of the heap`)
        return
      }
      const first = run / GRANULE_WORDS
      for (let granule = first; granule < first + granules; granule++) {
        if (seen[granule])
          say(`${what}: its storage at word ${granule * GRANULE_WORDS} belongs to something else too`)
        seen[granule] = 1
      }
      total += granules
    },
    get total() {
      return total
    },
  }
}

/** Sentences about what is wrong, none when clean. Takes the lock. */
export const fsck = ({ volume }: { readonly volume: Volume }): string[] =>
  hold(volume, () => checkVolume(volume))

const checkVolume = (volume: Volume): string[] => {
  const problems: string[] = []
  const say = (problem: string): void => {
    if (problems.length < MAX_PROBLEMS) problems.push(problem)
  }
  const { i32 } = volume.memory
  const { base } = volume
  const marks = createMarks(volume, say)
  if ((i32[base + FS.NAMES]! & 1) !== 0) say('the sequence of names is odd although nobody writes')
  for (const problem of checkHeap(volume.memory, (run, granules) => marks.mark(run, granules, 'free run')))
    say(problem)
  const free = marks.total
  marks.mark(base, granulesOf(FS_WORDS * 4), 'superblock')
  marks.mark(i32[base + FS.RING]!, granulesOf(RING_WORDS * 4), 'ring of changes')
  marks.mark(i32[base + FS.TABLE]!, granulesOf((i32[i32[base + FS.TABLE]!]! + 2) * 4), 'bucket table')
  markChunks(volume, marks, FS.INODE_CHUNKS, 'inodes')
  markChunks(volume, marks, FS.ENTRY_CHUNKS, 'entries')
  const index = i32[base + FS.INDEX]!
  if (index !== 0) marks.mark(index, indexGranules(i32, index), 'table of contents')
  checkFreeInodes(volume, say)
  checkStores(volume, say)
  const names = checkNames(volume, say)
  eachInode(volume, (at) => {
    checkStorage(volume, at, marks, say)
    checkInode(volume, at, names, say)
  })
  checkTotals(volume, marks.total - free, say)
  return problems
}

const markChunks = (volume: Volume, marks: Marks, list: number, what: string): void => {
  const { i32 } = volume.memory
  for (let chunk = i32[volume.base + list]!; chunk !== 0; chunk = i32[chunk]!)
    marks.mark(chunk, CHUNK_GRANULES, `chunk of ${what}`)
}

const checkFreeInodes = (volume: Volume, say: (problem: string) => void): void => {
  const { i32 } = volume.memory
  const free = new Set<number>()
  for (let at = i32[volume.base + FS.FREE_INODE]!; at !== 0; at = i32[at + INODE.NEXT_FREE]!) {
    if (free.has(at)) {
      say(`free inode ${at >>> INODE_SHIFT} stands twice in its list`)
      return
    }
    if (i32[at + INODE.KIND] !== 0) say(`inode ${at >>> INODE_SHIFT} is in use and in the free list`)
    free.add(at)
  }
  let used = 0
  eachInode(volume, () => used++)
  let room = 0
  for (let chunk = i32[volume.base + FS.INODE_CHUNKS]!; chunk !== 0; chunk = i32[chunk]!)
    room += CHUNK_WORDS / INODE_WORDS - 1
  if (used + free.size !== room) say(`${used} inodes in use and ${free.size} free, of ${room}`)
}

const checkStorage = (volume: Volume, at: number, marks: Marks, say: (problem: string) => void): void => {
  const { i32 } = volume.memory
  const what = `inode ${at >>> INODE_SHIFT}`
  const data = i32[at + INODE.DATA]!
  const depth = i32[at + INODE.DEPTH]!
  const capacity = i32[at + INODE.CAPACITY]!
  const size = sizeOf(i32, at)
  if (size < 0 || size > FILE_MAX) say(`${what}: its size is ${size}`)
  if (depth < 0 || depth > 3 || (depth > 0 && capacity !== 0))
    say(`${what}: depth ${depth}, capacity ${capacity}`)
  const isOwn = data !== 0 && (data & BORROWED) === 0
  const hasStorage = data !== 0 || depth !== 0 || i32[at + INODE.STORE] !== 0
  if (i32[at + INODE.ABSENT] !== 0 && (hasStorage || i32[at + INODE.KIND] !== KIND.FILE))
    say(`${what}: it has bytes that are still to come`)
  if (depth > 0 && isOwn) markNode(volume, marks, data, depth - 1, what)
  if (depth > 0 || data === 0) return
  if (capacity < size || capacity === 0 || capacity % GRANULE_BYTES !== 0)
    say(`${what}: ${size} bytes in a run of ${capacity}`)
  if (isOwn) marks.mark(data, granulesOf(capacity), what)
}

const markNode = (volume: Volume, marks: Marks, node: number, level: number, what: string): void => {
  const { i32 } = volume.memory
  marks.mark(node, PAGE_GRANULES, what)
  for (let slot = 0; slot < FANOUT; slot++) {
    const child = i32[node + slot]!
    if (child === 0 || (child & BORROWED) !== 0) continue
    if (level > 0) markNode(volume, marks, child, level - 1, what)
    else marks.mark(child, PAGE_GRANULES, what)
  }
}

const checkInode = (volume: Volume, at: number, names: Names, say: (problem: string) => void): void => {
  const { i32 } = volume.memory
  const what = `inode ${at >>> INODE_SHIFT}`
  const kind = i32[at + INODE.KIND]!
  const links = i32[at + INODE.LINKS]!
  const pins = i32[at + INODE.PINS]!
  if ((i32[at + INODE.SEQUENCE]! & 1) !== 0) say(`${what}: its sequence is odd although nobody writes`)
  if (kind < KIND.FILE || kind > STORED) say(`${what}: kind ${kind}`)
  if (pins < 0) say(`${what}: ${pins} pins`)
  if (links === 0 && pins === 0) say(`${what}: neither a name nor a pin, but not freed`)
  const expected = kind === KIND.DIRECTORY ? names.directoryLinks(at) : names.count(at)
  if (kind !== STORED && links !== expected) say(`${what}: ${links} links, but ${expected} were found`)
  if (kind === KIND.SYMLINK && (sizeOf(i32, at) === 0 || i32[at + INODE.DEPTH] !== 0))
    say(`${what}: a link without target`)
}

const checkTotals = (volume: Volume, used: number, say: (problem: string) => void): void => {
  const { i32 } = volume.memory
  const usage = heapUsage(volume.memory)
  const counted = used + i32[volume.base + FS.RETIRED]!
  if (counted * GRANULE_BYTES !== usage.files)
    say(`${counted} granules in use, ${usage.files / GRANULE_BYTES} written down`)
  const { from, to } = heapBounds(volume.memory)
  let granules = 0
  for (let word = from; word < to; word += GRANULE_WORDS) if (!isHeapMap(word)) granules++
  const total = (usage.free + usage.files + usage.objects) / GRANULE_BYTES
  if (granules !== total)
    say(`the heap has ${granules} granules, ${total} written down, end ${i32[HEAP_AT + HEAP.END]}`)
}
