/** A folder made of a flat list of paths, as file lists and archives give them. Folders that are only implied come to be. */

import type { LeftOut, Source, SourceFile, SourceFolder, SourceLink, SourceNode } from './source.ts'
import { findPathProblem, leftOut } from './source.ts'

export interface FlatEntry {
  /** relative, '/' between names */
  readonly path: string
  /** what stands there; its name is taken from the path. 'directory' for a folder of its own */
  readonly node: Omit<SourceFile, 'name'> | Omit<SourceLink, 'name'> | 'directory'
}

interface Folder extends SourceFolder {
  readonly children: Map<string, SourceNode | Folder>
}

/**
 * Builds the tree. Entries that cannot be part of it are left out and listed: bad names, a file where a folder is needed.
 * Of two entries with one path the later one holds, as unpacking one after the other would have it.
 */
export function sourceFromEntries(
  name: string,
  entries: Iterable<FlatEntry>,
  refused: readonly LeftOut[] = [],
): Source {
  const root = createFolder('')
  const out = [...refused]
  for (const entry of entries) {
    const problem = findPathProblem(entry.path)
    if (problem === undefined) place(root, entry, out)
    else out.push(leftOut(entry.path, 'bad-name', `Left out: ${problem}.`))
  }
  return { name, root, leftOut: out }
}

function createFolder(name: string): Folder {
  const children = new Map<string, SourceNode | Folder>()
  return { kind: 'directory', name, children, list: () => children.values() }
}

function place(root: Folder, { path, node }: FlatEntry, out: LeftOut[]): void {
  const names = path.split('/')
  const name = names.pop() ?? ''
  const folder = names.reduce<Folder | undefined>((inside, next) => inside && enter(inside, next), root)
  if (folder === undefined) {
    out.push(
      leftOut(path, 'unsafe', 'Left out: something that is no folder stands where its folder should be.'),
    )
    return
  }
  const there = folder.children.get(name)
  if (node === 'directory') {
    if (enter(folder, name) === undefined)
      out.push(leftOut(path, 'unsafe', 'Left out: a file of the same name stands there.'))
  } else if (there?.kind === 'directory')
    out.push(leftOut(path, 'unsafe', 'Left out: a folder of the same name stands there.'))
  else {
    if (there !== undefined) out.push(leftOut(path, 'unsafe', 'It is there twice; the later one was taken.'))
    folder.children.set(name, { ...node, name })
  }
}

function enter(folder: Folder, name: string): Folder | undefined {
  const there = folder.children.get(name)
  // every directory in here was made by createFolder
  if (there !== undefined) return there.kind === 'directory' ? (there as Folder) : undefined
  const made = createFolder(name)
  folder.children.set(name, made)
  return made
}
