/** What is left out unless the user wants it. Weaker than any `.gitignore`, so that a project can say otherwise. */

import { type IgnoreRules, parseIgnore } from './ignore.ts'

export interface DefaultIgnore {
  /** stable key for a switch */
  readonly id: string
  /** patterns as in a .gitignore */
  readonly patterns: readonly string[]
  /** why, as the user reads it */
  readonly reason: string
}

export const DEFAULT_IGNORES: readonly DefaultIgnore[] = [
  {
    id: 'version-control',
    patterns: ['.git', '.hg/', '.svn/', '.jj/'],
    reason: 'the history is not needed to run',
  },
  { id: 'node-modules', patterns: ['node_modules/'], reason: 'packages are installed anew, not copied' },
  {
    id: 'rust-target',
    patterns: ['target/'],
    reason: 'what Cargo has built is made again',
  },
  {
    id: 'python-caches',
    patterns: [
      '__pycache__/',
      '*.pyc',
      '*.pyo',
      '.mypy_cache/',
      '.pytest_cache/',
      '.ruff_cache/',
      '.tox/',
      '.nox/',
    ],
    reason: 'caches that Python makes again',
  },
  { id: 'python-environments', patterns: ['.venv/', 'venv/'], reason: 'made for another machine' },
  {
    id: 'tool-caches',
    patterns: ['.cache/', '.next/', '.nuxt/', '.parcel-cache/', '.turbo/', '.gradle/'],
    reason: 'caches that tools make again',
  },
  {
    id: 'system-files',
    patterns: ['.DS_Store', '._*', '__MACOSX/', 'Thumbs.db', 'desktop.ini', '.Spotlight-V100/', '.Trashes/'],
    reason: 'notes of the operating system',
  },
  {
    id: 'native-binaries',
    patterns: [
      '*.o',
      '*.obj',
      '*.a',
      '*.lib',
      '*.so',
      '*.so.*',
      '*.dylib',
      '*.dll',
      '*.exe',
      '*.pdb',
      '*.class',
      '*.rlib',
      '*.rmeta',
    ],
    reason: 'built for another machine, cannot run here',
  },
]

const LABEL = 'defaults'

/** The switched-on defaults as rules, and the sentence for a decision of theirs. */
export interface DefaultRules {
  readonly rules: IgnoreRules
  /** the reason of the default that has this line, or undefined for rules of a project */
  reasonOf(label: string, line: number): string | undefined
}

/** @param off ids of defaults that the user has switched off */
export function createDefaultRules(off: readonly string[] = []): DefaultRules {
  const lines = DEFAULT_IGNORES.filter(({ id }) => !off.includes(id)).flatMap(({ patterns, reason }) =>
    patterns.map((pattern) => ({ pattern, reason })),
  )
  return {
    rules: parseIgnore(lines.map(({ pattern }) => pattern).join('\n'), LABEL),
    reasonOf: (label, line) => (label === LABEL ? lines[line - 1]?.reason : undefined),
  }
}
