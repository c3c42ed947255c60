import assert from 'node:assert/strict'
import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises'
import { request } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { parseRange, serve } from './serve.mjs'

let folder = ''
/** @type {import('./serve.mjs').Served} */
let plain
/** @type {import('./serve.mjs').Served} */
let nested

before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'serve-'))
  await mkdir(join(folder, 'site'))
  await writeFile(join(folder, 'secret.txt'), 'secret')
  await writeFile(join(folder, 'site', 'index.html'), '<title>site</title>')
  await writeFile(join(folder, 'site', 'a.wasm'), '0123456789')
  await symlink(join(folder, 'secret.txt'), join(folder, 'site', 'out.txt'))
  plain = await serve({ root: join(folder, 'site') })
  nested = await serve({ root: join(folder, 'site'), base: '/repo/', headers: 'isolated' })
})
after(async () => {
  await Promise.all([plain.close(), nested.close()])
  await rm(folder, { recursive: true })
})

test('a plain host sends the right type and no isolation headers', async () => {
  const reply = await fetch(`${plain.url}a.wasm`)
  assert.equal(reply.headers.get('content-type'), 'application/wasm')
  assert.equal(reply.headers.get('cross-origin-embedder-policy'), null)
  assert.equal(reply.headers.get('cache-control'), 'no-cache')
  assert.equal(await reply.text(), '0123456789')
})

test('under a sub-path the site is there and nowhere else', async () => {
  const reply = await fetch(nested.url)
  assert.equal(await reply.text(), '<title>site</title>')
  assert.equal(reply.headers.get('cross-origin-opener-policy'), 'same-origin')
  assert.equal((await fetch(new URL('/', nested.url))).status, 404)
  assert.equal((await fetch(new URL('/repo', nested.url))).url, nested.url)
})

test('a range is answered with 206 and only its bytes', async () => {
  const reply = await fetch(`${plain.url}a.wasm`, { headers: { Range: 'bytes=2-4' } })
  assert.equal(reply.status, 206)
  assert.equal(reply.headers.get('content-range'), 'bytes 2-4/10')
  assert.equal(await reply.text(), '234')
})

test('ranges follow RFC 9110', () => {
  assert.deepEqual(parseRange('bytes=-3', 10), { start: 7, end: 9 })
  assert.deepEqual(parseRange('bytes=5-', 10), { start: 5, end: 9 })
  assert.deepEqual(parseRange('bytes=5-99', 10), { start: 5, end: 9 })
  assert.equal(parseRange('bytes=10-', 10), 'unsatisfiable')
  assert.equal(parseRange('bytes=5-2', 10), null)
  assert.equal(parseRange(undefined, 10), null)
})

test('nothing outside the folder is sent, neither by .. nor by a link', async () => {
  assert.equal((await fetch(`${plain.url}out.txt`)).status, 404)
  const status = await new Promise((done, fail) => {
    request({ port: plain.port, host: '127.0.0.1', path: '/..%2fsecret.txt' }, (reply) => {
      reply.resume()
      done(reply.statusCode)
    })
      .on('error', fail)
      .end()
  })
  assert.equal(status, 404)
})
