/**
 * One round of a sync: the pictures are decided on, and what was decided is done, first in the machine, then on the disk.
 *
 * Invariant: base takes in a path only after it was done, so a round that breaks off anywhere is taken up by the next one. Nothing of
 * ours is overwritten before its copy aside is there.
 */
import type { DiskConflict, DiskLeftOut, TreeStep, TreeStepResult } from '../../abi/disk.ts'
import { decide, type SyncAction, type SyncDecision, type SyncWay } from '../../project/sync.ts'
import { type SyncRules, viewOf } from '../../project/sync-view.ts'
import { type DiskEntry, type DiskResult, type Folder, inBatches } from './folder.ts'
import { describeRefusedName } from './handles.ts'
import type { Machine } from './machine.ts'
import { type Hash, nodesOf, nodesOfBase, type Pictures } from './pictures.ts'

/** Something that could not be done. */
export interface Problem extends DiskLeftOut {
  /** Of the machine's file at that time; another one is tried at once. */
  version: string
  /** When to try again, on `clock`. */
  retryAt: number
}

export interface RoundOptions {
  machine: Machine
  folder: Folder
  pictures: Pictures
  rules: SyncRules
  hashOf: Hash
  /** Rules and all that has to wait. */
  way: (path: string, isDirectory: boolean) => SyncWay
  problems: Map<string, Problem>
  /** Milliseconds since the epoch. */
  now: () => number
  /** Milliseconds that never go back. */
  clock: () => number
  onConflict: (conflict: DiskConflict) => void
  onLeft: (count: number) => void
}

export interface RoundResult {
  /** Something was not as thought, or more follows: look at these folders again. */
  again: boolean
  folders: Set<string>
  done: number
  decision: SyncDecision
}

const WINDOW = 64
const WRITES_AT_ONCE = 8
const RETRY_MS = 3000

const isOutward = ({ type }: SyncAction): boolean =>
  type === 'give' || type === 'make-there' || type === 'remove-there'

/** What the machine would still have to give if the disk were as it was. */
export const outward = (decision: SyncDecision): number => decision.actions.filter(isOutward).length

export const decideRound = (
  { pictures, rules, way }: RoundOptions,
  theirs = nodesOf(pictures.theirs),
): SyncDecision =>
  decide({
    base: nodesOfBase(pictures.base),
    ours: viewOf(nodesOf(pictures.ours), rules.way),
    theirs: viewOf(theirs, rules.way),
    way,
  })

export const runRound = async (options: RoundOptions): Promise<RoundResult> => {
  const { pictures } = options
  const decision = decideRound(options)
  const result: RoundResult = { again: false, folders: new Set(), done: 0, decision }
  for (const path of decision.dropped) pictures.forget(path)
  for (const path of decision.agreed) pictures.agree(path)
  options.onLeft(outward(decision))
  await changeMachine(options, result)
  await changeDisk(options, result)
  return result
}

const parentOf = (path: string): string => path.slice(0, Math.max(0, path.lastIndexOf('/')))

// ── The machine ─────────────────────────────────────────────────────────────

const changeMachine = async (options: RoundOptions, result: RoundResult): Promise<void> => {
  const inward = result.decision.actions.filter((action) => !isOutward(action))
  const asides = inward.filter((action) => action.type === 'aside')
  const kept = await moveAside(options, result, asides)
  const rest = inward.filter((action) => action.type !== 'aside' && !kept.has(action.path))
  const removed = new Set<string>()
  for (let at = 0; at < rest.length; at += WINDOW) {
    const window = rest.slice(at, at + WINDOW)
    const contents = await readContents(options, result, window)
    const steps = window.flatMap((action) => stepOf(options, action, contents, removed) ?? [])
    const answers = await options.machine.apply(steps)
    for (const [index, step] of steps.entries()) settleHere(options, result, step, answers[index], contents)
  }
}

/** Paths whose ours could not be put aside: those must not be overwritten. */
const moveAside = async (
  { machine, pictures, onConflict, now }: RoundOptions,
  result: RoundResult,
  asides: (SyncAction & { type: 'aside' })[],
): Promise<Set<string>> => {
  const steps = asides.map(({ path, to, how }): TreeStep => {
    const version = pictures.ours.get(path)?.version ?? ''
    return { type: 'aside', path, to, how, version }
  })
  const kept = new Set<string>()
  for (const [index, answer] of (await machine.apply(steps)).entries()) {
    const aside = asides[index]
    if (!aside) continue
    result.again = true
    if (answer.state === 'done') onConflict({ path: aside.path, mine: aside.to, time: now() })
    else kept.add(aside.path)
  }
  return kept
}

type Contents = Map<string, Uint8Array<ArrayBuffer>>

const readContents = async (
  { folder, pictures, hashOf, now }: RoundOptions,
  result: RoundResult,
  actions: readonly SyncAction[],
): Promise<Contents> => {
  const contents: Contents = new Map()
  const takes = actions.filter(({ type }) => type === 'take')
  await inBatches(takes, async ({ path }) => {
    const known = pictures.bytesOf(path)
    if (known) return void contents.set(path, known)
    const file = await folder.read(path)
    if (!file) {
      result.again = true
      result.folders.add(parentOf(path))
      return
    }
    contents.set(path, file.bytes)
    pictures.theirs.set(path, { ...file.entry, hash: await hashOf(file.bytes), hashedAt: now() })
  })
  return contents
}

const stepOf = (
  { pictures }: RoundOptions,
  action: SyncAction,
  contents: Contents,
  removed: Set<string>,
): TreeStep | null => {
  const { path, type } = action
  const ours = pictures.ours.get(path)
  if (type === 'make-here') return { type: 'mkdir', path }
  if (type === 'remove-here') {
    removed.add(path)
    return action.isDirectory
      ? { type: 'rmdir', path }
      : { type: 'remove', path, version: ours?.version ?? '' }
  }
  const bytes = contents.get(path)
  if (type !== 'take' || !bytes) return null
  const version = ours?.kind === 'file' && !removed.has(path) ? ours.version : null
  return { type: 'write', path, bytes, version }
}

const settleHere = (
  { pictures, problems, clock }: RoundOptions,
  result: RoundResult,
  step: TreeStep,
  answer: TreeStepResult | undefined,
  contents: Contents,
): void => {
  const { path } = step
  if (answer?.state !== 'done') {
    result.again = true
    if (answer?.state === 'failed')
      problems.set(path, {
        path,
        where: 'disk',
        reason: answer.message,
        version: '',
        retryAt: clock() + RETRY_MS,
      })
    return
  }
  result.done++
  problems.delete(path)
  if (step.type === 'write') {
    const hash = pictures.theirs.get(path)?.hash ?? ''
    pictures.ours.set(path, {
      kind: 'file',
      version: answer.version,
      size: contents.get(path)?.length ?? 0,
      hash,
    })
    pictures.agree(path)
  } else if (step.type === 'mkdir') {
    pictures.ours.set(path, { kind: 'directory', version: '', size: 0 })
    pictures.agree(path)
  } else {
    pictures.ours.delete(path)
    pictures.forget(path)
  }
}

// ── The disk ────────────────────────────────────────────────────────────────

const changeDisk = async (options: RoundOptions, result: RoundResult): Promise<void> => {
  const { folder, pictures } = options
  const removed = new Set<string>()
  let left = outward(result.decision)
  const settle = (action: SyncAction, answer: DiskResult): void => {
    settleThere(options, result, action, answer)
    options.onLeft(--left)
  }
  for (const run of runsOf(result.decision.actions.filter(isOutward))) {
    const [first] = run
    if (first?.type === 'give') await giveAll(options, result, run, removed, settle)
    else if (first?.type === 'make-there')
      for (const action of run) settle(action, await folder.make(action.path))
    else if (first?.type === 'remove-there' && first.isDirectory)
      for (const action of run) settle(action, await folder.removeFolder(action.path))
    else
      await inBatches(run, async (action) => {
        const expected = pictures.theirs.get(action.path)
        removed.add(action.path)
        settle(
          action,
          expected ? await folder.removeFile(action.path, expected) : { state: 'done', entry: null },
        )
      })
  }
}

/** Neighbours of one kind, which do not depend on each other. */
const runsOf = (actions: readonly SyncAction[]): SyncAction[][] => {
  const runs: SyncAction[][] = []
  let last = ''
  for (const action of actions) {
    const kind = `${action.type} ${'isDirectory' in action && action.isDirectory}`
    if (kind === last) runs.at(-1)?.push(action)
    else runs.push([action])
    last = kind
  }
  return runs
}

const giveAll = async (
  { machine, folder, pictures, hashOf, problems }: RoundOptions,
  result: RoundResult,
  run: readonly SyncAction[],
  removed: ReadonlySet<string>,
  settle: (action: SyncAction, answer: DiskResult) => void,
): Promise<void> => {
  const writing = new Set<Promise<void>>()
  const write = async (path: string, version: string, bytes: Uint8Array<ArrayBuffer>): Promise<void> => {
    const there = pictures.theirs.get(path)
    const expected = there?.kind === 'file' && !removed.has(path) ? there : undefined
    const hash = await hashOf(bytes)
    const answer = await folder.write(path, bytes, expected)
    pictures.ours.set(path, { kind: 'file', version, size: bytes.length, hash })
    if (answer.state === 'done' && answer.entry)
      pictures.theirs.set(path, { ...answer.entry, hash, hashedAt: Date.now() })
    problems.delete(path)
    settle({ type: 'give', path }, answer)
  }
  let failure: { error: unknown } | null = null
  const given = new Set<string>()
  for await (const [path, { version, bytes }] of machine.read(run.map(({ path }) => path))) {
    given.add(path)
    const way = write(path, version, bytes).catch((error: unknown) => {
      failure ??= { error }
    })
    const done = way.then(() => void writing.delete(done))
    writing.add(done)
    if (writing.size >= WRITES_AT_ONCE) await Promise.race(writing)
    if (failure) break
  }
  await Promise.all(writing)
  if (failure) throw (failure as { error: unknown }).error
  // What is gone from the machine meanwhile is the next round's.
  if (given.size < run.length) result.again = true
}

const settleThere = (
  { pictures, problems, clock }: RoundOptions,
  result: RoundResult,
  action: SyncAction,
  answer: DiskResult,
): void => {
  const { path } = action
  if (answer.state === 'done') {
    result.done++
    if (action.type === 'remove-there') {
      pictures.theirs.delete(path)
      pictures.forget(path)
    } else {
      if (action.type === 'make-there') pictures.theirs.set(path, answer.entry as DiskEntry)
      pictures.agree(path)
    }
    return
  }
  result.folders.add(parentOf(path))
  if (answer.state === 'changed') {
    result.again = true
    // A folder with something ignored in it stays; nobody misses it.
    if (action.type === 'remove-there' && action.isDirectory) pictures.forget(path)
    return
  }
  const version = pictures.ours.get(path)?.version ?? ''
  const isForGood = answer.state === 'collision' || answer.trouble === 'name'
  problems.set(path, {
    path,
    where: action.type === 'remove-there' ? 'disk' : 'here',
    reason: reasonOf(path, answer),
    version,
    retryAt: isForGood ? Number.POSITIVE_INFINITY : clock() + RETRY_MS,
  })
}

const reasonOf = (path: string, answer: DiskResult & { state: 'collision' | 'refused' }): string => {
  if (answer.state === 'collision')
    return 'This disk takes it for the same as another name that differs in upper and lower case, or in an accent.'
  if (answer.trouble === 'name') return `The disk does not take the name: ${describeRefusedName(path)}.`
  if (answer.trouble === 'full') return 'The disk is full.'
  if (answer.trouble === 'locked') return 'Another program holds the file. It is tried again.'
  return `The disk refuses it: ${answer.message}`
}
