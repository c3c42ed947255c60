/**
 * The hub: from a runtime's name to verified bytes. It asks the catalogue, takes what is kept on this device, downloads the
 * rest, checks all of it, keeps it for next time, and tells how far it is.
 *
 * Invariants: what `load` gives has matched its SHA-256 in this very call. Either all of a runtime is kept or nothing of what
 * this load fetched. Two loads of one runtime at a time share the work, and each gets buffers of its own.
 */
import type { RuntimeBundle, RuntimeSummary } from '../abi/control.ts'
import { type AssetSource, type Checked, fetchAsset, takeKept, travelling } from './assets.ts'
import { askCatalogue, askHubs, chooseEntry, goesBy, type Offer } from './catalogue.ts'
import type { Asset, RuntimeEntry } from './manifest.ts'
import { createProgress, type Progress, type Report } from './progress.ts'
import { Refusal, refuse } from './refusal.ts'
import { forgetPart } from './resume.ts'
import type { Shelf } from './shelf.ts'

/** Milliseconds without a byte after which a download is given up. */
const PATIENCE = 30_000

export interface HubOptions {
  fetch: typeof fetch
  subtle: SubtleCrypto
  shelf: Shelf
  /** URL of the hub's folder, with a slash at its end. */
  base: string
  report: Report
  /** Whether the browser believes that it has a connection. */
  online: () => boolean
  patience?: number
  /** URLs of the folders of mirrors that the user added. Default: none. */
  mirrors?: () => Promise<readonly string[]>
  /** Hears of what is missing and stops nothing. */
  warn?: (text: string) => void
}

export interface Hub {
  list(): Promise<RuntimeSummary[]>
  /**
   * By registry key or command; without a version the latest.
   * @throws Refusal; but for 'unknown-runtime' the same facts were reported as the step 'failed' or 'cancelled'
   */
  load(name: string, version: string | null): Promise<RuntimeBundle>
  /** Stops the loads of that runtime, for all who wait for them. */
  cancel(name: string): void
  /** Forgets what is kept of that runtime, of one version or of all. */
  remove(name: string, version: string | null): Promise<void>
  /** What a mirror would add. @throws Refusal as for the own hub */
  probe(mirror: string): Promise<Offer>
  /** Asks all hubs again at the next call. */
  refresh(): void
}

interface Job {
  entry: RuntimeEntry
  abort: AbortController
  waiting: { resolve(bundle: RuntimeBundle): void; reject(error: unknown): void }[]
}

export const createHub = (options: HubOptions): Hub => {
  const { shelf, report, patience = PATIENCE } = options
  const source: HubOptions & AssetSource = { ...options, patience }
  const jobs = new Set<Job>()
  const asking = new Set<{ name: string; abort: AbortController }>()
  let offer: Promise<Offer> | null = null
  const askAll = async (): Promise<Offer> => {
    const mirrors = (await options.mirrors?.().catch(() => [])) ?? []
    const trouble = (mirror: string, error: unknown): void =>
      options.warn?.(
        `The mirror ${mirror} is left out: ${error instanceof Error ? error.message : String(error)}`,
      )
    return askHubs(source, mirrors, new AbortController().signal, trouble)
  }
  const ask = (): Promise<Offer> => {
    offer ??= askAll().catch((error: unknown) => {
      offer = null
      throw error
    })
    return offer
  }
  const choose = async (name: string, version: string | null): Promise<RuntimeEntry> => {
    const question = { name, abort: new AbortController() }
    asking.add(question)
    try {
      return chooseEntry(await orCancelled(ask(), question.abort.signal, name), name, version)
    } catch (error) {
      // A word that names no runtime is no failed download.
      const known = !(error instanceof Refusal && error.code === 'unknown-runtime')
      if (known) reportFailure(createProgress(name, version ?? '', report), error)
      throw error
    } finally {
      asking.delete(question)
    }
  }
  const run = async (job: Job): Promise<void> => {
    const progress = createProgress(job.entry.name, job.entry.version, report)
    try {
      const bundle = await loadEntry(source, job.entry, job.abort.signal, progress)
      jobs.delete(job)
      // Copied before the first receiver's buffers are transferred away.
      const copies = job.waiting.map((_each, index) => (index === 0 ? bundle : copyBundle(bundle)))
      for (const [index, copy] of copies.entries()) job.waiting[index]?.resolve(copy)
    } catch (error) {
      jobs.delete(job)
      reportFailure(progress, error)
      for (const each of job.waiting) each.reject(error)
    }
  }
  const join = (entry: RuntimeEntry): Promise<RuntimeBundle> =>
    new Promise((resolve, reject) => {
      const same = [...jobs].find((job) => job.entry === entry && !job.abort.signal.aborted)
      if (same) return void same.waiting.push({ resolve, reject })
      const job: Job = { entry, abort: new AbortController(), waiting: [{ resolve, reject }] }
      jobs.add(job)
      void run(job)
    })
  return {
    list: async () => Promise.all((await ask()).entries.map((entry) => summarize(shelf, entry))),
    load: async (name, version) => join(await choose(name, version)),
    cancel: (name) => {
      for (const question of asking) if (question.name === name) question.abort.abort()
      for (const job of jobs) if (goesBy(job.entry, name)) job.abort.abort()
    },
    remove: async (name, version) => {
      const { entries } = await ask()
      const gone = entries.filter(
        (entry) => entry.name === name && (version ?? entry.version) === entry.version,
      )
      // Two hubs or versions may share bytes: what another one that is kept whole needs stays.
      const rest = entries.filter((entry) => !gone.includes(entry))
      const whole = await Promise.all(rest.map((entry) => summarize(shelf, entry)))
      const needed = rest.flatMap((entry, index) => (whole[index]?.cached ? assetsOf(entry) : []))
      const sums = new Set(needed.map(({ sha256 }) => sha256))
      for (const asset of gone.flatMap(assetsOf))
        if (!sums.has(asset.sha256)) await shelf.remove(asset.sha256)
      for (const asset of gone.flatMap(assetsOf)) await forgetPart(shelf, travelling(asset).sha256)
    },
    probe: (mirror) => askCatalogue({ ...source, base: mirror }, new AbortController().signal),
    refresh: () => {
      offer = null
    },
  }
}

const assetsOf = (entry: RuntimeEntry): Asset[] => [entry.module, ...Object.values(entry.files)]

const summarize = async (shelf: Shelf, entry: RuntimeEntry): Promise<RuntimeSummary> => {
  const assets = assetsOf(entry)
  const kept = await Promise.all(assets.map((asset) => shelf.has(asset.sha256)))
  return {
    name: entry.name,
    version: entry.version,
    latest: entry.latest,
    download: assets.reduce((sum, asset) => sum + travelling(asset).size, 0),
    size: assets.reduce((sum, asset) => sum + asset.size, 0),
    cached: kept.every(Boolean),
    license: entry.license,
    source: entry.source,
    hub: entry.hub,
  }
}

const loadEntry = async (
  source: HubOptions & AssetSource,
  entry: RuntimeEntry,
  signal: AbortSignal,
  progress: Progress,
): Promise<RuntimeBundle> => {
  const label = `${entry.title} ${entry.version}`
  progress.step('asked')
  const assets = assetsOf(entry)
  const kept = await Promise.all(assets.map((asset) => takeKept(source, asset)))
  if (signal.aborted) throw refuse.cancelled(label)
  const missing = assets.filter((_asset, index) => kept[index] === null)
  const fetched = await fetchAll(source, missing, label, signal, progress)
  progress.step('checked')
  if (missing.length > 0) await keepAll(source.shelf, missing, fetched, label, progress)
  const checked = assets.map((asset, index) => kept[index] ?? fetched.get(asset))
  const bundle = makeBundle(entry, checked, label)
  progress.step('ready')
  return bundle
}

/** One after the other: together they would only share the same line. */
const fetchAll = async (
  source: HubOptions & AssetSource,
  assets: readonly Asset[],
  label: string,
  signal: AbortSignal,
  progress: Progress,
): Promise<Map<Asset, Checked>> => {
  const fetched = new Map<Asset, Checked>()
  if (assets.length === 0) return fetched
  progress.expect(assets.reduce((sum, asset) => sum + travelling(asset).size, 0))
  try {
    for (const asset of assets)
      fetched.set(asset, await fetchAsset(source, asset, label, signal, progress.bytes))
  } catch (error) {
    // A browser that knows it has no connection says so in the words that help most.
    const offline = error instanceof Refusal && error.code === 'offline' && !source.online()
    throw offline ? refuse.offline(label) : error
  }
  return fetched
}

/** A device without room is no reason not to run: it is told, and the next session downloads again. */
const keepAll = async (
  shelf: Shelf,
  assets: readonly Asset[],
  fetched: ReadonlyMap<Asset, Checked>,
  label: string,
  progress: Progress,
): Promise<void> => {
  for (const asset of assets) {
    const checked = fetched.get(asset)
    const problem = checked ? await shelf.put(asset.sha256, checked.travelled) : null
    if (!problem) continue
    for (const other of assets) await shelf.remove(other.sha256)
    progress.step('kept', {
      code: 'not-kept',
      message: `${problem} ${label} works now and is fetched again next time.`,
    })
    return
  }
  progress.step('kept')
}

const makeBundle = (
  entry: RuntimeEntry,
  checked: readonly (Checked | undefined)[],
  label: string,
): RuntimeBundle => {
  const [module, ...files] = checked
  if (!module) throw refuse.damaged(label)
  const named = Object.keys(entry.files).map((key, index): [string, ArrayBuffer] => {
    const file = files[index]
    if (!file) throw refuse.damaged(label)
    return [key, file.bytes.buffer]
  })
  return {
    name: entry.name,
    version: entry.version,
    sha256: entry.module.sha256,
    recipe: entry.recipe,
    wasm: module.bytes.buffer,
    files: Object.fromEntries(named),
  }
}

const copyBundle = (bundle: RuntimeBundle): RuntimeBundle => ({
  ...bundle,
  wasm: bundle.wasm.slice(0),
  files: Object.fromEntries(Object.entries(bundle.files).map(([key, file]) => [key, file.slice(0)])),
})

const orCancelled = <T>(promise: Promise<T>, signal: AbortSignal, name: string): Promise<T> =>
  new Promise((resolve, reject) => {
    const onAbort = (): void => reject(refuse.cancelled(name))
    signal.addEventListener('abort', onAbort, { once: true })
    if (signal.aborted) onAbort()
    promise.then(resolve, reject).finally(() => signal.removeEventListener('abort', onAbort))
  })

const reportFailure = (progress: Progress, error: unknown): void => {
  const known = error instanceof Refusal
  progress.step(known && error.code === 'cancelled' ? 'cancelled' : 'failed', {
    message: error instanceof Error ? error.message : String(error),
    code: known ? error.code : 'unknown',
    retry: known ? error.retry : true,
  })
}
