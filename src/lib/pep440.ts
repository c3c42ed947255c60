/** Versions and specifiers of Python (PEP 440), behind a narrow face. */
import { compare as compareVersions } from '@renovatebot/pep440/lib/operator.js'
import { parse, satisfies as satisfiesSpecifier, validRange } from '@renovatebot/pep440/lib/specifier.js'
import { valid } from '@renovatebot/pep440/lib/version.js'

export function isVersion(version: string): boolean {
  return valid(version) !== null
}

export function isSpecifier(specifier: string): boolean {
  return specifier.trim() !== '' && validRange(specifier)
}

/** Pre-releases count as versions: whoever offers one has nothing else. */
export function satisfies(version: string, specifier: string): boolean {
  return satisfiesSpecifier(version, specifier, { prereleases: true })
}

/** Below zero where `a` is the older one. */
export function compare(a: string, b: string): number {
  return compareVersions(a, b)
}

/** The versions that the clauses of a specifier name, with their operators. */
export function clausesOf(specifier: string): { operator: string; version: string }[] {
  return (parse(specifier) ?? []).map(({ operator, version }) => ({ operator, version }))
}
