import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ERRNO } from '../abi/errno.ts'
import { PROCESS, processAt } from '../memory/layout.ts'
import { getWord, setWord } from '../memory/slots.ts'
import { KIND } from '../vfs/types.ts'
import { createDescriptors } from './descriptors.ts'
import { inheritDescriptors } from './inherit.ts'
import { createOpenFile, releaseFile } from './open-file.ts'
import { releaseProcess } from './proc.ts'
import { createTestMachine, type TestMachine, text } from './test-machine.ts'
import { ACCESS, type Descriptors, STREAM } from './types.ts'

const openFile = (machine: TestMachine): number => {
  const object = machine.files.open(KIND.FILE)
  return createOpenFile(machine.objects, { stream: STREAM.FILE, object, access: ACCESS.READ, status: 0 })
}

const open = () => {
  const machine = createTestMachine()
  const slot = machine.spawn()
  return { machine, slot, descriptors: createDescriptors(machine.as(slot)) }
}

/** xorshift: the same steps on every run. */
const createRandom = (seed: number) => {
  let state = seed
  return (below: number): number => {
    state ^= state << 13
    state ^= state >>> 17
    state ^= state << 5
    return (state >>> 0) % below
  }
}

const LIMIT = 80

test('20,000 random calls on a table do what they do to a Map', () => {
  const { machine, slot, descriptors } = open()
  setWord(machine.memory, processAt(slot) + PROCESS.MAX_FILES, LIMIT)
  const model = new Map<number, number>()
  const random = createRandom(20260731)
  const lowest = (from: number): number => {
    let fd = from
    while (model.has(fd)) fd++
    return fd < LIMIT ? fd : -ERRNO.MFILE
  }
  const steps: ((fd: number, other: number) => void)[] = [
    (fd) => {
      const file = openFile(machine)
      const expected = lowest(fd)
      assert.equal(descriptors.install(file, { from: fd }), expected)
      if (expected >= 0) model.set(expected, file)
      else releaseFile(machine.objects, file)
    },
    (fd) => {
      assert.equal(descriptors.close(fd), model.delete(fd) ? 0 : -ERRNO.BADF)
    },
    (fd, other) => {
      const file = model.get(fd)
      const expected = file === undefined ? -ERRNO.BADF : other >= LIMIT ? -ERRNO.INVAL : lowest(other)
      assert.equal(descriptors.dup(fd, other), expected)
      if (file !== undefined && expected >= 0) model.set(expected, file)
    },
    (fd, other) => {
      const file = model.get(fd)
      const expected = file === undefined || other >= LIMIT ? -ERRNO.BADF : other
      assert.equal(descriptors.dup2(fd, other), expected)
      if (file !== undefined && expected >= 0) model.set(other, file)
    },
    (fd, other) => {
      const file = model.get(fd)
      const isGood = file !== undefined && model.has(other)
      assert.equal(descriptors.renumber(fd, other), isGood ? 0 : -ERRNO.BADF)
      if (!isGood || fd === other) return
      model.set(other, file)
      model.delete(fd)
    },
    (fd) => assert.equal(descriptors.get(fd), model.get(fd) ?? -ERRNO.BADF),
  ]
  for (let step = 0; step < 20_000; step++) {
    steps[random(steps.length)]?.(random(LIMIT + 5), random(LIMIT + 5))
    if (step % 500 !== 0) continue
    assert.deepEqual(
      descriptors.list(),
      [...model.keys()].sort((a, b) => a - b),
    )
    assert.equal(machine.files.pins(), new Set(model.values()).size)
    assert.equal(getWord(machine.memory, processAt(slot) + PROCESS.FILES), model.size)
  }
  descriptors.closeAll()
  assert.equal(machine.files.pins(), 0)
  assert.deepEqual(descriptors.list(), [])
})

test('the table grows to the limit of the process and then says EMFILE', () => {
  const { machine, descriptors } = open()
  const file = openFile(machine)
  descriptors.install(file)
  for (let fd = 1; fd < 1024; fd++) assert.equal(descriptors.dup(0, 0), fd)
  assert.equal(descriptors.dup(0, 0), -ERRNO.MFILE)
  assert.equal(descriptors.dup2(0, 1024), -ERRNO.BADF)
  assert.equal(descriptors.get(1023), file)
})

test('a table that grew gives all its memory back', () => {
  const { machine, descriptors } = open()
  descriptors.install(openFile(machine))
  descriptors.closeAll()
  const before = machine.used()
  descriptors.install(openFile(machine))
  for (let fd = 1; fd < 500; fd++) descriptors.dup(0, 0)
  descriptors.setPreopen(3, new Uint8Array(700), false)
  assert.ok(machine.used() > before)
  descriptors.closeAll()
  assert.equal(machine.used(), before)
})

test('rights and close-on-exec belong to the descriptor, and dup starts afresh but keeps the rights', () => {
  const { machine, descriptors } = open()
  descriptors.install(openFile(machine), { closeOnExec: true, base: 0b1010, inheriting: 0b1 })
  assert.equal(descriptors.dup(0, 0), 1)
  assert.deepEqual(descriptors.rights(1), { base: 0b1010, inheriting: 1 })
  assert.deepEqual([descriptors.closeOnExec(0), descriptors.closeOnExec(1)], [true, false])
  descriptors.setRights(1, 0b10, 0)
  assert.deepEqual(descriptors.rights(0), { base: 0b1010, inheriting: 1 })
  assert.ok(descriptors.hasRights(0, 0b1000) && !descriptors.hasRights(1, 0b1000))
  assert.ok(!descriptors.hasRights(7, 0))
  descriptors.closeOnExec(1, true)
  assert.ok(descriptors.closeOnExec(1))
})

test('a preopen has its name and mode until it is closed, and renumber takes them along', () => {
  const { machine, descriptors } = open()
  const preopen = (fd: number, of: Descriptors = descriptors) => {
    const found = of.preopen(fd)
    return found && [text(found.name), found.readonly]
  }
  assert.equal(descriptors.install(openFile(machine), { from: 3, preopen: '/home/ä', readonly: true }), 3)
  assert.equal(descriptors.install(openFile(machine), { from: 3 }), 4)
  assert.deepEqual(preopen(3), ['/home/ä', true])
  assert.equal(preopen(4), undefined)
  assert.equal(descriptors.renumber(3, 4), 0)
  assert.equal(preopen(3), undefined)
  assert.deepEqual(preopen(4), ['/home/ä', true])
  assert.equal(descriptors.setPreopen(4, new Uint8Array(0), false), 0)
  assert.deepEqual(preopen(4), ['', false])
  descriptors.close(4)
  assert.equal(preopen(4), undefined)
  assert.equal(descriptors.setPreopen(4, new Uint8Array(1), false), -ERRNO.BADF)
})

test('a name read from the table is no view of the machine', () => {
  const { machine, descriptors } = open()
  descriptors.install(openFile(machine), { preopen: '/a' })
  const name = descriptors.preopen(0)?.name
  assert.ok(name && !(name.buffer instanceof SharedArrayBuffer))
})

test('a child inherits what the pairs say, and the files live until both have closed them', () => {
  const { machine, slot, descriptors } = open()
  const child = machine.spawn(machine.pid(slot))
  const [a, b] = [openFile(machine), openFile(machine)]
  descriptors.install(a)
  descriptors.install(b, { base: 7, inheriting: 3 })
  const pairs = [
    [0, 2],
    [1, 0],
    [0, 40],
  ] as const
  assert.equal(inheritDescriptors(machine.objects, slot, child, pairs), 0)
  const table = createDescriptors(machine.objects, child)
  assert.deepEqual(table.list(), [0, 2, 40])
  assert.deepEqual([table.get(0), table.get(2), table.get(40)], [b, a, a])
  assert.deepEqual(table.rights(0), { base: 7, inheriting: 3 })
  releaseProcess(machine.objects, slot)
  assert.equal(machine.files.pins(), 2)
  releaseProcess(machine.objects, child)
  assert.equal(machine.files.pins(), 0)
})

test('inheriting a descriptor that is not open is EBADF and leaves the child with nothing', () => {
  const { machine, slot, descriptors } = open()
  const child = machine.spawn(machine.pid(slot))
  descriptors.install(openFile(machine))
  const pairs = [
    [0, 0],
    [5, 1],
  ] as const
  assert.equal(inheritDescriptors(machine.objects, slot, child, pairs), -ERRNO.BADF)
  assert.deepEqual(createDescriptors(machine.objects, child).list(), [])
  descriptors.closeAll()
  assert.equal(machine.files.pins(), 0)
})
