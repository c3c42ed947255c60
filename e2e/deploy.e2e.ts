/**
 * The site on each host of docs/deploy.md: a project is made and runs, and what was kept of it is opened again and runs after a
 * reload, and when the host is gone. And a host that changes files: the page works, is not kept, and says why.
 */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import type { Browser, Page } from 'playwright-core'
import { launch, ready, run } from './browser.ts'
import { DIST, type Host, readHeadersFile, readHtaccess, readNetlify, readNginx, serveAs } from './hosts.ts'

const TYPES: Record<string, string> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.json': 'application/json',
  '.svg': 'image/svg+xml',
  '.png': 'image/png',
  '.wasm': 'application/wasm',
  '.txt': 'text/plain; charset=utf-8',
}
const dist = (name: string): string => readFileSync(join(DIST, name), 'utf8')
const nginx = readNginx(/```nginx\n([\s\S]*?)```/.exec(readFileSync('docs/deploy.md', 'utf8'))?.[1] ?? '')
const REVALIDATE = { 'Cache-Control': 'public, max-age=0, must-revalidate' }
const NOT_FOUND = { status: 404, file: null }

const HOSTS: (Host & { reloads: number })[] = [
  {
    name: 'Netlify',
    base: '/',
    rules: [
      [/^/, REVALIDATE],
      ...readHeadersFile(dist('_headers')),
      ...readNetlify(readFileSync('netlify.toml', 'utf8')),
    ],
    types: { ...TYPES, '.webmanifest': 'application/manifest+json' },
    otherType: 'application/octet-stream',
    missing: NOT_FOUND,
    hidden: /^\/_headers$/,
    reloads: 0,
  },
  {
    name: 'GitHub Pages',
    base: '/wasmrun-os/',
    rules: [[/^/, { 'Cache-Control': 'max-age=600', 'Access-Control-Allow-Origin': '*' }]],
    types: {
      ...TYPES,
      '.webmanifest': 'application/manifest+json; charset=utf-8',
      '.gz': 'application/gzip',
    },
    otherType: 'application/octet-stream',
    missing: NOT_FOUND,
    reloads: 1,
  },
  {
    name: 'Cloudflare Pages',
    base: '/',
    rules: [[/^/, REVALIDATE], ...readHeadersFile(dist('_headers'))],
    types: TYPES,
    otherType: null,
    // The page itself, with status 200, for whatever is not there.
    missing: { status: 200, file: 'index.html' },
    hidden: /^\/_headers$/,
    redirect: (path, response) => {
      if (!path.endsWith('/index.html')) return false
      response.writeHead(308, { Location: path.slice(0, -'index.html'.length) }).end()
      return true
    },
    reloads: 0,
  },
  {
    name: 'nginx',
    base: '/',
    rules: nginx.rules,
    types: nginx.types,
    otherType: 'application/octet-stream',
    missing: NOT_FOUND,
    reloads: 0,
  },
  {
    name: 'Apache, in a folder, unpacking .gz on the way',
    base: '/~user/run/',
    rules: readHtaccess(dist('.htaccess')),
    types: { ...TYPES, '.webmanifest': 'application/manifest+json' },
    otherType: null,
    missing: NOT_FOUND,
    hidden: /\/\.ht/,
    encodes: /\.gz$/,
    reloads: 0,
  },
  {
    name: 'a plain folder',
    base: '/',
    rules: [],
    types: { ...TYPES, '.gz': 'application/gzip' },
    otherType: 'application/octet-stream',
    missing: NOT_FOUND,
    reloads: 1,
  },
]

let browser: Browser
before(async () => {
  browser = await launch()
})
after(() => browser.close())

/** Files are written in the first visit alone: what runs later is what the browser has kept. */
const make = (page: Page): Promise<string> =>
  page.evaluate(async () => {
    const { projects, mount } = window.wasmrun
    const { id } = await projects.create('Kept')
    await mount({
      'main.py': 'import json, lib\nprint(json.dumps(lib.x))\n',
      'lib.py': 'x = [6 * 7]\n',
    })
    await projects.save()
    return id
  })

const reopen = async (page: Page, id: string): Promise<void> => {
  const { name, losses } = await page.evaluate(async (id) => {
    const { project, losses } = await window.wasmrun.projects.open(id)
    return { name: project.name, losses }
  }, id)
  assert.deepEqual([name, losses], ['Kept', []])
}

const python = async (page: Page): Promise<void> =>
  assert.deepEqual(await run(page, 'python3', ['main.py']), {
    code: 0,
    signal: null,
    stdout: '[42]\n',
    stderr: '',
  })

const kept = (page: Page): Promise<unknown> =>
  page.waitForFunction(() => window.wasmrun.updates.state().offline, null, { timeout: 30_000 })

for (const host of HOSTS) {
  test(`${host.name}: a project runs, its kept files after a reload, and again when the host is gone`, async () => {
    const serving = await serveAs(host)
    const context = await browser.newContext()
    try {
      const page = await context.newPage()
      let loads = 0
      page.on('request', (request) => {
        if (request.isNavigationRequest() && request.frame() === page.mainFrame()) loads++
      })
      await page.goto(host.base === '/' ? serving.url : serving.url.slice(0, -1))
      await ready(page)
      const redirects = host.base === '/' ? 0 : 1
      assert.equal(loads - 1 - redirects, host.reloads, 'reloads of the first visit')
      const id = await make(page)
      await python(page)
      await kept(page)
      await page.reload()
      await ready(page)
      await reopen(page, id)
      await python(page)
      await context.setOffline(true)
      await serving.close()
      await page.reload()
      await ready(page)
      assert.equal(await page.evaluate(() => crossOriginIsolated), true)
      await reopen(page, id)
      await python(page)
      const outside = serving.requests.filter(
        (path) => !`${path}/`.startsWith(host.base) && path !== '/favicon.ico',
      )
      assert.deepEqual(outside, [])
    } finally {
      await context.close()
      await serving.close().catch(() => {})
    }
  })
}

test('a host that writes into the page: it works with a connection, is not kept, and the file is named', async () => {
  const plain = HOSTS.at(-1)
  assert.ok(plain)
  const serving = await serveAs({
    ...plain,
    redirect: (path, response) => {
      if (path !== '/') return false
      const page = dist('index.html').replace('</body>', '<script>window.injected = 1</script></body>')
      response.writeHead(200, { 'Content-Type': 'text/html' }).end(page)
      return true
    },
  })
  const context = await browser.newContext()
  try {
    const page = await context.newPage()
    await page.goto(serving.url)
    await ready(page)
    await make(page)
    await python(page)
    await page.waitForFunction(() => window.wasmrun.updates.state().problem !== '', null, { timeout: 30_000 })
    const state = await page.evaluate(() => window.wasmrun.updates.state())
    assert.equal(state.offline, false)
    assert.match(
      state.problem,
      /^http:\/\/host\.localhost:\d+\/ is not the file of this version.*its host alters files/,
    )
  } finally {
    await context.close()
    await serving.close()
  }
})
