import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ERRNO } from '../abi/errno.ts'
import { SIGNAL, signalBit } from '../abi/signals.ts'
import { PROCESS, processAt, THREAD, threadAt } from '../memory/layout.ts'
import { getWord } from '../memory/slots.ts'
import { createOpenFile, releaseFile } from './open-file.ts'
import { readOperation, writeOperation } from './operation.ts'
import { pendingSignal, setDisposition, takeSignal } from './signal.ts'
import { spanOf } from './spans.ts'
import { readStream, writeStream } from './stream.ts'
import { CONTROL, DEFAULT_TERMIOS, LOCAL_MODE, OUTPUT_MODE, rawTermios } from './termios.ts'
import { bytes, createTestMachine, text } from './test-machine.ts'
import {
  createTty,
  getTermios,
  hangUpTty,
  INPUT_CAPACITY,
  OUTPUT_CAPACITY,
  releaseTty,
  resizeTty,
  setForeground,
  setTermios,
  ttySize,
} from './tty.ts'
import { ttyInput } from './tty-input.ts'
import { ttyDrain, ttyOutputPending } from './tty-output.ts'
import { ACCESS, PENDING, STREAM } from './types.ts'

const open = () => {
  const machine = createTestMachine()
  const { objects } = machine
  const tty = createTty(objects, 80, 24)
  assert.ok(tty > 0)
  const facts = { stream: STREAM.TTY, object: tty, access: ACCESS.READ | ACCESS.WRITE, status: 0 }
  const file = createOpenFile(objects, facts)
  const errors = createOpenFile(objects, { ...facts, channel: 2 })
  return {
    machine,
    objects,
    tty,
    file,
    errors,
    type: (words: string) => ttyInput(objects, tty, bytes(words)),
    read: (length = 100): string | number => {
      const target = new Uint8Array(length)
      const result = readStream(objects, file, spanOf(target))
      return result <= 0 ? result : text(target.subarray(0, result))
    },
    print: (words: string, to = file) => writeStream(objects, to, spanOf(bytes(words))),
    shown: () =>
      ttyDrain(objects, tty, 1e6)
        .map((chunk) => text(chunk.bytes))
        .join(''),
    change: (bits: { on?: number; off?: number }) => {
      const now = getTermios(objects, tty)
      setTermios(objects, tty, { ...now, local: (now.local | (bits.on ?? 0)) & ~(bits.off ?? 0) })
    },
  }
}

/** What is typed into a canonical terminal, what a program reads of it (line by line), and what the screen gets. */
const CASES: [name: string, typed: string, reads: (string | number)[], shown: string][] = [
  ['a line', 'abc\r', ['abc\n', PENDING], 'abc\n'],
  ['no line yet', 'abc', [PENDING], 'abc'],
  ['two lines, read one at a time', 'a\rb\n', ['a\n', 'b\n', PENDING], 'a\nb\n'],
  ['erase with DEL', 'abx\x7fc\r', ['abc\n'], 'abx\b \bc\n'],
  ['erase with BS', 'abx\x08c\r', ['abc\n'], 'abx\b \bc\n'],
  ['erase of nothing', '\x7f\x7fa\r', ['a\n'], 'a\n'],
  ['erase stops at the line before', 'a\r\x7fb\r', ['a\n', 'b\n'], 'a\nb\n'],
  ['erase of a two-byte character', 'aé\x7fb\r', ['ab\n'], 'aé\b \bb\n'],
  ['erase of a wide character', 'a😀\x7fb\r', ['ab\n'], 'a😀\b \b\b \bb\n'],
  ['erase of a control character', 'a\x01\x7fb\r', ['ab\n'], 'a^A\b \b\b \bb\n'],
  ['erase of a tab', 'ab\t\x7fc\r', ['abc\n'], `ab\t${'\b \b'.repeat(6)}c\n`],
  ['kill the line', 'hello\x15bye\r', ['bye\n'], `hello${'\b \b'.repeat(5)}bye\n`],
  ['erase a word', 'one two \x17x\r', ['one x\n'], `one two ${'\b \b'.repeat(4)}x\n`],
  ['erase a word of many bytes', 'a äöü\x17x\r', ['a x\n'], `a äöü${'\b \b'.repeat(3)}x\n`],
  ['end of file', '\x04', [0, PENDING], ''],
  ['end of file after a line', 'a\r\x04', ['a\n', 0, PENDING], 'a\n'],
  ['^D in a line ends the read, not the file', 'ab\x04', ['ab', PENDING], 'ab'],
  ['^D in a line and a second one', 'ab\x04\x04', ['ab', 0, PENDING], 'ab'],
  ['an interrupt throws the line away', 'abc\x03de\r', ['de\n'], 'abc^Cde\n'],
  ['an interrupt throws finished lines away too', 'abc\r\x03', [PENDING], 'abc\n^C'],
  ['escape is shown as ^[', '\x1b[A\r', ['\x1b[A\n'], '^[[A\n'],
  ['a zero byte is a character', 'a\0b\r', ['a\0b\n'], 'a^@b\n'],
]

for (const [name, typed, reads, shown] of CASES) {
  test(`canonical input: ${name}`, () => {
    const terminal = open()
    assert.equal(terminal.type(typed), bytes(typed).length)
    assert.deepEqual(
      reads.map(() => terminal.read()),
      reads,
    )
    assert.equal(terminal.shown(), shown)
  })
  test(`canonical input, byte by byte: ${name}`, () => {
    const terminal = open()
    for (const byte of bytes(typed))
      assert.equal(ttyInput(terminal.objects, terminal.tty, Uint8Array.of(byte)), 1)
    assert.deepEqual(
      reads.map(() => terminal.read()),
      reads,
    )
    assert.equal(terminal.shown(), shown)
  })
}

test('a tab behind a prompt is erased back to the prompt', () => {
  const terminal = open()
  terminal.print('\x1b[1m>>> \x1b[0m')
  terminal.type('\t\x7f')
  assert.equal(terminal.shown(), `\x1b[1m>>> \x1b[0m\t${'\b \b'.repeat(4)}`)
})

test('a line longer than the buffer is read in parts, and an end of file behind it is not lost', () => {
  const terminal = open()
  terminal.type('abcdef\rxy\x04\x04')
  assert.deepEqual(
    [4, 4, 2, 9].map((length) => terminal.read(length)),
    ['abcd', 'ef\n', 'xy', 0],
  )
  assert.equal(terminal.read(), PENDING)
})

test('without ECHO nothing is shown, with ECHONL only the newline', () => {
  const terminal = open()
  terminal.change({ off: LOCAL_MODE.ECHO })
  terminal.type('secret\x7f\r')
  assert.equal(terminal.shown(), '')
  terminal.change({ on: LOCAL_MODE.ECHONL })
  terminal.type('secret\r')
  assert.equal(terminal.shown(), '\n')
  assert.deepEqual([terminal.read(), terminal.read()], ['secre\n', 'secret\n'])
})

test('raw mode gives every byte at once and shows none', () => {
  const terminal = open()
  setTermios(terminal.objects, terminal.tty, rawTermios(DEFAULT_TERMIOS))
  assert.equal(terminal.read(), PENDING)
  terminal.type('a\r\x03\x04\x7f')
  assert.equal(terminal.read(2), 'a\r')
  assert.equal(terminal.read(), '\x03\x04\x7f')
  assert.equal(terminal.shown(), '')
})

test('changing the mode keeps what was typed: half a line is readable in raw mode, raw bytes are a line in canonical', () => {
  const terminal = open()
  terminal.type('one\rtwo')
  setTermios(terminal.objects, terminal.tty, rawTermios(DEFAULT_TERMIOS))
  assert.equal(terminal.read(5), 'one\nt')
  setTermios(terminal.objects, terminal.tty, DEFAULT_TERMIOS)
  assert.equal(terminal.read(), 'wo')
  terminal.type('three\r')
  assert.equal(terminal.read(), 'three\n')
  assert.equal(terminal.read(), PENDING)
})

test('VMIN says how many bytes a raw read waits for, VMIN 0 with VTIME how long', () => {
  const terminal = open()
  const raw = rawTermios(DEFAULT_TERMIOS)
  const withMin = (min: number, time: number) => {
    const control = raw.control.slice()
    control[CONTROL.MIN] = min
    control[CONTROL.TIME] = time
    setTermios(terminal.objects, terminal.tty, { ...raw, control })
  }
  withMin(3, 0)
  terminal.type('ab')
  assert.equal(terminal.read(), PENDING)
  assert.equal(terminal.read(2), 'ab')
  withMin(0, 0)
  assert.equal(terminal.read(), 0)
  withMin(0, 2)
  assert.equal(terminal.read(), PENDING)
  const operation = readOperation(terminal.objects, terminal.file, spanOf(new Uint8Array(1)))
  assert.equal(operation.attempt(), PENDING)
  const left = operation.deadline() - performance.now()
  assert.ok(left > 100 && left <= 200, `${left} ms`)
})

test('a printable character can be a control character', () => {
  const terminal = open()
  const control = DEFAULT_TERMIOS.control.slice()
  control[CONTROL.ERASE] = bytes('#')[0] ?? 0
  control[CONTROL.KILL] = bytes('@')[0] ?? 0
  setTermios(terminal.objects, terminal.tty, { ...DEFAULT_TERMIOS, control })
  terminal.type('wrong@abx#c\r')
  assert.equal(terminal.read(), 'abc\n')
})

test('^C and ^\\ signal the foreground group, and nobody else', () => {
  const { machine, objects, tty, type } = open()
  const [shell, job, other] = [machine.spawn(), machine.spawn(), machine.spawn()]
  setForeground(objects, tty, machine.pid(job))
  const pending = (slot: number) => getWord(machine.memory, processAt(slot) + PROCESS.PENDING)
  type('\x03')
  assert.deepEqual([shell, job, other].map(pending), [0, signalBit(SIGNAL.INT), 0])
  type('\x1c')
  assert.equal(pending(job), signalBit(SIGNAL.INT) | signalBit(SIGNAL.QUIT))
})

test('^C gets through when nobody reads and the input is full', () => {
  const { machine, objects, tty, type } = open()
  const slot = machine.spawn()
  setForeground(objects, tty, machine.pid(slot))
  const line = `${'x'.repeat(1023)}\r`
  const paste = line.repeat(INPUT_CAPACITY / 1024 + 2)
  assert.equal(type(paste), INPUT_CAPACITY)
  assert.equal(type('more'), 0)
  assert.equal(type('more\x03z'), 6)
  assert.notEqual(getWord(machine.memory, processAt(slot) + PROCESS.PENDING), 0)
})

test('a line without end fills the ring, rings the bell and can still be finished', () => {
  const { type, read, shown } = open()
  const long = 'x'.repeat(INPUT_CAPACITY + 5)
  assert.equal(type(long), long.length)
  assert.ok(shown().endsWith('\x07'.repeat(6)))
  type('\r')
  const line = read(INPUT_CAPACITY * 2)
  assert.equal(line, `${'x'.repeat(INPUT_CAPACITY - 1)}\n`)
})

test('a paste goes on where it stopped once a program has read', () => {
  const { objects, tty, read } = open()
  const source = Array.from({ length: 4000 }, (_, index) => `line ${index}\n`).join('')
  let rest = bytes(source)
  let received = ''
  for (let round = 0; rest.length > 0 && round < 10_000; round++) {
    rest = rest.subarray(ttyInput(objects, tty, rest))
    ttyDrain(objects, tty, 1e6)
    for (let line = read(); typeof line === 'string'; line = read()) received += line
  }
  assert.equal(received, source)
})

test('output keeps its channel and its order', () => {
  const { objects, tty, print, errors, type } = open()
  print('one')
  print(' two\n')
  print('bad', errors)
  type('x')
  print('three')
  const chunks = ttyDrain(objects, tty, 1e6).map(({ channel, bytes }) => [channel, text(bytes)])
  assert.deepEqual(chunks, [
    [1, 'one two\n'],
    [2, 'bad'],
    [1, 'xthree'],
  ])
  assert.equal(ttyOutputPending(objects, tty), 0)
})

test('output can be drained in any pieces', () => {
  const { objects, tty, print, file, errors } = open()
  const sent = ['', '']
  const got = ['', '']
  for (let round = 0; round < 3000; round++) {
    const which = (round * 7) % 3 === 0 ? 1 : 0
    const words = `${round},`.repeat(1 + (round % 9))
    print(words, which ? errors : file)
    sent[which] += words
    for (const { channel, bytes } of ttyDrain(objects, tty, (round * 13) % 61))
      got[channel - 1] += text(bytes)
  }
  for (const { channel, bytes } of ttyDrain(objects, tty, 1e6)) got[channel - 1] += text(bytes)
  assert.deepEqual(got, sent)
})

test('a full output ring makes the writer wait and leaves room for the echo', () => {
  const { objects, tty, file, type, machine } = open()
  const wakes = () => getWord(machine.memory, threadAt(0) + THREAD.WAKE)
  const before = wakes()
  const operation = writeOperation(objects, file, spanOf(new Uint8Array(OUTPUT_CAPACITY + 1000).fill(65)))
  assert.equal(operation.attempt(), PENDING)
  assert.ok(wakes() > before, 'the kernel is told')
  type('echo')
  const first = ttyDrain(objects, tty, 1e6)
  assert.ok(
    first
      .map(({ bytes }) => text(bytes))
      .join('')
      .endsWith('Aecho'),
  )
  assert.equal(operation.attempt(), OUTPUT_CAPACITY + 1000)
})

test('ONLCR makes a return of every newline, wherever the ring ends', () => {
  const { objects, tty, print, shown } = open()
  setTermios(objects, tty, { ...DEFAULT_TERMIOS, output: OUTPUT_MODE.OPOST | OUTPUT_MODE.ONLCR })
  for (let round = 0; round < 5000; round++) {
    assert.equal(print(`${round}\n\n`), `${round}\n\n`.length)
    assert.equal(shown(), `${round}\r\n\r\n`)
  }
})

test('a new size is told to the foreground once', () => {
  const { machine, objects, tty } = open()
  const slot = machine.spawn()
  const pid = machine.pid(slot)
  setForeground(objects, tty, pid)
  const own = machine.as(slot)
  resizeTty(objects, tty, 90, 24)
  assert.equal(pendingSignal(own), undefined, 'ignored by default')
  setDisposition(own, SIGNAL.WINCH, 'handle')
  resizeTty(objects, tty, 100, 30)
  assert.deepEqual(ttySize(objects, tty), { columns: 100, rows: 30 })
  assert.deepEqual(pendingSignal(own), { signal: SIGNAL.WINCH, action: 'handle' })
  assert.ok(takeSignal(own, SIGNAL.WINCH))
  resizeTty(objects, tty, 100, 30)
  assert.equal(pendingSignal(own), undefined, 'nothing changed')
})

test('after a hang-up what was typed is read, then comes the end, and writing is EIO', () => {
  const { objects, tty, type, read, print } = open()
  type('last\r')
  hangUpTty(objects, tty)
  assert.deepEqual([read(), read()], ['last\n', 0])
  assert.equal(print('x'), -ERRNO.IO)
})

test('the last user gives the rings back', () => {
  const { machine, objects, tty, file, errors } = open()
  const slot = machine.spawn()
  machine.memory.i32[processAt(slot) + PROCESS.TTY] = tty
  const before = machine.used()
  releaseTty(objects, tty)
  releaseFile(objects, file)
  assert.equal(machine.used(), before)
  releaseFile(objects, errors)
  assert.equal(machine.used(), before - INPUT_CAPACITY * 2 - OUTPUT_CAPACITY)
  assert.equal(getWord(machine.memory, processAt(slot) + PROCESS.TTY), 0, 'no process keeps its name')
})
