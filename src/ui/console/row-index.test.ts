import assert from 'node:assert/strict'
import { test } from 'node:test'
import { PLAIN } from './ansi.ts'
import { runsColumns, wrappedRows } from './columns.ts'
import { createRowIndex } from './row-index.ts'

test('rows and lines are found from each other', () => {
  const index = createRowIndex()
  index.push(7, 1)
  index.push(8, 3)
  index.push(12, 1)
  assert.equal(index.rows(), 5)
  assert.deepEqual([0, 1, 3, 4, 99].map(index.indexAt), [0, 1, 1, 2, 2])
  assert.equal(index.rowOf(1), 1)
  assert.equal(index.find(12), 2)
  assert.equal(index.find(9), -1)
})

test('an index that loses lines in front answers like one that never had them', () => {
  const index = createRowIndex()
  const rows = (id: number) => 1 + (id % 5)
  let next = 0
  let first = 0
  for (let round = 0; round < 60; round++) {
    for (let i = 0; i < 500; i++) index.push(next, rows(next++))
    first = Math.min(next, first + 370 + round)
    index.dropBefore(first)
    const middle = first + Math.floor((next - first) / 2)
    index.resize(index.find(middle), rows(middle))
    assert.equal(index.count(), next - first)
    let expected = 0
    for (let id = first; id < middle; id++) expected += rows(id)
    assert.equal(index.rowOf(index.find(middle)), expected)
    assert.equal(index.indexAt(expected), index.find(middle))
  }
})

test('columns: tabs, wide characters and marks', () => {
  const columns = (text: string) => runsColumns([{ text, style: PLAIN }])
  assert.equal(columns('abc'), 3)
  assert.equal(columns('a\tb'), 9)
  assert.equal(columns('漢字'), 4)
  assert.equal(columns('e\u0301'), 1)
  assert.equal(columns('🦀!'), 3)
  assert.equal(wrappedRows(0, 80), 1)
  assert.equal(wrappedRows(81, 80), 2)
})
