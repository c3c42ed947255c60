/**
 * wasmhub's manifests, and the keys of ours beside them (docs/runtimes.md), from bytes of unknown worth to checked entries.
 *
 *   manifest.json            languages.<name>.{latest, versions[], source, license}
 *   <name>/manifest.json     versions.<v>.{file, size, sha256, released, wasi, features[]} + kind, module, files, mounts, …
 *
 * Invariant: an entry that comes out of here has a size and a SHA-256 for every byte that will be run, and every URL in it
 * lies inside the hub that named it.
 */
import type { RuntimeRecipe } from '../abi/control.ts'
import { refuse } from './refusal.ts'

/** Bytes as they lie on the server. */
export interface Form {
  url: string
  size: number
  /** Lower-case hex. */
  sha256: string
}

/** One thing to be fetched: what it is once unpacked, and the form that travels. */
export interface Asset {
  size: number
  sha256: string
  plain: Form | null
  gzip: Form | null
}

export interface RuntimeEntry {
  name: string
  version: string
  /** 'Python'. */
  title: string
  latest: boolean
  license: string
  source: string
  /** URL of the mirror that offers it; '' for the site's own hub. */
  hub: string
  module: Asset
  files: Record<string, Asset>
  recipe: RuntimeRecipe
}

/** Of a version that cannot be used: why, as the end of "Python 3.13 …". */
export interface RefusedEntry {
  version: string
  reason: string
}

export interface Manifest {
  entries: RuntimeEntry[]
  refused: RefusedEntry[]
}

export interface Catalogue {
  languages: { name: string; license: string; source: string }[]
}

/** The most one asset may unpack to, bytes: far above any interpreter, far below what a tab can hold. */
const LARGEST_ASSET = 1 << 30
/** The most of anything listed in a manifest. */
const MOST_ITEMS = 1000
const NAME = /^[a-z0-9][a-z0-9._-]{0,63}$/
const VERSION = /^[0-9A-Za-z][0-9A-Za-z.+_-]{0,63}$/
const COMMAND = /^[A-Za-z0-9][A-Za-z0-9.+_-]{0,63}$/
const SHA256 = /^[0-9a-f]{64}$/i
const VARIABLE = /^[A-Za-z_][A-Za-z0-9_]*$/

type Fields = Record<string, unknown>

const fail = (reason: string): never => {
  throw refuse.badCatalogue(reason)
}

const fields = (value: unknown, what: string): Fields =>
  typeof value === 'object' && value !== null && !Array.isArray(value)
    ? (value as Fields)
    : fail(`${what} is not an object`)

const text = (value: unknown, otherwise: string): string =>
  typeof value === 'string' && value.length <= 1000 ? value : otherwise

const list = (value: unknown, what: string): unknown[] =>
  value === undefined
    ? []
    : Array.isArray(value) && value.length <= MOST_ITEMS
      ? value
      : fail(`${what} is not a list`)

const strings = (value: unknown, what: string, shape: RegExp): string[] =>
  list(value, what).map((each) =>
    typeof each === 'string' && shape.test(each)
      ? each
      : fail(`${what} holds ${JSON.stringify(each)?.slice(0, 80)}`),
  )

/** The list of all languages. Throws a Refusal 'bad-catalogue'. */
export const parseCatalogue = (value: unknown): Catalogue => {
  const languages = Object.entries(fields(fields(value, 'manifest.json').languages, 'its list of languages'))
  if (languages.length > MOST_ITEMS) fail('it lists too many languages')
  return {
    languages: languages.map(([name, entry]) => {
      if (!NAME.test(name)) fail(`${JSON.stringify(name.slice(0, 80))} is no name of a language`)
      const facts = fields(entry, name)
      return { name, license: text(facts.license, ''), source: text(facts.source, '') }
    }),
  }
}

/**
 * One language's manifest. What is wrong with a single version refuses that version alone.
 * @param base URL of the folder that the manifest lies in, with a slash at its end
 * @throws Refusal 'bad-catalogue' when it is no manifest of that language at all
 */
export const parseManifest = (value: unknown, language: string, base: string): Manifest => {
  const manifest = fields(value, `${language}/manifest.json`)
  if (manifest.language !== language) fail(`${language}/manifest.json speaks of another language`)
  const versions = Object.entries(fields(manifest.versions, `the list of versions of ${language}`))
  if (versions.length > MOST_ITEMS) fail(`${language}/manifest.json lists too many versions`)
  const entries: RuntimeEntry[] = []
  const refused: RefusedEntry[] = []
  for (const [version, entry] of versions) {
    try {
      entries.push(parseEntry(fields(entry, 'its entry'), language, version, manifest.latest, base))
    } catch (error) {
      refused.push({ version, reason: error instanceof Error ? error.message : String(error) })
    }
  }
  return { entries, refused }
}

const parseEntry = (
  entry: Fields,
  name: string,
  version: string,
  latest: unknown,
  base: string,
): RuntimeEntry => {
  if (!VERSION.test(version)) fail(`${JSON.stringify(version.slice(0, 80))} is no version`)
  const label = `${name} ${version}`
  if (entry.wasi !== 'wasip1')
    fail(`${label} needs ${text(entry.wasi, 'an unknown WASI')}, and this machine has wasip1`)
  const whole = parseAsset(entry, label, base)
  const files: Record<string, Asset> = {}
  for (const [key, file] of Object.entries(entry.files === undefined ? {} : fields(entry.files, 'files'))) {
    if (!NAME.test(key)) fail(`${JSON.stringify(key.slice(0, 80))} is no name of a file`)
    files[key] = parseAsset(fields(file, key), `${label}, ${key}`, base)
  }
  return {
    name,
    version,
    title: text(entry.title, name),
    latest: version === latest,
    license: text(entry.license, ''),
    source: text(entry.source, ''),
    hub: '',
    module:
      entry.module === undefined
        ? whole
        : parseAsset(fields(entry.module, 'module'), `${label}, module`, base),
    files,
    recipe: parseRecipe(entry, name, files),
  }
}

const parseAsset = (value: Fields, label: string, base: string): Asset => {
  const { size, sha256 } = parseSum(value, label)
  const packed = value.compressed === undefined ? null : fields(value.compressed, `${label}, compressed`)
  if (packed && packed.encoding !== 'gzip') fail(`${label} is compressed in a way this machine cannot undo`)
  const plain = value.file === undefined ? null : { url: resolveFile(value.file, label, base), size, sha256 }
  const gzip = packed && {
    url: resolveFile(packed.file, label, base),
    ...parseSum(packed, `${label}, compressed`),
  }
  if (!plain && !gzip) fail(`${label} names no file`)
  return { size, sha256, plain, gzip }
}

const parseSum = (value: Fields, label: string): { size: number; sha256: string } => {
  const { size, sha256 } = value
  if (size === undefined || sha256 === undefined)
    return fail(`${label} has no ${size === undefined ? 'size' : 'SHA-256'}`)
  if (typeof size !== 'number' || !Number.isSafeInteger(size) || size <= 0 || size > LARGEST_ASSET)
    return fail(`the size of ${label} is ${JSON.stringify(size)}`)
  if (typeof sha256 !== 'string' || !SHA256.test(sha256))
    return fail(`the SHA-256 of ${label} is not 64 hexadecimal digits`)
  return { size, sha256: sha256.toLowerCase() }
}

/** The URL of a file that a manifest names. It has to stay in the manifest's own folder, written relative or in full. */
export const resolveFile = (file: unknown, label: string, base: string): string => {
  const bad = (): never =>
    fail(`${label} names a file outside of its hub (${JSON.stringify(file)?.slice(0, 200)})`)
  if (typeof file !== 'string' || file === '' || file.length > 1000 || file.includes('\\')) return bad()
  const folder = new URL(base)
  const url = URL.canParse(file, base) ? new URL(file, base) : bad()
  const inside = url.origin === folder.origin && url.pathname.startsWith(folder.pathname)
  const climbs = url.pathname
    .split('/')
    .some((name) => /^(\.|%2e)+$/i.test(name) || /%2f|%5c|%00/i.test(name))
  const dressed = url.search !== '' || url.hash !== '' || url.username !== '' || url.password !== ''
  const climbed = file.split('/').some((name) => /^(\.|%2e){2}$/i.test(name))
  if (!inside || climbs || climbed || dressed || url.pathname === folder.pathname) return bad()
  return url.href
}

const parseRecipe = (entry: Fields, name: string, files: Record<string, Asset>): RuntimeRecipe => {
  const kind = entry.kind ?? 'wasi'
  if (kind !== 'wasi' && kind !== 'quickjs' && kind !== 'ruby')
    return fail(`its kind ${JSON.stringify(kind)} is unknown`)
  const commands = strings(entry.commands, 'its list of commands', COMMAND)
  const warm =
    entry.warm === undefined || entry.warm === null ? null : strings(entry.warm, 'warm', /^[^\0]*$/)
  return {
    kind,
    commands: commands.length > 0 ? commands : [name],
    env: parseEnv(entry.env === undefined ? {} : fields(entry.env, 'env')),
    mounts: list(entry.mounts, 'its list of mounts').map((each) =>
      parseMount(fields(each, 'a mount'), files),
    ),
    warm,
    startsInPwd: entry.startsInPwd === true,
  }
}

const parseEnv = (env: Fields): Record<string, string> => {
  const checked: Record<string, string> = {}
  for (const [key, value] of Object.entries(env)) {
    if (!VARIABLE.test(key) || typeof value !== 'string' || value.includes('\0'))
      fail(`env holds ${JSON.stringify(key.slice(0, 80))}, which is not a variable`)
    else checked[key] = value
  }
  return checked
}

const parseMount = (mount: Fields, files: Record<string, Asset>): RuntimeRecipe['mounts'][number] => {
  const { file, path } = mount
  if (typeof file !== 'string' || !Object.hasOwn(files, file))
    return fail(`a mount names ${JSON.stringify(file)?.slice(0, 80)}, which is not among its files`)
  const names = typeof path === 'string' ? path.split('/') : []
  const sound =
    names.length > 1 && names[0] === '' && names.slice(1).every((each) => /^(?!\.{1,2}$)[^\0]+$/.test(each))
  if (typeof path !== 'string' || !sound)
    return fail(`a mount lies at ${JSON.stringify(path)?.slice(0, 200)}, which is no absolute path`)
  return { file, path }
}
