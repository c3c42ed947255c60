/**
 * Watches for the page: which paths at or below a folder changed. The filesystem says which inodes changed; a watch keeps a
 * picture of its folder and compares, at most five times a second and only when something changed at all.
 *
 * Each path comes with the pid of who wrote it last (0: the user or the disk), so that a program is not told of itself. What is gone has no
 * writer any more: there the folder's speaks for it, which is the last of several that change it between two looks.
 */
import { SysError } from '../abi/errno.ts'
import { CHANGE } from '../objects/watch-file.ts'
import type { Files, SharedVfs } from '../vfs/types.ts'
import { KIND } from '../vfs/types.ts'

export const WATCH_INTERVAL_MS = 200

/** Path → what would differ if it changed, and whose name it is. */
export type Picture = Map<string, { mark: string; inode: number }>
/** The watched folder's own place in its picture: no path is empty. */
const ROOT = ''

export interface Watches {
  add(path: string): number
  remove(id: number): void
  /** Compares if anything changed; reports per watch. */
  look(report: (id: number, paths: string[], writers: number[]) => void): void
  readonly isEmpty: boolean
}

export const createWatches = (vfs: SharedVfs, files: Files): Watches => {
  const watches = new Map<number, { path: string; picture: Picture }>()
  let nextId = 1
  let { cursor } = vfs.changes(-1)
  return {
    get isEmpty() {
      return watches.size === 0
    },
    add: (path) => {
      watches.set(nextId, { path, picture: takePicture(files, path) })
      return nextId++
    },
    remove: (id) => void watches.delete(id),
    look: (report) => {
      const changes = vfs.changes(cursor)
      cursor = changes.cursor
      if (changes.inodes.length === 0 && !changes.overflow) return
      for (const [id, watch] of watches) {
        const picture = takePicture(files, watch.path)
        const paths = differences(watch.picture, picture).map(({ path }) => path)
        watch.picture = picture
        if (paths.length === 0) continue
        const writer = (path: string): number => {
          const at = picture.get(path) ?? picture.get(path.replace(/\/[^/]*$/, '')) ?? picture.get(ROOT)
          return at ? vfs.writer(at.inode) : 0
        }
        report(id, paths, paths.map(writer))
      }
    },
  }
}

/** `named` is what the root is called in the picture. */
export const takePicture = (files: Files, root: string, named = root): Picture => {
  const picture: Picture = new Map()
  const walk = (path: string, called: string): void => {
    for (const { name, kind } of files.readdir(path)) {
      const child = `${path === '/' ? '' : path}/${name}`
      const as = `${called === '/' ? '' : called}/${name}`
      ifThere(() => {
        const { inode, mtime, ctime, size } = files.lstat(child)
        const mark = kind === KIND.DIRECTORY ? `${inode}` : `${inode} ${mtime} ${ctime} ${size}`
        picture.set(as, { mark, inode })
        if (kind === KIND.DIRECTORY) walk(child, as)
      })
    }
  }
  ifThere(() => {
    const { kind, mtime, inode } = files.stat(root)
    // Its number alone: a folder that is watched is no news of its own.
    picture.set(ROOT, { mark: '', inode })
    if (kind === KIND.DIRECTORY) walk(root, named)
    else picture.set(named, { mark: String(mtime), inode })
  })
  return picture
}

/**
 * What vanishes between the listing and the look is not in the picture, which is the truth. Nor is what no path can name (too
 * deep, not UTF-8, a loop of links): a program may make such names, and the kernel must outlive them.
 */
const ifThere = (look: () => void): void => {
  try {
    look()
  } catch (error) {
    if (!(error instanceof SysError)) throw error
  }
}

/** What happened to which path, as CHANGE says it. */
export const differences = (before: Picture, after: Picture): { path: string; mask: number }[] => {
  const found: { path: string; mask: number }[] = []
  for (const [path, { mark }] of after) {
    const old = before.get(path)?.mark
    if (path !== ROOT && old !== mark)
      found.push({ path, mask: old === undefined ? CHANGE.CREATED : CHANGE.MODIFIED })
  }
  for (const path of before.keys())
    if (path !== ROOT && !after.has(path)) found.push({ path, mask: CHANGE.REMOVED })
  return found
}
