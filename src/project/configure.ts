/**
 * What a project says about how it is to be run: `.wasmrun.toml` in its root, and the same options in the page's address.
 *
 *   [os_mode]       language version entry args env port forwards watch
 *   [os_mode.logs]  max_lines auto_scroll
 *   [limits]        memory cpu_seconds wall_seconds output_rate output_bytes open_files file_bytes processes disk_bytes
 *                   threads machine_memory
 *
 * Pure. Invariant: what comes out of here is sound, value by value; what is not is reported with file and line, the nearest
 * name that is known, and what is taken in its place.
 */

import { nearestWord } from '../lib/nearest.ts'
import { asRecord } from './manifest.ts'
import { type Configuration, type Draft, OPTIONS, type Option, shown } from './options.ts'
import type { Report } from './target.ts'
import { parseTomlFile } from './toml.ts'
import { findKeyLine } from './toml-lines.ts'
import type { FolderView } from './view.ts'

export type { Configuration, Forward } from './options.ts'

export const CONFIG_FILE = '.wasmrun.toml'
/** What there is no consumer for yet is not passed over in silence. */
const NO_NETWORK =
  'forwards is understood and kept, but programs have no network here yet: it takes effect when they do.'
/** Of one file: who has made more begins with these. */
const MOST_PROBLEMS = 20

/** The root's `.wasmrun.toml`; empty where there is none. */
export function readConfiguration(view: FolderView, report: Report): Configuration {
  const text = view.readText(CONFIG_FILE)
  if (text === undefined) return {}
  let said = 0
  const say = (path: readonly string[], message: string): void => {
    if (said++ >= MOST_PROBLEMS) return
    const line = findKeyLine(text, path)
    report({ path: CONFIG_FILE, line, message: `${CONFIG_FILE}, line ${line}: ${message}` })
  }
  const config: Draft = {}
  walk(asRecord(parseTomlFile(view, CONFIG_FILE, report)), [], config, say)
  if (config.forwards !== undefined && config.forwards.length > 0) {
    const line = findKeyLine(text, ['os_mode', 'forwards'])
    report({ path: CONFIG_FILE, line, isNote: true, message: `${CONFIG_FILE}, line ${line}: ${NO_NETWORK}` })
  }
  return config
}

/** Every key of a table, known or not, down to the options. */
function walk(
  table: Record<string, unknown>,
  at: readonly string[],
  config: Draft,
  say: (path: readonly string[], message: string) => void,
): void {
  for (const [key, value] of Object.entries(table)) {
    const path = [...at, key]
    const found = OPTIONS.find((each) => isSame(each.path, path))
    const isTable = OPTIONS.some(
      (each) => each.path.length > path.length && isSame(each.path.slice(0, path.length), path),
    )
    if (found) take(found, value, config, (message) => say(path, message))
    else if (isTable && typeof value === 'object' && value !== null && !Array.isArray(value))
      walk(asRecord(value), path, config, say)
    else if (isTable) say(path, `${path.join('.')} is ${shown(value)}; it is a table: [${path.join('.')}].`)
    else say(path, unknownName(key, at))
  }
}

function unknownName(key: string, at: readonly string[]): string {
  const known = [
    ...new Set(
      OPTIONS.flatMap(({ path }) => (isSame(path.slice(0, at.length), at) ? (path[at.length] ?? []) : [])),
    ),
  ]
  const near = nearestWord(key, known)
  const elsewhere = OPTIONS.find(({ path }) => path.at(-1) === key)
  const where = at.length === 0 ? '' : ` in [${at.join('.')}]`
  if (near) return `there is no ${key}${where}; did you mean ${near}? It does not count.`
  if (elsewhere)
    return `there is no ${key}${where}; it belongs to [${elsewhere.path.slice(0, -1).join('.')}]. It does not count.`
  return `there is no ${key}${where}; it has ${known.join(', ')}. It does not count.`
}

function take(found: Option, value: unknown, config: Draft, say: (message: string) => void): void {
  const result = found.check(value)
  if ('value' in result) found.put(config, result.value)
  else say(`${found.path.at(-1)} ${result.wrong}${result.wrong.endsWith('?') ? '' : '.'} It does not count.`)
}

const isSame = (a: readonly string[], b: readonly string[]): boolean =>
  a.length === b.length && a.every((part, index) => part === b[index])

/** What a link may set. Not env or limits: a link could hide there what nobody sees. */
const PARAMETERS: Readonly<Record<string, (text: string) => unknown>> = {
  language: (text) => text,
  version: (text) => text,
  entry: (text) => text,
  port: Number,
  watch: (text) =>
    /^(|1|true|yes|on)$/i.test(text) ? true : /^(0|false|no|off)$/i.test(text) ? false : text,
}

/** The same options from the page's address: `?language=python&entry=app.py&arg=-v&arg=x&watch`. Other names are not ours. */
export function readParameters(search: string, report: Report): Configuration {
  const config: Draft = {}
  const all = new URLSearchParams(search)
  const say = (message: string): void =>
    report({ path: 'the address', message: `In the address of this page, ${message}` })
  for (const [name, parse] of Object.entries(PARAMETERS)) {
    const text = all.get(name)
    const found = OPTIONS.find(({ path }) => path.at(-1) === name && path.length === 2)
    if (text !== null && found) take(found, parse(text), config, say)
  }
  const args = all.getAll('arg')
  const isArguments = OPTIONS.find(({ path }) => path.at(-1) === 'args')
  if (args.length > 0 && isArguments) take(isArguments, args, config, say)
  const known = [...Object.keys(PARAMETERS), 'arg']
  for (const name of all.keys()) {
    const near = known.includes(name) ? undefined : nearestWord(name, known)
    if (near) say(`${name} means nothing; did you mean ${near}? It does not count.`)
  }
  return config
}

/** What stands in the address counts before what stands in the file. */
export function mergeConfigurations(file: Configuration, address: Configuration): Configuration {
  return { ...file, ...address }
}
