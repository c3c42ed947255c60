import assert from 'node:assert/strict'
import { test } from 'node:test'
import { isCode } from '../abi/errno.ts'
import type { ProjectLoss } from '../abi/project.ts'
import { createRecovery } from '../lib/recovery.ts'
import type { Part } from '../lib/segment.ts'
import { giveRun, heapUsage, OWNER, takeRun } from '../memory/heap.ts'
import { commit } from '../memory/undo.ts'
import { fsck } from '../vfs/fsck.ts'
import { createSaver } from '../vfs/saver.ts'
import { createTestMachine, dump, HOME, inodeOf, type TestMachine } from '../vfs/saver-fixture.ts'
import { createComing, type KeptPart, recoverPart } from './arrivals.ts'

const text = (words: string): Uint8Array => new TextEncoder().encode(words)

interface Project {
  parts: Part[]
  files: string[]
}

/** One batch for each step; what a step writes is big enough for a body of its own. */
const project = async (steps: readonly ((machine: TestMachine) => void)[]): Promise<Project> => {
  const machine = createTestMachine()
  const parts: Part[] = []
  const saver = createSaver(machine.vfs, machine.ledger, 0)
  saver.forget()
  for (const step of steps) {
    step(machine)
    await saver.save(async (more) => void parts.push(...more))
  }
  return { parts, files: dump(machine.files) }
}

const write =
  (name: string, byte: number, bytes = 50_000) =>
  ({ files }: TestMachine): void =>
    void files.writeFile(`${HOME}/${name}`, new Uint8Array(bytes).fill(byte))

type Damage = 'gone' | 'flipped' | 'short'

/** The machine that opens it; `damage` says what is wrong with the body of a part. */
const open = ({ parts }: Project, damage: Record<number, Damage> = {}) => {
  const bytes = new Map<Blob, ArrayBuffer>()
  const read: Blob[] = []
  let reading = 0
  let most = 0
  const kept = parts.map(({ bytes: head, body, ids, batch, commit }, index): KeptPart => {
    const rest = { isBase: false, bytes: head, ids, batch, commit }
    if (!body) return { ...rest, body: null, blob: null }
    const stored = body.slice(0)
    if (damage[index] === 'flipped') new Uint8Array(stored)[7]! ^= 1
    const blob = new Blob([damage[index] === 'short' ? stored.slice(4) : stored])
    bytes.set(blob, damage[index] === 'short' ? stored.slice(4) : stored)
    blob.arrayBuffer = async () => {
      read.push(blob)
      most = Math.max(most, ++reading)
      await new Promise((resolve) => setTimeout(resolve, 1))
      reading--
      if (damage[index] === 'gone') throw new Error('NotFoundError')
      return bytes.get(blob) ?? new ArrayBuffer(0)
    }
    return { ...rest, blob, body: { size: body.byteLength, u8: null, isLost: false } }
  })
  const recovery = createRecovery()
  for (const part of kept) recoverPart(recovery, part)
  const recovered = recovery.finish()
  const machine = createTestMachine(recovered)
  const told: ProjectLoss[][] = []
  const now: Blob[] = []
  const coming = createComing({
    arrivals: machine.arrivals,
    parts: kept,
    told: recovered.losses,
    readNow: (blob) => {
      now.push(blob)
      const index = kept.findIndex((part) => part.blob === blob)
      return damage[index] === 'gone' ? null : (bytes.get(blob) ?? null)
    },
    lost: (losses) => told.push(losses),
  })
  machine.vfs.volume.bring = coming.bring
  return { ...machine, coming, kept, told, read, now, most: () => most }
}

const isAbsent = ({ arrivals, vfs }: TestMachine, name: string): boolean =>
  arrivals.waiting.has(inodeOf(vfs, `${HOME}/${name}`))
const promised = ({ vfs }: TestMachine): number => heapUsage(vfs.volume.memory).promised
const firstByte = ({ files }: TestMachine, name: string): number | undefined =>
  files.readFile(`${HOME}/${name}`)[0]

const MANY = Array.from({ length: 20 }, (_, index) => write(`f${index}`, index + 1))

test('everything comes by itself, a few parts at a time, and is let go of when it has come', async () => {
  const made = await project(MANY)
  const machine = open(made)
  assert.ok(isAbsent(machine, 'f0') && isAbsent(machine, 'f19'))
  await machine.coming.finish()
  assert.equal(machine.arrivals.waiting.size, 0)
  assert.equal(machine.read.length, 20)
  assert.ok(machine.most() > 1 && machine.most() <= 6, `${machine.most()} at once`)
  assert.ok(machine.kept.every(({ body }) => !body?.u8))
  assert.deepEqual([machine.told, machine.now], [[], []])
  assert.deepEqual(dump(machine.files), made.files)
  assert.deepEqual(fsck(machine.files), [])
  assert.equal(promised(machine), 0)
  await machine.coming.finish()
})

test('what somebody waits for is read at once, that part and no other, also while the rest is on its way', async () => {
  const made = await project(MANY)
  const machine = open(made)
  assert.equal(firstByte(machine, 'f15'), 16)
  assert.equal(machine.now.length, 1)
  assert.ok(isAbsent(machine, 'f14') && !isAbsent(machine, 'f15'))
  const finished = machine.coming.finish()
  await new Promise((resolve) => setTimeout(resolve, 1))
  assert.equal(firstByte(machine, 'f18'), 19)
  assert.equal(machine.now.length, 2)
  await finished
  assert.equal(machine.read.length <= 20 && !machine.read.includes(machine.now[0] as Blob), true)
  assert.deepEqual(dump(machine.files), made.files)
  assert.equal(machine.coming.bring(1), 0)
  assert.equal(machine.coming.bring(123_456), 0)
})

test('a file whose blocks lie in several parts comes when the last of them has', async () => {
  const big = Uint8Array.from({ length: 20_000_000 }, (_, at) => at >> 9)
  const made = await project([
    ({ files }) => void files.writeFile(`${HOME}/big`, big),
    ({ files, vfs }) => {
      vfs.write(inodeOf(vfs, `${HOME}/big`), 9_000_000, text('changed'), 0, 7)
      files.writeFile(`${HOME}/small`, text('small'))
    },
  ])
  assert.ok(made.parts.length >= 4)
  const machine = open(made)
  assert.equal(
    new TextDecoder().decode(machine.files.readFile(`${HOME}/big`).subarray(9_000_000, 9_000_007)),
    'changed',
  )
  assert.equal(machine.now.length, made.parts.length)
  assert.ok(isAbsent(machine, 'small'))
  await machine.coming.finish()
  assert.deepEqual(dump(machine.files), made.files)
  assert.ok(machine.kept.every(({ body }) => !body?.u8))
})

for (const damage of ['gone', 'flipped', 'short'] as const) {
  for (const how of ['by itself', 'when it is read'] as const) {
    test(`a body that is ${damage}, found ${how}: older content where there is some, and it is told by name`, async () => {
      const made = await project([
        write('twice', 1),
        write('other', 7),
        (machine) => {
          write('twice', 2, 70)(machine)
          write('once', 3)(machine)
        },
        write('last', 9),
      ])
      const machine = open(made, { 2: damage })
      const { cursor } = machine.vfs.changes(-1)
      if (how === 'when it is read') assert.equal(firstByte(machine, 'once'), undefined)
      await machine.coming.finish()
      assert.deepEqual(machine.told, [
        [
          {
            path: 'twice',
            what: 'its latest version is lost; this is an older one, or parts of it are empty',
          },
          { path: 'once', what: 'its content is lost' },
        ],
      ])
      assert.deepEqual(machine.files.readFile(`${HOME}/twice`), new Uint8Array(50_000).fill(1))
      assert.equal(machine.files.readFile(`${HOME}/once`).length, 0)
      assert.deepEqual([firstByte(machine, 'other'), firstByte(machine, 'last')], [7, 9])
      assert.equal(machine.vfs.changes(cursor).inodes.length, 2)
      assert.ok(machine.kept.every(({ body }) => !body?.u8))
      assert.equal(machine.arrivals.waiting.size, 0)
      assert.equal(promised(machine), 0)
      assert.deepEqual(fsck(machine.files), [])
    })
  }
}

test('several bodies are lost, and what was told when the project was opened is not told again', async () => {
  const made = await project([write('a', 1), write('b', 2), write('c', 3), write('d', 4)])
  const bad = made.parts[1] as Part
  const parts = made.parts.map((part) => (part === bad ? { ...bad, bytes: bad.bytes.slice(0, 40) } : part))
  const machine = open({ ...made, parts }, { 0: 'gone', 2: 'flipped' })
  const before = machine.recovered?.losses ?? []
  assert.ok(before.some(({ path }) => path === 'b'))
  await machine.coming.finish()
  assert.deepEqual(machine.told.flat(), [
    { path: 'a', what: 'its content is lost' },
    { path: 'c', what: 'its content is lost' },
  ])
  assert.equal(firstByte(machine, 'd'), 4)
  assert.deepEqual(fsck(machine.files), [])
})

test('a machine that is full says so, and goes on when there is room', async () => {
  const made = await project(MANY)
  const machine = open(made)
  const { memory, lock } = machine.vfs.volume
  lock.acquire()
  const taken: number[] = []
  // What is not a file's may take even what was promised.
  for (const granules of [40_000, 1000, 10, 1])
    for (let run = -1; run !== 0; ) {
      run = takeRun(memory, granules, OWNER.OBJECTS)
      if (run !== 0) taken.push(run, granules)
      commit(memory.i32)
    }
  lock.release()
  await assert.rejects(machine.coming.finish(), (error) => isCode(error, 'ENOSPC'))
  assert.equal(machine.coming.bring(inodeOf(machine.vfs, `${HOME}/f3`)), -51)
  assert.throws(() => machine.files.readFile(`${HOME}/f3`), /ENOSPC/)
  lock.acquire()
  for (let index = 0; index < taken.length; index += 2) {
    giveRun(memory, taken[index] ?? 0, taken[index + 1] ?? 0, OWNER.OBJECTS)
    commit(memory.i32)
  }
  lock.release()
  await machine.coming.finish()
  assert.deepEqual(dump(machine.files), made.files)
  assert.deepEqual(fsck(machine.files), [])
  assert.equal(promised(machine), 0)
})
