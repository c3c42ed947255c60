/** Overriding what detection chose, by clicks: another way to run, another command line, an environment, another version. */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { join, resolve } from 'node:path'
import { after, before, beforeEach, test } from 'node:test'
import type { Page } from 'playwright-core'
import { boot, drop, openSite, type Site, startOver } from './browser.ts'
import { sees } from './console.ts'
import { openWorkshop, type Workshop } from './projects.ts'

const RUNTIMES = join(resolve(process.env.SITE_ROOT ?? 'dist'), 'runtimes')
const OTHER = '3.11.9'

/** A mirror on the site's own server: its Python once more, under another version. */
const mirror = (request: IncomingMessage, response: ServerResponse): boolean => {
  const path = (request.url ?? '').split('?')[0] ?? ''
  if (!path.startsWith('/mirror/')) return false
  const own = JSON.parse(readFileSync(join(RUNTIMES, 'python/manifest.json'), 'utf8'))
  const manifests: Record<string, unknown> = {
    '/mirror/manifest.json': { languages: { python: {} } },
    '/mirror/python/manifest.json': {
      language: 'python',
      latest: OTHER,
      versions: { [OTHER]: Object.values(own.versions)[0] },
    },
  }
  const manifest = manifests[path]
  response.writeHead(200, { 'Content-Type': manifest ? 'application/json' : 'application/octet-stream' })
  response.end(
    manifest ? JSON.stringify(manifest) : readFileSync(join(RUNTIMES, path.slice('/mirror/'.length))),
  )
  return true
}

let site: Site
let page: Page
let workshop: Workshop

before(async () => {
  site = await openSite({ intercept: mirror })
  page = await boot(site)
  await page.evaluate((url) => window.wasmrun.runtimes.addSource(url), `${site.url}mirror/manifest.json`)
  workshop = openWorkshop()
})
after(async () => {
  workshop?.close()
  await site?.close()
})
beforeEach(() => startOver(page))

const bring = async (files: Record<string, string>): Promise<void> => {
  await drop(page, '[data-testid="socket"]', [workshop.write(`ways-${workshops++}`, files)])
  await page.getByTestId('run').waitFor()
}
let workshops = 0
const chip = () => page.getByRole('button', { name: /^Runtime / })
const ways = async (): Promise<void> => {
  await chip().click()
  await page.getByRole('radiogroup', { name: 'Ways to run this project' }).waitFor()
}

const BOTH = {
  'main.py': 'import os, sys\nprint("python", sys.argv[1:], os.environ.get("GREETING"))\n',
  'index.js': 'console.log("javascript", scriptArgs.slice(1).join("|"))\n',
}

test('another way to run is chosen, stays chosen, and is what Run starts', async () => {
  await bring(BOTH)
  await ways()
  const all = page.getByRole('radio')
  const chosen = page.getByRole('radio', { checked: true })
  assert.equal(await all.count(), 2)
  const isPython = /main\.py/.test((await chosen.textContent()) ?? '')
  await page.getByRole('radio', { checked: false }).click()
  await page.keyboard.press('Escape')
  assert.match((await chip().textContent()) ?? '', isPython ? /index\.js/ : /main\.py/)
  await page.getByTestId('run').click()
  await sees(page, isPython ? /^javascript / : /^python /, 'out', 60_000)
})

test('the command line of the user’s own is run, quoted words and all, now and the next time', async () => {
  await bring({ 'main.py': BOTH['main.py'] })
  await ways()
  await page.locator('#command-line').fill(`python3 main.py 'two words' "it's" plain`)
  await page.locator('.override').getByRole('button', { name: 'Run' }).click()
  const said = /python \['two words', "it's", 'plain'\] None/
  await sees(page, said, 'out', 60_000)
  await sees(page, /ended with code 0/, 'sys')
  await page.getByRole('button', { name: 'Clear console' }).click()
  await page.getByTestId('run').click()
  await sees(page, said, 'out')
})

test('variables are given to the program; a line that is none is told', async () => {
  await bring({ 'main.py': BOTH['main.py'] })
  await ways()
  await page.locator('#environment').fill('# a note\nGREETING=grüße = all\nnonsense')
  await page.getByText('Line 3 is no NAME=value: nonsense').waitFor()
  await page.locator('#environment').fill('GREETING=grüße = all')
  await page.locator('.override').getByRole('button', { name: 'Use' }).click()
  await page.getByTestId('run').click()
  await sees(page, /python \[\] grüße = all/, 'out', 60_000)
})

test('another version of the runtime is chosen from those there are, and that one runs', async () => {
  await bring({ 'main.py': BOTH['main.py'] })
  const ran = page.evaluate(
    () => new Promise<string>((done) => window.wasmrun.on('process', ({ runtime }) => done(runtime))),
  )
  await ways()
  const versions = page.getByLabel('Version of its runtime')
  assert.ok((await versions.locator('option').count()) >= 3, 'the latest, the site’s own and the mirror’s')
  await versions.selectOption(OTHER)
  await page.locator('.override').getByRole('button', { name: 'Use' }).click()
  await chip().getByText(`Python ${OTHER}`).waitFor()
  await page.getByTestId('run').click()
  await sees(page, /^python /, 'out', 60_000)
  assert.equal(await ran, `python ${OTHER}`)
})
