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

const edit = (page: Page, path: string, text: string): Promise<void> =>
  page.evaluate(([name, data]) => window.wasmrun.fs.writeFile(`/home/project/${name}`, data), [
    path,
    text,
  ] as const)
/** The chip names the runtime and the file that runs. */
const chip = (page: Page) => page.getByRole('button', { name: /^Runtime / })
const runsNow = (page: Page, entry: string): Promise<void> => chip(page).filter({ hasText: entry }).waitFor()
const isKept = (page: Page): Promise<unknown> =>
  page.waitForFunction(() => window.wasmrun.projects.current !== null)

test('a configuration that is edited in the page counts at once, and what is wrong in it is told with its line', () =>
  withProject('edited', FILES, '', async (page) => {
    await runsNow(page, 'main.py')
    await edit(page, '.wasmrun.toml', '[os_mode]\nlanguage = "javascript"\n')
    await runsNow(page, 'other.js')
    await page.getByRole('treeitem', { name: '.wasmrun.toml', exact: true }).click()
    await page.getByTestId('editor').click()
    await page.keyboard.press('Control+a')
    await page.keyboard.type('# mine\n[os_mode]\nentry = "tools/sed.py"\n')
    await page.keyboard.press('Control+s')
    await sees(page, /The entry tools\/sed\.py is not in the project/)
    await runsNow(page, 'main.py')
    await edit(page, '.wasmrun.toml', '[os_mode]\nport = "x"\n')
    await sees(page, /\.wasmrun\.toml, line 2: port is "x"/)
    await edit(page, 'package.json', '{ "scripts": { "start": "node other.js" } }')
    await edit(page, '.python-version', 'three\n')
    await sees(page, /\.python-version, line 1: "three" is no version of Python/)
  }))

test('what the user has chosen and typed stays when the configuration changes, and across a reload', () =>
  withProject(
    'own-ways',
    { ...FILES, 'main.py': 'import os\nprint("mode", os.environ.get("MODE"))\n' },
    '',
    async (page) => {
      await isKept(page)
      await chip(page).click()
      await page.getByLabel('Environment, one NAME=value a line').fill('# a note\nMODE=mine\nBAD LINE')
      await page.getByText('Line 3 is no NAME=value: BAD LINE').waitFor()
      await page.getByLabel('Environment, one NAME=value a line').fill('MODE=mine')
      await page.getByRole('button', { name: 'Use', exact: true }).click()
      await edit(page, '.wasmrun.toml', '[os_mode]\nenv = { MODE = "configured" }\nport = "x"\n')
      await sees(page, /\.wasmrun\.toml, line 3: port is "x"/)
      await runIt(page)
      await sees(page, /^mode mine$/)
      await page.evaluate(() => window.wasmrun.projects.save())
      await page.reload()
      await runsNow(page, 'main.py')
      await runIt(page)
      await sees(page, /^mode mine$/)
      await chip(page).click()
      await page.getByRole('button', { name: 'As found' }).click()
      await runIt(page)
      await sees(page, /^mode configured$/)
    },
  ))

test('a port is PORT for the program, and forwards say that they wait for a network', () => {
  const toml = '[os_mode]\nport = 8420\nforwards = ["80:8420"]\n'
  const files = { 'main.py': 'import os\nprint("port", os.environ["PORT"])\n', '.wasmrun.toml': toml }
  return withProject('ported', files, '', async (page) => {
    await sees(page, /PORT is 8420\./)
    await sees(page, /\.wasmrun\.toml, line 3: forwards is understood and kept/)
    await runIt(page)
    await sees(page, /^port 8420$/)
    await chip(page).click()
    assert.equal(await page.getByLabel('Environment, one NAME=value a line').inputValue(), 'PORT=8420')
  })
})

test('max_lines bounds the console, and without auto_scroll it stays where it is', () => {
  const toml = '[os_mode.logs]\nmax_lines = 120\nauto_scroll = false\n'
  const files = { 'main.js': "for (let i = 1; i <= 500; i++) print('line ' + i)\n", '.wasmrun.toml': toml }
  return withProject('long-winded', files, '', async (page) => {
    await runIt(page)
    await page.getByText('the console keeps the last 120,').waitFor({ timeout: 60_000 })
    await page.getByRole('button', { name: 'New lines' }).click()
    await sees(page, /^line 500$/)
    await page.getByTestId('console-lines').evaluate((list) => {
      list.scrollTop = 0
    })
    await sees(page, /^line 38\d$/)
  })
})

test('a Rust project says which version it asks for, although it comes built', () => {
  const files = {
    'Cargo.toml': '[package]\nname = "x"\n',
    'src/main.rs': 'fn main() {}\n',
    'rust-toolchain': '1.75\n',
  }
  return withProject('rusty', files, '', async (page) => {
    await sees(page, /rust-toolchain asks for Rust 1\.75: the version counts where it is built/)
  })
})
