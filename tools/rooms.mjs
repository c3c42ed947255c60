/**
 * The rules of the rooms, as `docs/architecture.md` gives them: who may import whom (type imports too), which package
 * belongs to which room, and the two words that have only one home. `npm run check` runs it over the sources.
 */
import { readdir, readFile } from 'node:fs/promises'
import { dirname, join, posix, resolve } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'

const ROOT = resolve(dirname(fileURLToPath(import.meta.url)), '..')

/** What any room may import. */
const COMMON = ['abi', 'lib', 'languages']

/** What a room may import besides itself and, where it says so, the common ones. @type {Record<string, string[]>} */
const ROOMS = {
  abi: [],
  lib: ['abi'],
  languages: ['abi', 'lib'],
  ipc: COMMON,
  memory: COMMON,
  net: COMMON,
  project: COMMON,
  vfs: [...COMMON, 'memory'],
  objects: [...COMMON, 'memory', 'vfs'],
  // A kernel that knows a language would have to change with it.
  kernel: ['abi', 'lib', 'ipc', 'memory', 'vfs', 'objects', 'net'],
  process: [...COMMON, 'objects', 'vfs', 'memory', 'ipc'],
  runtimes: [...COMMON, 'process', 'objects', 'vfs', 'memory', 'ipc'],
  programs: [...COMMON, 'process', 'objects', 'vfs', 'memory', 'ipc'],
  jail: [...COMMON, 'ipc', 'memory'],
  host: [...COMMON, 'ipc', 'net', 'project'],
  tunnel: [...COMMON, 'ipc', 'net', 'project'],
  sw: [...COMMON, 'ipc', 'net'],
  sdk: [...COMMON, 'ipc', 'project'],
  ui: [...COMMON, 'ipc', 'sdk', 'project'],
}

/** The doors: everything of their own thread. @type {Record<string, string[]>} */
const DOORS = {
  'src/main.tsx': [...COMMON, 'ui', 'sdk', 'ipc', 'project'],
  'workers/inspector.ts': ['abi', 'lib', 'kernel', 'memory', 'vfs', 'objects'],
  'workers/kernel.ts': ['abi', 'lib', 'kernel', 'ipc', 'memory', 'vfs', 'objects', 'net'],
  'workers/process.ts': [...COMMON, 'process', 'runtimes', 'programs', 'objects', 'vfs', 'memory', 'ipc'],
  'workers/wasmrun.ts': [...COMMON, 'process', 'runtimes', 'objects', 'vfs', 'memory', 'ipc'],
  'workers/ruby.ts': [...COMMON, 'process', 'runtimes', 'objects', 'vfs', 'memory', 'ipc'],
  'workers/quickjs.ts': [...COMMON, 'process', 'runtimes', 'objects', 'vfs', 'memory', 'ipc'],
  'workers/host.ts': [...COMMON, 'host', 'tunnel', 'ipc', 'net', 'project'],
  'workers/archive.ts': ['abi', 'lib', 'ipc'],
  'workers/service.ts': [...COMMON, 'sw', 'ipc', 'net'],
  'workers/jail.ts': [...COMMON, 'jail', 'ipc', 'memory'],
}

/** Packages and the places that may import them; everything else from npm is refused. @type {Record<string, string[]>} */
const PACKAGES = {
  comlink: ['ipc'],
  preact: ['ui', 'src/main.tsx'],
  '@preact/signals': ['ui', 'src/main.tsx'],
  '@codemirror/autocomplete': ['ui'],
  '@codemirror/commands': ['ui'],
  '@codemirror/lang-css': ['ui'],
  '@codemirror/lang-go': ['ui'],
  '@codemirror/lang-html': ['ui'],
  '@codemirror/lang-javascript': ['ui'],
  '@codemirror/lang-json': ['ui'],
  '@codemirror/lang-markdown': ['ui'],
  '@codemirror/lang-python': ['ui'],
  '@codemirror/lang-rust': ['ui'],
  '@codemirror/language': ['ui'],
  '@codemirror/legacy-modes': ['ui'],
  '@codemirror/merge': ['ui'],
  '@codemirror/search': ['ui'],
  '@codemirror/state': ['ui'],
  '@codemirror/view': ['ui'],
  '@lezer/highlight': ['ui'],
  'idb-keyval': ['host'],
  fflate: ['lib'],
  'smol-toml': ['lib', 'project'],
  semver: ['lib'],
  '@renovatebot/pep440': ['lib'],
  '@bjorn3/browser_wasi_shim': ['abi', 'process'],
  'quickjs-wasi': ['runtimes'],
}

/** Words with one home: shared memory has one owner of its order, messages one place that can notice a death. */
const WORDS = [
  { word: 'Atomics', home: 'memory' },
  { word: 'postMessage', home: 'ipc' },
]

/** @typedef {{ path: string, line: number, message: string }} Violation */

/**
 * Checks one file.
 * @param {string} path relative to the repository, with `/`
 * @param {string} source
 * @returns {Violation[]}
 */
export function checkFile(path, source) {
  const isTest = /\.test\.tsx?$/.test(path)
  const room = roomOf(path)
  const allowed = DOORS[path] ?? ROOMS[room ?? '']
  const at = (/** @type {number} */ offset) => source.slice(0, offset).split('\n').length
  if (!allowed)
    return [{ path, line: 1, message: 'belongs to no room: add it to the table in tools/rooms.mjs' }]

  /** @type {Violation[]} */
  const found = []
  for (const { specifier, offset } of importsOf(source)) {
    const message = judgeImport(path, room, allowed, specifier, isTest)
    if (message) found.push({ path, line: at(offset), message })
  }
  if (isTest) return found
  const code = blank(source, true)
  for (const { word, home } of WORDS) {
    if (room === home) continue
    for (const match of code.matchAll(new RegExp(`\\b${word}\\b`, 'g'))) {
      found.push({ path, line: at(match.index), message: `says ${word}, which only src/${home} may` })
    }
  }
  return found
}

/**
 * @param {string} path @param {string | null} room @param {string[]} allowed @param {string} specifier @param {boolean} isTest
 * @returns {string | null} what is wrong with it
 */
function judgeImport(path, room, allowed, specifier, isTest) {
  if (specifier.startsWith('node:')) return isTest ? null : `imports ${specifier}, which no browser has`
  if (!specifier.startsWith('.')) {
    const name = specifier
      .split('/')
      .slice(0, specifier.startsWith('@') ? 2 : 1)
      .join('/')
    const homes = PACKAGES[name]
    if (!homes) return `imports the package ${name}, which tools/rooms.mjs gives to no room`
    if (homes.includes(room ?? '') || homes.includes(path)) return null
    return `imports the package ${name}, which belongs to ${homes.join(', ')}`
  }
  const target = posix.join(posix.dirname(path), specifier)
  if (target in DOORS) return `imports the door ${target}`
  const other = roomOf(target)
  if (!other)
    return isTest && /^(examples|tools|e2e|docs)\//.test(target)
      ? null
      : `imports ${target}, which is in no room`
  if (other === room || allowed.includes(other)) return null
  const list = allowed.length > 0 ? allowed.join(', ') : 'nothing'
  return `${room ?? path} imports ${target}; it may import ${list}`
}

/** @param {string} path @returns {string | null} */
function roomOf(path) {
  const room = /^src\/([^/]+)\//.exec(path)?.[1]
  return room !== undefined && room in ROOMS ? room : null
}

/**
 * Every module that a source names: imports, type imports, re-exports, dynamic imports and `import('x')` types.
 * @param {string} source
 * @returns {{ specifier: string, offset: number }[]}
 */
export function importsOf(source) {
  const code = blank(source, false)
  const bare = blank(source, true)
  const pattern = /\b(?:from|import)\s*\(?\s*(['"`])([^'"`\n]+)\1/g
  return (
    [...code.matchAll(pattern)]
      // What the pattern finds inside a string is no import: there the other text is blank.
      .filter((match) => /^(from|import)/.test(bare.slice(match.index)))
      .map((match) => ({ specifier: match[2] ?? '', offset: match.index }))
  )
}

/**
 * The source with comments, and on request strings and regular expressions, replaced by spaces of the same length; what
 * stands in `${…}` of a template stays code.
 * @param {string} source @param {boolean} strings
 */
export function blank(source, strings) {
  const token =
    /\/\/[^\n]*|\/\*[\s\S]*?(?:\*\/|$)|'(?:\\.|[^'\\\n])*'?|"(?:\\.|[^"\\\n])*"?|[`}](?:\\[\s\S]|\$(?!\{)|[^`\\$])*(?:`|\$\{|$)|[{}]|\/(?:\\.|\[(?:\\.|[^\]\\\n])*\]|[^/\\\n[])+\/[a-z]*/y
  let out = ''
  let at = 0
  /** For every open brace: whether it is a template's. @type {boolean[]} */
  const braces = []
  while (at < source.length) {
    const char = source[at] ?? ''
    token.lastIndex = at
    const text = startsToken(source, at, out, braces) ? token.exec(source)?.[0] : undefined
    if (text === undefined) {
      if (char === '{') braces.push(false)
      if (char === '}') braces.pop()
      out += char
      at++
      continue
    }
    if (char === '}') braces.pop()
    if ((char === '`' || char === '}') && text.endsWith('${')) braces.push(true)
    const hide = strings || text.startsWith('//') || text.startsWith('/*')
    out += hide ? text.replace(/[^\n]/g, ' ') : text
    at += text.length
  }
  return out
}

/** @param {string} source @param {number} at @param {string} before @param {boolean[]} braces */
function startsToken(source, at, before, braces) {
  const char = source[at]
  if (char === "'" || char === '"' || char === '`') return true
  if (char === '}') return braces.at(-1) === true
  if (char !== '/') return false
  const next = source[at + 1]
  if (next === '/' || next === '*') return true
  // A slash divides after a value and begins a regular expression elsewhere.
  return /(?:^|[([{,;=:!&|?+\-*%~<>^]|\b(?:return|typeof|case|of|in))\s*$/.test(before.slice(-20))
}

/** All sources under src/ and workers/. @returns {Promise<Violation[]>} */
export async function checkRooms() {
  const paths = []
  for (const folder of ['src', 'workers']) {
    const entries = await readdir(join(ROOT, folder), { recursive: true }).catch(() => [])
    paths.push(...entries.map((entry) => `${folder}/${entry.replaceAll('\\', '/')}`))
  }
  const sources = paths.filter((path) => /\.tsx?$/.test(path)).sort()
  const found = await Promise.all(
    sources.map(async (path) => checkFile(path, await readFile(join(ROOT, path), 'utf8'))),
  )
  return found.flat()
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  const violations = await checkRooms()
  for (const { path, line, message } of violations) console.error(`${path}:${line} ${message}`)
  process.exitCode = violations.length > 0 ? 1 : 0
}
