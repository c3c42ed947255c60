/** What can be run, as plain data: the user may change every word of it before it runs. */

import type { Limits } from '../abi/limits.ts'
import type { Language } from '../languages/index.ts'
import type { Configuration } from './options.ts'

export interface RunTarget {
  /** id in languages/ */
  readonly language: string
  /** what has to be fetched from the registry; null where the program runs by itself */
  readonly runtime: { readonly name: string; readonly version?: string } | null
  /** to spawn: a runtime's command, or a path relative to `cwd` with a slash in it; '' where nothing can be spawned */
  readonly command: string
  /** arguments after the command */
  readonly args: readonly string[]
  /** relative to the project; '.' is its root */
  readonly cwd: string
  readonly env?: Readonly<Record<string, string>>
  /** the file that is run, relative to the project */
  readonly entry: string
  /** for the chip: 'Python 3.12 · main.py' */
  readonly reason: string
  /** why this one, in sentences */
  readonly explanation: string
  /** false where something has to happen first, and `hint` says what */
  readonly runnable: boolean
  readonly hint?: string
  /** what may go wrong although it can be run */
  readonly warnings: readonly string[]
  /** what the project grants itself of the machine */
  readonly limits?: Partial<Limits>
}

/** A file of the project that cannot be understood. */
export interface Problem {
  readonly path: string
  /** from 1 */
  readonly line?: number
  readonly column?: number
  /** nothing is wrong with it, but it is worth a word */
  readonly isNote?: boolean
  /** a sentence that names the file, the place and what to do */
  readonly message: string
}

export interface Detection {
  /** best first; empty where nothing was recognised */
  readonly candidates: readonly RunTarget[]
  readonly problems: readonly Problem[]
  /** what the project and the page's address say; already applied to the candidates */
  readonly configuration: Configuration
}

/** A target before it is known in which folder of the project it lies: paths are relative to that folder. */
export interface Draft extends Omit<RunTarget, 'cwd' | 'warnings'> {
  readonly warnings?: readonly string[]
  /** how sure it is that this is what the user wants to run, 0 to 100 */
  readonly score: number
}

export type Report = (problem: Problem) => void

/** 'Python 3.12' or 'Rust'. */
export function titleOf(language: Language): string {
  return language.version === null ? language.name : `${language.name} ${language.version}`
}

/** Runs a source file with the interpreter of its language. */
export function interpret(
  language: Language,
  entry: string,
  args: readonly string[] = [],
): Pick<Draft, 'language' | 'runtime' | 'command' | 'args' | 'entry' | 'reason' | 'runnable'> {
  return {
    language: language.id,
    runtime: language.runtime === null ? null : { name: language.runtime },
    command: language.command ?? '',
    args: [...language.argv.map((part) => part.replace('{entry}', () => guardDash(entry))), ...args],
    entry,
    reason: `${titleOf(language)} · ${entry}`,
    runnable: true,
  }
}

/** A file whose name starts with a dash would be taken for an option. */
function guardDash(path: string): string {
  return path.startsWith('-') ? `./${path}` : path
}
