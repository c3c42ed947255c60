/** Ranges of versions as npm means them (node-semver), behind a narrow face. Only what a project can ask for is here. */
import compareVersions from 'semver/functions/compare.js'
import satisfiesRange from 'semver/functions/satisfies.js'
import minVersion from 'semver/ranges/min-version.js'
import validRange from 'semver/ranges/valid.js'

/** A range in its normal form, or null where it is none. */
export function parseRange(range: string): string | null {
  return validRange(range)
}

export function satisfies(version: string, range: string): boolean {
  return satisfiesRange(version, range)
}

/** Below zero where `a` is the older one. Both are full versions ('20.11.1'). */
export function compare(a: string, b: string): number {
  return compareVersions(a, b)
}

/** The lowest version that a range admits: where it begins. */
export function lowest(range: string): string | null {
  return minVersion(range)?.version ?? null
}
