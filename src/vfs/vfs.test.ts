import assert from 'node:assert/strict'
import { test } from 'node:test'
import { isCode } from '../abi/errno.ts'
import { packTree } from '../abi/tree.ts'
import { createMemory } from '../memory/memory.ts'
import { createHeap } from '../memory/object-heap.ts'
import { createFiles } from './files.ts'
import { formatVfs } from './format.ts'
import { fsck } from './fsck.ts'
import { attachVfs } from './vfs.ts'

const machine = (pages?: number) => {
  const memory = createMemory(pages)
  formatVfs(memory)
  const vfs = attachVfs(memory)
  return { memory, vfs, files: createFiles(vfs) }
}
const encode = (text: string): Uint8Array => new TextEncoder().encode(text)
const decode = (bytes: Uint8Array): string => new TextDecoder().decode(bytes)

test('a packed tree is unpacked in one call and replaces what is in the way', () => {
  const { files } = machine()
  files.mkdir('/p/dir', { recursive: true })
  files.writeFile('/p/dir/keep', encode('keep'))
  files.writeFile('/p/new', encode('a file where a directory comes'))
  files.symlink('/outside', '/p/out')
  files.writeFile('/p/one', encode('old'))
  files.link('/p/one', '/other-name')
  const tree = packTree([
    { kind: 2, path: 'dir', mode: 0o700 },
    { kind: 2, path: 'new' },
    { kind: 1, path: 'new/f', data: 'content', mode: 0o755, mtimeNs: 12345678901234567n },
    { kind: 2, path: 'out' },
    { kind: 1, path: 'out/f', data: '' },
    { kind: 1, path: 'one', data: 'new' },
    { kind: 3, path: 'link', data: 'new/f' },
    { kind: 4, path: 'hard', data: 'new/f' },
  ])
  assert.equal(files.writeTree('/p', tree), 3)
  assert.equal(files.writeTree('/p', tree), 3)
  assert.equal(decode(files.readFile('/p/link')), 'content')
  assert.equal(decode(files.readFile('/p/dir/keep')), 'keep')
  assert.equal(files.lstat('/p/out').kind, 2)
  assert.equal(files.exists('/outside'), false)
  assert.equal(decode(files.readFile('/other-name')), 'old')
  const { mode, mtime, links } = files.stat('/p/hard')
  assert.deepEqual([mode, mtime, links], [0o755, 12345678901234567n, 2])
  assert.deepEqual(fsck(files), [])
})

test('a read-only mount is read-only for everybody, and goes away as a whole', () => {
  const { vfs, files } = machine()
  const before = files.usage()
  files.mkdir('/usr')
  const big = new Uint8Array(300000).fill(7)
  const tree = packTree([
    { kind: 2, path: 'lib' },
    { kind: 1, path: 'lib/os.py', data: 'import sys' },
    { kind: 1, path: 'big', data: big },
    { kind: 3, path: 'link', data: 'lib/os.py' },
  ])
  files.mountTree('/usr/python', tree, { readonly: true })
  assert.equal(decode(files.readFile('/usr/python/link')), 'import sys')
  assert.notEqual(files.stat('/usr/python').dev, files.stat('/usr').dev)
  const refused = (code: 'EROFS' | 'EBUSY' | 'EXDEV', work: () => void): void =>
    assert.throws(work, (error) => isCode(error, code), `expected ${code}`)
  refused('EROFS', () => files.writeFile('/usr/python/big', encode('')))
  refused('EROFS', () => files.writeFile('/usr/python/new', encode('')))
  refused('EROFS', () => files.mkdir('/usr/python/new'))
  refused('EROFS', () => files.rm('/usr/python/link'))
  refused('EROFS', () => files.chmod('/usr/python/lib', 0o700))
  refused('EROFS', () => files.rename('/usr/python/big', '/usr/python/small'))
  refused('EXDEV', () => files.rename('/usr/python/big', '/big'))
  refused('EXDEV', () => files.link('/usr/python/big', '/big'))
  refused('EBUSY', () => files.rename('/usr/python', '/elsewhere'))
  const inode = files.stat('/usr/python/lib').inode
  assert.equal(vfs.readonly(inode), true)
  assert.equal(vfs.path(inode), '/usr/python/lib')
  files.rename('/usr', '/moved')
  assert.equal(vfs.path(inode), '/moved/python/lib')
  assert.equal(vfs.path(vfs.parent(files.stat('/moved/python').inode)), '/moved')
  vfs.pin(inode)
  refused('EBUSY', () => files.unmount('/moved/python'))
  vfs.unpin(inode)
  files.unmount('/moved/python')
  files.rm('/moved', { recursive: true })
  assert.deepEqual(fsck(files), [])
  assert.deepEqual([files.usage().files, files.usage().content], [before.files, before.content])
})

test('a tree that is cut off mounts nothing', () => {
  const { files } = machine()
  const tree = packTree([{ kind: 1, path: 'a', data: 'x' }])
  assert.throws(() => files.mountTree('/m', tree.subarray(0, tree.length - 5), { readonly: true }), /cut off/)
  assert.deepEqual(files.readdir('/m'), [])
  assert.deepEqual(fsck(files), [])
})

test('a full machine says ENOSPC, stays whole, and has room again afterwards', () => {
  const { memory, files, vfs } = machine(1024)
  const chunk = new Uint8Array(3 << 20).fill(3)
  assert.throws(
    () => {
      for (let index = 0; index < 100; index++) files.writeFile(`/f${index}`, chunk)
    },
    (error) => isCode(error, 'ENOSPC'),
  )
  assert.throws(
    () => {
      for (let index = 0; index < 1e6; index++) files.writeFile(`/small${index}`, chunk.subarray(0, 100))
    },
    (error) => isCode(error, 'ENOSPC'),
  )
  assert.deepEqual(fsck(files), [])
  assert.deepEqual(files.readFile('/f3'), chunk)
  const file = files.stat('/f2').inode
  assert.equal(vfs.write(file, -1, chunk, 0, chunk.length) < chunk.length, true)
  assert.equal(vfs.allocate(file, 0, 2 ** 30), -51)
  const heap = createHeap(memory)
  const pipe = heap.allocate(65536)
  assert.ok(pipe > 0, 'the reserve still opens a pipe')
  assert.deepEqual(fsck(files), [])
  heap.free(pipe, 65536)
  for (const entry of files.readdir('/')) if (entry.kind === 1) files.rm(`/${entry.name}`)
  assert.deepEqual(fsck(files), [])
  files.writeFile('/again', chunk)
  assert.deepEqual(files.readFile('/again'), chunk)
})

test('changes names each changed inode once, and says when some were lost', () => {
  const { vfs, files } = machine()
  files.mkdir('/d')
  let { cursor } = vfs.changes(-1)
  files.writeFile('/d/a', encode('1'))
  for (let index = 0; index < 10; index++) files.writeFile('/d/a', encode('2'), { append: true })
  const news = vfs.changes(cursor)
  assert.deepEqual(new Set(news.inodes), new Set([files.stat('/d').inode, files.stat('/d/a').inode]))
  assert.equal(news.inodes.length, 2)
  cursor = news.cursor
  assert.deepEqual(vfs.changes(cursor).inodes, [])
  files.chmod('/d/a', 0o600)
  assert.deepEqual(vfs.changes(cursor).inodes, [files.stat('/d/a').inode])
  for (let index = 0; index < 70000; index++) files.writeFile(`/d/${index % 40000}`, encode(''))
  assert.equal(vfs.changes(cursor).overflow, false)
  const late = vfs.changes(cursor).cursor
  for (let round = 0; round < 2; round++) {
    for (let index = 0; index < 40000; index++) files.writeFile(`/d/${index}`, encode('x'))
    vfs.changes(late)
  }
  assert.equal(vfs.changes(late).overflow, true)
})

test('a small file costs little more than its content', () => {
  const { files } = machine()
  const before = files.usage().used
  const data = new Uint8Array(100000)
  let content = 0
  for (let directory = 0; directory < 50; directory++) {
    files.mkdir(`/d${directory}`)
    for (let index = 0; index < 100; index++) {
      const size = Math.floor(-Math.log(1 - ((index * 37) % 100) / 100) * 3600)
      content += size
      files.writeFile(`/d${directory}/file_name_${index}.py`, data.subarray(0, size))
    }
  }
  const overhead = (files.usage().used - before - content) / 5000
  assert.ok(overhead < 600, `${overhead.toFixed(0)} bytes a file`)
})
