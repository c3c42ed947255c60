/** Ruby projects: files by their usual names, a lone *.rb; a Gemfile says which gems would be missing. */
import { ruby } from '../languages/index.ts'
import { listNames } from './detect-python.ts'
import { type Draft, interpret } from './target.ts'
import type { FolderView } from './view.ts'

/** files that Ruby projects have for their tools */
const NOT_PROGRAMS = /^(.*_(test|spec)|test_.*|spec_helper)\.rb$/
const GEM = /^[ \t]*gem[ \t]+['"]([\w-]+)['"]/gm

/** Everything in this folder that Ruby could run. */
export function detectRuby(view: FolderView): Draft[] {
  const files = view.filesWith(ruby.extensions).map(({ path }) => path)
  const named = ruby.entries.filter((entry) => view.has(entry))
  const others = files.filter((path) => !named.includes(path) && !NOT_PROGRAMS.test(path))
  const warnings = findGems(view)
  const marked = ruby.markers.some((marker) => view.has(marker)) ? 3 : 0
  const drafts = [
    ...named.map((path, index) => ({
      path,
      why: 'is a usual name for the start of a Ruby program.',
      score: 83 - index,
    })),
    ...others.map((path, index) => ({
      path,
      why: files.length === 1 ? 'is the only Ruby file here.' : 'is a Ruby file.',
      score: (files.length === 1 ? 69 : 49) - index / 100,
    })),
  ]
  return drafts.map(({ path, why, score }) => ({
    ...interpret(ruby, path),
    explanation: `${path} ${why}`,
    warnings,
    score: score + marked,
  }))
}

/** Gems that would have to be installed: the standard library is all there is for now. */
function findGems(view: FolderView): string[] {
  const names = [...(view.readText('Gemfile') ?? '').matchAll(GEM)].map((match) => match[1] ?? '')
  if (names.length === 0) return []
  return [
    `It needs gems that are not installed here: ${listNames(names)}. Only Ruby's standard library is there.`,
  ]
}
