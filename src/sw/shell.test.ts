import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { test } from 'node:test'
import { createResponder } from './responder.ts'
import { routeOf } from './routes.ts'
import { createShell, type Shell } from './shell.ts'

const SCOPE = 'https://site.test/repo/'

/** A CacheStorage in memory. */
const createCaches = () => {
  const all = new Map<string, Map<string, { bytes: ArrayBuffer; headers: Headers }>>()
  const open = async (name: string) => {
    const cache = all.get(name) ?? new Map()
    all.set(name, cache)
    return {
      match: async (url: string) => {
        const kept = cache.get(url)
        return kept && new Response(kept.bytes.slice(0), { headers: kept.headers })
      },
      put: async (url: string, response: Response) =>
        void cache.set(url, { bytes: await response.arrayBuffer(), headers: response.headers }),
    }
  }
  const caches = {
    open,
    keys: async () => [...all.keys()],
    has: async (name: string) => all.has(name),
    delete: async (name: string) => all.delete(name),
  }
  return { all, caches: caches as unknown as CacheStorage }
}

const sha256 = (text: string) => createHash('sha256').update(text).digest('hex')

const V1 = { 'index.html': '<p>one', 'assets/main-1.js': 'one()', 'icon.svg': '<svg/>' }
const V2 = { 'index.html': '<p>two', 'assets/main-2.js': 'two()', 'icon.svg': '<svg/>' }

const setUp = () => {
  const store = createCaches()
  const server = new Map<string, string>()
  const asked: string[] = []
  const state = { online: true }
  const fetch = (async (target: string | Request) => {
    const url = typeof target === 'string' ? target : target.url
    asked.push(url)
    if (!state.online) throw new TypeError('no network')
    const path = url.slice(SCOPE.length) || 'index.html'
    const text = server.get(path)
    if (text === undefined) return new Response('none', { status: 404 })
    return new Response(text, { headers: { 'content-type': 'text/x', 'x-powered-by': 'host' } })
  }) as typeof globalThis.fetch
  const deploy = (files: Record<string, string>) => {
    server.clear()
    for (const [path, text] of Object.entries(files)) server.set(path, text)
  }
  const shellOf = (id: string, files: Record<string, string>): Shell => {
    const sums = Object.fromEntries(Object.entries(files).map(([path, text]) => [path, sha256(text)]))
    const manifest = { id, version: id, files: sums }
    return createShell({ caches: store.caches, fetch, subtle: crypto.subtle, scope: SCOPE, manifest })
  }
  return { store, server, asked, state, fetch, deploy, shellOf }
}

const text = async (response: Response | null) => (response ? response.text() : null)

test('a shell is complete when all its files were there with their hashes, and then needs no network', async () => {
  const { shellOf, deploy, state } = setUp()
  deploy(V1)
  const shell = shellOf('v1', V1)
  assert.equal(await shell.isComplete(), false)
  await Promise.all([shell.fill(), shell.fill()])
  state.online = false
  assert.equal(await shellOf('v1', V1).isComplete(), true, 'also for a worker that was started again')
  const page = await shell.read('index.html')
  assert.equal(page?.headers.get('content-type'), 'text/x')
  assert.equal(page?.headers.get('x-powered-by'), null)
  assert.equal(await text(page), '<p>one')
})

test('a deploy that is half done is refused and says which file; nothing of it is used', async () => {
  for (const change of [
    (server: Map<string, string>) => server.delete('assets/main-2.js'),
    (server: Map<string, string>) => server.set('assets/main-2.js', 'old()'),
  ]) {
    const { shellOf, deploy, server } = setUp()
    deploy(V1)
    await shellOf('v1', V1).fill()
    deploy(V2)
    change(server)
    const shell = shellOf('v2', V2)
    await assert.rejects(shell.fill(), /assets\/main-2\.js (answered 404|is not the file of this version)/)
    assert.equal(await shell.isComplete(), false)
    assert.equal(await shellOf('v1', V1).hasOther(), false)
    assert.equal(await text(await shellOf('v1', V1).read('index.html')), '<p>one')
  }
})

test('a file that both versions have is copied, not fetched again', async () => {
  const { shellOf, deploy, asked } = setUp()
  deploy(V1)
  await shellOf('v1', V1).fill()
  deploy(V2)
  asked.length = 0
  await shellOf('v2', V2).fill()
  assert.deepEqual(asked.sort(), [SCOPE, `${SCOPE}assets/main-2.js`])
})

test('a poisoned entry is fetched again; without a network nothing is given out', async () => {
  const { shellOf, deploy, store, state } = setUp()
  deploy(V1)
  const shell = shellOf('v1', V1)
  await shell.fill()
  const poison = async () => {
    const [name = ''] = await store.caches.keys()
    await (await store.caches.open(name)).put(`${SCOPE}assets/main-1.js`, new Response('evil()'))
  }
  await poison()
  state.online = false
  assert.equal(await shell.read('assets/main-1.js'), null)
  state.online = true
  assert.equal(await text(await shell.read('assets/main-1.js')), 'one()')
  state.online = false
  assert.equal(await text(await shell.read('assets/main-1.js')), 'one()', 'it is mended')
})

test('a mark that is damaged makes a shell incomplete, not the page broken', async () => {
  const { shellOf, deploy, store } = setUp()
  deploy(V1)
  await shellOf('v1', V1).fill()
  const [name = ''] = await store.caches.keys()
  await (await store.caches.open(name)).put(`${SCOPE}shell-complete`, new Response('{"index.ht'))
  assert.equal(await shellOf('v1', V1).isComplete(), false)
})

test('the page that was accepted is opened by the worker in office, and old files stay for open tabs', async () => {
  const { shellOf, deploy, fetch, state } = setUp()
  deploy(V1)
  const old = shellOf('v1', V1)
  await old.fill()
  deploy(V2)
  const next = shellOf('v2', V2)
  await next.fill()
  state.online = false
  const respond = createResponder({ shell: old, fetch })
  const open = (path: string, shell = V1) => {
    const request = { url: SCOPE + path, method: 'GET', mode: path === '' ? 'navigate' : 'cors' }
    const route = routeOf(request, SCOPE, shell)
    assert.notEqual(route.kind, 'outside')
    return respond(request as Request, route as Exclude<typeof route, { kind: 'outside' }>).then(text)
  }
  assert.equal(await open(''), '<p>one', 'a version that only waits changes nothing')
  assert.equal(await old.accept('v3'), false)
  assert.equal(await old.accept('v2'), true)
  assert.equal(await open(''), '<p>two')
  assert.equal(await open('assets/main-2.js'), 'two()')
  assert.equal(await open('assets/main-1.js'), 'one()')
  assert.equal(await next.successor(), null, 'the new version has none')
  await next.prune()
  assert.equal(await next.readOther('assets/main-1.js'), null)
})

test('where CacheStorage is blocked the page comes from the network', async () => {
  const { fetch, deploy } = setUp()
  deploy(V1)
  const blocked = async (): Promise<never> => {
    throw new DOMException('blocked', 'SecurityError')
  }
  const respond = createResponder({
    shell: { isComplete: blocked, read: blocked, readOther: blocked, successor: blocked },
    fetch,
  })
  const request = { url: SCOPE, mode: 'navigate' } as Request
  assert.equal(await text(await respond(request, { kind: 'shell', path: 'index.html' })), '<p>one')
  assert.equal(
    await text(await respond({ url: `${SCOPE}assets/main-1.js` } as Request, { kind: 'asset', path: 'x' })),
    'one()',
  )
})

test('two sites of one origin do not see each other', async () => {
  const { store, fetch, shellOf, deploy } = setUp()
  deploy(V1)
  await shellOf('v1', V1).fill()
  const manifest = { id: 'v9', version: '9', files: {} }
  const other = createShell({
    caches: store.caches,
    fetch,
    subtle: crypto.subtle,
    scope: 'https://site.test/',
    manifest,
  })
  assert.equal(await other.hasOther(), false)
  await other.prune()
  assert.equal(await shellOf('v1', V1).isComplete(), true)
})

test('requests are routed by scope, path and kind', () => {
  const route = (url: string, mode = 'cors', method = 'GET') => routeOf({ url, mode, method }, SCOPE, V1)
  assert.deepEqual(route(SCOPE, 'navigate'), { kind: 'shell', path: 'index.html' })
  assert.deepEqual(route(`${SCOPE}index.html?x=1#y`, 'navigate'), { kind: 'shell', path: 'index.html' })
  assert.deepEqual(route(`${SCOPE}?language=python`, 'navigate'), { kind: 'shell', path: 'index.html' })
  assert.deepEqual(route(`${SCOPE}icon.svg`), { kind: 'shell', path: 'icon.svg' })
  assert.deepEqual(route(`${SCOPE}icon.svg?v=2`), { kind: 'network' })
  assert.deepEqual(route(`${SCOPE}assets/main-0.js`), { kind: 'asset', path: 'assets/main-0.js' })
  assert.deepEqual(route(`${SCOPE}runtimes/manifest.json`), { kind: 'network' })
  assert.deepEqual(route(`${SCOPE}constructor`), { kind: 'network' })
  assert.deepEqual(route(SCOPE, 'navigate', 'POST'), { kind: 'network' })
  assert.deepEqual(route('https://site.test/other/'), { kind: 'outside' })
  assert.deepEqual(route('https://elsewhere.test/repo/'), { kind: 'outside' })
})
