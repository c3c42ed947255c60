/** Where projects write down which version they want, and what each of those files means. Pure. */

import { PRODUCTS, type Product } from '../languages/releases.ts'
import { parseJson } from '../lib/json.ts'
import { joinPath } from '../lib/path.ts'
import * as pep440 from '../lib/pep440.ts'
import * as semver from '../lib/semver.ts'
import { asRecord, asString } from './manifest.ts'
import type { Report } from './target.ts'
import { parseTomlFile } from './toml.ts'
import { findKeyLine } from './toml-lines.ts'
import type { Wish } from './version.ts'
import type { FolderView } from './view.ts'

interface Place {
  readonly path: string
  /** as the beginning of a sentence */
  readonly source: string
  readonly text: string
  readonly line: number
}

type Reader = (view: FolderView, report: Report) => Wish[]

/** What a folder asks for of one product, the wish that counts most first. What cannot be understood is reported. */
export function readWishes(view: FolderView, product: Product, report: Report): Wish[] {
  return READERS[product.id].flatMap((read) => read(view, report))
}

/** A version as `.wasmrun.toml` and the address bar name it: '3.12', '>=20', 'lts/*'; null where it means nothing. */
export function parseWish(product: Product, text: string, source: string): Wish | null {
  return product.id === 'python' ? pythonWish(text, source) : (nodeWish(text, source) ?? null)
}

const READERS: Readonly<Record<Product['id'], readonly Reader[]>> = {
  python: [
    (view, report) => fromVersionFile(view, report, '.python-version', PRODUCTS.python),
    (view, report) => fromPyproject(view, report),
  ],
  node: [
    (view, report) => fromVersionFile(view, report, '.nvmrc', PRODUCTS.node),
    (view, report) => fromVersionFile(view, report, '.node-version', PRODUCTS.node),
    (view, report) => fromEngines(view, report),
  ],
  go: [fromGoMod],
  rust: [
    (view, report) => fromVersionFile(view, report, 'rust-toolchain', PRODUCTS.rust),
    (view, report) => fromRustToolchain(view, report),
  ],
}

const refuse = (view: FolderView, report: Report, place: Place, product: Product): [] => {
  const path = joinPath(view.folder, place.path)
  const what = place.text.length > 60 ? `${place.text.slice(0, 60)}…` : place.text
  const message = `${path}, line ${place.line}: "${what}" is no version of ${product.name} that can be understood; it does not count.`
  report({ path, line: place.line, message })
  return []
}

/** One version on its own line, with comments; pyenv lets several follow, of which the first counts. */
function fromVersionFile(view: FolderView, report: Report, path: string, product: Product): Wish[] {
  const lines = view.readText(path)?.split('\n') ?? []
  const index = lines.findIndex((line) => line.replace(/#.*/, '').trim() !== '')
  if (index < 0) return []
  const text = (lines[index] ?? '').replace(/#.*/, '').trim()
  // Cargo takes TOML under the short name, too.
  if (path === 'rust-toolchain' && text.startsWith('[')) return fromRustToolchain(view, report, path)
  const wish = product.id === 'rust' ? rustWish(text, path) : parseWish(product, text, path)
  return wish ? [wish] : refuse(view, report, { path, source: path, text, line: index + 1 }, product)
}

function fromPyproject(view: FolderView, report: Report): Wish[] {
  const path = 'pyproject.toml'
  const source = view.readText(path)
  if (source === undefined) return []
  // What is wrong with the file as a whole has been reported by the detector of the language.
  const project = asRecord(parseTomlFile(view, path, () => {}))
  const poetry = asRecord(asRecord(asRecord(project.tool).poetry).dependencies)
  const keys: [string | undefined, string, readonly string[]][] = [
    [
      asString(asRecord(project.project)['requires-python']),
      '"requires-python"',
      ['project', 'requires-python'],
    ],
    [asString(poetry.python), '"python"', ['tool', 'poetry', 'dependencies', 'python']],
  ]
  return keys.flatMap(([text, key, names]) => {
    if (text === undefined || text.trim() === '') return []
    const place = { path, source: `${key} of ${path}`, text, line: findKeyLine(source, names) }
    const wish = specifierWish(text, place.source)
    return wish ? [wish] : refuse(view, report, place, PRODUCTS.python)
  })
}

function fromEngines(view: FolderView, report: Report): Wish[] {
  const path = 'package.json'
  const source = view.readText(path) ?? ''
  const parsed = parseJson(source)
  const text = 'error' in parsed ? undefined : asString(asRecord(asRecord(parsed.value).engines).node)
  if (text === undefined) return []
  const before = source.slice(0, Math.max(0, source.search(/"node"\s*:/)))
  const place = { path, source: '"engines" of package.json', text, line: before.split('\n').length }
  const wish = nodeWish(text, place.source)
  return wish ? [wish] : refuse(view, report, place, PRODUCTS.node)
}

function fromGoMod(view: FolderView, report: Report): Wish[] {
  const path = 'go.mod'
  const lines = view.readText(path)?.split('\n') ?? []
  return lines.flatMap((line, index) => {
    const [, key, text = ''] = /^\s*(go|toolchain)\s+(\S+)/.exec(line) ?? []
    if (key === undefined || text === 'default') return []
    const place = { path, source: `"${key}" of go.mod`, text: text.replace(/^go/, ''), line: index + 1 }
    const range = semver.parseRange(`>=${place.text.replace(/(rc|beta)\d+$/, '')}`)
    if (!/^\d/.test(place.text) || range === null) return refuse(view, report, place, PRODUCTS.go)
    return [
      { source: place.source, text: place.text, scheme: 'semver', range, prefer: 'newest' } satisfies Wish,
    ]
  })
}

function fromRustToolchain(view: FolderView, report: Report, path = 'rust-toolchain.toml'): Wish[] {
  const source = view.readText(path)
  if (source === undefined) return []
  const text = asString(asRecord(asRecord(parseTomlFile(view, path, report)).toolchain).channel)
  if (text === undefined) return []
  const wish = rustWish(text, path)
  const line = findKeyLine(source, ['toolchain', 'channel'])
  return wish ? [wish] : refuse(view, report, { path, source: path, text, line }, PRODUCTS.rust)
}

function rustWish(text: string, source: string): Wish | null {
  const channel = /^(stable|beta|nightly)(-\d{4}-\d{2}-\d{2})?(-[a-z0-9_-]+)?$/.test(text)
  if (channel) return { source, text, scheme: 'semver', range: '*', prefer: 'newest' }
  const range = /^\d+\.\d+(\.\d+)?(-[a-z0-9_-]+)?$/.test(text)
    ? semver.parseRange(text.replace(/-.*/, ''))
    : null
  return range === null ? null : { source, text, scheme: 'semver', range, prefer: 'newest' }
}

/** '3.12' is any 3.12, as pyenv and uv read it; everything that PEP 440 or Poetry writes is taken, too. */
function pythonWish(text: string, source: string): Wish | null {
  const bare = text.replace(/^(c?python)[@-]?(?=\d)/, '')
  if (/^\d+(\.\d+)?$/.test(bare))
    return { source, text, scheme: 'pep440', range: `==${bare}.*`, prefer: 'newest' }
  if (pep440.isVersion(bare)) return { source, text, scheme: 'pep440', range: `==${bare}`, prefer: 'newest' }
  return specifierWish(text, source)
}

function specifierWish(text: string, source: string): Wish | null {
  if (text.trim() === '*') return { source, text, scheme: 'pep440', range: '*', prefer: 'newest' }
  if (pep440.isSpecifier(text)) return { source, text, scheme: 'pep440', range: text, prefer: 'newest' }
  // Poetry's caret is npm's.
  const range = /^[\^~]/.test(text.trim()) ? semver.parseRange(text) : null
  return range === null ? null : { source, text, scheme: 'semver', range, prefer: 'newest' }
}

/** As nvm reads it: a range of npm's, `lts/*`, `lts/iron`, `lts/-1`, `node`, `stable`. */
function nodeWish(text: string, source: string): Wish | null {
  const wish = { source, text, scheme: 'semver', prefer: 'long-term' } as const
  const word = text.trim().toLowerCase()
  if (/^(node|stable|latest|current)$/.test(word)) return { ...wish, range: '*', prefer: 'newest' }
  if (word === 'lts/*' || word === 'lts' || word === '--lts') return { ...wish, range: '*' }
  const named = PRODUCTS.node.longTerm.find(({ codename }) => codename !== '' && word === `lts/${codename}`)
  if (named) return { ...wish, range: `^${named.major}` }
  const range = word === '' ? null : semver.parseRange(word)
  return range === null ? null : { ...wish, range }
}
