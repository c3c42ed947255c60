/** A finished .wasm as something to run: what it is, who made it, whether it can run here and whether it is out of date. */

import { type Language, languageById } from '../languages/index.ts'
import type { Draft } from './target.ts'
import type { FolderView, ViewFile } from './view.ts'
import { inspectWasm, type WasmFacts } from './wasm-facts.ts'

/** A draft for the program at `path`; `because` is the explanation's first sentence. */
export function runProgram(
  view: FolderView,
  path: string,
  guess: Language,
  because: string,
  score: number,
): Draft {
  const bytes = view.readBytes?.(path)
  const facts = bytes === undefined ? undefined : inspectWasm(bytes)
  const language = languageById(facts?.producer?.language ?? '') ?? guess
  const problem = facts === undefined ? undefined : describeProblem(path, facts, language)
  const made = facts?.producer === undefined ? '' : ` It was made with ${facts.producer.text}.`
  return {
    language: language.id,
    runtime: null,
    command: `./${path}`,
    args: [],
    entry: path,
    reason: `${facts?.producer?.text ?? language.name} · ${path}`,
    explanation: `${because}${made}`,
    runnable: problem === undefined,
    ...(problem === undefined ? {} : { hint: problem }),
    score: problem === undefined ? score : score - 30,
  }
}

function describeProblem(path: string, { kind, foreign }: WasmFacts, language: Language): string | undefined {
  const build =
    language.build === null ? 'Build it for WASI preview 1 (wasip1)' : `Build it with \`${language.build}\``
  if (kind === 'broken') return `${path} is damaged or no WebAssembly. ${build} and bring it again.`
  if (kind === 'component') return `${path} is a component (WASI preview 2). ${build} and bring it again.`
  if (kind === 'library')
    return `${path} has no _start: it is a library and no program. ${build} as a program.`
  if (kind === 'foreign')
    return `${path} needs ${foreign.slice(0, 3).join(', ')}, which WASI does not have. ${build}.`
  return undefined
}

/** A sentence where sources have changed since the program was built. */
export function findStale(view: FolderView, program: ViewFile, extension: string): string[] {
  const built = program.modifiedNs ?? 0n
  if (built === 0n) return []
  const newer = view.paths.find(
    ({ path, modifiedNs }) =>
      path.endsWith(extension) && !/(^|\/)(target|vendor)\//.test(path) && (modifiedNs ?? 0n) > built,
  )
  return newer === undefined
    ? []
    : [`${newer.path} is newer than ${program.path}: build it again to run what is written there.`]
}
