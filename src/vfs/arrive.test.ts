import assert from 'node:assert/strict'
import { test } from 'node:test'
import { packTree } from '../abi/tree.ts'
import { checksum } from '../lib/checksum.ts'
import { HEADER_BYTES, type Part, RECORD } from '../lib/segment.ts'
import { heapRoom, heapUsage } from '../memory/heap.ts'
import { fsck } from './fsck.ts'
import { emptyMount, mountRecovered } from './home.ts'
import { INODE, INODE_SHIFT } from './layout.ts'
import { createRandom } from './model-choices.ts'
import { createSaver } from './saver.ts'
import {
  createLateMachine,
  createTestMachine,
  createUser,
  dump,
  HOME,
  inodeOf,
  type LateMachine,
  recover,
  recoverHeads,
  type TestMachine,
} from './saver-fixture.ts'
import { OPEN } from './types.ts'

const SEED = Number(process.env.SEED ?? 20261128)
const ROUNDS = process.env.LONG === '1' ? 2000 : 60

/** Everything that was kept of a machine. */
const kept = async (fill: (machine: TestMachine) => void): Promise<Part[]> => {
  const machine = createTestMachine()
  fill(machine)
  const log: Part[] = []
  const saver = createSaver(machine.vfs, machine.ledger, 0)
  saver.forget()
  await saver.save(async (parts) => void log.push(...parts))
  return log
}

const text = (words: string): Uint8Array => new TextEncoder().encode(words)

const sample = ({ files, vfs }: TestMachine): void => {
  files.mkdir(`${HOME}/src`)
  for (let index = 0; index < 40; index++) files.writeFile(`${HOME}/src/f${index}`, text(`file ${index}`))
  files.link(`${HOME}/src/f1`, `${HOME}/same`)
  files.symlink('src/f2', `${HOME}/link`)
  files.writeFile(`${HOME}/empty`, new Uint8Array(0))
  // Its blocks fill several bodies.
  const big = Uint8Array.from({ length: 20_000_000 }, (_, at) => (at >> 12) + at)
  files.writeFile(`${HOME}/big`, big)
  files.writeFile(`${HOME}/hole`, text('in front'))
  vfs.write(inodeOf(vfs, `${HOME}/hole`), 3_000_000, text('behind'), 0, 6)
}

/** Without what a look at the content would say. */
const facts = ({ files }: TestMachine, names: string[]): string[] =>
  names.map((name) => {
    const { mode, size, mtime, ctime, links, inode } = files.stat(`${HOME}/${name}`)
    return `${name} ${mode} ${size} ${mtime} ${ctime} ${links} ${inode} ${files.version(`${HOME}/${name}`)}`
  })
const NAMES = ['src/f0', 'src/f39', 'same', 'empty', 'big', 'hole']

const promised = ({ vfs }: TestMachine): number => heapUsage(vfs.volume.memory).promised
const isAbsent = ({ vfs }: TestMachine, name: string): boolean =>
  vfs.volume.memory.i32[(inodeOf(vfs, `${HOME}/${name}`) << INODE_SHIFT) + INODE.ABSENT] !== 0

test('names and facts are there at once, bytes when they come, and their coming is no change', async () => {
  const log = await kept(sample)
  assert.ok(log.length > 2, `${log.length} parts`)
  const whole = createTestMachine(recover([], log))
  const late = createLateMachine(log)
  assert.deepEqual(late.recovered?.losses, [])
  assert.ok(isAbsent(late, 'src/f0') && isAbsent(late, 'big') && !isAbsent(late, 'empty'))
  assert.equal(late.files.readlink(`${HOME}/link`), 'src/f2')
  const before = facts(late, NAMES)
  const { cursor } = late.vfs.changes(-1)
  assert.deepEqual(fsck(late.files), [])
  assert.ok(promised(late) >= 20_000_000)
  assert.equal(Math.abs(late.files.usage().used - whole.files.usage().used) < 100_000, true)
  late.bring(inodeOf(late.vfs, `${HOME}/src/f0`))
  assert.ok(!isAbsent(late, 'src/f0') && isAbsent(late, 'src/f39'))
  assert.deepEqual(fsck(late.files), [])
  late.bringAll()
  assert.deepEqual(fsck(late.files), [])
  assert.deepEqual(facts(late, NAMES), before)
  assert.deepEqual(late.vfs.changes(cursor).inodes, [])
  assert.equal(promised(late), 0)
  assert.deepEqual(dump(late.files), dump(whole.files))
  assert.equal(late.files.usage().used, whole.files.usage().used)
})

test('a project that has come is saved by what changes, and by nothing else', async () => {
  const log = await kept(sample)
  const late = createLateMachine(log)
  late.bringAll()
  const saver = createSaver(late.vfs, late.ledger, late.recovered?.lastBatch ?? 0)
  const more: Part[] = []
  const ship = async (parts: Part[]): Promise<void> => void more.push(...parts)
  assert.deepEqual(await saver.save(ship), { inodes: 0, bytes: 0 })
  late.files.writeFile(`${HOME}/src/f3`, text('other words'))
  const { inodes, bytes } = await saver.save(ship)
  assert.ok(inodes === 1 && bytes < 300, `${inodes} inodes, ${bytes} bytes`)
  assert.deepEqual(dump(createTestMachine(recover([], [...log, ...more])).files), dump(late.files))
})

test('who reads, writes, cuts or allocates waits for that file, and who empties it does not', async () => {
  const log = await kept(sample)
  const bytes = new Uint8Array(100)
  const acts: [name: string, waits: boolean, act: (machine: LateMachine, inode: number) => number][] = [
    ['read', true, ({ vfs }, inode) => vfs.read(inode, 0, bytes, 0, 100)],
    ['write', true, ({ vfs }, inode) => vfs.write(inode, 2, text('XX'), 0, 2)],
    ['append', true, ({ vfs }, inode) => vfs.write(inode, -1, text('XX'), 0, 2)],
    ['truncate', true, ({ vfs }, inode) => vfs.truncate(inode, 4)],
    ['allocate', true, ({ vfs }, inode) => vfs.allocate(inode, 0, 50)],
    ['truncate to nothing', false, ({ vfs }, inode) => vfs.truncate(inode, 0)],
    ['chmod', false, ({ vfs }, inode) => vfs.chmod(inode, 0o600)],
    ['setTimes', false, ({ vfs }, inode) => vfs.setTimes(inode, 5n, 5n)],
    [
      'open to write anew',
      false,
      ({ vfs }, inode) => {
        const name = text('/home/project/src/f7')
        const opened = vfs.open(vfs.root, name, 0, name.length, 0, OPEN.TRUNCATE | OPEN.WRITE, 0)
        vfs.unpin(opened)
        return opened === inode ? vfs.write(opened, 0, text('new'), 0, 3) : -1
      },
    ],
  ]
  for (const [name, waits, act] of acts) {
    const late = createLateMachine(log)
    const whole = createTestMachine(recover([], log))
    const brought: number[] = []
    const { bring } = late.vfs.volume
    late.vfs.volume.bring = (inode) => {
      brought.push(inode)
      return bring(inode)
    }
    const inode = inodeOf(late.vfs, `${HOME}/src/f7`)
    const result = act(late, inode)
    assert.deepEqual(brought, waits ? [inode] : [], name)
    assert.equal(result, act(whole as LateMachine, inodeOf(whole.vfs, `${HOME}/src/f7`)), name)
    // What comes now is for the others.
    late.bringAll()
    assert.deepEqual(
      late.files.readFile(`${HOME}/src/f7`),
      whole.files.readFile(`${HOME}/src/f7`),
      `${name}: the content`,
    )
    assert.deepEqual(fsck(late.files), [], name)
    assert.equal(promised(late), 0, name)
  }
})

test('what cannot be had is an error of the one who asked, and no content', async () => {
  const late = createLateMachine(await kept(sample))
  late.vfs.volume.bring = () => -5
  const inode = inodeOf(late.vfs, `${HOME}/src/f7`)
  const bytes = new Uint8Array(10).fill(9)
  assert.equal(late.vfs.read(inode, 0, bytes, 0, 10), -5)
  assert.deepEqual(bytes, new Uint8Array(10).fill(9))
  for (const result of [
    late.vfs.write(inode, 0, bytes, 0, 10),
    late.vfs.truncate(inode, 3),
    late.vfs.allocate(inode, 0, 99),
  ])
    assert.equal(result, -5)
  assert.equal(late.files.stat(`${HOME}/src/f7`).size, 6)
})

test('files that go, move or are replaced before their bytes come leave nothing behind', async () => {
  const late = createLateMachine(await kept(sample))
  const { files, vfs } = late
  const free = (): number => heapRoom(vfs.volume.memory)
  files.rm(`${HOME}/src/f0`)
  files.rm(`${HOME}/big`)
  files.rename(`${HOME}/src/f1`, `${HOME}/src/f2`)
  files.rename(`${HOME}/hole`, `${HOME}/moved`)
  const name = text('/home/project/src/f5')
  const open = vfs.open(vfs.root, name, 0, name.length, 0, 0, 0)
  files.rm(`${HOME}/src/f5`)
  // The inodes that became free are others now, with content of their own.
  for (let index = 0; index < 50; index++) files.writeFile(`${HOME}/new${index}`, text(`new ${index}`))
  const before = free()
  late.bringAll()
  assert.ok(free() > before, 'the room that was promised to what has gone is free again')
  assert.equal(promised(late), 0)
  const bytes = new Uint8Array(20)
  assert.equal(vfs.read(open, 0, bytes, 0, 20), 6)
  assert.equal(new TextDecoder().decode(bytes.subarray(0, 6)), 'file 5')
  vfs.unpin(open)
  assert.equal(new TextDecoder().decode(files.readFile(`${HOME}/src/f2`)), 'file 1')
  assert.equal(files.readFile(`${HOME}/moved`).length, 3_000_006)
  for (let index = 0; index < 50; index++)
    assert.equal(new TextDecoder().decode(files.readFile(`${HOME}/new${index}`)), `new ${index}`)
  assert.deepEqual(fsck(files), [])
})

test('equal content costs once, when it comes as when it was there', async () => {
  const bytes = Uint8Array.from({ length: 300_000 }, (_, at) => at * 7)
  const log = await kept(({ files }) => {
    for (const folder of ['a', 'b', 'c'])
      files.writeTree(`${HOME}/${folder}`, packTree([{ kind: 1, path: 'package', data: bytes }]))
  })
  const late = createLateMachine(log)
  late.bringAll()
  const whole = createTestMachine(recover([], log))
  assert.equal(late.files.usage().used, whole.files.usage().used)
  assert.ok(late.files.usage().used < 2 * bytes.length + 1_000_000)
  late.files.writeFile(`${HOME}/b/package`, text('mine'))
  assert.deepEqual(late.files.readFile(`${HOME}/c/package`), bytes)
  assert.deepEqual(fsck(late.files), [])
})

test('nobody takes the room of what is still to come', async () => {
  const log = await kept(sample)
  // 40 MiB: enough for the project, and for little else.
  const late = createLateMachine(log, 640)
  const { files } = late
  assert.throws(() => {
    for (let index = 0; ; index++) files.writeFile(`/tmp/${index}`, new Uint8Array(1_000_000).fill(1))
  }, /ENOSPC/)
  late.bringAll()
  assert.equal(late.arrivals.waiting.size, 0)
  assert.equal(promised(late), 0)
  assert.deepEqual(fsck(files), [])
  assert.deepEqual(
    files.readFile(`${HOME}/big`),
    createTestMachine(recover([], log)).files.readFile(`${HOME}/big`),
  )
})

test('a project that does not fit is refused as a whole, and nothing stays promised', async () => {
  const { recovered } = recoverHeads(await kept(sample))
  const machine = createTestMachine(null, 300)
  const { vfs, files } = machine
  files.unmount(HOME)
  assert.throws(() => mountRecovered(vfs, files, HOME, recovered), /ENOSPC.*does not fit/)
  assert.equal(promised(machine), 0)
  assert.deepEqual(fsck(files), [])
  emptyMount(vfs, files, HOME)
  files.writeFile(`${HOME}/new`, text('goes on'))
  assert.deepEqual(fsck(files), [])
})

test('what turns out to be lost is what older parts say of it, and everybody sees the change', async () => {
  const late = createLateMachine(await kept(sample))
  const { files, vfs, arrivals } = late
  const inode = inodeOf(vfs, `${HOME}/src/f7`)
  const node = arrivals.waiting.get(inode)
  assert.ok(node)
  const { cursor } = vfs.changes(-1)
  const version = files.version(`${HOME}/src/f7`)
  const older = recover([], await kept((one) => one.files.writeFile(`${HOME}/old`, text('an older one'))))
  const other = [...older.nodes.values()].find(({ kind }) => kind === 1)
  assert.ok(arrivals.placeOlder(inode, other))
  assert.equal(new TextDecoder().decode(files.readFile(`${HOME}/src/f7`)), 'an older one')
  assert.notEqual(files.version(`${HOME}/src/f7`), version)
  assert.ok(arrivals.placeOlder(inodeOf(vfs, `${HOME}/big`), undefined))
  assert.equal(files.readFile(`${HOME}/big`).length, 0)
  assert.deepEqual(new Set(vfs.changes(cursor).inodes), new Set([inode, inodeOf(vfs, `${HOME}/big`)]))
  late.bringAll()
  assert.equal(promised(late), 0)
  assert.deepEqual(fsck(files), [])
})

test('a link or folder of which a hostile part says that its content is still to come has none', async () => {
  const log = await kept(({ files }) => {
    files.writeFile(`${HOME}/a`, text('a target'))
    files.writeFile(`${HOME}/b`, text('b'))
  })
  for (const kind of [2, 3]) {
    const [part] = log.map((each) => ({ ...each, bytes: each.bytes.slice(0) })) as [Part]
    const words = new Int32Array(part.bytes)
    const at = words.findIndex((word, index) => word === RECORD.FILE && words[index + 2] === 52)
    words[at + 3] = kind
    words[1] = checksum(new Uint8Array(part.bytes), 8, HEADER_BYTES + (words[2] ?? 0)) | 0
    const late = createLateMachine([part])
    const names = (): string[] => late.files.readdir(HOME).map(({ name }) => name)
    assert.deepEqual(names(), kind === 2 ? ['a', 'b'] : ['b'])
    if (kind === 3) assert.deepEqual(late.recovered?.losses, [{ path: 'a', what: 'its content is lost' }])
    late.bringAll()
    assert.equal(promised(late), 0)
    assert.deepEqual(fsck(late.files), [])
  }
})

test(`whatever heads a hostile kernel has stored, the machine that opens them is sound, seed ${SEED}`, async () => {
  const random = createRandom(SEED)
  const log = await kept((machine) => {
    const user = createUser(machine, random)
    for (let step = 0; step < 40; step++) user()
    machine.files.symlink('somewhere', `${HOME}/a-link`)
    machine.files.writeFile(`${HOME}/a-file`, text('small'))
  })
  const values = [0, 1, 2, 3, 4, 5, 6, 7, -1, 2 ** 31 - 1, -(2 ** 31), 8, 65_536, 70_000]
  for (let round = 0; round < ROUNDS * 3; round++) {
    const parts = log.map((part) => ({ ...part, bytes: part.bytes.slice(0) }))
    const part = parts[random(parts.length)] as Part
    const words = new Int32Array(part.bytes)
    for (let change = 1 + random(5); change > 0; change--)
      words[HEADER_BYTES / 4 + random(words.length - HEADER_BYTES / 4)] =
        random(3) === 0 ? random(words.length * 4) : (values[random(values.length)] ?? 0)
    words[1] = checksum(new Uint8Array(part.bytes), 8, HEADER_BYTES + (words[2] ?? 0)) | 0
    const late = createLateMachine(parts)
    assert.deepEqual(fsck(late.files), [], `round ${round}`)
    late.bringAll()
    assert.equal(promised(late), 0, `round ${round}`)
    assert.deepEqual(fsck(late.files), [], `round ${round}`)
    dump(late.files)
  }
})

/** Times are those of the moment. */
const timeless = (machine: TestMachine): string[] =>
  dump(machine.files).map((line) => line.replace(/ \d{19}\b/g, ''))

test(`whatever a user does while files come, the machine is as if they had been there, seed ${SEED}`, async () => {
  for (let round = 0; round < ROUNDS; round++) {
    const random = createRandom(SEED + round)
    const log = await kept((machine) => {
      const user = createUser(machine, random)
      for (let step = 0; step < 60; step++) user()
    })
    const late = createLateMachine(log)
    const whole = createTestMachine(recover([], log))
    const steps = random(40)
    const seed = random(1e9)
    const users = [late, whole].map((machine) => createUser(machine, createRandom(seed)))
    for (let step = 0; step < steps; step++) {
      for (const user of users) user()
      const waiting = [...late.arrivals.waiting.keys()]
      if (random(3) === 0 && waiting.length > 0) late.bring(waiting[random(waiting.length)] ?? 0)
    }
    late.bringAll()
    assert.equal(promised(late), 0, `round ${round}`)
    assert.deepEqual(fsck(late.files), [], `round ${round}`)
    assert.deepEqual(timeless(late), timeless(whole), `round ${round}`)
  }
})
