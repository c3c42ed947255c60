/** From what detection found to the ways the page offers to run a project. */

import { languageById } from '../../languages/index.ts'
import { detect, type Surroundings } from '../../project/detect.ts'
import type { LoadedProject } from '../../project/load.ts'
import { viewOf } from '../../project/pack.ts'
import type { RunTarget } from '../../project/target.ts'
import { PROJECT_ROOT, type RunPlan } from '../stores/project-store.ts'

export interface Plans {
  readonly plans: readonly RunPlan[]
  /** Files that say how to run it and cannot be understood, as sentences. */
  readonly problems: readonly string[]
  /** What the project and the address of the page say. */
  readonly watch?: boolean
  readonly maxLines?: number
}

const titleOf = ({ language, runtime }: RunTarget): string => {
  const known = languageById(language)
  const version = runtime?.version ?? known?.version
  const name = known?.name ?? language
  return version ? `${name} ${version}` : name
}

export const planOf = (target: RunTarget, index: number): RunPlan => ({
  id: `${index} ${target.entry}`,
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

export const plansOf = (project: LoadedProject, known: Surroundings = {}): Plans => {
  const { candidates, problems, configuration } = detect(viewOf(project), known)
  const { watch, maxLines } = configuration
  return {
    plans: candidates.map(planOf),
    problems: problems.map(({ message }) => message),
    ...(watch === undefined ? {} : { watch }),
    ...(maxLines === undefined ? {} : { maxLines }),
  }
}
