/**
 * What the start screen says of a kept project before it is opened: what it runs on, and how it stood with its folder when it was
 * last open. In the page's own storage; whoever clears that loses nothing but these words.
 */
import { type ReadonlySignal, signal } from '@preact/signals'
import type { RuntimeSummary } from '../../abi/control.ts'

export interface ProjectFacts {
  /** 'Python 3.12'; '' where nothing was found to run. */
  readonly language: string
  /** Key and version in the catalogue; null where the program needs none. */
  readonly runtime: string | null
  readonly version: string | null
  /** Name of the folder it is connected with, or ''. */
  readonly folder: string
  /** Changes that were not on the disk. */
  readonly pending: number
  /** Entries that could not be brought back when it was opened. */
  readonly lost: number
}

export interface FactStore {
  readonly all: ReadonlySignal<ReadonlyMap<string, ProjectFacts>>
  note(project: string, facts: ProjectFacts): void
}

const KEY = 'wasmrun:projects'
/** Projects whose facts are kept, the last noted first. */
const KEPT_MAX = 100

/** What was stored, as far as it makes sense. */
export const parseFacts = (stored: unknown): [string, ProjectFacts][] =>
  Array.isArray(stored)
    ? stored.flatMap((entry: unknown): [string, ProjectFacts][] => {
        const [id, value] = Array.isArray(entry) ? entry : []
        if (typeof id !== 'string' || typeof value !== 'object' || value === null) return []
        const { language, runtime, version, folder, pending, lost } = value as Record<string, unknown>
        const text = (each: unknown): string => (typeof each === 'string' ? each : '')
        const count = (each: unknown): number => (typeof each === 'number' && each > 0 ? each : 0)
        return [
          [
            id,
            {
              language: text(language),
              runtime: typeof runtime === 'string' ? runtime : null,
              version: typeof version === 'string' ? version : null,
              folder: text(folder),
              pending: count(pending),
              lost: count(lost),
            },
          ],
        ]
      })
    : []

export const createFactStore = (storage: Pick<Storage, 'getItem' | 'setItem'> | null): FactStore => {
  const read = (): [string, ProjectFacts][] => {
    try {
      return parseFacts(JSON.parse(storage?.getItem(KEY) ?? 'null'))
    } catch {
      return []
    }
  }
  const all = signal<ReadonlyMap<string, ProjectFacts>>(new Map(read()))
  return {
    all,
    note(project, facts) {
      if (JSON.stringify(all.peek().get(project)) === JSON.stringify(facts)) return
      // another tab may have noted others meanwhile
      const others = read().filter(([id]) => id !== project)
      const first: [string, ProjectFacts] = [project, facts]
      const entries = [first, ...others].slice(0, KEPT_MAX)
      all.value = new Map(entries)
      try {
        storage?.setItem(KEY, JSON.stringify(entries))
      } catch {
        // a full storage only means fewer words on the start screen
      }
    },
  }
}

/** Whether nothing has to be fetched to run it; what is not known is not said to be missing. */
export const isHere = (
  facts: Pick<ProjectFacts, 'runtime' | 'version'> | undefined,
  runtimes: readonly Pick<RuntimeSummary, 'name' | 'version' | 'cached'>[],
): boolean =>
  !facts ||
  facts.runtime === null ||
  runtimes.some(
    ({ name, version, cached }) =>
      cached && name === facts.runtime && (facts.version === null || facts.version === version),
  )
