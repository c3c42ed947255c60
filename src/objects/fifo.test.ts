import assert from 'node:assert/strict'
import { once } from 'node:events'
import { test } from 'node:test'
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads'
import { ERRNO } from '../abi/errno.ts'
import { SUPERBLOCK } from '../memory/layout.ts'
import { KIND } from '../vfs/types.ts'
import { createDescriptors } from './descriptors.ts'
import { fifoOperation } from './fifo.ts'
import { word } from './objects.ts'
import { releaseFile } from './open-file.ts'
import { endProcess } from './proc.ts'
import { spanOf } from './spans.ts'
import { openInode, readStream, writeStream } from './stream.ts'
import { attachTestMachine, bytes, createTestMachine, type TestMachine, text } from './test-machine.ts'
import { ACCESS, PENDING, STATUS } from './types.ts'
import { waitFor } from './wait.ts'

const open = (machine: TestMachine, inode: number, access: number, status = 0): number => {
  machine.objects.vfs.pin(inode)
  return openInode(machine.objects, inode, access, status, createDescriptors(machine.objects, 0))
}

if (!isMainThread) {
  const { shared, thread, slot, file } = workerData as Record<string, number> & { shared: WebAssembly.Memory }
  const objects = attachTestMachine(shared, thread as number, slot as number)
  parentPort?.postMessage(waitFor(objects, fifoOperation(objects, file as number)))
}

if (isMainThread) {
  const setUp = () => {
    const machine = createTestMachine()
    const inode = machine.files.open(KIND.FIFO)
    return { machine, inode, objects: machine.objects, before: machine.used() }
  }

  test('opening waits for the other side, and what is written arrives', () => {
    const { machine, inode, objects } = setUp()
    const reader = open(machine, inode, ACCESS.READ)
    const opening = fifoOperation(objects, reader)
    assert.equal(opening.attempt(), PENDING)
    const writer = open(machine, inode, ACCESS.WRITE)
    assert.equal(opening.attempt(), 0)
    assert.equal(fifoOperation(objects, writer).attempt(), 0)
    assert.equal(writeStream(objects, writer, spanOf(bytes('hello'))), 5)
    const target = new Uint8Array(9)
    assert.equal(readStream(objects, reader, spanOf(target)), 5)
    assert.equal(text(target.subarray(0, 5)), 'hello')
    releaseFile(objects, writer)
    assert.equal(readStream(objects, reader, spanOf(target)), 0)
  })

  test('a writer that came and went while the reader slept has been there', () => {
    const { machine, inode, objects } = setUp()
    const opening = fifoOperation(objects, open(machine, inode, ACCESS.READ))
    const writer = open(machine, inode, ACCESS.WRITE)
    writeStream(objects, writer, spanOf(bytes('x')))
    releaseFile(objects, writer)
    assert.equal(opening.attempt(), 0)
  })

  test('with NONBLOCK a reader is there at once, and a writer without a reader is ENXIO', () => {
    const { machine, inode, objects } = setUp()
    assert.equal(open(machine, inode, ACCESS.WRITE, STATUS.NONBLOCK), -ERRNO.NXIO)
    const reader = open(machine, inode, ACCESS.READ, STATUS.NONBLOCK)
    assert.equal(fifoOperation(objects, reader).attempt(), 0)
    const writer = open(machine, inode, ACCESS.WRITE, STATUS.NONBLOCK)
    assert.equal(fifoOperation(objects, writer).attempt(), 0)
    assert.equal(open(machine, inode, ACCESS.READ | ACCESS.WRITE), -ERRNO.INVAL)
  })

  test('the pipe is there while somebody has it open, and nothing is left behind it', () => {
    const { machine, inode, objects } = setUp()
    const other = machine.files.open(KIND.FIFO)
    const pins = machine.files.pins()
    const first = [open(machine, inode, ACCESS.READ), open(machine, inode, ACCESS.WRITE)] as const
    const second = [open(machine, other, ACCESS.READ), open(machine, other, ACCESS.WRITE)] as const
    assert.equal(machine.files.pins(), pins + 2, 'each pipe keeps its inode once')
    assert.equal(word(objects, SUPERBLOCK.USED_PIPES), 2)
    writeStream(objects, first[1], spanOf(bytes('lost')))
    for (const file of first) releaseFile(objects, file)
    assert.equal(word(objects, SUPERBLOCK.USED_PIPES), 1)
    const reader = open(machine, inode, ACCESS.READ)
    const writer = open(machine, inode, ACCESS.WRITE)
    assert.equal(readStream(objects, reader, spanOf(new Uint8Array(9))), PENDING, 'what was in it is gone')
    for (const file of [...second, reader, writer]) releaseFile(objects, file)
    assert.equal(word(objects, SUPERBLOCK.USED_PIPES), 0)
    assert.equal(word(objects, SUPERBLOCK.FIFOS), 0)
    assert.equal(machine.files.pins(), pins)
  })

  test('a thread sleeps in its opening until a writer comes; a death in it leaves nothing', async () => {
    const { machine, inode, objects } = setUp()
    const slot = machine.spawn()
    const thread = slot + 1
    const reader = open(machine, inode, ACCESS.READ)
    createDescriptors(machine.as(slot)).install(reader)
    const data = { shared: machine.memory.shared, thread, slot, file: reader }
    const worker = new Worker(process.argv[1] ?? '', { workerData: data, execArgv: [] })
    const answer = once(worker, 'message')
    const writer = open(machine, inode, ACCESS.WRITE)
    assert.deepEqual(await answer, [0])
    endProcess(objects, slot, 0, 9)
    releaseFile(objects, writer)
    assert.equal(word(objects, SUPERBLOCK.USED_PIPES), 0)
  })
}
