/**
 * From a tree to "what to run": pure, and only a proposal, since the user can change all of it. Each language looks at the
 * root and at the folders right below it; what is nearer to the root and surer comes first.
 */

import { wasm, web } from '../languages/index.ts'
import { joinPath } from '../lib/path.ts'
import { applyConfiguration, applyVersions, type Offered } from './apply.ts'
import { mergeConfigurations, readConfiguration, readParameters } from './configure.ts'
import { detectGo } from './detect-go.ts'
import { detectJavascript } from './detect-javascript.ts'
import { detectPython } from './detect-python.ts'
import { detectRuby } from './detect-ruby.ts'
import { detectRust } from './detect-rust.ts'
import { runProgram } from './program.ts'
import type { Detection, Draft, Problem, Report, RunTarget } from './target.ts'
import { type FolderView, folderView, type ProjectView } from './view.ts'

/** folders below the root that are looked at: a repository of examples, not a disk */
const FOLDERS_MAX = 40
/** what a program in a folder is less likely than one in the root */
const FOLDER_PENALTY = 20
/** candidates that a person can still choose from */
const CANDIDATES_MAX = 50

interface Placed {
  readonly target: RunTarget
  readonly score: number
}

/** What detection knows besides the files. */
export interface Surroundings {
  /** runtimes that can be had; absent: not known, and versions stay open */
  readonly runtimes?: readonly Offered[]
  /** milliseconds since the epoch */
  readonly now?: number
  /** the query of the page's address */
  readonly search?: string
}

/** All that could be run, best first, with what could not be understood. */
export function detect(view: ProjectView, { runtimes, now = 0, search = '' }: Surroundings = {}): Detection {
  const problems: Problem[] = []
  const report: Report = (problem) => problems.push(problem)
  const placed = ['.', ...findFolders(view)].flatMap((folder) => {
    const inside = folderView(view, folder)
    return detectFolder(inside, report).map((draft) => place(draft, folder))
  })
  placed.sort((a, b) => b.score - a.score)
  const seen = new Set<string>()
  const isCovered = coveredBy(placed)
  const candidates = placed.flatMap(({ target }) => {
    const what = target.runnable ? '' : target.reason
    const key = JSON.stringify([target.command, target.args, joinPath(target.cwd, target.entry), what])
    const fresh = !seen.has(key) && !isCovered(target)
    seen.add(key)
    return fresh ? target : []
  })
  const configuration = mergeConfigurations(
    readConfiguration(folderView(view, '.'), report),
    readParameters(search, report),
  )
  const wanted = applyConfiguration(view, configuration, candidates.slice(0, CANDIDATES_MAX), report)
  return {
    candidates: applyVersions(view, configuration, wanted, runtimes, now, report),
    problems,
    configuration,
  }
}

/** A folder that the root already runs from needs no entry of its own for the same file. */
function coveredBy(placed: readonly Placed[]): (target: RunTarget) => boolean {
  const keyOf = ({ entry, runnable }: RunTarget): string => `${runnable} ${entry}`
  const root = placed.flatMap(({ target }) => (target.cwd === '.' ? keyOf(target) : []))
  const keys = new Set(root)
  return (target) => target.cwd !== '.' && keys.has(keyOf(target))
}

function findFolders(view: ProjectView): string[] {
  const folders = view.paths.flatMap(({ path }) =>
    path.includes('/') ? path.slice(0, path.indexOf('/')) : [],
  )
  const unique = [...new Set(folders)].filter(
    (folder) => !/^(\.|target$|node_modules$|tests?$|docs?$|vendor$)/.test(folder),
  )
  return unique.sort().slice(0, FOLDERS_MAX)
}

function detectFolder(view: FolderView, report: Report): Draft[] {
  const drafts = [
    ...detectPython(view, report),
    ...detectJavascript(view, report),
    ...detectRuby(view),
    ...detectRust(view, report),
    ...detectGo(view),
  ]
  const known = new Set(drafts.map(({ entry }) => entry))
  const loose = view.filesWith(['.wasm']).filter(({ path }) => !known.has(path))
  return [...drafts, ...loose.map(({ path }) => loosePrograms(view, path)), ...detectWeb(view)]
}

function loosePrograms(view: FolderView, path: string): Draft {
  const usual = wasm.entries.includes(path)
  return runProgram(view, path, wasm, `${path} is a finished program.`, usual ? 80 : 68)
}

function detectWeb(view: FolderView): Draft[] {
  const entry = web.entries.find((path) => view.has(path))
  if (entry === undefined) return []
  return [
    {
      language: web.id,
      runtime: null,
      command: '',
      args: [],
      entry,
      reason: `${web.name} · ${entry}`,
      explanation: `${entry} is a page for a browser; there is no program to start.`,
      runnable: false,
      hint: 'Pages cannot be shown here yet, only programs can be run. Its files can be read in Files.',
      score: 55,
    },
  ]
}

function place({ score, warnings, ...draft }: Draft, folder: string): Placed {
  const target: RunTarget = {
    ...draft,
    cwd: folder,
    entry: joinPath(folder, draft.entry),
    reason: folder === '.' ? draft.reason : `${draft.reason} in ${folder}`,
    warnings: warnings ?? [],
  }
  return { target, score: folder === '.' ? score : score - FOLDER_PENALTY }
}
