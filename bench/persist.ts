/**
 * A project of 50,000 files saved and restored, beside idb-keyval with one record per file. In a profile on the disk; what is
 * loaded is loaded by a browser that was started anew.
 *
 * idb-keyval's answer is not yet a project: its files have to get into the machine. So there are rows without that import and with it. And
 * ours is one before all bytes are there: restored is when programs can start and any file can be read, and a row of its own says when
 * the last byte has come.
 */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { chromium, type Page } from 'playwright-core'
import { chromePath, FLAGS, ready } from '../e2e/browser.ts'
import { serve } from '../tools/serve.mjs'
import { benchFiles } from './bundle.ts'
import type {} from './page/persist.ts'
import { atLeast, leastRatio, medianRatio, type Row, show } from './report.ts'

interface Sample {
  save: number
  setMany: number
  restore: number
  arrived: number
  entries: number
  imported: number
}

/** Starts a browser with the profile of that folder, does something on the page, and ends it as a user does. */
type Visit = <T>(work: (page: Page) => Promise<T>) => Promise<T>

const visitor =
  (url: string, folder: string): Visit =>
  async (work) => {
    const options = { executablePath: chromePath(), args: FLAGS, viewport: { width: 1280, height: 800 } }
    const context = await chromium.launchPersistentContext(folder, options)
    try {
      const page = context.pages()[0] ?? (await context.newPage())
      await page.goto(url)
      await ready(page)
      await page.addScriptTag({ url: '/bench/persist.js' })
      // What the start of the page costs is bench/reload.ts's to say; for both sides it is over first.
      await page.waitForTimeout(REST_MS)
      return await work(page)
    } finally {
      await context.close()
    }
  }

const REST_MS = 1000

/** Starts of the browser that load what one has saved: where it has just been started, one start differs much from another. */
const STARTS = 3

const round = async (visit: Visit, files: number, note: (sample: Sample) => void): Promise<void> => {
  const saved = await visit(async (page) => {
    const setMany = await page.evaluate((count) => window.benchPersist.keyvalSave(count), files)
    await page.evaluate((count) => window.benchPersist.prepare(count), files)
    const save = await page.evaluate(() => window.benchPersist.save())
    if (setMany.files !== files || save.files < files) throw new Error('not all files were saved')
    await page.evaluate(() => window.benchPersist.close())
    return { id: save.id, save: save.milliseconds, setMany: setMany.milliseconds }
  })
  for (let start = 0; start < STARTS; start++) {
    const loaded = await visit(async (page) => {
      const entries = await page.evaluate(() => window.benchPersist.keyvalLoad())
      if (entries.files !== files) throw new Error('idb-keyval has lost files')
      const imported = await page.evaluate((count) => window.benchPersist.importTree(count), files)
      return { entries: entries.milliseconds, imported: imported.milliseconds }
    })
    const { opened, arrived } = await visit(async (page) => {
      const restored = await page.evaluate((id) => window.benchPersist.restore(id), saved.id)
      await page.evaluate(() => window.benchPersist.close())
      return restored
    })
    if (opened.files < files) throw new Error('not all files came back')
    const { save, setMany } = saved
    note({ save, setMany, ...loaded, restore: opened.milliseconds, arrived })
  }
}

export interface PersistOptions {
  rounds: number
  files: number
  note: (text: string) => void
}

export const persistRows = async ({ rounds, files, note }: PersistOptions): Promise<Row[]> => {
  const server = await serve({ root: 'dist', intercept: await benchFiles() })
  const url = `http://wasmrun.localhost:${server.port}/`
  const samples: Sample[] = []
  try {
    for (let done = 0; done < rounds; done++) {
      const folder = await mkdtemp(join(tmpdir(), 'wasmrun-bench-'))
      const take = (sample: Sample): void => {
        samples.push(sample)
        note(
          Object.entries(sample)
            .map(([name, value]) => `${name} ${show(value)} ms`)
            .join(', '),
        )
      }
      await round(visitor(url, folder), files, take).finally(() =>
        rm(folder, { recursive: true, force: true, maxRetries: 5 }),
      )
    }
  } finally {
    await server.close()
  }
  return rowsOf(samples, files)
}

const rowsOf = (samples: Sample[], files: number): Row[] => {
  const of = (name: keyof Sample): number[] => samples.map((sample) => sample[name])
  const both = samples.map((sample) => sample.entries + sample.imported)
  const best = (ours: number[], theirs: number[]): string =>
    `${show(Math.min(...ours))} ms to ${show(Math.min(...theirs))} ms at best, ${show(leastRatio(theirs, ours))} ×`
  return [
    {
      what: `${files} files saved, over idb-keyval setMany`,
      detail: best(of('save'), of('setMany')),
      value: medianRatio(of('setMany'), of('save')),
      unit: '×',
      target: atLeast(4),
    },
    {
      what: `${files} files restored, over idb-keyval entries`,
      detail: best(of('restore'), of('entries')),
      value: medianRatio(of('entries'), of('restore')),
      unit: '×',
      target: atLeast(8),
    },
    {
      what: `the same, until the last byte has come`,
      detail: best(of('arrived'), of('entries')),
      value: medianRatio(of('entries'), of('arrived')),
      unit: '×',
    },
    {
      what: `the same, over entries and an import into the machine`,
      detail: best(of('arrived'), both),
      value: medianRatio(both, of('arrived')),
      unit: '×',
    },
    {
      what: `${files} files restored, over entries and an import into the machine`,
      detail: best(of('restore'), both),
      value: medianRatio(both, of('restore')),
      unit: '×',
    },
  ]
}
