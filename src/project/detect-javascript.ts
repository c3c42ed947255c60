/**
 * JavaScript projects: what package.json starts, else files by their usual names. They run on QuickJS, which has the
 * language and its modules but not Node's library; what needs Node is said beforehand.
 */

import { javascript } from '../languages/index.ts'
import { parseJson } from '../lib/json.ts'
import { extname, joinPath, normalizeInside } from '../lib/path.ts'
import { listNames } from './detect-python.ts'
import { asRecord, asString } from './manifest.ts'
import { type Draft, interpret, type Report } from './target.ts'
import type { FolderView } from './view.ts'

const USES_NODE =
  /\brequire\s*\(\s*['"]|\bfrom\s*['"]node:|\bimport\s*\(?\s*['"]node:|\bmodule\.exports\b|\bprocess\.(argv|env|stdin|stdout|exit)\b|\bfrom\s*['"](fs|path|os|http|https|url|util|events|crypto|stream|child_process|readline)(\/[a-z]+)?['"]/
const TYPESCRIPT = ['.ts', '.tsx', '.mts', '.cts', '.jsx']

/** scripts of one package.json that are offered */
const SCRIPTS_MAX = 30

/** A start of the program, as package.json has it. */
interface Start {
  readonly file: string
  readonly args: readonly string[]
  /** where it is said, as the beginning of a sentence */
  readonly source: string
}

/** Everything in this folder that JavaScript could run. */
export function detectJavascript(view: FolderView, report: Report): Draft[] {
  const manifest = readManifest(view, report)
  const page = view.readText('index.html') ?? ''
  const drafts = [...fromManifest(view, manifest), ...fromNames(view), ...fromLoneFile(view)]
  const packages = findPackages(manifest)
  return drafts.map((draft) => {
    const inPage = draft.entry !== '' && page.includes(draft.entry)
    const node = USES_NODE.test(view.readText(draft.entry) ?? '')
    const warnings = [...(draft.warnings ?? []), ...packages]
    if (node)
      warnings.push(
        `${draft.entry} uses Node's own library (require, process or node: modules), which is not there: QuickJS runs it.`,
      )
    if (inPage) warnings.push(`index.html loads ${draft.entry}: it may be made for a browser.`)
    return {
      ...draft,
      warnings,
      score: draft.score - (inPage ? 30 : 0) - (node || packages.length > 0 ? 6 : 0),
    }
  })
}

function readManifest(view: FolderView, report: Report): Record<string, unknown> | undefined {
  const text = view.readText('package.json')
  if (text === undefined) return undefined
  const result = parseJson(text)
  if (!('error' in result)) return asRecord(result.value)
  const { line, column, message } = result.error
  const path = joinPath(view.folder, 'package.json')
  const sentence = `${path}, line ${line}, column ${column}: ${message}. Correct it and bring the project again.`
  report({ path, line, column, message: sentence })
  return undefined
}

function fromManifest(view: FolderView, manifest: Record<string, unknown> | undefined): Draft[] {
  if (manifest === undefined) return []
  const script = asString(asRecord(manifest.scripts).start)
  const started = script === undefined ? undefined : parseStart('start', script)
  const starts = [started, ...findMains(manifest)].filter((start) => start !== undefined)
  const drafts = starts.map((start, index) => draftOf(view, manifest, start, 82 - index))
  if (script !== undefined && started === undefined) drafts.push(unknownScript('start', script, 60))
  return [...drafts, ...fromScripts(view, manifest)]
}

/** The other scripts, each as a way to run the project: those that Node alone runs, then those that need more. */
function fromScripts(view: FolderView, manifest: Record<string, unknown>): Draft[] {
  const scripts = Object.entries(asRecord(manifest.scripts)).slice(0, SCRIPTS_MAX)
  return scripts.flatMap(([name, value], index) => {
    const script = asString(value)
    if (script === undefined || name === 'start') return []
    const started = parseStart(name, script)
    if (started === undefined) return unknownScript(name, script, 40 - index / 100)
    const draft = draftOf(view, manifest, started, 65 - index / 100)
    return { ...draft, reason: `JavaScript · npm run ${name}` }
  })
}

function findMains(manifest: Record<string, unknown>): (Start | undefined)[] {
  const bins =
    asString(manifest.bin) ?? Object.values(asRecord(manifest.bin)).find((value) => typeof value === 'string')
  const root = asRecord(manifest.exports)['.']
  const exported = asString(manifest.exports) ?? asString(root) ?? asString(asRecord(root).import)
  const start = (file: string | undefined, field: string): Start | undefined =>
    file === undefined || file === ''
      ? undefined
      : { file, args: [], source: `"${field}" of package.json names ${file}` }
  return [start(asString(manifest.main), 'main'), start(asString(bins), 'bin'), start(exported, 'exports')]
}

/** `node [options] file [arguments]` of the script with that name; anything with a shell's signs or another program is not for us. */
function parseStart(name: string, script: string): Start | undefined {
  if (/[|&;<>$`(){}*?]/.test(script)) return undefined
  const words = Array.from(
    script.matchAll(/"([^"]*)"|'([^']*)'|\S+/g),
    (match) => match[1] ?? match[2] ?? match[0],
  )
  if (words.shift() !== 'node') return undefined
  while (words[0]?.startsWith('-') === true) {
    const option = words.shift()
    if (option === '-r' || option === '--require' || option === '--import' || option === '--loader')
      words.shift()
  }
  const [file, ...args] = words
  return file === undefined
    ? undefined
    : { file, args, source: `"${name}" of package.json runs \`${script}\`` }
}

function draftOf(view: FolderView, manifest: Record<string, unknown>, start: Start, score: number): Draft {
  const file = findFile(view, start.file)
  const kind =
    file?.endsWith('.mjs') || (manifest.type === 'module' && file?.endsWith('.js'))
      ? 'as a module'
      : 'as a script'
  const draft = interpret(javascript, file ?? start.file, start.args)
  if (file === undefined) {
    const hint = `${start.source}, and that file is not there. If it is built, run the build (often \`npm run build\`) and bring the project again.`
    return { ...draft, runnable: false, explanation: `${start.source}.`, hint, score: score - 20 }
  }
  if (TYPESCRIPT.includes(extname(file))) {
    const hint = `${file} is TypeScript. Compile it to JavaScript (\`npx tsc\`) and bring the project again.`
    return { ...draft, runnable: false, explanation: `${start.source}.`, hint, score: score - 20 }
  }
  return {
    ...draft,
    explanation: `${start.source}. QuickJS runs it ${kind}; Node's own library is not there yet.`,
    score,
  }
}

function unknownScript(name: string, script: string, score: number): Draft {
  return {
    ...interpret(javascript, 'package.json'),
    command: '',
    args: [],
    runtime: null,
    reason: name === 'start' ? 'JavaScript · npm start' : `JavaScript · npm run ${name}`,
    explanation: `"${name}" of package.json runs \`${script}\`.`,
    runnable: false,
    hint: `\`${script}\` needs Node and its packages, which are not there yet. A file that needs neither can be chosen and run instead.`,
    score,
  }
}

/** As Node finds a main file: the path itself, with an extension, or the index of a folder. */
function findFile(view: FolderView, path: string): string | undefined {
  const clean = normalizeInside(path)
  if (clean === undefined) return undefined
  const tries = ['', '.js', '.mjs', '.cjs'].map((extension) => clean + extension)
  return [...tries, joinPath(clean, 'index.js')].find((candidate) => view.has(candidate))
}

function fromNames(view: FolderView): Draft[] {
  return javascript.entries
    .filter((entry) => view.has(entry))
    .map((entry, index) => ({
      ...interpret(javascript, entry),
      explanation: `${entry} is a usual name for the start of a JavaScript program. QuickJS runs it; Node's own library is not there yet.`,
      score: 74 - index,
    }))
}

function fromLoneFile(view: FolderView): Draft[] {
  const files = view
    .filesWith(javascript.extensions)
    .filter(({ path }) => !/\.(config|test|spec)\.[cm]?js$/.test(path))
  const [file] = files
  if (file === undefined || files.length > 1 || javascript.entries.includes(file.path)) return []
  const explanation = `${file.path} is the only JavaScript file here. QuickJS runs it; Node's own library is not there yet.`
  return [{ ...interpret(javascript, file.path), explanation, score: 66 }]
}

function findPackages(manifest: Record<string, unknown> | undefined): string[] {
  const names = Object.keys(asRecord(manifest?.dependencies))
  if (names.length === 0) return []
  return [`It needs packages that are not installed here: ${listNames(names)}.`]
}
