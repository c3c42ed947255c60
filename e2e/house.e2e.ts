/** The pages of the machine: runtimes with their mirrors, what is kept and how big it is, what the browser promised. */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join, resolve } from 'node:path'
import { after, before, test } from 'node:test'
import type { Page } from 'playwright-core'
import { boot, drop, openSite, ready, type Site } from './browser.ts'
import { sees } from './console.ts'
import { openWorkshop, type Workshop } from './projects.ts'

const DIST = resolve(process.env.SITE_ROOT ?? 'dist')

let mirror: Server
let address: string
let workshop: Workshop

/** The site's QuickJS once more, under another version, from a server that only says that anyone may read it. */
before(async () => {
  workshop = openWorkshop()
  const path = 'runtimes/quickjs/manifest.json'
  const own = JSON.parse(readFileSync(join(DIST, path), 'utf8')) as {
    latest: string
    versions: Record<string, unknown>
  }
  const manifest = { language: 'quickjs', latest: '0.1.0', versions: { '0.1.0': own.versions[own.latest] } }
  mirror = createServer((request, response) => {
    const { pathname } = new URL(request.url ?? '/', 'http://x')
    response.setHeader('Access-Control-Allow-Origin', '*')
    if (pathname === '/hub/manifest.json') response.end('{"languages":{"quickjs":{}}}')
    else if (pathname === '/hub/quickjs/manifest.json') response.end(JSON.stringify(manifest))
    else if (pathname.startsWith('/hub/'))
      response.end(readFileSync(join(DIST, 'runtimes', pathname.slice('/hub/'.length))))
    else response.writeHead(404).end('nothing')
  })
  await new Promise<void>((done) => mirror.listen(0, '127.0.0.1', done))
  address = `mirror.localhost:${(mirror.address() as AddressInfo).port}`
})
after(() => {
  mirror.close()
  workshop.close()
})

const withSite = async (use: (page: Page, site: Site) => Promise<void>): Promise<void> => {
  const site = await openSite()
  try {
    await use(await boot(site), site)
  } finally {
    await site.close()
  }
}
const command = async (page: Page, words: string): Promise<void> => {
  await page.keyboard.press('Control+k')
  await page.getByRole('combobox', { name: 'All commands' }).fill(words)
  await page.keyboard.press('Enter')
}
const runtime = (page: Page, name: string, version?: string) =>
  page.locator(
    `[data-testid="runtime-row"][data-runtime="${name}"]${version ? `[data-version="${version}"]` : ''}`,
  )

test('a runtime is fetched and deleted on its page, with its sizes; what is here is counted', () =>
  withSite(async (page) => {
    await command(page, 'Machine: Runtimes')
    const row = runtime(page, 'quickjs')
    await row.getByText(/\d+(\.\d)? KB to fetch, \d+(\.\d)? KB unpacked\. MIT/).waitFor()
    await row.getByText('this site').waitFor()
    await page.getByText(/^0 runtimes on this device, 0 bytes/).waitFor()
    await row.getByRole('button', { name: /^Get QuickJS/ }).click()
    await row.getByText('here', { exact: true }).waitFor({ timeout: 30_000 })
    await page.getByText(/^1 runtime on this device, \d/).waitFor()
    await row.getByRole('button', { name: /^Delete QuickJS/ }).click()
    await row.getByRole('button', { name: /^Get QuickJS/ }).waitFor()
    await page.getByText(/^0 runtimes on this device/).waitFor()
  }))

test('a mirror is added on the page, named at what it offers, survives a reload, and is removed', () =>
  withSite(async (page) => {
    await command(page, 'Machine: Runtimes')
    const field = page.getByLabel('Address of a mirror')
    await field.fill('not an address')
    await page.getByRole('button', { name: 'Add', exact: true }).click()
    await page.getByTestId('page-runtimes').getByRole('alert').waitFor()
    await field.fill(`http://${address}/nothing/`)
    await page.getByRole('button', { name: 'Add', exact: true }).click()
    await page
      .getByTestId('page-runtimes')
      .getByRole('alert')
      .filter({ hasText: 'mirror.localhost' })
      .waitFor()
    assert.equal(await page.getByTestId('mirror-row').count(), 0)
    await field.fill(`http://${address}/hub/`)
    await page.keyboard.press('Enter')
    const own = page.getByTestId('mirror-row')
    await own.getByText('Offers quickjs 0.1.0.').waitFor()
    const offered = runtime(page, 'quickjs', '0.1.0')
    await offered.getByText(`${address}/hub`).waitFor()
    await offered.getByRole('button', { name: 'Get QuickJS 0.1.0 now' }).click()
    await offered.getByText('here', { exact: true }).waitFor({ timeout: 30_000 })
    await page.reload()
    await ready(page)
    await command(page, 'Machine: Runtimes')
    await own.getByRole('button', { name: /^Remove the mirror/ }).click()
    await own.waitFor({ state: 'detached' })
    await offered.waitFor({ state: 'detached' })
  }))

test('the storage page shows what takes the room, and each of it can be deleted', () =>
  withSite(async (page) => {
    await drop(page, 'body', [workshop.write('stored', { 'main.js': "print('ran')\n" })])
    await sees(page, /Opened stored/)
    await page.waitForFunction(() => window.wasmrun.projects.current !== null)
    await page.getByTestId('run').click()
    await sees(page, /^ran$/, 'out', 60_000)
    await page.evaluate(async () => {
      await window.wasmrun.projects.save()
      const cache = await caches.open('wasmrun-runtimes-1')
      await cache.put('./kept/partial-0123', new Response(new Uint8Array(70_000)))
    })
    await page.waitForFunction(() => window.wasmrun.updates.state().offline, null, { timeout: 60_000 })
    await command(page, 'Machine: Storage')
    const part = (kind: string) => page.locator(`[data-testid="storage-part"][data-kind="${kind}"]`)
    for (const kind of ['projects', 'runtimes', 'partial', 'page'])
      await part(kind)
        .filter({ hasText: /\d (bytes|KB|MB)$/ })
        .waitFor()
    const row = (kind: string) => page.locator(`[data-testid="kept-row"][data-kind="${kind}"]`)
    await row('partial')
      .getByText(/68\.4 KB, 1 file\./)
      .waitFor()
    for (const kind of ['partial', 'runtimes', 'page']) {
      await row(kind)
        .getByRole('button', { name: /^Delete/ })
        .click()
      await row(kind).waitFor({ state: 'detached' })
      await part(kind).waitFor({ state: 'detached' })
    }
    assert.deepEqual(await page.evaluate(() => window.wasmrun.storage.kept()), [])
    await page.keyboard.press('Escape')
    // what was deleted is fetched again when it is needed
    await page.reload()
    await ready(page)
    await page.getByTestId('run').click()
    await sees(page, /^ran$/, 'out', 60_000)
  }))

test('the browser is asked to keep everything, and its answer is told in words', () =>
  withSite(async (page, { context, url }) => {
    await drop(page, 'body', [workshop.write('promised', { 'main.js': '' })])
    await sees(page, /Opened promised/)
    await command(page, 'Machine: Storage')
    await page
      .getByTestId('persistence')
      .getByText('The browser may clear this when the disk is full.')
      .waitFor()
    await page.getByRole('button', { name: 'Ask it to keep everything' }).click()
    await page.getByText(/The browser (made no promise|keeps this storage)/).waitFor()
    await context
      .grantPermissions(['persistent-storage' as never], { origin: new URL(url).origin })
      .catch(() => undefined)
    const isPromised = await page.evaluate(() => window.wasmrun.storage.persist())
    await page.keyboard.press('Escape')
    await command(page, 'Machine: Storage')
    const words = isPromised
      ? 'The browser keeps this until you delete it.'
      : 'The browser may clear this when the disk is full.'
    await page.getByTestId('persistence').getByText(words).waitFor()
  }))

test('site data that is cleared under a running page is told with a next step, and the files are saved again', () =>
  withSite(async (page, { context, url }) => {
    await drop(page, 'body', [
      workshop.write('emptied', { 'main.js': "print('ran')\n", 'words.txt': 'precious' }),
    ])
    await sees(page, /Opened emptied/)
    await page.waitForFunction(() => window.wasmrun.projects.current !== null)
    await page.evaluate(() => window.wasmrun.projects.save())
    const session = await context.newCDPSession(page)
    await session.send('Storage.clearDataForOrigin', { origin: new URL(url).origin, storageTypes: 'all' })
    const card = page.getByTestId('fault-card')
    await card.getByText('The browser has cleared what this page kept').waitFor({ timeout: 30_000 })
    await card
      .getByText(/Your files are still here in this tab, and emptied is being saved again\./)
      .waitFor()
    const coming = page.waitForEvent('download')
    await card.getByRole('button', { name: 'Save as .zip' }).click()
    assert.equal((await coming).suggestedFilename(), 'emptied.zip')
    await page.evaluate(() => window.wasmrun.projects.save())
    await page.reload()
    await ready(page)
    await page.getByTestId('run').waitFor()
    assert.equal(
      await page.evaluate(() => window.wasmrun.fs.readFile('/home/project/words.txt', 'utf8')),
      'precious',
    )
  }))

test('a clock that goes back loses nothing and confuses nobody', () =>
  withSite(async (page) => {
    await drop(page, 'body', [workshop.write('clockwork', { 'main.js': "print('ran')\n" })])
    await sees(page, /Opened clockwork/)
    await page.waitForFunction(() => window.wasmrun.projects.current !== null)
    await page.evaluate(async () => {
      await window.wasmrun.fs.writeFile('/home/project/before', 'one')
      await window.wasmrun.projects.save()
    })
    const back = (): void => {
      const real = Date.now
      Date.now = () => real() - 30 * 86_400_000
    }
    await page.evaluate(back)
    let turned = 0
    for (const worker of page.workers())
      turned += await worker.evaluate(back).then(
        () => 1,
        () => 0,
      )
    assert.ok(turned >= 1, 'the host’s clock at least')
    await page.evaluate(async () => {
      await window.wasmrun.fs.writeFile('/home/project/before', 'two')
      await window.wasmrun.fs.writeFile('/home/project/after', 'three')
      await window.wasmrun.projects.save()
    })
    await command(page, 'Machine: Storage')
    await page
      .locator('[data-testid="project-row"][data-project="clockwork"]')
      .getByText('open here')
      .waitFor()
    await page.keyboard.press('Escape')
    await page.reload()
    await ready(page)
    await page.getByTestId('run').waitFor()
    const texts = await page.evaluate(async () => {
      const read = (name: string): Promise<string> =>
        window.wasmrun.fs.readFile(`/home/project/${name}`, 'utf8')
      return [await read('before'), await read('after')]
    })
    assert.deepEqual(texts, ['two', 'three'])
    assert.deepEqual(await page.evaluate(() => window.wasmrun.check()), [])
  }))
