/**
 * The page while a process prints without end: a folder is dropped, Run is clicked, the console is on the screen, and the
 * browser's own trace says how long the page's tasks were.
 */
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { boot, drop, openSite, type Site } from '../e2e/browser.ts'
import { consoleLines, sees } from '../e2e/console.ts'

const MEASURED_MS = 5000
/** Blocks of lines, so that the page and not the interpreter is what is slow. */
const FLOOD = `import sys
n = 0
while True:
    sys.stdout.write("".join(f"line {n + i}: the quick brown fox jumps over the lazy dog\\n" for i in range(200)))
    n += 200
`
const LINE = /line (\d+): the quick/
/** From there on a browser calls a task long. */
const LONG_MS = 50

export interface ConsoleCost {
  /** Milliseconds by the clock. */
  longestTask: number
  /** Milliseconds of the page's own thread at work: without what the machine's other load has put in between. */
  longestWork: number
  longTasks: number
  /** Lines that the console took in a second. */
  linesPerSecond: number
}

interface TraceEvent {
  name: string
  ph: string
  pid: number
  tid: number
  /** Microseconds by the clock, and of the thread's own. */
  dur?: number
  tdur?: number
  args?: { name?: string; data?: { isMainFrame?: boolean } }
}

export const consoleCost = async (): Promise<ConsoleCost> => {
  const folder = await mkdtemp(join(tmpdir(), 'flood-'))
  await writeFile(join(folder, 'main.py'), FLOOD)
  const site = await openSite()
  try {
    const page = await boot(site)
    await page.evaluate(() => window.wasmrun.runtimes.ensure('python'))
    await drop(page, '[data-testid="socket"]', [folder])
    await page.getByTestId('run').click()
    await sees(page, LINE, 'out', 60_000)
    const lastLine = async (): Promise<number> =>
      Math.max(0, ...(await consoleLines(page)).map(({ text }) => Number(LINE.exec(text)?.[1] ?? 0)))
    const [before, start] = [await lastLine(), Date.now()]
    const tasks = await tracedTasks(site, () => page.waitForTimeout(MEASURED_MS))
    const lines = ((await lastLine()) - before) / ((Date.now() - start) / 1000)
    return {
      longestTask: Math.max(...tasks.map(({ time }) => time)),
      longestWork: Math.max(...tasks.map(({ work }) => work)),
      longTasks: tasks.filter(({ time }) => time >= LONG_MS).length,
      linesPerSecond: lines,
    }
  } finally {
    await site.close()
    await rm(folder, { recursive: true })
  }
}

/** The tasks of the page while something is done. It must draw meanwhile. */
export const tracedTasks = async (
  { browser, page }: Pick<Site, 'browser' | 'page'>,
  work: () => Promise<unknown>,
): Promise<{ time: number; work: number }[]> => {
  await browser.startTracing(page, {
    categories: ['toplevel', 'devtools.timeline', 'disabled-by-default-devtools.timeline'],
  })
  await work()
  const trace = JSON.parse((await browser.stopTracing()).toString()) as { traceEvents: TraceEvent[] }
  const tasks = pageTasks(trace.traceEvents)
  if (tasks.length === 0) throw new Error('the trace holds no task of the page')
  return tasks
}

/** Milliseconds of each task of the page's own thread: that renderer's main thread where frames are drawn. */
const pageTasks = (events: TraceEvent[]): { time: number; work: number }[] => {
  const drawn = events.find((event) => event.name === 'FireAnimationFrame')
  if (!drawn) throw new Error('the page drew nothing while it was measured')
  return events
    .filter(({ name, pid, tid }) => name === 'RunTask' && pid === drawn.pid && tid === drawn.tid)
    .map(({ dur = 0, tdur = 0 }) => ({ time: dur / 1000, work: tdur / 1000 }))
}
