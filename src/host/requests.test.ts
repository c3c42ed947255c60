import assert from 'node:assert/strict'
import { test } from 'node:test'
import { isCode } from '../abi/errno.ts'
import { type Asker, parseHostRequest } from './requests.ts'

const METHODS = [
  'storage',
  'runtimes',
  'runtimeSources',
  'addRuntimeSource',
  'removeRuntimeSource',
  'load',
  'prefetch',
  'remove',
  'cancel',
  'getSetting',
  'setSetting',
  'toString',
  'constructor',
  '__proto__',
  'then',
  '',
]
/** The second list is what the jail may have: what is added here was decided. */
const KERNEL_MAY = ['load']

const random = (() => {
  let state = 4711
  return (below: number): number => {
    state = (Math.imul(state, 1103515245) + 12345) >>> 0
    return (state >>> 8) % below
  }
})()

const ODD: (() => unknown)[] = [
  () => undefined,
  () => null,
  () => Number.NaN,
  () => -1,
  () => 10n,
  () => true,
  () => '',
  () => '../../etc',
  () => 'python\0',
  () => 'x'.repeat(100_000),
  () => 'python',
  () => '3.12.0',
  () => '__proto__',
  () => 'https://example.org/',
  () => 'javascript:alert(1)',
  () => [],
  () => ['python'],
  () => ({ toString: 5 }),
  () => Object.create(null),
  () => JSON.parse('{"__proto__":{"polluted":1}}'),
  () => new Map(),
  () => new Uint8Array(3),
  () => Symbol('s'),
  () => Array.from({ length: random(5) }, () => random(100)),
]
const odd = (): unknown => ODD[random(ODD.length)]?.()

test('whatever is asked by whomever: a checked request, or EPERM, ENOENT, EINVAL', () => {
  let passed = 0
  for (let step = 0; step < 50_000; step++) {
    const asker: Asker = random(2) ? 'page' : 'kernel'
    const method = random(6) ? METHODS[random(METHODS.length)] : odd()
    try {
      const request = parseHostRequest(asker, method, [odd(), odd(), odd()].slice(0, random(4)))
      passed++
      if (asker === 'kernel') assert.ok(KERNEL_MAY.includes(request.method), request.method)
      if ('name' in request) assert.match(request.name, /^[A-Za-z0-9._+-]{1,64}$/)
      if ('version' in request && request.version !== null)
        assert.match(request.version, /^[0-9A-Za-z.+_-]{1,64}$/)
      if ('key' in request) assert.ok(typeof request.key === 'string' && request.key.length <= 64)
      if ('url' in request) assert.ok(typeof request.url === 'string' && request.url.length <= 2000)
    } catch (error) {
      if (error instanceof assert.AssertionError) throw error
      const isRefused = (['EPERM', 'ENOENT', 'EINVAL'] as const).some((code) => isCode(error, code))
      assert.ok(isRefused, `${asker} ${typeof method}: ${error instanceof Error ? error.stack : 'no error'}`)
    }
  }
  assert.ok(passed > 1000, `only ${passed} passed`)
  assert.equal(({} as { polluted?: number }).polluted, undefined)
})
