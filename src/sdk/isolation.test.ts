import assert from 'node:assert/strict'
import { test } from 'node:test'
import { decide, type Surroundings } from './isolation.ts'

const page = (changes: Partial<Surroundings> = {}): Surroundings => ({
  isSecureContext: true,
  crossOriginIsolated: false,
  hasSharedMemory: false,
  isFramed: false,
  hasServiceWorker: true,
  reloads: 0,
  ...changes,
})

const code = (changes: Partial<Surroundings>): string => decide(page(changes))

test('an isolated page with shared memory is ready, without shared memory it says so', () => {
  assert.equal(code({ crossOriginIsolated: true, hasSharedMemory: true }), 'ready')
  assert.equal(code({ crossOriginIsolated: true }), 'no-shared-memory')
})

test('a page that is not isolated tries twice and then stops', () => {
  assert.equal(code({ reloads: 0 }), 'isolate')
  assert.equal(code({ reloads: 1 }), 'isolate')
  assert.equal(code({ reloads: 2 }), 'not-isolated')
  assert.equal(code({ reloads: 99 }), 'not-isolated')
})

test('each missing precondition has its own message', () => {
  assert.equal(code({ isSecureContext: false }), 'insecure')
  assert.equal(code({ isFramed: true }), 'framed')
  assert.equal(code({ hasServiceWorker: false }), 'no-service-worker')
  assert.equal(code({ reloads: null }), 'storage-blocked')
  assert.equal(code({ isFramed: true, crossOriginIsolated: true, hasSharedMemory: true }), 'ready')
})
