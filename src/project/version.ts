/**
 * Which version runs: the newest long-term one that satisfies what the project asks for, else the newest that does, else the
 * nearest, with a warning. Pure; every choice comes with its reason in words.
 */

import type { Product } from '../languages/releases.ts'
import * as pep440 from '../lib/pep440.ts'
import * as semver from '../lib/semver.ts'

/** What one file of the project asks for. */
export interface Wish {
  /** as the beginning of a sentence: '.nvmrc', '"engines" of package.json' */
  readonly source: string
  /** as it is written there */
  readonly text: string
  readonly scheme: Product['scheme']
  /** in the notation of the scheme; '*' for any */
  readonly range: string
  /** 'newest' where the words ask for the newest of all */
  readonly prefer: 'long-term' | 'newest'
}

export interface VersionChoice {
  /** null where there is none to choose from */
  readonly version: string | null
  /** a sentence */
  readonly explanation: string
  /** what the project asks for and does not get; sentences */
  readonly warnings: readonly string[]
}

/**
 * @param wishes the one that counts most first; the others hold as far as that one allows
 * @param available versions that can be had, in any order
 * @param now milliseconds since the epoch: support ends by the calendar
 */
export function chooseVersion(
  product: Product,
  wishes: readonly Wish[],
  available: readonly string[],
  now: number,
): VersionChoice {
  const versions = sortVersions(product, available)
  const [first] = wishes
  if (versions.length === 0)
    return { version: null, explanation: `No version of ${product.name} is to be had here.`, warnings: [] }
  if (first === undefined) {
    const { version, why } = best(product, versions, now, 'long-term')
    return {
      version,
      explanation: `No file asks for a version of ${product.name}: ${version} is ${why}.`,
      warnings: [],
    }
  }
  const fitting = versions.filter((version) => fits(version, first))
  if (fitting.length === 0) return chooseNearest(product, first, versions)
  const all = fitting.filter((version) => wishes.every((wish) => fits(version, wish)))
  const { version, why } = best(product, all.length > 0 ? all : fitting, now, first.prefer)
  const missed = wishes.filter((wish) => !fits(version, wish))
  return {
    version,
    explanation: `${first.source} asks for ${product.name} ${first.text}: ${version} is ${why} that fits.`,
    warnings: missed.map(
      (wish) =>
        `${wish.source} asks for ${product.name} ${wish.text}, and ${first.source} for ${first.text}: ${version} runs.`,
    ),
  }
}

/** What is satisfied by nothing that can be had. */
function chooseNearest(product: Product, wish: Wish, versions: readonly string[]): VersionChoice {
  const version = nearest(product, wish, versions)
  const has = versions.length === 1 ? `only ${version} is` : `${versions.slice(-5).join(', ')} are`
  return {
    version,
    explanation: `${wish.source} asks for ${product.name} ${wish.text}; ${version} is the nearest that is to be had.`,
    warnings: [
      `${wish.source} asks for ${product.name} ${wish.text}, which is not to be had (${has}). ` +
        `${version} is the nearest and runs instead: what the two do differently can go wrong.`,
    ],
  }
}

/** The oldest of the newer ones, since programs of yesterday mostly run today; else the newest of the older ones. */
function nearest(product: Product, wish: Wish, versions: readonly string[]): string {
  const start = beginningOf(wish)
  const newer = versions.find((version) => start !== null && compare(product, version, start) >= 0)
  return newer ?? versions.at(-1) ?? ''
}

/** Where a range begins, or ends where it says only that. */
function beginningOf(wish: Wish): string | null {
  if (wish.scheme === 'semver') return semver.lowest(wish.range)
  const clauses = pep440.clausesOf(wish.range).filter(({ operator }) => operator !== '!=')
  const lower = clauses.filter(({ operator }) => !operator.startsWith('<'))
  const named = (lower.length > 0 ? lower : clauses).map(({ version }) => version).sort(pep440.compare)
  return named.at(-1) ?? null
}

function best(
  product: Product,
  versions: readonly string[],
  now: number,
  prefer: Wish['prefer'],
): { version: string; why: string } {
  const newest = versions.at(-1) ?? ''
  if (prefer === 'newest' || product.longTerm.length === 0) return { version: newest, why: 'the newest' }
  const supported = versions.filter((version) => isLongTerm(product, version, now, true)).at(-1)
  if (supported !== undefined) return { version: supported, why: 'the newest with long-term support' }
  const former = versions.filter((version) => isLongTerm(product, version, now, false)).at(-1)
  if (former !== undefined) return { version: former, why: 'the newest that had long-term support' }
  return { version: newest, why: 'the newest' }
}

function isLongTerm(product: Product, version: string, now: number, still: boolean): boolean {
  const line = product.longTerm.find(({ major }) => major === Number(version.split('.')[0]))
  if (line === undefined || now < Date.parse(line.since)) return false
  return !still || now < Date.parse(line.until) + 24 * 3600 * 1000
}

function fits(version: string, wish: Wish): boolean {
  if (wish.range === '*') return true
  return wish.scheme === 'semver'
    ? semver.satisfies(full(version), wish.range)
    : pep440.satisfies(version, wish.range)
}

/** Old to new; what is no version in the product's scheme is left out. */
function sortVersions(product: Product, versions: readonly string[]): string[] {
  const sound = versions.filter((version) =>
    product.scheme === 'pep440' ? pep440.isVersion(version) : semver.parseRange(version) !== null,
  )
  return [...new Set(sound)].sort((a, b) => compare(product, a, b))
}

function compare(product: Product, a: string, b: string): number {
  return product.scheme === 'pep440' ? pep440.compare(a, b) : semver.compare(full(a), full(b))
}

/** '1.22' as '1.22.0': catalogues shorten what npm does not. */
function full(version: string): string {
  const [, numbers = '', rest = ''] = /^v?(\d+(?:\.\d+){0,2})(.*)$/.exec(version) ?? []
  return `${[...numbers.split('.'), '0', '0'].slice(0, 3).join('.')}${rest}`
}
