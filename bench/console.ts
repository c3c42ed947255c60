/**
 * The page while a process prints without end: a folder is dropped, Run is clicked, the console is on the screen, and the
 * browser's own trace says how long the page's tasks were.
 */
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { boot, drop, openSite } from '../e2e/browser.ts'

const MEASURED_MS = 5000
/** Blocks of lines, so that the page and not the interpreter is what is slow. */
const FLOOD = `import sys
n = 0
while True:
    sys.stdout.write("".join(f"line {n + i}: the quick brown fox jumps over the lazy dog\\n" for i in range(200)))
    n += 200
`

export interface ConsoleCost {
  /** Milliseconds. */
  longestTask: number
  /** Tasks of 50 ms and more, which is what a browser calls long. */
  longTasks: number
  /** Lines that the console took in a second. */
  linesPerSecond: number
}

interface TraceEvent {
  name: string
  ph: string
  pid: number
  tid: number
  dur?: number
  args?: { name?: string; data?: { isMainFrame?: boolean } }
}

export const consoleCost = async (): Promise<ConsoleCost> => {
  const folder = await mkdtemp(join(tmpdir(), 'flood-'))
  await writeFile(join(folder, 'main.py'), FLOOD)
  const site = await openSite()
  try {
    const page = await boot(site)
    await page.evaluate(() => window.wasmrun.runtimes.ensure('python'))
    await drop(page, 'body', [folder])
    await page.getByRole('button', { name: /^Run/ }).first().click()
    await page
      .getByText(/line \d+: the quick/)
      .first()
      .waitFor({ timeout: 60_000 })
    const lastLine = async (): Promise<number> => {
      const texts = await page.getByText(/line \d+: the quick/).allTextContents()
      return Math.max(0, ...texts.map((text) => Number(/line (\d+):/.exec(text)?.[1] ?? 0)))
    }
    const [before, start] = [await lastLine(), Date.now()]
    await site.browser.startTracing(page, {
      categories: ['toplevel', 'devtools.timeline', 'disabled-by-default-devtools.timeline'],
    })
    await page.waitForTimeout(MEASURED_MS)
    const trace = JSON.parse((await site.browser.stopTracing()).toString()) as { traceEvents: TraceEvent[] }
    const lines = ((await lastLine()) - before) / ((Date.now() - start) / 1000)
    const tasks = pageTasks(trace.traceEvents)
    if (tasks.length === 0) throw new Error('the trace holds no task of the page')
    return {
      longestTask: Math.max(...tasks),
      longTasks: tasks.filter((task) => task >= 50).length,
      linesPerSecond: lines,
    }
  } finally {
    await site.close()
    await rm(folder, { recursive: true })
  }
}

/** Milliseconds of each task of the page's own thread: that renderer's main thread where frames are drawn. */
const pageTasks = (events: TraceEvent[]): number[] => {
  const drawn = events.find((event) => event.name === 'FireAnimationFrame')
  if (!drawn) throw new Error('the page drew nothing while it was measured')
  return events
    .filter(({ name, pid, tid }) => name === 'RunTask' && pid === drawn.pid && tid === drawn.tid)
    .map(({ dur = 0 }) => dur / 1000)
}
