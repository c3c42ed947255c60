/** Python projects: the scripts of pyproject.toml, files by their usual names, packages with a __main__, a lone *.py. */

import { python } from '../languages/index.ts'
import { asRecord, asString, asStrings } from './manifest.ts'
import { type Draft, interpret, type Report, titleOf } from './target.ts'
import { parseTomlFile } from './toml.ts'
import type { FolderView } from './view.ts'

const MODULE = /^[\p{L}_][\p{L}\p{N}_]*(\.[\p{L}_][\p{L}\p{N}_]*)*$/u
/** files that Python projects have for their tools */
const NOT_PROGRAMS = /^(setup|conftest|noxfile|fabfile|tasks|versioneer|test_.*|.*_test)\.py$/
const MAIN_GUARD = /^if\s+__name__\s*==\s*['"]__main__['"]/m

/** Everything in this folder that Python could run. */
export function detectPython(view: FolderView, report: Report): Draft[] {
  const project = view.has('pyproject.toml') ? asRecord(parseTomlFile(view, 'pyproject.toml', report)) : {}
  const warnings = findPackages(view, project)
  const marked = python.markers.some((marker) => view.has(marker)) ? 3 : 0
  const drafts = [
    ...fromScripts(view, project),
    ...fromNames(view),
    ...fromPackages(view),
    ...fromLoneFiles(view),
  ]
  return drafts.map((draft) => ({ ...draft, warnings, score: draft.score + marked }))
}

function fromScripts(view: FolderView, project: Record<string, unknown>): Draft[] {
  const poetry = asRecord(asRecord(asRecord(project.tool).poetry).scripts)
  const scripts = { ...poetry, ...asRecord(asRecord(project.project).scripts) }
  return Object.entries(scripts).flatMap(([name, value], index) => {
    const [module, callee] =
      asString(value)
        ?.split(':')
        .map((part) => part.trim()) ?? []
    if (module === undefined || callee === undefined || !MODULE.test(module) || !MODULE.test(callee))
      return []
    const base = ['', 'src/'].find((folder) => findModule(view, folder, module) !== undefined)
    const entry = base === undefined ? undefined : findModule(view, base, module)
    if (base === undefined || entry === undefined) return []
    const first = callee.split('.')[0] ?? callee
    const code = `import sys\nsys.argv[0] = ${JSON.stringify(name)}\nfrom ${module} import ${first}\nsys.exit(${callee}())`
    return {
      ...interpret(python, entry),
      args: ['-c', code],
      ...(base === '' ? {} : { env: { PYTHONPATH: 'src' } }),
      reason: `${titleOf(python)} · ${name} from pyproject.toml`,
      explanation: `pyproject.toml names the script ${name}, which calls ${callee} of ${module} (${entry}).`,
      score: 88 - index / 100,
    }
  })
}

function findModule(view: FolderView, base: string, module: string): string | undefined {
  const path = base + module.replaceAll('.', '/')
  return [`${path}.py`, `${path}/__init__.py`].find((file) => view.has(file))
}

function fromNames(view: FolderView): Draft[] {
  return python.entries
    .filter((entry) => view.has(entry))
    .map((entry, index) => ({
      ...interpret(python, entry),
      explanation: `${entry} is a usual name for the start of a Python program.`,
      score: 84 - index,
    }))
}

/** `python3 -m name` for packages that can be run. */
function fromPackages(view: FolderView): Draft[] {
  return view.paths.flatMap(({ path }) => {
    const match = /^(src\/)?([^/]+)\/__main__\.py$/.exec(path)
    const name = match?.[2]
    if (name === undefined || name === 'src' || !MODULE.test(name)) return []
    return {
      ...interpret(python, path),
      args: ['-m', name],
      ...(match?.[1] === undefined ? {} : { env: { PYTHONPATH: 'src' } }),
      reason: `${titleOf(python)} · package ${name}`,
      explanation: `The package ${name} has a __main__.py, so that it can be run as a whole.`,
      score: 78,
    }
  })
}

function fromLoneFiles(view: FolderView): Draft[] {
  const files = view.filesWith(python.extensions).map(({ path }) => path)
  const named = files.filter((path) => !python.entries.includes(path) && !NOT_PROGRAMS.test(path))
  const only = files.length === 1
  return named.map((path, index) => {
    const guarded = MAIN_GUARD.test(view.readText(path) ?? '')
    const why = only
      ? 'is the only Python file here.'
      : guarded
        ? 'says what to do when it is run.'
        : 'is a Python file.'
    return {
      ...interpret(python, path),
      explanation: `${path} ${why}`,
      score: (only || guarded ? 70 : 50) - index / 100,
    }
  })
}

/** Packages that would have to be installed: the standard library is all there is for now. */
function findPackages(view: FolderView, project: Record<string, unknown>): string[] {
  const listed = (view.readText('requirements.txt') ?? '')
    .split('\n')
    .map((line) => line.replace(/(^|\s)#.*/, '').trim())
  const poetry = Object.keys(asRecord(asRecord(asRecord(project.tool).poetry).dependencies))
  const all = [...listed, ...asStrings(asRecord(project.project).dependencies), ...poetry]
  const names = all
    .flatMap((line) => /^[A-Za-z0-9][\w.-]*/.exec(line)?.[0] ?? [])
    .filter((name) => name !== 'python')
  const unique = [...new Set(names)]
  if (unique.length === 0) return []
  return [
    `It needs packages that are not installed here: ${listNames(unique)}. Only Python's standard library is there.`,
  ]
}

export function listNames(names: readonly string[]): string {
  const shown = names.slice(0, 5).join(', ')
  return names.length > 5 ? `${shown} and ${names.length - 5} more` : shown
}
