/** A sealed project runs with the strict limits and gets no folder, until the user trusts it; the seal is kept with it. */
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import type { Browser } from 'playwright-core'
import { STRICT_LIMITS } from '../src/abi/limits.ts'
import { boot, drop, launch, openSite, ready } from './browser.ts'
import { sees } from './console.ts'
import { openWorkshop, type Workshop } from './projects.ts'

let browser: Browser
let workshop: Workshop

before(async () => {
  browser = await launch()
  workshop = openWorkshop()
})
after(async () => {
  await browser.close()
  workshop.close()
})

/** Takes descriptors until it is refused one, and fails of it. */
const HOARD = `import * as os from 'qjs:os'
import * as std from 'qjs:std'
let count = 0
while (os.dup(1) >= 0) count++
print('took', count > 900 ? 'many' : 'few')
std.exit(1)
`
const SEALED = new RegExp(`${STRICT_LIMITS.openFiles} open files.*sealed; once it is trusted`)

test('a link with ?sealed opens projects sealed; the bar says so, and the user lifts it for good', async () => {
  const site = await openSite({ browser })
  try {
    const page = await boot(site, '?sealed')
    await drop(page, 'body', [workshop.write('guest', { 'main.js': HOARD })])
    await sees(page, /Opened guest/)
    const chip = page.getByRole('button', { name: 'Trust: sealed' })
    await chip.waitFor()
    await page.keyboard.press('F5')
    await sees(page, /^took few/)
    await sees(page, SEALED)
    assert.equal(
      await page.evaluate(async () =>
        window.wasmrun.disk.connect(await navigator.storage.getDirectory()).then(
          () => 'connected',
          (error: Error & { code: string }) => error.code,
        ),
      ),
      'EPERM',
    )
    await page.reload()
    await ready(page)
    await sees(page, /Opened guest/)
    await chip.click()
    await page.getByText('What it wants').click()
    await page.getByText('512 MB memory').waitFor()
    await page.getByRole('button', { name: 'Trust it' }).click()
    await chip.waitFor({ state: 'detached' })
    await page.keyboard.press('F5')
    await sees(page, /^took many/)
    await page.reload()
    await ready(page)
    await sees(page, /Opened guest/)
    assert.equal(await chip.count(), 0)
    assert.equal(await page.evaluate(() => window.wasmrun.trust.isSealed), false)
  } finally {
    await site.close()
  }
})

test('a site that embeds the machine makes a project sealed; what is opened beside it is not', async () => {
  const site = await openSite({ browser })
  try {
    const page = await boot(site)
    const states = await page.evaluate(async () => {
      const { projects, trust } = window.wasmrun
      const seen: boolean[] = []
      const told: boolean[] = []
      window.wasmrun.on('trust', ({ isSealed }) => told.push(isSealed))
      const { id } = await projects.create('embedded', { sealed: true })
      seen.push(trust.isSealed)
      await projects.close()
      seen.push(trust.isSealed)
      await projects.create('own')
      seen.push(trust.isSealed)
      const { project } = await projects.open(id)
      seen.push(trust.isSealed, project.sealed)
      const copy = await projects.duplicate(id)
      seen.push(copy.sealed)
      await trust.lift()
      seen.push(trust.isSealed, (await projects.list()).find((each) => each.id === id)?.sealed ?? true)
      return { seen, told }
    })
    assert.deepEqual(states.seen, [true, false, false, true, true, true, false, false])
    assert.deepEqual(states.told, [true, false, true, false])
  } finally {
    await site.close()
  }
})
