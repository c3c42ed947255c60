/**
 * The options of a project's configuration: where each stands, what makes its value sound, and where it goes. Data and checks;
 * `configure.ts` walks over files with them. Pure.
 */

import { LIMIT_FACTS, LIMIT_NAMES, type Limits } from '../abi/limits.ts'
import { LANGUAGES } from '../languages/index.ts'
import { nearestWord } from '../lib/nearest.ts'
import { normalizeInside } from '../lib/path.ts'
import { asRecord } from './manifest.ts'

export interface Forward {
  /** port that is asked for, and port in the machine */
  readonly from: number
  readonly to: number
}

export interface Configuration {
  /** id in languages/ */
  readonly language?: string
  /** as a range of the language's own kind */
  readonly version?: string
  /** relative to the project */
  readonly entry?: string
  readonly args?: readonly string[]
  readonly env?: Readonly<Record<string, string>>
  readonly port?: number
  readonly forwards?: readonly Forward[]
  readonly watch?: boolean
  readonly maxLines?: number
  readonly autoScroll?: boolean
  /** They tighten the machine's, never widen them. */
  readonly limits?: Partial<Limits>
}

/** Names of languages that people write, beside the ids. */
const ALIASES: Readonly<Record<string, string>> = {
  node: 'javascript',
  nodejs: 'javascript',
  js: 'javascript',
  quickjs: 'javascript',
  py: 'python',
  python3: 'python',
  golang: 'go',
  rs: 'rust',
  html: 'web',
}
/** Lines that a console keeps: fewer show no traceback, more it does not scroll through smoothly. */
const LEAST_LINES = 100
const MOST_LINES = 100_000
/** Of arguments, variables and forwards: far above any project, far below what slows a start. */
const MOST_ITEMS = 1000

type Check<T> = (value: unknown) => { readonly value: T } | { readonly wrong: string }

export interface Option {
  readonly path: readonly string[]
  readonly check: Check<unknown>
  /** where it goes in the Configuration */
  put(config: Draft, value: unknown): void
}

export type Draft = { -readonly [K in keyof Configuration]: Configuration[K] }

const sound = <T>(value: T): { readonly value: T } => ({ value })
const wrong = (text: string): { readonly wrong: string } => ({ wrong: text })
export const shown = (value: unknown): string => {
  const text = typeof value === 'bigint' ? String(value) : (JSON.stringify(value) ?? String(value))
  return text.length > 60 ? `${text.slice(0, 60)}…` : text
}

const isText: Check<string> = (value) =>
  typeof value === 'string' && value !== '' && !value.includes('\0') ? sound(value) : wrong('is no text')

const isFlag: Check<boolean> = (value) =>
  typeof value === 'boolean' ? sound(value) : wrong(`is ${shown(value)}; it is true or false`)

const isWhole =
  (least: number, most: number): Check<number> =>
  (value) =>
    typeof value === 'number' && Number.isSafeInteger(value) && value >= least && value <= most
      ? sound(value)
      : wrong(`is ${shown(value)}; it is a whole number from ${least} to ${most}`)

const isPort = isWhole(1, 65_535)

const isLanguage: Check<string> = (value) => {
  const word = typeof value === 'string' ? value.toLowerCase() : ''
  const id = Object.hasOwn(ALIASES, word)
    ? ALIASES[word]
    : LANGUAGES.find((language) => language.id === word)?.id
  if (id !== undefined) return sound(id)
  const ids = LANGUAGES.map((language) => language.id)
  const near = nearestWord(word, [...ids, ...Object.keys(ALIASES)])
  return wrong(
    `is ${shown(value)}; ${near ? `did you mean "${near}"?` : `the languages are ${ids.join(', ')}`}`,
  )
}

const isEntry: Check<string> = (value) => {
  const path = typeof value === 'string' && !value.startsWith('/') ? normalizeInside(value) : undefined
  return path === undefined || path === '' || path === '.'
    ? wrong(`is ${shown(value)}; it is the path of a file in the project`)
    : sound(path)
}

const isArgs: Check<string[]> = (value) =>
  Array.isArray(value) &&
  value.length <= MOST_ITEMS &&
  value.every((each) => typeof each === 'string' && !each.includes('\0'))
    ? sound(value as string[])
    : wrong(`is ${shown(value)}; it is a list of texts, as in ["--port", "80"]`)

const isEnv: Check<Record<string, string>> = (value) => {
  const entries = Object.entries(asRecord(value))
  if (typeof value !== 'object' || value === null || Array.isArray(value) || entries.length > MOST_ITEMS)
    return wrong(`is ${shown(value)}; it is a table of names and texts`)
  const bad = entries.find(
    ([name, each]) =>
      !/^[^=\0]+$/.test(name) ||
      !['string', 'number', 'boolean'].includes(typeof each) ||
      String(each).includes('\0'),
  )
  if (bad) return wrong(`has ${bad[0]} = ${shown(bad[1])}; the values are texts, numbers or true and false`)
  return sound(Object.fromEntries(entries.map(([name, each]) => [name, String(each)])))
}

/** [3000] and ["8080:3000"]. */
const isForwards: Check<Forward[]> = (value) => {
  if (!Array.isArray(value) || value.length > MOST_ITEMS)
    return wrong(`is ${shown(value)}; it is a list of ports, as in ["8080:3000"]`)
  const forwards: Forward[] = []
  for (const each of value as unknown[]) {
    const [, from, to] = /^(\d{1,5})(?::(\d{1,5}))?$/.exec(String(each)) ?? []
    const pair = { from: Number(from), to: Number(to ?? from) }
    if (from === undefined || 'wrong' in isPort(pair.from) || 'wrong' in isPort(pair.to))
      return wrong(`has ${shown(each)}; a forward is "8080:3000", both from 1 to 65535`)
    forwards.push(pair)
  }
  return sound(forwards)
}

const UNITS: Readonly<Record<string, number>> = {
  '': 1,
  b: 1,
  k: 2 ** 10,
  kb: 1e3,
  kib: 2 ** 10,
  m: 2 ** 20,
  mb: 1e6,
  mib: 2 ** 20,
  g: 2 ** 30,
  gb: 1e9,
  gib: 2 ** 30,
}

const isLimit =
  (name: keyof Limits): Check<number> =>
  (value) => {
    const { unit, least } = LIMIT_FACTS[name]
    const [, digits = '', suffix = ''] = /^\s*(\d+(?:\.\d+)?)\s*([a-z]*)\s*$/i.exec(String(value)) ?? []
    const factor = unit === 'bytes' ? UNITS[suffix.toLowerCase()] : suffix === '' ? 1 : undefined
    const amount = digits === '' || factor === undefined ? Number.NaN : Math.round(Number(digits) * factor)
    const like =
      unit === 'bytes'
        ? 'a number of bytes, or a text like "512 MiB"'
        : `a number of ${unit === 'seconds' ? 'seconds' : 'things'}`
    return Number.isSafeInteger(amount) && amount >= least
      ? sound(amount)
      : wrong(`is ${shown(value)}; it is ${like}, ${least} or more`)
  }

const snake = (name: string): string => name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)

const option = <K extends keyof Configuration>(
  path: readonly string[],
  key: K,
  check: Check<NonNullable<Configuration[K]>>,
): Option => ({
  path,
  check,
  put: (config, value) => {
    // `check` has just said that it is one
    config[key] = value as Draft[K]
  },
})

export const OPTIONS: readonly Option[] = [
  option(['os_mode', 'language'], 'language', isLanguage),
  option(['os_mode', 'version'], 'version', isText),
  option(['os_mode', 'entry'], 'entry', isEntry),
  option(['os_mode', 'args'], 'args', isArgs),
  option(['os_mode', 'env'], 'env', isEnv),
  option(['os_mode', 'port'], 'port', isPort),
  option(['os_mode', 'forwards'], 'forwards', isForwards),
  option(['os_mode', 'watch'], 'watch', isFlag),
  option(['os_mode', 'logs', 'max_lines'], 'maxLines', isWhole(LEAST_LINES, MOST_LINES)),
  option(['os_mode', 'logs', 'auto_scroll'], 'autoScroll', isFlag),
  ...LIMIT_NAMES.map(
    (name): Option => ({
      path: ['limits', snake(name)],
      check: isLimit(name),
      put: (config, value) => {
        config.limits = { ...config.limits, [name]: value as number }
      },
    }),
  ),
]
