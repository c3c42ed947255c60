import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseIsolationMode, withIsolation } from './isolation.ts'

test('a document gets the policy of its mode and keeps status, headers and body', async () => {
  const from = new Response('<p>', {
    status: 404,
    statusText: 'Gone fishing',
    headers: { 'Content-Type': 'text/html' },
  })
  const coep = withIsolation(from, 'coep')
  assert.equal(coep.headers.get('Cross-Origin-Embedder-Policy'), 'require-corp')
  assert.equal(coep.headers.get('Cross-Origin-Opener-Policy'), 'same-origin')
  assert.equal(coep.headers.get('Content-Type'), 'text/html')
  assert.equal(coep.status, 404)
  assert.equal(coep.statusText, 'Gone fishing')
  assert.equal(await coep.text(), '<p>')
})

test('document isolation policy leaves opener and frames alone', () => {
  const dip = withIsolation(new Response('x'), 'dip')
  assert.match(dip.headers.get('Document-Isolation-Policy') ?? '', /^isolate-/)
  assert.equal(dip.headers.get('Cross-Origin-Embedder-Policy'), null)
})

test('an answer without a body is rebuilt without one, and an error is passed on', () => {
  assert.equal(withIsolation(new Response(null, { status: 204 }), 'coep').body, null)
  const error = Response.error()
  assert.equal(withIsolation(error, 'coep'), error)
})

test('an unknown mode is the one that every browser knows', () => {
  assert.equal(parseIsolationMode('dip'), 'dip')
  assert.equal(parseIsolationMode('x'), 'coep')
  assert.equal(parseIsolationMode(null), 'coep')
})
