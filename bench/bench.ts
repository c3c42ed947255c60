/**
 * `npm run bench [-- --rounds=N] [--only=files,pipes,…] [--cases=stat,…] [--files=N]`: the machine beside its peers, in one run of one browser. Prints a
 * table, writes bench/results/last.json, and fails when a target is missed.
 *
 * Only ratios count: candidates take turns within a round, a ratio is taken in each round, and the median of those is judged.
 * For calls, the ratio of the least of all rounds stands beside it: other load only ever adds time, so that is the quiet one.
 */
import { mkdir, writeFile } from 'node:fs/promises'
import { cpus, loadavg } from 'node:os'
import { setTimeout as pause } from 'node:timers/promises'
import type { Page } from 'playwright-core'
import { boot, openSite, type Site } from '../e2e/browser.ts'
import { benchFiles } from './bundle.ts'
import { consoleCost } from './console.ts'
import { editorRows } from './editor.ts'
import { hostileCosts } from './hostile.ts'
import type { Candidate, FileCase, Place } from './page/files.ts'
import type {} from './page/index.ts'
import { persistRows } from './persist.ts'
import { reloadRows } from './reload.ts'
import {
  atLeast,
  atMost,
  duration,
  isMet,
  leastRatio,
  median,
  medianRatio,
  type Row,
  show,
  table,
} from './report.ts'
import { rendererBytes } from './resident.ts'
import { syncRows } from './sync.ts'
import { visitRows } from './visit.ts'
import { weightRows } from './weight.ts'

const OUTPUT = 'bench/results'
const DEFAULT_ROUNDS = 9

const words = process.argv.slice(2)
const option = (name: string): string | undefined =>
  words.find((word) => word.startsWith(`--${name}=`))?.slice(name.length + 3)
const rounds = Number(option('rounds') ?? DEFAULT_ROUNDS)
const only = option('only')?.split(',')
const cases = option('cases')?.split(',')

const note = (text: string): void => console.error(`  ${text}`)

const repeat = async <T>(work: () => Promise<T | undefined>, times = rounds): Promise<T[]> => {
  const all: T[] = []
  for (let round = 0; round < times; round++) {
    const one = await work()
    if (one !== undefined) all.push(one)
  }
  return all
}

const addScript = (site: Site) => site.page.addScriptTag({ url: '/bench/page.js' })

/** A page of its own, so that no group works in what another has left. */
const withPage = async (use: (site: Site) => Promise<Row[]>): Promise<Row[]> => {
  const site = await openSite({ intercept: await benchFiles() })
  try {
    await boot(site)
    await addScript(site)
    return await use(site)
  } finally {
    await site.close()
  }
}

interface FileFigure {
  name: FileCase
  place: Place
  what: string
  /** At least that many times as fast; null: a figure without a target. */
  over: Partial<Record<'shim' | 'runno', number | null>>
}

const FILE_FIGURES: FileFigure[] = [
  { name: 'stat', place: 'project', what: 'stat', over: { shim: 5, runno: 80 } },
  { name: 'stat', place: 'bare', what: 'stat, empty drive', over: { shim: null, runno: null } },
  {
    name: 'open-read-close',
    place: 'project',
    what: 'open, read 4 KiB, close',
    over: { shim: 6, runno: 50 },
  },
  {
    name: 'open-read-close',
    place: 'bare',
    what: 'the same, empty drive',
    over: { shim: null, runno: null },
  },
  { name: 'readdir', place: 'bare', what: 'readdir, 100 entries', over: { shim: 30 } },
  { name: 'write', place: 'bare', what: 'write 16 MB in a row', over: { shim: 50, runno: null } },
  { name: 'read', place: 'bare', what: 'read 16 MB in a row', over: { shim: null, runno: null } },
  { name: 'create-unlink', place: 'bare', what: 'create and unlink', over: { shim: null, runno: null } },
]

const least = (values: number[]): number => Math.min(...values)

const files = () =>
  withPage(async ({ page }) => {
    await page.evaluate(() => window.bench.prepareFiles())
    const rows: Row[] = []
    for (const { name, place, what, over } of FILE_FIGURES) {
      if (cases && !cases.includes(name)) continue
      note(what)
      const samples = await repeat(() =>
        page.evaluate(({ name, place }) => window.bench.files(name, place), { name, place }),
      )
      const of = (candidate: Candidate) => samples.map((sample) => sample[candidate] ?? Number.NaN)
      for (const peer of ['shim', 'runno'] as const) {
        const bound = over[peer]
        if (bound === undefined) continue
        rows.push({
          what: `${what}, over ${peer}`,
          detail: `${duration(least(of('ours')))} to ${duration(least(of(peer)))} at best, ${show(leastRatio(of(peer), of('ours')))} ×`,
          value: medianRatio(of(peer), of('ours')),
          unit: '×',
          ...(bound === null ? {} : { target: atLeast(bound) }),
        })
      }
    }
    return rows
  })

const parallel = () =>
  withPage(async ({ page }) => {
    await page.evaluate(() => window.bench.prepareFiles())
    note('stat in four processes')
    const samples = await repeat(async () => ({
      one: await page.evaluate(() => window.bench.statRate(1, 4_000_000)),
      four: await page.evaluate(() => window.bench.statRate(4, 2_000_000)),
    }))
    const [one, four] = [samples.map((sample) => sample.one), samples.map((sample) => sample.four)]
    const detail = `${show(median(four))} to ${show(median(one))} calls a ms, on ${cpus().length} cores`
    return [
      {
        what: 'stat in 4 processes, over 1',
        detail,
        value: medianRatio(four, one),
        unit: '×',
        target: atLeast(1.2),
      },
    ]
  })

const pipes = () =>
  withPage(async ({ page }) => {
    note('pipes and Comlink')
    await page.evaluate(() => window.bench.preparePipes())
    const samples = await repeat(() => page.evaluate(() => window.bench.pipes()))
    const [pipe, comlink, rate] = [
      samples.map((sample) => sample.pipe),
      samples.map((sample) => sample.comlink),
      samples.map((sample) => sample.throughput),
    ]
    await page.evaluate(() => window.bench.endPipes())
    const detail = `${show(median(pipe))} µs to ${show(median(comlink))} µs`
    return [
      {
        what: 'pipe, 1 byte there and back, over a Comlink call',
        detail,
        value: medianRatio(comlink, pipe),
        unit: '×',
        target: atLeast(1),
      },
      {
        what: 'pipe, 64 KiB blocks',
        detail: 'between two threads',
        value: median(rate),
        unit: 'GB/s',
        target: atLeast(1),
      },
    ]
  })

const memory = () =>
  withPage(async ({ page }) => {
    note('memory of 50,000 files')
    const cost = await page.evaluate(() => window.bench.memoryCost())
    const detail = `${cost.files} files of ${show(cost.content)} bytes, written in ${show(cost.milliseconds)} ms`
    return [
      {
        what: 'memory of a file over its content',
        detail,
        value: cost.overhead / 1000,
        unit: 'KB',
        target: atMost(0.6),
      },
    ]
  })

const start = () =>
  withPage(async (site) => {
    const { page } = site
    note('Rust hello and an empty worker')
    await page.evaluate(() => window.bench.prepareHello())
    const starts = await repeat(
      async () => ({
        rust: await page.evaluate(() => window.bench.rustHello()),
        worker: await page.evaluate(() => window.bench.emptyWorker()),
      }),
      rounds * 4,
    )
    const [rust, worker] = [starts.map((sample) => sample.rust), starts.map((sample) => sample.worker)]
    const rows: Row[] = [
      {
        what: 'Rust hello, of an empty worker',
        detail: `${show(median(rust))} ms to ${show(median(worker))} ms`,
        value: medianRatio(rust, worker),
        unit: '×',
        target: atMost(3),
      },
    ]
    note('Python hello, first of a page and warm')
    await page.evaluate(() => window.bench.firstPythonHello())
    const pythons = await repeat(async () => {
      await boot(site)
      await addScript(site)
      const first = await page.evaluate(() => window.bench.firstPythonHello())
      const warm = await repeat(() => page.evaluate(() => window.bench.pythonHello()), 5)
      return { ...first, warm: median(warm) }
    })
    const [whole, spawn, warm] = [
      pythons.map((sample) => sample.whole),
      pythons.map((sample) => sample.spawn),
      pythons.map((sample) => sample.warm),
    ]
    const times = `${show(median(warm))} ms to ${show(median(whole))} ms (${show(median(spawn))} ms of it after loading)`
    rows.push({
      what: 'Python hello, warm over the first of a page',
      detail: times,
      value: medianRatio(whole, warm),
      unit: '×',
      target: atLeast(4),
    })
    return rows
  })

const screen = async (): Promise<Row[]> => {
  note('the page while a process prints')
  const cost = await consoleCost()
  const detail = `${show(cost.longestWork)} ms of work at most; ${cost.longTasks} tasks of 50 ms or more in five seconds; ${show(cost.linesPerSecond)} lines a second`
  return [
    {
      what: 'longest task of the page while a process prints endlessly',
      detail,
      value: cost.longestTask,
      unit: 'ms',
    },
  ]
}

const sync = () =>
  withPage(({ page }) => {
    note('edits on the disk and in the machine')
    return syncRows(page, rounds)
  })

/** From there on a browser calls a task long. What the clock says holds the machine's other load as well. */
const LONG_MS = 50

const hostile = async (): Promise<Row[]> => {
  const all = await hostileCosts(rounds, note)
  const names = all[0]?.map(({ what }) => what) ?? []
  return names.flatMap((what, index): Row[] => {
    const of = (key: 'longestTask' | 'longestWork' | 'heard' | 'drawn'): number =>
      median(all.map((costs) => costs[index]?.[key] ?? Number.NaN))
    return [
      {
        what: `the page's own work in its longest task, beside ${what}`,
        detail: `its longest task took ${show(of('longestTask'))} ms by the clock`,
        value: of('longestWork'),
        unit: 'ms',
        target: atMost(LONG_MS),
      },
      {
        what: `a key is heard at the latest after, beside ${what}`,
        detail: `and drawn after ${show(of('drawn'))} ms`,
        value: of('heard'),
        unit: 'ms',
      },
    ]
  })
}

const MANY = 100
const IDLE = 40
const MIB = 2 ** 20

/** Megabytes of one, in a browser of its own: what others have left behind would be used again. */
const idleCost = async (what: 'processes' | 'workers'): Promise<number> => {
  const site = await openSite({ intercept: await benchFiles() })
  try {
    await boot(site)
    await addScript(site)
    await site.page.evaluate(() => window.bench.prepareHello())
    const before = await rendererBytes(site)
    await site.page.evaluate(({ count, what }) => window.bench.keepIdle(count, what), { count: IDLE, what })
    return ((await rendererBytes(site)) - before) / IDLE / MIB
  } finally {
    await site.close()
  }
}

/** Workers that were stopped in a loop run on for up to two seconds. */
const RUN_OUT_MS = 2500

const manyAtOnce = async (page: Page, what: 'processes' | 'workers'): Promise<number> => {
  await pause(RUN_OUT_MS)
  return page.evaluate(
    ([what, many]) => (what === 'processes' ? window.bench.spawnMany(many) : window.bench.emptyWorkers(many)),
    [what, MANY] as const,
  )
}

const life = () =>
  withPage(async ({ page }) => {
    await page.evaluate(() => window.bench.prepareHello())
    note('kill to exit code, and 100 processes')
    const samples = await repeat(async () => ({
      many: await manyAtOnce(page, 'processes'),
      workers: await manyAtOnce(page, 'workers'),
      spin: await page.evaluate(() => window.bench.killTime('spin')),
      churn: await page.evaluate(() => window.bench.killTime('churn')),
      sleep: await page.evaluate(() => window.bench.killTime('sleep')),
      worker: await page.evaluate(() => window.bench.emptyWorker()),
    }))
    const of = (key: keyof (typeof samples)[number]): number[] => samples.map((sample) => sample[key])
    const rows: Row[] = (['spin', 'churn', 'sleep'] as const).map((task) => ({
      what: `kill to exit code of ${{ spin: 'an endless loop', churn: 'a busy writer', sleep: 'a sleeper' }[task]}, of an empty worker's life`,
      detail: `${show(median(of(task)))} ms to ${show(median(of('worker')))} ms`,
      value: medianRatio(of(task), of('worker')),
      unit: '×' as const,
    }))
    rows.push({
      what: `${MANY} processes at once, of ${MANY} empty workers`,
      detail: `${show(median(of('many')))} ms to ${show(median(of('workers')))} ms`,
      value: medianRatio(of('many'), of('workers')),
      unit: '×',
    })
    note('memory of idle processes')
    const idle = await repeat(async () => ({
      worker: await idleCost('workers'),
      process: await idleCost('processes'),
    }))
    const [process, worker] = [idle.map((one) => one.process), idle.map((one) => one.worker)]
    rows.push({
      what: 'memory of an idle process, of an empty worker',
      detail: `${show(median(process))} MB to ${show(median(worker))} MB, resident, the mean of ${IDLE}`,
      value: medianRatio(process, worker),
      unit: '×',
    })
    return rows
  })

const strace = () =>
  withPage(async ({ page }) => {
    await page.evaluate(() => window.bench.prepareFiles())
    note('stat, traced and not')
    const samples = await repeat(async () => ({
      off: await page.evaluate(() => window.bench.statTime(500_000, false)),
      on: await page.evaluate(() => window.bench.statTime(50_000, true)),
    }))
    const [off, on] = [samples.map((one) => one.off), samples.map((one) => one.on)]
    return [
      {
        what: 'stat of a traced process, of one that is not',
        detail: `${duration(median(on))} to ${duration(median(off))}`,
        value: medianRatio(on, off),
        unit: '×',
      },
    ]
  })

const locks = () =>
  withPage(async ({ page }) => {
    await page.evaluate(() => window.bench.prepareFiles())
    note('the lock, and writers')
    const samples = await repeat(async () => ({
      ...(await page.evaluate(() => window.bench.lockCost())),
      one: await page.evaluate(() => window.bench.writeRate(1, 200_000)),
      four: await page.evaluate(() => window.bench.writeRate(4, 50_000)),
    }))
    const of = (key: keyof (typeof samples)[number]): number[] => samples.map((sample) => sample[key])
    return [
      {
        what: 'a lock that two threads want, of one that nobody else wants',
        detail: `${duration(median(of('contended')))} to ${duration(median(of('alone')))}, taken and given back`,
        value: medianRatio(of('contended'), of('alone')),
        unit: '×',
      },
      {
        what: '4 writers, over 1',
        detail: `${show(median(of('four')))} to ${show(median(of('one')))} files a ms, made, written and removed, on ${cpus().length} cores`,
        value: medianRatio(of('four'), of('one')),
        unit: '×',
      },
    ]
  })

const GROUPS: Record<string, () => Promise<Row[]>> = {
  files,
  parallel,
  pipes,
  memory,
  start,
  screen,
  sync,
  hostile,
  life,
  strace,
  locks,
  persist: () => persistRows({ rounds, files: Number(option('files') ?? 50_000), note }),
  reload: () => reloadRows(rounds, note),
  visit: () => visitRows(rounds, note),
  editor: () => editorRows(rounds, note),
  weight: weightRows,
}

const main = async (): Promise<void> => {
  const unknown = only?.find((name) => !(name in GROUPS))
  if (unknown) throw new Error(`there is no group ${unknown}; there are ${Object.keys(GROUPS).join(', ')}`)
  if (!Number.isInteger(rounds) || rounds < 1) throw new Error('--rounds= takes a whole number from 1 on')
  const rows: Row[] = []
  const failures: string[] = []
  for (const [name, group] of Object.entries(GROUPS)) {
    if (only && !only.includes(name)) continue
    // The other groups' figures are worth having when one cannot be taken.
    try {
      rows.push(...(await group()))
    } catch (error) {
      failures.push(`${name}: ${error instanceof Error ? error.message : String(error)}`)
    }
  }
  console.log(`\n${table(rows)}\n`)
  for (const failure of failures) console.log(`not measured: ${failure}`)
  const machine = { cores: cpus().length, model: cpus()[0]?.model ?? '', load: loadavg()[0] ?? 0 }
  await mkdir(OUTPUT, { recursive: true })
  await writeFile(
    `${OUTPUT}/last.json`,
    `${JSON.stringify({ date: new Date(), machine, rounds, rows, failures }, null, 2)}\n`,
  )
  if (failures.length > 0 || !rows.every(isMet)) process.exitCode = 1
}

await main()
