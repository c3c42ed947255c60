/**
 * The page without a network: a cold start of the whole browser, a new version of the site that arrives while a tab is open,
 * a deploy that is half done, and a file that went bad on the device. The server is really closed, not only blocked.
 */
import assert from 'node:assert/strict'
import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { after, before, test } from 'node:test'
import { type BrowserContext, chromium, type Page } from 'playwright-core'
import { build } from '../tools/build.mjs'
import { serve } from '../tools/serve.mjs'
import { violations } from './axe.ts'
import { chromePath, FLAGS, ready, run } from './browser.ts'

const DIST = resolve(process.env.SITE_ROOT ?? 'dist')
/** Time for the site's files to be kept after a first visit. */
const KEPT_TIMEOUT_MS = 30_000

let folder: string
let second: string

before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'offline-'))
  second = join(folder, 'second')
  // Another version of the site: the same sources, built otherwise, so that every script has another hash.
  await build({ out: second, minify: false })
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

/** The script that the open page runs: which version it is. */
const entry = (page: Page): Promise<string> =>
  page.evaluate(
    () => document.querySelector<HTMLScriptElement>('script[type=module]')?.src.split('/').at(-1) ?? '',
  )

const shells = (page: Page): Promise<string[]> =>
  page.evaluate(async () => (await caches.keys()).filter((name) => name.startsWith('wasmrun-shell')))

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

/** A server whose folder can be changed under an open page. */
const changing = async (
  profile: string,
  use: (site: { context: BrowserContext; url: string; root: string }) => Promise<void>,
): Promise<void> => {
  const root = join(folder, `${profile}-site`)
  await cp(DIST, root, { recursive: true })
  const server = await serve({ root })
  const context = await open(profile)
  try {
    await use({ context, url: `http://wasmrun.localhost:${server.port}/`, root })
  } finally {
    await context.close()
    await server.close()
    await rm(root, { recursive: true })
  }
}

test('a new version waits until the user accepts it; until then every tab, new ones too, stays on the old', () =>
  changing('update', async ({ context, url, root }) => {
    const page = await context.newPage()
    await visit(page, url)
    await kept(page)
    const old = await entry(page)
    await rm(join(root, 'assets'), { recursive: true })
    await cp(second, root, { recursive: true })
    await page.evaluate(() => Object.assign(window, { here: true }))
    const state = await page.evaluate(() => window.wasmrun.updates.check())
    assert.deepEqual([state.waiting, state.problem], [true, ''])
    await page.getByTestId('update').getByText('A new version of this page is here.').waitFor()
    assert.deepEqual(await violations(page), [])
    await python(page)
    const other = await context.newPage()
    await visit(other, url)
    assert.equal(await entry(other), old, 'a new tab is of the old version')
    assert.equal((await shells(page)).length, 2)
    await page.bringToFront()
    assert.equal(await page.evaluate(() => window.wasmrun.updates.accept().then(() => '', String)), '')
    await page.waitForFunction(() => !('here' in window), null, { polling: 100 })
    await ready(page)
    assert.notEqual(await entry(page), old)
    await python(page)
    // The other tab goes on with its own files although the server has them no more: this part is loaded on demand.
    const lazy = await other.evaluate(async () => {
      const names = performance.getEntriesByType('resource').map(({ name }) => name)
      const chunk = names.find((name) => /assets\/chunk-/.test(name)) ?? ''
      return (await fetch(chunk)).status
    })
    assert.equal(lazy, 200)
    await python(other)
    await other.close()
    // The change of workers and the clearing away happen beside the page, one after the other.
    for (let round = 0; round < 4 && (await shells(page)).length > 1; round++) {
      await page.reload()
      await ready(page)
      await kept(page)
    }
    assert.equal((await shells(page)).length, 1, 'the old version is forgotten when no tab needs it')
    assert.notEqual(await entry(page), old)
  }))

test('a deploy that is half done is not taken; when it is whole it is', () =>
  changing('partial', async ({ context, url, root }) => {
    const page = await context.newPage()
    await visit(page, url)
    await kept(page)
    const old = await entry(page)
    // The page and the worker are new, one script is missing and another still the old one.
    const { files } = JSON.parse(await readFile(join(second, 'build.json'), 'utf8')) as {
      files: { path: string }[]
    }
    const script = files.find(({ path }) => path.startsWith('assets/kernel-'))?.path ?? ''
    await cp(second, root, { recursive: true, filter: (from) => !from.endsWith(script) })
    await writeFile(join(root, script), 'old bytes')
    const state = await page.evaluate(() =>
      window.wasmrun.updates.check().catch(() => window.wasmrun.updates.state()),
    )
    assert.equal(state.waiting, false)
    assert.match(state.problem, /not complete/)
    assert.equal((await shells(page)).length, 1)
    await page.reload()
    await ready(page)
    assert.equal(await entry(page), old)
    await python(page)
    await cp(join(second, script), join(root, script))
    const whole = await page.evaluate(() => window.wasmrun.updates.check())
    assert.deepEqual([whole.waiting, whole.problem], [true, ''])
  }))

test('a file that went bad on the device is noticed, fetched again when there is a network, and told when there is none', () =>
  changing('poison', async ({ context, url }) => {
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
  changing('install', async ({ context, url }) => {
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
