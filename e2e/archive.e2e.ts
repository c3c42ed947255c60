/** A large archive: it is unpacked beside the page, which goes on, and Cancel ends it. */
import assert from 'node:assert/strict'
import { join } from 'node:path'
import { after, before, beforeEach, test } from 'node:test'
import type { Page } from 'playwright-core'
import { bigZip } from './archives.ts'
import { boot, openSite, type Site, startOver } from './browser.ts'
import { openWorkshop, type Workshop } from './projects.ts'

let site: Site
let page: Page
let workshop: Workshop
let zip: string

before(async () => {
  site = await openSite()
  page = await boot(site)
  workshop = openWorkshop()
  zip = join(workshop.write('big', { 'big.zip': bigZip(200) }), 'big.zip')
})
after(async () => {
  workshop?.close()
  await site?.close()
})
beforeEach(() => startOver(page))

/** Brings a .zip of 200 MB and lets it be read; gives the moment in which it is being unpacked. */
const bringBigZip = async (): Promise<void> => {
  await page.locator('#zip-input').setInputFiles(zip)
  await page.getByTestId('over-limits').getByRole('button', { name: /Load/ }).click()
  await page.getByText('Reading big').waitFor()
}

const archiveWorkers = (): string[] =>
  page
    .workers()
    .map((worker) => worker.url())
    .filter((url) => url.includes('/archive-'))

test('Cancel while an archive is unpacked ends the work at once, and the start screen is as before', async () => {
  await bringBigZip()
  const worker = page.workers().find((each) => each.url().includes('/archive-'))
  assert.ok(worker, 'it is being unpacked')
  // Chromium lets a busy worker go on for two seconds.
  const ended = worker.waitForEvent('close')
  await page.getByTestId('bring-card').getByRole('button', { name: 'Cancel' }).click()
  await page.getByTestId('socket').waitFor()
  await ended
  assert.equal(await page.getByTestId('run').count(), 0)
})

test('a .zip of 200 MB is unpacked beside the page: clicks are handled and frames drawn meanwhile', async () => {
  await bringBigZip()
  const frames = await page.evaluate(async () => {
    let count = 0
    while (document.querySelector('[data-testid="bring-card"]')?.textContent?.includes('Reading')) {
      await new Promise(requestAnimationFrame)
      count++
    }
    return count
  })
  // In the page's own thread it is one task: no frame between its beginning and its end.
  assert.ok(frames > 10, `${frames} frames`)
  await page.getByTestId('run').waitFor()
  const { size } = await page.evaluate(() => window.wasmrun.fs.stat('/home/project/big.log'))
  assert.equal(size, 200_000_000)
  assert.deepEqual(archiveWorkers(), [], 'the worker is gone with the archive')
})
