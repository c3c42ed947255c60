/**
 * The page on hosts and in browsers as they are: it becomes isolated within two reloads, or says within ten seconds what
 * stands in the way. Every test counts how often the document was asked for, so a loop cannot pass.
 */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { type Browser, chromium, type Frame, type Page } from 'playwright-core'
import { MAX_RELOADS } from '../src/sdk/isolation.ts'
import { type Precondition, precondition } from '../src/sdk/preconditions.ts'
import { serve } from '../tools/serve.mjs'
import {
  chromePath,
  FLAGS,
  launch,
  mount,
  openSite,
  ready,
  run,
  type Site,
  type SiteOptions,
} from './browser.ts'

/** The promise of the page: a precondition that fails is told by then. */
const MESSAGE_TIMEOUT_MS = 10_000
/** A loop would show itself in that time. */
const QUIET_MS = 1500
const INSECURE_HOST = 'insecure.test'

let browser: Browser

before(async () => {
  browser = await launch([`--host-resolver-rules=MAP ${INSECURE_HOST} 127.0.0.1`])
})
after(() => browser.close())

const withSite = async (options: SiteOptions, use: (site: Site) => Promise<void>): Promise<void> => {
  const site = await openSite({ browser, ...options })
  try {
    await use(site)
  } finally {
    await site.close()
  }
}

/** Loads of the document: the first one and every reload. */
const countLoads = (page: Page): (() => number) => {
  let loads = 0
  page.on('request', (request) => {
    if (request.isNavigationRequest() && request.frame() === page.mainFrame()) loads++
  })
  return () => loads
}

const isolated = (page: Page): Promise<boolean> => page.evaluate(() => crossOriginIsolated)

/** The words of the precondition stand on the page in time, no other's do, and the page then rests. */
const says = async (where: Page | Frame, code: Precondition['code'], loads: () => number): Promise<void> => {
  const { title, text } = precondition(code)
  await where.getByText(text).first().waitFor({ timeout: MESSAGE_TIMEOUT_MS })
  assert.ok(await where.getByText(title).first().isVisible(), `the title of ${code} is shown`)
  const seen = loads()
  assert.ok(seen <= 1 + MAX_RELOADS, `${seen} loads`)
  await new Promise((resolve) => setTimeout(resolve, QUIET_MS))
  assert.equal(loads(), seen, 'the page was loaded again after it had given up')
  assert.ok(await where.getByText(text).first().isVisible(), 'the message stays')
}

const answerAt =
  (path: string, status: number, type: string, body: string) =>
  (request: IncomingMessage, response: ServerResponse): boolean => {
    if (!(request.url ?? '').split('?')[0]?.endsWith(path)) return false
    response.writeHead(status, { 'Content-Type': type })
    response.end(body)
    return true
  }

test('a host that sends no headers: the page is isolated after one reload, the machine runs', () =>
  withSite({}, async ({ page, url }) => {
    const loads = countLoads(page)
    await page.goto(url)
    await ready(page)
    assert.equal(await isolated(page), true)
    assert.equal(loads(), 2)
    assert.equal((await page.evaluate(() => window.wasmrun.machine())).isolated, true)
  }))

test('the second visit is isolated at once', () =>
  withSite({}, async ({ page, context, url }) => {
    await page.goto(url)
    await ready(page)
    const second = await context.newPage()
    const loads = countLoads(second)
    await second.goto(url)
    await ready(second)
    assert.equal(loads(), 1)
  }))

test('under a sub-path the page asks for nothing outside of it, and its service worker stays there', () =>
  withSite({ base: '/repo/' }, async ({ page, url, requests }) => {
    const loads = countLoads(page)
    await page.goto(url)
    await ready(page)
    assert.equal(await isolated(page), true)
    assert.ok(loads() <= 1 + MAX_RELOADS)
    const outside = requests.filter((path) => !path.startsWith('/repo/') && path !== '/favicon.ico')
    assert.deepEqual(outside, [])
    const scopes = await page.evaluate(async () =>
      (await navigator.serviceWorker.getRegistrations()).map(({ scope }) => new URL(scope).pathname),
    )
    assert.deepEqual(scopes, ['/repo/'])
  }))

test('a host that sends the headers: no reload, and no service worker is needed', () =>
  withSite({ headers: 'isolated', profile: { serviceWorkers: 'block' } }, async ({ page, url }) => {
    const loads = countLoads(page)
    await page.goto(url)
    await ready(page)
    assert.equal(await isolated(page), true)
    assert.equal(loads(), 1)
  }))

test('a hard reload, which goes round the service worker, recovers by itself', () =>
  withSite({}, async ({ page, context, url }) => {
    await page.goto(url)
    await ready(page)
    const loads = countLoads(page)
    const session = await context.newCDPSession(page)
    await page.evaluate(() => Object.assign(window, { stale: true }))
    await session.send('Page.reload', { ignoreCache: true })
    await page.waitForFunction(() => !('stale' in window))
    await ready(page)
    assert.equal(await isolated(page), true)
    assert.ok(loads() >= 2, 'a hard reload alone is not isolated: the test would prove nothing')
    assert.ok(loads() <= 1 + MAX_RELOADS, `${loads()} loads`)
  }))

test('the hard reload several times over still recovers: the count of reloads starts again each time', () =>
  withSite({}, async ({ page, context, url }) => {
    await page.goto(url)
    await ready(page)
    const session = await context.newCDPSession(page)
    for (let round = 0; round < 4; round++) {
      await page.evaluate(() => Object.assign(window, { stale: true }))
      await session.send('Page.reload', { ignoreCache: true })
      await page.waitForFunction(() => !('stale' in window))
      await ready(page)
    }
    assert.equal(await isolated(page), true)
  }))

const BROKEN_WORKERS: [string, Precondition['code'], number, string, string][] = [
  ['is missing (404)', 'service-worker-blocked', 404, 'text/html', 'not here'],
  ['throws', 'service-worker-blocked', 200, 'text/javascript', 'throw new Error("broken")'],
  [
    'has the wrong type',
    'service-worker-blocked',
    200,
    'text/html',
    'self.addEventListener("fetch", () => {})',
  ],
  [
    'never finishes installing',
    'service-worker-late',
    200,
    'text/javascript',
    'self.addEventListener("install", (event) => event.waitUntil(new Promise(() => {})))',
  ],
  [
    'works and sets no headers',
    'not-isolated',
    200,
    'text/javascript',
    'self.addEventListener("install", () => self.skipWaiting());' +
      'self.addEventListener("activate", (event) => event.waitUntil(self.clients.claim()));' +
      'self.addEventListener("fetch", (event) => event.respondWith(fetch(event.request)))',
  ],
]

for (const [what, code, status, type, body] of BROKEN_WORKERS) {
  test(`a service worker that ${what}: a message in ten seconds, never a loop`, () =>
    withSite({ intercept: answerAt('/service.js', status, type, body) }, async ({ page, url }) => {
      const loads = countLoads(page)
      await page.goto(url)
      await says(page, code, loads)
    }))
}

const isService = (request: IncomingMessage): boolean =>
  (request.url ?? '').split('?')[0]?.endsWith('/service.js') ?? false

test('a service worker whose script never arrives: a message in ten seconds', () =>
  withSite({ intercept: isService }, async ({ page, url }) => {
    const loads = countLoads(page)
    await page.goto(url)
    await says(page, 'service-worker-late', loads)
    assert.equal(loads(), 1)
  }))

test('a service worker that comes late is told, and the page goes on by itself when it is there', () => {
  let release: () => void = () => {}
  const told = new Promise<void>((resolve) => {
    release = resolve
  })
  const script = join(process.env.SITE_ROOT ?? 'dist', 'service.js')
  const holdBack = (request: IncomingMessage, response: ServerResponse): boolean => {
    if (!isService(request)) return false
    void told.then(() => {
      response.writeHead(200, { 'Content-Type': 'text/javascript' })
      response.end(readFileSync(script))
    })
    return true
  }
  return withSite({ intercept: holdBack }, async ({ page, url }) => {
    await page.goto(url)
    const { text } = precondition('service-worker-late')
    await page.getByText(text).first().waitFor({ timeout: MESSAGE_TIMEOUT_MS })
    release()
    await ready(page)
    assert.equal(await isolated(page), true)
  })
})

test('over http on a name that is not localhost, the page says that it needs a secure address', () =>
  withSite({ hostname: INSECURE_HOST }, async ({ page, url }) => {
    const loads = countLoads(page)
    await page.goto(url)
    assert.equal(await page.evaluate(() => isSecureContext), false)
    await says(page, 'insecure', loads)
    assert.equal(loads(), 1)
  }))

test('inside a page that is not isolated, it says that it wants a tab of its own', () =>
  withSite({}, async ({ page, url }) => {
    const folder = await mkdtemp(join(tmpdir(), 'parent-'))
    await writeFile(join(folder, 'index.html'), `<!doctype html><iframe src="${url}"></iframe>`)
    const parent = await serve({ root: folder })
    try {
      let loads = 0
      page.on('request', (request) => {
        if (request.isNavigationRequest() && request.url() === url) loads++
      })
      await page.goto(`http://parent.localhost:${parent.port}/`)
      const frame = page.frames().find((candidate) => candidate.url() === url)
      assert.ok(frame, 'the site is in the frame')
      await says(frame, 'framed', () => loads)
      assert.equal(loads, 1)
    } finally {
      await parent.close()
      await rm(folder, { recursive: true })
    }
  }))

test('where registering a service worker is blocked, it says so', () =>
  withSite({ profile: { serviceWorkers: 'block' } }, async ({ page, url }) => {
    const loads = countLoads(page)
    await page.goto(url)
    await says(page, 'service-worker-blocked', loads)
    assert.equal(loads(), 1)
  }))

test('a browser without service workers: its own message', () =>
  withSite({}, async ({ page, url }) => {
    await page.addInitScript(() => Reflect.deleteProperty(Navigator.prototype, 'serviceWorker'))
    const loads = countLoads(page)
    await page.goto(url)
    await says(page, 'no-service-worker', loads)
  }))

test('an isolated page without shared memory: its own message', () =>
  withSite({ headers: 'isolated' }, async ({ page, url }) => {
    await page.addInitScript(() => Reflect.deleteProperty(globalThis, 'SharedArrayBuffer'))
    const loads = countLoads(page)
    await page.goto(url)
    assert.equal(await isolated(page), true)
    await says(page, 'no-shared-memory', loads)
    assert.equal(loads(), 1)
  }))

/** A browser whose user has chosen "Block all cookies", and a page of it. */
const withBlockedStorage = async (
  headers: 'none' | 'isolated',
  use: (page: Page, url: string) => Promise<void>,
): Promise<void> => {
  const profile = await mkdtemp(join(tmpdir(), 'profile-'))
  await mkdir(join(profile, 'Default'))
  // 2 is CONTENT_SETTING_BLOCK.
  const preferences = { profile: { default_content_setting_values: { cookies: 2 } } }
  await writeFile(join(profile, 'Default', 'Preferences'), JSON.stringify(preferences))
  const server = await serve({ root: process.env.SITE_ROOT ?? 'dist', headers })
  const context = await chromium.launchPersistentContext(profile, {
    executablePath: chromePath(),
    args: FLAGS,
  })
  try {
    await use(await context.newPage(), `http://wasmrun.localhost:${server.port}/`)
  } finally {
    await context.close()
    await server.close()
    await rm(profile, { recursive: true, force: true })
  }
}

test('with cookies and site data blocked in the browser’s settings, it says that storage is blocked', () =>
  withBlockedStorage('none', async (page, url) => {
    const loads = countLoads(page)
    await page.goto(url)
    const blocked = await page.evaluate(() => {
      try {
        return sessionStorage.length < 0
      } catch {
        return true
      }
    })
    assert.equal(blocked, true, 'the setting has its effect')
    await says(page, 'storage-blocked', loads)
    assert.equal(loads(), 1)
  }))

test('on a host that isolates, blocked storage is told, and programs run all the same', () =>
  withBlockedStorage('isolated', async (page, url) => {
    await page.goto(url)
    await ready(page)
    const { works, message } = await page.evaluate(() => window.wasmrun.storage())
    assert.equal(works, false)
    await page.getByText(message).first().waitFor({ timeout: MESSAGE_TIMEOUT_MS })
    await mount(page, { 'main.js': 'console.log("runs")\n' })
    assert.equal((await run(page, 'qjs', ['main.js'])).stdout, 'runs\n')
  }))

test('every precondition has words of its own', () => {
  const codes = [
    'insecure',
    'framed',
    'no-service-worker',
    'service-worker-blocked',
    'service-worker-late',
    'storage-blocked',
    'not-isolated',
    'no-shared-memory',
  ] as const
  assert.equal(new Set(codes.map((code) => precondition(code).text)).size, codes.length)
})
