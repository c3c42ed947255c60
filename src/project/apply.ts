/**
 * From what could be run to what the project wants run: its configuration chooses or makes the first candidate, and every
 * candidate with an interpreter gets the version that the project asks for. Pure.
 */

import { LANGUAGES, languageById } from '../languages/index.ts'
import { type Product, productOf } from '../languages/releases.ts'
import { nearestWord } from '../lib/nearest.ts'
import { basename, extname } from '../lib/path.ts'
import { CONFIG_FILE } from './configure.ts'
import type { Configuration } from './options.ts'
import { interpret, type Report, type RunTarget, titleOf } from './target.ts'
import { chooseVersion, type VersionChoice, type Wish } from './version.ts'
import { folderView, type ProjectView } from './view.ts'
import { parseWish, readWishes } from './wishes.ts'

/** A runtime that can be had. */
export interface Offered {
  readonly name: string
  readonly version: string
}

/** The candidates with what the configuration wants in the first place. */
export function applyConfiguration(
  view: ProjectView,
  config: Configuration,
  candidates: readonly RunTarget[],
  report: Report,
): RunTarget[] {
  const chosen = choose(view, config, candidates, report)
  if (!chosen) return [...candidates]
  const { target, made } = chosen
  const named = config.language !== undefined || config.entry !== undefined
  const first: RunTarget = {
    ...target,
    args: [...target.args, ...(config.args ?? [])],
    ...environment(config, target),
    ...(config.limits ? { limits: config.limits } : {}),
    explanation:
      (made || !named ? target.explanation : `${target.explanation} The configuration chose it.`) +
      (config.port === undefined || config.env?.PORT !== undefined ? '' : ` PORT is ${config.port}.`),
  }
  return [first, ...candidates.filter((other) => other !== target)]
}

/** A port reaches the program as PORT, as hosts of web services give it; a variable of that name says it more plainly. */
function environment({ env, port }: Configuration, target: RunTarget): Pick<RunTarget, 'env'> {
  const all = { ...target.env, ...(port === undefined ? {} : { PORT: String(port) }), ...env }
  return Object.keys(all).length > 0 ? { env: all } : {}
}

function choose(
  view: ProjectView,
  config: Configuration,
  candidates: readonly RunTarget[],
  report: Report,
): { target: RunTarget; made: boolean } | undefined {
  const { language, entry } = config
  if (language === undefined && entry === undefined) {
    const [first] = candidates
    const changes = config.args ?? config.env ?? config.limits ?? config.port
    return first && changes !== undefined ? { target: first, made: false } : undefined
  }
  const fits = (target: RunTarget): boolean =>
    (language === undefined || target.language === language) &&
    (entry === undefined || target.entry === entry)
  // An entry is meant from the root, as one types it there; what was found in a folder runs in that folder.
  const here = (target: RunTarget): boolean => entry === undefined || target.cwd === '.'
  const known = candidates.find((target) => fits(target) && target.runnable && here(target))
  if (entry !== undefined && !view.paths.some(({ path }) => path === entry)) {
    report({ path: CONFIG_FILE, message: missingEntry(view, entry) })
    const [first] = candidates
    return first && language === undefined ? { target: first, made: true } : undefined
  }
  if (known) return { target: known, made: false }
  const other = candidates.find(fits)
  if (entry === undefined && other) return { target: other, made: false }
  if (entry === undefined) {
    const name = languageById(language ?? '')?.name ?? language
    if (language !== undefined)
      report({
        path: CONFIG_FILE,
        message: `Nothing to run was found for ${name}, which the configuration names.`,
      })
    return undefined
  }
  const target = other && !other.runnable ? other : make(language, entry)
  if (!target)
    report({
      path: CONFIG_FILE,
      message: `${entry} is no program of a language that is known here; name the language, too.`,
    })
  return target ? { target, made: true } : undefined
}

function missingEntry(view: ProjectView, entry: string): string {
  const paths = view.paths.map(({ path }) => path)
  const near = paths.find((path) => basename(path) === basename(entry)) ?? nearestWord(entry, paths)
  return `The entry ${entry} is not in the project${near ? `; did you mean ${near}?` : '.'} It does not count.`
}

/** A file that detection would not have taken for a program, because somebody says that it is one. */
function make(language: string | undefined, entry: string): RunTarget | undefined {
  const extension = extname(entry).toLowerCase()
  const found =
    language === undefined
      ? LANGUAGES.find(({ extensions }) => extensions.includes(extension))
      : languageById(language)
  if (!found) return undefined
  const explanation = `The configuration names ${entry}.`
  const rest = { cwd: '.', explanation, warnings: [] }
  if (extension === '.wasm')
    return { ...interpret(found, entry), ...rest, runtime: null, command: `./${entry}`, args: [] }
  if (found.command !== null) return { ...interpret(found, entry), ...rest }
  const hint =
    found.build === null
      ? `${found.name} cannot be run here.`
      : `Run \`${found.build}\` and name the .wasm as the entry.`
  return { ...interpret(found, entry), ...rest, runnable: false, hint }
}

/**
 * Gives every candidate with an interpreter its version, with the reason.
 * @param offered undefined where the catalogue could not be asked: then the version stays open
 * @param now milliseconds since the epoch
 */
export function applyVersions(
  view: ProjectView,
  config: Configuration,
  candidates: readonly RunTarget[],
  offered: readonly Offered[] | undefined,
  now: number,
  report: Report,
): RunTarget[] {
  const said = new Set<string>()
  const once: Report = (problem) => {
    if (!said.has(problem.message)) report(problem)
    said.add(problem.message)
  }
  return candidates.map((target, index) => {
    const product = productOf(target.language)
    if (!product) return target
    const folders = target.cwd === '.' ? ['.'] : [target.cwd, '.']
    const wishes = folders.flatMap((folder) => readWishes(folderView(view, folder), product, once))
    if (target.runtime === null) return finished(target, product, wishes)
    const own =
      index === 0 && config.version !== undefined
        ? parseWish(product, config.version, CONFIG_FILE)
        : undefined
    if (own === null)
      once({
        path: CONFIG_FILE,
        message: `"${config.version}" is no version of ${product.name} that can be understood; it does not count.`,
      })
    return versioned(target, product, own ? [own, ...wishes] : wishes, offered, now)
  })
}

function versioned(
  target: RunTarget,
  product: Product,
  wishes: readonly Wish[],
  offered: readonly Offered[] | undefined,
  now: number,
): RunTarget {
  const { runtime } = target
  const language = languageById(target.language)
  if (!runtime || !language) return target
  if (!product.runtimes.includes(runtime.name))
    return wishes[0] ? substituted(target, product, wishes[0]) : target
  const known = offered?.filter(({ name }) => name === runtime.name).map(({ version }) => version)
  if (known === undefined || known.length === 0) return target
  const choice: VersionChoice = chooseVersion(product, wishes, known, now)
  if (choice.version === null) return target
  const title = titleOf(language)
  return {
    ...target,
    runtime: { ...runtime, version: choice.version },
    reason: target.reason.replace(title, () => `${language.name} ${choice.version}`),
    explanation: `${target.explanation} ${choice.explanation}`,
    warnings: [...target.warnings, ...choice.warnings],
  }
}

/** A program that comes built needs no compiler here: what the project asks for is told, and whose it was. */
function finished(target: RunTarget, product: Product, wishes: readonly Wish[]): RunTarget {
  const told = new Set(wishes.map(({ source, text }) => `${source} asks for ${product.name} ${text}`))
  if (told.size === 0) return target
  const words = `${[...told].join(', ')}: the version counts where it is built; a finished program runs as it is.`
  return { ...target, explanation: `${target.explanation} ${words}` }
}

/** Another program runs the language: there is no version of the wanted one to choose. */
function substituted(target: RunTarget, product: Product, wish: Wish): RunTarget {
  const instead = target.runtime?.name === 'quickjs' ? 'QuickJS' : target.runtime?.name
  const warning = `${wish.source} asks for ${product.name} ${wish.text}, which is not to be had: ${instead} runs it instead.`
  return { ...target, warnings: [...target.warnings, warning] }
}
