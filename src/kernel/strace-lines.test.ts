import assert from 'node:assert/strict'
import { test } from 'node:test'
import { SYSCALLS } from '../abi/syscalls.ts'
import { traceEntry } from './strace-lines.ts'

const words = (text: string): number[] => {
  const bytes = new TextEncoder().encode(text)
  const padded = new Uint8Array(Math.ceil(bytes.length / 4) * 4)
  padded.set(bytes)
  return [bytes.length, ...new Int32Array(padded.buffer)]
}
const record = (
  call: keyof typeof SYSCALLS,
  place: number,
  result: number,
  out: number,
  args: number[],
  texts: string[],
) =>
  Int32Array.from([
    (SYSCALLS[call].number << 8) | place,
    5,
    12,
    result,
    out,
    args.length,
    ...args,
    ...texts.flatMap(words),
  ])
const textOf = (...parts: Parameters<typeof record>): string => traceEntry(record(...parts), 1000).text

test('each import shows what matters of its arguments', () => {
  assert.equal(
    textOf('open', 0, 0, 4, [3, 1, 900, 7, 0, 64, 0, 0, 16], ['main.py']),
    'open(3, 0x1, "main.py", 0x0, 0x0) = 4',
  )
  assert.equal(textOf('write', 0, 0, 3, [1, 800, 1, 12], ['a"\n']), 'write(1, "a\\"\\n") = 3')
  assert.equal(
    textOf('rename', 0, 0, 0, [3, 1, 2, 4, 5, 6], ['old', 'new']),
    'rename(3, "old", 4, "new") = 0',
  )
  assert.equal(textOf('seek', 1, 0, 9, [5, 12], []), 'seek(5) = 9')
})

test('a refusal has its name, a call that did not come back has no result', () => {
  assert.equal(textOf('close', 0, 8, 0, [77], []), 'close(77) = -1 EBADF (bad file descriptor)')
  assert.equal(textOf('exit', 0, 0x7fffffff, 0, [3], []), 'exit(3) = ?')
  assert.equal(textOf('kill', 255, -71, 0, [9, 15], []), 'kill(9, 15) = -1 ESRCH (no such process)')
  assert.equal(textOf('wait', 255, 12, 0, [-1], []), 'wait(-1) = 12')
})

test('a damaged record is a line and never an exception', () => {
  for (const broken of [
    [],
    [1],
    [-1, -1, -1, -1, -1, -1],
    [0x7fffffff, 0, 0, 0, 0, 500, 1],
    [256, 0, 0, 0, 0, 0, 1 << 30, 5],
  ])
    assert.equal(typeof traceEntry(Int32Array.from(broken), 0).text, 'string')
})
