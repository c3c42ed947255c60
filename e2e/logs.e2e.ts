/** The log as a user has it: entries by source and severity, words, follow, clear, export; there again after a reload and a crash. */
import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { after, before, test } from 'node:test'
import type { Browser, Page } from 'playwright-core'
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

const TOML = '[os_mode]\nforwards = [80]\nport = "x"\n'

/** A project that ran, fetched a runtime, is in step with a folder, and has something to warn of. */
const withLog = async (name: string, use: (page: Page) => Promise<void>, search = ''): Promise<void> => {
  const site = await openSite({ browser })
  try {
    const page = await boot(site, search)
    const files = { 'main.js': "print('ran')\n", '.wasmrun.toml': TOML }
    await drop(page, 'body', [workshop.write(name, files)])
    await sees(page, new RegExp(`Opened ${name}`))
    await page.waitForFunction(() => window.wasmrun.projects.current !== null)
    await page.getByTestId('run').click()
    await sees(page, /^ran$/, 'out', 60_000)
    await page.evaluate(async () => {
      const folder = await (await navigator.storage.getDirectory()).getDirectoryHandle('real', {
        create: true,
      })
      await window.wasmrun.disk.connect(folder)
    })
    await page.waitForFunction(() => window.wasmrun.disk.status.state === 'in-step')
    await page.getByRole('tab', { name: /^Logs/ }).click()
    await page.getByRole('log', { name: 'Machine log' }).waitFor()
    await use(page)
  } finally {
    await site.close()
  }
}

const entries = (page: Page): Promise<string[]> =>
  page.getByTestId('log-entry').evaluateAll((rows) =>
    rows.map((row) =>
      [...row.children]
        .slice(1)
        .map((cell) => cell.textContent)
        .join(' | '),
    ),
  )
const has = async (page: Page, words: RegExp): Promise<void> => {
  const end = Date.now() + 15_000
  for (;;) {
    const all = await entries(page)
    if (all.some((each) => words.test(each))) return
    if (Date.now() > end) throw new Error(`no entry ${words}:\n${all.join('\n')}`)
    await new Promise((resolve) => setTimeout(resolve, 100))
  }
}

test('each part of the machine has entries with its name and how bad they are; filters pick them out', () =>
  withLog('sources', async (page) => {
    await has(page, /^info \| runtime \| quickjs .* is ready/)
    await has(page, /^info \| kernel \| Started qjs main\.js/)
    await has(page, /^info \| sync \| real: /)
    await has(page, /^info \| page \| Opened sources/)
    await has(page, /^warning \| page \| \.wasmrun\.toml, line 2: forwards/)
    await has(page, /^error \| page \| \.wasmrun\.toml, line 3: port is "x"/)
    await page.getByLabel('Severity', { exact: true }).selectOption('warning')
    await has(page, /forwards/)
    assert.deepEqual([...new Set((await entries(page)).map((each) => each.split(' | ')[0]))].sort(), [
      'error',
      'warning',
    ])
    await page.getByLabel('Severity', { exact: true }).selectOption('error')
    assert.equal((await entries(page)).length, 1)
    await page.getByLabel('Severity', { exact: true }).selectOption('debug')
    await page.getByLabel('Source', { exact: true }).selectOption('sync')
    await has(page, /sync/)
    assert.ok((await entries(page)).every((each) => each.includes('| sync |')))
    await page.getByLabel('Source', { exact: true }).selectOption('')
    await page.getByLabel('Filter the log').fill('STARTED QJS')
    assert.equal((await entries(page)).length, 1)
    await page.getByLabel('Filter the log').fill('nowhere')
    await page.getByText(/None of \d+ entries matches\./).waitFor()
  }))

test('what is shown is exported, and cleared', () =>
  withLog('exported', async (page) => {
    await page.getByLabel('Source', { exact: true }).selectOption('sync')
    await has(page, /sync/)
    const coming = page.waitForEvent('download')
    await page.getByRole('button', { name: 'Export', exact: true }).click()
    const download = await coming
    assert.equal(download.suggestedFilename(), 'wasmrun-log.txt')
    const text = await readFile((await download.path()) ?? '', 'utf8')
    assert.match(text, /^\d{4}-\d\d-\d\dT[\d:.]+Z info {4}sync {4}real: /m)
    assert.doesNotMatch(text, / kernel /)
    await page.getByLabel('Source', { exact: true }).selectOption('')
    await page.getByRole('button', { name: 'Clear log' }).click()
    await page.getByText(/Nothing was noted yet/).waitFor()
    await page.reload()
    await ready(page)
    await page.getByTestId('run').waitFor()
    assert.ok((await entries(page)).every((each) => !each.includes('Started qjs')))
  }))

test('the newest entry is in sight as long as it follows', () =>
  withLog(
    'follows',
    async (page) => {
      /** With ?debug the kernel notes each start. */
      const note = (times: number): Promise<void> =>
        page.evaluate(async (count) => {
          for (let i = 0; i < count; i++) await (await window.wasmrun.spawn('qjs', ['-e', '0'])).exit
        }, times)
      const list = page.getByRole('log', { name: 'Machine log' })
      const atEnd = (): Promise<unknown> =>
        page.waitForFunction(() => {
          const box = document.querySelector('[aria-label="Machine log"]')
          const below = box ? box.scrollHeight - box.clientHeight : 0
          return box && below > 0 && below - box.scrollTop < 3
        })
      await note(20)
      await atEnd()
      // who scrolls up is not carried away
      await list.hover()
      await page.mouse.wheel(0, -100_000)
      await page.waitForFunction(() => document.querySelector('[aria-label="Machine log"]')?.scrollTop === 0)
      const follow = page.getByRole('button', { name: 'Follow', exact: true })
      assert.equal(await follow.getAttribute('aria-pressed'), 'false')
      const height = await list.evaluate((box) => box.scrollHeight)
      await note(5)
      await page.waitForFunction(
        (before) => (document.querySelector('[aria-label="Machine log"]')?.scrollHeight ?? 0) > before,
        height,
      )
      assert.equal(await list.evaluate((box) => box.scrollTop), 0)
      await follow.click()
      await atEnd()
    },
    '?debug',
  ))

test('it is there again after a reload, and after a crash of the page', () =>
  withLog('survives', async (page) => {
    await has(page, /Started qjs/)
    await page.reload()
    await ready(page)
    await page.getByTestId('run').waitFor()
    await has(page, /Started qjs/)
    await page.getByTestId('run').click()
    await has(page, /Started qjs main\.js as process 1[\s\S]*/)
    // what the last half second brought may be lost
    await page.waitForTimeout(1000)
    const context = page.context()
    const url = page.url()
    const crashed = page.waitForEvent('crash')
    page.goto('chrome://crash').catch(() => undefined)
    await crashed
    const next = await context.newPage()
    await next.goto(url)
    await ready(next)
    const kept = await next.evaluate(() => localStorage.getItem('wasmrun:log') ?? '')
    assert.ok(kept.split('Started qjs main.js').length >= 3, kept)
    await drop(next, 'body', [workshop.write('after', { 'main.js': '' })])
    await next.getByRole('tab', { name: /^Logs/ }).click()
    await next.getByLabel('Filter the log').fill('Opened survives')
    await has(next, /Opened survives/)
    await next.close()
  }))
