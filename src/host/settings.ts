/**
 * The user's settings: a few small values in IndexedDB, each under a key of this table and read through its own check, so
 * that what an older version or another tab left there cannot break the page.
 *
 * Invariant: no call hangs; where storage is blocked a setting lives as long as the page.
 */
import { ERRNO, SysError } from '../abi/errno.ts'
import { settleWithin } from './patience.ts'

/** A key-value store, as idb-keyval is one. */
export interface Records {
  get(key: string): Promise<unknown>
  set(key: string, value: unknown): Promise<void>
  del(key: string): Promise<void>
}

export interface Settings {
  /** Undefined when it was never set or what is stored is not sound. @throws SysError EINVAL for an unknown key */
  get(key: string): Promise<unknown>
  /** Undefined forgets it. @throws SysError EINVAL for an unknown key or a value that does not fit */
  set(key: string, value: unknown): Promise<void>
  /** Whether values outlive the page: null, or a sentence that says why not. */
  probe(): Promise<string | null>
}

/** Milliseconds that IndexedDB may take: blocked by an open older version, or by the browser, it never answers. */
const RECORD_PATIENCE = 5000
/** Projects on the start screen. */
const MOST_RECENT = 20
/** Entries of a table of numbers. */
const MOST_NUMBERS = 200
const LONGEST_TEXT = 500
/** Mirrors of runtimes: each is asked at every start. */
export const MOST_SOURCES = 20

type Check = (value: unknown) => unknown

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

/** One of these words. */
const word =
  (...words: string[]): Check =>
  (value) =>
    typeof value === 'string' && words.includes(value) ? value : undefined

/** Finite numbers and yes or no by name. */
const numbers: Check = (value) => {
  if (!isRecord(value)) return undefined
  const entries = Object.entries(value).filter(
    ([key, each]) => key.length <= 64 && (Number.isFinite(each) || typeof each === 'boolean'),
  )
  return entries.length > MOST_NUMBERS ? undefined : Object.fromEntries(entries)
}

/** The newest first: name, when it was last opened (milliseconds since the epoch), what it runs on. */
const recent: Check = (value) => {
  if (!Array.isArray(value)) return undefined
  const sound = value.flatMap((each: unknown) => {
    if (!isRecord(each)) return []
    const { name, opened, runtime } = each
    const fits = typeof name === 'string' && name.length > 0 && name.length <= LONGEST_TEXT
    if (!fits || typeof opened !== 'number' || !Number.isFinite(opened)) return []
    return [{ name, opened, runtime: typeof runtime === 'string' ? runtime.slice(0, LONGEST_TEXT) : '' }]
  })
  return sound.slice(0, MOST_RECENT)
}

/** Addresses of mirrors. */
const sources: Check = (value) => {
  if (!Array.isArray(value)) return undefined
  const sound = value.filter((each) => typeof each === 'string' && each.length <= 2000 && URL.canParse(each))
  return sound.slice(0, MOST_SOURCES)
}

const CHECKS: Record<string, Check> = {
  theme: word('system', 'light', 'dark'),
  limits: numbers,
  layout: numbers,
  recent,
  sources,
}

export const parseSetting = (key: string, value: unknown): unknown => {
  const check = Object.hasOwn(CHECKS, key) ? CHECKS[key] : undefined
  if (!check) throw new SysError(ERRNO.INVAL, key, 'no such setting')
  return check(value)
}

export const createSettings = (records: Records, patience = RECORD_PATIENCE): Settings => {
  const session = new Map<string, unknown>()
  const ask = <T>(work: () => Promise<T>): Promise<T> =>
    settleWithin(patience, Promise.resolve().then(work), 'IndexedDB')
  const store = (key: string, value: unknown): Promise<void> =>
    ask(() => (value === undefined ? records.del(key) : records.set(key, value)))
  return {
    get: async (key) => {
      parseSetting(key, undefined)
      if (session.has(key)) return session.get(key)
      return parseSetting(key, await ask(() => records.get(key)).catch(() => undefined))
    },
    set: async (key, value) => {
      const sound = parseSetting(key, value)
      if (value !== undefined && sound === undefined)
        throw new SysError(ERRNO.INVAL, key, 'that value does not fit the setting')
      session.set(key, sound)
      await store(key, sound).catch(() => {})
    },
    probe: async () => {
      try {
        const mark = `${Date.now()}-${Math.random()}`
        await ask(() => records.set('probe', mark))
        const back = await ask(() => records.get('probe'))
        await ask(() => records.del('probe'))
        return back === mark ? null : 'This browser forgets at once what the page stores.'
      } catch (error) {
        return `This browser stores nothing for this page (${error instanceof Error ? error.message : String(error)}).`
      }
    },
  }
}
