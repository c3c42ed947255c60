/**
 * What the user has set about the page itself: theme and layout. Kept in localStorage where there is one.
 *
 * Invariant: every value is inside its limits, whatever was stored.
 */
import { type ReadonlySignal, signal } from '@preact/signals'

export type Theme = 'system' | 'light' | 'dark'
export type Panel = 'console' | 'logs' | 'kernel'
/** The panel that fills a small screen. */
export type SmallPanel = 'files' | 'view' | 'console' | 'kernel'

export interface Preferences {
  theme: Theme
  /** Pixels; the sheets can be dragged between these limits. */
  filesWidth: number
  bottomHeight: number
  filesShown: boolean
  bottomShown: boolean
  maximised: boolean
  panel: Panel
  small: SmallPanel
  /** Edited files are saved when no key was pressed for a second. */
  autosave: boolean
  /** The program starts again when the user changes a file. */
  watch: boolean
}

/** What each project has of its own. */
type Layout = Pick<Preferences, (typeof LAYOUT)[number]>
const LAYOUT = ['filesWidth', 'bottomHeight', 'filesShown', 'bottomShown', 'panel', 'watch'] as const
/** Projects whose layout is remembered, the last opened first. */
const LAYOUTS_MAX = 20

export const DEFAULTS: Preferences = {
  theme: 'system',
  filesWidth: 224,
  bottomHeight: 240,
  filesShown: true,
  bottomShown: true,
  maximised: false,
  panel: 'console',
  small: 'view',
  autosave: true,
  watch: false,
}

/** Pixels. Less is unreadable, more hides what is beside it. */
export const LIMITS = { filesWidth: [140, 560], bottomHeight: [96, 640] } as const

const KEY = 'wasmrun:preferences'
const LAYOUTS_KEY = 'wasmrun:layouts'

const choice = <T extends string>(value: unknown, allowed: readonly T[], other: T): T =>
  allowed.find((option) => option === value) ?? other

export const clampSize = (key: keyof typeof LIMITS, value: unknown): number => {
  const [low, high] = LIMITS[key]
  const size = typeof value === 'number' && Number.isFinite(value) ? value : DEFAULTS[key]
  return Math.round(Math.min(high, Math.max(low, size)))
}

/** Whatever was stored as preferences that can be used. `maximised` and `small` are not kept. */
export const parsePreferences = (stored: unknown): Preferences => {
  const from: Record<string, unknown> =
    typeof stored === 'object' && stored !== null ? (stored as Record<string, unknown>) : {}
  const flag = (value: unknown, other: boolean): boolean => (typeof value === 'boolean' ? value : other)
  return {
    ...DEFAULTS,
    theme: choice(from.theme, ['system', 'light', 'dark'], DEFAULTS.theme),
    panel: choice(from.panel, ['console', 'logs', 'kernel'], DEFAULTS.panel),
    filesWidth: clampSize('filesWidth', from.filesWidth),
    bottomHeight: clampSize('bottomHeight', from.bottomHeight),
    filesShown: flag(from.filesShown, true),
    bottomShown: flag(from.bottomShown, true),
    autosave: flag(from.autosave, true),
    watch: flag(from.watch, false),
  }
}

export interface PreferenceStore {
  readonly current: ReadonlySignal<Preferences>
  apply(change: Partial<Preferences>): void
  /**
   * From now on the layout is that project's; '' for none. Ids outlive a new name and tell namesakes apart; what an earlier version kept
   * under the name goes over to the first project that has it.
   */
  enter(id: string, name?: string): void
  /** The project that is open got its id: its layout stays as it is. */
  adopt(id: string): void
}

/** @param storage null where the browser gives none: then nothing is remembered */
export const createPreferenceStore = (
  storage: Pick<Storage, 'getItem' | 'setItem'> | null,
): PreferenceStore => {
  const read = (key: string): unknown => {
    try {
      return JSON.parse(storage?.getItem(key) ?? 'null')
    } catch {
      return null
    }
  }
  const write = (key: string, value: unknown): void => {
    try {
      storage?.setItem(key, JSON.stringify(value))
    } catch {
      // a full or blocked storage only means that the next visit starts with the defaults
    }
  }
  const current = signal(parsePreferences(read(KEY)))
  let project = ''
  const layouts = (): [string, unknown][] => {
    const stored = read(LAYOUTS_KEY)
    return Array.isArray(stored)
      ? stored.filter((entry): entry is [string, unknown] => Array.isArray(entry))
      : []
  }
  const keepLayout = (): void => {
    const layout = Object.fromEntries(LAYOUT.map((key) => [key, current.value[key]]))
    const others = layouts().filter(([name]) => name !== project)
    write(LAYOUTS_KEY, [[project, layout], ...others].slice(0, LAYOUTS_MAX))
  }
  return {
    current,
    adopt(id) {
      project = id
      if (id !== '') keepLayout()
    },
    enter(id, name = '') {
      project = id
      if (id === '' && name === '') return
      const all = layouts()
      const byName = all.find(([other]) => name !== '' && other === name)
      const known = (all.find(([other]) => id !== '' && other === id) ?? byName)?.[1]
      if (id !== '' && byName)
        write(LAYOUTS_KEY, [[id, known], ...all.filter((entry) => entry[0] !== id && entry !== byName)])
      const parsed = parsePreferences(known ?? { ...current.value, watch: false })
      const layout: Partial<Layout> = Object.fromEntries(LAYOUT.map((key) => [key, parsed[key]]))
      current.value = { ...current.value, ...layout }
    },
    apply(change) {
      const next = { ...current.value, ...change }
      next.filesWidth = clampSize('filesWidth', next.filesWidth)
      next.bottomHeight = clampSize('bottomHeight', next.bottomHeight)
      current.value = next
      write(KEY, next)
      if (project !== '') keepLayout()
    },
  }
}
