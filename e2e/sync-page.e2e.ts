/** In step with a folder, as a user has it: everything is clicked and read on the page; another program changes the folder meanwhile. */
import assert from 'node:assert/strict'
import { mkdtemp, rename, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, beforeEach, test } from 'node:test'
import type { Page } from 'playwright-core'
import { drop, ready, startOver } from './browser.ts'
import { type DiskSite, diskBecomes, diskLines, emptyDisk, onDisk, openDiskSite } from './disk-page.ts'

let site: DiskSite
let page: Page

before(async () => {
  site = await openDiskSite()
  page = site.page
})
after(() => site?.close())
beforeEach(async () => {
  Object.assign(site, { permission: 'prompt', answer: 'granted', asked: 0 })
  await startOver(page)
  await emptyDisk(page)
  await onDisk(page, { 'main.py': 'one\ntwo\nthree\n', 'data/notes.txt': 'notes' })
})

const button = (name: string | RegExp) => page.getByRole('button', { name })
const door = () => page.locator('#disk-door')
const says = (words: RegExp): Promise<void> =>
  page.getByTestId('sync-cell').filter({ hasText: words }).waitFor({ timeout: 20_000 })

const openFolder = async (): Promise<void> => {
  await button('Open folder').click()
  await page.getByTestId('run').waitFor()
  await page.getByTestId('disk-offer').waitFor()
}
const keepInStep = async (): Promise<void> => {
  await openFolder()
  await page.getByTestId('disk-offer').getByRole('button', { name: 'Keep in step' }).click()
  await says(/in step/)
}
/** What both sides agree on is kept a moment later; a tab that is left before compares everything from scratch. */
const agreementKept = async (): Promise<void> => {
  await page.evaluate(() => window.wasmrun.projects.save())
  await page.waitForTimeout(1500)
}
const openFile = async (name: string): Promise<void> => {
  await page.getByRole('treeitem', { name, exact: true }).click()
  await page.getByRole('textbox', { name: `Text of ${name}` }).waitFor()
}
const editor = () => page.getByTestId('editor')

test('a folder is opened by a click and only read, until the user keeps it in step; then an edit is in the folder', async () => {
  await openFolder()
  await openFile('main.py')
  await editor().click()
  await page.keyboard.press('Control+Home')
  await page.keyboard.type('zero\n')
  await page.keyboard.press('Control+s')
  assert.equal(
    await door()
      .innerText()
      .then((text) => /no folder/.test(text)),
    true,
  )
  assert.deepEqual(await diskLines(page), ['data/notes.txt: notes', 'main.py: one\ntwo\nthree\n'])
  assert.equal(site.asked, 0, 'nobody was asked to let the folder be written')
  await page.getByTestId('disk-offer').getByRole('button', { name: 'Stay a copy' }).click()
  await page.getByTestId('disk-offer').waitFor({ state: 'detached' })
  await door().click()
  await page.getByTestId('keep-in-step').click()
  await says(/in step/)
  assert.equal(site.asked, 1)
})

test('an edit in the page is in the folder, and an edit in the folder is in the open editor with the caret where it was', async () => {
  await keepInStep()
  await openFile('main.py')
  await page.getByText('three', { exact: true }).click()
  await page.keyboard.press('End')
  await page.keyboard.type('!')
  await page.keyboard.press('Control+s')
  await diskBecomes(page, ['data/notes.txt: notes', 'main.py: one\ntwo\nthree!\n'])
  await onDisk(page, { 'main.py': 'from outside\none\ntwo\nthree!\n' })
  await editor().getByText('from outside').waitFor()
  await page.keyboard.type('?')
  await page.keyboard.press('Control+s')
  await diskBecomes(page, ['data/notes.txt: notes', 'main.py: from outside\none\ntwo\nthree!?\n'])
  await onDisk(page, { 'data/notes.txt': null, 'new.py': 'new' })
  await page.getByRole('treeitem', { name: 'new.py' }).waitFor()
  await says(/in step/)
})

test('both sides change a file: a card says so, both are compared, and the user chooses', async () => {
  await keepInStep()
  site.permission = 'prompt'
  await page.evaluate(() => window.wasmrun.disk.scan())
  await says(/closed/)
  await page.evaluate(() => window.wasmrun.fs.writeFile('/home/project/main.py', 'mine\n'))
  await onDisk(page, { 'main.py': 'theirs\n' })
  await page.getByTestId('disk-lost').getByRole('button', { name: 'Open folder again' }).click()
  const card = page.getByTestId('disk-conflict')
  await card.waitFor({ timeout: 20_000 })
  assert.match(
    await card.innerText(),
    /main\.py changed here and on disk\. The disk's is in place; yours is beside it as main\.py\.mine\./,
  )
  await diskBecomes(page, ['data/notes.txt: notes', 'main.py.mine: mine\n', 'main.py: theirs\n'])
  await card.getByRole('button', { name: 'Compare' }).click()
  const dialog = page.getByRole('dialog', { name: /main\.py/ })
  await dialog.getByText('theirs').first().waitFor()
  await dialog.getByText('mine').first().waitFor()
  await dialog.getByRole('button', { name: 'Put mine in its place' }).click()
  await diskBecomes(page, ['data/notes.txt: notes', 'main.py: mine\n'])
  await card.waitFor({ state: 'detached' })
})

test('after a reload the browser has closed the folder: changes wait, are counted, and are written when it is opened again', async () => {
  await keepInStep()
  await agreementKept()
  site.permission = 'prompt'
  await page.reload()
  await ready(page)
  const lost = page.getByTestId('disk-lost')
  await lost.waitFor({ timeout: 20_000 })
  assert.match(
    await lost.innerText(),
    /The browser closed the folder shop\. Nothing has changed here since\./,
  )
  await openFile('main.py')
  await editor().click()
  await page.keyboard.press('Control+End')
  await page.keyboard.type('four')
  await page.keyboard.press('Control+s')
  await lost
    .getByText(/Your 1 change since \d\d:\d\d is kept here, not on disk\./)
    .waitFor({ timeout: 20_000 })
  site.answer = 'denied'
  await lost.getByRole('button', { name: 'Open folder again' }).click()
  await page.getByText(/did not open the folder/).waitFor()
  assert.deepEqual(await diskLines(page), ['data/notes.txt: notes', 'main.py: one\ntwo\nthree\n'])
  site.answer = 'granted'
  await lost.getByRole('button', { name: 'Open folder again' }).click()
  await says(/in step/)
  await lost.waitFor({ state: 'detached' })
  await diskBecomes(page, ['data/notes.txt: notes', 'main.py: one\ntwo\nthree\nfour'])
})

test('read-only: the folder is followed and never written, until the user lets it be', async () => {
  await openFolder()
  await page.getByTestId('disk-offer').getByRole('button', { name: 'Only follow it' }).click()
  await says(/read-only/)
  await onDisk(page, { 'main.py': 'theirs' })
  await page.waitForFunction(
    async () => (await window.wasmrun.fs.readFile('/home/project/main.py', 'utf8')) === 'theirs',
  )
  await page.evaluate(() => window.wasmrun.fs.writeFile('/home/project/own.txt', 'own'))
  await says(/1 only here/)
  assert.deepEqual(await diskLines(page), ['data/notes.txt: notes', 'main.py: theirs'])
  assert.equal(site.asked, 0)
  await door().click()
  await page.getByText(/Without it your 1 change would be written/).waitFor()
  await page.getByTestId('disk-readonly').click()
  await says(/in step/)
  await diskBecomes(page, ['data/notes.txt: notes', 'main.py: theirs', 'own.txt: own'])
  assert.equal(site.asked, 1)
})

test('everything is gone from the folder: nothing is removed here, and the user says what was meant', async () => {
  await keepInStep()
  await onDisk(page, { 'main.py': null, data: null })
  const lost = page.getByTestId('disk-lost')
  await lost.getByText(/Everything in shop is gone from the disk/).waitFor({ timeout: 20_000 })
  await page.getByRole('treeitem', { name: 'main.py' }).waitFor()
  await lost.getByRole('button', { name: 'Write everything back' }).click()
  await diskBecomes(page, ['data/notes.txt: notes', 'main.py: one\ntwo\nthree\n'])
  await says(/in step/)
  await onDisk(page, { 'main.py': null, data: null })
  await lost.getByRole('button', { name: 'Empty the project too' }).click({ timeout: 20_000 })
  await page.getByRole('treeitem', { name: 'main.py' }).waitFor({ state: 'detached' })
})

test('disconnected: both sides stay as they are and go their own ways', async () => {
  await keepInStep()
  await door().click()
  await page.getByTestId('disk-disconnect').click()
  await page.getByTestId('sync-cell').waitFor({ state: 'detached' })
  await page.evaluate(() => window.wasmrun.fs.writeFile('/home/project/main.py', 'here'))
  await onDisk(page, { 'other.txt': 'there' })
  await page.reload()
  await ready(page)
  await page.getByRole('treeitem', { name: 'main.py' }).waitFor()
  assert.equal(await page.evaluate(() => window.wasmrun.disk.status.state), 'off')
  assert.equal(await page.getByRole('treeitem', { name: 'other.txt' }).count(), 0)
  assert.deepEqual(await diskLines(page), [
    'data/notes.txt: notes',
    'main.py: one\ntwo\nthree\n',
    'other.txt: there',
  ])
})

const WHOLE = ['data/notes.txt: notes', 'main.py: one\ntwo\nthree\n']

test('the open project is deleted and another is opened: the folder is untouched', async () => {
  await keepInStep()
  const name = await page.evaluate(() => window.wasmrun.projects.current?.name ?? '')
  await page.keyboard.press('Control+k')
  await page.getByRole('combobox', { name: 'All commands' }).fill('Machine: Storage')
  await page.keyboard.press('Enter')
  const row = page.locator(`[data-testid="project-row"][data-project="${name}"]`)
  await row.getByRole('button', { name: /^Delete/ }).click()
  await page.getByTestId('delete-project-yes').click()
  await row.waitFor({ state: 'detached' })
  await page.keyboard.press('Escape')
  await page.getByTestId('sync-cell').waitFor({ state: 'detached' })
  await page.evaluate(() => window.wasmrun.fs.writeFile('/home/project/after.txt', 'after'))
  await button(/^Project /).click()
  await page.getByRole('menuitem', { name: 'Close project' }).click()
  await button(/The reading room/).click()
  await page.getByTestId('run').waitFor()
  await page.getByRole('treeitem', { name: 'main.py' }).waitFor()
  assert.deepEqual(await diskLines(page), WHOLE)
})

test('a project that could not be kept is in step; the next one opened does not touch its folder', async () => {
  await page.evaluate(() => {
    window.wasmrun.projects.create = () => Promise.reject(new Error('the storage is blocked'))
  })
  await keepInStep()
  assert.equal(await page.evaluate(() => window.wasmrun.projects.current), null)
  const folder = await mkdtemp(join(tmpdir(), 'next-'))
  try {
    await writeFile(join(folder, 'next.py'), 'print(1)\n')
    await drop(page, '.bar', [folder])
    await page.getByRole('treeitem', { name: 'next.py' }).waitFor()
    assert.equal(await page.getByRole('treeitem', { name: 'data' }).count(), 0)
    assert.equal(await page.evaluate(() => window.wasmrun.disk.status.state), 'off')
    assert.deepEqual(await diskLines(page), WHOLE)
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
})

test('a folder of the real disk is dropped and followed; renamed away it is said, renamed back it goes on', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'real-'))
  const moved = `${folder}-moved`
  try {
    await writeFile(join(folder, 'main.py'), 'print(1)\n')
    await drop(page, '[data-testid="socket"]', [folder])
    await page.getByTestId('disk-offer').getByRole('button', { name: 'Only follow it' }).click()
    await says(/read-only/)
    await rename(folder, moved)
    const lost = page.getByTestId('disk-lost')
    await page.evaluate(() => window.wasmrun.disk.scan())
    await lost
      .getByText(/was renamed, moved or removed\. Nothing was removed here\./)
      .waitFor({ timeout: 20_000 })
    await page.getByRole('treeitem', { name: 'main.py' }).waitFor()
    await rename(moved, folder)
    await writeFile(join(folder, 'main.py'), 'print(2)\n')
    await lost.getByRole('button', { name: 'Look again' }).click()
    await lost.waitFor({ state: 'detached', timeout: 20_000 })
    await openFile('main.py')
    await editor().getByText('print(2)').waitFor()
  } finally {
    await rm(folder, { recursive: true, force: true })
    await rm(moved, { recursive: true, force: true })
  }
})

test('the start screen says of each project what it runs on, whether that is here, and how it stands with its folder', async () => {
  await keepInStep()
  const name = await page.evaluate(() => window.wasmrun.projects.current?.name ?? '')
  await agreementKept()
  await startOver(page)
  const slot = page.locator(`[data-testid="kept-project"][data-project="${name}"]`)
  assert.match(await slot.innerText(), /Python 3\.\d+/)
  await slot.getByText('in step', { exact: true }).waitFor()
  const wire = page.locator('.traces path').first()
  await page.getByTestId('runtime-slot').first().waitFor()
  assert.equal(await wire.getAttribute('class'), 'no', 'Python is still to be fetched')
  await page.evaluate(() => window.wasmrun.runtimes.prefetch('python'))
  await startOver(page)
  await page.getByTestId('runtime-slot').first().waitFor()
  await page.waitForFunction(() => document.querySelector('.traces path')?.getAttribute('class') === '')
  site.permission = 'prompt'
  await slot.getByRole('button', { name: /^Open/ }).click()
  await says(/closed/)
  await page.evaluate(() => window.wasmrun.fs.writeFile('/home/project/own.txt', 'own'))
  await page
    .getByTestId('disk-lost')
    .getByText(/Your 1 change/)
    .waitFor()
  await startOver(page)
  await slot.getByText('1 not on disk').waitFor()
})

test('without a network the bar says whether the project can run', async () => {
  await openFolder()
  const { runtimes } = await page.evaluate(async () => ({
    runtimes: await window.wasmrun.runtimes.list(),
  }))
  const python = runtimes.find((runtime) => runtime.name === 'python')
  await site.context.setOffline(true)
  try {
    const words = python?.cached
      ? /Offline\. Everything this project needs is here\./
      : /Offline\. Python 3\.\d+\.\d+ is not on this device yet\./
    await page.getByTestId('offline').filter({ hasText: words }).waitFor()
  } finally {
    await site.context.setOffline(false)
  }
  await page.getByTestId('offline').waitFor({ state: 'detached' })
})

test('a browser without a picker: a dropped folder is a copy, and the page says what can be done with it', async () => {
  await page.evaluate(() => {
    Reflect.deleteProperty(window, 'showDirectoryPicker')
  })
  const folder = await mkdtemp(join(tmpdir(), 'copy-'))
  try {
    await writeFile(join(folder, 'main.py'), 'print(1)\n')
    await drop(page, '[data-testid="socket"]', [folder])
    await page.getByTestId('run').waitFor()
    assert.equal(await page.getByTestId('disk-offer').count(), 0)
    await door().click()
    await page
      .getByText(/This browser cannot write to your folders\. Drop one here to work on a copy/)
      .waitFor()
    const coming = page.waitForEvent('download')
    await page.getByRole('dialog').getByRole('button', { name: 'Save as .zip' }).click()
    assert.match((await coming).suggestedFilename(), /\.zip$/)
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
})

test('at 390 px the door and the watch switch are within reach', async () => {
  await page.setViewportSize({ width: 390, height: 800 })
  try {
    await openFolder()
    await page.getByTestId('disk-offer').getByRole('button', { name: 'Stay a copy' }).click()
    await page.getByTestId('watch').click()
    assert.equal(await page.getByTestId('watch').getAttribute('aria-pressed'), 'true')
    await door().click()
    await page.getByTestId('keep-in-step').click()
    await says(/in step/)
    const width = await page.evaluate(() => document.documentElement.scrollWidth)
    assert.ok(width <= 390, `the page is ${width} px wide`)
  } finally {
    await page.setViewportSize({ width: 1280, height: 800 })
  }
})
