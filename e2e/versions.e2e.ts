/** Versions from a mirror that the user adds, on another origin; a connection that breaks in the middle of a real runtime. */
import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join, resolve } from 'node:path'
import { after, before, test } from 'node:test'
import { gunzipSync, gzipSync } from 'node:zlib'
import { packTree, readTree } from '../src/abi/tree.ts'
import { boot, openSite, run, type Site } from './browser.ts'

const DIST = resolve(process.env.SITE_ROOT ?? 'dist')

interface Versions {
  versions: Record<string, Record<string, unknown>>
}

let mirror: Server
let address: string
/** What the mirror was asked for. */
const asked: string[] = []
let spoil: ((path: string) => Buffer | null) | null = null

const LIBRARY = 'other-stdlib.tree.gz'
const factsOf = (bytes: Uint8Array) => ({
  size: bytes.length,
  sha256: createHash('sha256').update(bytes).digest('hex'),
})

/** A Python's library with one module more, which says whose it is. */
const otherLibrary = () => {
  const kept = readFileSync(join(DIST, 'runtimes/python/python-3.12.0-stdlib.tree.gz'))
  const tree = packTree([
    ...readTree(gunzipSync(kept)),
    { kind: 1, path: 'whose.py', data: 'print("the library of 3.11.9")\n' },
  ])
  const packed = gzipSync(tree, { level: 1 })
  return {
    packed,
    asset: { ...factsOf(tree), compressed: { ...factsOf(packed), file: LIBRARY, encoding: 'gzip' } },
  }
}

/** The site's Python once more, as 3.11.9 and with a library of its own, from a server that only says that anyone may read it. */
before(async () => {
  const own = JSON.parse(readFileSync(join(DIST, 'runtimes/python/manifest.json'), 'utf8')) as Versions
  const library = otherLibrary()
  const version = { ...own.versions['3.12.0'], files: { stdlib: library.asset } }
  const manifest = { language: 'python', latest: '3.11.9', versions: { '3.11.9': version } }
  mirror = createServer((request, response) => {
    const path = new URL(request.url ?? '/', 'http://x').pathname
    asked.push(path)
    response.setHeader('Access-Control-Allow-Origin', '*')
    const bytes =
      spoil?.(path) ??
      (path === '/hub/manifest.json'
        ? Buffer.from('{"languages":{"python":{}}}')
        : path === '/hub/python/manifest.json'
          ? Buffer.from(JSON.stringify(manifest))
          : path.endsWith(LIBRARY)
            ? library.packed
            : readFileSync(join(DIST, 'runtimes', path.replace(/^\/hub\//, ''))))
    response.setHeader(
      'Content-Type',
      path.endsWith('.json') ? 'application/json' : 'application/octet-stream',
    )
    response.end(bytes)
  })
  await new Promise<void>((done) => mirror.listen(0, '127.0.0.1', done))
  address = `http://mirror.localhost:${(mirror.address() as AddressInfo).port}/hub/`
})
after(() => mirror.close())

const withSite = async (options: Parameters<typeof openSite>[0], use: (site: Site) => Promise<void>) => {
  const site = await openSite(options)
  try {
    await boot(site)
    await use(site)
  } finally {
    await site.close()
  }
}

const put = (site: Site, text: string): Promise<void> =>
  site.page.evaluate((text) => window.wasmrun.fs.writeFile('/home/project/main.py', text), text)

test('a mirror is added, its version runs beside the site’s own, and both are still there after a reload', () =>
  withSite({}, async (site) => {
    const added = await site.page.evaluate(
      (url) => window.wasmrun.runtimes.addSource(url),
      `${address}manifest.json`,
    )
    assert.deepEqual(added, { url: address, offers: ['python 3.11.9'], problems: [] })
    await put(site, 'try:\n  import whose\nexcept ImportError:\n  print("another library")\n')
    const runtimeOf = async (version: string): Promise<string> => {
      await site.page.evaluate((version) => window.wasmrun.runtimes.ensure('python', { version }), version)
      return site.page.evaluate(async () => {
        const seen: string[] = []
        const stop = window.wasmrun.on('process', ({ runtime }) => void seen.push(runtime))
        const child = await window.wasmrun.spawn('python3', ['main.py'])
        const text = new Response(child.stdout).text()
        await child.exit
        stop()
        return `${seen.at(-1) ?? ''}: ${await text}`
      })
    }
    assert.equal(await runtimeOf('3.12'), 'python 3.12.0: another library\n')
    assert.equal(await runtimeOf('3.11'), 'python 3.11.9: the library of 3.11.9\n')
    assert.equal(await runtimeOf('3.12'), 'python 3.12.0: another library\n')
    assert.equal(await runtimeOf('3.11'), 'python 3.11.9: the library of 3.11.9\n')
    await site.page.reload()
    await boot(site)
    const list = await site.page.evaluate(() => window.wasmrun.runtimes.list())
    const pythons = list.filter(({ name }) => name === 'python')
    assert.deepEqual(
      pythons.map(({ version, hub, cached, latest }) => [version, hub, cached, latest]),
      [
        ['3.12.0', '', true, true],
        ['3.11.9', address, true, false],
      ],
    )
    await site.page.evaluate((url) => window.wasmrun.runtimes.removeSource(url), address)
    const left = await site.page.evaluate(() => window.wasmrun.runtimes.list())
    assert.equal(left.filter(({ name }) => name === 'python').length, 1)
  }))

test('a mirror that sends other bytes than it names, pages or rubbish is refused in words, and the site’s own runs', () =>
  withSite({}, async (site) => {
    const add = () =>
      site.page.evaluate(
        (url) =>
          window.wasmrun.runtimes.addSource(url).then(
            () => 'added',
            (error) => String(error),
          ),
        address,
      )
    spoil = (path) => (path.endsWith('manifest.json') ? Buffer.from('<!doctype html><p>Welcome') : null)
    assert.match(await add(), /not JSON|web page/)
    spoil = (path) => (path === '/hub/manifest.json' ? Buffer.from('{"languages":{"../..":{}}}') : null)
    assert.match(await add(), /no name of a language/)
    spoil = (path) => (path.endsWith('.gz') ? Buffer.alloc(3_304_316, 7) : null)
    assert.equal(await add(), 'added')
    const why = await site.page.evaluate(() =>
      window.wasmrun.runtimes.ensure('python', { version: '3.11.9' }).then(
        () => '',
        (error) => String(error),
      ),
    )
    assert.match(why, /damaged/)
    spoil = null
    await put(site, 'print(6 * 7)\n')
    assert.equal((await run(site.page, 'python3', ['main.py'])).stdout, '42\n')
    const bad = await site.page.evaluate(() =>
      window.wasmrun.runtimes.addSource('http://mirror.example/').then(
        () => '',
        (error) => String(error),
      ),
    )
    assert.match(bad, /https/)
  }))

test('a connection that breaks twice in the middle of a runtime is taken up again where it broke', async () => {
  const ranges: (string | undefined)[] = []
  let breaks = 2
  await withSite(
    {
      intercept: (request, response) => {
        if (!request.url?.endsWith('core.wasm.gz')) return false
        const { range } = request.headers
        ranges.push(range)
        if (breaks-- <= 0) return false
        const bytes = readFileSync(join(DIST, request.url))
        const start = Number(/^bytes=(\d+)-/.exec(range ?? '')?.[1] ?? 0)
        if (range) response.setHeader('Content-Range', `bytes ${start}-${bytes.length - 1}/${bytes.length}`)
        response.writeHead(range ? 206 : 200, {
          'Content-Length': bytes.length - start,
          'Content-Type': 'application/octet-stream',
        })
        response.write(bytes.subarray(start, start + 1_000_000), () =>
          setTimeout(() => response.destroy(), 200),
        )
        return true
      },
    },
    async (site) => {
      await put(site, 'print(6 * 7)\n')
      assert.equal((await run(site.page, 'python3', ['main.py'])).stdout, '42\n')
    },
  )
  assert.equal(ranges.length, 3)
  assert.equal(ranges[0], undefined)
  for (const range of ranges.slice(1)) assert.match(range ?? '', /^bytes=[1-9]\d{4,}-$/)
})
