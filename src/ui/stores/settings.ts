/**
 * What the user has set about the machine and about what comes into it; kept by the host, for all projects.
 *
 * Invariant: every value is inside what makes sense, whatever was stored.
 */
import { type ReadonlySignal, signal } from '@preact/signals'
import { KIND_LIMITS, type Limits, parseLimits } from '../../abi/limits.ts'
import type { Limits as ImportLimits } from '../../project/limits.ts'

export interface Settings {
  readonly limits: Limits
  readonly import: ImportLimits
  /** Ids of what is left out by default and is to come in. */
  readonly defaultsOff: readonly string[]
}

/** As in src/project/limits.ts, which is fetched only when a project comes. */
export const IMPORT_DEFAULTS: ImportLimits = {
  fileBytes: 10 * 2 ** 20,
  totalBytes: 50 * 2 ** 20,
  files: 5000,
}
export const IMPORT_MOST: ImportLimits = {
  fileBytes: 768 * 2 ** 20,
  totalBytes: 768 * 2 ** 20,
  files: 90_000,
}
const IMPORT_KEYS = ['fileBytes', 'totalBytes', 'files'] as const

export const SETTINGS: Settings = { limits: KIND_LIMITS, import: IMPORT_DEFAULTS, defaultsOff: [] }

export const parseImport = (stored: unknown): ImportLimits => {
  const fields = typeof stored === 'object' && stored !== null ? (stored as Record<string, unknown>) : {}
  const value = (key: (typeof IMPORT_KEYS)[number]): number => {
    const each = fields[key]
    const isSound = typeof each === 'number' && Number.isFinite(each) && each >= 1
    return isSound ? Math.min(each, IMPORT_MOST[key]) : IMPORT_DEFAULTS[key]
  }
  return { fileBytes: value('fileBytes'), totalBytes: value('totalBytes'), files: value('files') }
}

export interface SettingsStore {
  readonly current: ReadonlySignal<Settings>
  load(): Promise<void>
  apply(change: Partial<Settings>): Promise<void>
}

export interface SettingsParts {
  get(key: string): Promise<unknown>
  set(key: string, value: unknown): Promise<void>
  /** Gives them to the machine. */
  setLimits(limits: Limits): Promise<void>
}

export const createSettingsStore = ({ get, set, setLimits }: SettingsParts): SettingsStore => {
  const current = signal(SETTINGS)
  return {
    current,
    async load() {
      const [limits, imports, off] = await Promise.all(['limits', 'import', 'defaultsOff'].map(get))
      current.value = {
        limits: parseLimits(limits),
        import: parseImport(imports),
        defaultsOff: Array.isArray(off) ? off.filter((id): id is string => typeof id === 'string') : [],
      }
      await setLimits(current.value.limits)
    },
    async apply(change) {
      current.value = { ...current.value, ...change }
      for (const [key, value] of Object.entries(change)) await set(key, value)
      if (change.limits) await setLimits(change.limits)
    },
  }
}
