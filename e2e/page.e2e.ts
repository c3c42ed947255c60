/** The page itself: accessible by axe's rules in every state, both themes and both widths, and walked with the keyboard alone. */
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import type { Page } from 'playwright-core'
import { violations } from './axe.ts'
import { boot, openSite, type Site, startOver } from './browser.ts'
import { sees } from './console.ts'
import { choose, openReadingRoom, PANELS } from './panels.ts'

let site: Site
let page: Page

before(async () => {
  site = await openSite()
  page = await boot(site)
})
after(() => site?.close())

const openExample = (): Promise<void> => openReadingRoom(page)
const command = (words: string): Promise<void> => choose(page, words)

for (const width of [1280, 390])
  for (const scheme of ['dark', 'light'] as const)
    test(`axe finds nothing at ${width} px, ${scheme}`, async () => {
      await page.setViewportSize({ width, height: 800 })
      await page.emulateMedia({ colorScheme: scheme, reducedMotion: 'reduce' })
      await startOver(page)
      await page.getByTestId('runtime-slot').first().waitFor()
      assert.deepEqual(await violations(page), [], 'start')
      await openExample()
      await page.getByTestId('run').click()
      await sees(page, /What is your name/, undefined, 60_000)
      if (width < 720) await page.getByRole('button', { name: 'View' }).click()
      for (const { name, show, hide } of PANELS) {
        await show(page)
        await page.waitForTimeout(200)
        assert.deepEqual(await violations(page), [], name)
        await hide?.(page)
      }
    })

const focused = (): Promise<string> =>
  page.evaluate(() => {
    const element = document.activeElement
    return `${element?.tagName} ${element?.getAttribute('aria-label') ?? element?.textContent?.slice(0, 40) ?? ''}`
  })

test('every region is reached with F6, and the editor is left with the keyboard', async () => {
  await page.setViewportSize({ width: 1280, height: 800 })
  await openExample()
  const seen: string[] = []
  for (let turn = 0; turn < 6; turn++) {
    await page.keyboard.press('F6')
    seen.push(
      await page.evaluate(
        () => document.activeElement?.closest('[data-region]')?.getAttribute('aria-label') ?? '',
      ),
    )
  }
  for (const name of ['Project', 'Files', 'View', 'Machine panels', 'Machine'])
    assert.ok(seen.includes(name), `${name} in ${seen}`)
  await page.getByRole('treeitem', { name: 'main.py' }).focus()
  await page.keyboard.press('Enter')
  await page.getByTestId('editor').waitFor()
  await page.getByTestId('editor').focus()
  await page.keyboard.press('Escape')
  await page.keyboard.press('Tab')
  assert.doesNotMatch(await focused(), /Text of/)
  await page.keyboard.press('Shift+F6')
})

test('with Tab alone the focus is always seen, goes through the whole page and comes round', async () => {
  await page.setViewportSize({ width: 1280, height: 800 })
  await page.evaluate(() => localStorage.clear())
  await openExample()
  const names = new Set<string>()
  for (let turn = 0; turn < 60; turn++) {
    // in the editor Tab indents, unless Esc was pressed before
    await page.keyboard.press('Escape')
    await page.keyboard.press('Tab')
    const state = await page.evaluate(() => {
      const element = document.activeElement
      if (!element || element === document.body) return { name: 'body', isSeen: true }
      const { width, height, top, left } = element.getBoundingClientRect()
      const { outlineStyle } = getComputedStyle(element)
      const holder = element.closest('.field, .console-input')
      const ring = outlineStyle !== 'none' || (holder && getComputedStyle(holder).outlineStyle !== 'none')
      const isInside = width > 0 && height > 0 && top < innerHeight && left < innerWidth
      const drawn = element.matches('.splitter, .cm-content') || ring
      return {
        name: element.getAttribute('aria-label') ?? element.textContent?.trim().slice(0, 30) ?? '',
        isSeen: isInside && Boolean(drawn),
      }
    })
    assert.ok(state.isSeen, `the focus is not seen on ${state.name}`)
    names.add(state.name)
  }
  for (const name of ['Run', 'Find in files', 'Console', 'Filter output', 'Resize files'])
    assert.ok(
      [...names].some((other) => other.includes(name)),
      `${name} in ${[...names].join(', ')}`,
    )
})

test('a program is run, answered, suspended, resumed and killed without a mouse', async () => {
  await openExample()
  await page.keyboard.press('F5')
  await sees(page, /What is your name/, undefined, 60_000)
  await page.keyboard.press('Control+4')
  const pid = await page
    .locator('[data-testid=process-row]:not([data-state=ended])')
    .last()
    .getAttribute('data-pid')
  const process = page.locator(`[data-testid=process-row][data-pid="${pid}"]`)
  await process.focus()
  await process.getByRole('button', { name: /Suspend/ }).focus()
  await page.keyboard.press('Enter')
  await process.getByText('Suspended').waitFor()
  await process.getByRole('button', { name: /Resume/ }).focus()
  await page.keyboard.press('Enter')
  await process.getByText(/Waiting|Running|Sleeping/).waitFor()
  await process.focus()
  await page.keyboard.press('Delete')
  await page.locator('button:focus', { hasText: 'Keep it running' }).waitFor()
  await page.keyboard.press('Tab')
  await page.keyboard.press('Enter')
  await process.getByText(/SIGKILL/).waitFor()
})

test('the settings hold: a limit is kept, a bad one is refused in words', async () => {
  await openExample()
  await page.keyboard.press('Control+,')
  const field = page.getByRole('textbox', { name: 'Open files' })
  await field.fill('64')
  await field.press('Tab')
  await field.fill('lots')
  await field.press('Tab')
  await page.getByText(/Open files: between 8 and/).waitFor()
  assert.deepEqual(
    await page
      .evaluate(async () => (await window.wasmrun.settings.get('limits')) as { openFiles: number })
      .then((limits) => limits.openFiles),
    64,
  )
  await page.getByRole('button', { name: 'Back to the usual limits' }).click()
  await page.keyboard.press('Escape')
})

test('projects are listed, renamed, copied, exported and deleted', async () => {
  await openExample()
  await command('Machine: Storage')
  const row = page.getByTestId('project-row').first()
  await row.getByRole('button', { name: /^Rename/ }).click()
  await page.getByTestId('project-name').fill('My room')
  await page.keyboard.press('Enter')
  const mine = page.locator('[data-testid="project-row"][data-project="My room"]')
  await mine.waitFor()
  await mine.getByRole('button', { name: /^Duplicate/ }).click()
  const copy = page.locator('[data-testid="project-row"][data-project="My room copy"]')
  await copy.waitFor()
  const coming = page.waitForEvent('download')
  await copy.getByRole('button', { name: /^Save/ }).click()
  assert.equal((await coming).suggestedFilename(), 'My room copy.zip')
  await copy.getByRole('button', { name: /^Delete/ }).click()
  await page.getByTestId('delete-project-yes').click()
  await copy.waitFor({ state: 'detached' })
  await page.keyboard.press('Escape')
  await startOver(page)
  await page.getByRole('button', { name: /^Open My room/ }).click()
  await page.getByTestId('run').waitFor()
  await page.getByRole('treeitem', { name: 'main.py' }).waitFor()
})

test('the layout is remembered for each project', async () => {
  await openExample()
  const splitter = page.getByRole('separator', { name: 'Resize files' })
  await splitter.focus()
  const before = Number(await splitter.getAttribute('aria-valuenow'))
  for (let turn = 0; turn < 3; turn++) await page.keyboard.press('ArrowRight')
  await openExample()
  assert.equal(
    Number(await page.getByRole('separator', { name: 'Resize files' }).getAttribute('aria-valuenow')),
    before + 48,
  )
})
