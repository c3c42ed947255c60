/**
 * From a source to a plan: which files, folders and links are loaded, what is left out and why. Sizes are known afterwards,
 * contents are not read yet.
 *
 * Invariant: every node that the source lists is either in the plan, or in `leftOut`, or below a folder in `leftOut`; and
 * an ignored folder is not entered, except on the way to finished programs.
 */

import { decodeText } from '../lib/bytes.ts'
import { joinPath } from '../lib/path.ts'
import { findCollisions, type Note } from './collisions.ts'
import { createDefaultRules, type DefaultRules } from './defaults.ts'
import { describeFailure, isVanished } from './failure.ts'
import {
  createIgnoreScope,
  type IgnoreDecision,
  type IgnoreRules,
  type IgnoreScope,
  parseIgnore,
} from './ignore.ts'
import { admit, DEFAULT_LIMITS, type Limits, type Over } from './limits.ts'
import { isOutput, leadsToOutputs } from './outputs.ts'
import {
  type FileStat,
  findNameProblem,
  findPathProblem,
  type LeftOut,
  leftOut,
  type Source,
  type SourceFile,
  type SourceFolder,
  type SourceNode,
} from './source.ts'

export interface PlannedFile extends FileStat {
  /** relative to the project, '/' between names */
  readonly path: string
  read(): Promise<Uint8Array>
}

export interface PlannedLink {
  readonly path: string
  readonly target: string
}

/** The source could not be listed to its end. What was found before is in the plan. */
export interface Broken {
  readonly path: string
  readonly message: string
}

export interface WalkPlan {
  readonly name: string
  /** shallow paths first */
  readonly files: readonly PlannedFile[]
  /** every folder, parents first */
  readonly directories: readonly string[]
  readonly symlinks: readonly PlannedLink[]
  readonly leftOut: readonly LeftOut[]
  /** things to know that leave nothing out */
  readonly notes: readonly Note[]
  /** there where the project has more than the limits: `raiseLimits` takes the offer */
  readonly over?: Over
  readonly broken?: Broken
  readonly limits: Limits
  /** all that is not ignored, for `raiseLimits` */
  readonly candidates: readonly PlannedFile[]
  /** what was left out for other reasons than the limits */
  readonly refused: readonly LeftOut[]
}

export interface WalkProgress {
  readonly entries: number
  readonly files: number
  readonly bytes: number
  /** the folder that is being listed */
  readonly path: string
}

export interface WalkOptions {
  readonly limits?: Limits
  /** ids of DEFAULT_IGNORES that are switched off */
  readonly defaultsOff?: readonly string[]
  /** false loads what .gitignore files leave out */
  readonly gitignore?: boolean
  readonly signal?: AbortSignal
  progress?(progress: WalkProgress): void
}

/** More is somebody's whole disk, and listing it would take minutes. */
export const SCAN_MAX_ENTRIES = 500_000
/** A .gitignore is read before the limits are known; real ones have a few KB. */
const GITIGNORE_MAX_BYTES = 1024 * 1024
/** sizes asked for at once: enough to hide the browser's way to the disk, and no storm */
const STAT_AT_ONCE = 16

/** stands in lists for a name that the source cannot tell */
const NO_NAME = '\ufffd'

interface Walk {
  readonly options: WalkOptions
  readonly defaults: DefaultRules
  readonly files: PlannedFile[]
  readonly directories: string[]
  readonly symlinks: PlannedLink[]
  readonly refused: LeftOut[]
  readonly pending: Pending[]
  entries: number
  bytes: number
  broken?: Broken
}

interface Pending {
  readonly folder: SourceFolder
  readonly path: string
  readonly scope: IgnoreScope
  /** an ignored folder on the way to finished programs: nothing else of it is taken */
  readonly outputsOnly: boolean
}

/**
 * Walks a source.
 * @throws the signal's reason when it is aborted; everything else that goes wrong is in the plan
 */
export async function walk(source: Source, options: WalkOptions = {}): Promise<WalkPlan> {
  const defaults = createDefaultRules(options.defaultsOff)
  const scope = createIgnoreScope(undefined, defaults.rules)
  const state: Walk = {
    options,
    defaults,
    files: [],
    directories: [],
    symlinks: [],
    refused: [...source.leftOut],
    pending: [{ folder: source.root, path: '', scope, outputsOnly: false }],
    entries: 0,
    bytes: 0,
  }
  for (let at = 0; at < state.pending.length && state.broken === undefined; at++) {
    const next = state.pending[at]
    if (next !== undefined) await walkFolder(state, next)
  }
  return createPlan(source.name, state)
}

/** The same plan under other limits, without asking the source again. */
export function raiseLimits(plan: WalkPlan, limits: Limits): WalkPlan {
  const { over: _, ...rest } = plan
  const admission = admit(plan.candidates, limits)
  return {
    ...rest,
    files: admission.admitted,
    leftOut: [...plan.refused, ...admission.leftOut],
    ...(admission.over === undefined ? {} : { over: admission.over }),
    limits,
  }
}

function createPlan(name: string, state: Walk): WalkPlan {
  const paths = [state.files, state.symlinks].flatMap((list) => list.map(({ path }) => path))
  const bare: WalkPlan = {
    name,
    files: [],
    directories: state.directories,
    symlinks: state.symlinks,
    leftOut: [],
    notes: findCollisions([...paths, ...state.directories]),
    ...(state.broken === undefined ? {} : { broken: state.broken }),
    limits: DEFAULT_LIMITS,
    candidates: state.files,
    refused: state.refused,
  }
  return raiseLimits(bare, state.options.limits ?? DEFAULT_LIMITS)
}

async function walkFolder(state: Walk, pending: Pending): Promise<void> {
  const nodes = await listFolder(state, pending)
  const rules = await readRules(state, pending, nodes)
  const scope = rules === undefined ? pending.scope : pending.scope.withRules(rules)
  const taken: { path: string; file: SourceFile }[] = []
  for (const node of nodes) {
    const path = joinPath(pending.path, node.name || NO_NAME)
    const problem = findNameProblem(node.name) ?? findPathProblem(path)
    if (problem !== undefined) state.refused.push(leftOut(path, 'bad-name', `Left out: ${problem}.`))
    else if (node.kind === 'file') {
      if (takesFile(state, pending, scope, node, path)) taken.push({ path, file: node })
    } else takeOther(state, pending, scope, node, path)
  }
  await statFiles(state, taken)
  if (pending.outputsOnly && taken.length > 0) addWithParents(state, pending.path)
}

/** Lists as far as it goes; a folder that has vanished ends the walk, one that may not be read is left out. */
async function listFolder(state: Walk, { folder, path }: Pending): Promise<SourceNode[]> {
  const nodes: SourceNode[] = []
  const { signal, progress } = state.options
  progress?.({ entries: state.entries, files: state.files.length, bytes: state.bytes, path })
  signal?.throwIfAborted()
  try {
    for await (const node of folder.list()) {
      signal?.throwIfAborted()
      nodes.push(node)
      if (++state.entries > SCAN_MAX_ENTRIES) {
        const message = `The folder has more than ${SCAN_MAX_ENTRIES} entries. Bring the project's own folder.`
        state.broken = { path, message }
        break
      }
    }
  } catch (error) {
    signal?.throwIfAborted()
    if (isVanished(error)) state.broken = { path, message: describeFailure(path, error) }
    else state.refused.push(leftOut(path, 'unreadable', describeFailure(path, error)))
  }
  return nodes.sort((a, b) => (a.name < b.name ? -1 : a.name > b.name ? 1 : 0))
}

async function readRules(
  state: Walk,
  pending: Pending,
  nodes: SourceNode[],
): Promise<IgnoreRules | undefined> {
  if (state.options.gitignore === false || pending.outputsOnly) return undefined
  const file = nodes.find((node) => node.name === '.gitignore')
  if (file?.kind !== 'file') return undefined
  const path = joinPath(pending.path, file.name)
  try {
    const { size } = await file.stat()
    if (size <= GITIGNORE_MAX_BYTES) return parseIgnore(decodeText(await file.read()), path)
    state.refused.push(
      leftOut(path, 'too-large', 'Its patterns are not followed: it is larger than 1 MB.', size),
    )
  } catch (error) {
    state.refused.push(
      leftOut(path, 'unreadable', `Its patterns are not followed. ${describeFailure(path, error)}`),
    )
  }
  return undefined
}

function takesFile(
  state: Walk,
  pending: Pending,
  scope: IgnoreScope,
  node: SourceFile,
  path: string,
): boolean {
  if (isOutput(path)) return true
  if (pending.outputsOnly) return false
  const decision = scope.decide(node.name, false)
  if (decision?.ignored !== true) return true
  state.refused.push(leftOut(path, 'ignored', explain(state, decision)))
  return false
}

function takeOther(
  state: Walk,
  pending: Pending,
  scope: IgnoreScope,
  node: Exclude<SourceNode, SourceFile>,
  path: string,
): void {
  const isFolder = node.kind === 'directory'
  const decision = pending.outputsOnly ? undefined : scope.decide(node.name, isFolder)
  const ignored = pending.outputsOnly || decision?.ignored === true
  const entered = isFolder && leadsToOutputs(path)
  if (decision?.ignored === true) {
    const but = entered ? ' Finished .wasm programs in it are loaded.' : ''
    state.refused.push(leftOut(path, 'ignored', explain(state, decision) + but))
  }
  if (node.kind === 'directory') {
    if (!ignored) state.directories.push(path)
    if (!ignored || entered)
      state.pending.push({ folder: node, path, scope: scope.enter(node.name), outputsOnly: ignored })
  } else if (!ignored) state.symlinks.push({ path, target: node.target })
}

function explain({ defaults }: Walk, { label, line, pattern }: IgnoreDecision): string {
  const reason = defaults.reasonOf(label, line)
  return reason === undefined ? `Ignored by ${label}, line ${line}: ${pattern}` : `Ignored: ${reason}.`
}

async function statFiles(state: Walk, taken: readonly { path: string; file: SourceFile }[]): Promise<void> {
  for (let at = 0; at < taken.length; at += STAT_AT_ONCE) {
    state.options.signal?.throwIfAborted()
    const batch = taken.slice(at, at + STAT_AT_ONCE)
    const stats = await Promise.all(
      batch.map(({ file }) => file.stat().catch((error: unknown) => ({ error }))),
    )
    batch.forEach(({ path, file }, index) => {
      const stat = stats[index]
      if (stat === undefined) return
      if ('error' in stat) state.refused.push(leftOut(path, 'unreadable', describeFailure(path, stat.error)))
      else {
        state.files.push({ ...stat, path, read: () => file.read() })
        state.bytes += stat.size
      }
    })
  }
}

function addWithParents(state: Walk, path: string): void {
  const names = path.split('/')
  for (let length = 1; length <= names.length; length++) {
    const parent = names.slice(0, length).join('/')
    if (!state.directories.includes(parent)) state.directories.push(parent)
  }
}
