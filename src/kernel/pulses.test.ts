import assert from 'node:assert/strict'
import { test } from 'node:test'
import { SIGNAL, signalBit } from '../abi/signals.ts'
import { THREAD, THREAD_STATE, threadAt } from '../memory/layout.ts'
import { PULSE, PULSE_WISH, readPulse, TICK_MS, TICK_NUMBER, takeNumber } from '../memory/pulse.ts'
import { setWord, takeThread } from '../memory/slots.ts'
import { wakeSeen } from '../memory/wake.ts'
import { raise, setBlocked, setDisposition, takeSignal } from '../objects/signal.ts'
import { createTestMachine } from '../objects/test-machine.ts'
import { createPulses } from './pulses.ts'

const setUp = (wish: number) => {
  const machine = createTestMachine()
  const slot = machine.spawn()
  const { memory } = machine
  const thread = takeThread(memory, machine.pid(slot))
  setWord(memory, threadAt(thread) + THREAD.STATE, THREAD_STATE.RUNNING)
  const pulses = createPulses(memory)
  const pulse = new Int32Array(pulses.create(thread))
  setWord(memory, threadAt(thread) + THREAD.PULSE, wish)
  pulses.wish(thread)
  const own = machine.as(slot)
  const send = (signal: number): number => raise(machine.objects, machine.pid(slot), signal)
  return { machine, memory, thread, pulses, pulse, own, send }
}

test('nobody wants a pulse: nothing is looked at, nobody is woken', () => {
  const { memory, pulses, pulse, own, send } = setUp(0)
  setDisposition(own, SIGNAL.USR1, 'handle')
  const seen = wakeSeen(memory)
  send(SIGNAL.USR1)
  assert.equal(wakeSeen(memory), seen, 'the kernel sleeps on')
  assert.equal(pulses.turn(performance.now() + 1000), Number.POSITIVE_INFINITY)
  assert.deepEqual([...pulse.subarray(0, 3)], [0, 0, 0])
})

test('a signal wakes the kernel, which writes it down; its number is told once until it was taken', () => {
  const { memory, pulses, pulse, own, send } = setUp(PULSE_WISH.SIGNALS)
  setDisposition(own, SIGNAL.INT, 'handle')
  setDisposition(own, SIGNAL.USR1, 'handle')
  const seen = wakeSeen(memory)
  send(SIGNAL.USR1)
  send(SIGNAL.INT)
  assert.notEqual(wakeSeen(memory), seen)
  const now = performance.now()
  assert.equal(pulses.turn(now), Number.POSITIVE_INFINITY, 'no ticks, so no alarm')
  assert.equal(readPulse(pulse, PULSE.SIGNALS), signalBit(SIGNAL.INT) | signalBit(SIGNAL.USR1))
  assert.equal(takeNumber(pulse), SIGNAL.INT)
  pulses.turn(now)
  assert.equal(takeNumber(pulse), SIGNAL.USR1)
  pulses.turn(now)
  assert.equal(takeNumber(pulse), 0, 'both are pending still, and were told')
  takeSignal(own, SIGNAL.INT)
  pulses.turn(now)
  send(SIGNAL.INT)
  pulses.turn(now)
  assert.equal(takeNumber(pulse), SIGNAL.INT)
})

test('what is blocked is not seen', () => {
  const { pulses, pulse, own, send } = setUp(PULSE_WISH.SIGNALS)
  setBlocked(own, signalBit(SIGNAL.USR2))
  send(SIGNAL.USR2)
  pulses.turn(performance.now())
  assert.equal(readPulse(pulse, PULSE.SIGNALS), 0)
})

test('ticks are counted as time goes by, and put a number where none is', () => {
  const { pulses, pulse } = setUp(PULSE_WISH.TICKS)
  const start = performance.now()
  assert.ok(pulses.turn(start) <= TICK_MS)
  pulses.turn(start + 5 * TICK_MS)
  const ticks = readPulse(pulse, PULSE.TICKS)
  assert.ok(ticks >= 5 && ticks <= 6, String(ticks))
  assert.equal(takeNumber(pulse), TICK_NUMBER)
  pulses.turn(start + 6 * TICK_MS)
  pulses.turn(start + 9 * TICK_MS)
  assert.equal(takeNumber(pulse), TICK_NUMBER)
  assert.ok(readPulse(pulse, PULSE.TICKS) >= 9)
})

test('a thread that has ended is forgotten, and the next one of its number has a pulse of its own', () => {
  const { machine, memory, thread, pulses, pulse } = setUp(PULSE_WISH.TICKS)
  setWord(memory, threadAt(thread) + THREAD.STATE, THREAD_STATE.FREE)
  assert.equal(pulses.turn(performance.now() + 100), Number.POSITIVE_INFINITY)
  assert.equal(readPulse(pulse, PULSE.TICKS), 0)
  assert.equal(takeThread(memory, machine.pid(0)), thread)
  const other = new Int32Array(pulses.create(thread))
  setWord(memory, threadAt(thread) + THREAD.PULSE, PULSE_WISH.TICKS)
  pulses.wish(thread)
  pulses.turn(performance.now() + 3 * TICK_MS)
  assert.deepEqual([readPulse(pulse, PULSE.TICKS), readPulse(other, PULSE.TICKS) >= 2], [0, true])
})
