import assert from 'node:assert/strict'
import { test } from 'node:test'
import { packTree } from '../abi/tree.ts'
import type { Part } from '../lib/segment.ts'
import { fsck } from './fsck.ts'
import { createRandom } from './model-choices.ts'
import { createSaver, type Ship } from './saver.ts'
import {
  createTestMachine,
  createUser,
  dump,
  HOME,
  inodeOf,
  recover,
  type TestMachine,
} from './saver-fixture.ts'

const STEPS = process.env.LONG === '1' ? 40_000 : 1000
const SEED = Number(process.env.SEED ?? (process.env.LONG === '1' ? Date.now() & 0x7fffffff : 20250615))

const settled = (): Promise<void> => Promise.resolve()
const saverOf = ({ vfs, ledger, recovered }: TestMachine, breathe = settled) =>
  createSaver(vfs, ledger, recovered?.lastBatch ?? 0, { stretch: -1, breathe })
const into =
  (log: Part[]): Ship =>
  async (parts) =>
    void log.push(...parts)

test('files, folders, links, modes, times and holes come back to the byte', async () => {
  const machine = createTestMachine()
  const { files, vfs } = machine
  files.mkdir(`${HOME}/src/deep`, { recursive: true, mode: 0o700 })
  files.writeFile(`${HOME}/src/a.py`, new Uint8Array(70_000).fill(7), { mode: 0o755 })
  files.writeFile(`${HOME}/empty`, new Uint8Array(0))
  files.link(`${HOME}/src/a.py`, `${HOME}/src/deep/same`)
  files.symlink('../nowhere', `${HOME}/src/link`)
  files.writeFile(`${HOME}/hole`, new Uint8Array(10).fill(1))
  vfs.truncate(inodeOf(vfs, `${HOME}/hole`), 2 ** 40)
  vfs.write(inodeOf(vfs, `${HOME}/hole`), 2 ** 33, new Uint8Array(5).fill(9), 0, 5)
  files.writeFile('/tmp/not-mine', new Uint8Array(5))
  const log: Part[] = []
  const saver = saverOf(machine)
  saver.forget()
  await saver.save(into(log))
  assert.equal(saver.isDirty, false)
  const again = createTestMachine(recover([], log))
  assert.deepEqual(again.recovered?.losses, [])
  assert.deepEqual(dump(again.files), dump(files))
  assert.deepEqual(fsck(again.files), [])
  const tail = new Uint8Array(8)
  assert.equal(again.vfs.read(inodeOf(again.vfs, `${HOME}/hole`), 2 ** 33 - 2, tail, 0, 8), 8)
  assert.deepEqual([...tail], [0, 0, 9, 9, 9, 9, 9, 0])
  assert.ok(log.reduce((sum, part) => sum + part.bytes.byteLength, 0) < 300_000, 'holes are not stored')
})

test('what files share is saved with each of them, and shared again when it comes back', async () => {
  const machine = createTestMachine()
  const { files, vfs } = machine
  const data = Uint8Array.from({ length: 700_000 }, (_, index) => (index * 13) ^ (index >> 9))
  const tree = packTree([
    { kind: 1, path: 'small', data: data.subarray(0, 5_000) },
    { kind: 1, path: 'big', data },
  ])
  for (let copy = 0; copy < 10; copy++) files.writeTree(`${HOME}/copy${copy}`, tree)
  vfs.write(inodeOf(vfs, `${HOME}/copy3/big`), 400_000, new Uint8Array(9).fill(1), 0, 9)
  vfs.write(inodeOf(vfs, `${HOME}/copy3/small`), 40, new Uint8Array(9).fill(1), 0, 9)
  const log: Part[] = []
  const saver = saverOf(machine)
  saver.forget()
  await saver.save(into(log))
  const again = createTestMachine(recover([], log))
  assert.deepEqual(again.recovered?.losses, [])
  assert.deepEqual(dump(again.files), dump(files))
  assert.deepEqual(fsck(again.files), [])
  const { content, used } = again.files.usage()
  assert.equal(content, 7_050_000)
  assert.ok(used - createTestMachine().files.usage().used < 1_600_000, `${used} bytes for two contents`)
  // What came back is as it was saved: nothing is written down anew.
  assert.deepEqual(await saverOf(again).save(into([])), { inodes: 0, bytes: 0 })
})

test('a file that was written to since it was shared comes back as it is, beside those that still share', async () => {
  const machine = createTestMachine()
  const { files, vfs } = machine
  const data = new Uint8Array(3000).fill(5)
  for (const copy of ['a', 'b', 'c'])
    files.writeTree(`${HOME}/${copy}`, packTree([{ kind: 1, path: 'file', data }]))
  // The first is the one that was listed; its hint is that of bytes which it has no more.
  vfs.write(inodeOf(vfs, `${HOME}/a/file`), 0, new Uint8Array(1).fill(6), 0, 1)
  files.writeTree(`${HOME}/d`, packTree([{ kind: 1, path: 'file', data: data.subarray(0, 2000) }]))
  vfs.write(inodeOf(vfs, `${HOME}/d/file`), 0, new Uint8Array(1).fill(6), 0, 1)
  const log: Part[] = []
  const saver = saverOf(machine)
  saver.forget()
  await saver.save(into(log))
  const again = createTestMachine(recover([], log))
  assert.deepEqual(dump(again.files), dump(files))
  assert.deepEqual(fsck(again.files), [])
  again.files.writeTree(`${HOME}/e`, packTree([{ kind: 1, path: 'file', data: data.subarray(0, 2000) }]))
  assert.deepEqual(again.files.readFile(`${HOME}/e/file`), data.slice(0, 2000))
})

test('a FIFO is not kept: its folder comes back without it', async () => {
  const machine = createTestMachine()
  const { files, vfs } = machine
  files.writeFile(`${HOME}/file`, new Uint8Array(3))
  const name = new TextEncoder().encode('fifo')
  assert.equal(vfs.mkfifo(inodeOf(vfs, HOME), name, 0, name.length, 0, 0o644), 0)
  const log: Part[] = []
  const saver = saverOf(machine)
  saver.forget()
  await saver.save(into(log))
  const again = createTestMachine(recover([], log))
  assert.deepEqual(again.recovered?.losses, [])
  assert.deepEqual(
    again.files.readdir(HOME).map((entry) => entry.name),
    ['file'],
  )
  assert.deepEqual(fsck(again.files), [])
})

test('wherever a part has to grow, what is written is whole', async () => {
  const machine = createTestMachine()
  const { files } = machine
  const saver = saverOf(machine)
  for (let count = 0; count < 500; count++) {
    const path = `${HOME}/${count}`
    if (count % 3 === 0) files.mkdir(path)
    else if (count % 3 === 1) files.symlink('x'.repeat(count % 50) || 'x', path)
    else files.writeFile(path, new Uint8Array(count % 90))
    const parts: Part[] = []
    saver.forget()
    await saver.save(into(parts))
    for (const { id, kind, i32, word } of recover([], parts).nodes.values())
      assert.ok(
        kind > 0 && i32[word] === kind && i32[word + 1]! > 0,
        `${count} files: inode ${id} is of kind ${kind}`,
      )
  }
})

test('only what changed is written: one block of a big file, one group of a big folder', async () => {
  const machine = createTestMachine()
  const { files, vfs } = machine
  files.mkdir(`${HOME}/many`)
  for (let index = 0; index < 3000; index++) files.writeFile(`${HOME}/many/f${index}`, new Uint8Array(1))
  files.writeFile(`${HOME}/big`, new Uint8Array(4_000_000).fill(3))
  const log: Part[] = []
  const saver = saverOf(machine)
  saver.forget()
  await saver.save(into(log))
  vfs.write(inodeOf(vfs, `${HOME}/big`), 1_000_000, new Uint8Array(1).fill(4), 0, 1)
  files.rm(`${HOME}/many/f1500`)
  const { bytes } = await saver.save(into(log))
  assert.ok(bytes > 65_536 && bytes < 80_000, `${bytes} bytes`)
  assert.deepEqual(dump(createTestMachine(recover([], log)).files), dump(files))
  assert.deepEqual(await saver.save(into(log)), { inodes: 0, bytes: 0 })
})

test(`${STEPS} random steps with saves, refused saves, checkpoints and restarts, seed ${SEED}`, async () => {
  const random = createRandom(SEED)
  let base: Part[] = []
  let log: Part[] = []
  let machine = createTestMachine()
  /** What happens whenever the saver lets others have their turn. */
  let meanwhile = settled
  const breathe = (): Promise<void> => meanwhile()
  let saver = saverOf(machine, breathe)
  let user = createUser(machine, random)
  /** What the last committed save has seen. */
  let expected: string[] = []
  const refusing: Ship = async (parts) => {
    // What arrived before the refusal stays there, as in a store.
    log.push(...parts.slice(0, random(parts.length + 1)).filter((part) => !part.commit))
    throw new Error('full')
  }
  const save = async (): Promise<void> => {
    await saver.save(into(log))
    expected = dump(machine.files)
  }
  const compact = async (): Promise<void> => {
    await save()
    const from = log.length
    const next: Part[] = []
    meanwhile = async () => {
      if (random(2) === 0) user()
      if (random(8) > 0) return
      const rest = meanwhile
      meanwhile = settled
      await save()
      meanwhile = rest
    }
    await saver.checkpoint(into(next))
    meanwhile = settled
    for (let steps = random(4); steps > 0; steps--) user()
    // Before the switch there is the old picture still.
    if (random(4) === 0) return
    await save()
    base = next
    log = log.slice(from)
  }
  const restart = (): void => {
    const recovered = recover(base, log)
    machine = createTestMachine(recovered)
    assert.deepEqual(recovered.losses, [])
    assert.deepEqual(fsck(machine.files), [])
    assert.deepEqual(dump(machine.files), expected)
    assert.equal(
      recovered.nodes.size,
      expected.length === 0 ? recovered.nodes.size : machine.ledger.known.size,
    )
    saver = saverOf(machine, breathe)
    user = createUser(machine, random)
  }
  for (let step = 0; step < STEPS; step++) {
    user()
    const what = random(100)
    if (what < 8) await save()
    else if (what < 10) await saver.save(refusing).catch(() => {})
    else if (what < 11) await compact()
    else if (what < 12) restart()
  }
  await save()
  restart()
})

test('a ring that has overflowed is made up for by looking at everything', async () => {
  const machine = createTestMachine()
  const { files } = machine
  files.mkdir(`${HOME}/d`)
  files.writeFile(`${HOME}/d/gone`, new Uint8Array(1))
  const log: Part[] = []
  const saver = saverOf(machine)
  saver.forget()
  await saver.save(into(log))
  files.rm(`${HOME}/d/gone`)
  for (let index = 0; index < 70_000; index++)
    files.writeFile(`${HOME}/d/${index % 40_000}-${index & 1}`, new Uint8Array(2))
  await saver.save(into(log))
  assert.deepEqual(dump(createTestMachine(recover([], log)).files), dump(files))
})

test('a picture taken while a writer never stops is one moment of it', async () => {
  const machine = createTestMachine()
  const { files } = machine
  const log: Part[] = []
  const saver = saverOf(machine)
  saver.forget()
  // A writer that keeps two files equal: a new one beside, then renamed over; and a folder that it moves.
  let version = 0
  files.mkdir(`${HOME}/from`)
  const write = (): void => {
    version++
    const bytes = new TextEncoder().encode(`${version}`.padEnd(40_000, '.'))
    files.writeFile(`${HOME}/new`, bytes)
    files.rename(`${HOME}/new`, `${HOME}/current`)
    const [from, to] = version % 2 ? ['from', 'to'] : ['to', 'from']
    files.rename(`${HOME}/${from}`, `${HOME}/${to}`)
    for (let index = 0; index < 30; index++) files.writeFile(`${HOME}/${to}/${version}-${index}`, bytes)
  }
  for (let round = 0; round < 5; round++) {
    write()
    await saver.save(async (parts) => {
      log.push(...parts)
      write()
    })
    const again = createTestMachine(recover([], log))
    assert.deepEqual(again.recovered?.losses, [])
    assert.deepEqual(fsck(again.files), [])
    assert.equal(again.files.readFile(`${HOME}/current`).length, 40_000)
    const folders = again.files.readdir(HOME).filter(({ name }) => name === 'from' || name === 'to')
    assert.equal(folders.length, 1)
  }
})

/** A big file goes through its states while a checkpoint is taken; what comes back is the last state. */
const throughCheckpoint = async (steps: readonly ((machine: TestMachine) => void)[]): Promise<void> => {
  const machine = createTestMachine()
  machine.files.writeFile(`${HOME}/big`, new Uint8Array(600_000).fill(1))
  const log: Part[] = []
  let turn = 0
  const saver = saverOf(machine, async () => steps[turn++]?.(machine))
  saver.forget()
  turn = steps.length
  await saver.save(into(log))
  const from = log.length
  const base: Part[] = []
  turn = 0
  await saver.checkpoint(into(base))
  assert.ok(turn >= steps.length, 'every step happened during the checkpoint')
  await saver.save(into(log))
  const again = createTestMachine(recover(base, log.slice(from)))
  assert.deepEqual(dump(again.files), dump(machine.files))
  const without = createTestMachine(recover([], log))
  assert.deepEqual(dump(without.files), dump(machine.files), 'as well when the checkpoint came to nothing')
}

const put =
  (position: number, value: number) =>
  ({ vfs }: TestMachine): void =>
    void vfs.write(inodeOf(vfs, `${HOME}/big`), position, new Uint8Array(9).fill(value), 0, 9)

test('a block that only a checkpoint has seen changed is written back by the log', () =>
  throughCheckpoint([
    put(500_000, 2),
    settled,
    settled,
    settled,
    settled,
    settled,
    settled,
    settled,
    settled,
    put(500_000, 1),
  ]))

test('a change that only a checkpoint has seen is not lost with it', () =>
  throughCheckpoint([put(500_000, 2), ...Array.from({ length: 9 }, () => settled)]))

test('a file that is cut and grown again is empty where it was cut, also over a restart', async () => {
  for (const restarts of [false, true]) {
    let machine = createTestMachine()
    const bytes = new Uint8Array(600_000).fill(5)
    machine.files.writeFile(`${HOME}/big`, bytes)
    const log: Part[] = []
    let saver = saverOf(machine)
    saver.forget()
    await saver.save(into(log))
    if (restarts) {
      machine = createTestMachine(recover([], log))
      saver = saverOf(machine)
    }
    const { vfs, files } = machine
    const inode = inodeOf(vfs, `${HOME}/big`)
    vfs.truncate(inode, 70_000)
    vfs.truncate(inode, 600_000)
    await saver.save(into(log))
    const again = createTestMachine(recover([], log))
    const back = again.files.readFile(`${HOME}/big`)
    assert.equal(back.length, 600_000)
    assert.ok(
      back.subarray(70_000).every((byte) => byte === 0),
      `restart: ${restarts}`,
    )
    assert.deepEqual(dump(again.files), dump(files))
  }
})

test('what went away in a save that was refused is said to be gone by the next', async () => {
  const machine = createTestMachine()
  machine.files.writeFile(`${HOME}/a`, new Uint8Array(3))
  const log: Part[] = []
  const saver = saverOf(machine)
  saver.forget()
  await saver.save(into(log))
  machine.files.rm(`${HOME}/a`)
  await assert.rejects(saver.save(() => Promise.reject(new Error('full'))))
  await saver.save(into(log))
  assert.deepEqual(
    [...recover([], log).nodes.values()].map(({ id }) => id),
    [1],
  )
})
