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
}

export const DEFAULTS: Preferences = {
  theme: 'system',
  filesWidth: 224,
  bottomHeight: 240,
  filesShown: true,
  bottomShown: true,
  maximised: false,
  panel: 'console',
  small: 'view',
}

/** Pixels. Less is unreadable, more hides what is beside it. */
export const LIMITS = { filesWidth: [140, 560], bottomHeight: [96, 640] } as const

const KEY = 'wasmrun:preferences'

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
  }
}

export interface PreferenceStore {
  readonly current: ReadonlySignal<Preferences>
  apply(change: Partial<Preferences>): void
}

/** @param storage null where the browser gives none: then nothing is remembered */
export const createPreferenceStore = (
  storage: Pick<Storage, 'getItem' | 'setItem'> | null,
): PreferenceStore => {
  const read = (): unknown => {
    try {
      return JSON.parse(storage?.getItem(KEY) ?? 'null')
    } catch {
      return null
    }
  }
  const current = signal(parsePreferences(read()))
  return {
    current,
    apply(change) {
      const next = { ...current.value, ...change }
      next.filesWidth = clampSize('filesWidth', next.filesWidth)
      next.bottomHeight = clampSize('bottomHeight', next.bottomHeight)
      current.value = next
      try {
        storage?.setItem(KEY, JSON.stringify(next))
      } catch {
        // a full or blocked storage only means that the next visit starts with the defaults
      }
    },
  }
}
