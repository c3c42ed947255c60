/** Two tabs on one project, as a user sees it: one has it, the other says so and can take it over, and back. */
import assert from 'node:assert/strict'
import { after, before, beforeEach, test } from 'node:test'
import type { Page } from 'playwright-core'
import { boot, openSite, ready, type Site, startOver } from './browser.ts'

let site: Site
let first: Page
let second: Page

before(async () => {
  site = await openSite()
  first = await boot(site)
})
after(() => site?.close())
beforeEach(async () => {
  await second?.close()
  await startOver(first)
  await first.getByRole('button', { name: /The reading room/ }).click()
  await first.getByTestId('run').waitFor()
  await first
    .getByTestId('saving')
    .filter({ hasText: /^kept$/ })
    .waitFor()
  second = await site.context.newPage()
  await second.goto(site.url)
  await ready(second)
})

const nameOf = (page: Page): Promise<string> =>
  page.evaluate(() => window.wasmrun.projects.current?.name ?? '')
const write = (page: Page, text: string): Promise<void> =>
  page.evaluate((words) => window.wasmrun.fs.writeFile('/home/project/word.txt', words), text)
const read = (page: Page): Promise<string> =>
  page.evaluate(() => window.wasmrun.fs.readFile('/home/project/word.txt', 'utf8'))

/** The second tab opens what the first has, as the page offers it. */
const takeOver = async (name: string): Promise<void> => {
  // By its name alone: "Open python-hello 2" is also how "python-hello, 2 s ago" begins.
  const kept = second.locator(`[data-testid="kept-project"][data-project="${name}"]`)
  await kept.filter({ hasText: 'open in another tab' }).waitFor()
  await kept.getByRole('button', { name: /^Open / }).click()
  const card = second.getByTestId('fault-card')
  await card.getByRole('heading', { name: 'The project is open in another tab' }).waitFor()
  await card.getByRole('button', { name: 'Take it over' }).click()
  await second.getByTestId('run').waitFor()
}

test('the second tab says who has the project and takes it over with every change; the first says so and takes it back', async () => {
  const name = await nameOf(first)
  await write(first, 'from the first')
  await takeOver(name)
  assert.equal(await read(second), 'from the first')
  const card = first.getByTestId('fault-card')
  await card.getByRole('heading', { name: 'Another tab has this project' }).waitFor()
  assert.match(await first.getByTestId('saving').innerText(), /another tab has this project/)
  await write(second, 'from the second')
  await card.getByRole('button', { name: 'Take back' }).click()
  await first
    .getByTestId('saving')
    .filter({ hasText: /^kept$/ })
    .waitFor()
  assert.equal(await nameOf(first), name)
  assert.equal(await read(first), 'from the second')
  await second
    .getByTestId('fault-card')
    .getByRole('heading', { name: 'Another tab has this project' })
    .waitFor()
})

test('the robbed tab keeps a copy: both go their own ways from there', async () => {
  const name = await nameOf(first)
  await write(first, 'shared')
  await takeOver(name)
  await write(first, 'mine, after it was taken')
  await first.getByTestId('fault-card').getByRole('button', { name: 'Keep a copy' }).click()
  await first
    .getByTestId('saving')
    .filter({ hasText: /^kept$/ })
    .waitFor()
  assert.equal(await nameOf(first), `${name} copy`)
  await first.getByRole('button', { name: `Project ${name} copy` }).waitFor()
  assert.equal(await read(first), 'mine, after it was taken')
  assert.equal(await read(second), 'shared')
  assert.equal(await nameOf(second), name)
})
