import assert from 'node:assert/strict'
import { test } from 'node:test'
import { isCode } from '../abi/errno.ts'
import { MAX_REPLIES } from '../memory/layout.ts'
import { ARGUMENTS_MAX, ELEMENTS_MAX, parseReply, parseThreadFailed, processRequests } from './requests.ts'

const { exit, kill, refresh, spawn, spawnThread } = processRequests
const child = { command: 'a', args: ['b'], cwd: null, env: { C: 'd' }, descriptors: [[1, 2]] }

/** What a structured clone can carry and nobody expects. */
const ODD: unknown[] = [
  undefined,
  null,
  true,
  -1,
  1.5,
  Number.NaN,
  Number.POSITIVE_INFINITY,
  2 ** 53,
  10n,
  '',
  '3',
  'x'.repeat(2_000_000),
  [],
  [1],
  Array(1e5).fill(0),
  {},
  { length: 3, 0: 1 },
  JSON.parse('{"__proto__":{"code":0,"signal":0,"message":""}}'),
  new Map([['code', 0]]),
  new Set([1]),
  new Date(0),
  /x/,
  new ArrayBuffer(8),
  new Uint8Array(3),
  new Error('e'),
  Object.create(null),
]

const isRefused = (act: () => unknown): boolean => {
  try {
    act()
    return false
  } catch (error) {
    assert.ok(isCode(error, 'EINVAL'), String(error))
    return true
  }
}

test('good requests come out as they went in, made anew', () => {
  assert.deepEqual(exit({ code: 3, signal: 0, message: 'm', more: 1 }), { code: 3, signal: 0, message: 'm' })
  assert.deepEqual(exit({ code: 0, signal: 2, message: '' }), { code: 130, signal: 2, message: '' })
  assert.deepEqual(kill(15, 7, 0), { reply: 15, pid: 7, signal: 0 })
  const made = spawn(0, child)
  assert.deepEqual(made.request, { ...child, env: Object.assign(Object.create(null), child.env) })
  assert.notEqual(made.request.args, child.args)
})

test('an odd value in any place is EINVAL and never anything else', () => {
  const places: ((value: unknown) => unknown)[] = [
    (value) => exit(value),
    (value) => exit({ code: value, signal: 0, message: '' }),
    (value) => exit({ code: 0, signal: value, message: '' }),
    (value) => kill(value, 1, 9),
    (value) => kill(0, value, 9),
    (value) => kill(0, 1, value),
    (value) => spawn(value, child),
    (value) => spawn(0, value),
    (value) => spawn(0, { ...child, command: value }),
    (value) => spawn(0, { ...child, args: value }),
    (value) => spawn(0, { ...child, args: [value] }),
    (value) => spawn(0, { ...child, env: value }),
    (value) => spawn(0, { ...child, env: { A: value } }),
    (value) => spawn(0, { ...child, descriptors: value }),
    (value) => spawn(0, { ...child, grants: value ?? null }),
    (value) => spawn(0, { ...child, grants: [value] }),
    (value) => spawn(0, { ...child, grants: [[1, value, 1]] }),
    (value) => spawn(0, { ...child, grants: [[1, 2, value]] }),
    (value) => spawn(0, { ...child, descriptors: [value] }),
    (value) => spawn(0, { ...child, descriptors: [[0, value]] }),
    (value) => spawn(0, { ...child, argv0: value === undefined ? null : value }),
    (value) => spawn(0, { ...child, group: value === undefined ? null : value }),
    (value) => spawn(0, { ...child, ignored: value === undefined ? null : value }),
    (value) => spawnThread(value, 0),
    (value) => spawnThread(0, value),
    (value) => refresh(value, 1),
    (value) => refresh(0, value),
    (value) => parseThreadFailed(value, 'm'),
  ]
  let refused = 0
  for (const place of places) for (const value of ODD) if (isRefused(() => place(value))) refused++
  // Every place takes a few of them (a string, an empty list); most must be refused.
  assert.ok(refused > places.length * (ODD.length - 10), `${refused} refused`)
})

test('what a child is born with comes out as it went in; flags are true or not there', () => {
  const birth = { argv0: '-sh', group: 7, ignored: -5 }
  const { request } = spawn(3, { ...child, ...birth, session: true, foreground: 1 })
  assert.deepEqual(
    { argv0: request.argv0, group: request.group, ignored: request.ignored, session: request.session },
    { ...birth, session: true },
  )
  assert.equal('foreground' in request, false)
  assert.equal('more' in spawn(0, { ...child, more: 1 }).request, false)
  for (const group of [-1, 2 ** 31, 0.5])
    assert.ok(
      isRefused(() => spawn(0, { ...child, group })),
      String(group),
    )
  for (const ignored of [2 ** 31, -(2 ** 31) - 1])
    assert.ok(
      isRefused(() => spawn(0, { ...child, ignored })),
      String(ignored),
    )
  assert.ok(isRefused(() => spawn(0, { ...child, argv0: 'a\0b' })))
  assert.ok(isRefused(() => spawn(0, { ...child, argv0: 'x'.repeat(ARGUMENTS_MAX) })))
})

test('a thread’s argument is any word of the guest, a pid of /proc none below 0', () => {
  for (const argument of [0, -1, -(2 ** 31), 2 ** 32 - 1])
    assert.deepEqual(spawnThread(15, argument), { reply: 15, argument })
  for (const argument of [2 ** 32, -(2 ** 31) - 1, 0.5, '4'])
    assert.ok(
      isRefused(() => spawnThread(0, argument)),
      String(argument),
    )
  assert.deepEqual(refresh(1, 2 ** 31 - 1), { reply: 1, pid: 2 ** 31 - 1 })
  for (const pid of [-1, 2 ** 31])
    assert.ok(
      isRefused(() => refresh(0, pid)),
      String(pid),
    )
})

test('the number of a reply is one of the reply words, or nothing is written', () => {
  for (const value of [
    -1,
    MAX_REPLIES,
    1.5,
    Number.NaN,
    '1',
    2 ** 32,
    null,
    undefined,
    [1],
    { valueOf: () => 1 },
  ])
    assert.ok(
      isRefused(() => parseReply(value)),
      String(value),
    )
  for (let reply = 0; reply < MAX_REPLIES; reply++) assert.equal(parseReply(reply), reply)
})

test('too much is refused: arguments, variables, descriptors, messages', () => {
  const half = 'x'.repeat(ARGUMENTS_MAX / 2)
  assert.ok(isRefused(() => spawn(0, { ...child, args: [half, half] })))
  assert.ok(isRefused(() => spawn(0, { ...child, args: Array(ELEMENTS_MAX + 1).fill('') })))
  assert.ok(isRefused(() => spawn(0, { ...child, args: ['a\0b'] })))
  assert.ok(isRefused(() => spawn(0, { ...child, env: { 'a=b': '' } })))
  assert.ok(isRefused(() => exit({ code: 0, signal: 0, message: half })))
  assert.equal(parseThreadFailed(1, half).message.length, 4096)
})

test('a grant is two descriptors and rights that exist; it comes out as it went in', () => {
  const grants = [[3, 40, 31]]
  assert.deepEqual(spawn(0, { ...child, grants }).request.grants, grants)
  for (const odd of [
    [3, 40],
    [3, 40, 0],
    [3, 40, 32],
    [3, 40, 1, 1],
    [-1, 40, 1],
    [3, 65_536, 1],
  ])
    assert.ok(
      isRefused(() => spawn(0, { ...child, grants: [odd] })),
      String(odd),
    )
  assert.equal(spawn(0, child).request.grants, undefined)
})

test('keys that lead to prototypes are keys like any other', () => {
  const env = JSON.parse('{"__proto__":"p","constructor":"c"}')
  const made = spawn(0, { ...child, env }).request.env
  assert.deepEqual(Object.keys(made).sort(), ['__proto__', 'constructor'])
  assert.equal(({} as { p?: string }).p, undefined)
  assert.ok(isRefused(() => exit(JSON.parse('{"__proto__":{"code":0,"signal":0,"message":""}}'))))
})
