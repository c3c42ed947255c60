/** From what detection found to the ways the page offers to run a project. */

import { languageById } from '../../languages/index.ts'
import { detect, type Surroundings } from '../../project/detect.ts'
import type { LoadedProject } from '../../project/load.ts'
import { viewOf } from '../../project/pack.ts'
import type { Detection, RunTarget } from '../../project/target.ts'
import { type PageOptions, PROJECT_ROOT, type RunPlan } from '../stores/project-store.ts'

export interface Plans {
  readonly plans: readonly RunPlan[]
  /** What is wrong in files that say how to run it, as sentences with their places. */
  readonly problems: readonly string[]
  readonly notes: readonly string[]
  /** What the project and the address of the page say about the page itself. */
  readonly page: PageOptions
}

const titleOf = ({ language, runtime }: RunTarget): string => {
  const known = languageById(language)
  const version = runtime?.version ?? known?.version
  const name = known?.name ?? language
  return version ? `${name} ${version}` : name
}

/** @param id the same when the project is looked at again, so that what the user chose stays chosen */
const planOf = (target: RunTarget, id: string): RunPlan => ({
  id,
  title: titleOf(target),
  runtime: target.runtime?.name ?? null,
  version: target.runtime?.version ?? null,
  command: target.runnable ? target.command : '',
  args: target.args,
  cwd: target.cwd === '.' || target.cwd === '' ? PROJECT_ROOT : `${PROJECT_ROOT}/${target.cwd}`,
  env: target.env ?? {},
  entry: target.entry,
  reason: target.explanation || target.reason,
  limits: target.limits ?? {},
  problem: [target.runnable ? '' : (target.hint ?? 'It cannot be run as it is.'), ...target.warnings]
    .filter(Boolean)
    .join(' '),
})

/** Two ways to run one file (scripts of package.json) are told apart by their place among each other. */
const named = (targets: readonly RunTarget[]): RunPlan[] => {
  const seen = new Map<string, number>()
  return targets.map((target) => {
    const name = `${target.language} ${target.cwd} ${target.entry}`
    const count = (seen.get(name) ?? 0) + 1
    seen.set(name, count)
    return planOf(target, count === 1 ? name : `${name} ${count}`)
  })
}

export const plansOf = (project: LoadedProject, known: Surroundings = {}): Plans =>
  plansFrom(detect(viewOf(project), known))

export const plansFrom = ({ candidates, problems, configuration }: Detection): Plans => {
  const { watch, maxLines, autoScroll } = configuration
  const say = (isNote: boolean): string[] =>
    problems.filter((problem) => (problem.isNote ?? false) === isNote).map(({ message }) => message)
  return {
    plans: named(candidates),
    problems: say(false),
    notes: say(true),
    page: { watch, maxLines, autoScroll },
  }
}
