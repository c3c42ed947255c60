/**
 * Four languages, as a user runs them: a real directory from the disk is dropped on the page, Run is clicked, the console is
 * read. The Rust and Go programs are built on the spot where their tools are there.
 */
import assert from 'node:assert/strict'
import { readdirSync, readFileSync, statSync } from 'node:fs'
import { join, relative } from 'node:path'
import { after, before, beforeEach, test } from 'node:test'
import type { Page } from 'playwright-core'
import { boot, drop, mount, openSite, type Site, startOver, type Tree } from './browser.ts'
import { answer, consoleLines, sees } from './console.ts'
import { openWorkshop, type Project, type Workshop } from './projects.ts'

let site: Site
let page: Page
let workshop: Workshop
let rust: Project
let go: Project

before(async () => {
  site = await openSite()
  page = await boot(site)
  workshop = openWorkshop()
  rust = workshop.rust()
  go = workshop.go()
})
after(async () => {
  workshop?.close()
  await site?.close()
})
/** Each test begins with the start screen; what is kept (runtimes, isolation) stays. */
beforeEach(async () => {
  await startOver(page)
})

const bring = async (path: string): Promise<void> => {
  await drop(page, '[data-testid="socket"]', [path])
  await page.getByTestId('run').waitFor()
}
const click = (name: 'run' | 'stop' | 'restart'): Promise<void> => page.getByTestId(name).click()

test('a Python project asks in the console, imports its modules, reads its files and ends with 0', async () => {
  const { path, prints } = workshop.python()
  await bring(path)
  await click('run')
  await sees(page, /Who buys\?/, undefined, 60_000)
  await answer(page, 'Ada')
  assert.match(await sees(page, prints, 'out'), /Ada pays 23/)
  await sees(page, /ended with code 0/, 'sys')
})

test('an uncaught exception in Python shows its traceback on standard error and ends with 1', async () => {
  const path = workshop.write('broken', {
    'main.py':
      'def inner():\n    raise ValueError("no such thing")\n\nprint("before", flush=True)\ninner()\n',
  })
  await bring(path)
  await click('run')
  await sees(page, /before/, 'out', 60_000)
  await sees(page, /Traceback \(most recent call last\)/, 'err')
  await sees(page, /main\.py", line 2, in inner/, 'err')
  await sees(page, /ValueError: no such thing/, 'err')
  await sees(page, /ended with code 1/, 'sys')
})

test('a JavaScript project imports its modules and reads its files', async () => {
  const { path, prints } = workshop.javascript()
  await bring(path)
  await click('run')
  await sees(page, prints, 'out', 60_000)
  await sees(page, /reads grüße/, 'out')
  await sees(page, /ended with code 0/, 'sys')
})

test('a Cargo project runs its wasm32-wasip1 build, though target/ is ignored, and reads what is typed', async (context) => {
  if (rust.note) context.diagnostic(rust.note)
  await bring(rust.path)
  await click('run')
  await sees(page, rust.prints, 'out')
  // It reads standard input: what is typed into the console.
  await answer(page, rust.isFresh ? 'Ada' : 'quit')
  if (rust.isFresh) await sees(page, /rust greets Ada/, 'out')
  await sees(page, rust.isFresh ? /ended with code 3/ : /ended with code 0/, 'sys')
})

test('a Go module runs its wasip1 build, goroutines and files included', async (context) => {
  if (go.note) context.diagnostic(go.note)
  await bring(go.path)
  await click('run')
  await sees(page, go.prints, 'out')
  await sees(page, /ended with code 0/, 'sys')
})

test('a Go project that is not built says how to build it', async () => {
  const path = workshop.write('unbuilt', {
    'main.go': 'package main\nfunc main() {}\n',
    'go.mod': 'module x\n',
  })
  await drop(page, '[data-testid="socket"]', [path])
  await page.getByTestId('run').waitFor()
  await page
    .getByText(/GOOS=wasip1/)
    .first()
    .waitFor()
  assert.equal(await page.getByTestId('run').getAttribute('aria-disabled'), 'true')
})

test('an endless loop in Python is stopped by a click, and the page draws on meanwhile', async () => {
  const path = workshop.write('loop', { 'main.py': 'print("looping", flush=True)\nwhile True:\n    pass\n' })
  await bring(path)
  await click('run')
  await sees(page, /looping/, 'out', 60_000)
  const frames = page.evaluate(async () => {
    let count = 0
    const end = performance.now() + 1000
    while (performance.now() < end) {
      await new Promise(requestAnimationFrame)
      count++
    }
    return count
  })
  assert.ok((await frames) > 15, `${await frames} frames in a second`)
  await click('stop')
  await sees(page, /was ended by SIG(TERM|KILL)/, 'sys')
  await page.getByTestId('run').waitFor()
})

test('Restart ends the program and starts it again', async () => {
  const path = workshop.write('counter-js', { 'main.js': 'print("up"); setTimeout(() => {}, 600000)\n' })
  await bring(path)
  await click('run')
  await sees(page, /^up$/, 'out', 60_000)
  await click('restart')
  await sees(page, /was ended by SIGTERM/, 'sys')
  await page.waitForFunction(
    () =>
      [...document.querySelectorAll('[data-testid="console-line"] .text')].filter(
        (row) => row.textContent === 'up',
      ).length === 2,
  )
  await click('stop')
  await page.getByTestId('run').waitFor()
})

const treeOf = (folder: string): Tree => {
  const tree: Tree = {}
  for (const name of readdirSync(folder, { recursive: true }) as string[]) {
    const path = join(folder, name)
    const isWanted = !name.includes('target') || /^target\/wasm32-wasip1\/release\/[^/]+\.wasm$/.test(name)
    if (isWanted && statSync(path).isFile()) tree[relative(folder, path)] = readFileSync(path)
  }
  return tree
}

test('all four at once, each sees its own folder only; started, stopped and started again', async () => {
  const python = workshop.python()
  const javascript = workshop.javascript()
  const projects = { python: python.path, javascript: javascript.path, rust: rust.path, go: go.path }
  for (const [name, path] of Object.entries(projects)) await mount(page, treeOf(path), `/home/${name}`)
  const wasm = Object.keys(treeOf(rust.path)).find((name) => name.endsWith('.wasm')) ?? ''
  const prints = [python, javascript, rust, go].map((project) => project.prints.source)
  /** The examples take no such word: Rust's waits for input, Go's ends by itself. */
  const stay = { rust: rust.isFresh ? ['stay'] : [], go: go.isFresh ? ['stay'] : [] }
  const round = (): Promise<{ outputs: string[]; signals: (string | null)[] }> =>
    page.evaluate(
      async ({ wasm, stay, prints }) => {
        const see = (path: string) => ({
          cwd: path,
          preopens: [
            { path, as: '/' },
            { path: '/usr', readonly: true },
          ],
        })
        const children = await Promise.all([
          window.wasmrun.spawn('python3', ['main.py', 'stay'], {
            ...see('/home/python'),
            stdin: 'Bob\n',
            env: { PYTHONUNBUFFERED: '1' },
          }),
          window.wasmrun.spawn('qjs', ['main.js', 'stay'], see('/home/javascript')),
          window.wasmrun.spawn(`/home/rust/${wasm}`, stay.rust, see('/home/rust')),
          window.wasmrun.spawn('/home/go/main.wasm', stay.go, see('/home/go')),
        ])
        const outputs = ['', '', '', '']
        const pumps = children.map(async (child, index) => {
          const decoder = new TextDecoder()
          const reader = child.output.getReader()
          for (let part = await reader.read(); !part.done; part = await reader.read())
            outputs[index] += decoder.decode(part.value.bytes)
        })
        const end = Date.now() + 40_000
        const isUp = (): boolean => outputs.every((text, index) => new RegExp(prints[index] ?? '').test(text))
        while (!isUp() && Date.now() < end) await new Promise((done) => setTimeout(done, 100))
        await Promise.all(children.map((child) => child.kill().catch(() => undefined)))
        const ends = await Promise.all(children.map(({ exit }) => exit))
        await Promise.all(pumps)
        return { outputs, signals: ends.map(({ signal }) => signal) }
      },
      { wasm, stay, prints },
    )
  for (let turn = 0; turn < 2; turn++) {
    const { outputs, signals } = await round()
    assert.match(outputs[0] ?? '', python.prints)
    assert.match(outputs[1] ?? '', javascript.prints)
    assert.match(outputs[2] ?? '', rust.prints)
    assert.match(outputs[3] ?? '', go.prints)
    assert.deepEqual(signals, ['SIGTERM', 'SIGTERM', 'SIGTERM', go.isFresh ? 'SIGTERM' : null])
  }
})

test('a program whose view is one folder finds nothing of another', async () => {
  await mount(page, { 'secret.txt': 'secret' }, '/home/other')
  await mount(
    page,
    { 'look.py': 'import os\nprint(os.path.exists("/home/other/secret.txt"), os.listdir("."))\n' },
    '/home/own',
  )
  const output = await page.evaluate(async () => {
    const preopens = [
      { path: '/home/own', as: '/' },
      { path: '/usr', readonly: true },
    ]
    const child = await window.wasmrun.spawn('python3', ['look.py'], { cwd: '/home/own', preopens })
    return new Response(child.stdout).text()
  })
  assert.match(output, /^False \[/)
  assert.match(output, /look\.py/)
})

/** More lines than are kept, in blocks with a rest between, so that there is a while in which they arrive. */
const FLOOD = `import sys, time
for block in range(120):
    sys.stdout.write("".join(f"line {block * 1000 + n}: the quick brown fox jumps over the lazy dog, and the dog lets it\\n" for n in range(1000)))
    sys.stdout.flush()
    time.sleep(0.05)
print("the end")
`
const FLOOD_LINES = 120_000
const KEPT_LINES = 100_000
/** Rows in the document: what is seen, and some above and below. */
const ROWS_MAX = 300

const lineNumber = (text: string | undefined): number => Number(/^line (\d+):/.exec(text ?? '')?.[1] ?? -1)

/** Numbers of the lines that are seen. */
const seenNumbers = (): Promise<number[]> =>
  page.getByTestId('console-lines').evaluate((scroller) => {
    const { top, bottom } = scroller.getBoundingClientRect()
    return [...scroller.querySelectorAll('[data-testid="console-line"]')]
      .filter((row) => row.getBoundingClientRect().top >= top && row.getBoundingClientRect().bottom <= bottom)
      .map((row) => Number(/line (\d+):/.exec(row.textContent ?? '')?.[1] ?? -1))
  })

test('while a hundred thousand lines arrive, clicks and keys are answered, and what is read stays where it is', async () => {
  await bring(workshop.write('flood', { 'main.py': FLOOD }))
  await click('run')
  await sees(page, /^line \d+/, 'out', 60_000)
  const isRunning = (): Promise<boolean> => page.getByTestId('stop').isVisible()
  const errors = page.getByRole('button', { name: 'err', exact: true })
  for (const pressed of ['false', 'true']) {
    await errors.click()
    assert.equal(await errors.getAttribute('aria-pressed'), pressed)
  }
  const input = page.getByTestId('console-input')
  await input.pressSequentially('typed meanwhile')
  assert.equal(await input.inputValue(), 'typed meanwhile')
  await page.getByTestId('console-lines').hover()
  await page.mouse.wheel(0, -3000)
  const news = page.getByRole('button', { name: 'New lines' })
  await news.waitFor()
  const before = await seenNumbers()
  await new Promise((resolve) => setTimeout(resolve, 500))
  assert.deepEqual(await seenNumbers(), before, 'the lines that are read did not move')
  assert.ok((await consoleLines(page)).length < ROWS_MAX, 'only what is seen is in the document')
  assert.ok(await isRunning(), 'the lines were still arriving')
  await news.click()
  assert.ok(Math.max(...(await seenNumbers())) > Math.max(...before), 'back at the end')
  await click('stop')
  await page.getByTestId('run').waitFor()
})

test('of more than a hundred thousand lines the last ones are kept, to the line, and can be scrolled through', async () => {
  await bring(workshop.write('flood', { 'main.py': FLOOD }))
  await click('run')
  await sees(page, /the end/, 'out', 90_000)
  await sees(page, /ended with code 0/, 'sys')
  const lines = await consoleLines(page)
  const after = lines.slice(lines.findIndex(({ text }) => text === 'the end') + 1).length
  const scroller = page.getByTestId('console-lines')
  for (const share of [0.75, 0.5, 0.25]) {
    await scroller.evaluate((element, to) => element.scrollTo(0, element.scrollHeight * to), share)
    await page.waitForFunction(
      (rows) => document.querySelectorAll('[data-testid="console-line"]').length < rows,
      ROWS_MAX,
    )
    const numbers = await seenNumbers()
    const first = numbers[0] ?? -1
    assert.deepEqual(
      numbers,
      Array.from(numbers, (_, at) => first + at),
      'one line after the other',
    )
  }
  await scroller.evaluate((element) => element.scrollTo(0, 0))
  const firstKept = FLOOD_LINES + 1 + after - KEPT_LINES
  await sees(page, new RegExp(`^line ${firstKept}:`), 'out')
  assert.equal(lineNumber((await consoleLines(page))[0]?.text), firstKept, 'the first that is kept')
  await page.getByText(/older lines were let go: the console keeps the last 100,000/).waitFor()
  await scroller.press('End')
  await sees(page, /the end/, 'out')
})
