/**
 * Which of a tree's paths take part in sync: rules of both sides' .gitignore files and the defaults, and the picture of a tree
 * that is left when they have been followed.
 *
 * Invariant: what either side ignores takes no part on both, so that a file cannot appear or go because a rule did.
 */
import { decodeText } from '../lib/bytes.ts'
import { basename, dirname } from '../lib/path.ts'
import { createDefaultRules } from './defaults.ts'
import { createIgnoreScope, type IgnoreRules, type IgnoreScope, parseIgnore } from './ignore.ts'
import { isOutput, leadsToOutputs } from './outputs.ts'
import type { SyncNode, SyncTree, SyncWay } from './sync.ts'

export const GITIGNORE = '.gitignore'
/** A larger one is no list of patterns. */
export const GITIGNORE_MAX_BYTES = 1024 * 1024

/**
 * Never written to a disk, whatever a project says: what runs on the user's own machine by itself (hooks and settings of version
 * control; the short name that Windows gives it too), and the files that the browser makes while it writes.
 */
const NEVER = /^(\.git|git~[0-9]|\.hg|\.svn|\.jj|.*\.crswap)$/i
/** Characters that some disks leave out when they compare names. */
const UNSEEN = /[\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufeff]|[. ]+$/g

export const isNever = (name: string): boolean => NEVER.test(name.replace(UNSEEN, ''))

export interface SyncRules {
  /** The text of a .gitignore in that folder of one side, or null where there is none. False: nothing new. */
  put(side: 'ours' | 'theirs', folder: string, text: Uint8Array | null): boolean
  way(path: string, isDirectory: boolean): SyncWay
}

export interface SyncRulesOptions {
  defaultsOff?: readonly string[]
  gitignore?: boolean
}

interface Folder {
  /** 'inward': ignored, but on the way to finished programs. */
  readonly way: SyncWay
  readonly scopes: readonly IgnoreScope[]
}

export const createSyncRules = ({ defaultsOff, gitignore = true }: SyncRulesOptions): SyncRules => {
  const { rules: defaults } = createDefaultRules(defaultsOff)
  const files = { ours: new Map<string, IgnoreRules>(), theirs: new Map<string, IgnoreRules>() }
  const texts = new Map<string, string>()
  const folders = new Map<string, Folder>()

  const withOwn = (scopes: readonly IgnoreScope[], path: string): IgnoreScope[] =>
    scopes.map((scope, index) => {
      const own = (index === 0 ? files.ours : files.theirs).get(path)
      return own ? scope.withRules(own) : scope
    })
  const folder = (path: string): Folder => {
    const known = folders.get(path)
    if (known) return known
    const made = path === '' ? root() : inside(path)
    folders.set(path, made)
    return made
  }
  const root = (): Folder => {
    const scope = createIgnoreScope(undefined, defaults)
    return { way: 'both', scopes: withOwn([scope, scope], '') }
  }
  const inside = (path: string): Folder => {
    const parent = folder(dirname(path))
    const name = basename(path)
    const way = decide(parent, path, name, true)
    const scopes =
      way === 'both'
        ? withOwn(
            parent.scopes.map((scope) => scope.enter(name)),
            path,
          )
        : []
    return { way, scopes }
  }
  const decide = (parent: Folder, path: string, name: string, isDirectory: boolean): SyncWay => {
    if (isNever(name) || parent.way === 'none') return 'none'
    const isWanted = isDirectory ? leadsToOutputs(path) : isOutput(path)
    const isIgnored =
      parent.way !== 'both' ||
      parent.scopes.some((scope) => scope.decide(name, isDirectory)?.ignored === true)
    if (!isIgnored) return 'both'
    return isWanted ? 'inward' : 'none'
  }
  return {
    put: (side, path, bytes) => {
      if (!gitignore) return false
      const text = bytes === null || bytes.length > GITIGNORE_MAX_BYTES ? undefined : decodeText(bytes)
      const key = `${side} ${path}`
      if (texts.get(key) === text) return false
      if (text === undefined) {
        texts.delete(key)
        files[side].delete(path)
      } else {
        texts.set(key, text)
        files[side].set(path, parseIgnore(text, path === '' ? GITIGNORE : `${path}/${GITIGNORE}`))
      }
      folders.clear()
      return true
    },
    way: (path, isDirectory) =>
      isDirectory ? folder(path).way : decide(folder(dirname(path)), path, basename(path), false),
  }
}

/**
 * What a tree that has all names (of an ignored folder its own name is enough) looks like to sync: what takes no part is only
 * a name that is taken, and folders are marked in which nothing takes part.
 */
export const viewOf = (tree: SyncTree, way: SyncRules['way']): Map<string, SyncNode> => {
  const view = new Map<string, SyncNode>()
  /** Folders in which there is something, and in which something takes part. */
  const full = new Set<string>()
  const seen = new Set<string>()
  // Children before their parents.
  for (const path of [...tree.keys()].sort().reverse()) {
    const node = tree.get(path)
    if (node === undefined) continue
    const parent = dirname(path)
    full.add(parent)
    if (way(path, node.kind === 'directory') === 'none') {
      if (parent === '' || way(parent, true) !== 'none') view.set(path, { kind: 'other' })
      continue
    }
    if (node.kind === 'directory') {
      const hidden = full.has(path) && !seen.has(path)
      view.set(path, hidden ? { kind: 'directory', hidden } : { kind: 'directory' })
      if (!hidden) seen.add(parent)
    } else {
      view.set(path, node)
      if (node.kind === 'file') seen.add(parent)
    }
  }
  return view
}
