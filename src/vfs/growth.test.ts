import assert from 'node:assert/strict'
import { test } from 'node:test'
import { packTree, type TreeSource } from '../abi/tree.ts'
import { createMemory } from '../memory/memory.ts'
import { createFiles } from './files.ts'
import { formatVfs } from './format.ts'
import { fsck } from './fsck.ts'
import { OPEN } from './types.ts'
import { attachVfs } from './vfs.ts'

const FILES = 100_000
const BYTES = 2 ** 30
const PER_DIRECTORY = 1000

const machine = () => {
  const memory = createMemory()
  formatVfs(memory)
  const vfs = attachVfs(memory)
  return { memory, vfs, files: createFiles(vfs) }
}

test(`${FILES} files: all found again, listed once, whole, and gone without a trace`, () => {
  const { files } = machine()
  const before = files.usage()
  const sources: TreeSource[] = []
  for (let index = 0; index < FILES; index++) {
    const directory = `p/d${Math.floor(index / PER_DIRECTORY)}`
    if (index === 0) sources.push({ kind: 2, path: 'p' })
    if (index % PER_DIRECTORY === 0) sources.push({ kind: 2, path: directory })
    sources.push({ kind: 1, path: `${directory}/file${index}`, data: `content of ${index}` })
  }
  assert.equal(files.writeTree('/', packTree(sources)), FILES)
  assert.deepEqual(fsck(files), [])
  const decoder = new TextDecoder()
  let listed = 0
  for (const directory of files.readdir('/p')) {
    for (const entry of files.readdir(`/p/${directory.name}`)) {
      listed++
      if (listed % 7 !== 0) continue
      const text = decoder.decode(files.readFile(`/p/${directory.name}/${entry.name}`))
      assert.equal(text, `content of ${entry.name.slice(4)}`)
    }
  }
  assert.equal(listed, FILES)
  assert.equal(files.exists('/p/d0/file1000'), false)
  files.rm('/p', { recursive: true })
  assert.deepEqual(fsck(files), [])
  assert.equal(files.usage().files, before.files)
})

test(`one directory of ${FILES} names is listed in time that grows with it, not with its square`, () => {
  const { vfs, files } = machine()
  files.mkdir('/d')
  const encoder = new TextEncoder()
  const directory = files.stat('/d').inode
  for (let index = 0; index < FILES; index++) {
    const name = encoder.encode(`name${index}`)
    vfs.unpin(vfs.open(directory, name, 0, name.length, 0, OPEN.CREATE, 0o644))
  }
  const bytes = new Uint8Array(4096)
  const view = new DataView(bytes.buffer)
  let cookie = 0
  let seen = 0
  let used = bytes.length
  const start = performance.now()
  while (used === bytes.length) {
    used = vfs.readdirWasi(directory, cookie, bytes, view, 0, bytes.length)
    for (let at = 0; at + 24 <= used; ) {
      const length = view.getUint32(at + 16, true)
      if (at + 24 + length > used) break
      cookie = Number(view.getBigUint64(at, true))
      at += 24 + length
      seen++
    }
  }
  assert.equal(seen, FILES + 2)
  // A hundred nanoseconds a name on a quiet machine; from the start each time it would be minutes.
  assert.ok(performance.now() - start < 5000)
})

test(`${BYTES / 2 ** 20} MiB in one file, written, read, cut, and given back`, () => {
  const { vfs, files } = machine()
  const before = files.usage().used
  const chunk = new Uint32Array(2 ** 18)
  const bytes = new Uint8Array(chunk.buffer)
  const name = new TextEncoder().encode('big')
  const file = vfs.open(vfs.root, name, 0, name.length, 0, OPEN.CREATE | OPEN.WRITE, 0o644)
  for (let position = 0; position < BYTES; position += bytes.length) {
    chunk.fill(position / bytes.length + 1)
    assert.equal(vfs.write(file, position, bytes, 0, bytes.length), bytes.length)
  }
  assert.equal(vfs.size(file), BYTES)
  for (let position = 0; position < BYTES; position += bytes.length * 3) {
    assert.equal(vfs.read(file, position, bytes, 0, bytes.length), bytes.length)
    assert.ok(chunk.every((word) => word === position / bytes.length + 1))
  }
  assert.deepEqual(fsck(files), [])
  const overhead = files.usage().used - before - BYTES
  assert.ok(overhead < BYTES / 500, `${overhead} bytes of bookkeeping`)
  vfs.truncate(file, 12345)
  vfs.unpin(file)
  files.rm('/big')
  assert.deepEqual(fsck(files), [])
  assert.ok(files.usage().used - before < 20000)
})
