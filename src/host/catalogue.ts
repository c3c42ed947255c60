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
    const { entries, refused } = await readLanguage(source, name, signal)
    offer.entries.push(...entries)
    offer.refused.push(...refused.map((each) => ({ name, ...each })))
  }
  return offer
}

/** A repository has a folder for each language; a release of wasmhub has all files side by side. */
const readLanguage = async (
  source: CatalogueSource,
  name: string,
  signal: AbortSignal,
): Promise<Manifest> => {
  const parseIn =
    (folder: string) =>
    (value: unknown): Manifest =>
      parseManifest(value, name, folder)
  try {
    const folder = new URL(`${name}/`, source.base).href
    return await readJson(source, `${name}/manifest.json`, parseIn(folder), signal)
  } catch (error) {
    const absent = error instanceof Refusal && (error.code === 'not-found' || error.code === 'not-a-file')
    if (!absent) throw error
    return await readJson(source, `${name}-manifest.json`, parseIn(source.base), signal).catch(() => {
      throw error
    })
  }
}

/**
 * The site's own hub and the mirrors that the user added, as one offer. A mirror adds names and versions and replaces none:
 * what an earlier hub offers is always taken from there, and its latest stays the latest.
 * @param onTrouble hears of mirrors that cannot be asked; they only lack
 * @throws Refusal of the own hub, when no hub can be asked
 */
export const askHubs = async (
  source: CatalogueSource,
  mirrors: readonly string[],
  signal: AbortSignal,
  onTrouble: (mirror: string, error: unknown) => void,
): Promise<Offer> => {
  const [own, ...others] = await Promise.allSettled(
    [source.base, ...mirrors].map((base) => askCatalogue({ ...source, base }, signal)),
  )
  for (const [index, other] of others.entries())
    if (other.status === 'rejected') onTrouble(mirrors[index] ?? '', other.reason)
  if (own?.status === 'rejected' && !others.some(({ status }) => status === 'fulfilled')) throw own.reason
  const whole: Offer = { entries: [], refused: [] }
  for (const [index, each] of [own, ...others].entries()) {
    if (each?.status !== 'fulfilled') continue
    const names = new Set(whole.entries.map(({ name }) => name))
    const known = new Set(whole.entries.map(({ name, version }) => `${name} ${version}`))
    const hub = index === 0 ? '' : (mirrors[index - 1] ?? '')
    const added = each.value.entries.filter(({ name, version }) => !known.has(`${name} ${version}`))
    whole.entries.push(
      ...added.map((entry) => ({ ...entry, hub, latest: entry.latest && !names.has(entry.name) })),
    )
    whole.refused.push(...each.value.refused)
  }
  return whole
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
  // A key goes before a command, and an earlier hub before a later one: no mirror can take a name that is in use.
  const owner =
    offer.entries.find((entry) => entry.name === name) ?? offer.entries.find((entry) => goesBy(entry, name))
  const mine = offer.entries.filter((entry) => entry.name === owner?.name).sort(newestFirst)
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
