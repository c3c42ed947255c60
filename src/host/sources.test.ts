import assert from 'node:assert/strict'
import { test } from 'node:test'
import { isCode } from '../abi/errno.ts'
import { sha256 } from './digest.ts'
import { MODULE, MODULE_URL, setUp, subtle } from './hub-fixture.ts'
import { Refusal } from './refusal.ts'
import { createSettings } from './settings.ts'
import { createSources, parseSource } from './sources.ts'

const MIRROR = 'https://mirror.test/hub/'
const EXTRA = Uint8Array.from({ length: 9000 }, (_each, index) => index % 241)

/** The site's hub (python 3.12.0 and 3.9.1) and a mirror that a test fills. */
const withMirror = async () => {
  const warnings: string[] = []
  const kept = new Map<string, unknown>()
  const settings = createSettings({
    get: async (key) => kept.get(key),
    set: async (key, value) => void kept.set(key, value),
    del: async (key) => void kept.delete(key),
  })
  const late: { urls(): Promise<string[]> } = { urls: async () => [] }
  const machine = await setUp({ mirrors: () => late.urls(), warn: (text) => void warnings.push(text) })
  const sources = createSources(settings, machine.hub, 'https://site.test/runtimes/')
  late.urls = sources.urls
  const serve = (path: string, value: unknown) =>
    machine.answers.set(MIRROR + path, () =>
      value instanceof Response ? value.clone() : Response.json(value),
    )
  const entry = async (changes: Record<string, unknown> = {}) => ({
    file: 'extra.wasm',
    size: EXTRA.length,
    sha256: await sha256(subtle, EXTRA),
    wasi: 'wasip1',
    ...changes,
  })
  const offer = async (name: string, version: string, changes: Record<string, unknown> = {}) => {
    serve('manifest.json', { languages: { [name]: {} } })
    serve(`${name}/manifest.json`, {
      language: name,
      latest: version,
      versions: { [version]: await entry(changes) },
    })
    serve(`${name}/extra.wasm`, new Response(EXTRA))
  }
  return { ...machine, sources, settings, kept, warnings, serve, entry, offer }
}

const refuses = (code: string, words: RegExp) => (error: unknown) => {
  assert.ok(error instanceof Refusal, String(error))
  assert.equal(error.code, code)
  assert.match(error.message, words)
  return true
}

test('an address is a folder or its manifest, over https, or over http on this machine', () => {
  for (const text of [
    'https://mirror.test/hub',
    ' https://mirror.test/hub/ ',
    'https://mirror.test/hub/manifest.json',
  ])
    assert.equal(parseSource(text), MIRROR)
  assert.equal(parseSource('http://localhost:8080'), 'http://localhost:8080/')
  assert.equal(parseSource('http://hub.localhost/x'), 'http://hub.localhost/x/')
  for (const bad of [
    'http://mirror.test/',
    'mirror.test',
    '',
    'javascript:alert(1)',
    'file:///etc/',
    'data:text/html,x',
    'https://user:secret@mirror.test/',
    'https://mirror.test/?x=1',
    'https://mirror.test/#x',
    'http://localhost.evil.test/',
  ])
    assert.throws(
      () => parseSource(bad),
      (error) => isCode(error, 'EINVAL'),
      bad,
    )
})

test('a mirror adds its runtimes, which are fetched from it, kept, and there again the next time', async () => {
  const { sources, offer, hub, asked } = await withMirror()
  await offer('ruby', '3.4.1')
  const added = await sources.add('https://mirror.test/hub/manifest.json')
  assert.deepEqual(added, { url: MIRROR, offers: ['ruby 3.4.1'], problems: [] })
  const list = await hub.list()
  assert.equal(list.find(({ name }) => name === 'ruby')?.hub, MIRROR)
  assert.equal(list.find(({ name }) => name === 'python')?.hub, '')
  const bundle = await hub.load('ruby', null)
  assert.deepEqual(new Uint8Array(bundle.wasm), EXTRA)
  assert.ok(asked.includes(`${MIRROR}ruby/extra.wasm`))
  await sources.remove(MIRROR)
  assert.equal(
    (await hub.list()).some(({ name }) => name === 'ruby'),
    false,
  )
})

test('a release of wasmhub has its files side by side, and that is read, too', async () => {
  const { sources, serve, entry, hub } = await withMirror()
  serve('manifest.json', { version: '0.4.1', languages: { go: {} } })
  serve('go-manifest.json', {
    language: 'go',
    latest: '1.23',
    versions: { '1.23': await entry({ file: 'go-1.23.wasm' }) },
  })
  serve('go-1.23.wasm', new Response(EXTRA))
  assert.deepEqual((await sources.add(MIRROR)).offers, ['go 1.23'])
  assert.deepEqual(new Uint8Array((await hub.load('go', '1.23')).wasm), EXTRA)
})

test('a mirror replaces nothing: not a version, not the latest, not a command', async () => {
  const { sources, offer, hub, asked } = await withMirror()
  await offer('python', '3.12.0', { commands: ['python3'] })
  await sources.add(MIRROR)
  assert.deepEqual(new Uint8Array((await hub.load('python', '3.12.0')).wasm), MODULE)
  await offer('python', '99.0.0', { commands: ['python3'] })
  hub.refresh()
  assert.equal((await hub.load('python3', null)).version, '3.12.0')
  assert.equal((await hub.load('python', '99')).version, '99.0.0', 'asked for by its number it is there')
  await offer('trojan', '1.0.0', { commands: ['python3', 'python', 'sh'] })
  hub.refresh()
  assert.equal((await hub.load('python3', null)).name, 'python')
  assert.ok(asked.includes(MODULE_URL))
})

test('bytes that do not have the hash that the mirror named are refused and not kept', async () => {
  const { sources, offer, serve, hub, runtimesKept } = await withMirror()
  await offer('ruby', '3.4.1')
  await sources.add(MIRROR)
  serve('ruby/extra.wasm', new Response(EXTRA.map((byte) => byte ^ 1)))
  await assert.rejects(hub.load('ruby', null), refuses('damaged', /SHA-256 does not match/))
  serve(
    'ruby/extra.wasm',
    new Response('<!doctype html><p>hello', { headers: { 'content-type': 'text/html' } }),
  )
  await assert.rejects(hub.load('ruby', null), refuses('not-a-file', /web page/))
  let sent = 0
  const endless = new ReadableStream<Uint8Array>({
    pull: (controller) => {
      sent += 65_536
      controller.enqueue(new Uint8Array(65_536))
    },
  })
  const machine = await withMirror()
  await machine.offer('ruby', '3.4.1')
  await machine.sources.add(MIRROR)
  machine.answers.set(`${MIRROR}ruby/extra.wasm`, () => new Response(endless))
  await assert.rejects(machine.hub.load('ruby', null), refuses('damaged', /Nothing was kept/))
  assert.ok(sent < 10_000_000, 'it stops at the announced size')
  assert.deepEqual(runtimesKept(), [])
})

test('what is no hub, or offers nothing that runs here, is not added', async () => {
  const cases: [string, (machine: Awaited<ReturnType<typeof withMirror>>) => unknown, RegExp][] = [
    ['nothing there', () => {}, /404/],
    [
      'a page',
      ({ serve }) =>
        serve('manifest.json', new Response('<!doctype html>', { headers: { 'content-type': 'text/html' } })),
      /web page/,
    ],
    ['no JSON', ({ serve }) => serve('manifest.json', new Response('{]')), /not JSON/],
    ['another kind', ({ serve }) => serve('manifest.json', []), /not an object/],
    ['a huge one', ({ serve }) => serve('manifest.json', new Response(new Uint8Array(5 << 20))), /damaged/],
    [
      'a climbing name',
      ({ serve }) => serve('manifest.json', { languages: { '../../etc': {} } }),
      /no name of a language/,
    ],
    [
      'a climbing file',
      ({ offer }) => offer('ruby', '1.0.0', { file: '../../../etc/passwd' }),
      /outside of its hub/,
    ],
    [
      'a file elsewhere',
      ({ offer }) => offer('ruby', '1.0.0', { file: 'https://evil.test/x.wasm' }),
      /outside of its hub/,
    ],
    ['no hash', ({ offer }) => offer('ruby', '1.0.0', { sha256: undefined }), /no SHA-256/],
    ['too large', ({ offer }) => offer('ruby', '1.0.0', { size: 2 ** 40 }), /the size of/],
    ['another WASI', ({ offer }) => offer('ruby', '1.0.0', { wasi: 'wasip2' }), /wasip2/],
  ]
  for (const [what, spoil, words] of cases) {
    const machine = await withMirror()
    await spoil(machine)
    await assert.rejects(machine.sources.add(MIRROR), (error) => words.test(String(error)), what)
    assert.deepEqual(await machine.sources.urls(), [], what)
    assert.ok((await machine.hub.list()).length > 0)
  }
})

test('a mirror that dies later takes nothing else with it and is named', async () => {
  const { sources, offer, hub, warnings, serve, answers } = await withMirror()
  await offer('ruby', '3.4.1')
  await sources.add(MIRROR)
  serve('manifest.json', new Response('down', { status: 503 }))
  answers.delete(`${MIRROR}ruby/manifest.json`)
  hub.refresh()
  assert.ok((await hub.list()).some(({ name }) => name === 'python'))
  assert.equal((await hub.load('python', null)).version, '3.12.0')
  const [described] = await sources.list()
  assert.equal(described?.url, MIRROR)
  assert.ok(warnings.join().includes(MIRROR) || described?.problems.length || described?.offers.length)
})

test('the same mirror twice, too many, and settings that are damaged', async () => {
  const { sources, offer, kept } = await withMirror()
  await offer('ruby', '3.4.1')
  await sources.add(MIRROR)
  await assert.rejects(sources.add(MIRROR), (error) => isCode(error, 'EEXIST'))
  await assert.rejects(sources.add('https://site.test/runtimes/'), (error) => isCode(error, 'EEXIST'))
  const other = await withMirror()
  other.kept.set(
    'sources',
    Array.from({ length: 50 }, (_each, index) => `https://m${index}.test/`),
  )
  assert.equal((await other.sources.urls()).length, 20)
  await other.offer('ruby', '3.4.1')
  await assert.rejects(other.sources.add(MIRROR), (error) => isCode(error, 'ENOSPC'))
  const damaged = await withMirror()
  damaged.kept.set('sources', [1, 'nonsense', { url: 'x' }])
  assert.deepEqual(await damaged.sources.urls(), [])
  assert.equal(kept.has('sources'), true)
})

test('removing a version leaves the bytes that another kept one shares', async () => {
  const { hub } = await withMirror()
  await hub.load('python', '3.12.0')
  await hub.remove('python', '3.9.1')
  const list = await hub.list()
  assert.equal(list.find(({ version }) => version === '3.12.0')?.cached, true)
})
