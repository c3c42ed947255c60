/**
 * The open project: where it came from, what was read and left out, and the ways to run it.
 *
 * Invariant: `chosen` is one of the plans, or null when there are none.
 */

import { computed, type ReadonlySignal, signal } from '@preact/signals'
import type { Limits } from '../../abi/limits.ts'

/** Where a project's files are in the machine. */
export const PROJECT_ROOT = '/home/project'

/** A way to run the project, with the reason for it. */
export interface RunPlan {
  readonly id: string
  /** 'Python 3.12', 'Rust program'. */
  readonly title: string
  /** Key in the catalogue of runtimes, or null where the program needs none. */
  readonly runtime: string | null
  readonly version: string | null
  /** What is spawned; '' where there is nothing to spawn yet. */
  readonly command: string
  readonly args: readonly string[]
  readonly cwd: string
  readonly env: Readonly<Record<string, string>>
  /** What the project grants itself: while it is open they tighten the machine's limits (create-ui.ts). */
  readonly limits?: Partial<Limits>
  /** The file that is run, relative to the project. */
  readonly entry: string
  /** A sentence: why this one. */
  readonly reason: string
  /** What keeps it from running and how to get there, or what may go wrong; or ''. */
  readonly problem: string
}

export interface LeftOut {
  readonly path: string
  readonly reason: string
  /** Bytes, or null where they were not counted. */
  readonly size: number | null
}

export type SourceKind = 'folder' | 'zip' | 'files' | 'example' | 'kept'

export interface Project {
  readonly name: string
  readonly kind: SourceKind
  readonly files: number
  readonly bytes: number
  readonly leftOut: readonly LeftOut[]
  readonly plans: readonly RunPlan[]
  /** Its files are still being looked at for how it runs. */
  readonly isLooking?: boolean
  /** What its configuration says about the page. */
  readonly options?: PageOptions
}

/** What a project's configuration says about the page; undefined: nothing. */
export interface PageOptions {
  readonly watch?: boolean | undefined
  /** Lines that console and log keep. */
  readonly maxLines?: number | undefined
  /** Whether console and log go along with what is new; undefined is yes. */
  readonly autoScroll?: boolean | undefined
}

/** What the user has typed in the place of what was found. */
export interface Override {
  readonly command: string
  readonly args: readonly string[]
  readonly env?: Readonly<Record<string, string>>
  /** Of its runtime; null leaves it to the catalogue. */
  readonly version?: string | null
}

/** What the user decided about how the project runs. */
export interface OwnChoice {
  /** Id of a plan, or '' for the one that comes first. */
  readonly plan: string
  /** By the plan's id. */
  readonly overrides: Readonly<Record<string, Override>>
}

export const NO_CHOICE: OwnChoice = { plan: '', overrides: {} }

export type ProjectEvent =
  | { type: 'opened'; project: Project }
  | { type: 'choose'; plan: string }
  | ({ type: 'override'; plan: string } & Override)
  /** Back to what was found. */
  | { type: 'as-found'; plan: string }
  /** What the user decided when the project was open before; what is decided now counts more. */
  | { type: 'recall'; own: OwnChoice }
  | { type: 'plans'; plans: readonly RunPlan[]; files?: number; bytes?: number; options?: PageOptions }
  | { type: 'closed' }
  | { type: 'trust'; isSealed: boolean }

export interface ProjectStore {
  readonly project: ReadonlySignal<Project | null>
  readonly chosen: ReadonlySignal<RunPlan | null>
  readonly own: ReadonlySignal<OwnChoice>
  /** It runs with strict limits, and nobody has trusted it yet. */
  readonly isSealed: ReadonlySignal<boolean>
  apply(event: ProjectEvent): void
}

/** What a user types in one line and a shell would read as words: quotes and backslashes as in POSIX sh, nothing else. */
export const splitWords = (line: string): string[] => {
  const words: string[] = []
  const pattern = /\s*((?:'[^']*'|"(?:\\.|[^"\\])*"|\\.|[^\s'"\\])+)/gy
  for (let match = pattern.exec(line); match; match = pattern.exec(line)) {
    const raw = match[1] ?? ''
    words.push(
      raw.replace(
        /'([^']*)'|"((?:\\.|[^"\\])*)"|\\(.)/g,
        (_, single?: string, double?: string, one?: string) =>
          single !== undefined
            ? single
            : double !== undefined
              ? double.replace(/\\(["\\$`])/g, '$1')
              : (one ?? ''),
      ),
    )
  }
  return words
}

/** The words as one line that `splitWords` takes apart again. */
export const joinWords = (words: readonly string[]): string =>
  words.map((word) => (/^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`)).join(' ')

/** The plan with what the user has changed; the title says another version. */
export const overridden = (
  plan: RunPlan,
  { command, args, env = plan.env, version = plan.version }: Override,
): RunPlan => {
  const name = plan.title.replace(/ \d[\w.+-]*$/, '')
  const title = version === plan.version ? plan.title : `${name} ${version ?? ''}`.trimEnd()
  return { ...plan, command, args: [...args], env, version, title }
}

const isSame = (
  plan: RunPlan,
  { command, args, env = plan.env, version = plan.version }: Override,
): boolean =>
  JSON.stringify([command, args, version, Object.entries(env).sort()]) ===
  JSON.stringify([plan.command, plan.args, plan.version, Object.entries(plan.env).sort()])

export const createProjectStore = (): ProjectStore => {
  const found = signal<Project | null>(null)
  const own = signal<OwnChoice>(NO_CHOICE)
  const project = computed(() => {
    const { overrides } = own.value
    return (
      found.value && {
        ...found.value,
        plans: found.value.plans.map((plan) => overridden(plan, overrides[plan.id] ?? plan)),
      }
    )
  })
  const isSealed = signal(false)
  const chosen = computed(() => {
    const plans = project.value?.plans ?? []
    return plans.find((plan) => plan.id === own.value.plan) ?? plans[0] ?? null
  })
  const override = (id: string, given: Override | null): void => {
    const { [id]: _, ...others } = own.value.overrides
    own.value = { ...own.value, overrides: given ? { ...others, [id]: given } : others }
  }
  return {
    project,
    chosen,
    own,
    isSealed,
    apply(event) {
      if (event.type === 'opened') {
        found.value = event.project
        own.value = NO_CHOICE
      } else if (event.type === 'choose') own.value = { ...own.value, plan: event.plan }
      else if (event.type === 'plans') {
        const { type: _, ...more } = event
        if (found.value) found.value = { ...found.value, ...more, isLooking: false }
      } else if (event.type === 'trust') isSealed.value = event.isSealed
      else if (event.type === 'closed') found.value = null
      else if (event.type === 'recall') {
        const { plan, overrides } = event.own
        own.value = { plan: own.value.plan || plan, overrides: { ...overrides, ...own.value.overrides } }
      } else if (event.type === 'as-found') override(event.plan, null)
      else {
        const { type: _, plan, ...given } = event
        const before = found.value?.plans.find(({ id }) => id === plan)
        // what says the same as what was found must not stand in the way of a new configuration
        override(plan, before && isSame(before, given) ? null : given)
      }
    },
  }
}
