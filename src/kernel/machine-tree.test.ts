import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { TreeChange, TreeStep } from '../abi/disk.ts'
import { createMemory } from '../memory/memory.ts'
import { createFiles } from '../vfs/files.ts'
import { formatVfs } from '../vfs/format.ts'
import { fsck } from '../vfs/fsck.ts'
import { attachVfs } from '../vfs/vfs.ts'
import { createTreeCaller } from './machine-tree.ts'

const HOME = '/home/project'
const encode = (text: string): Uint8Array => new TextEncoder().encode(text)

const setUp = () => {
  const memory = createMemory()
  formatVfs(memory)
  const vfs = attachVfs(memory)
  const files = createFiles(vfs)
  files.mkdir(HOME, { recursive: true })
  let nudges = 0
  const caller = () =>
    createTreeCaller({
      vfs,
      home: HOME,
      keep: async () => {},
      nudge: () => void nudges++,
      moving: (value) => value,
    })
  const { tree, turn } = caller()
  const text = (path: string): string => new TextDecoder().decode(files.readFile(`${HOME}/${path}`))
  const changes = (): Record<string, string> =>
    Object.fromEntries((tree.look() as TreeChange[]).map(({ path, kind }) => [path, kind]))
  const versionOf = (path: string): string => tree.read([path])[0]?.version ?? 'none'
  const apply = (step: TreeStep): string => tree.apply([step])[0]?.state ?? 'none'
  return { files, caller, turn, tree, text, changes, versionOf, apply }
}

test('a look tells what differs from the one before, and nothing twice', () => {
  const { files, changes } = setUp()
  files.mkdir(`${HOME}/d`)
  files.writeFile(`${HOME}/d/a`, encode('1'))
  files.symlink('a', `${HOME}/d/link`)
  assert.deepEqual(changes(), { d: 'directory', 'd/a': 'file', 'd/link': 'other' })
  assert.deepEqual(changes(), {})
  files.writeFile(`${HOME}/d/a`, encode('1'))
  files.rename(`${HOME}/d`, `${HOME}/e`)
  assert.deepEqual(changes(), {
    e: 'directory',
    'e/a': 'file',
    'e/link': 'other',
    d: 'gone',
    'd/a': 'gone',
    'd/link': 'gone',
  })
})

test('a change of the machine is told once to who waits, what the caller did itself is not', async () => {
  const { files, turn: look, tree, changes, apply } = setUp()
  changes()
  let isTold = false
  void tree.differs().then(() => {
    isTold = true
  })
  const turn = async (now: number): Promise<void> => {
    look(now)
    await Promise.resolve()
  }
  await turn(1e6)
  assert.equal(isTold, false)
  assert.equal(apply({ type: 'write', path: 'a', bytes: encode('1'), version: null }), 'done')
  await turn(2e6)
  assert.equal(isTold, false)
  files.writeFile(`${HOME}/b`, encode('1'))
  files.writeFile('/tmp/elsewhere', encode('1'))
  await turn(3e6)
  assert.equal(isTold, true)
  assert.deepEqual(changes(), { b: 'file' })
})

test('a second caller sees everything, although the first is still looking', () => {
  const { files, caller, changes } = setUp()
  files.writeFile(`${HOME}/a`, encode('1'))
  files.writeFile(`${HOME}/b`, encode('1'))
  changes()
  const second = caller().tree
  files.writeFile(`${HOME}/c`, encode('1'))
  assert.deepEqual(changes(), { c: 'file' })
  assert.deepEqual(
    (second.look() as TreeChange[]).map(({ path }) => path),
    ['a', 'b', 'c'],
  )
})

test('a step is only made while the file is what the caller saw', () => {
  const { files, text, versionOf, apply } = setUp()
  files.writeFile(`${HOME}/a`, encode('old'))
  const old = versionOf('a')
  files.writeFile(`${HOME}/a`, encode('new'))
  assert.equal(apply({ type: 'write', path: 'a', bytes: encode('x'), version: old }), 'changed')
  assert.equal(apply({ type: 'write', path: 'a', bytes: encode('x'), version: null }), 'changed')
  assert.equal(apply({ type: 'remove', path: 'a', version: old }), 'changed')
  assert.equal(apply({ type: 'aside', path: 'a', to: 'a.mine', how: 'copy', version: old }), 'changed')
  assert.equal(text('a'), 'new')
  assert.equal(
    apply({ type: 'aside', path: 'a', to: 'a.mine', how: 'copy', version: versionOf('a') }),
    'done',
  )
  assert.equal(
    apply({ type: 'aside', path: 'a', to: 'a.mine', how: 'copy', version: versionOf('a') }),
    'changed',
  )
  assert.equal(apply({ type: 'write', path: 'a', bytes: encode('theirs'), version: versionOf('a') }), 'done')
  assert.deepEqual([text('a'), text('a.mine')], ['theirs', 'new'])
  assert.equal(apply({ type: 'remove', path: 'a', version: versionOf('a') }), 'done')
  assert.equal(files.exists(`${HOME}/a`), false)
})

test('a file is written in place and keeps its mode, but not through another name of it', () => {
  const { files, text, versionOf, apply } = setUp()
  files.writeFile(`${HOME}/run`, encode('a long old text'), { mode: 0o755 })
  const { inode } = files.stat(`${HOME}/run`)
  apply({ type: 'write', path: 'run', bytes: encode('short'), version: versionOf('run') })
  const after = files.stat(`${HOME}/run`)
  assert.deepEqual([after.inode, after.mode, text('run')], [inode, 0o755, 'short'])
  files.link(`${HOME}/run`, `${HOME}/twin`)
  apply({ type: 'write', path: 'run', bytes: encode('mine alone'), version: versionOf('run') })
  assert.deepEqual([text('run'), text('twin')], ['mine alone', 'short'])
  apply({ type: 'write', path: 'script', bytes: encode('#!/bin/sh\n'), version: null })
  assert.equal(files.stat(`${HOME}/script`).mode, 0o755)
  assert.deepEqual(fsck(files), [])
})

test('folders: made where a folder may be, removed only when empty, moved whole', () => {
  const { files, apply } = setUp()
  files.writeFile(`${HOME}/file`, encode('1'))
  assert.equal(apply({ type: 'mkdir', path: 'd' }), 'done')
  assert.equal(apply({ type: 'mkdir', path: 'd' }), 'done')
  assert.equal(apply({ type: 'mkdir', path: 'file' }), 'changed')
  files.writeFile(`${HOME}/d/x`, encode('1'))
  assert.equal(apply({ type: 'rmdir', path: 'd' }), 'changed')
  assert.equal(apply({ type: 'rmdir', path: 'file' }), 'changed')
  assert.equal(apply({ type: 'aside', path: 'd', to: 'd.mine', how: 'move', version: '' }), 'done')
  assert.equal(files.exists(`${HOME}/d.mine/x`), true)
  assert.equal(apply({ type: 'write', path: 'no/such/parent', bytes: encode('1'), version: null }), 'changed')
})
