import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ERRNO } from '../abi/errno.ts'
import { packTree, type TreeSource } from '../abi/tree.ts'
import { createMemory } from '../memory/memory.ts'
import { createFiles } from './files.ts'
import { formatVfs } from './format.ts'
import { fsck } from './fsck.ts'
import { eachInode } from './inode.ts'
import { INODE, INODE_SHIFT, STORED } from './layout.ts'
import { createRandom } from './model-choices.ts'
import { contentOf, hashContent } from './store.ts'
import { listContent } from './store-index.ts'
import { OPEN, type SharedVfs } from './types.ts'
import { attachVfs } from './vfs.ts'

const machine = () => {
  const memory = createMemory()
  formatVfs(memory)
  const vfs = attachVfs(memory)
  return { memory, vfs, files: createFiles(vfs) }
}

const noise = (length: number, seed: number): Uint8Array => {
  const random = createRandom(seed)
  return Uint8Array.from({ length }, () => random(256))
}

const text = (bytes: string): Uint8Array => new TextEncoder().encode(bytes)

/** A package as they are: many small files, some middle ones, two large ones; and 1 MiB of it in one. */
const packageTree = (): { tree: Uint8Array; paths: string[]; bytes: number } => {
  const random = createRandom(7)
  const sizes = [...Array.from({ length: 150 }, () => 200 + random(12_000)), 70_000, 500_000, 1_048_577]
  const sources: TreeSource[] = [{ kind: 2, path: 'lib' }]
  for (const [index, size] of sizes.entries())
    sources.push({ kind: 1, path: `lib/f${index}.js`, data: noise(size, index + 1) })
  const paths = sources.flatMap(({ kind, path }) => (kind === 1 ? [String(path)] : []))
  return { tree: packTree(sources), paths, bytes: sizes.reduce((sum, size) => sum + size, 0) }
}

const stored = ({ volume }: SharedVfs): number => {
  let count = 0
  eachInode(volume, (at) => {
    if (volume.memory.i32[at + INODE.KIND] === STORED) count++
  })
  return count
}

const withFile = (vfs: SharedVfs, path: string, work: (inode: number) => number): number => {
  const file = vfs.open(vfs.root, text(path), 0, text(path).length, 0, OPEN.WRITE, 0)
  try {
    return work(file)
  } finally {
    vfs.unpin(file)
  }
}

test('the same package in ten projects costs once', (context) => {
  const { vfs, files } = machine()
  const { tree, paths, bytes } = packageTree()
  files.writeTree('/project0', tree)
  const once = files.usage().used
  for (let project = 1; project < 10; project++) files.writeTree(`/project${project}`, tree)
  const more = files.usage().used - once
  context.diagnostic(
    `${bytes} bytes in ${paths.length} files: nine more copies took ${more} bytes, ` +
      `${((more / bytes) * 100).toFixed(1)} % of one, ${Math.round(more / paths.length / 9)} per file and copy`,
  )
  assert.ok(more < bytes * 0.15, `${more} bytes for nine more copies of ${bytes}`)
  assert.equal(files.usage().content, bytes * 10)
  assert.equal(stored(vfs), paths.length)
  for (const path of paths)
    for (const project of [0, 4, 9])
      assert.deepEqual(files.readFile(`/project${project}/${path}`), files.readFile(`/project1/${path}`))
  assert.deepEqual(fsck(files), [])
})

const CHANGES: [string, (vfs: SharedVfs, path: string) => number][] = [
  [
    'a byte in the middle',
    (vfs, path) => withFile(vfs, path, (file) => vfs.write(file, 100, text('!'), 0, 1)),
  ],
  ['an append', (vfs, path) => withFile(vfs, path, (file) => vfs.write(file, -1, text('more'), 0, 4))],
  [
    'a write far behind the end',
    (vfs, path) => withFile(vfs, path, (file) => vfs.write(file, 9_000_000, text('x'), 0, 1)),
  ],
  ['a cut', (vfs, path) => withFile(vfs, path, (file) => vfs.truncate(file, 150))],
  ['a cut to nothing', (vfs, path) => withFile(vfs, path, (file) => vfs.truncate(file, 0))],
  ['growth', (vfs, path) => withFile(vfs, path, (file) => vfs.truncate(file, 2_000_001))],
  ['room made in it', (vfs, path) => withFile(vfs, path, (file) => vfs.allocate(file, 0, 3000))],
  [
    'a rewrite of everything',
    (vfs, path) => withFile(vfs, path, (file) => vfs.write(file, 0, noise(1_100_000, 99), 0, 1_100_000)),
  ],
  ['its removal', (vfs, path) => vfs.unlink(vfs.root, text(path), 0, text(path).length, 0)],
]

for (const [what, change] of CHANGES)
  test(`${what} in one copy leaves nine as they were`, () => {
    const { vfs, files } = machine()
    const { tree, paths } = packageTree()
    files.mkdir('/other')
    const empty = files.usage().used
    files.writeTree('/before', tree)
    for (let project = 0; project < 10; project++) files.writeTree(`/project${project}`, tree)
    const expected = new Map(paths.map((path) => [path, files.readFile(`/before/${path}`)]))
    files.rm('/before', { recursive: true })
    for (const path of paths) assert.ok(change(vfs, `/project3/${path}`) >= 0)
    assert.deepEqual(fsck(files), [])
    for (let project = 0; project < 10; project++) {
      if (project === 3) continue
      for (const path of paths) {
        const bytes = files.readFile(`/project${project}/${path}`)
        assert.ok(Buffer.compare(bytes, expected.get(path) ?? bytes.subarray(1)) === 0, `${project}/${path}`)
      }
    }
    for (let project = 0; project < 10; project++) files.rm(`/project${project}`, { recursive: true })
    assert.deepEqual(fsck(files), [])
    assert.equal(stored(vfs), 0)
    // Chunks of inodes and names, and the table of contents, stay.
    assert.ok(files.usage().used - empty < 1_000_000)
  })

test('what is written to a copy is what is read there', () => {
  const { vfs, files } = machine()
  for (const size of [300, 4096, 65_536, 65_537, 300_000, 5_000_000]) {
    const data = noise(size, size)
    files.writeTree('/', packTree(['a', 'b', 'c'].map((path) => ({ kind: 1, path, data }))))
    const expected = data.slice()
    for (const at of [0, 5, 4090, Math.floor(size / 2), size - 3]) {
      if (at >= size) continue
      expected.set(text('change').subarray(0, size - at), at)
      withFile(vfs, '/b', (file) => vfs.write(file, at, text('change'), 0, Math.min(6, size - at)))
    }
    withFile(vfs, '/c', (file) => vfs.truncate(file, size - 200) || vfs.truncate(file, size + 5000))
    const cut = new Uint8Array(size + 5000)
    cut.set(data.subarray(0, size - 200))
    assert.deepEqual(files.readFile('/a'), data)
    assert.deepEqual(files.readFile('/b'), expected)
    assert.deepEqual(files.readFile('/c'), cut)
    assert.deepEqual(fsck(files), [])
  }
})

test('the last one that has a shared content writes to it without a copy', () => {
  const { vfs, files } = machine()
  const data = noise(3_000_000, 5)
  files.writeTree('/', packTree(['a', 'b'].map((path) => ({ kind: 1, path, data }))))
  assert.equal(stored(vfs), 1)
  files.rm('/a')
  const { used } = files.usage()
  assert.equal(
    withFile(vfs, '/b', (file) => vfs.write(file, 10, text('mine'), 0, 4)),
    4,
  )
  assert.equal(stored(vfs), 0)
  assert.equal(files.usage().used, used)
  assert.deepEqual(fsck(files), [])
})

test('a hash that is forged, or equal by chance, gives nobody the bytes of another', () => {
  const { vfs, files } = machine()
  for (const size of [500, 200_000]) {
    const mine = noise(size, 1)
    const other = noise(size, 2)
    // The same beginning, as long as one look: only the rest tells them apart.
    if (size > 65_536) other.set(mine.subarray(0, 65_536))
    files.writeTree('/', packTree([{ kind: 1, path: 'mine', data: mine }]))
    listContent(vfs.volume, files.stat('/mine').inode << INODE_SHIFT, hashContent(contentOf(other)))
    files.writeTree('/', packTree([{ kind: 1, path: 'other', data: other }]))
    assert.deepEqual(files.readFile('/mine'), mine)
    assert.deepEqual(files.readFile('/other'), other)
    assert.deepEqual(fsck(files), [])
  }
})

test('a file that was written since it was unpacked is no longer taken for what it was', () => {
  const { vfs, files } = machine()
  const data = noise(10_000, 3)
  files.writeTree('/', packTree([{ kind: 1, path: 'first', data }]))
  withFile(vfs, '/first', (file) => vfs.write(file, 9_999, text('?'), 0, 1))
  files.writeTree('/', packTree([{ kind: 1, path: 'second', data }]))
  assert.deepEqual(files.readFile('/second'), data)
  assert.equal(files.readFile('/first')[9_999], '?'.charCodeAt(0))
  assert.equal(stored(vfs), 0)
})

test('a mount that is dropped takes nothing with it that files elsewhere share', () => {
  const { vfs, files } = machine()
  const { tree, paths } = packageTree()
  files.mountTree('/lib', tree, { readonly: true })
  files.writeTree('/project', tree)
  const expected = paths.map((path) => files.readFile(`/lib/${path}`))
  files.unmount('/lib')
  assert.deepEqual(fsck(files), [])
  assert.deepEqual(
    paths.map((path) => files.readFile(`/project/${path}`)),
    expected,
  )
  assert.equal(stored(vfs), paths.length)
})

test('in a full machine a write to a copy is refused, and nothing is lost; what is freed makes room again', () => {
  const memory = createMemory(1024)
  formatVfs(memory)
  const vfs = attachVfs(memory)
  const files = createFiles(vfs)
  const large = noise(9_000_000, 1)
  const small = noise(60_000, 2)
  for (const copy of ['a', 'b', 'c'])
    files.writeTree(
      `/${copy}`,
      packTree([
        { kind: 1, path: 'large', data: large },
        { kind: 1, path: 'small', data: small },
      ]),
    )
  // Shared bytes count once: the third copy would not fit otherwise, nor would what follows.
  let filled = 0
  const fill = new Uint8Array(1_000_000).fill(3)
  const filler = vfs.open(vfs.root, text('fill'), 0, 4, 0, OPEN.CREATE | OPEN.WRITE, 0o644)
  for (let written = fill.length; written === fill.length; filled += written)
    written = Math.max(0, vfs.write(filler, filled, fill, 0, fill.length))
  assert.ok(filled > 40_000_000, `${filled} bytes fit beside 9 MB in three copies`)
  while (vfs.write(filler, filled, fill, 0, 256) > 0) filled += 256
  const write = (path: string, at: number, length: number): number =>
    withFile(vfs, path, (file) => vfs.write(file, at, fill, 0, length))
  for (const [path, at, length] of [
    ['/a/small', 100, 10],
    ['/a/large', 5_000, 10],
    ['/a/large', 4_000_000, 300_000],
    ['/a/large', -1, 100_000],
    ['/a/small', 59_990, 70_000],
  ] as const)
    assert.equal(write(path, at, length), -ERRNO.NOSPC, `${path} at ${at}`)
  for (const copy of ['a', 'b', 'c']) {
    assert.ok(Buffer.compare(files.readFile(`/${copy}/large`), large) === 0)
    assert.ok(Buffer.compare(files.readFile(`/${copy}/small`), small) === 0)
  }
  assert.deepEqual(fsck(files), [])
  // A shorter run needs no room, and neither does an empty file.
  assert.equal(
    withFile(vfs, '/b/small', (file) => vfs.truncate(file, 1000)),
    0,
  )
  assert.equal(
    withFile(vfs, '/b/large', (file) => vfs.truncate(file, 0)),
    0,
  )
  assert.deepEqual(files.readFile('/b/small'), small.subarray(0, 1000))
  vfs.truncate(filler, 0)
  vfs.unpin(filler)
  assert.equal(write('/a/large', 4_000_000, 300_000), 300_000)
  assert.ok(Buffer.compare(files.readFile('/c/large'), large) === 0)
  assert.deepEqual(fsck(files), [])
})

test('twenty thousand contents are still found when the table has grown', () => {
  const { vfs, files } = machine()
  const sources: TreeSource[] = Array.from({ length: 20_000 }, (_, index) => ({
    kind: 1,
    path: `f${index}`,
    data: `the content of ${index}`,
  }))
  files.writeTree('/a', packTree(sources))
  files.writeTree('/b', packTree(sources))
  // What falls out of a full neighbourhood is not shared, which is rare.
  assert.ok(stored(vfs) > 19_900, `${stored(vfs)} of 20000 are shared`)
  assert.deepEqual(fsck(files), [])
})
