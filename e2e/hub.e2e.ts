/**
 * Runtimes on their way from the site: with progress, cancelled, damaged, cut short, missing, badly listed, poisoned in the
 * cache. Each failure is told in words, keeps nothing, and the next try works.
 */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import type { Browser, Page } from 'playwright-core'
import type { RuntimeProgress } from '../src/abi/control.ts'
import { boot, drop, launch, mount, openSite, run, type Site } from './browser.ts'
import { sees } from './console.ts'
import { openWorkshop } from './projects.ts'

let browser: Browser

before(async () => {
  browser = await launch()
})
after(() => browser.close())

/** What becomes of a file of the hub on its way; null lets it pass. */
type Damage = (path: string, response: ServerResponse, bytes: () => Buffer) => boolean

interface Bench {
  site: Site
  page: Page
  /** From now on. */
  damage(next: Damage | null): void
}

const withHub = async (use: (bench: Bench) => Promise<void>): Promise<void> => {
  let current: Damage | null = null
  const intercept = (request: IncomingMessage, response: ServerResponse): boolean => {
    const path = (request.url ?? '').split('?')[0] ?? ''
    if (!current || !path.startsWith('/runtimes/')) return false
    return current(path, response, () => readFileSync(join(process.env.SITE_ROOT ?? 'dist', path)))
  }
  const site = await openSite({ browser, intercept })
  try {
    await use({
      site,
      page: site.page,
      damage: (next) => {
        current = next
      },
    })
  } finally {
    await site.close()
  }
}

const MODULE = /\.wasm(\.gz)?$/
const send = (response: ServerResponse, bytes: Buffer): true => {
  response.writeHead(200, { 'Content-Type': 'application/octet-stream', 'Content-Length': bytes.length })
  response.end(bytes)
  return true
}
/** In small pieces with pauses, as over a slow line. */
const sendSlowly = (response: ServerResponse, bytes: Buffer): true => {
  response.writeHead(200, { 'Content-Type': 'application/octet-stream', 'Content-Length': bytes.length })
  let at = 0
  const timer = setInterval(() => {
    response.write(bytes.subarray(at, at + 16_384))
    at += 16_384
    if (at < bytes.length) return
    clearInterval(timer)
    response.end()
  }, 60)
  response.on('close', () => clearInterval(timer))
  return true
}

interface Outcome {
  error: string
  steps: RuntimeProgress[]
}

const ensure = (page: Page, name: string, cancelAfter = 0): Promise<Outcome> =>
  page.evaluate(
    async ({ name, cancelAfter }) => {
      const steps: RuntimeProgress[] = []
      const abort = new AbortController()
      const onProgress = (step: RuntimeProgress): void => {
        steps.push(step)
        if (cancelAfter > 0 && step.loaded >= cancelAfter) abort.abort()
      }
      const error = await window.wasmrun.runtimes.ensure(name, { onProgress, signal: abort.signal }).then(
        () => '',
        (reason: Error) => reason.message,
      )
      // The last step may come after the answer.
      await new Promise((done) => setTimeout(done, 100))
      return { error, steps }
    },
    { name, cancelAfter },
  )

const isCached = (page: Page, wanted: string): Promise<boolean> =>
  page.evaluate(async (wanted) => {
    const list = await window.wasmrun.runtimes.list()
    return list.find(({ name }) => name === wanted)?.cached ?? false
  }, wanted)

/** What is kept besides the catalogue, which is small and may be old. */
const keptRuntimes = (page: Page): Promise<string[]> =>
  page.evaluate(async () => {
    const kept: string[] = []
    // The page's own files are kept, too, in other caches; and what is unfinished lies apart from what is whole.
    for (const name of (await caches.keys()).filter((each) => each.startsWith('wasmrun-runtimes')))
      for (const { url } of await (await caches.open(name)).keys()) kept.push(url)
    return kept.filter((url) => !url.endsWith('manifest.json') && !url.includes('/partial-'))
  })

const worksNow = async (page: Page): Promise<void> => {
  assert.equal((await ensure(page, 'quickjs')).error, '')
  await mount(page, { 'hello.js': 'console.log("hello")\n' })
  assert.equal((await run(page, 'qjs', ['hello.js'])).stdout, 'hello\n')
}

test('a download tells its bytes and its end, is kept, and is not fetched again', () =>
  withHub(async ({ site, page, damage }) => {
    await boot(site)
    damage((path, response, bytes) => MODULE.test(path) && sendSlowly(response, bytes()))
    const { error, steps } = await ensure(page, 'quickjs')
    assert.equal(error, '')
    const moving = steps.filter(({ step }) => step === 'downloading')
    assert.ok(moving.length >= 3, `${moving.length} times told`)
    assert.ok(moving.every(({ loaded }, index) => loaded >= (moving[index - 1]?.loaded ?? 0)))
    assert.ok(moving.some(({ loaded, total, rate }) => loaded > 0 && loaded < total && rate > 0))
    assert.equal(steps.at(-1)?.step, 'ready')
    assert.equal(await isCached(page, 'quickjs'), true)
    const before = site.requests.filter((path) => MODULE.test(path)).length
    await page.reload()
    await boot(site)
    await worksNow(page)
    assert.equal(site.requests.filter((path) => MODULE.test(path)).length, before)
  }))

test('a download can be cancelled: nothing is kept, and it works when asked again', () =>
  withHub(async ({ site, page, damage }) => {
    await boot(site)
    damage((path, response, bytes) => MODULE.test(path) && sendSlowly(response, bytes()))
    const { error, steps } = await ensure(page, 'quickjs', 30_000)
    assert.notEqual(error, '')
    assert.equal(steps.at(-1)?.step, 'cancelled')
    assert.deepEqual(await keptRuntimes(page), [])
    damage(null)
    await worksNow(page)
  }))

const altered = (bytes: Buffer): Buffer => {
  const copy = Buffer.from(bytes)
  const middle = copy.length >> 1
  copy[middle] = (copy[middle] ?? 0) ^ 0xff
  return copy
}

const FAILURES: [what: string, damage: Damage, words: RegExp][] = [
  [
    'one wrong byte',
    (path, response, bytes) => MODULE.test(path) && send(response, altered(bytes())),
    /damaged.*SHA-256.*Nothing was kept/,
  ],
  [
    'half of the file',
    (path, response, bytes) => MODULE.test(path) && send(response, bytes().subarray(0, bytes().length >> 1)),
    // Half is worth keeping, apart from what is whole.
    /incomplete.*What arrived is kept: the next try goes on from there/,
  ],
  [
    'a connection that breaks off',
    (path, response, bytes) => {
      if (!MODULE.test(path)) return false
      response.writeHead(200, { 'Content-Length': bytes().length })
      response.write(bytes().subarray(0, 50_000))
      setTimeout(() => response.destroy(), 100)
      return true
    },
    /(incomplete|could not be reached).*[Nn]othing was kept/,
  ],
  [
    'a file that is not there',
    (path, response) => {
      if (!MODULE.test(path)) return false
      response.writeHead(404).end('no')
      return true
    },
    /404.*Nothing was kept/,
  ],
  [
    'a web page instead of the file',
    (path, response) => {
      if (!MODULE.test(path)) return false
      response.writeHead(200, { 'Content-Type': 'text/html' }).end('<h1>Welcome</h1>')
      return true
    },
    /web page instead/,
  ],
]

for (const [what, break_, words] of FAILURES) {
  test(`${what}: the error names the runtime and the cause, nothing is kept, the next try works`, () =>
    withHub(async ({ site, page, damage }) => {
      await boot(site)
      damage(break_)
      const { error, steps } = await ensure(page, 'quickjs')
      assert.match(error, words)
      assert.match(error, /QuickJS|quickjs/)
      assert.equal(steps.at(-1)?.step, 'failed')
      assert.equal(steps.at(-1)?.retry, true)
      assert.deepEqual(await keptRuntimes(page), [])
      damage(null)
      await worksNow(page)
    }))
}

const LISTED_BADLY: [what: string, change: (entry: Record<string, unknown>) => void, words: RegExp][] = [
  ['no SHA-256', (entry) => delete entry.sha256, /SHA-256/],
  ['no size', (entry) => delete entry.size, /size/],
  [
    'a file outside of the hub',
    (entry) => Object.assign(entry, { file: '../../evil.wasm' }),
    /outside of its hub/,
  ],
]

for (const [what, change, words] of LISTED_BADLY) {
  test(`a manifest entry with ${what} is refused before anything is fetched`, () =>
    withHub(async ({ site, page, damage }) => {
      damage((path, response, bytes) => {
        if (!path.endsWith('/quickjs/manifest.json')) return false
        const manifest = JSON.parse(bytes().toString()) as {
          versions: Record<string, Record<string, unknown>>
        }
        for (const entry of Object.values(manifest.versions)) change(entry)
        return send(response, Buffer.from(JSON.stringify(manifest)))
      })
      await boot(site)
      const { error } = await ensure(page, 'quickjs')
      assert.match(error, words)
      assert.equal(site.requests.filter((path) => MODULE.test(path)).length, 0)
      // The other runtime is not drawn into it.
      const names = await page.evaluate(async () =>
        (await window.wasmrun.runtimes.list()).map(({ name }) => name),
      )
      assert.ok(names.includes('python'))
    }))
}

test('a catalogue that is no JSON says so, and is asked again', () =>
  withHub(async ({ site, page, damage }) => {
    damage(
      (path, response) => path.endsWith('manifest.json') && send(response, Buffer.from('{"languages": [')),
    )
    await boot(site)
    const { error } = await ensure(page, 'quickjs')
    assert.match(error, /catalogue/i)
    damage(null)
    await worksNow(page)
  }))

test('what is poisoned in the cache is noticed at the next load and fetched again', () =>
  withHub(async ({ site, page }) => {
    await boot(site)
    await worksNow(page)
    const poisoned = await page.evaluate(async () => {
      let count = 0
      for (const name of await caches.keys()) {
        const cache = await caches.open(name)
        for (const request of await cache.keys()) {
          const bytes = new Uint8Array(
            (await (await cache.match(request))?.arrayBuffer()) ?? new ArrayBuffer(0),
          )
          const middle = bytes.length >> 1
          bytes[middle] = (bytes[middle] ?? 0) ^ 0xff
          await cache.put(request, new Response(bytes))
          count++
        }
      }
      return count
    })
    assert.ok(poisoned > 0)
    assert.notDeepEqual(await keptRuntimes(page), [], 'this is how a kept runtime is told')
    const before = site.requests.filter((path) => MODULE.test(path)).length
    await page.reload()
    await boot(site)
    await worksNow(page)
    assert.ok(site.requests.filter((path) => MODULE.test(path)).length > before, 'it was fetched again')
  }))

test('the page shows a failed download with its cause, and the button there fetches it again', () =>
  withHub(async ({ site, page, damage }) => {
    const workshop = openWorkshop()
    try {
      const path = workshop.write('hi', { 'main.js': 'console.log("hi there")\n' })
      await boot(site)
      damage((path, response, bytes) => MODULE.test(path) && send(response, altered(bytes())))
      await drop(page, '[data-testid="socket"]', [path])
      await page.getByTestId('run').click()
      const card = page.getByTestId('fault-card')
      await card.getByText(/SHA-256/).waitFor()
      damage(null)
      await card.getByRole('button', { name: 'Download again' }).click()
      await sees(page, /hi there/, 'out')
    } finally {
      workshop.close()
    }
  }))

test('while a runtime comes the page shows how far it is, and Cancel ends it', () =>
  withHub(async ({ site, page, damage }) => {
    const workshop = openWorkshop()
    try {
      const path = workshop.write('hi', { 'main.js': 'console.log("hi there")\n' })
      await boot(site)
      damage((path, response, bytes) => MODULE.test(path) && sendSlowly(response, bytes()))
      await drop(page, '[data-testid="socket"]', [path])
      await page.getByTestId('run').click()
      const card = page.getByTestId('download-card')
      const bar = card.getByRole('progressbar')
      await bar.waitFor()
      await page.waitForFunction(() => {
        const value = Number(
          document
            .querySelector('[data-testid="download-card"] [role="progressbar"]')
            ?.getAttribute('aria-valuenow'),
        )
        return value > 0 && value < 100
      })
      await card.getByRole('button', { name: /^Cancel/ }).click()
      await sees(page, /was cancelled/, 'sys')
      assert.deepEqual(await keptRuntimes(page), [])
    } finally {
      workshop.close()
    }
  }))
