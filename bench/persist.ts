/**
 * `node tools/run.mjs bench/persist.ts [--rounds=N] [--files=N]`: a project of 50,000 files saved and restored, beside idb-keyval
 * with one record per file, in one run of one browser. Fails when a target is missed.
 *
 * idb-keyval's answer is not yet a project: its files have to get into the machine. Both are shown, entries() alone and with
 * that import. The least of all rounds is compared: what else runs on the machine only adds time.
 */
import type { IncomingMessage, ServerResponse } from 'node:http'
import { build } from 'esbuild'
import { boot, openSite, type Site } from '../e2e/browser.ts'
import type {} from './page/persist.ts'
import { isMet, leastRatio, type Row, show, table } from './report.ts'

const option = (name: string, fallback: number): number =>
  Number(process.argv.find((word) => word.startsWith(`--${name}=`))?.split('=')[1] ?? fallback)
const rounds = option('rounds', 3)
const files = option('files', 50_000)

const SCRIPTS = { persist: 'bench/page/persist.ts', keyval: 'bench/workers/keyval.ts' }

const scripts = async (): Promise<(request: IncomingMessage, response: ServerResponse) => boolean> => {
  const found = new Map<string, Uint8Array>()
  for (const [name, entry] of Object.entries(SCRIPTS)) {
    const { outputFiles } = await build({
      entryPoints: [entry],
      bundle: true,
      write: false,
      minify: true,
      format: 'iife',
      target: 'es2022',
    })
    if (outputFiles[0]) found.set(`/bench/${name}.js`, outputFiles[0].contents)
  }
  return (request, response) => {
    const bytes = found.get(request.url ?? '')
    if (!bytes) return false
    response.writeHead(200, {
      'Content-Type': 'text/javascript',
      'Cross-Origin-Embedder-Policy': 'require-corp',
    })
    response.end(bytes)
    return true
  }
}

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

const round = async (site: Site): Promise<Sample> => {
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
  const sample = {
    save: save.milliseconds,
    setMany: setMany.milliseconds,
    restore: restore.milliseconds,
    entries: entries.milliseconds,
    imported: imported.milliseconds,
  }
  console.error(
    `  ${Object.entries(sample)
      .map(([name, value]) => `${name} ${show(value)} ms`)
      .join(', ')}`,
  )
  return sample
}

const site = await openSite({ headers: 'isolated', intercept: await scripts() })
const samples: Sample[] = []
try {
  for (let index = 0; index < rounds; index++) samples.push(await round(site))
} finally {
  await site.close()
}
const of = (name: keyof Sample): number[] => samples.map((sample) => sample[name])
const least = (name: keyof Sample): number => Math.min(...of(name))
const both = samples.map((sample) => sample.entries + sample.imported)
const rows: Row[] = [
  {
    what: `${files} files saved, over idb-keyval setMany`,
    detail: `${show(least('save'))} ms to ${show(least('setMany'))} ms`,
    value: leastRatio(of('setMany'), of('save')),
    unit: '×',
    target: { bound: 'at least', value: 4 },
  },
  {
    what: `${files} files restored, over entries() and an import`,
    detail: `${show(least('restore'))} ms to ${show(Math.min(...both))} ms`,
    value: leastRatio(both, of('restore')),
    unit: '×',
    target: { bound: 'at least', value: 8 },
  },
  {
    what: `${files} files restored, over entries() alone`,
    detail: `${show(least('restore'))} ms to ${show(least('entries'))} ms`,
    value: leastRatio(of('entries'), of('restore')),
    unit: '×',
  },
]
console.log(table(rows))
process.exitCode = rows.every(isMet) ? 0 : 1
