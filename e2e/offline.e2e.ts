/**
 * The page without a network: a cold start of the whole browser, and a file that went bad on the device. The server is really
 * closed, not only blocked. New versions of the site: update.e2e.ts.
 */
import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { after, before, test } from 'node:test'
import { type BrowserContext, chromium, type Page } from 'playwright-core'
import { serve } from '../tools/serve.mjs'
import { chromePath, FLAGS, ready, run } from './browser.ts'

const DIST = resolve(process.env.SITE_ROOT ?? 'dist')
/** Time for the site's files to be kept after a first visit. */
const KEPT_TIMEOUT_MS = 30_000

let folder: string

before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'offline-'))
})
after(() => rm(folder, { recursive: true, force: true }))

const open = async (profile: string): Promise<BrowserContext> =>
  chromium.launchPersistentContext(join(folder, profile), { executablePath: chromePath(), args: FLAGS })

const visit = async (page: Page, url: string): Promise<void> => {
  await page.goto(url)
  await ready(page)
}

const kept = (page: Page): Promise<unknown> =>
  page.waitForFunction(() => window.wasmrun.updates.state().offline, null, { timeout: KEPT_TIMEOUT_MS })

const python = async (page: Page): Promise<void> => {
  await page.evaluate(() => window.wasmrun.fs.writeFile('/home/project/main.py', 'print(6 * 7)\n'))
  assert.deepEqual(await run(page, 'python3', ['main.py']), {
    code: 0,
    signal: null,
    stdout: '42\n',
    stderr: '',
  })
}

for (const base of ['/', '/repo/']) {
  test(`under ${base}, a new browser without a network starts the page and runs Python`, async () => {
    const server = await serve({ root: DIST, base })
    const url = `http://wasmrun.localhost:${server.port}${base}`
    const profile = `cold-${base.length}`
    const first = await open(profile)
    try {
      const page = await first.newPage()
      await visit(page, url)
      await python(page)
      await kept(page)
      if (base !== '/') {
        const outside = server.requests.filter((path) => !path.startsWith(base) && path !== '/favicon.ico')
        assert.deepEqual(outside, [])
      }
    } finally {
      await first.close()
      await server.close()
    }
    const again = await open(profile)
    try {
      await again.setOffline(true)
      const page = await again.newPage()
      await visit(page, url)
      assert.equal(await page.evaluate(() => crossOriginIsolated), true)
      await python(page)
      const list = await page.evaluate(() => window.wasmrun.runtimes.list())
      assert.equal(list.find(({ name }) => name === 'python')?.cached, true)
      // What was never used is not there, and that is said, not hung on.
      const why = await page.evaluate(() =>
        window.wasmrun.runtimes.ensure('quickjs').then(
          () => '',
          (error) => String(error),
        ),
      )
      assert.match(why, /not on this device yet|could not be reached/)
    } finally {
      await again.close()
    }
  })
}

/** A page of a profile and a server of its own. */
const visiting = async (
  profile: string,
  use: (site: { context: BrowserContext; url: string }) => Promise<void>,
): Promise<void> => {
  const server = await serve({ root: DIST })
  const context = await open(profile)
  try {
    await use({ context, url: `http://wasmrun.localhost:${server.port}/` })
  } finally {
    await context.close()
    await server.close()
  }
}

test('a file that went bad on the device is noticed, fetched again when there is a network, and told when there is none', () =>
  visiting('poison', async ({ context, url }) => {
    const page = await context.newPage()
    await visit(page, url)
    await kept(page)
    const poison = (pattern: string): Promise<number> =>
      page.evaluate(async (pattern) => {
        const [name = ''] = (await caches.keys()).filter((each) => each.startsWith('wasmrun-shell'))
        const cache = await caches.open(name)
        const hit = (await cache.keys()).filter(({ url }) => url.includes(pattern))
        for (const request of hit)
          await cache.put(
            request,
            new Response('document.title = "poisoned"', { headers: { 'content-type': 'text/javascript' } }),
          )
        return hit.length
      }, pattern)
    assert.equal(await poison('/assets/main-'), 2)
    await page.reload()
    await ready(page)
    assert.notEqual(await page.title(), 'poisoned')
    await poison('/assets/kernel-')
    await context.setOffline(true)
    await page.reload()
    await page.waitForFunction(() => window.wasmrun !== undefined)
    const why = await page.evaluate(() =>
      window.wasmrun.ready.then(
        () => '',
        (error) => String(error),
      ),
    )
    assert.match(why, /kernel-.*503/)
    await context.setOffline(false)
    await page.reload()
    await ready(page)
    await python(page)
  }))

test('the page can be installed as an app', () =>
  visiting('install', async ({ context, url }) => {
    const page = await context.newPage()
    await visit(page, url)
    const session = await context.newCDPSession(page)
    const manifest = await session.send('Page.getAppManifest')
    assert.deepEqual(manifest.errors, [])
    assert.match(manifest.url, /manifest\.webmanifest$/)
    const { installabilityErrors } = await session.send('Page.getInstallabilityErrors')
    assert.deepEqual(
      installabilityErrors.map(({ errorId }) => errorId).filter((id) => id !== 'in-incognito'),
      [],
    )
  }))
