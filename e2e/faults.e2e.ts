/** Parts of the machine that do not start or die: the page says so in time, nothing waits for ever. */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { basename, join } from 'node:path'
import { after, before, test } from 'node:test'
import type { Browser, Page } from 'playwright-core'
import { goodZip } from './archives.ts'
import { launch, mount, openSite, ready, run, type Site } from './browser.ts'
import { readProgram } from './fixtures/programs.ts'

/** By then the user has been told. */
const TOLD_MS = 10_000

let browser: Browser

before(async () => {
  browser = await launch()
})
after(() => browser.close())

/** What the server makes of a script of the machine: null is a 404, a promise is an answer that is waited for. */
type Change = (text: string) => string | null | Promise<string>

/** Serves a script of the machine as `change` makes it. */
const withScript = async (
  script: string,
  change: Change,
  use: (site: Site, page: Page) => Promise<void>,
): Promise<void> => {
  const intercept = (request: IncomingMessage, response: ServerResponse): boolean => {
    const name = basename((request.url ?? '').split('?')[0] ?? '')
    if (!name.startsWith(`${script}-`)) return false
    const path = join(process.env.SITE_ROOT ?? 'dist', 'assets', name)
    void Promise.resolve(change(readFileSync(path, 'utf8'))).then((text) => {
      response.writeHead(text === null ? 404 : 200, { 'Content-Type': 'text/javascript' })
      response.end(text ?? '')
    })
    return true
  }
  const site = await openSite({ browser, intercept })
  try {
    await site.page.goto(site.url)
    await site.page.waitForFunction(() => window.crossOriginIsolated && window.wasmrun !== undefined)
    await use(site, site.page)
  } finally {
    await site.close()
  }
}

/** What `ready` ends with, and how long it took. */
const readiness = (page: Page): Promise<{ message: string; took: number }> =>
  page.evaluate(async () => {
    const start = performance.now()
    const message = await window.wasmrun.ready.then(
      () => 'ready',
      (error: Error) => error.message,
    )
    return { message, took: performance.now() - start }
  })

const BROKEN: [what: string, script: string, change: (text: string) => string | null, words: RegExp][] = [
  ['a kernel that throws', 'kernel', () => 'throw new Error("no kernel today")', /stopped.*no kernel today/],
  ['a kernel that is no JavaScript', 'kernel', () => 'function {', /stopped/],
  ['a kernel script that is missing', 'kernel', () => null, /404/],
  [
    'a host worker that throws',
    'host',
    () => 'throw new Error("no host today")',
    /storage worker.*no host today/,
  ],
  ['a host script that is missing', 'host', () => null, /storage worker/],
  [
    'a kernel that gets no memory',
    'kernel',
    (text) => `WebAssembly.Memory = function () { throw new RangeError("no memory today") };${text}`,
    /stopped: .*cannot reserve memory(?!.*blob:)/,
  ],
  ['a jail script that is missing', 'jail', () => null, /404/],
]

for (const [what, script, change, words] of BROKEN) {
  test(`${what}: the page says so in ten seconds`, () =>
    withScript(script, change, async (_site, page) => {
      await page.getByText(words).first().waitFor({ timeout: TOLD_MS })
      const { message, took } = await readiness(page)
      assert.match(message, words)
      assert.ok(took < TOLD_MS, `${took} ms`)
    }))
}

const NEVER: Change = () => new Promise(() => {})

const HANGS: [what: string, script: string, change: Change, words: RegExp][] = [
  ['a kernel that never answers', 'kernel', () => ';', /waits for the kernel\./],
  ['a kernel that spins', 'kernel', () => 'for (;;);', /waits for the kernel\./],
  ['a jail that hears nothing', 'jail', () => ';', /waits for the kernel\./],
  ['a host worker that never answers', 'host', () => ';', /waits for the storage worker\./],
  ['a host worker that spins', 'host', () => 'for (;;);', /waits for the storage worker\./],
  ['a script that never arrives', 'jail', NEVER, /waits for its scripts from the server\./],
]

for (const [what, script, change, words] of HANGS) {
  test(`${what}: the page says what it waits for in ten seconds`, () =>
    withScript(script, change, async (_site, page) => {
      await page.getByText(words).first().waitFor({ timeout: TOLD_MS })
      assert.equal(
        await page.getByTestId('fault-card').locator('h2').textContent(),
        'The machine takes long to start',
      )
    }))
}

test('a kernel that comes late is told and not given up: the card goes, the machine runs', () => {
  let release: () => void = () => {}
  const told = new Promise<void>((resolve) => {
    release = resolve
  })
  return withScript(
    'kernel',
    (text) => told.then(() => text),
    async (_site, page) => {
      await page
        .getByText(/waits for its scripts/)
        .first()
        .waitFor({ timeout: TOLD_MS })
      release()
      await ready(page)
      await page.getByTestId('fault-card').waitFor({ state: 'detached' })
      await mount(page, { 'main.js': 'console.log("after all")\n' })
      assert.equal((await run(page, 'qjs', ['main.js'])).stdout, 'after all\n')
    },
  )
})

test('a kernel that dies while programs run: they end, the page says so, and no call hangs', () => {
  const dying = (text: string): string => `${text};setTimeout(() => { throw new Error("kernel died") }, 6000)`
  return withScript('kernel', dying, async (_site, page) => {
    await ready(page)
    await mount(page, { 'probe.wasm': readProgram('probe') })
    const result = await page.evaluate(async () => {
      const child = await window.wasmrun.spawn('./probe.wasm', ['sleep', '60000'])
      const status = await child.exit
      const later = await window.wasmrun.machine().then(
        () => 'answered',
        (error: Error) => error.message,
      )
      return { status, later }
    })
    assert.deepEqual(result.status, { code: 137, signal: 'SIGKILL' })
    assert.match(result.later, /kernel died/)
    await page
      .getByText(/kernel died/)
      .first()
      .waitFor({ timeout: TOLD_MS })
  })
})

test('an archive worker that cannot start: the card names it, and a folder of files still opens', () =>
  withScript(
    'archive',
    () => 'throw new Error("no archive today")',
    async (_site, page) => {
      await ready(page)
      const zip = Buffer.from(goodZip({ 'main.js': 'console.log("never")\n' }))
      const choose = (name: string, buffer: Buffer): Promise<void> =>
        page.locator('#zip-input').setInputFiles({ name, mimeType: 'application/octet-stream', buffer })
      await choose('app.zip', zip)
      await page
        .getByTestId('fault-card')
        .getByText(/could not be unpacked: .*no archive today/)
        .waitFor()
      await choose('main.js', Buffer.from('console.log("alone")\n'))
      await page.getByTestId('run').waitFor()
    },
  ))

test('a process worker that cannot start: the process ends with the reason, the machine goes on', () =>
  withScript(
    'process',
    () => 'throw new Error("no worker today")',
    async (_site, page) => {
      await ready(page)
      await mount(page, { 'probe.wasm': readProgram('probe'), 'main.js': 'console.log("still here")\n' })
      const told = await page.evaluate(async () => {
        let message = ''
        window.wasmrun.on('exit', (end) => {
          message = end.message
        })
        const child = await window.wasmrun.spawn('./probe.wasm', ['args'])
        const { code } = await child.exit
        return { code, message }
      })
      assert.notEqual(told.code, 0)
      assert.match(told.message, /worker.*no worker today/)
      assert.equal((await run(page, 'qjs', ['main.js'])).stdout, 'still here\n')
    },
  ))
