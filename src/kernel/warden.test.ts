import assert from 'node:assert/strict'
import { test } from 'node:test'
import { KIND_LIMITS } from '../abi/limits.ts'
import { createMeter, meterOutput, passedLimit } from './warden.ts'

const limits = { ...KIND_LIMITS, cpuSeconds: 2, wallSeconds: 10, outputRate: 1000, outputBytes: 5000 }

test('time is judged in seconds, and what was passed first is named', () => {
  const meter = createMeter(0)
  assert.equal(passedLimit({ cpu: 2000, wall: 10_000, meter }, limits), undefined)
  assert.equal(passedLimit({ cpu: 2001, wall: 0, meter }, limits), 'cpuSeconds')
  assert.equal(passedLimit({ cpu: 0, wall: 10_001, meter }, limits), 'wallSeconds')
})

test('the output rate is averaged over two seconds, so a burst is no offence', () => {
  const meter = createMeter(0)
  meterOutput(meter, 2000, 10)
  assert.equal(passedLimit({ cpu: 0, wall: 0, meter }, limits), undefined)
  meterOutput(meter, 1, 20)
  assert.equal(passedLimit({ cpu: 0, wall: 0, meter }, limits), 'outputRate')
  meterOutput(meter, 1, 2010)
  assert.equal(passedLimit({ cpu: 0, wall: 0, meter }, limits), undefined)
})

test('all output together has a limit, however slowly it comes', () => {
  const meter = createMeter(0)
  for (let second = 1; second <= 6; second++) meterOutput(meter, 900, second * 3000)
  assert.equal(passedLimit({ cpu: 0, wall: 0, meter }, limits), 'outputBytes')
})
