/** A folder with a configuration is dropped on the page: what it says is run, what is wrong in it is told. */
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import type { Browser, Page } from 'playwright-core'
import { boot, drop, launch, openSite } from './browser.ts'
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

const SEED = 'import os, sys\nprint("seed", sys.argv[1:], os.environ["MODE"], open("words.txt").read())\n'
const FILES = {
  'main.py': 'print("main")\n',
  'tools/seed.py': SEED,
  'words.txt': 'here',
  'other.js': 'console.log("other")\n',
}

const withProject = async (
  name: string,
  files: Record<string, string>,
  search: string,
  use: (page: Page) => Promise<void>,
) => {
  const site = await openSite({ browser })
  try {
    const page = await boot(site, search)
    await drop(page, 'body', [workshop.write(name, files)])
    await sees(page, new RegExp(`Opened ${name}`))
    await use(page)
  } finally {
    await site.close()
  }
}

const runIt = (page: Page): Promise<void> => page.keyboard.press('F5')

test('.wasmrun.toml says what runs, with which arguments and variables', () => {
  const toml = '[os_mode]\nentry = "tools/seed.py"\nargs = ["a b", "c"]\nenv = { MODE = "dry" }\n'
  return withProject('configured', { ...FILES, '.wasmrun.toml': toml }, '', async (page) => {
    await runIt(page)
    assert.match(await sees(page, /^seed/), /^seed \['a b', 'c'\] dry here/)
  })
})

test('the address of the page counts before the file', () => {
  const toml = '[os_mode]\nlanguage = "javascript"\n'
  return withProject(
    'addressed',
    { ...FILES, '.wasmrun.toml': toml },
    '?language=python&entry=main.py',
    async (page) => {
      await runIt(page)
      await sees(page, /^main$/)
    },
  )
})

test('a bad value and an unknown name are told with their lines, and the project still runs', () => {
  const toml = '[os_mode]\nlanguage = "pyhton"\nentri = "x.py"\n\n[os_mode.logs]\nmax_lines = 1\n'
  return withProject('mistyped', { ...FILES, '.wasmrun.toml': toml }, '', async (page) => {
    await sees(page, /\.wasmrun\.toml, line 2: language is "pyhton"; did you mean "python"\?/)
    await sees(page, /\.wasmrun\.toml, line 3: there is no entri in \[os_mode\]; did you mean entry\?/)
    await sees(page, /\.wasmrun\.toml, line 6: max_lines is 1; it is a whole number from 100/)
    await runIt(page)
    await sees(page, /^main$/)
  })
})

const LOOP = 'print("begins")\nwhile True: pass\n'

test('a limit of the project stops its program, and the page says which line of the file to change', () => {
  const toml = '[os_mode]\nentry = "main.py"\n[limits]\ncpu_seconds = 2\n'
  return withProject('limited', { ...FILES, 'main.py': LOOP, '.wasmrun.toml': toml }, '', async (page) => {
    await runIt(page)
    await sees(page, /^begins$/)
    await page
      .getByText(/passed 2 s of CPU time.*Raise cpu_seconds in \[limits\] of \.wasmrun\.toml/)
      .first()
      .waitFor()
  })
})

test('a project cannot widen what the user allows, and its own limits go with it', async () => {
  const toml =
    '[os_mode]\nentry = "main.py"\n[limits]\ncpu_seconds = 3000000\ndisk_bytes = "64 MiB"\nopen_files = 16\n'
  await withProject('wider', { ...FILES, 'main.py': LOOP, '.wasmrun.toml': toml }, '', async (page) => {
    const max = (): Promise<number> => page.evaluate(async () => (await window.wasmrun.machine()).max)
    assert.equal(await max(), 64 * 2 ** 20, 'disk_bytes counts for the machine')
    await page.getByRole('button', { name: 'Settings', exact: true }).click()
    await page.getByLabel('CPU time', { exact: true }).fill('2 s')
    await page.keyboard.press('Enter')
    await page.getByLabel('CPU time', { exact: true }).blur()
    await page.keyboard.press('Escape')
    await runIt(page)
    await sees(page, /^begins$/)
    await page
      .getByText(/passed 2 s of CPU time.*Raise the limit "CPU time" in Settings/)
      .first()
      .waitFor()
    await page.getByRole('button', { name: 'Project wider' }).click()
    await page.getByRole('menuitem', { name: 'Close project' }).click()
    await page
      .getByRole('button', { name: /Open folder/ })
      .first()
      .waitFor()
    assert.ok((await max()) > 2 ** 30, 'the next project has the usual room')
  })
})

test('a Python that nobody has any more gets the nearest, and the page says so', () =>
  withProject(
    'ancient',
    { 'main.py': 'import sys\nprint("on", sys.version_info[:2])\n', '.python-version': '2.7\n' },
    '',
    async (page) => {
      await sees(page, /\.python-version asks for Python 2\.7; 3\.12\.0 is the nearest that is to be had/)
      await runIt(page)
      await sees(page, /^on \(3, 12\)$/)
    },
  ))
