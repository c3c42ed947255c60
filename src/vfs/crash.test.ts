/** Every operation, stopped before every single write that it makes: afterwards all is as it was before, or as it was to be. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ERRNO } from '../abi/errno.ts'
import { createCrasher, type Stop } from '../memory/crash.ts'
import { filesLock } from '../memory/files-lock.ts'
import { PAGE_BYTES, SUPERBLOCK, THREAD, THREAD_STATE, threadAt, UNDO_AT } from '../memory/layout.ts'
import { attachMemory, type Memory } from '../memory/memory.ts'
import { setWord } from '../memory/slots.ts'
import { isBroken } from '../memory/undo.ts'
import { createFiles, emptyStat } from './files.ts'
import { formatVfs } from './format.ts'
import { fsck } from './fsck.ts'
import { FS } from './layout.ts'
import { fillFile } from './tree.ts'
import { KIND, OPEN, type SharedVfs, WALK } from './types.ts'
import { attachVfs } from './vfs.ts'

/** 12.5 MiB: room for the reserve and the files here. */
const PAGES = 200
/** All that these tests ever touch lies below: this much is put back between two runs. */
const TOUCHED_BYTES = 8 * 1024 * 1024
const THREAD_ID = 3
/** Of a long operation not every write is tried in the fast lane. */
const MOST_POINTS = process.env.LONG === '1' ? 100_000 : 40

/** Rounds of the recursion; each ends where it happens to. */
const ROUNDS = process.env.LONG === '1' ? 2000 : 150

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text)
const path = (text: string) => ({ bytes: bytes(text), start: 0, length: bytes(text).length })
const args = (text: string): [Uint8Array, number, number] => [bytes(text), 0, bytes(text).length]

interface World {
  memory: Memory
  vfs: SharedVfs
  files: ReturnType<typeof createFiles>
}

const createWorld = (): World => {
  const shared = new WebAssembly.Memory({ initial: PAGES, maximum: PAGES, shared: true })
  const memory = attachMemory(shared, 0)
  setWord(memory, SUPERBLOCK.PAGES, PAGES)
  setWord(memory, SUPERBLOCK.LIMIT, shared.buffer.byteLength / PAGE_BYTES)
  formatVfs(memory)
  const vfs = attachVfs(memory)
  return { memory, vfs, files: createFiles(vfs) }
}

const pattern = (length: number, seed: number): Uint8Array =>
  Uint8Array.from({ length }, (_, index) => (index * 7 + seed) & 0xff)

/** A small tree with something of everything. */
const populate = ({ files, vfs }: World): void => {
  for (const folder of ['/a', '/a/b', '/a/b/c', '/d', '/empty', '/other']) files.mkdir(folder)
  files.writeFile('/a/small', pattern(300, 1))
  files.writeFile('/a/b/middle', pattern(20_000, 2))
  files.writeFile('/a/big', pattern(150_000, 3))
  files.writeFile('/d/over', pattern(5_000, 4))
  files.writeFile('/d/nothing', bytes(''))
  files.writeFile('/d/huge', pattern(1_200_000, 5))
  files.symlink('../a/small', '/d/link')
  files.link('/a/small', '/d/hard')
  const sparse = vfs.open(vfs.root, ...args('/d/sparse'), 0, OPEN.CREATE | OPEN.WRITE, 0o644)
  vfs.write(sparse, 5_000_000, pattern(10, 6), 0, 10)
  vfs.unpin(sparse)
  files.mkdir('/s')
  for (const name of ['/s/one', '/s/two', '/s/three']) refill(vfs, name, SHARED_SMALL)
  for (const name of ['/s/big-one', '/s/big-two', '/s/big-three']) refill(vfs, name, SHARED_BIG)
  // What only one file borrows, whole and in part.
  for (const name of ['/s/alone', '/s/gone']) refill(vfs, name, pattern(90_000, 11))
  for (const name of ['/s/part', '/s/gone2']) refill(vfs, name, SHARED_HUGE)
  write(vfs, '/s/part', 70_000, 10)
  for (const name of ['/s/gone', '/s/gone2']) vfs.unlink(vfs.root, ...args(name), 0)
  refill(vfs, '/s/single', pattern(9_000, 12))
}

const SHARED_SMALL = pattern(5_000, 7)
const SHARED_BIG = pattern(200_000, 8)
const SHARED_HUGE = pattern(1_100_000, 10)

/** As `writeTree` does it. */
const refill = (vfs: SharedVfs, name: string, content: Uint8Array): void => {
  const file = open(vfs, name, OPEN.CREATE | OPEN.TRUNCATE | OPEN.WRITE)
  assert.equal(fillFile(vfs, file, content), content.length)
  vfs.unpin(file)
}

/** What the files are to whoever looks: names, facts, bytes. */
const picture = ({ files, vfs }: World, withTimes: boolean): string => {
  const lines: string[] = []
  const stat = emptyStat()
  const walk = (at: string): void => {
    for (const { name, inode, kind } of files.readdir(at)) {
      const child = `${at === '/' ? '' : at}/${name}`
      vfs.stat(inode, stat)
      const times = withTimes ? `${stat.mtime} ${stat.ctime}` : ''
      const facts = `${child} ${kind} ${stat.mode} ${stat.links} ${stat.size} ${times}`
      lines.push(
        kind === KIND.FILE && stat.size < 2_000_000 ? `${facts} ${sum(files.readFile(child))}` : facts,
      )
      if (kind === KIND.DIRECTORY && name !== 'dev') walk(child)
    }
  }
  walk('/')
  return lines.sort().join('\n')
}

const sum = (content: Uint8Array): number => {
  let hash = 5381
  for (let at = 0; at < content.length; at += content.length > 30_000 ? 509 : 1)
    hash = (Math.imul(hash, 33) + (content[at] ?? 0)) | 0
  return hash
}

interface Operation {
  name: string
  /** Before the run, by the kernel: pins and the like. */
  prepare?: (vfs: SharedVfs) => void
  act: (vfs: SharedVfs) => void
  /** Bytes or times may be between the two states: they are not taken back. */
  loose?: boolean
}

const open = (vfs: SharedVfs, name: string, how: number): number =>
  vfs.open(vfs.root, ...args(name), WALK.FOLLOW, how, 0o644)
const inodeOf = (vfs: SharedVfs, name: string): number => vfs.lookup(vfs.root, ...args(name), 0)
const write = (vfs: SharedVfs, name: string, at: number, length: number): void => {
  const inode = inodeOf(vfs, name)
  const written = vfs.write(inode, at, pattern(length, 9), 0, length)
  assert.equal(written, length)
}
const fine = (result: number): void => assert.ok(result >= 0, `errno ${-result}`)
const LONG = 'n'.repeat(200)

let unlinked = 0

const OPERATIONS: Operation[] = [
  { name: 'create a file', act: (vfs) => fine(open(vfs, '/a/new', OPEN.CREATE | OPEN.WRITE)) },
  { name: 'create a file with a long name', act: (vfs) => fine(open(vfs, `/a/${LONG}`, OPEN.CREATE)) },
  {
    name: 'create a file when the inodes are used up',
    prepare: (vfs) => {
      for (let index = 0; index < 63; index++) vfs.unpin(open(vfs, `/other/${index}`, OPEN.CREATE))
      vfs.unlink(vfs.root, ...args('/other/5'), 0)
    },
    act: (vfs) => {
      for (let index = 100; index < 135; index++) fine(open(vfs, `/a/${index}`, OPEN.CREATE))
    },
    loose: true,
  },
  { name: 'mkdir', act: (vfs) => fine(vfs.mkdir(vfs.root, ...args('/a/b/new'), 0, 0o755)) },
  { name: 'mkfifo', act: (vfs) => fine(vfs.mkfifo(vfs.root, ...args('/a/b/fifo'), 0, 0o600)) },
  { name: 'symlink', act: (vfs) => fine(vfs.symlink(path('../x'.repeat(90)), vfs.root, path('/a/s'), 0)) },
  { name: 'link', act: (vfs) => fine(vfs.link(vfs.root, path('/a/big'), vfs.root, path('/d/b'), 0)) },
  { name: 'unlink', act: (vfs) => fine(vfs.unlink(vfs.root, ...args('/a/b/middle'), 0)) },
  { name: 'unlink one of two names', act: (vfs) => fine(vfs.unlink(vfs.root, ...args('/d/hard'), 0)) },
  { name: 'unlink of pages', act: (vfs) => fine(vfs.unlink(vfs.root, ...args('/a/big'), 0)) },
  {
    name: 'unlink of more pages than the log holds',
    act: (vfs) => fine(vfs.unlink(vfs.root, ...args('/d/huge'), 0)),
  },
  {
    name: 'unlink of a file that is open',
    prepare: (vfs) => vfs.pin(inodeOf(vfs, '/a/big')),
    act: (vfs) => fine(vfs.unlink(vfs.root, ...args('/a/big'), 0)),
  },
  { name: 'rmdir', act: (vfs) => fine(vfs.rmdir(vfs.root, ...args('/empty'), 0)) },
  {
    name: 'rename',
    act: (vfs) => fine(vfs.rename(vfs.root, path('/a/small'), vfs.root, path('/a/renamed'), 0)),
  },
  {
    name: 'rename to elsewhere',
    act: (vfs) => fine(vfs.rename(vfs.root, path('/a/small'), vfs.root, path('/d/s'), 0)),
  },
  {
    name: 'rename of a directory',
    act: (vfs) => fine(vfs.rename(vfs.root, path('/a/b'), vfs.root, path('/d/moved'), 0)),
  },
  {
    name: 'rename over a file',
    act: (vfs) => fine(vfs.rename(vfs.root, path('/a/small'), vfs.root, path('/d/over'), 0)),
  },
  {
    name: 'rename over pages',
    act: (vfs) => fine(vfs.rename(vfs.root, path('/a/small'), vfs.root, path('/d/huge'), 0)),
  },
  {
    name: 'rename over a directory',
    act: (vfs) => fine(vfs.rename(vfs.root, path('/a/b'), vfs.root, path('/empty'), 0)),
  },
  { name: 'write to an empty file', act: (vfs) => write(vfs, '/d/nothing', 0, 700) },
  { name: 'write that makes a file longer', act: (vfs) => write(vfs, '/a/small', 300, 20_000), loose: true },
  { name: 'write that moves a file', act: (vfs) => write(vfs, '/a/b/middle', 19_000, 30_000), loose: true },
  {
    name: 'write that makes pages of a run',
    act: (vfs) => write(vfs, '/d/over', 4_000, 65_000),
    loose: true,
  },
  { name: 'write into a hole', act: (vfs) => write(vfs, '/d/sparse', 100_000, 30_000), loose: true },
  { name: 'write that makes a tree higher', act: (vfs) => write(vfs, '/a/big', 6_000_000, 100), loose: true },
  { name: 'append', act: (vfs) => write(vfs, '/a/small', -1, 100) },
  { name: 'truncate to less', act: (vfs) => fine(vfs.truncate(inodeOf(vfs, '/a/b/middle'), 1000)) },
  { name: 'truncate of pages', act: (vfs) => fine(vfs.truncate(inodeOf(vfs, '/a/big'), 70_000)) },
  {
    name: 'truncate of more pages than the log holds',
    act: (vfs) => fine(vfs.truncate(inodeOf(vfs, '/d/huge'), 1)),
    loose: true,
  },
  { name: 'truncate to more', act: (vfs) => fine(vfs.truncate(inodeOf(vfs, '/a/small'), 60_000)) },
  { name: 'truncate to much more', act: (vfs) => fine(vfs.truncate(inodeOf(vfs, '/a/small'), 9_000_000)) },
  { name: 'open that truncates', act: (vfs) => fine(open(vfs, '/a/big', OPEN.TRUNCATE | OPEN.WRITE)) },
  { name: 'allocate', act: (vfs) => fine(vfs.allocate(inodeOf(vfs, '/d/sparse'), 200_000, 60_000)) },
  { name: 'chmod', act: (vfs) => fine(vfs.chmod(inodeOf(vfs, '/a/big'), 0o600)) },
  { name: 'set times', act: (vfs) => fine(vfs.setTimes(inodeOf(vfs, '/a/big'), 5n, 2n ** 60n)) },
  {
    name: 'a second file with the bytes of another',
    prepare: (vfs) => vfs.unpin(open(vfs, '/s/new', OPEN.CREATE)),
    act: (vfs) => refill(vfs, '/s/new', pattern(9_000, 12)),
    loose: true,
  },
  {
    name: 'a fourth file with the bytes of three',
    prepare: (vfs) => vfs.unpin(open(vfs, '/s/new', OPEN.CREATE)),
    act: (vfs) => refill(vfs, '/s/new', SHARED_BIG),
    loose: true,
  },
  { name: 'write to shared bytes', act: (vfs) => write(vfs, '/s/two', 100, 50), loose: true },
  { name: 'write to shared pages', act: (vfs) => write(vfs, '/s/big-two', 50_000, 10_000), loose: true },
  { name: 'append to shared bytes', act: (vfs) => write(vfs, '/s/two', -1, 70_000), loose: true },
  { name: 'append to shared pages', act: (vfs) => write(vfs, '/s/big-two', -1, 100) },
  { name: 'write behind shared pages', act: (vfs) => write(vfs, '/s/big-two', 5_000_000, 100), loose: true },
  { name: 'write to what only one borrows', act: (vfs) => write(vfs, '/s/alone', 5_000, 100), loose: true },
  { name: 'cut of shared bytes', act: (vfs) => fine(vfs.truncate(inodeOf(vfs, '/s/two'), 300)) },
  { name: 'cut of shared pages', act: (vfs) => fine(vfs.truncate(inodeOf(vfs, '/s/big-two'), 70_001)) },
  { name: 'growth of shared pages', act: (vfs) => fine(vfs.truncate(inodeOf(vfs, '/s/big-two'), 300_000)) },
  {
    name: 'open of a shared file that truncates',
    act: (vfs) => fine(open(vfs, '/s/big-two', OPEN.TRUNCATE | OPEN.WRITE)),
  },
  { name: 'unlink of one of three', act: (vfs) => fine(vfs.unlink(vfs.root, ...args('/s/big-two'), 0)) },
  { name: 'unlink of the last borrower', act: (vfs) => fine(vfs.unlink(vfs.root, ...args('/s/alone'), 0)) },
  {
    name: 'cut of the last borrower of more pages than the log holds',
    act: (vfs) => fine(vfs.truncate(inodeOf(vfs, '/s/part'), 0)),
    loose: true,
  },
  {
    name: 'unlink of the last borrower of more pages than the log holds',
    act: (vfs) => fine(vfs.unlink(vfs.root, ...args('/s/part'), 0)),
  },
  {
    name: 'close of a file without a name',
    prepare: (vfs) => {
      unlinked = inodeOf(vfs, '/d/huge')
      vfs.pin(unlinked)
      vfs.unlink(vfs.root, ...args('/d/huge'), 0)
    },
    act: (vfs) => vfs.unpin(unlinked),
  },
]

const world = createWorld()
populate(world)
/** Stopped threads leave no name behind that another test could see: each run begins with these bytes. */
const base = world.memory.u8.slice(0, TOUCHED_BYTES)
const restore = (from: Uint8Array): void => world.memory.u8.set(from)

const isSound = (at: number, name: string): void => {
  const problems = fsck(world.files)
  assert.deepEqual(problems, [], `${name}, stopped before write ${at}`)
}

/** Points to stop at: all, or so many spread over the operation. */
const points = (writes: number): number[] => {
  const step = Math.max(1, writes / MOST_POINTS)
  const chosen: number[] = []
  for (let at = 0; at < writes; at += step) chosen.push(Math.floor(at))
  return chosen
}

/** One run in the place of a thread of its own. */
const crash = (act: Operation['act'], at: number, how: Stop): { writes: number; stopped: boolean } => {
  const crasher = createCrasher(world.memory.shared, THREAD_ID)
  const vfs = attachVfs(crasher.memory)
  setWord(world.memory, threadAt(THREAD_ID) + THREAD.STATE, THREAD_STATE.RUNNING)
  const result = crasher.run(() => act(vfs), at, how)
  if (how === 'die') filesLock(world.memory).reclaim(THREAD_ID)
  return result
}

const crashEverywhere = ({ name, prepare, act, loose }: Operation, how: Stop): number => {
  restore(base)
  prepare?.(world.vfs)
  const before = world.memory.u8.slice(0, TOUCHED_BYTES)
  const was = picture(world, true)
  const { writes } = crash(act, Number.POSITIVE_INFINITY, how)
  const is = picture(world, false)
  for (const at of points(writes)) {
    restore(before)
    assert.ok(crash(act, at, how).stopped, `${name}: write ${at} of ${writes} was not made`)
    assert.equal(
      filesLock(world.memory).owner(),
      -1,
      `${name}, stopped before write ${at}: the lock is taken`,
    )
    isSound(at, name)
    if (loose || picture(world, true) === was) continue
    assert.equal(picture(world, false), is, `${name}, stopped before write ${at}: something between`)
  }
  return writes
}

for (const how of ['throw', 'die'] as const) {
  const words = how === 'throw' ? 'whose stack is full' : 'whose worker is gone'
  test(`a thread ${words} before any write of any operation leaves the files as they were or as they were to be`, (context) => {
    let writes = 0
    for (const operation of OPERATIONS) writes += crashEverywhere(operation, how)
    context.diagnostic(`${OPERATIONS.length} operations, ${writes} writes`)
  })
}

test('mending may itself be stopped before any of its writes', () => {
  const operation = OPERATIONS.find(({ name }) => name === 'rename of a directory')
  assert.ok(operation)
  restore(base)
  const was = picture(world, true)
  for (let at = 0; at < 60; at++) {
    for (let again = 0; again < 80; again += 3) {
      restore(base)
      const first = createCrasher(world.memory.shared, THREAD_ID)
      const vfs = attachVfs(first.memory)
      if (!first.run(() => operation.act(vfs), at, 'throw').stopped) return
      const second = createCrasher(world.memory.shared, THREAD_ID + 1)
      const mending = attachVfs(second.memory)
      second.run(() => mending.path(mending.root), again, 'throw')
      isSound(at, 'mending')
      assert.equal(picture(world, true), was)
    }
  }
})

test('a table of names that is being made larger survives it at every step', () => {
  restore(base)
  const { vfs, files, memory } = world
  while (entries() < 4096) vfs.unpin(open(vfs, `/other/${entries()}`, OPEN.CREATE))
  const before = memory.u8.slice(0, TOUCHED_BYTES)
  const names = files.readdir('/other').length
  const grow = (thread: SharedVfs): void => fine(open(thread, '/a/one-more', OPEN.CREATE))
  const counter = createCrasher(memory.shared, THREAD_ID)
  const counting = attachVfs(counter.memory)
  const { writes } = counter.run(() => grow(counting), Number.POSITIVE_INFINITY, 'throw')
  assert.ok(writes > 8000, 'the table did not grow')
  const steps = process.env.LONG === '1' ? 2000 : 60
  for (let step = 0; step < steps; step++) {
    const at = step < steps / 2 ? step : writes - 1 - Math.floor(((step - steps / 2) * writes) / steps) * 2
    restore(before)
    const crasher = createCrasher(memory.shared, THREAD_ID)
    const thread = attachVfs(crasher.memory)
    crasher.run(() => grow(thread), Math.max(0, at), step % 2 ? 'throw' : 'die')
    filesLock(memory).reclaim(THREAD_ID)
    isSound(at, 'growing the table')
    assert.equal(files.readdir('/other').length, names)
    assert.ok(files.exists('/a/small'))
  }

  function entries(): number {
    return memory.i32[vfs.volume.base + FS.ENTRIES] ?? 0
  }
})

test('without the log the same crashes leave damage, so these tests can fail', () => {
  const operation = OPERATIONS.find(({ name }) => name === 'rename of a directory')
  assert.ok(operation)
  let damaged = 0
  for (let at = 0; at < 200; at += 5) {
    restore(base)
    const crasher = createCrasher(world.memory.shared, THREAD_ID)
    const vfs = attachVfs(crasher.memory)
    if (!crasher.run(() => operation.act(vfs), at, 'throw').stopped) break
    // The log's own words: nothing to take back.
    world.memory.i32.fill(0, UNDO_AT, UNDO_AT + 4)
    if (fsck(world.files).length > 0) damaged++
  }
  assert.ok(damaged > 5, `${damaged} were damaged`)
})

test('an errno is no stop: what is refused leaves nothing to take back', () => {
  restore(base)
  assert.equal(world.vfs.rmdir(world.vfs.root, ...args('/a'), 0), -ERRNO.NOTEMPTY)
  assert.equal(isBroken(world.memory.i32), false)
  isSound(0, 'a refusal')
})

/** Frames of different sizes, so that the stack ends at another place in each round. */
const dive = (depth: number, call: (depth: number) => void, ...rest: number[]): number => {
  call(depth)
  return dive(depth + 1, call, ...rest) + rest.length
}

test('a guest that recurses without end and works on files on the way breaks nothing', () => {
  restore(base)
  const { vfs } = world
  const content = pattern(3000, 1)
  const calls: ((depth: number) => void)[] = [
    (depth) => vfs.unpin(open(vfs, `/a/${depth % 90}`, OPEN.CREATE | OPEN.WRITE)),
    (depth) => vfs.rename(vfs.root, path(`/a/${depth % 90}`), vfs.root, path(`/d/${depth % 70}`), 0),
    (depth) => vfs.unlink(vfs.root, ...args(`/d/${depth % 70}`), 0),
    (depth) => vfs.mkdir(vfs.root, ...args(`/other/${depth % 50}`), 0, 0o755),
    (depth) => vfs.rmdir(vfs.root, ...args(`/other/${(depth * 7) % 50}`), 0),
    (depth) => vfs.write(inodeOf(vfs, '/a/small'), (depth * 97) % 100_000, content, 0, content.length),
    (depth) => vfs.truncate(inodeOf(vfs, '/a/small'), (depth * 31) % 90_000),
  ]
  for (let round = 0; round < ROUNDS; round++) {
    const call = calls[round % calls.length]
    assert.ok(call)
    assert.throws(() => dive(0, call, ...Array(round % 11).fill(0)), RangeError)
    assert.equal(vfs.volume.lock.held, false)
    assert.equal(vfs.volume.lock.owner(), -1)
    isSound(round, 'a full stack')
  }
  // Where the stack ends is the engine's business: that a stop inside of a change is mended is tested above, write by write.
})
