import assert from 'node:assert/strict'
import { test } from 'node:test'
import { THREAD, threadAt } from '../memory/layout.ts'
import { attachMemory, createMemory } from '../memory/memory.ts'
import { setWord } from '../memory/slots.ts'
import { createFiles } from '../vfs/files.ts'
import { formatVfs } from '../vfs/format.ts'
import { OPEN } from '../vfs/types.ts'
import { attachVfs } from '../vfs/vfs.ts'
import { createWatches } from './watch.ts'

const setUp = () => {
  const memory = createMemory(1024)
  formatVfs(memory)
  const vfs = attachVfs(memory)
  const files = createFiles(vfs)
  files.mkdir('/home/project', { recursive: true })
  const watches = createWatches(vfs, files)
  const seen = (): Record<number, string[]> => {
    const found: Record<number, string[]> = {}
    watches.look((id, paths) => {
      found[id] = paths.sort()
    })
    return found
  }
  const write = (path: string, text: string): void => files.writeFile(path, new TextEncoder().encode(text))
  return { memory, vfs, files, watches, seen, write }
}

test('a watch names what came, changed and went below its folder, once', () => {
  const { files, watches, seen, write } = setUp()
  write('/home/project/old', '1')
  write('/home/project/gone', '1')
  const id = watches.add('/home/project')
  assert.deepEqual(seen(), {})
  write('/home/project/old', '22')
  files.mkdir('/home/project/new')
  write('/home/project/new/file', '')
  files.rm('/home/project/gone')
  write('/tmp/elsewhere', 'x')
  const names = ['gone', 'new', 'new/file', 'old'].map((name) => `/home/project/${name}`)
  assert.deepEqual(seen(), { [id]: names })
  assert.deepEqual(seen(), {})
})

test('each watch hears of its own folder, and one that was ended of nothing', () => {
  const { watches, seen, write, files } = setUp()
  files.mkdir('/tmp/a')
  const [home, a] = [watches.add('/home'), watches.add('/tmp/a')]
  write('/tmp/a/x', '1')
  assert.deepEqual(seen(), { [a]: ['/tmp/a/x'] })
  watches.remove(a)
  write('/tmp/a/y', '1')
  assert.deepEqual(seen(), {})
  watches.remove(home)
  assert.ok(watches.isEmpty)
})

test('a folder that is not there yet may be watched, and one that vanishes', () => {
  const { files, watches, seen, write } = setUp()
  const id = watches.add('/home/later')
  files.mkdir('/home/later')
  write('/home/later/x', '1')
  assert.deepEqual(seen(), { [id]: ['/home/later/x'] })
  files.rm('/home/later', { recursive: true })
  assert.deepEqual(seen(), { [id]: ['/home/later/x'] })
})

test('a file by itself may be watched', () => {
  const { watches, seen, write } = setUp()
  write('/home/one', '1')
  const id = watches.add('/home/one')
  write('/home/one', '2')
  assert.deepEqual(seen(), { [id]: ['/home/one'] })
})

test('no name that a program can make stops the kernel’s look', () => {
  const { vfs, files, watches, seen, write } = setUp()
  const id = watches.add('/home/project')
  // Deeper than any path can say, as mkdirat allows.
  const name = new Uint8Array(200).fill(100)
  let at = files.stat('/home/project').inode
  for (let depth = 0; depth < 30; depth++) {
    assert.equal(vfs.mkdir(at, name, 0, name.length, 0, 0o755), 0)
    at = vfs.open(at, name, 0, name.length, 0, OPEN.DIRECTORY, 0)
    assert.ok(at > 0)
  }
  // No UTF-8, a newline, a link to itself.
  for (const odd of [[0xff, 0xfe], [10]]) {
    const bytes = new Uint8Array(odd)
    vfs.mkdir(files.stat('/home/project').inode, bytes, 0, bytes.length, 0, 0o755)
  }
  files.symlink('loop', '/home/project/loop')
  write('/home/project/fine', '1')
  assert.ok(seen()[id]?.includes('/home/project/fine'))
  const loop = watches.add('/home/project/loop')
  write('/home/project/fine', '2')
  assert.deepEqual(Object.keys(seen()), [String(id)])
  watches.remove(loop)
})

test('each path comes with the process that changed it last, and what is gone with the one that changed its folder', () => {
  const { memory, watches, write } = setUp()
  const thread = 3
  setWord(memory, threadAt(thread) + THREAD.PID, 41)
  const guest = createFiles(attachVfs(attachMemory(memory.shared, thread)))
  const bytes = new TextEncoder().encode('longer than before')
  for (const name of ['ours', 'theirs', 'gone', 'moved']) write(`/home/project/${name}`, '1')
  watches.add('/home/project')
  write('/home/project/ours', '22')
  guest.writeFile('/home/project/theirs', bytes)
  guest.mkdir('/home/project/made')
  guest.rename('/home/project/moved', '/home/project/made/moved')
  guest.rm('/home/project/gone')
  const found: Record<string, number> = {}
  const look = (): void =>
    watches.look((_id, paths, writers) => {
      for (const [index, path] of paths.entries())
        found[path.slice('/home/project/'.length)] = writers[index] ?? -1
    })
  look()
  assert.deepEqual(found, { ours: 0, theirs: 41, made: 41, 'made/moved': 41, gone: 41, moved: 41 })
  write('/home/project/theirs', 'mine again')
  look()
  assert.equal(found.theirs, 0)
})
