import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type BadModuleName, readBadModule, readProgram } from '../../e2e/fixtures/programs.ts'
import { SIGNAL } from '../abi/signals.ts'
import { raise } from '../objects/signal.ts'
import { createCaller } from './caller.ts'
import { exec } from './exec.ts'
import { faultReason, trapWords } from './faults.ts'
import { createPrivateMachine, type PrivateOptions } from './private-machine.ts'
import { warm } from './warm.ts'

const run = (bytes: Uint8Array<ArrayBuffer>, options: PrivateOptions = {}) => {
  const machine = createPrivateMachine({ args: ['main.wasm'], ...options })
  const reason = exec(machine.process, new WebAssembly.Module(bytes))
  return { ...reason, stdout: machine.output(1), stderr: machine.output(2) }
}
const bad = (name: BadModuleName) => run(readBadModule(name))

test('a missing import is named, with what the machine offers instead', () => {
  const { code, message } = bad('missing-import')
  assert.equal(code, 126)
  assert.match(message, /^main\.wasm cannot run: it needs \S+\.\S+ \(function\)/)
  assert.match(message, /wasi_snapshot_preview1/)
  assert.match(bad('missing-wasi-call').message, /needs wasi_snapshot_preview1\.\S+ \(function\)/)
  assert.match(bad('threads').message, /memory \(memory\)|thread/)
})

test('a module without _start or without memory says so', () => {
  assert.match(bad('no-start').message, /exports no _start/)
  assert.match(bad('no-memory').message, /exports no memory/)
})

test('a good module ends with 0 and no words', () => {
  const { code, signal, message } = bad('good')
  assert.deepEqual({ code, signal, message }, { code: 0, signal: 0, message: '' })
})

/** A module that exports memory and a _start with the given code. */
const program = (...code: number[]): Uint8Array<ArrayBuffer> => {
  const section = (id: number, ...content: number[]): number[] => [id, content.length, ...content]
  const text = (name: string): number[] => [name.length, ...new TextEncoder().encode(name)]
  return new Uint8Array([
    ...[0, 0x61, 0x73, 0x6d, 1, 0, 0, 0],
    ...section(1, 1, 0x60, 0, 0),
    ...section(3, 1, 0),
    ...section(5, 1, 0, 1),
    ...section(7, 2, ...text('memory'), 2, 0, ...text('_start'), 0, 0),
    ...section(10, 1, code.length + 2, 0, ...code, 0x0b),
  ])
}

test('traps are told in plain words, with the code and signal of an abort', () => {
  const cases: [number[], RegExp][] = [
    [[0x00], /unreachable/],
    [[0x41, 0x7f, 0x28, 2, 0, 0x1a], /memory access out of bounds/],
    [[0x41, 1, 0x41, 0, 0x6d, 0x1a], /division by zero/],
    [[0x10, 0], /stack overflow/],
  ]
  for (const [code, words] of cases) {
    const reason = run(program(...code))
    assert.deepEqual([reason.code, reason.signal], [134, SIGNAL.ABRT])
    assert.match(reason.message, words)
  }
  assert.equal(
    trapWords('indirect call signature mismatch'),
    'a call through a function pointer of the wrong type',
  )
  assert.equal(trapWords('unreachable executed'), trapWords('unreachable'))
  assert.match(faultReason(new TypeError('oops')).message, /defect of the machine: TypeError: oops/)
})

test('a real program gets its arguments, files and exit code', () => {
  const result = run(readProgram('probe'), { args: ['probe'] })
  assert.notEqual(result.stdout + result.stderr, '')
  assert.equal(result.message, '')
})

test('a program of wasi_unstable runs as well', () => {
  const result = run(readProgram('unstable'), { args: ['unstable'] })
  assert.deepEqual([result.code, result.message], [7, ''], result.stdout + result.stderr)
})

test('a process with a deadly signal pending ends at its next call, and never goes on', () => {
  const c = createCaller()
  raise(c.machine.objects, c.machine.pid, SIGNAL.TERM)
  assert.throws(() => c.calls.sched_yield?.())
  assert.deepEqual(c.machine.process.ended, { code: 143, signal: SIGNAL.TERM })
  assert.throws(() => c.calls.fd_close?.(0))
})

test('proc_exit ends with its code, proc_raise with its signal in the numbers of WASI', () => {
  const first = createCaller()
  assert.throws(() => first.calls.proc_exit?.(7))
  assert.deepEqual(first.machine.process.ended, { code: 7, signal: 0 })
  const second = createCaller()
  assert.equal(second.calls.proc_raise?.(0), 0)
  assert.equal(second.calls.proc_raise?.(16), 0, 'SIGCHLD is ignored')
  assert.throws(() => second.calls.proc_raise?.(23))
  assert.deepEqual(second.machine.process.ended, { code: 128 + SIGNAL.XCPU, signal: SIGNAL.XCPU })
})

test('a hidden first run ends whatever the program does', () => {
  for (const bytes of [program(0x00), readBadModule('missing-import'), readProgram('probe')])
    warm(new WebAssembly.Module(bytes), { args: ['x'], env: {} })
})
