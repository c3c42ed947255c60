/** Ways out of a directory that was handed over: every path of up to five parts over names that lead away, and a race with rename. */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { test } from 'node:test'
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads'
import { attachMemory, createMemory } from '../memory/memory.ts'
import { createFiles } from './files.ts'
import { formatVfs } from './format.ts'
import { fsck } from './fsck.ts'
import { OPEN, type SharedVfs, WALK } from './types.ts'
import { attachVfs } from './vfs.ts'

const encode = (text: string): Uint8Array => new TextEncoder().encode(text)
const path = (text: string) => ({ bytes: encode(text), start: 0, length: encode(text).length })
const MILLISECONDS = process.env.LONG === '1' ? 30_000 : 3_000

const createWorld = () => {
  const memory = createMemory(1536)
  formatVfs(memory)
  const vfs = attachVfs(memory)
  const files = createFiles(vfs)
  for (const folder of ['/box/a/b', '/box/c', '/other', '/outside/deep'])
    files.mkdir(folder, { recursive: true })
  for (const file of ['/box/f', '/box/a/f', '/box/a/b/f', '/outside/f', '/outside/deep/f', '/f'])
    files.writeFile(file, encode(file))
  files.symlink('..', '/box/a/up')
  files.symlink('../..', '/box/a/up2')
  files.symlink('/outside', '/box/abs')
  files.symlink('../outside', '/box/rel')
  files.symlink('b', '/box/a/in')
  files.symlink('/', '/box/c/root')
  files.symlink('self', '/box/c/self')
  return { memory, vfs, files }
}

/** Inodes beneath a directory, itself included. */
const beneath = (vfs: SharedVfs, root: number): Set<number> => {
  const found = new Set([root])
  vfs.readdir(root, 2, (_next, inode, kind) => {
    if (kind === 2) for (const each of beneath(vfs, inode)) found.add(each)
    else found.add(inode)
    return true
  })
  return found
}

const PARTS = ['a', 'b', 'f', '..', '.', 'up', 'up2', 'abs', 'rel', 'in', 'root', 'self', 'c', '']

/** In a thread of its own: walks down and up again while directories are moved from one box to the other. */
const walker = (shared: WebAssembly.Memory, box: number): { found: number; bad: number[] } => {
  const vfs = attachVfs(attachMemory(shared, 1))
  const bad: number[] = []
  let found = 0
  const texts = [
    'm/n/../../../f',
    'm/n/o/../../../../f',
    'm/n/../..',
    'm/../f',
    'm/n/o/../../../../outside/f',
  ].map(encode)
  const end = performance.now() + MILLISECONDS
  while (performance.now() < end) {
    for (const bytes of texts) {
      const result = vfs.lookup(box, bytes, 0, bytes.length, WALK.BENEATH | WALK.FOLLOW)
      // Only an answer of -ENOTCAPABLE, -ENOENT, or the box itself and its own file can be right.
      if (result > 0) {
        found++
        bad.push(result)
      }
    }
    if (bad.length > 100_000) break
  }
  return { found, bad: [...new Set(bad)] }
}

if (!isMainThread && workerData?.task) {
  const { shared, box } = workerData.task as { shared: WebAssembly.Memory; box: number }
  parentPort?.postMessage(walker(shared, box))
} else {
  // Not in the walker's thread, too: its reporter would write over this one's.
  test('no path of up to five parts leads out of a directory that one must stay beneath', () => {
    const { vfs, files } = createWorld()
    const box = files.stat('/box').inode
    const inside = beneath(vfs, box)
    const outside = files.readFile('/outside/f')
    const from = ['/box', '/box/a', '/box/a/b'].map((name) => files.stat(name).inode)
    let tried = 0
    let found = 0
    const look = (text: string): void => {
      for (const at of from) {
        for (const flags of [
          WALK.BENEATH,
          WALK.BENEATH | WALK.FOLLOW,
          WALK.BENEATH | WALK.FOLLOW | WALK.DIRECTORY,
        ]) {
          const bytes = encode(text)
          const result = vfs.lookup(at, bytes, 0, bytes.length, flags)
          tried++
          if (result <= 0) continue
          found++
          assert.ok(inside.has(result), `${text} leads to inode ${result}`)
          // From a deeper start not even what lies above it, though it is in the box.
          assert.ok(beneath(vfs, at).has(result) || at === box, `${text} leads above its start`)
        }
      }
    }
    const go = (text: string, left: number): void => {
      look(text)
      look(`${text}/`)
      look(`/${text}`)
      if (left > 0) for (const part of PARTS) go(`${text}/${part}`, left - 1)
    }
    for (const part of PARTS) go(part, process.env.LONG === '1' ? 4 : 3)
    assert.ok(tried > 100_000 && found > 1000, `${tried} tried, ${found} found`)
    for (const name of [
      '../outside/new',
      'abs/new',
      'rel/new',
      'a/up2/new',
      '/new',
      'c/root/new',
      'a/../../new',
    ]) {
      const bytes = encode(name)
      const calls = [
        vfs.open(box, bytes, 0, bytes.length, WALK.BENEATH | WALK.FOLLOW, OPEN.CREATE | OPEN.WRITE, 0o644),
        vfs.mkdir(box, bytes, 0, bytes.length, WALK.BENEATH, 0o755),
        vfs.rename(box, path('f'), box, path(name), WALK.BENEATH),
        vfs.rename(box, path(name), box, path('a/new'), WALK.BENEATH),
        vfs.link(box, path('f'), box, path(name), WALK.BENEATH),
        vfs.symlink(path('x'), box, path(name), WALK.BENEATH),
        vfs.unlink(box, bytes, 0, bytes.length, WALK.BENEATH),
        vfs.rmdir(box, bytes, 0, bytes.length, WALK.BENEATH),
      ]
      for (const result of calls) assert.ok(result < 0, `${name}: ${result}`)
    }
    assert.deepEqual(files.readFile('/outside/f'), outside)
    assert.deepEqual(fsck(files), [])
  })

  test('a directory that moves to another box while one walks up from it leads nobody there', async () => {
    const { memory, vfs, files } = createWorld()
    files.mkdir('/box/m/n/o', { recursive: true })
    files.writeFile('/other/f', encode('not yours'))
    const box = files.stat('/box').inode
    const allowed = new Set([box, files.stat('/box/f').inode])
    const worker = new Worker(process.argv[1] ?? '', { workerData: { task: { shared: memory.shared, box } } })
    const answer = once(worker, 'message')
    let moves = 0
    const end = performance.now() + MILLISECONDS
    while (performance.now() < end) {
      for (let step = 0; step < 200; step++) {
        const [from, to] = moves % 2 ? ['/other/n', '/box/m/n'] : ['/box/m/n', '/other/n']
        assert.equal(vfs.rename(vfs.root, path(from), vfs.root, path(to), 0), 0)
        moves++
      }
      await new Promise((resolve) => setImmediate(resolve))
    }
    const [{ found, bad }] = (await answer) as [{ found: number; bad: number[] }]
    await worker.terminate()
    assert.ok(found > 100 && moves > 1000, `${found} found, ${moves} moves`)
    assert.deepEqual(
      bad.filter((inode) => !allowed.has(inode)),
      [],
      'somebody came to where the directory had gone',
    )
    assert.deepEqual(fsck(files), [])
  })
}
