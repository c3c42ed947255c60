/**
 * The user's folder: what is in it, bytes of its files, and careful changes. Paths are relative to it.
 *
 * Invariants: what cannot be listed counts as unchanged, never as gone. Nothing is written or removed unless the disk has there what
 * the caller has seen; folders are only removed when they are empty.
 */
import { basename, dirname, joinPath } from '../../lib/path.ts'
import { findNameProblem } from '../../project/source.ts'
import { type DiskFile, type DiskFolder, FolderLost, troubleOf } from './handles.ts'

export interface DiskEntry {
  readonly kind: 'file' | 'directory' | 'other'
  readonly size: number
  /** Milliseconds since the epoch. */
  readonly modified: number
  /** SHA-256, once somebody has read it. */
  hash?: string
  /** When that was. */
  hashedAt?: number
}

export type DiskTree = Map<string, DiskEntry>

/** Size and time of a file, for comparing. */
export const stampOf = ({ size, modified }: DiskEntry): string => `${size}.${modified}`

/** A disk's clock may be as coarse as that (FAT): a change within it may not show in the time. */
const CLOCK_GRAIN_MS = 2000

/** Whether the hash was taken so late that a change since then shows in size or time. */
export const isSettled = ({ hashedAt, modified }: DiskEntry): boolean =>
  hashedAt !== undefined && Math.abs(hashedAt - modified) >= CLOCK_GRAIN_MS

export type DiskResult =
  | { state: 'done'; entry: DiskEntry | null }
  /** The disk has something else there than the caller thought. */
  | { state: 'changed' }
  /** The disk takes two names for one. */
  | { state: 'collision' }
  | { state: 'refused'; trouble: ReturnType<typeof troubleOf>; message: string }

export interface Folder {
  /** Everything that is not ignored, and the names of what is. `before` lends what is known of files that did not change. */
  scan(before: DiskTree): Promise<DiskTree>
  /** Looks at these folders (names and files in them) and files again, in place. */
  lookAt(tree: DiskTree, folders: Iterable<string>, files: Iterable<string>): Promise<void>
  /** Bytes that did not change while they were read, with what the file then was; null when there is no quiet moment. */
  read(path: string): Promise<{ bytes: Uint8Array<ArrayBuffer>; entry: DiskEntry } | null>
  /** @param expected what the disk has there; undefined: nothing */
  write(path: string, bytes: Uint8Array<ArrayBuffer>, expected: DiskEntry | undefined): Promise<DiskResult>
  make(path: string): Promise<DiskResult>
  removeFile(path: string, expected: DiskEntry): Promise<DiskResult>
  removeFolder(path: string): Promise<DiskResult>
}

export interface FolderOptions {
  handle: DiskFolder
  isIgnored: (path: string, isDirectory: boolean) => boolean
  /** A folder's .gitignore, when it is new or other than before; null when there is none. */
  onGitignore: (folder: string, text: Uint8Array | null) => void
  now: () => number
}

/** Files asked for at once: hides the browser's way to the disk, and is no storm. */
const AT_ONCE = 16
const READS = 5
/** Between two tries to read a file that somebody is writing. */
const READ_PAUSE_MS = 20

const OTHER: DiskEntry = { kind: 'other', size: 0, modified: 0 }
const DIRECTORY: DiskEntry = { kind: 'directory', size: 0, modified: 0 }
const GITIGNORE = '.gitignore'

export const createFolder = ({ handle, isIgnored, onGitignore, now }: FolderOptions): Folder => {
  const folders = new Map<string, DiskFolder>([['', handle]])
  const ignoreStamps = new Map<string, string>()

  const lost = (error: unknown): void => {
    if (troubleOf(error) === 'permission') throw new FolderLost('permission')
  }
  const folderAt = async (path: string): Promise<DiskFolder> => {
    const known = folders.get(path)
    if (known) return known
    const parent = await folderAt(dirname(path))
    const found = await parent.getDirectoryHandle(basename(path))
    folders.set(path, found)
    return found
  }
  const entryOf = async (file: DiskFile): Promise<DiskEntry> => {
    const { size, lastModified } = await file.getFile()
    return { kind: 'file', size, modified: lastModified }
  }
  /** What was known, if the file is still the same. */
  const kept = (entry: DiskEntry, old: DiskEntry | undefined): DiskEntry =>
    old?.kind === 'file' && stampOf(old) === stampOf(entry) && isSettled(old) ? old : entry

  const readRules = async (path: string, names: Map<string, DiskFile | DiskFolder>): Promise<void> => {
    const file = names.get(GITIGNORE)
    if (file?.kind !== 'file') {
      if (ignoreStamps.delete(path)) onGitignore(path, null)
      return
    }
    const content = await file.getFile()
    const stamp = `${content.size}.${content.lastModified}`
    const isFresh = Math.abs(now() - content.lastModified) < CLOCK_GRAIN_MS
    if (ignoreStamps.get(path) === stamp && !isFresh) return
    onGitignore(path, new Uint8Array(await content.arrayBuffer()))
    ignoreStamps.set(path, stamp)
  }
  const list = async (path: string): Promise<Map<string, DiskFile | DiskFolder>> => {
    const names = new Map<string, DiskFile | DiskFolder>()
    // A name that is none (Chromium gives '' for one that is not UTF-8) cannot be asked for.
    for await (const child of (await folderAt(path)).values())
      if (findNameProblem(child.name) === undefined) names.set(child.name, child)
    return names
  }
  /** Entries of one folder into `into`; the folders among them are returned. False: it is gone. */
  const listInto = async (path: string, before: DiskTree, into: DiskTree): Promise<string[] | false> => {
    try {
      const names = await list(path)
      await readRules(path, names).catch((error: unknown) => lost(error))
      const deeper: string[] = []
      const files: [string, DiskFile][] = []
      for (const [name, child] of names) {
        const childPath = joinPath(path, name)
        if (isIgnored(childPath, child.kind === 'directory')) into.set(childPath, OTHER)
        else if (child.kind === 'file') files.push([childPath, child])
        else {
          into.set(childPath, DIRECTORY)
          folders.set(childPath, child)
          deeper.push(childPath)
        }
      }
      await inBatches(files, async ([childPath, child]) => {
        const entry = await entryOf(child).catch((error: unknown) => {
          lost(error)
          return troubleOf(error) === 'missing' ? null : (before.get(childPath) ?? OTHER)
        })
        if (entry) into.set(childPath, kept(entry, before.get(childPath)))
      })
      return deeper
    } catch (error) {
      if (error instanceof FolderLost) throw error
      lost(error)
      folders.delete(path)
      if (path === '') {
        folders.set('', handle)
        throw new FolderLost('missing')
      }
      if (troubleOf(error) === 'missing' || troubleOf(error) === 'other-kind') return false
      for (const [other, entry] of before) if (other.startsWith(`${path}/`)) into.set(other, entry)
      return []
    }
  }
  const walk = async (path: string, before: DiskTree, into: DiskTree): Promise<void> => {
    const pending = [path]
    for (let next = pending.pop(); next !== undefined; next = pending.pop()) {
      const deeper = await listInto(next, before, into)
      if (deeper === false) into.delete(next)
      else pending.push(...deeper)
    }
  }
  const drop = (tree: DiskTree, path: string): void => {
    for (const other of [...tree.keys()])
      if (other === path || other.startsWith(`${path}/`)) tree.delete(other)
  }
  /** Names and files of one folder anew; folders that were not known are walked. */
  const relist = async (tree: DiskTree, path: string): Promise<void> => {
    if (path !== '' && tree.get(path)?.kind !== 'directory') return
    const fresh: DiskTree = new Map()
    const deeper = await listInto(path, tree, fresh)
    if (deeper === false) return drop(tree, path)
    for (const other of [...tree.keys()])
      if (dirname(other) === path && fresh.get(other)?.kind !== tree.get(other)?.kind) drop(tree, other)
    const unknown = deeper.filter((child) => !tree.has(child))
    for (const [child, entry] of fresh) tree.set(child, entry)
    for (const child of unknown) await walk(child, tree, tree)
  }
  const restat = async (tree: DiskTree, path: string): Promise<void> => {
    try {
      const entry = await entryOf(await (await folderAt(dirname(path))).getFileHandle(basename(path)))
      if (tree.get(path)?.kind === 'file') tree.set(path, kept(entry, tree.get(path)))
      else await relist(tree, dirname(path))
    } catch (error) {
      lost(error)
      if (troubleOf(error) === 'missing' || troubleOf(error) === 'other-kind')
        await relist(tree, dirname(path))
    }
  }

  const refuse = (error: unknown): DiskResult => {
    lost(error)
    const trouble = troubleOf(error)
    if (trouble === 'missing' || trouble === 'other-kind' || trouble === 'not-empty')
      return { state: 'changed' }
    return { state: 'refused', trouble, message: error instanceof Error ? error.message : String(error) }
  }
  /** The file that is there, or null; says when the disk takes another name for this one. */
  const existing = async (
    folder: DiskFolder,
    path: string,
  ): Promise<{ file: DiskFile; entry: DiskEntry } | null> => {
    try {
      const file = await folder.getFileHandle(basename(path))
      return { file, entry: await entryOf(file) }
    } catch (error) {
      if (troubleOf(error) === 'missing') return null
      throw error
    }
  }
  const isListed = async (folder: DiskFolder, name: string): Promise<boolean> => {
    for await (const child of folder.values()) if (child.name === name) return true
    return false
  }
  const isSame = (found: DiskEntry, expected: DiskEntry): boolean => stampOf(found) === stampOf(expected)

  return {
    scan: async (before) => {
      const tree: DiskTree = new Map()
      await walk('', before, tree)
      return tree
    },
    lookAt: async (tree, paths, files) => {
      const done = new Set<string>()
      for (const path of [...paths].sort()) {
        // The nearest folder that is known will show what is new beneath it.
        let known = path
        while (known !== '' && tree.get(known)?.kind !== 'directory') known = dirname(known)
        if (done.has(known)) continue
        done.add(known)
        await relist(tree, known)
      }
      for (const path of files) if (!done.has(dirname(path))) await restat(tree, path)
    },
    read: async (path) => {
      for (let attempt = 0; attempt < READS; attempt++) {
        if (attempt > 0) await new Promise((resolve) => setTimeout(resolve, READ_PAUSE_MS))
        try {
          const file = await (await folderAt(dirname(path))).getFileHandle(basename(path))
          const before = await file.getFile()
          const bytes = new Uint8Array(await before.arrayBuffer())
          const after = await entryOf(file)
          const isQuiet = after.modified === before.lastModified && after.size === bytes.length
          if (isQuiet) return { bytes, entry: after }
        } catch (error) {
          lost(error)
          if (troubleOf(error) !== 'unstable') return null
        }
      }
      return null
    },
    write: async (path, bytes, expected) => {
      try {
        const folder = await folderAt(dirname(path))
        const found = await existing(folder, path)
        if (found && !expected)
          return { state: (await isListed(folder, basename(path))) ? 'changed' : 'collision' }
        if (expected && !(found && isSame(found.entry, expected))) return { state: 'changed' }
        const file = found?.file ?? (await folder.getFileHandle(basename(path), { create: true }))
        const writer = await file.createWritable({ keepExistingData: false })
        try {
          await writer.write(bytes)
          // Somebody may have saved while we wrote; until close the file is still theirs.
          const now = expected ? await entryOf(file) : null
          if (now && expected && !isSame(now, expected)) {
            await writer.abort()
            return { state: 'changed' }
          }
          await writer.close()
        } catch (error) {
          await writer.abort().catch(() => {})
          throw error
        }
        const entry = await entryOf(file)
        return entry.size === bytes.length ? { state: 'done', entry } : { state: 'changed' }
      } catch (error) {
        return refuse(error)
      }
    },
    make: async (path) => {
      try {
        const parent = await folderAt(dirname(path))
        const name = basename(path)
        const found = await parent.getDirectoryHandle(name).catch((error: unknown) => {
          if (troubleOf(error) !== 'missing') throw error
          return null
        })
        if (found && !(await isListed(parent, name))) return { state: 'collision' }
        folders.set(path, found ?? (await parent.getDirectoryHandle(name, { create: true })))
        return { state: 'done', entry: DIRECTORY }
      } catch (error) {
        return refuse(error)
      }
    },
    removeFile: async (path, expected) => {
      try {
        const folder = await folderAt(dirname(path))
        const found = await existing(folder, path)
        if (found && !isSame(found.entry, expected)) return { state: 'changed' }
        if (found) await folder.removeEntry(basename(path))
        return { state: 'done', entry: null }
      } catch (error) {
        return refuse(error)
      }
    },
    removeFolder: async (path) => {
      try {
        const parent = await folderAt(dirname(path))
        // A file that took its name meanwhile is not what was meant.
        await parent.getDirectoryHandle(basename(path))
        await parent.removeEntry(basename(path))
        folders.delete(path)
        return { state: 'done', entry: null }
      } catch (error) {
        return troubleOf(error) === 'missing' ? { state: 'done', entry: null } : refuse(error)
      }
    },
  }
}

export const inBatches = async <T>(
  all: readonly T[],
  work: (one: T) => Promise<void>,
  atOnce = AT_ONCE,
): Promise<void> => {
  let next = 0
  const lane = async (): Promise<void> => {
    while (next < all.length) await work(all[next++] as T)
  }
  await Promise.all(Array.from({ length: Math.min(atOnce, all.length) }, lane))
}
