import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createTestMachine } from './test-machine.ts'
import { closeTrace, isTraced, openTrace, putTrace, takeTrace } from './trace-ring.ts'

test('records come out as they went in, round and round the ring', () => {
  const machine = createTestMachine()
  const slot = machine.spawn()
  const own = machine.as(slot)
  const before = machine.used()
  putTrace(own, [1, 2, 3])
  assert.equal(isTraced(own), false)
  assert.equal(openTrace(machine.objects, slot), 0)
  assert.equal(openTrace(machine.objects, slot), 0, 'once is enough')
  assert.ok(isTraced(own))
  let sent = 0
  for (let round = 0; round < 200; round++) {
    const batch = Array.from({ length: 100 }, () =>
      Array.from({ length: 1 + (sent++ % 13) }, (_, at) => sent * 100 + at),
    )
    for (const record of batch) putTrace(own, record)
    const { records, lost } = takeTrace(machine.objects, slot)
    assert.equal(lost, 0)
    assert.deepEqual(
      records.map((record) => [...record]),
      batch,
    )
  }
  closeTrace(machine.objects, slot)
  closeTrace(machine.objects, slot)
  assert.equal(machine.used(), before)
  assert.deepEqual(takeTrace(machine.objects, slot), { records: [], lost: 0 })
})

test('a full ring loses the rest and says how many', () => {
  const machine = createTestMachine()
  const slot = machine.spawn()
  openTrace(machine.objects, slot)
  for (let index = 0; index < 10_000; index++) putTrace(machine.as(slot), [index, 0, 0, 0, 0, 0, 0])
  const { records, lost } = takeTrace(machine.objects, slot)
  assert.equal(records.length + lost, 10_000)
  assert.ok(lost > 0 && records.every((record, index) => record[0] === index))
  putTrace(machine.as(slot), [7])
  assert.deepEqual(takeTrace(machine.objects, slot), { records: [Int32Array.of(7)], lost: 0 })
})
