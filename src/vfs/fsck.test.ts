import assert from 'node:assert/strict'
import { test } from 'node:test'
import { packTree } from '../abi/tree.ts'
import { GRANULE_WORDS, HEAP } from '../memory/heap.ts'
import { HEAP_AT } from '../memory/layout.ts'
import { createMemory } from '../memory/memory.ts'
import { createFiles } from './files.ts'
import { formatVfs } from './format.ts'
import { fsck } from './fsck.ts'
import { BORROWED, ENTRY, FS, INODE, INODE_SHIFT } from './layout.ts'
import { attachVfs } from './vfs.ts'

/** A small tree, and the words of /d, /d/a and the entry of /d/a. */
const damaged = () => {
  const memory = createMemory(1024)
  formatVfs(memory)
  const vfs = attachVfs(memory)
  const files = createFiles(vfs)
  files.mkdir('/d/e', { recursive: true })
  files.writeFile('/d/a', new Uint8Array(1000))
  files.writeFile('/d/b', new Uint8Array(200000))
  files.link('/d/a', '/d/c')
  const data = new Uint8Array(200_000).fill(7)
  files.writeTree('/s', packTree(['a', 'b'].map((path) => ({ kind: 1, path, data }))))
  assert.deepEqual(fsck(files), [])
  const at = (path: string): number => files.lstat(path).inode << INODE_SHIFT
  return { i32: memory.i32, base: vfs.volume.base, files, at }
}

const DAMAGES: [string, RegExp, (machine: ReturnType<typeof damaged>) => void][] = [
  ['a link count', /3 links, but 2/, ({ i32, at }) => i32[at('/d/a') + INODE.LINKS]!++],
  [
    'a wrong size',
    /bytes in a run/,
    ({ i32, at }) => {
      i32[at('/d/a') + INODE.SIZE] = 5000
    },
  ],
  [
    'a lost run',
    /granules in use/,
    ({ i32, at }) => {
      i32[at('/d/a') + INODE.DATA] = 0
    },
  ],
  [
    'two files on one run',
    /belongs to something else/,
    ({ i32, at }) => {
      i32[at('/d/a') + INODE.DATA] = i32[i32[at('/d/b') + INODE.DATA]!]!
    },
  ],
  [
    'a stored content with too many links',
    /3 links, but 2 files borrow/,
    ({ i32, at }) => i32[i32[at('/s/a') + INODE.STORE]! + INODE.LINKS]!++,
  ],
  [
    'borrowing from what is no stored content',
    /no stored content/,
    ({ i32, at }) => {
      i32[at('/s/a') + INODE.STORE] = at('/d/b')
    },
  ],
  [
    'a page that was never lent',
    /borrowed, but not from/,
    ({ i32, at }) => {
      i32[at('/s/a') + INODE.DATA]! += GRANULE_WORDS
    },
  ],
  [
    'a stored content in the hands of one file',
    /belongs to something else/,
    ({ i32, at }) => {
      i32[at('/s/a') + INODE.DATA]! &= ~BORROWED
    },
  ],
  [
    'a hint to no inode',
    /is no inode/,
    ({ i32, base }) => {
      const table = i32[base + FS.INDEX]!
      for (let slot = table + 2; slot < table + 4098; slot++) if (i32[slot] !== 0) i32[slot]!++
    },
  ],
  ['a negative pin', /-1 pins/, ({ i32, at }) => i32[at('/d/a') + INODE.PINS]!--],
  ['an odd sequence', /odd/, ({ i32, at }) => i32[at('/d/a') + INODE.SEQUENCE]!++],
  ['a wrong hash', /hash|chain/, ({ i32, at }) => i32[i32[at('/d') + INODE.FIRST]! + ENTRY.HASH]!++],
  [
    'a list that skips an entry',
    /predecessor|counted/,
    ({ i32, at }) => {
      const first = i32[at('/d') + INODE.FIRST]!
      i32[first + ENTRY.NEXT] = i32[i32[first + ENTRY.NEXT]! + ENTRY.NEXT]!
    },
  ],
  [
    'a wrong parent',
    /do not agree/,
    ({ i32, at }) => {
      i32[at('/d/e') + INODE.PARENT] = at('/tmp')
    },
  ],
  ['an entry count', /counted/, ({ i32, base }) => i32[base + FS.ENTRIES]!++],
  [
    'a free inode in use',
    /free list|in use/,
    ({ i32, base, at }) => {
      i32[base + FS.FREE_INODE] = at('/d/a')
    },
  ],
  [
    'a name with a slash',
    /cannot be/,
    ({ i32, at }) => {
      i32[i32[at('/d/e') + INODE.ENTRY]! + ENTRY.NAME] = 0x2f
    },
  ],
  ['a free count of the heap', /granules free/, ({ i32 }) => i32[HEAP_AT + HEAP.FREE]!++],
  [
    'an orphan',
    /neither a name nor a pin|links/,
    ({ i32, at }) => {
      i32[at('/d/e') + INODE.LINKS] = 0
    },
  ],
]

for (const [what, message, damage] of DAMAGES)
  test(`fsck finds ${what}`, () => {
    const machine = damaged()
    damage(machine)
    assert.match(fsck(machine.files).join('\n'), message)
  })
