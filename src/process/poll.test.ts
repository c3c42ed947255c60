import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ERRNO } from '../abi/errno.ts'
import { CLOCKID, EVENTRWFLAGS, EVENTTYPE, RIGHTS } from '../abi/wasi.ts'
import { openPipe, releaseFile } from '../objects/open-file.ts'
import { AT, type Caller, createCaller } from './caller.ts'

interface Subscription {
  type: number
  fd?: number
  clock?: number
  timeout?: bigint
  absolute?: boolean
}

const EVENTS = AT.DATA + 8192

interface Event {
  user: bigint
  error: number
  type: number
  bytes: bigint
  flags: number
}

/** Errno of the call, or the events. `old` is wasi_unstable's layout. */
const poll = (c: Caller, list: Subscription[], old = false): number | Event[] => {
  const size = old ? 56 : 48
  const clockAt = old ? 24 : 16
  c.bytes().fill(0, AT.DATA, AT.DATA + 16384)
  for (const [index, one] of list.entries()) {
    const at = AT.DATA + index * size
    c.view().setBigUint64(at, BigInt(index + 100), true)
    c.view().setUint8(at + 8, one.type)
    if (one.fd !== undefined) c.view().setUint32(at + 16, one.fd, true)
    if (one.clock === undefined) continue
    if (old) c.view().setBigUint64(at + 16, 0xdeadn, true)
    c.view().setUint32(at + clockAt, one.clock, true)
    c.view().setBigUint64(at + clockAt + 8, one.timeout ?? 0n, true)
    c.view().setUint16(at + clockAt + 24, one.absolute ? 1 : 0, true)
  }
  const call = (old ? c.unstable : c.calls).poll_oneoff
  const errno = call?.(AT.DATA, EVENTS, list.length, AT.RESULT) ?? -1
  if (errno !== 0) return errno
  return Array.from({ length: c.u32() }, (_, index) => {
    const at = EVENTS + index * 32
    return {
      user: c.u64(at),
      error: c.view().getUint16(at + 8, true),
      type: c.view().getUint8(at + 10),
      bytes: c.u64(at + 16),
      flags: c.view().getUint16(at + 24, true),
    }
  })
}

const clock = (ms: number, id: number = CLOCKID.MONOTONIC): Subscription => ({
  type: EVENTTYPE.CLOCK,
  clock: id,
  timeout: BigInt(Math.round(ms * 1e6)),
})
const users = (result: number | Event[]): bigint[] =>
  typeof result === 'number' ? [] : result.map(({ user }) => user)

test('nothing to wait for is EINVAL, and so is a kind of event that does not exist', () => {
  const c = createCaller()
  assert.equal(poll(c, []), ERRNO.INVAL)
  assert.equal(poll(c, [{ type: 7 }]), ERRNO.INVAL)
})

test('of several clocks the nearest ends the wait, not earlier than asked', () => {
  const c = createCaller()
  for (const old of [false, true]) {
    const start = performance.now()
    assert.deepEqual(users(poll(c, [clock(5000), clock(25), clock(9000)], old)), [101n])
    const passed = performance.now() - start
    assert.ok(passed >= 25 && passed < 1000, `${passed} ms`)
  }
})

test('an absolute time that has passed is now, on either clock', () => {
  const c = createCaller()
  c.calls.clock_time_get?.(CLOCKID.REALTIME, 0n, AT.RESULT)
  const now = c.u64()
  assert.ok(Math.abs(Number(now / 1_000_000n) - Date.now()) < 1000)
  const past: Subscription = {
    type: EVENTTYPE.CLOCK,
    clock: CLOCKID.REALTIME,
    timeout: now - 5n,
    absolute: true,
  }
  const soon: Subscription = { ...past, timeout: now + 30_000_000n }
  const ancient: Subscription = { ...past, clock: CLOCKID.MONOTONIC, timeout: 1n }
  assert.deepEqual(users(poll(c, [past, clock(5000)])), [100n])
  assert.deepEqual(users(poll(c, [ancient])), [100n])
  const start = performance.now()
  assert.deepEqual(users(poll(c, [soon])), [100n])
  assert.ok(performance.now() - start < 2000)
})

test('a clock that nobody can wait for is an event with an error', () => {
  const c = createCaller()
  const [event] = poll(c, [clock(1, CLOCKID.THREAD_CPUTIME), clock(60_000)]) as Event[]
  assert.deepEqual([event?.user, event?.error], [100n, ERRNO.INVAL])
})

test('files are always ready, bad descriptors and missing rights are events with an error', () => {
  const c = createCaller({ prepare: ({ write }) => write('/work/f', 'hello') })
  const fd = c.open('f')
  const mute = c.open('f', { base: RIGHTS.FD_READ })
  const events = poll(c, [
    { type: EVENTTYPE.FD_READ, fd },
    { type: EVENTTYPE.FD_WRITE, fd },
    { type: EVENTTYPE.FD_READ, fd: 77 },
    { type: EVENTTYPE.FD_READ, fd: mute },
    clock(60_000),
  ]) as Event[]
  assert.deepEqual(
    events.map(({ user, error, type }) => [user, error, type]),
    [
      [100n, 0, EVENTTYPE.FD_READ],
      [101n, 0, EVENTTYPE.FD_WRITE],
      [102n, ERRNO.BADF, EVENTTYPE.FD_READ],
      [103n, ERRNO.NOTCAPABLE, EVENTTYPE.FD_READ],
    ],
  )
  assert.equal(events[0]?.bytes, 5n)
})

test('a pipe is ready when it has bytes, and hangs up when its writers have gone', () => {
  const c = createCaller()
  const { objects, descriptors } = c.machine
  const ends = openPipe(objects)
  assert.ok(typeof ends !== 'number')
  const reader = descriptors.install(ends.reader)
  const writer = descriptors.install(ends.writer)
  const list = [{ type: EVENTTYPE.FD_READ, fd: reader }, clock(20)]
  assert.deepEqual(users(poll(c, list)), [101n])
  assert.equal(c.write(writer, 'abc'), 3)
  const [ready] = poll(c, list) as Event[]
  assert.deepEqual([ready?.user, ready?.bytes, ready?.flags], [100n, 3n, 0])
  assert.equal(c.read(reader), 'abc')
  assert.equal(c.calls.fd_close?.(writer), 0)
  const [closed] = poll(c, list) as Event[]
  assert.deepEqual([closed?.user, closed?.flags], [100n, EVENTRWFLAGS.HANGUP])
  assert.equal(c.read(reader), '')
})

test('writing to a pipe that nobody reads ends the process with SIGPIPE', () => {
  const c = createCaller()
  const ends = openPipe(c.machine.objects)
  assert.ok(typeof ends !== 'number')
  const writer = c.machine.descriptors.install(ends.writer)
  releaseFile(c.machine.objects, ends.reader)
  assert.throws(() => c.write(writer, 'x'))
  assert.deepEqual(c.machine.process.ended, { code: 141, signal: 13 })
})

test('many subscriptions are one wait', () => {
  const c = createCaller()
  const result = poll(
    c,
    Array.from({ length: 150 }, (_, index) => clock(index === 70 ? 1 : 60_000)),
  )
  assert.deepEqual(users(result), [170n])
})
