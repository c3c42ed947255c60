import assert from 'node:assert/strict'
import { once } from 'node:events'
import { test } from 'node:test'
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads'
import { ERRNO } from '../abi/errno.ts'
import { SUPERBLOCK } from '../memory/layout.ts'
import { takeThread } from '../memory/slots.ts'
import { createDescriptors } from './descriptors.ts'
import { word } from './objects.ts'
import { addReference, openPipe, releaseFile } from './open-file.ts'
import { endProcess } from './proc.ts'
import {
  MOST_SEMAPHORES,
  openSemaphore,
  postSemaphore,
  SEMAPHORE_MAX,
  semaphoreOperation,
  semaphoreValue,
  unlinkSemaphore,
} from './semaphore.ts'
import { attachTestMachine, bytes, createTestMachine } from './test-machine.ts'
import { PENDING } from './types.ts'
import { waitFor } from './wait.ts'

const FOREVER = Number.POSITIVE_INFINITY

if (!isMainThread) {
  const { shared, thread, slot, file, rounds } = workerData as Record<string, number> & {
    shared: WebAssembly.Memory
  }
  const objects = attachTestMachine(shared, thread as number, slot as number)
  // Not atomic by itself: the semaphore alone keeps two threads from losing an addition.
  for (let round = 0; round < (rounds as number); round++) {
    waitFor(objects, semaphoreOperation(objects, file as number, FOREVER))
    const counter = objects.memory.i32
    counter[SUPERBLOCK.USED_PIPES] = (counter[SUPERBLOCK.USED_PIPES] ?? 0) + 1
    postSemaphore(objects, file as number)
  }
  parentPort?.postMessage('done')
}

if (isMainThread) {
  const setUp = () => {
    const machine = createTestMachine()
    const open = (name: string, options = {}) => openSemaphore(machine.objects, bytes(name), options)
    return { machine, objects: machine.objects, open }
  }

  test('made once, opened by name, counted down and up', () => {
    const { objects, open } = setUp()
    assert.equal(open('/s'), -ERRNO.NOENT)
    const first = open('/s', { create: true, value: 1 })
    const second = open('/s')
    assert.equal(open('/s', { create: true, exclusive: true }), -ERRNO.EXIST)
    assert.equal(semaphoreOperation(objects, first, FOREVER).attempt(), 0)
    assert.equal(semaphoreOperation(objects, second, FOREVER).attempt(), PENDING)
    assert.equal(semaphoreOperation(objects, second, 0).attempt(), -ERRNO.AGAIN)
    assert.equal(semaphoreOperation(objects, second, performance.now() - 1).attempt(), -ERRNO.TIMEDOUT)
    assert.equal(postSemaphore(objects, second), 0)
    assert.equal(semaphoreValue(objects, first), 1)
  })

  test('names that are none, values that cannot be, and a full house are refused', () => {
    const { objects, open } = setUp()
    for (const name of ['', 's', '/', '/a/b', '/a\0'])
      assert.equal(open(name, { create: true }), -ERRNO.INVAL, name)
    assert.equal(open(`/${'x'.repeat(251)}`, { create: true }), -ERRNO.NAMETOOLONG)
    assert.equal(open('/s', { create: true, value: -1 }), -ERRNO.INVAL)
    const full = open('/full', { create: true, value: SEMAPHORE_MAX })
    assert.equal(postSemaphore(objects, full), -ERRNO.OVERFLOW)
    for (let made = 1; made < MOST_SEMAPHORES; made++) assert.ok(open(`/n${made}`, { create: true }) > 0)
    assert.equal(open('/more', { create: true }), -ERRNO.NFILE)
  })

  test('without its name it lives on for who has it, and goes with the last; a new one of the name is another', () => {
    const { machine, objects, open } = setUp()
    open('/kept', { create: true })
    const before = machine.used()
    const old = open('/s', { create: true, value: 3 })
    assert.equal(unlinkSemaphore(objects, bytes('/s')), 0)
    assert.equal(unlinkSemaphore(objects, bytes('/s')), -ERRNO.NOENT)
    assert.equal(semaphoreOperation(objects, old, FOREVER).attempt(), 0)
    const fresh = open('/s', { create: true, value: 7 })
    assert.deepEqual([semaphoreValue(objects, old), semaphoreValue(objects, fresh)], [2, 7])
    releaseFile(objects, old)
    releaseFile(objects, fresh)
    assert.equal(word(objects, SUPERBLOCK.USED_SEMAPHORES), 2, 'the name keeps it')
    unlinkSemaphore(objects, bytes('/s'))
    assert.equal(word(objects, SUPERBLOCK.USED_SEMAPHORES), 1)
    assert.equal(machine.used(), before)
  })

  test('death closes it; what is no semaphore is EINVAL', () => {
    const { machine, objects, open } = setUp()
    const slot = machine.spawn()
    const file = open('/s', { create: true })
    createDescriptors(machine.as(slot)).install(file)
    unlinkSemaphore(objects, bytes('/s'))
    endProcess(objects, slot, 0, 9)
    assert.equal(word(objects, SUPERBLOCK.USED_SEMAPHORES), 0)
    const pipe = openPipe(objects)
    assert.ok(typeof pipe !== 'number')
    for (const act of [postSemaphore, semaphoreValue]) assert.equal(act(objects, pipe.reader), -ERRNO.INVAL)
    assert.equal(semaphoreOperation(objects, pipe.reader, FOREVER).attempt(), -ERRNO.INVAL)
  })

  test('two threads behind one semaphore never lose an addition', async () => {
    const { machine, objects, open } = setUp()
    const file = open('/mutex', { create: true, value: 1 })
    const rounds = 3000
    const workers = [0, 1].map(() => {
      const slot = machine.spawn()
      addReference(objects, file)
      const thread = takeThread(machine.memory, machine.pid(slot))
      const data = { shared: machine.memory.shared, thread, slot, file, rounds }
      return once(new Worker(process.argv[1] ?? '', { workerData: data, execArgv: [] }), 'message')
    })
    await Promise.all(workers)
    assert.equal(word(objects, SUPERBLOCK.USED_PIPES), 2 * rounds)
    assert.equal(semaphoreValue(objects, file), 1)
  })
}
