/**
 * The tree of files as rows, and what a key does in it. Pure.
 *
 * Invariant: rows stand in the order they are drawn; the children of a folder follow it, folders before files, names in
 * natural order ('file2' before 'file10').
 */
import type { Dirent } from '../../sdk/types.ts'

/** Entries of a folder shown before "and n more": a folder with more is data, not something to read through. */
export const FOLDER_MAX = 5000

export interface TreeRow {
  readonly path: string
  readonly name: string
  readonly kind: Dirent['kind']
  /** 1 for the project itself. */
  readonly level: number
  readonly isOpen: boolean
  readonly position: number
  readonly siblings: number
}

export interface TreeState {
  readonly root: string
  /** Folders whose content is known. */
  readonly folders: ReadonlyMap<string, readonly Dirent[]>
  readonly open: ReadonlySet<string>
}

const collator = new Intl.Collator('en', { numeric: true, sensitivity: 'base' })

export const sortEntries = (entries: readonly Dirent[]): Dirent[] => {
  const rank = (entry: Dirent): number => (entry.kind === 'directory' ? 0 : 1)
  return [...entries].sort(
    (a, b) => rank(a) - rank(b) || collator.compare(a.name, b.name) || (a.name < b.name ? -1 : 1),
  )
}

export const joinPath = (folder: string, name: string): string =>
  folder === '/' ? `/${name}` : `${folder}/${name}`
export const parentPath = (path: string): string => path.slice(0, path.lastIndexOf('/')) || '/'

export const flatten = ({ root, folders, open }: TreeState): TreeRow[] => {
  const rows: TreeRow[] = []
  const walk = (folder: string, level: number): void => {
    const entries = (folders.get(folder) ?? []).slice(0, FOLDER_MAX)
    entries.forEach((entry, index) => {
      const path = joinPath(folder, entry.name)
      const isOpen = entry.kind === 'directory' && open.has(path)
      rows.push({
        path,
        name: entry.name,
        kind: entry.kind,
        level,
        isOpen,
        position: index + 1,
        siblings: entries.length,
      })
      if (isOpen) walk(path, level + 1)
    })
  }
  walk(root, 1)
  return rows
}

export type TreeAct =
  | { type: 'focus'; index: number }
  | { type: 'open'; path: string }
  | { type: 'shut'; path: string }
  | { type: 'activate'; path: string }

const parentIndex = (rows: readonly TreeRow[], index: number): number => {
  const level = rows[index]?.level ?? 1
  for (let at = index - 1; at >= 0; at--) if ((rows[at]?.level ?? 0) < level) return at
  return index
}

/** The WAI-ARIA tree pattern's keys. `page` is the number of rows in sight. */
export const treeKey = (
  rows: readonly TreeRow[],
  index: number,
  key: string,
  page: number,
): TreeAct | null => {
  const row = rows[index]
  if (!row) return null
  const focus = (to: number): TreeAct => ({
    type: 'focus',
    index: Math.max(0, Math.min(rows.length - 1, to)),
  })
  const isFolder = row.kind === 'directory'
  if (key === 'ArrowDown') return focus(index + 1)
  if (key === 'ArrowUp') return focus(index - 1)
  if (key === 'PageDown') return focus(index + page)
  if (key === 'PageUp') return focus(index - page)
  if (key === 'Home') return focus(0)
  if (key === 'End') return focus(rows.length - 1)
  if (key === 'ArrowRight' && isFolder)
    return row.isOpen ? focus(index + 1) : { type: 'open', path: row.path }
  if (key === 'ArrowLeft')
    return isFolder && row.isOpen ? { type: 'shut', path: row.path } : focus(parentIndex(rows, index))
  if (key === 'Enter' || key === ' ') return { type: 'activate', path: row.path }
  return null
}

/** The next row after `index` whose name begins with what was typed, going round; -1 when there is none. */
export const typeAhead = (rows: readonly TreeRow[], index: number, typed: string): number => {
  const wanted = typed.toLowerCase()
  // one letter looks beyond the present row, more letters may still mean it
  const from = typed.length === 1 ? 1 : 0
  for (let step = from; step < rows.length + from; step++) {
    const at = (index + step) % rows.length
    if (rows[at]?.name.toLowerCase().startsWith(wanted)) return at
  }
  return -1
}
