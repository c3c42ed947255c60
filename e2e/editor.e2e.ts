/** The editor as a user has it: type, save, run; others change the file meanwhile; the tree; find; projects that come back. */
import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { after, before, beforeEach, test } from 'node:test'
import type { Page } from 'playwright-core'
import { boot, drop, openSite, ready, type Site, startOver } from './browser.ts'
import { sees } from './console.ts'

const ROOT = '/home/project'

let site: Site
let page: Page
let folder: string

const FILES: Record<string, string> = {
  'main.js': "print('one')\n",
  'lib/deep.js': "export const name = 'needle in here'\nexport const other = 'Needle'\n",
  'notes.txt': 'first\r\nsecond\r\n',
  'node_modules/x/index.js': 'needle\n',
}

before(async () => {
  folder = join(mkdtempSync(join(tmpdir(), 'editor-')), 'desk')
  for (const [name, text] of Object.entries(FILES)) {
    mkdirSync(dirname(join(folder, name)), { recursive: true })
    writeFileSync(join(folder, name), text)
  }
  site = await openSite()
  page = await boot(site)
})
after(async () => {
  rmSync(dirname(folder), { recursive: true, force: true })
  await site?.close()
})
beforeEach(async () => {
  // the tab forgets what it had open, so that each test begins with the start screen
  await startOver(page)
  await drop(page, '[data-testid="socket"]', [folder])
  await page.getByTestId('run').waitFor()
})

const read = (path: string): Promise<string> =>
  page.evaluate((name) => window.wasmrun.fs.readFile(name, 'utf8'), `${ROOT}/${path}`)
const write = (path: string, text: string): Promise<void> =>
  page.evaluate(([name, data]) => window.wasmrun.fs.writeFile(name, data), [`${ROOT}/${path}`, text] as const)
const row = (name: string) => page.getByRole('treeitem', { name, exact: true })
const open = async (name: string): Promise<void> => {
  await row(name).click()
  await page.getByRole('textbox', { name: `Text of ${name}` }).waitFor()
}
const editor = () => page.getByTestId('editor')
/** What the editor shows, line by line. */
const shown = (): Promise<string> => editor().innerText()
const isEdited = () => page.getByRole('img', { name: 'not saved' })
const until = async (test: () => Promise<boolean>, what: string): Promise<void> => {
  const end = Date.now() + 10_000
  while (!(await test())) {
    if (Date.now() > end) throw new Error(`${what} did not come`)
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
}

test('what is typed is saved by Ctrl-S and runs', async () => {
  await open('main.js')
  await editor().click()
  await page.keyboard.press('Control+End')
  await page.keyboard.type("print('typed', 6 * 7)")
  await isEdited().waitFor()
  await page.keyboard.press('Control+s')
  await isEdited().waitFor({ state: 'detached' })
  assert.equal(await read('main.js'), "print('one')\nprint('typed', 6 * 7)")
  await page.keyboard.press('F5')
  await sees(page, /typed 42/, 'out', 60_000)
})

test('Run saves first; an idle file is saved by itself; undo goes back across both', async () => {
  await open('main.js')
  await editor().click()
  await page.keyboard.press('Control+End')
  await page.keyboard.type("print('run saves')")
  await page.getByTestId('run').click()
  await sees(page, /run saves/, 'out', 60_000)
  await sees(page, /ended with code 0/, 'sys')
  await editor().click()
  await page.keyboard.press('Control+End')
  await page.keyboard.press('Enter')
  await page.keyboard.type('// idle')
  await until(async () => (await read('main.js')).endsWith('// idle'), 'the idle save')
  for (let turn = 0; turn < 4; turn++) await page.keyboard.press('Control+z')
  assert.equal((await shown()).trimEnd(), "print('one')")
  await until(async () => (await read('main.js')) === FILES['main.js'], 'the save of the undone text')
})

test('a process changes the open file: it appears, and the caret stays at its words', async () => {
  await write('main.js', 'alpha\nbeta\ngamma\n')
  await open('main.js')
  await page.getByText('gamma', { exact: true }).click()
  await page.keyboard.press('End')
  await write('main.js', 'new first line\nalpha\nBETA\ngamma\nlast\n')
  await page.getByText('new first line').waitFor()
  await page.keyboard.type('!')
  assert.match(await shown(), /new first line\nalpha\nBETA\ngamma!\nlast/)
})

test('a program that writes the file shows its work in the editor', async () => {
  await write('data.txt', 'before\n')
  await write('main.js', "import * as std from 'std'\nstd.writeFile('data.txt', 'after\\n')\n")
  await open('data.txt')
  assert.match(await shown(), /before/)
  await page.getByTestId('run').click()
  await sees(page, /ended with code 0/, 'sys', 60_000)
  await page.getByTestId('editor').getByText('after').waitFor({ timeout: 60_000 })
})

test('both sides change a file: nothing is lost, the user compares and chooses', async () => {
  await open('main.js')
  await editor().click()
  await page.keyboard.press('Control+End')
  await page.keyboard.type('// mine')
  await write('main.js', '// theirs\n')
  await page.getByTestId('conflict').waitFor()
  await page.keyboard.press('Control+s')
  assert.equal(await read('main.js'), '// theirs\n', 'it is not written over unasked')
  await page.getByRole('button', { name: 'Compare' }).click()
  await page.getByTestId('compare').getByText('// mine').waitFor()
  await page.getByTestId('compare').getByText('// theirs').waitFor()
  await page.getByRole('button', { name: 'Decide later' }).click()
  await page.getByTestId('keep-mine').click()
  await until(async () => (await read('main.js')) === "print('one')\n// mine", 'mine')
  await editor().click()
  await page.keyboard.type('x')
  await write('main.js', 'second\n')
  await page.getByTestId('take-theirs').click()
  await page.getByTestId('editor').getByText('second').waitFor()
  assert.equal(await read('main.js'), 'second\n')
  assert.equal(await page.getByTestId('conflict').count(), 0)
})

test('the ends of lines and the mode of a file come back as they were', async () => {
  await page.evaluate(() =>
    window.wasmrun.fs.writeFile('/home/project/tool.sh', 'echo 1\r\n', { mode: 0o755 }),
  )
  await open('tool.sh')
  await editor().click()
  await page.keyboard.press('Control+Home')
  await page.keyboard.type('# top\n')
  await page.keyboard.press('Control+s')
  await until(async () => (await read('tool.sh')) === '# top\r\necho 1\r\n', 'CR LF')
  const mode = await page.evaluate(async () => (await window.wasmrun.fs.stat('/home/project/tool.sh')).mode)
  assert.equal(mode & 0o777, 0o755)
})

test('new, rename and delete in the tree, with the keys alone', async () => {
  await row('lib').focus()
  await page.keyboard.press('Shift+F10')
  await page.getByRole('menuitem', { name: 'New file…' }).waitFor()
  await page.keyboard.press('Enter')
  await page.getByTestId('name-field').waitFor()
  await page.keyboard.type('fresh.py')
  await page.keyboard.press('Enter')
  await row('fresh.py').waitFor()
  assert.equal(await read('lib/fresh.py'), '')
  await row('fresh.py').focus()
  await page.keyboard.press('F2')
  await page.getByTestId('name-field').waitFor()
  await page.keyboard.type('renamed')
  await page.keyboard.press('Enter')
  await row('renamed.py').waitFor()
  assert.equal(await page.getByRole('tab', { name: 'renamed.py' }).count(), 1, 'its tab goes along')
  await row('renamed.py').focus()
  await page.keyboard.press('Delete')
  await page.getByTestId('delete-yes').click()
  await row('renamed.py').waitFor({ state: 'detached' })
  await assert.rejects(read('lib/renamed.py'), /ENOENT/)
})

test('a name that is taken is refused, and nothing is written over', async () => {
  await page.getByRole('button', { name: 'New file' }).click()
  await page.getByTestId('name-field').fill('main.js')
  await page.keyboard.press('Enter')
  await page.getByText('main.js is there already.').waitFor()
  assert.equal(await read('main.js'), FILES['main.js'])
})

test('an upload writes over nothing: it is asked, and both are kept', async () => {
  const files = { name: 'notes.txt', mimeType: 'text/plain', buffer: Buffer.from('other') }
  await page.getByTestId('upload-input').setInputFiles(files)
  const card = page.getByTestId('fault-card')
  await card.getByText('notes.txt is there already').waitFor()
  assert.equal(await read('notes.txt'), 'first\r\nsecond\r\n')
  await card.getByRole('button', { name: 'Keep both' }).click()
  await row('notes 2.txt').waitFor()
  assert.equal(await read('notes 2.txt'), 'other')
  assert.equal(await read('notes.txt'), 'first\r\nsecond\r\n')
})

test('files are uploaded, and a folder is downloaded as a .zip', async () => {
  await page.getByTestId('upload-input').setInputFiles({
    name: 'up.txt',
    mimeType: 'text/plain',
    buffer: Buffer.from('from the disk'),
  })
  await row('up.txt').waitFor()
  assert.equal(await read('up.txt'), 'from the disk')
  await row('lib').click({ button: 'right' })
  const coming = page.waitForEvent('download')
  await page.getByRole('menuitem', { name: 'Download as .zip' }).click()
  const download = await coming
  assert.equal(download.suggestedFilename(), 'lib.zip')
  const chunks: Buffer[] = []
  for await (const chunk of await download.createReadStream()) chunks.push(chunk as Buffer)
  const bytes = Buffer.concat(chunks)
  assert.equal(bytes.subarray(0, 2).toString(), 'PK')
  assert.ok(bytes.includes('deep.js'))
})

test('find in files leads to the place, and leaves packages out', async () => {
  await page.keyboard.press('Control+Shift+F')
  await page.getByTestId('find-field').fill('needle')
  await page.getByText('2 places in 1 file').waitFor()
  await page.getByRole('button', { name: 'Match case' }).click()
  await page.getByText('1 place in 1 file').waitFor()
  await page.getByTestId('find-field').press('ArrowDown')
  await page.getByTestId('find-field').press('Enter')
  await page.getByRole('textbox', { name: 'Text of deep.js' }).waitFor()
  await until(() => page.evaluate(() => getSelection()?.toString() === 'needle'), 'the selection')
})

test('go to file and the palette are a few keys away', async () => {
  await page.keyboard.press('Control+p')
  await page.getByRole('combobox', { name: 'Go to file' }).fill('deep')
  await page.getByRole('option', { name: 'lib/deep.js' }).waitFor()
  await page.keyboard.press('Enter')
  await page.getByRole('textbox', { name: 'Text of deep.js' }).waitFor()
  await page.keyboard.press('Control+k')
  await page.getByRole('combobox', { name: 'All commands' }).fill('kernel')
  await page.keyboard.press('Enter')
  await page.getByRole('grid', { name: 'Processes' }).waitFor()
  assert.equal(await page.getByTestId('palette').count(), 0)
})

test('with live reload a save starts the program again, and the output before it stays', async () => {
  await write('main.js', "print('version 1'); setTimeout(() => {}, 600000)\n")
  await open('main.js')
  await page.getByTestId('watch').click()
  await page.getByTestId('run').click()
  await sees(page, /version 1/, 'out', 60_000)
  await editor().click()
  await page.keyboard.press('Control+a')
  await page.keyboard.type("print('version 2'); setTimeout(() => {{}}, 600000)")
  await page.keyboard.press('Control+s')
  await sees(page, /version 2/, 'out', 30_000)
  await sees(page, /version 1/, 'out')
  await page.getByTestId('stop').click()
  await page.getByTestId('watch').click()
})

test('what was opened and edited is there again after a reload', async () => {
  await open('main.js')
  await editor().click()
  await page.keyboard.press('Control+End')
  await page.keyboard.type('// kept')
  await page.keyboard.press('Control+s')
  await isEdited().waitFor({ state: 'detached' })
  await page.evaluate(() => window.wasmrun.projects.save())
  await page.reload()
  await ready(page)
  await page.getByTestId('run').waitFor()
  await open('main.js')
  assert.match(await shown(), /\/\/ kept/)
  await page.getByTestId('run').click()
  await sees(page, /^one$/, 'out', 60_000)
})
