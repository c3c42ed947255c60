import assert from 'node:assert/strict'
import { test } from 'node:test'
import { isMet, leastRatio, median, medianRatio, type Row, table } from './report.ts'

const row = (value: number, bound: 'at least' | 'at most', target: number): Row => ({
  what: 'stat',
  detail: '',
  value,
  unit: '×',
  target: { bound, value: target },
})

test('a median is the middle value, or the mean of the two in the middle', () => {
  assert.equal(median([9, 1, 5]), 5)
  assert.equal(median([4, 1, 3, 2]), 2.5)
  assert.ok(Number.isNaN(median([])))
})

test('a ratio is taken within each round before the median', () => {
  // Round two was four times slower for both: the ratio is 10 all the same.
  assert.equal(medianRatio([10, 40, 10], [1, 4, 1]), 10)
})

test('the ratio of the least is not moved by rounds in which one side was disturbed', () => {
  assert.equal(leastRatio([10, 11, 90], [1, 7, 1.1]), 10)
  assert.ok(Number.isNaN(leastRatio([Number.NaN, 10], [1, 1])))
})

test('a target is met at its bound and on its good side only', () => {
  assert.ok(isMet(row(5, 'at least', 5)))
  assert.ok(!isMet(row(4.99, 'at least', 5)))
  assert.ok(isMet(row(3, 'at most', 3)))
  assert.ok(!isMet(row(3.01, 'at most', 3)))
})

test('what could not be measured meets no target', () => {
  assert.ok(!isMet(row(Number.NaN, 'at least', 0)))
  assert.ok(!isMet(row(Number.NaN, 'at most', 1)))
})

test('the table says which target is missed', () => {
  const lines = table([row(6, 'at least', 5), row(4, 'at least', 5)]).split('\n')
  assert.equal(lines.length, 4)
  assert.match(lines[2] ?? '', /6\.00 × .*≥ 5 ×.* met/)
  assert.match(lines[3] ?? '', /4\.00 × .*≥ 5 ×.* MISSED/)
})
