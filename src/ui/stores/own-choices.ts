/**
 * How the user wants each project run, by the project's id: the chosen way, and commands and variables of the user's own. Kept in
 * localStorage where there is one.
 *
 * Invariant: what comes out is sound, whatever was stored; at most CHOICES_MAX projects, the last opened first.
 */
import type { Override, OwnChoice } from './project-store.ts'

/** Projects whose choices are remembered: far more than one works on. */
export const CHOICES_MAX = 50
const KEY = 'wasmrun:choices'

export interface OwnChoices {
  of(project: string): OwnChoice | null
  keep(project: string, own: OwnChoice): void
}

const record = (value: unknown): Record<string, unknown> =>
  typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {}
const isTexts = (values: readonly unknown[]): values is string[] =>
  values.every((value) => typeof value === 'string')

const parseOverride = (stored: unknown): Override | null => {
  const { command, args, env } = record(stored)
  if (typeof command !== 'string' || !Array.isArray(args) || !isTexts(args)) return null
  if (env === undefined) return { command, args }
  return isTexts(Object.values(record(env)))
    ? { command, args, env: record(env) as Record<string, string> }
    : null
}

export const parseChoice = (stored: unknown): OwnChoice => {
  const { plan, overrides } = record(stored)
  const sound = Object.entries(record(overrides)).flatMap(([id, each]) => {
    const override = parseOverride(each)
    return override ? [[id, override] as const] : []
  })
  return { plan: typeof plan === 'string' ? plan : '', overrides: Object.fromEntries(sound) }
}

export const createOwnChoices = (storage: Pick<Storage, 'getItem' | 'setItem'> | null): OwnChoices => {
  const all = (): [string, unknown][] => {
    try {
      const stored: unknown = JSON.parse(storage?.getItem(KEY) ?? 'null')
      return Array.isArray(stored)
        ? stored.filter(
            (each): each is [string, unknown] => Array.isArray(each) && typeof each[0] === 'string',
          )
        : []
    } catch {
      return []
    }
  }
  return {
    of(project) {
      const found = all().find(([id]) => id === project)
      return found ? parseChoice(found[1]) : null
    },
    keep(project, own) {
      const others = all().filter(([id]) => id !== project)
      const isEmpty = own.plan === '' && Object.keys(own.overrides).length === 0
      const next = isEmpty ? others : [[project, own], ...others].slice(0, CHOICES_MAX)
      try {
        storage?.setItem(KEY, JSON.stringify(next))
      } catch {
        // a full or blocked storage only means that the next visit begins with what was found
      }
    },
  }
}
