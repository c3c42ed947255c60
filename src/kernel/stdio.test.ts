/** A process's streams from the kernel's side: what is taken, held back and given up. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { SpawnRequest } from '../abi/control.ts'
import { isCode } from '../abi/errno.ts'
import { createDescriptors } from '../objects/descriptors.ts'
import { fileObject } from '../objects/open-file.ts'
import { pipeRead, pipeWrite } from '../objects/pipe.ts'
import { releaseProcess } from '../objects/proc.ts'
import { spanOf } from '../objects/spans.ts'
import { bytes, createTestMachine, text } from '../objects/test-machine.ts'
import { ttyRead } from '../objects/tty-read.ts'
import { PENDING } from '../objects/types.ts'
import { CREDIT_BYTES, createStdio, type Stdio } from './stdio.ts'

const PIPE_BYTES = 65_536

const setUp = (options: Partial<Pick<SpawnRequest, 'stdin' | 'terminal'>> = {}) => {
  const machine = createTestMachine()
  // Pools of open files, pipes and terminals come with their first one and stay.
  for (const terminal of [null, { columns: 80, rows: 24 }]) {
    const first = machine.spawn()
    const unused = { stdin: null, terminal } as SpawnRequest
    createStdio(
      machine.objects,
      createDescriptors(machine.objects, first),
      machine.pid(first),
      unused,
    ).close()
    releaseProcess(machine.objects, first)
  }
  const before = machine.used()
  const slot = machine.spawn()
  const descriptors = createDescriptors(machine.objects, slot)
  const request = { stdin: null, terminal: null, ...options } as SpawnRequest
  const stdio = createStdio(machine.objects, descriptors, machine.pid(slot), request)
  const object = (fd: number): number => fileObject(machine.objects, descriptors.get(fd))
  const own = machine.as(slot)
  return {
    stdio,
    /** As the process: bytes written, or -errno. */
    write: (fd: number, data: Uint8Array) => pipeWrite(own, object(fd), spanOf(data), 0),
    /** As the process: what one read of stdin gives; null where it would wait. */
    read: (most = PIPE_BYTES): string | null => {
      const into = new Uint8Array(most)
      const take = options.terminal ? ttyRead : pipeRead
      const taken = take(own, object(0), spanOf(into))
      return taken === PENDING ? null : text(into.subarray(0, taken))
    },
    end: () => {
      stdio.close()
      releaseProcess(machine.objects, slot)
      return machine.used() - before
    },
  }
}

const drained = (stdio: Stdio, all = false): number =>
  stdio.drain(all).reduce((sum, chunk) => sum + chunk.bytes.length, 0)

test('output comes in its channels, and what is left comes at the end', () => {
  const { stdio, write, end } = setUp()
  write(1, bytes('out'))
  write(2, bytes('err'))
  const chunks = stdio.drain(false).map(({ channel, bytes: piece }) => [channel, text(piece)])
  assert.deepEqual(chunks, [
    [1, 'out'],
    [2, 'err'],
  ])
  write(1, bytes('last words'))
  assert.equal(text(stdio.drain(true)[0]?.bytes ?? bytes('')), 'last words')
  assert.equal(end(), 0)
})

test('a process whose output nobody acknowledges is held back, and goes on after an acknowledgement', () => {
  const { stdio, write, end } = setUp()
  const page = new Uint8Array(PIPE_BYTES)
  let sent = 0
  for (;;) {
    const moved = drained(stdio)
    sent += moved
    if (write(1, page) === PENDING && moved === 0) break
  }
  assert.equal(sent, CREDIT_BYTES)
  assert.equal(drained(stdio), 0)
  stdio.ack(1000)
  assert.equal(drained(stdio), 1000)
  // No more credit than there was at first, however much is acknowledged.
  stdio.ack(1e9)
  for (let round = 0; round < 20; round++) {
    write(1, page)
    sent += drained(stdio)
  }
  assert.ok(sent <= 2 * CREDIT_BYTES, `${sent} bytes without an acknowledgement`)
  assert.ok(drained(stdio, true) > 0)
  assert.equal(end(), 0)
})

test('input waits for its reader, in order, and resolves when it was taken', async () => {
  const { stdio, read, end } = setUp()
  const big = new Uint8Array(3 * PIPE_BYTES).fill(97)
  const taken: string[] = []
  const first = stdio.input(big).then(() => taken.push('first'))
  const second = stdio.input(bytes('b')).then(() => taken.push('second'))
  let got = ''
  for (let piece = read(); piece !== null; piece = read()) {
    got += piece
    stdio.feed()
  }
  await Promise.all([first, second])
  assert.deepEqual(taken, ['first', 'second'])
  assert.equal(got.length, big.length + 1)
  assert.ok(got.endsWith('ab'))
  stdio.endInput()
  assert.equal(read(), '')
  assert.equal(end(), 0)
})

test('more than 16 MiB that nobody reads is refused, and the end of the process refuses what waits', async () => {
  const { stdio, end } = setUp()
  const waiting = stdio.input(new Uint8Array(16 * 1024 * 1024))
  await assert.rejects(stdio.input(new Uint8Array(PIPE_BYTES + 1)), (error) => isCode(error, 'ENOBUFS'))
  assert.equal(end(), 0)
  await assert.rejects(waiting, (error) => isCode(error, 'EPIPE'))
})

test('stdin that is given at the start arrives whole, however large, and ends', () => {
  const size = 17 * 1024 * 1024
  const { stdio, read, end } = setUp({ stdin: new Uint8Array(size) })
  let got = 0
  for (let piece = read(); piece !== ''; piece = read()) {
    assert.notEqual(piece, null)
    got += piece?.length ?? 0
    stdio.feed()
  }
  assert.equal(got, size)
  assert.equal(end(), 0)
})

test('empty stdin is an end of file at once', () => {
  const { read, end } = setUp({ stdin: new Uint8Array(0) })
  assert.equal(read(), '')
  assert.equal(end(), 0)
})

test('on a terminal, stdin ends also behind half a line', () => {
  const terminal = { columns: 80, rows: 24 }
  for (const words of ['', 'line\n', 'half a line', 'line\nhalf']) {
    const { read, end } = setUp({ stdin: bytes(words), terminal })
    let got = ''
    for (let piece = read(); piece !== ''; piece = read()) {
      assert.notEqual(piece, null, `a reader of ${JSON.stringify(words)} waits for ever`)
      got += piece
    }
    assert.equal(got, words)
    assert.equal(end(), 0)
  }
})

test('on a terminal, the end of input waits its turn behind what is not read yet', () => {
  const lines = 'a line of text\n'.repeat(2000)
  const { stdio, read, end } = setUp({ stdin: bytes(lines), terminal: { columns: 80, rows: 24 } })
  let got = ''
  for (let piece = read(); piece !== ''; piece = read()) {
    assert.notEqual(piece, null)
    got += piece
    stdio.feed()
    stdio.drain(false)
    stdio.ack(CREDIT_BYTES)
  }
  assert.equal(got, lines)
  assert.equal(end(), 0)
})
