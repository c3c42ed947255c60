import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  checkTree,
  packTree,
  readTree,
  TREE_DIRECTORY,
  TREE_FILE,
  TREE_HARD_LINK,
  TREE_SYMLINK,
  TreeError,
  type TreeSource,
} from './tree.ts'

const text = (bytes: Uint8Array): string => new TextDecoder().decode(bytes)
const HEADER = 24
const SAMPLE: TreeSource[] = [
  { kind: TREE_DIRECTORY, path: 'src' },
  {
    kind: TREE_FILE,
    path: 'src/main.py',
    mode: 0o755,
    mtimeNs: 1_700_000_000_123_456_789n,
    data: 'print(1)\n',
  },
  { kind: TREE_SYMLINK, path: 'link', data: 'src/main.py' },
  { kind: TREE_HARD_LINK, path: 'src/again.py', data: 'src/main.py' },
  { kind: TREE_FILE, path: 'nëw\nline\\name', data: new Uint8Array([0, 255, 10]) },
]

test('a packed tree reads back as it was', () => {
  const read = [...readTree(packTree(SAMPLE))]
  assert.deepEqual(
    read.map((entry) => [entry.kind, text(entry.path), entry.mode, entry.mtimeNs]),
    [
      [TREE_DIRECTORY, 'src', 0o755, 0n],
      [TREE_FILE, 'src/main.py', 0o755, 1_700_000_000_123_456_789n],
      [TREE_SYMLINK, 'link', 0o777, 0n],
      [TREE_HARD_LINK, 'src/again.py', 0o644, 0n],
      [TREE_FILE, 'nëw\nline\\name', 0o644, 0n],
    ],
  )
  assert.equal(text(read[1]?.data ?? new Uint8Array()), 'print(1)\n')
  assert.deepEqual([...(read[4]?.data ?? [])], [0, 255, 10])
  assert.deepEqual(checkTree(packTree(SAMPLE)), { files: 2, directories: 1, links: 2, bytes: 12 })
})

test('a tree reads from the middle of a larger buffer', () => {
  const packed = packTree(SAMPLE)
  const large = new Uint8Array(packed.length + 20)
  large.set(packed, 7)
  assert.equal([...readTree(large.subarray(7, 7 + packed.length))].length, SAMPLE.length)
})

test('an empty tree is magic and end', () => {
  assert.equal(packTree([]).length, 4 + HEADER)
  assert.deepEqual([...readTree(packTree([]))], [])
})

test('a tree cut off anywhere is an error, never a short answer', () => {
  const packed = packTree(SAMPLE)
  for (let length = 0; length < packed.length; length++)
    assert.throws(() => checkTree(packed.slice(0, length)), TreeError, `cut at ${length}`)
})

test('a tree with any byte changed gives an error or well-formed entries, nothing else', () => {
  const packed = packTree(SAMPLE)
  for (let index = 0; index < packed.length; index++)
    for (const flip of [0x01, 0x80, 0xff]) {
      const changed = packed.slice()
      changed[index] = (changed[index] ?? 0) ^ flip
      try {
        for (const entry of readTree(changed)) assert.ok(!text(entry.path).split('/').includes('..'))
      } catch (error) {
        assert.ok(error instanceof TreeError, `byte ${index}: ${String(error)}`)
      }
    }
})

const BAD: [string, TreeSource[], RegExp][] = [
  ['empty path', [{ kind: TREE_FILE, path: '' }], /empty/],
  ['absolute path', [{ kind: TREE_FILE, path: '/etc' }], /empty name/],
  ['trailing slash', [{ kind: TREE_DIRECTORY, path: 'a/' }], /empty name/],
  ['dot', [{ kind: TREE_FILE, path: '.' }], /\. or \.\./],
  ['parent', [{ kind: TREE_FILE, path: '..' }], /\. or \.\./],
  ['zero byte', [{ kind: TREE_FILE, path: 'a\0b' }], /zero byte/],
  ['long name', [{ kind: TREE_FILE, path: 'é'.repeat(128) }], /255 bytes/],
  ['orphan', [{ kind: TREE_FILE, path: 'a/b' }], /parent/],
  [
    'twice',
    [
      { kind: TREE_FILE, path: 'a' },
      { kind: TREE_DIRECTORY, path: 'a' },
    ],
    /twice/,
  ],
  [
    'through a link',
    [
      { kind: TREE_SYMLINK, path: 'a', data: '/' },
      { kind: TREE_FILE, path: 'a/b' },
    ],
    /parent/,
  ],
  ['directory data', [{ kind: TREE_DIRECTORY, path: 'a', data: 'x' }], /no data/],
  ['link to nothing', [{ kind: TREE_SYMLINK, path: 'a' }], /no target/],
  [
    'hard link ahead',
    [
      { kind: TREE_HARD_LINK, path: 'a', data: 'b' },
      { kind: TREE_FILE, path: 'b' },
    ],
    /before it/,
  ],
  ['mode', [{ kind: TREE_FILE, path: 'a', mode: 0o100644 }], /07777/],
  ['time', [{ kind: TREE_FILE, path: 'a', mtimeNs: -1n }], /64 bits/],
]

for (const [name, entries, message] of BAD)
  test(`packing refuses: ${name}`, () => {
    assert.throws(
      () => packTree(entries),
      (error) => error instanceof TreeError && message.test(error.message),
    )
  })

test('reading refuses what packing refuses', () => {
  const packed = packTree([{ kind: TREE_FILE, path: 'aa' }])
  packed.set([0x2e, 0x2e], 4 + HEADER)
  assert.throws(() => checkTree(packed), /entry at byte 4: the path holds \. or \.\./)
})
