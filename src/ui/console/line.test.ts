import assert from 'node:assert/strict'
import { test } from 'node:test'
import { applySgr, PLAIN } from './ansi.ts'
import { createLineCursor, type Run, runsText } from './line.ts'

const red = applySgr(PLAIN, '31')
const line = () => {
  const runs: Run[] = []
  return { runs, cursor: createLineCursor(runs) }
}

test('text in one style is one run', () => {
  const { runs, cursor } = line()
  cursor.write('ab', PLAIN)
  cursor.write('cd', PLAIN)
  cursor.write('ef', red)
  assert.deepEqual(
    runs.map((run) => run.text),
    ['abcd', 'ef'],
  )
  assert.equal(cursor.length, 6)
})

test('a carriage return overwrites and keeps what is longer', () => {
  const { runs, cursor } = line()
  cursor.write('progress 100 %', PLAIN)
  cursor.carriageReturn()
  cursor.write('done', red)
  assert.equal(runsText(runs), 'doneress 100 %')
  assert.equal(runs[0]?.style.fg, 1)
  assert.equal(runs[1]?.style, PLAIN)
})

test('erase to the end after a carriage return empties the line', () => {
  const { runs, cursor } = line()
  cursor.write('something long', PLAIN)
  cursor.carriageReturn()
  cursor.erase(0)
  cursor.write('ok', PLAIN)
  assert.equal(runsText(runs), 'ok')
})

test('writing past an erased line fills with spaces', () => {
  const { runs, cursor } = line()
  cursor.write('abcd', PLAIN)
  cursor.erase(2)
  cursor.write('e', PLAIN)
  assert.equal(runsText(runs), '    e')
})

test('a backspace steps back and stops at the start', () => {
  const { runs, cursor } = line()
  cursor.write('ab', PLAIN)
  for (let i = 0; i < 5; i++) cursor.backspace()
  cursor.write('x', PLAIN)
  assert.equal(runsText(runs), 'xb')
})

test('erase from the start keeps the columns of the rest', () => {
  const { runs, cursor } = line()
  cursor.write('abcd', PLAIN)
  cursor.backspace()
  cursor.backspace()
  cursor.erase(1)
  assert.equal(runsText(runs), '   d')
})
