/**
 * The user's work on an installed Firefox: kept across reloads, in one tab at a time, out as a .zip and in again, edited in the
 * page, run as its configuration says, and there when the server is not. Clicks are given in the page: it is the keys of the
 * editor that must come from the driver.
 */
import assert from 'node:assert/strict'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import puppeteer, { type Browser, type BrowserContext, type ElementHandle, type Page } from 'puppeteer-core'
import { serve } from '../tools/serve.mjs'
import { goodZip } from './archives.ts'
import { readProgram } from './fixtures/programs.ts'
import { LATE_FILES, makeLateProject, useLateProject } from './late-project.ts'
import { dumpProject } from './project-dump.ts'
import { openWorkshop } from './projects.ts'

const FIREFOX = process.env.FIREFOX_PATH ?? ''
const PATIENCE = { timeout: 30_000 }
/** Time for a runtime to be fetched and compiled, and for the site's files to be kept. */
const LONG_PATIENCE = { timeout: 60_000 }

if (FIREFOX === '' || !existsSync(FIREFOX))
  test('firefox: not run, because none is installed (FIREFOX_PATH names one)', () => {
    assert.equal(existsSync(FIREFOX), false)
  })
else projectTests()

interface Visit {
  page: Page
  context: BrowserContext
  url: string
  closeServer(): Promise<void>
}

const ready = async (page: Page): Promise<void> => {
  await page.waitForFunction(() => window.crossOriginIsolated && window.wasmrun !== undefined, PATIENCE)
  await page.evaluate(() => window.wasmrun.ready)
}

// The page may reload itself, which ends a navigation for the driver.
const go = async (page: Page, navigate: () => Promise<unknown>): Promise<void> => {
  await navigate().catch(() => {})
  await ready(page)
}

/** Waits until something that can be seen has the words. */
const shows = async (page: Page, selector: string, words: RegExp, patience = PATIENCE): Promise<void> => {
  const seen = (selector: string, source: string): boolean =>
    [...document.querySelectorAll<HTMLElement>(selector)].some((each) =>
      new RegExp(source).test(each.innerText),
    )
  await page.waitForFunction(seen, patience, selector, words.source).catch(async () => {
    const text = await page.evaluate(() => document.body.innerText)
    throw new Error(`no ${selector} says ${words}:\n${text}`)
  })
}

const click = async (page: Page, selector: string, words: RegExp): Promise<void> => {
  await shows(page, selector, words)
  await page.evaluate(
    (selector, source) => {
      const all = [...document.querySelectorAll<HTMLElement>(selector)]
      all.find((each) => new RegExp(source).test(each.innerText))?.click()
    },
    selector,
    words.source,
  )
}

const isKept = (page: Page): Promise<void> => shows(page, '[data-testid="saving"]', /^kept$/)
const CARD = '[data-testid="fault-card"]'
const LINE = '[data-testid="console-line"] .text'

const write = (page: Page, name: string, text: string): Promise<void> =>
  page.evaluate((name, text) => window.wasmrun.fs.writeFile(`/home/project/${name}`, text), name, text)
const read = (page: Page, name: string): Promise<string> =>
  page.evaluate((name) => window.wasmrun.fs.readFile(`/home/project/${name}`, 'utf8'), name)
const nameOf = (page: Page): Promise<string> =>
  page.evaluate(() => window.wasmrun.projects.current?.name ?? '')

const bringZip = async (page: Page, name: string, zip: Uint8Array): Promise<void> => {
  const workshop = openWorkshop()
  try {
    const path = join(workshop.write('zip', { [name]: zip }), name)
    const input = (await page.waitForSelector('#zip-input')) as ElementHandle<HTMLInputElement>
    await input.uploadFile(path)
    await page.waitForSelector('[data-testid="run"]', PATIENCE)
    await isKept(page)
  } finally {
    workshop.close()
  }
}

function projectTests(): void {
  let browser: Browser
  before(async () => {
    browser = await puppeteer.launch({ browser: 'firefox', executablePath: FIREFOX, headless: true })
  })
  after(() => browser?.close())

  const visit = async (use: (visit: Visit) => Promise<void>): Promise<void> => {
    const site = await serve({ root: process.env.SITE_ROOT ?? 'dist' })
    const url = `http://wasmrun.localhost:${site.port}/`
    const context = await browser.createBrowserContext()
    let isOpen = true
    const closeServer = async (): Promise<void> => {
      if (isOpen) await site.close()
      isOpen = false
    }
    try {
      const page = await context.newPage()
      await page.setViewport({ width: 1280, height: 800 })
      await go(page, () => page.goto(url))
      await use({ page, context, url, closeServer })
    } finally {
      await context.close()
      await closeServer()
    }
  }

  test('Firefox: a project made in the page is there again after a reload, equal to the byte', () =>
    visit(async ({ page }) => {
      const id = await page.evaluate(async () => {
        const { projects, fs } = window.wasmrun
        const { id } = await projects.create('First')
        await fs.mkdir('/home/project/src/deep', { recursive: true, mode: 0o750 })
        await fs.writeFile('/home/project/src/main.py', 'print("grüße")\n', { mode: 0o755 })
        for (let round = 0; round < 20; round++)
          await fs.writeFile('/home/project/big.bin', crypto.getRandomValues(new Uint8Array(60_000)), {
            append: round > 0,
          })
        await fs.writeFile('/home/project/empty', '')
        await fs.symlink('src/main.py', '/home/project/link')
        await projects.save()
        await fs.rename('/home/project/src/deep', '/home/project/moved')
        await projects.save()
        return id
      })
      const before = await page.evaluate(dumpProject)
      assert.equal(before.length, 6, before.join('\n'))
      await go(page, () => page.reload())
      const opened = await page.evaluate((id) => window.wasmrun.projects.open(id), id)
      assert.deepEqual(opened.losses, [])
      assert.equal(opened.project.name, 'First')
      assert.deepEqual(await page.evaluate(dumpProject), before)
      assert.deepEqual(await page.evaluate(() => window.wasmrun.check()), [])
    }))

  test('Firefox: a big project is open before its bytes have come, and whoever wants some of them has them', () =>
    visit(async ({ page }) => {
      const id = await page.evaluate(makeLateProject, LATE_FILES)
      await go(page, () => page.reload())
      const found = await page.evaluate(useLateProject, {
        id,
        probe: [...readProgram('probe')],
        count: LATE_FILES,
      })
      assert.equal(found.losses, 0)
      assert.ok(found.absent > 0, 'it was open before all had come')
      for (const [what, isRight] of Object.entries(found.right)) assert.ok(isRight, what)
      assert.equal(found.absentAfter, 0)
      assert.deepEqual(found.problems, [])
    }))

  test('Firefox: of two tabs one has the project; the other says so, takes it over, and is robbed in turn', () =>
    visit(async ({ page: first, context, url }) => {
      await bringZip(first, 'shared.zip', goodZip({ 'main.js': 'console.log("shared")\n' }))
      const name = await nameOf(first)
      const second = await context.newPage()
      await go(second, () => second.goto(url))
      await shows(second, '[data-testid="kept-project"]', /open in another tab/)
      await write(first, 'word.txt', 'from the first')
      await click(second, '[data-testid="kept-project"] .slot-open', new RegExp(name))
      await shows(second, CARD, /The project is open in another tab/)
      await click(second, `${CARD} button`, /^Take/)
      await second.waitForSelector('[data-testid="run"]', PATIENCE)
      assert.equal(await read(second, 'word.txt'), 'from the first')
      await shows(first, CARD, /Another tab has this project/)
      await shows(first, '[data-testid="saving"]', /another tab has this project/)
      await write(second, 'word.txt', 'from the second')
      await click(first, `${CARD} button`, /^Take back$/)
      await isKept(first)
      assert.equal(await nameOf(first), name)
      assert.equal(await read(first, 'word.txt'), 'from the second')
      await shows(second, CARD, /Another tab has this project/)
    }))

  test('Firefox: what "Save as .zip" gives brings the same files by the archive input', () =>
    visit(async ({ page }) => {
      const main = 'console.log("there and back")\n'
      await bringZip(page, 'round.zip', goodZip({ 'main.js': main, 'sub/ü.txt': 'grüße' }))
      await page.evaluate(async () => {
        await window.wasmrun.fs.writeFile(
          '/home/project/sub/random.bin',
          crypto.getRandomValues(new Uint8Array(50_000)),
        )
        // what the page hands to the browser's downloads
        window.HTMLAnchorElement.prototype.click = function () {
          Object.assign(window, { given: fetch(this.href).then((answer) => answer.blob()) })
        }
      })
      const plain = (lines: string[]): string[] =>
        lines
          .map((line) => line.replace(/^(\S+ \S+) \S+ \S+/, '$1'))
          .filter((line) => !/ directory /.test(line))
      const before = plain(await page.evaluate(dumpProject))
      assert.equal(before.length, 3, before.join('\n'))
      await click(page, '.project-name', /round/)
      await click(page, '[role="menuitem"]', /^Save as \.zip$/)
      await page.waitForFunction(() => 'given' in window, PATIENCE)
      const zip = await page.evaluate(async () => {
        const { given } = window as unknown as { given: Promise<Blob> }
        const bytes = new Uint8Array(await (await given).arrayBuffer())
        let text = ''
        for (const byte of bytes) text += String.fromCharCode(byte)
        return btoa(text)
      })
      await click(page, '.project-name', /round/)
      await click(page, '[role="menuitem"]', /^Close project$/)
      await page.waitForSelector('[data-testid="socket"]', PATIENCE)
      await bringZip(page, 'again.zip', Buffer.from(zip, 'base64'))
      assert.deepEqual(plain(await page.evaluate(dumpProject)), before)
      await click(page, '[data-testid="run"]', /./)
      await shows(page, LINE, /^there and back/, LONG_PATIENCE)
    }))

  test('Firefox: what is typed in the editor is saved, runs, and is there after a reload', () =>
    visit(async ({ page }) => {
      await bringZip(page, 'typed.zip', goodZip({ 'main.js': "print('one')\n" }))
      await click(page, '[role="treeitem"]', /main\.js/)
      const text = await page.waitForSelector('[role="textbox"][aria-label="Text of main.js"]', PATIENCE)
      await text?.click()
      await page.keyboard.down('Control')
      await page.keyboard.press('End')
      await page.keyboard.up('Control')
      await page.keyboard.type("print('typed', 6 * 7)")
      await page.keyboard.down('Control')
      await page.keyboard.press('s')
      await page.keyboard.up('Control')
      const saved = "print('one')\nprint('typed', 6 * 7)"
      await page.waitForFunction(
        async (saved) => (await window.wasmrun.fs.readFile('/home/project/main.js', 'utf8')) === saved,
        PATIENCE,
        saved,
      )
      await page.keyboard.press('F5')
      await shows(page, LINE, /^typed 42/, LONG_PATIENCE)
      await page.evaluate(() => window.wasmrun.projects.save())
      await go(page, () => page.reload())
      await page.waitForSelector('[data-testid="run"]', PATIENCE)
      assert.equal(await nameOf(page), 'typed')
      assert.equal(await read(page, 'main.js'), saved)
    }))

  test('Firefox: .wasmrun.toml says what runs, with which arguments and variables; a bad line is told', () =>
    visit(async ({ page }) => {
      const zip = goodZip({
        'main.js': 'print("main")\n',
        'tools/seed.js':
          'import * as std from "std"\nprint("seed", scriptArgs.slice(1).join("+"), std.getenv("MODE"))\n',
        '.wasmrun.toml':
          '[os_mode]\nentry = "tools/seed.js"\nargs = ["a b", "c"]\nenv = { MODE = "dry" }\nentri = "x"\n',
      })
      await bringZip(page, 'configured.zip', zip)
      await shows(
        page,
        LINE,
        /\.wasmrun\.toml, line 5: there is no entri in \[os_mode\]; did you mean entry\?/,
      )
      await click(page, '[data-testid="run"]', /./)
      await shows(page, LINE, /^seed a b\+c dry/, LONG_PATIENCE)
    }))

  test('Firefox: the server is gone: the page starts, opens the kept project and runs it on a runtime that was used', () =>
    visit(async ({ page, closeServer }) => {
      await bringZip(page, 'alone.zip', goodZip({ 'main.py': 'import json\nprint(json.dumps([6 * 7]))\n' }))
      await click(page, '[data-testid="run"]', /./)
      await shows(page, LINE, /^\[42\]/, LONG_PATIENCE)
      await page.waitForFunction(() => window.wasmrun.updates.state().offline, LONG_PATIENCE)
      await page.evaluate(() => window.wasmrun.projects.save())
      await closeServer()
      await go(page, () => page.reload())
      assert.equal(await page.evaluate(() => crossOriginIsolated), true)
      await page.waitForSelector('[data-testid="run"]', PATIENCE)
      assert.equal(await nameOf(page), 'alone')
      await click(page, '[data-testid="run"]', /./)
      await shows(page, LINE, /^\[42\]/, LONG_PATIENCE)
    }))

  test('Firefox: without a picker the page says that it works on a copy, and offers the .zip instead', () =>
    visit(async ({ page }) => {
      assert.equal(await page.evaluate(() => 'showDirectoryPicker' in window), false)
      const words = /This browser cannot write to your folders\. .* save it as a \.zip\./
      await shows(page, '[data-testid="socket"]', words)
      const asked = await page.evaluate(() => {
        let asked = ''
        document.addEventListener('click', ({ target }) => {
          if (target instanceof HTMLInputElement) asked = target.id
        })
        const buttons = [...document.querySelectorAll<HTMLElement>('[data-testid="socket"] button')]
        buttons.find(({ innerText }) => innerText.includes('Open folder'))?.click()
        return new Promise<string>((resolve) => setTimeout(() => resolve(asked)))
      })
      assert.equal(asked, 'folder-input', 'the folder input stands in for the picker')
      await bringZip(page, 'copy.zip', goodZip({ 'main.js': 'print(1)\n' }))
      await click(page, '#disk-door', /./)
      await shows(page, '[role="dialog"]', words)
    }))
}
