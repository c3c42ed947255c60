/**
 * What is dropped on the page: a folder, a file, a .zip, or several of them. Handles where the browser gives them (Chromium),
 * else the older entries (Firefox).
 *
 * Invariant: everything is taken out of the items before the first await; after the event has returned they are empty.
 */

import { basename } from '../lib/path.ts'
import type { Unzip } from '../lib/unzip.ts'
import { openArchive } from './archive.ts'
import { sourceFromEntries } from './flat.ts'
import { type FolderHandleLike, type HandleLike, nodeFromHandle } from './folder.ts'
import {
  type FileLike,
  fileNode,
  type Source,
  type SourceFile,
  type SourceFolder,
  type SourceNode,
} from './source.ts'

/** What a FileSystemEntry has; `file` only where isFile, `createReader` only where isDirectory. */
export interface DropEntry {
  readonly isFile: boolean
  readonly isDirectory: boolean
  readonly name: string
  file?(done: (file: FileLike) => void, failed: (error: unknown) => void): void
  createReader?(): DropReader
}

export interface DropReader {
  readEntries(done: (entries: DropEntry[]) => void, failed: (error: unknown) => void): void
}

/** What a DataTransferItem has. */
export interface DropItem {
  readonly kind: string
  getAsFile(): FileLike | null
  getAsFileSystemHandle?(): Promise<HandleLike | null>
  webkitGetAsEntry?(): DropEntry | null
}

export interface Drop {
  readonly source: Source
  /** the handle, where one folder was dropped and the browser has handles: it can be saved and written to */
  readonly handle?: FolderHandleLike
}

/** Nothing that could be opened was dropped. */
export class DropError extends Error {
  override readonly name = 'DropError'
}

interface Taken {
  handle: Promise<HandleLike | null> | undefined
  entry: DropEntry | null
  file: FileLike | null
}

/**
 * Reads `event.dataTransfer.items`. Call it inside the event handler, before any await.
 * @throws DropError where nothing but text was dropped; ZipError for a damaged archive
 */
export async function sourceFromDrop(items: Iterable<DropItem>, unzip: Unzip): Promise<Drop> {
  const taken = Array.from(items)
    .filter((item) => item.kind === 'file')
    .map(takeItem)
  const nodes: SourceNode[] = []
  let handle: FolderHandleLike | undefined
  for (const item of taken) {
    const given = await item.handle
    // kind says that it is a folder's handle
    if (given?.kind === 'directory') handle = given as FolderHandleLike
    const node = given ? nodeFromBoth(given, item.entry) : nodeFromEntry(item)
    if (node !== undefined) nodes.push(node)
  }
  const source = await sourceFromNodes(nodes, unzip)
  return nodes.length === 1 && handle !== undefined ? { source, handle } : { source }
}

function takeItem(item: DropItem): Taken {
  return {
    // a browser that refuses the handle still gives the entry
    handle: item.getAsFileSystemHandle?.().catch(() => null),
    entry: item.webkitGetAsEntry?.() ?? null,
    file: item.getAsFile(),
  }
}

function nodeFromEntry({ entry, file }: Taken): SourceFile | SourceFolder | undefined {
  if (entry?.isDirectory) return folderFromEntry(entry)
  if (file !== null) return fileNode(file)
  return entry?.isFile ? fileFromEntry(entry) : undefined
}

/**
 * A handle with its entry beside it. Chromium 156 lists no names with backslashes or control characters through a handle but
 * does so through an entry, which in turn takes two to three times as long for each file; so only what is missing comes from
 * there. May go when handles list every name.
 */
function nodeFromBoth(handle: HandleLike, entry: DropEntry | null): SourceFile | SourceFolder {
  const node = nodeFromHandle(handle)
  if (node.kind === 'file' || entry?.isDirectory !== true) return node
  return {
    kind: 'directory',
    name: handle.name,
    async *list(): AsyncGenerator<SourceNode> {
      const missing = new Map<string, DropEntry>()
      for await (const child of readEntries(entry)) missing.set(child.name, child)
      // kind says that it is a folder's handle
      for await (const child of (handle as FolderHandleLike).values()) {
        yield nodeFromBoth(child, missing.get(child.name) ?? null)
        missing.delete(child.name)
      }
      for (const child of missing.values()) yield* nodesFromEntry(child)
    },
  }
}

/** Each call of a reader gives at most 100 entries, and none at the end. */
async function* readEntries(entry: DropEntry): AsyncGenerator<DropEntry> {
  const reader = entry.createReader?.()
  while (reader !== undefined) {
    const batch = await new Promise<DropEntry[]>((done, failed) => reader.readEntries(done, failed))
    if (batch.length === 0) return
    yield* batch
  }
}

function nodesFromEntry(entry: DropEntry): SourceNode[] {
  if (entry.isDirectory) return [folderFromEntry(entry)]
  return entry.isFile ? [fileFromEntry(entry)] : []
}

function folderFromEntry(entry: DropEntry): SourceFolder {
  return {
    kind: 'directory',
    name: entry.name,
    async *list(): AsyncGenerator<SourceNode> {
      for await (const child of readEntries(entry)) yield* nodesFromEntry(child)
    },
  }
}

function fileFromEntry(entry: DropEntry): SourceFile {
  const open = (): Promise<FileLike> =>
    new Promise((done, failed) => {
      if (entry.file === undefined) failed(new DropError(`${entry.name} cannot be read.`))
      else entry.file(done, failed)
    })
  return {
    kind: 'file',
    name: entry.name,
    stat: async () => fileNode(await open()).stat(),
    read: async () => fileNode(await open()).read(),
  }
}

/**
 * Files from a picker or a drop: one .zip is opened as an archive, everything else stands side by side in the root.
 * @throws ZipError for a damaged archive
 */
export async function sourceFromFiles(files: Iterable<FileLike>, unzip: Unzip): Promise<Source> {
  const nodes = Array.from(files, (file) => fileNode(file, basename(file.name)))
  return sourceFromNodes(nodes, unzip)
}

async function sourceFromNodes(nodes: readonly SourceNode[], unzip: Unzip): Promise<Source> {
  const [first] = nodes
  if (first === undefined)
    throw new DropError(
      'No file or folder was dropped. Drop a project folder, a program or a .zip of a project.',
    )
  if (nodes.length === 1 && first.kind === 'directory') return { name: first.name, root: first, leftOut: [] }
  if (nodes.length === 1 && first.kind === 'file') {
    if (/\.zip$/i.test(first.name)) return openArchive(first.name, await first.read(), unzip)
    return sourceFromEntries(first.name, [{ path: first.name, node: first }])
  }
  return { name: 'dropped files', root: { kind: 'directory', name: '', list: () => nodes }, leftOut: [] }
}
