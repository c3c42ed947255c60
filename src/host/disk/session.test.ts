import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { test } from 'node:test'
import type { DiskOptions, DiskStatus } from '../../abi/disk.ts'
import { createFakeDisk, type FakeDisk } from './fake-folder.ts'
import { createFakeMachine, type FakeMachine } from './fake-machine.ts'
import { createMachine } from './machine.ts'
import type { BaseEntry } from './pictures.ts'
import { createSession, type Session } from './session.ts'

interface Pair {
  disk: FakeDisk
  machine: FakeMachine
  session: Session
  /** Waits until both sides are in step and nothing has moved for a moment. */
  settled(): Promise<void>
  until(what: (status: DiskStatus) => boolean): Promise<void>
  base(): Map<string, BaseEntry>
}

const pause = (milliseconds: number): Promise<void> =>
  new Promise((resolve) => setTimeout(resolve, milliseconds))

const open = (
  disk: FakeDisk,
  machine: FakeMachine,
  options: DiskOptions = {},
  base: ReadonlyMap<string, BaseEntry> = new Map(),
): Pair => {
  let agreed = new Map(base)
  const session = createSession({
    handle: disk.handle,
    options,
    machine: createMachine(machine.tree),
    hashOf: async (bytes) => createHash('sha256').update(bytes).digest('hex'),
    Observer: null,
    base,
    now: disk.now,
    onStatus: () => {},
    onAgreed: (copy) => {
      agreed = copy()
    },
  })
  const until = async (what: (status: DiskStatus) => boolean): Promise<void> => {
    const end = Date.now() + 8000
    while (!what(session.status)) {
      if (Date.now() > end) assert.fail(`waited in vain: ${JSON.stringify(session.status)}`)
      await pause(5)
    }
  }
  const settled = async (): Promise<void> => {
    await session.scan()
    await pause(30)
    await until(({ state }) => state === 'in-step')
    const before = session.status.lastInStep
    await session.scan()
    await until(({ state, lastInStep }) => state === 'in-step' && lastInStep > before)
  }
  return { disk, machine, session, settled, until, base: () => agreed }
}

const pair = (options: DiskOptions = {}): Pair => open(createFakeDisk(), createFakeMachine(), options)

const using = async (one: Pair, work: (one: Pair) => Promise<void>): Promise<void> => {
  try {
    await work(one)
  } finally {
    await one.session.stop()
  }
}

test('changes go both ways, with folders and removals, and nothing echoes', () =>
  using(pair(), async ({ disk, machine, settled }) => {
    disk.write('src/a.txt', 'a')
    disk.mkdir('empty')
    machine.write('b.bin', new Uint8Array([0, 255, 10, 13]))
    await settled()
    assert.deepEqual(machine.dump(), disk.dump())
    assert.equal(machine.dump()['b.bin'], '\x00\xff\n\r')
    disk.write('src/a.txt', 'a2')
    machine.write('b.bin', 'b2')
    machine.remove('empty')
    await settled()
    assert.deepEqual(disk.dump(), { 'b.bin': 'b2', src: null, 'src/a.txt': 'a2' })
    assert.deepEqual(machine.dump(), disk.dump())
    const changes = disk.changes.length
    await settled()
    assert.equal(disk.changes.length, changes, 'a round without news writes nothing')
    assert.deepEqual(disk.changes, ['write b.bin', 'write b.bin', 'remove empty'])
  }))

test('both sides changed one file: the disk has the name, ours is beside it on both sides, and it is said', () =>
  using(pair(), async ({ disk, machine, session, settled }) => {
    disk.write('server.js', 'old')
    await settled()
    // Between two looks.
    machine.write('server.js', 'mine')
    disk.write('server.js', 'theirs')
    await session.scan()
    await settled()
    assert.deepEqual(disk.dump(), { 'server.js': 'theirs', 'server.js.mine': 'mine' })
    assert.deepEqual(machine.dump(), disk.dump())
    assert.deepEqual(
      session.status.conflicts.map(({ path, mine }) => [path, mine]),
      [['server.js', 'server.js.mine']],
    )
    session.dismiss('server.js')
    assert.deepEqual(session.status.conflicts, [])
  }))

test('a full machine overwrites nothing that it could not put aside', () =>
  using(pair(), async ({ disk, machine, session, settled, until }) => {
    disk.write('a', 'old')
    await settled()
    machine.isFull = true
    machine.write('a', 'mine')
    disk.write('a', 'theirs')
    await session.scan()
    await pause(300)
    assert.deepEqual([machine.dump().a, disk.dump().a], ['mine', 'theirs'])
    machine.isFull = false
    await until(({ conflicts }) => conflicts.length === 1)
    await settled()
    assert.deepEqual(machine.dump(), { a: 'theirs', 'a.mine': 'mine' })
  }))

test('somebody saves while we write: theirs stays, and both are kept', () =>
  using(pair(), async ({ disk, machine, settled }) => {
    disk.write('a', 'old')
    await settled()
    let count = 0
    disk.before = (step, path) => {
      if (step === 'write' && path === 'a' && count++ === 0) disk.write('a', 'theirs, meanwhile')
    }
    machine.write('a', 'ours')
    await settled()
    assert.deepEqual(disk.dump(), { a: 'theirs, meanwhile', 'a.mine': 'ours' })
    assert.deepEqual(machine.dump(), disk.dump())
  }))

test('a file that changes while it is read is read again until it is quiet', () =>
  using(pair(), async ({ disk, machine, settled }) => {
    let count = 0
    disk.before = (step, path) => {
      if (step === 'read' && path === 'log' && count++ < 3) disk.write('log', `line ${count}`)
    }
    disk.write('log', 'line 0')
    await settled()
    assert.equal(machine.dump().log, 'line 3')
  }))

test('a file that is gone for a moment was saved, not removed', () =>
  using(pair(), async ({ disk, machine, session, settled }) => {
    disk.write('a', '1')
    disk.write('b', '1')
    await settled()
    disk.remove('a')
    await session.scan()
    await pause(60)
    assert.equal(machine.dump().a, '1')
    disk.write('a', '2')
    await settled()
    assert.equal(machine.dump().a, '2')
    disk.remove('a')
    await session.scan()
    await pause(400)
    assert.deepEqual(machine.dump(), { b: '1' })
  }))

test('the folder vanishes: nothing is removed here, changes wait, and all comes together when it is back', () =>
  using(pair(), async ({ disk, machine, session, settled, until }) => {
    disk.write('a', '1')
    disk.write('b', '1')
    await settled()
    disk.isGone = true
    await session.scan()
    await until(({ state }) => state === 'vanished')
    machine.write('a', 'changed here')
    machine.remove('b')
    machine.write('c', 'new')
    await until(({ pending }) => pending === 3)
    assert.ok(session.status.since > 0)
    assert.deepEqual(machine.dump(), { a: 'changed here', c: 'new' })
    disk.isGone = false
    await session.retry('ask')
    await settled()
    assert.deepEqual(disk.dump(), { a: 'changed here', c: 'new' })
    assert.equal(session.status.pending, 0)
  }))

test('permission is lost in the middle of writing, and regained: nothing is lost', () =>
  using(pair(), async ({ disk, machine, session, settled, until }) => {
    for (let index = 0; index < 40; index++) machine.write(`f${index}`, `${index}`)
    let count = 0
    disk.before = (step) => {
      if (step === 'close' && ++count === 10) disk.permission = 'prompt'
    }
    await session.scan()
    await until(({ state }) => state === 'permission')
    const written = Object.values(disk.dump()).filter((text) => text !== '').length
    assert.ok(
      written < 40 && session.status.pending > 0,
      `${written} written, ${session.status.pending} pending`,
    )
    machine.write('f0', 'again')
    disk.permission = 'granted'
    await session.retry('ask')
    await settled()
    assert.deepEqual(disk.dump(), machine.dump())
    assert.deepEqual(session.status.conflicts, [])
    assert.equal(Object.keys(disk.dump()).length, 40)
  }))

test('a folder that is suddenly empty asks before it empties the machine', () =>
  using(pair(), async ({ disk, machine, session, settled, until }) => {
    disk.write('a', '1')
    disk.write('b', '1')
    await settled()
    disk.remove('a')
    disk.remove('b')
    await session.scan()
    await until(({ state }) => state === 'vanished')
    assert.deepEqual(machine.dump(), { a: '1', b: '1' })
    await session.retry('refill')
    await settled()
    assert.deepEqual(disk.dump(), { a: '1', b: '1' })
    disk.remove('a')
    disk.remove('b')
    await session.scan()
    await until(({ state }) => state === 'vanished')
    await session.retry('accept')
    await until(({ state }) => state === 'in-step')
    assert.deepEqual(machine.dump(), {})
  }))

test('names that the disk refuses, or takes for another, stay in the machine and are told', () =>
  using(pair(), async ({ disk, machine, session, settled }) => {
    disk.ignoresCase = true
    disk.write('Readme', 'theirs')
    await settled()
    machine.write('a:b', '1')
    machine.write('ends.', '1')
    machine.write('readme', 'ours')
    machine.write('fine', '1')
    await settled()
    assert.deepEqual(disk.dump(), { Readme: 'theirs', fine: '1' })
    assert.equal(machine.dump().readme, 'ours')
    const told = Object.fromEntries(session.status.leftOut.map(({ path, reason }) => [path, reason]))
    assert.match(told['a:b'] ?? '', /":"/)
    assert.match(told['ends.'] ?? '', /dot/)
    assert.match(told.readme ?? '', /upper and lower case/)
    machine.remove('a:b')
    await settled()
    assert.deepEqual(session.status.leftOut.map(({ path }) => path).sort(), ['ends.', 'readme'])
  }))

test('a rename of case only arrives on a disk that ignores case', () =>
  using(pair(), async ({ disk, machine, settled }) => {
    disk.ignoresCase = true
    machine.write('File.txt', '1')
    await settled()
    machine.remove('File.txt')
    machine.write('file.txt', '1')
    await settled()
    assert.deepEqual(disk.dump(), { 'file.txt': '1' })
    assert.deepEqual(machine.dump(), disk.dump())
  }))

test('read-only: nothing is written, what is new arrives, and what changed here is counted', () =>
  using(pair({ readonly: true }), async ({ disk, machine, session, settled }) => {
    disk.write('a', '1')
    disk.write('b', '1')
    await settled()
    machine.write('a', 'mine')
    machine.write('n', 'new')
    machine.remove('b')
    await settled()
    assert.equal(session.status.pending, 3)
    disk.write('a', '2')
    await settled()
    assert.deepEqual(disk.changes, [])
    assert.deepEqual(disk.dump(), { a: '2', b: '1' })
    assert.deepEqual(machine.dump(), { a: '2', 'a.mine': 'mine', n: 'new' })
  }))

test('what is ignored, links and version control stay where they are', () =>
  using(pair(), async ({ disk, machine, settled }) => {
    disk.write('.gitignore', '*.log\n')
    disk.write('.git/config', 'theirs')
    disk.write('disk.log', '1')
    await settled()
    machine.write('node_modules/p/index.js', '1')
    machine.write('sub/.gitignore', 'made/\n')
    machine.write('sub/made/x', '1')
    machine.write('here.log', '1')
    machine.write('.git/hooks/pre-commit', 'rm -rf')
    machine.link('link')
    await settled()
    assert.deepEqual(disk.dump(), {
      '.git': null,
      '.git/config': 'theirs',
      '.gitignore': '*.log\n',
      'disk.log': '1',
      sub: null,
      'sub/.gitignore': 'made/\n',
    })
    assert.equal(machine.dump()['disk.log'], undefined)
  }))

test('a file over the limit stays on the disk and is told', () =>
  using(pair({ fileBytes: 10 }), async ({ disk, machine, session, settled }) => {
    disk.write('big', 'x'.repeat(11))
    disk.write('small', 'x')
    await settled()
    assert.deepEqual(machine.dump(), { small: 'x' })
    assert.deepEqual(
      session.status.leftOut.map(({ path, where }) => [path, where]),
      [['big', 'disk']],
    )
  }))

test('a full disk is told, and tried again', () =>
  using(pair(), async ({ disk, machine, session, settled, until }) => {
    disk.isFull = true
    machine.write('a', '1')
    await until(({ state }) => state === 'failed')
    assert.match(session.status.message, /full/)
    assert.equal(session.status.pending, 1)
    disk.isFull = false
    await settled()
    assert.deepEqual(disk.dump(), { a: '1' })
  }))

test('taken up after a reload: what was removed here meanwhile goes, and what the machine has lost comes back', async () => {
  const disk = createFakeDisk()
  const first = open(disk, createFakeMachine())
  disk.write('a', '1')
  disk.write('b', '1')
  disk.write('c', '1')
  await using(first, ({ settled }) => settled())
  const again = createFakeMachine()
  again.write('a', '1')
  again.write('c', 'changed while it was closed')
  await using(open(disk, again, {}, first.base()), async ({ settled, session }) => {
    await settled()
    assert.deepEqual(disk.dump(), { a: '1', c: 'changed while it was closed' })
    assert.deepEqual(session.status.conflicts, [])
  })
  const empty = createFakeMachine()
  await using(open(disk, empty, {}, first.base()), async ({ settled }) => {
    await settled()
    assert.deepEqual(Object.keys(disk.dump()), ['a', 'c'])
    assert.deepEqual(empty.dump(), disk.dump())
  })
})

test('a clock that goes back hides no change', () =>
  using(pair(), async ({ disk, machine, settled }) => {
    disk.write('a', '1')
    await settled()
    disk.now = () => Date.now() - 86_400_000
    disk.write('a', '2')
    await settled()
    assert.equal(machine.dump().a, '2')
    machine.write('a', '3')
    await settled()
    assert.equal(disk.dump().a, '3')
  }))

test('storms on both sides: the trees are equal at the end', () =>
  using(pair(), async ({ disk, machine, settled }) => {
    let seed = 7
    const pick = (below: number): number => {
      seed = (Math.imul(seed, 1664525) + 1013904223) >>> 0
      return Math.floor((seed / 2 ** 32) * below)
    }
    for (let storm = 0; storm < 6; storm++) {
      for (let step = 0; step < 60; step++) {
        const path = `d${pick(4)}/f${pick(8)}`
        const what = pick(4)
        if (what === 0) disk.write(path, `disk ${storm} ${step}`)
        else if (what === 1) machine.write(path, `machine ${storm} ${step}`)
        else if (what === 2) disk.remove(path)
        else machine.remove(path)
        if (step % 7 === 0) await pause(1)
      }
      await settled()
      assert.deepEqual(machine.dump(), disk.dump())
    }
  }))
