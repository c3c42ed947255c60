/**
 * Two trees in step: what to do, decided from three pictures. `base` is what both sides were when they last agreed, `ours` the
 * machine, `theirs` the disk. Pure: no clock, no bytes, only names and hashes.
 *
 *   only theirs changed ─► take        only ours changed ─► give        both, differently ─► ours aside as name.mine, theirs taken
 *
 * Invariants: what one side changed is never lost: a change beats a removal, and of two changes both stay. Something is removed
 * on a side only if base had it and the other side has it no more; a folder is removed only when nothing stays in it.
 * A path whose sides agree needs no action, so a round that changes nothing ends: nothing echoes.
 */
import { NAME_MAX_BYTES } from '../abi/tree.ts'
import { textBytes } from '../lib/bytes.ts'
import { ancestors, basename } from '../lib/path.ts'
import { inOrder } from './sync-order.ts'

export type SyncNode =
  | { readonly kind: 'file'; readonly hash: string; readonly size: number }
  /** `hidden`: all that is in it takes no part. Such a folder is neither made nor missed on the other side. */
  | { readonly kind: 'directory'; readonly hidden?: boolean }
  /** Takes no part (a link of the machine, something ignored): stays where it is, and nothing beneath its path is touched. */
  | { readonly kind: 'other' }

/** Relative paths without a trailing slash; every parent is in it, as a directory. */
export type SyncTree = ReadonlyMap<string, SyncNode>

/** both: kept in step. inward: only from the disk to the machine. none: takes no part. wait: not in this round. */
export type SyncWay = 'both' | 'inward' | 'none' | 'wait'

export type SyncAction =
  /** From the disk to the machine. */
  | { readonly type: 'take'; readonly path: string }
  | { readonly type: 'make-here'; readonly path: string }
  | { readonly type: 'remove-here'; readonly path: string; readonly isDirectory: boolean }
  /** Ours gets another name in the machine: as a copy (the `take` that follows overwrites the original in place), or by moving. */
  | { readonly type: 'aside'; readonly path: string; readonly to: string; readonly how: 'copy' | 'move' }
  /** From the machine to the disk. */
  | { readonly type: 'give'; readonly path: string }
  | { readonly type: 'make-there'; readonly path: string }
  | { readonly type: 'remove-there'; readonly path: string; readonly isDirectory: boolean }

export interface SyncDecision {
  /** In an order in which each can be done; both sides' actions are independent of each other. */
  readonly actions: readonly SyncAction[]
  /** Paths whose sides agree: base can have them at once. */
  readonly agreed: readonly string[]
  /** Paths that base should forget: gone on both sides, or not in step any more. */
  readonly dropped: readonly string[]
  /** Changes of the machine that may not go to the disk, because the way is inward. */
  readonly held: readonly string[]
  /** Files of the disk in the place of which the machine has something that takes no part, or the other way round. */
  readonly blocked: readonly string[]
}

export interface SyncInput {
  readonly base: SyncTree
  readonly ours: SyncTree
  readonly theirs: SyncTree
  way(path: string, isDirectory: boolean): SyncWay
}

/** What differs on the way is moved out of it under this ending. */
export const MINE = '.mine'

interface Round extends SyncInput {
  readonly actions: SyncAction[]
  readonly agreed: string[]
  readonly dropped: Set<string>
  readonly held: string[]
  readonly blocked: string[]
  /** Nothing beneath these is looked at in this round. */
  readonly closed: Set<string>
  readonly waiting: Set<string>
  /** Directories in which something stays, on each side. */
  readonly aliveHere: Set<string>
  readonly aliveThere: Set<string>
  readonly asideNames: Set<string>
}

export const decide = (input: SyncInput): SyncDecision => {
  const round: Round = {
    ...input,
    actions: [],
    agreed: [],
    dropped: new Set(),
    held: [],
    blocked: [],
    closed: new Set(),
    waiting: new Set(),
    aliveHere: new Set(),
    aliveThere: new Set(),
    asideNames: new Set(),
  }
  const paths = new Set([...input.base.keys(), ...input.ours.keys(), ...input.theirs.keys()])
  const directories: string[] = []
  for (const path of topDown(paths)) {
    if (isClosed(round, path)) {
      if (!isWaiting(round, path)) forget(round, path)
      stays(round, path)
    } else if (decidePath(round, path) === 'later') directories.push(path)
  }
  for (const path of directories.reverse()) decideDirectory(round, path)
  return {
    actions: inOrder(round.actions),
    agreed: round.agreed,
    dropped: [...round.dropped],
    held: round.held,
    blocked: round.blocked,
  }
}

/** Folders directly before what is in them: '/' counts as the least character. */
const topDown = (paths: Iterable<string>): string[] =>
  Array.from(paths, (path) => path.replaceAll('/', '\0'))
    .sort()
    .map((key) => key.replaceAll('\0', '/'))

const isClosed = ({ closed }: Round, path: string): boolean =>
  closed.size > 0 && ancestors(path).some((parent) => closed.has(parent))

/** Beneath what waits: remembered until its turn comes. */
const isWaiting = ({ waiting }: Round, path: string): boolean =>
  waiting.size > 0 && ancestors(path).some((parent) => waiting.has(parent))

const forget = (round: Round, path: string): void => {
  if (round.base.has(path)) round.dropped.add(path)
}

/** Whatever is at the path on either side stays, and so do its parents. */
const stays = (round: Round, path: string): void => {
  if (round.ours.has(path)) for (const parent of ancestors(path)) round.aliveHere.add(parent)
  if (round.theirs.has(path)) for (const parent of ancestors(path)) round.aliveThere.add(parent)
}

export const same = (a: SyncNode | undefined, b: SyncNode | undefined): boolean => {
  if (a === undefined || b === undefined) return a === b
  if (a.kind === 'file' && b.kind === 'file') return a.hash === b.hash
  return a.kind === b.kind
}

const isOther = (node: SyncNode | undefined): boolean => node?.kind === 'other'
const isFolder = (node: SyncNode | undefined): boolean => node?.kind === 'directory'
const isHidden = (node: SyncNode | undefined): boolean => node?.kind === 'directory' && node.hidden === true

/** 'later': folders that may go when what is in them goes. */
const decidePath = (round: Round, path: string): 'done' | 'later' => {
  const ours = round.ours.get(path)
  const theirs = round.theirs.get(path)
  const base = round.base.get(path)
  const way = round.way(path, isFolder(ours ?? theirs ?? base))
  if (way === 'wait') {
    stays(round, path)
    round.closed.add(path)
    round.waiting.add(path)
    return 'done'
  }
  if (way === 'none' || isOther(ours) || isOther(theirs)) {
    forget(round, path)
    stays(round, path)
    round.closed.add(path)
    if (isOther(ours) ? theirs && !isOther(theirs) : isOther(theirs) && ours) round.blocked.push(path)
    return 'done'
  }
  if (isFolder(ours) && isFolder(theirs)) agree(round, path)
  else if (isFolder(ours) && theirs === undefined) return folderHere(round, path, base, way)
  else if (isFolder(theirs) && ours === undefined) return folderThere(round, path, base)
  else if (isFolder(ours) || isFolder(theirs)) clash(round, path, way)
  else if (ours === undefined && theirs === undefined) forget(round, path)
  else decideFile(round, path, way)
  return 'done'
}

const agree = (round: Round, path: string): void => {
  round.agreed.push(path)
  stays(round, path)
}

const act = (round: Round, ...actions: SyncAction[]): void => void round.actions.push(...actions)

/** Ours goes to the disk, or would if the way were open. */
const give = (round: Round, path: string, way: SyncWay, action: SyncAction): void => {
  if (way === 'both') act(round, action)
  else round.held.push(path)
}

const decideFile = (round: Round, path: string, way: SyncWay): void => {
  const ours = round.ours.get(path)
  const theirs = round.theirs.get(path)
  const base = round.base.get(path)
  const hereChanged = !same(ours, base)
  const thereChanged = !same(theirs, base)
  if (same(ours, theirs)) agree(round, path)
  else if (ours === undefined) {
    if (thereChanged) take(round, path)
    else removeThere(round, path, way)
  } else if (theirs === undefined) {
    if (hereChanged) {
      stays(round, path)
      give(round, path, way, { type: 'give', path })
    } else act(round, { type: 'remove-here', path, isDirectory: false })
  } else {
    stays(round, path)
    if (!thereChanged || isNothing(theirs, base)) give(round, path, way, { type: 'give', path })
    else if (!hereChanged || isNothing(ours, base)) take(round, path)
    else act(round, { type: 'aside', path, to: asideName(round, path), how: 'copy' }, { type: 'take', path })
  }
}

/** An empty file that was never in step (a write that was broken off leaves one) holds nothing that could be lost. */
const isNothing = (node: SyncNode, base: SyncNode | undefined): boolean =>
  base === undefined && node.kind === 'file' && node.size === 0

/** Something of the disk comes into the machine, and needs its parents on both sides. */
const arrive = (round: Round, action: SyncAction): void => {
  for (const parent of ancestors(action.path)) {
    round.aliveHere.add(parent)
    round.aliveThere.add(parent)
  }
  act(round, action)
}

const take = (round: Round, path: string): void => arrive(round, { type: 'take', path })

const removeThere = (round: Round, path: string, way: SyncWay): void => {
  if (way === 'inward') {
    round.held.push(path)
    for (const parent of ancestors(path)) round.aliveThere.add(parent)
  } else act(round, { type: 'remove-there', path, isDirectory: false })
}

const folderHere = (
  round: Round,
  path: string,
  base: SyncNode | undefined,
  way: SyncWay,
): 'done' | 'later' => {
  if (isFolder(base)) return 'later'
  if (isHidden(round.ours.get(path))) {
    forget(round, path)
    stays(round, path)
    return 'done'
  }
  stays(round, path)
  give(round, path, way, { type: 'make-there', path })
  return 'done'
}

const folderThere = (round: Round, path: string, base: SyncNode | undefined): 'done' | 'later' => {
  if (isFolder(base)) return 'later'
  if (isHidden(round.theirs.get(path))) {
    forget(round, path)
    stays(round, path)
  } else arrive(round, { type: 'make-here', path })
  return 'done'
}

/** One side has removed a folder. It goes on the other side too, unless something stays in it there. */
const decideDirectory = (round: Round, path: string): void => {
  const isOurs = round.ours.has(path)
  const way = round.way(path, true)
  const node = round.ours.get(path) ?? round.theirs.get(path)
  const hasLife = (isOurs ? round.aliveHere : round.aliveThere).has(path)
  if (isHidden(node)) {
    forget(round, path)
    stays(round, path)
  } else if (isOurs && !hasLife) act(round, { type: 'remove-here', path, isDirectory: true })
  else if (isOurs) {
    stays(round, path)
    give(round, path, way, { type: 'make-there', path })
  } else if (way === 'inward' && !round.aliveHere.has(path)) {
    stays(round, path)
    round.held.push(path)
  } else if (hasLife || way === 'inward') arrive(round, { type: 'make-here', path })
  else act(round, { type: 'remove-there', path, isDirectory: true })
}

/** A file on one side, a folder on the other. */
const clash = (round: Round, path: string, way: SyncWay): void => {
  const isFolderHere = isFolder(round.ours.get(path))
  const base = round.base.get(path)
  const isUntouched = (tree: SyncTree): boolean =>
    same(tree.get(path), base) && isUntouchedBeneath(round, tree, path)
  if (isUntouched(round.ours) && !holdsHidden(round.ours, path)) {
    // Ours is as it was: theirs takes the name. What is beneath is decided path by path.
    if (!isFolderHere)
      act(round, { type: 'remove-here', path, isDirectory: false }, { type: 'make-here', path })
    else act(round, { type: 'remove-here', path, isDirectory: true }, { type: 'take', path })
    if (isFolderHere) for (const parent of ancestors(path)) round.aliveHere.add(parent)
    else stays(round, path)
  } else if (isUntouched(round.theirs)) {
    stays(round, path)
    if (way === 'inward') {
      round.held.push(path)
      close(round, path)
    } else if (holdsHidden(round.theirs, path)) {
      round.blocked.push(path)
      close(round, path)
    } else if (isFolderHere)
      act(round, { type: 'remove-there', path, isDirectory: false }, { type: 'make-there', path })
    else act(round, { type: 'remove-there', path, isDirectory: true }, { type: 'give', path })
  } else {
    stays(round, path)
    act(round, { type: 'aside', path, to: asideName(round, path), how: 'move' })
    close(round, path)
  }
}

const close = (round: Round, path: string): void => {
  round.closed.add(path)
  forget(round, path)
}

const beneath = (tree: SyncTree, path: string): string[] =>
  [...tree.keys()].filter((other) => other.startsWith(`${path}/`))

const isUntouchedBeneath = ({ base }: Round, tree: SyncTree, path: string): boolean =>
  beneath(tree, path).every((other) => same(tree.get(other), base.get(other)))

const holdsHidden = (tree: SyncTree, path: string): boolean =>
  [path, ...beneath(tree, path)].some(
    (other) => isHidden(tree.get(other)) || tree.get(other)?.kind === 'other',
  )

/** Free on both sides. */
const asideName = (round: Round, path: string): string => {
  const taken = (name: string): boolean =>
    round.ours.has(name) || round.theirs.has(name) || round.asideNames.has(name)
  let name = withEnding(path, MINE)
  for (let number = 2; taken(name); number++) name = withEnding(path, `${MINE}.${number}`)
  round.asideNames.add(name)
  return name
}

/** A name that would get too long loses its end. */
const withEnding = (path: string, ending: string): string => {
  const characters = [...path]
  while (textBytes(basename(characters.join(''))) + ending.length > NAME_MAX_BYTES) characters.pop()
  return characters.join('') + ending
}
