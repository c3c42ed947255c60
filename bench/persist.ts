/**
 * A project of 50,000 files saved and restored, beside idb-keyval with one record per file.
 *
 * idb-keyval's answer is not yet a project: its files have to get into the machine. The target is held against entries() alone;
 * entries() with that import stands beside it.
 */
import { boot, openSite, type Site } from '../e2e/browser.ts'
import { benchFiles } from './bundle.ts'
import type {} from './page/persist.ts'
import { atLeast, leastRatio, medianRatio, type Row, show } from './report.ts'

const reopen = async (site: Site): Promise<void> => {
  await boot(site)
  await site.page.addScriptTag({ url: '/bench/persist.js' })
}

interface Sample {
  save: number
  setMany: number
  restore: number
  entries: number
  imported: number
}

const round = async (site: Site, files: number): Promise<Sample> => {
  const { page } = site
  await reopen(site)
  const setMany = await page.evaluate((count) => window.benchPersist.keyvalSave(count), files)
  await page.evaluate((count) => window.benchPersist.prepare(count), files)
  const save = await page.evaluate(() => window.benchPersist.save())
  if (setMany.files !== files || save.files < files) throw new Error('not all files were saved')
  await page.evaluate(() => window.benchPersist.close())
  await reopen(site)
  const entries = await page.evaluate(() => window.benchPersist.keyvalLoad())
  const imported = await page.evaluate((count) => window.benchPersist.importTree(count), files)
  await reopen(site)
  const restore = await page.evaluate((id) => window.benchPersist.restore(id), save.id)
  if (entries.files !== files || restore.files < files) throw new Error('not all files came back')
  await page.evaluate((id) => window.benchPersist.remove(id), save.id)
  return {
    save: save.milliseconds,
    setMany: setMany.milliseconds,
    restore: restore.milliseconds,
    entries: entries.milliseconds,
    imported: imported.milliseconds,
  }
}

export interface PersistOptions {
  rounds: number
  files: number
  note: (text: string) => void
}

export const persistRows = async ({ rounds, files, note }: PersistOptions): Promise<Row[]> => {
  const site = await openSite({ intercept: await benchFiles() })
  const samples: Sample[] = []
  try {
    while (samples.length < rounds) {
      const sample = await round(site, files)
      samples.push(sample)
      note(
        Object.entries(sample)
          .map(([name, value]) => `${name} ${show(value)} ms`)
          .join(', '),
      )
    }
  } finally {
    await site.close()
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
      what: `${files} files restored, over entries and an import into the machine`,
      detail: best(of('restore'), both),
      value: medianRatio(both, of('restore')),
      unit: '×',
    },
  ]
}
