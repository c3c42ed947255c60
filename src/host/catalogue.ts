/**
 * What a hub offers: its manifests, asked once a session. The last sound answer is kept, so that what is on the device is
 * still found without a connection.
 */
import type { Bytes } from './digest.ts'
import { download } from './download.ts'
import {
  type Manifest,
  parseCatalogue,
  parseManifest,
  type RefusedEntry,
  type RuntimeEntry,
} from './manifest.ts'
import { Refusal, refuse } from './refusal.ts'
import type { Shelf } from './shelf.ts'

export interface CatalogueSource {
  fetch: typeof fetch
  shelf: Shelf
  /** URL of the hub's folder, with a slash at its end. */
  base: string
  patience: number
}

export interface Offer {
  entries: RuntimeEntry[]
  refused: (RefusedEntry & { name: string })[]
}

/** The most a manifest may weigh, bytes. */
const LARGEST_MANIFEST = 4 << 20

/** @throws Refusal: bad-catalogue, or why the hub could not be asked when nothing of it is kept */
export const askCatalogue = async (source: CatalogueSource, signal: AbortSignal): Promise<Offer> => {
  const { languages } = await readJson(source, 'manifest.json', parseCatalogue, signal)
  const offer: Offer = { entries: [], refused: [] }
  for (const { name } of languages) {
    const folder = new URL(`${name}/`, source.base).href
    const parse = (value: unknown): Manifest => parseManifest(value, name, folder)
    const { entries, refused } = await readJson(source, `${name}/manifest.json`, parse, signal)
    offer.entries.push(...entries)
    offer.refused.push(...refused.map((each) => ({ name, ...each })))
  }
  return offer
}

const readJson = async <T>(
  source: CatalogueSource,
  path: string,
  parse: (value: unknown) => T,
  signal: AbortSignal,
): Promise<T> => {
  const { fetch, shelf, patience } = source
  const url = new URL(path, source.base).href
  const label = `The catalogue of runtimes`
  const options = { fetch, label, expected: 0, limit: LARGEST_MANIFEST, signal, patience, onBytes: () => {} }
  try {
    const bytes = await download(url, options)
    const parsed = parse(decodeJson(bytes, path))
    await shelf.put(url, bytes)
    return parsed
  } catch (error) {
    const away = error instanceof Refusal && ['offline', 'stalled', 'http', 'truncated'].includes(error.code)
    const kept = away ? await shelf.get(url) : null
    if (!kept) throw error
    return parse(decodeJson(kept, path))
  }
}

const decodeJson = (bytes: Bytes, path: string): unknown => {
  try {
    return JSON.parse(new TextDecoder().decode(bytes))
  } catch {
    throw refuse.badCatalogue(`${path} is not JSON`)
  }
}

/**
 * The entry that a name (key or command) and a version mean: no version is the latest, '3.12' the highest 3.12.x.
 * @throws Refusal: unknown-runtime, or bad-catalogue with the reason for which that entry was refused
 */
export const chooseEntry = (offer: Offer, name: string, version: string | null): RuntimeEntry => {
  const mine = offer.entries.filter((entry) => goesBy(entry, name)).sort(newestFirst)
  const chosen =
    version === null
      ? (mine.find(({ latest }) => latest) ?? mine[0])
      : (mine.find((entry) => entry.version === version) ??
        mine.find((entry) => entry.version.startsWith(`${version}.`)))
  if (chosen) return chosen
  const bad = offer.refused.find(
    (each) => each.name === name && (version === null || each.version === version),
  )
  if (bad) throw new Refusal('bad-catalogue', bad.reason, false)
  const wanted = version === null ? name : `${name} ${version}`
  throw refuse.unknown(
    wanted,
    offer.entries.map((entry) => `${entry.name} ${entry.version}`),
  )
}

/** Whether a runtime is called that: by its key in the registry or by one of its commands. */
export const goesBy = ({ name, recipe }: RuntimeEntry, called: string): boolean =>
  name === called || recipe.commands.includes(called)

const newestFirst = (a: RuntimeEntry, b: RuntimeEntry): number =>
  b.version.localeCompare(a.version, 'en', { numeric: true })
