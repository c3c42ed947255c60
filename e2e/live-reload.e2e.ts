/**
 * Live reload from a user's point of view: changes by the user, by the disk and by another program start the program again; what
 * it writes itself does not. A folder of the origin's private filesystem stands in for one of the disk.
 */
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import type { Browser, Page } from 'playwright-core'
import { boot, drop, launch, openSite, run } from './browser.ts'
import { consoleLines, sees } from './console.ts'
import { openWorkshop, type Workshop } from './projects.ts'

/** Counts its starts in a file, then goes on to write for a second, says so, and waits. */
const PROGRAM = (version: string): string => `import * as std from 'std'
const write = std.writeFile
const start = Number(std.loadFile('starts.txt') ?? 0) + 1
write('starts.txt', String(start))
print('${version} start ' + start)
let round = 0
const tick = () => {
  write('log.txt', String(round))
  if (++round < 12) setTimeout(tick, 100)
  else print('wrote for a while in start ' + start)
}
tick()
setTimeout(() => {}, 600000)
`

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

const withProgram = async (
  name: string,
  files: Record<string, string>,
  search: string,
  use: (page: Page) => Promise<void>,
): Promise<void> => {
  const site = await openSite({ browser })
  try {
    const page = await boot(site, search)
    await drop(page, 'body', [workshop.write(name, { 'main.js': PROGRAM('one'), ...files })])
    await sees(page, new RegExp(`Opened ${name}`))
    await page.getByTestId('run').click()
    await sees(page, /^one start 1$/, 'out', 20_000)
    await use(page)
  } finally {
    await site.close()
  }
}

const starts = async (page: Page): Promise<string[]> =>
  (await consoleLines(page))
    .map(({ text }) => text)
    .filter((text) => / start \d+$/.test(text) && !/while/.test(text))

test('watch = true: another program’s change starts it again, its own never do, the output stays', () =>
  withProgram(
    'watchful',
    { '.wasmrun.toml': '[os_mode]\nwatch = true\n', 'data.txt': 'x' },
    '',
    async (page) => {
      await sees(page, /wrote for a while in start 1/)
      assert.deepEqual(await starts(page), ['one start 1'])
      const other = `import * as std from 'std'; std.writeFile('data.txt', 'other')`
      const { code } = await run(page, 'qjs', ['-e', other], { cwd: '/home/project' })
      assert.equal(code, 0)
      await sees(page, /wrote for a while in start 2/, 'out', 20_000)
      assert.deepEqual(await starts(page), ['one start 1', 'one start 2'])
    },
  ))

test('?watch: what comes from the disk, many files at once, starts it again once', () =>
  withProgram('from-disk', {}, '?watch', async (page) => {
    await sees(page, /wrote for a while in start 1/)
    await page.evaluate(async () => {
      const folder = await (await navigator.storage.getDirectory()).getDirectoryHandle('real', {
        create: true,
      })
      await window.wasmrun.disk.connect(folder)
      await window.wasmrun.disk.scan()
    })
    await page.waitForFunction(() => window.wasmrun.disk.status.state === 'in-step')
    assert.deepEqual(await starts(page), ['one start 1'], 'to write through to the disk changes nothing here')
    await page.evaluate(async (text) => {
      const folder = await (await navigator.storage.getDirectory()).getDirectoryHandle('real')
      for (const name of ['main.js', ...Array.from({ length: 40 }, (_, index) => `part-${index}.js`)]) {
        const writer = await (await folder.getFileHandle(name, { create: true })).createWritable()
        await writer.write(text)
        await writer.close()
      }
      await window.wasmrun.disk.scan()
    }, PROGRAM('two'))
    await sees(page, /^two start \d+$/, 'out', 20_000)
    await sees(page, /wrote for a while in start 2|wrote for a while in start 3/, 'out', 20_000)
    const seen = await starts(page)
    assert.equal(seen[0], 'one start 1')
    // a disk that is slower than the debounce may cost one more, forty files never forty
    assert.ok(seen.length <= 4, seen.join(', '))
  }))

test('without watch nothing starts again', () =>
  withProgram('calm', {}, '', async (page) => {
    await page.evaluate(() => window.wasmrun.fs.writeFile('/home/project/main.js', 'print("never")\n'))
    await sees(page, /wrote for a while in start 1/)
    assert.deepEqual(await starts(page), ['one start 1'])
    assert.equal(await page.getByTestId('watch').getAttribute('aria-pressed'), 'false')
  }))
