/**
 * `.gitignore` as git reads it (gitignore(5), and dir.c where the manual is silent). One `IgnoreRules` is one file of
 * patterns; an `IgnoreScope` is a folder with the rules that hold in it.
 *
 * Invariant: a walk asks top-down and never enters an ignored folder, so nothing below one can be re-included. Within a
 * folder the nearest file with a matching pattern decides, and in a file its last match.
 */

import { byteString } from '../lib/bytes.ts'
import { compileWildmatch, type Matcher } from './wildmatch.ts'

interface Pattern {
  readonly line: number
  readonly text: string
  readonly negated: boolean
  readonly directoryOnly: boolean
  /** matches the last name of a path only; else the path below the folder of the file */
  readonly nameOnly: boolean
  readonly matches: Matcher
}

/** The patterns of one file; `label` is how messages call it. */
export interface IgnoreRules {
  readonly label: string
  readonly patterns: readonly Pattern[]
}

export interface IgnoreDecision {
  readonly ignored: boolean
  /** the pattern that decided, as it is written, its file and its line from 1 */
  readonly pattern: string
  readonly label: string
  readonly line: number
}

export interface IgnoreScope {
  /** What decides on an entry of this folder, or undefined where no pattern matches. */
  decide(name: string, isDirectory: boolean): IgnoreDecision | undefined
  /** The same folder with the rules of its own `.gitignore`, which come before all others. */
  withRules(rules: IgnoreRules): IgnoreScope
  /** The scope of a folder in this one, without rules of its own yet. */
  enter(name: string): IgnoreScope
}

/** Reads the text of a `.gitignore`. Every text is valid: what git would not match here never matches. */
export function parseIgnore(text: string, label = '.gitignore'): IgnoreRules {
  const patterns: Pattern[] = []
  text
    .replace(/^\ufeff/, '')
    .split('\n')
    .forEach((line, index) => {
      const pattern = parsePattern(line, index + 1)
      if (pattern !== undefined) patterns.push(pattern)
    })
  return { label, patterns }
}

function parsePattern(line: string, number: number): Pattern | undefined {
  if (line.startsWith('#')) return undefined
  const whole = trimTrailingSpaces(line.replace(/\r$/, '').replace(/\0.*$/s, ''))
  const negated = whole.startsWith('!')
  let body = byteString(negated ? whole.slice(1) : whole)
  const directoryOnly = body.endsWith('/')
  if (directoryOnly) body = body.slice(0, -1)
  if (body === '') return undefined
  const nameOnly = !body.includes('/')
  const matches = nameOnly ? compileWildmatch(body, false) : compilePathname(body.replace(/^\//, ''))
  return { line: number, text: whole, negated, directoryOnly, nameOnly, matches }
}

/** Spaces at the end go, unless a backslash protects them; tabs stay. */
function trimTrailingSpaces(line: string): string {
  let end = 0
  for (let index = 0; index < line.length; index++) {
    if (line[index] === '\\') end = ++index + 1
    else if (line[index] !== ' ') end = index + 1
  }
  return line.slice(0, end)
}

/**
 * Git compares what stands before the first special character as plain text and hands the rest to the matcher; so '**' right
 * after plain text ('foo**' with a slash elsewhere) stands at the start of a pattern and crosses slashes.
 */
function compilePathname(pattern: string): Matcher {
  const special = pattern.search(/[*?[\\]/)
  if (special < 0) return (path) => path === pattern
  const prefix = pattern.slice(0, special)
  const rest = compileWildmatch(pattern.slice(special), true)
  return (path) => path.startsWith(prefix) && rest(path.slice(special))
}

interface Level {
  readonly rules: IgnoreRules
  /** path of the current folder below the folder of the rules, as a byte string; '' or ending in a slash */
  readonly below: string
}

/**
 * The scope of a project's root.
 * @param rules its own `.gitignore`, where it has one
 * @param defaults weakest of all: any `.gitignore` can re-include what they take out
 */
export function createIgnoreScope(rules?: IgnoreRules, defaults?: IgnoreRules): IgnoreScope {
  const levels: Level[] = []
  if (rules !== undefined) levels.push({ rules, below: '' })
  if (defaults !== undefined) levels.push({ rules: defaults, below: '' })
  return scopeOf(levels)
}

/** `levels` are nearest first. */
function scopeOf(levels: readonly Level[]): IgnoreScope {
  return {
    decide(name, isDirectory) {
      const bytes = byteString(name)
      for (const { rules, below } of levels) {
        const pattern = rules.patterns.findLast(
          ({ directoryOnly, nameOnly, matches }) =>
            (isDirectory || !directoryOnly) && matches(nameOnly ? bytes : below + bytes),
        )
        if (pattern === undefined) continue
        return { ignored: !pattern.negated, pattern: pattern.text, label: rules.label, line: pattern.line }
      }
      return undefined
    },
    withRules: (rules) => scopeOf([{ rules, below: '' }, ...levels]),
    enter(name) {
      const below = `${byteString(name)}/`
      return scopeOf(levels.map((level) => ({ rules: level.rules, below: level.below + below })))
    },
  }
}
