/**
 * A new version of the site that arrives while tabs are open: waiting, accepted, half deployed, and while programs run.
 *
 * Driven without a debugger on the service worker (`targetFilter`): Chromium 156 then and then only answers every navigation
 * around a change of workers. With one attached, as Playwright always does, about every second run hung in a reload.
 */
import assert from 'node:assert/strict'
import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { after, before, test } from 'node:test'
import puppeteer, { type Browser, type Page } from 'puppeteer-core'
import { build } from '../tools/build.mjs'
import { serve } from '../tools/serve.mjs'
import { chromePath, FLAGS } from './browser.ts'

const DIST = resolve(process.env.SITE_ROOT ?? 'dist')
const TIMEOUT_MS = 60_000

let folder: string
let second: string

before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'update-'))
  second = join(folder, 'second')
  // Another version of the site: the same sources, built otherwise, so that every script has another hash.
  await build({ out: second, minify: false })
})
after(() => rm(folder, { recursive: true, force: true }))

const ready = async (page: Page): Promise<void> => {
  await page.waitForFunction(() => window.crossOriginIsolated && window.wasmrun !== undefined, {
    timeout: TIMEOUT_MS,
    polling: 100,
  })
  await page.evaluate(() => window.wasmrun.ready)
}
const visit = async (page: Page, url: string): Promise<void> => {
  await page.goto(url)
  await ready(page)
}
const kept = async (page: Page): Promise<void> => {
  await page.waitForFunction(() => window.wasmrun.updates.state().offline, {
    timeout: TIMEOUT_MS,
    polling: 100,
  })
}
const python = async (page: Page): Promise<void> => {
  const said = await page.evaluate(async () => {
    await window.wasmrun.fs.writeFile('/home/project/main.py', 'print(6 * 7)\n')
    const child = await window.wasmrun.spawn('python3', ['main.py'])
    const stdout = await new Response(child.stdout).text()
    return { stdout, ...(await child.exit) }
  })
  assert.deepEqual(said, { stdout: '42\n', code: 0, signal: null })
}
/** The script that the open page runs: which version it is. */
const entry = (page: Page): Promise<string> =>
  page.evaluate(
    () => document.querySelector<HTMLScriptElement>('script[type=module]')?.src.split('/').at(-1) ?? '',
  )
const shells = (page: Page): Promise<string[]> =>
  page.evaluate(async () => (await caches.keys()).filter((name) => name.startsWith('wasmrun-shell')))

/** Accepts the version that waits, and is back when the page of that version runs. */
const accept = async (page: Page): Promise<void> => {
  await page.evaluate(() => Object.assign(window, { here: true }))
  await page.evaluate(() => void window.wasmrun.updates.accept())
  await page.waitForFunction(() => !('here' in window), { timeout: TIMEOUT_MS, polling: 100 })
  await ready(page)
}

interface Deployment {
  browser: Browser
  url: string
  /** The folder that is served. */
  root: string
}

/** A server whose folder can be changed under an open page. */
const changing = async (name: string, use: (deployment: Deployment) => Promise<void>): Promise<void> => {
  const root = join(folder, `${name}-site`)
  await cp(DIST, root, { recursive: true })
  const server = await serve({ root })
  const browser = await puppeteer.launch({
    executablePath: chromePath(),
    args: FLAGS,
    headless: true,
    userDataDir: join(folder, name),
    targetFilter: (target) => target.type() !== 'service_worker',
  })
  try {
    await use({ browser, url: `http://wasmrun.localhost:${server.port}/`, root })
  } finally {
    await browser.close()
    await server.close()
    await rm(root, { recursive: true })
  }
}

const deploy = async (root: string): Promise<void> => {
  await rm(join(root, 'assets'), { recursive: true })
  await cp(second, root, { recursive: true })
}

test('a new version waits until the user accepts it; until then every tab, new ones too, stays on the old', () =>
  changing('update', async ({ browser, url, root }) => {
    const page = await browser.newPage()
    await visit(page, url)
    await kept(page)
    const old = await entry(page)
    await deploy(root)
    const state = await page.evaluate(() => window.wasmrun.updates.check())
    assert.deepEqual([state.waiting, state.problem], [true, ''])
    // The user is told, and nothing else happens.
    await page.waitForSelector('::-p-text(A new version of this page is here.)', { timeout: TIMEOUT_MS })
    await python(page)
    const other = await browser.newPage()
    await visit(other, url)
    assert.equal(await entry(other), old, 'a new tab is of the old version')
    assert.equal((await shells(page)).length, 2)
    await page.bringToFront()
    await accept(page)
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
    for (let round = 0; round < 4; round++) {
      await kept(page)
      if ((await shells(page)).length === 1) break
      await page.reload()
      await ready(page)
    }
    assert.equal((await shells(page)).length, 1, 'the old version is forgotten when no tab needs it')
    assert.notEqual(await entry(page), old)
  }))

test('a deploy that is half done is not taken; when it is whole it is', () =>
  changing('partial', async ({ browser, url, root }) => {
    const page = await browser.newPage()
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

test('a program that runs while the site is deployed and accepted in another tab goes on to its end', () =>
  changing('running', async ({ browser, url, root }) => {
    const page = await browser.newPage()
    await visit(page, url)
    await kept(page)
    const old = await entry(page)
    await page.evaluate(async () => {
      const code = 'import sys\nfor line in sys.stdin: print("got", line.strip(), flush=True)\n'
      await window.wasmrun.fs.writeFile('/home/project/main.py', code)
      const child = await window.wasmrun.spawn('python3', ['main.py'])
      const input = child.input.getWriter()
      const output = child.stdout.getReader()
      const talk = async (words: string): Promise<string> => {
        await input.write(`${words}\n`)
        return new TextDecoder().decode((await output.read()).value)
      }
      const end = async (): Promise<number> => {
        await input.close()
        return (await child.exit).code
      }
      Object.assign(window, { program: { talk, end } })
    })
    const talk = (words: string): Promise<string> =>
      page.evaluate((words) => Reflect.get(window, 'program').talk(words), words)
    assert.equal(await talk('before'), 'got before\n')
    await deploy(root)
    const other = await browser.newPage()
    await visit(other, url)
    assert.equal((await other.evaluate(() => window.wasmrun.updates.check())).waiting, true)
    assert.equal(await talk('deployed'), 'got deployed\n')
    await accept(other)
    assert.notEqual(await entry(other), old)
    await page.bringToFront()
    assert.equal(await talk('accepted'), 'got accepted\n')
    assert.equal(await entry(page), old)
    assert.equal(await page.evaluate(() => Reflect.get(window, 'program').end()), 0)
  }))
