/**
 * A tab with a project of 5,000 files, loaded again: until Run stands and a program has read the last of the files. Beside it the same
 * page with nothing open on which the folder is dropped afresh. All scripts and the runtime are on the device in both.
 *
 * By the page's clock, which starts with the navigation.
 */
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Page } from 'playwright-core'
import { boot, drop, openSite, ready, type Site, startOver } from '../e2e/browser.ts'
import { sourceTree } from './page/tree.ts'
import { median, medianRatio, type Row, show } from './report.ts'

/** As many as are taken without a question; one of them is the program. */
const FILES = 5000
const SOURCES = FILES - 1
const MEAN_BYTES = 3600
const LAST = `folder-${Math.floor(SOURCES / 100)}/module_${SOURCES - 1}.py`
/** Milliseconds for an import or a save on a machine with other work. */
const PATIENCE_MS = 120_000

interface Sample {
  /** From the navigation to the program's answer, milliseconds. */
  reload: number
  /** From the navigation to a machine that is ready, and from the drop to the program's answer. */
  load: number
  fresh: number
}

export const reloadRows = async (rounds: number, note: (text: string) => void): Promise<Row[]> => {
  const folder = await mkdtemp(join(tmpdir(), 'reload-'))
  const site = await openSite()
  const samples: Sample[] = []
  try {
    await lay(join(folder, 'desk'))
    await boot(site)
    await answer(site.page, ['-e', 'print(true)'])
    while (samples.length < rounds) {
      note(`a project of ${FILES} files, dropped and loaded again`)
      samples.push(await round(site, join(folder, 'desk')))
    }
  } finally {
    await site.close()
    await rm(folder, { recursive: true })
  }
  return rowsOf(samples)
}

const rowsOf = (samples: Sample[]): Row[] => {
  const reload = samples.map((sample) => sample.reload)
  const fresh = samples.map((sample) => sample.fresh)
  const whole = samples.map((sample) => sample.load + sample.fresh)
  return [
    {
      what: `${FILES} files, loaded again to a program's answer, over a new page and a fresh import`,
      detail: `${show(median(reload))} ms to ${show(median(whole))} ms`,
      value: medianRatio(whole, reload),
      unit: '×',
    },
    {
      what: 'the same, over the import alone into a page that stands',
      detail: `${show(median(reload))} ms, the load of the page among it, to ${show(median(fresh))} ms`,
      value: medianRatio(fresh, reload),
      unit: '×',
    },
  ]
}

const lay = async (path: string): Promise<void> => {
  const { tree } = sourceTree(SOURCES, MEAN_BYTES)
  for (const [name, files] of Object.entries(tree)) {
    await mkdir(join(path, name), { recursive: true })
    for (const [file, bytes] of Object.entries(files))
      if (bytes instanceof Uint8Array) await writeFile(join(path, name, file), bytes)
  }
  await writeFile(
    join(path, 'main.js'),
    `import * as std from 'std'\nprint(std.loadFile('${LAST}').length > 0)\n`,
  )
}

const round = async ({ page }: Site, path: string): Promise<Sample> => {
  await startOver(page)
  await page.getByTestId('socket').waitFor()
  const load = await page.evaluate(() => performance.now())
  const dropped = page.evaluate(
    () =>
      new Promise<number>((resolve) =>
        addEventListener('drop', () => resolve(performance.now()), { capture: true, once: true }),
      ),
  )
  await drop(page, '[data-testid="socket"]', [path])
  const fresh = (await usable(page)) - (await dropped)
  await page
    .getByTestId('saving')
    .filter({ hasText: /^kept$/ })
    .waitFor({ timeout: PATIENCE_MS })
  await page.reload()
  const reload = await usable(page)
  await ready(page)
  await page.evaluate(async () => {
    const { projects } = window.wasmrun
    const id = projects.current?.id
    await projects.close()
    if (id) await projects.delete(id)
  })
  return { reload, load, fresh }
}

/** The page's time when Run stands and a program has read the project's last file. */
const usable = async (page: Page): Promise<number> => {
  await page.locator('[data-testid="run"].go').waitFor({ timeout: PATIENCE_MS })
  await answer(page, ['main.js'])
  return page.evaluate(() => performance.now())
}

const answer = async (page: Page, args: string[]): Promise<void> => {
  const said = await page.evaluate(async (args) => {
    await window.wasmrun.ready
    const child = await window.wasmrun.spawn('qjs', args, { cwd: '/home/project' })
    const text = (stream: ReadableStream<Uint8Array>): Promise<string> => new Response(stream).text()
    const [out, error] = await Promise.all([text(child.stdout), text(child.stderr), child.exit])
    return out + error
  }, args)
  if (said.trim() !== 'true') throw new Error(`the program said: ${said}`)
}
