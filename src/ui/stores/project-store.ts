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
}

export type ProjectEvent =
  | { type: 'opened'; project: Project }
  | { type: 'choose'; plan: string }
  | {
      type: 'override'
      plan: string
      command: string
      args: readonly string[]
      env?: Readonly<Record<string, string>>
    }
  | { type: 'plans'; plans: readonly RunPlan[]; files?: number; bytes?: number }
  | { type: 'closed' }
  | { type: 'trust'; isSealed: boolean }

export interface ProjectStore {
  readonly project: ReadonlySignal<Project | null>
  readonly chosen: ReadonlySignal<RunPlan | null>
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

export const createProjectStore = (): ProjectStore => {
  const project = signal<Project | null>(null)
  const choice = signal('')
  const isSealed = signal(false)
  const chosen = computed(() => {
    const plans = project.value?.plans ?? []
    return plans.find((plan) => plan.id === choice.value) ?? plans[0] ?? null
  })
  const setPlans = (plans: readonly RunPlan[]): void => {
    if (project.value) project.value = { ...project.value, plans }
  }
  return {
    project,
    chosen,
    isSealed,
    apply(event) {
      if (event.type === 'opened') {
        project.value = event.project
        choice.value = event.project.plans[0]?.id ?? ''
      } else if (event.type === 'choose') choice.value = event.plan
      else if (event.type === 'plans') {
        const { plans, files, bytes } = event
        if (project.value)
          project.value = {
            ...project.value,
            plans,
            isLooking: false,
            files: files ?? project.value.files,
            bytes: bytes ?? project.value.bytes,
          }
      } else if (event.type === 'closed') project.value = null
      else if (event.type === 'trust') isSealed.value = event.isSealed
      else
        setPlans(
          (project.value?.plans ?? []).map((plan) =>
            plan.id === event.plan
              ? { ...plan, command: event.command, args: [...event.args], env: event.env ?? plan.env }
              : plan,
          ),
        )
    },
  }
}
