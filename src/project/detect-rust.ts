/** Cargo projects: the programs that a manifest names, found where Cargo puts them, release before debug. */

import { rust } from '../languages/index.ts'
import { basename, extname, joinPath } from '../lib/path.ts'
import { asList, asRecord, asString, asStrings } from './manifest.ts'
import { findStale, runProgram } from './program.ts'
import { type Draft, type Report, titleOf } from './target.ts'
import { parseTomlFile } from './toml.ts'
import type { FolderView, ViewFile } from './view.ts'

/** Best first; what is not in here comes after. */
const TRIPLES = [
  'wasm32-wasip1',
  'wasm32-wasi',
  'wasm32-wasip1-threads',
  'wasm32-wasip2',
  'wasm32-unknown-unknown',
]
const BUILT = /^target\/(wasm32-[^/]+)\/(release|debug)\/([^/]+)\.wasm$/
/** members of one workspace that are looked at: real ones have up to some hundreds */
const MEMBERS_MAX = 200

interface Built {
  readonly file: ViewFile
  readonly name: string
  readonly triple: string
  readonly release: boolean
}

/** What Cargo has built in this folder, or how to build it. */
export function detectRust(view: FolderView, report: Report): Draft[] {
  const hasManifest = view.has('Cargo.toml')
  // in src it belongs to the Cargo project around it
  if (!hasManifest && (view.folder === 'src' || !view.has('main.rs'))) return []
  const names = hasManifest ? findPrograms(view, report) : []
  const built = findBuilt(view)
  if (built.length === 0)
    return names.length > 0 || !hasManifest || view.has('src/main.rs') ? [unbuilt(view, names[0])] : []
  const order = (name: string): number => (names.includes(name) ? names.indexOf(name) : names.length)
  return built
    .sort((a, b) => order(a.name) - order(b.name))
    .map((program, index) => {
      const draft = runProgram(
        view,
        program.file.path,
        rust,
        explain(program, names),
        92 - Math.min(index, 20) / 10,
      )
      const build = program.release ? 'release' : 'debug'
      return {
        ...draft,
        reason: draft.reason.replace(program.file.path, () => `${program.name} (${build})`),
        warnings: findStale(view, program.file, '.rs'),
      }
    })
}

function explain({ name, release, triple, file }: Built, names: readonly string[]): string {
  const known = names.includes(name) ? 'Cargo.toml names this program' : 'Cargo has built this program'
  return `${known}: ${file.path}, the ${release ? 'release' : 'debug'} build for ${triple}.`
}

/** One program for each name: release before debug, then the target that fits best, then the newest. */
function findBuilt(view: FolderView): Built[] {
  const best = new Map<string, Built>()
  for (const file of view.paths) {
    const [, triple, profile, name] = BUILT.exec(file.path) ?? []
    if (triple === undefined || name === undefined) continue
    const built: Built = { file, name, triple, release: profile === 'release' }
    const other = best.get(name)
    if (other === undefined || compareBuilt(built, other) < 0) best.set(name, built)
  }
  return [...best.values()]
}

function compareBuilt(a: Built, b: Built): number {
  const fits = rank(a.triple) - rank(b.triple)
  const runs = Number(rank(a.triple) > 1) - Number(rank(b.triple) > 1)
  const newer = (b.file.modifiedNs ?? 0n) > (a.file.modifiedNs ?? 0n) ? 1 : -1
  return runs || Number(b.release) - Number(a.release) || fits || newer
}

function rank(triple: string): number {
  const index = TRIPLES.indexOf(triple)
  return index < 0 ? TRIPLES.length : index
}

/** Names of programs, the default one first; those of a workspace's members after its own. */
function findPrograms(view: FolderView, report: Report): string[] {
  const manifest = asRecord(parseTomlFile(view, 'Cargo.toml', report))
  const members = findMembers(view, asStrings(asRecord(manifest.workspace).members))
  const inner = members.flatMap((member) => {
    return namesOf(view, member, asRecord(parseTomlFile(view, joinPath(member, 'Cargo.toml'), report)))
  })
  return [...new Set([...namesOf(view, '', manifest), ...inner])]
}

function namesOf(view: FolderView, folder: string, manifest: Record<string, unknown>): string[] {
  const crate = asRecord(manifest.package)
  const first = asString(crate['default-run'])
  const bins = asList(manifest.bin).flatMap((bin) => asString(asRecord(bin).name) ?? [])
  const own = asString(crate.name)
  const hasMain = view.has(joinPath(folder, 'src/main.rs'))
  const more = view.paths.flatMap(({ path }) => {
    const inside = path.startsWith(joinPath(folder, 'src/bin/')) && extname(path) === '.rs'
    return inside ? basename(path).slice(0, -'.rs'.length) : []
  })
  return [
    ...(first === undefined ? [] : [first]),
    ...(own !== undefined && hasMain ? [own] : []),
    ...bins,
    ...more,
  ]
}

/** Members may have '*' for one name, as in 'crates/*'. */
function findMembers(view: FolderView, patterns: readonly string[]): string[] {
  const folders = view.paths.flatMap(({ path }) =>
    path.endsWith('/Cargo.toml') ? path.slice(0, -'/Cargo.toml'.length) : [],
  )
  const parts = patterns.map((pattern) => joinPath(pattern).split('/'))
  const fits = (folder: string): boolean =>
    parts.some((names) => {
      const given = folder.split('/')
      return names.length === given.length && names.every((name, index) => fitsName(name, given[index] ?? ''))
    })
  return folders.filter(fits).sort().slice(0, MEMBERS_MAX)
}

/** A name with one '*' at most, which is what manifests have. */
function fitsName(pattern: string, name: string): boolean {
  const star = pattern.indexOf('*')
  if (star < 0) return pattern === name
  const [start, end] = [pattern.slice(0, star), pattern.slice(star + 1)]
  return name.length >= start.length + end.length && name.startsWith(start) && name.endsWith(end)
}

function unbuilt(view: FolderView, name: string | undefined): Draft {
  const single = !view.has('Cargo.toml')
  const build = single ? 'rustc --target wasm32-wasip1 -O -o main.wasm main.rs' : (rust.build ?? '')
  const entry = single ? 'main.rs' : view.has('src/main.rs') ? 'src/main.rs' : 'Cargo.toml'
  return {
    language: rust.id,
    runtime: null,
    command: '',
    args: [],
    entry,
    reason: `${titleOf(rust)} · ${name ?? entry}, not built yet`,
    explanation: `${single ? 'main.rs is a Rust program' : 'Cargo.toml makes this a Rust project'}, and no built .wasm was found.`,
    runnable: false,
    hint: `Run \`rustup target add wasm32-wasip1\` once, then \`${build}\`, and bring the folder again with what was built.`,
    score: 75,
  }
}
