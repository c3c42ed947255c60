/** A loaded project in the machine's own form (abi/tree), as a .zip, and as what detection looks at. */

import {
  packTree,
  readTree,
  TREE_DIRECTORY,
  TREE_FILE,
  TREE_HARD_LINK,
  TREE_SYMLINK,
  type TreeSource,
} from '../abi/tree.ts'
import { decodeText } from '../lib/bytes.ts'
import { compareByDepth } from '../lib/path.ts'
import { packZip, type ZipSource } from '../lib/zip-pack.ts'
import type { LoadedFile, LoadedProject } from './load.ts'
import type { ProjectView, ViewFile } from './view.ts'

/** The whole project as one packed tree, for `writeTree`. */
export function packProject(project: LoadedProject): Uint8Array<ArrayBuffer> {
  const directories = [...project.directories].sort(compareByDepth)
  return packTree([
    ...directories.map((path): TreeSource => ({ kind: TREE_DIRECTORY, path })),
    ...project.files.map(({ path, mode, modifiedNs, bytes }): TreeSource => {
      return { kind: TREE_FILE, path, mode, mtimeNs: modifiedNs, data: bytes }
    }),
    ...project.symlinks.map(({ path, target }): TreeSource => ({ kind: TREE_SYMLINK, path, data: target })),
  ])
}

/**
 * A packed tree as a .zip, for export; hard links become files of their own.
 * @throws TreeError for a malformed tree
 */
export function zipTree(packed: Uint8Array): Uint8Array<ArrayBuffer> {
  const contents = new Map<string, Uint8Array>()
  const sources: ZipSource[] = []
  for (const { kind, path, mode, mtimeNs, data } of readTree(packed)) {
    const name = decodeText(path)
    const content = kind === TREE_HARD_LINK ? (contents.get(decodeText(data)) ?? data) : data
    if (kind === TREE_FILE) contents.set(name, data)
    sources.push({
      path: name,
      kind: kind === TREE_DIRECTORY ? 'directory' : kind === TREE_SYMLINK ? 'symlink' : 'file',
      mode,
      ...(mtimeNs === 0n ? {} : { modified: Number(mtimeNs / 1_000_000_000n) }),
      data: content,
    })
  }
  return packZip(sources)
}

/** A text that is larger is data; what says how to run a project has a few KB. */
const VIEW_TEXT_MAX_BYTES = 1024 * 1024

/** What detection needs of a loaded project. */
export function viewOf(project: LoadedProject): ProjectView {
  const files = new Map<string, LoadedFile>(project.files.map((file) => [file.path, file]))
  return createView(
    project.files.map(({ path, bytes, modifiedNs }) => ({ path, size: bytes.length, modifiedNs })),
    (path) => files.get(path)?.bytes,
  )
}

/** Texts are decoded when they are asked for, and those of large files never asked for. */
export function createView(
  paths: readonly ViewFile[],
  bytesOf: (path: string) => Uint8Array | undefined,
): ProjectView {
  const sizes = new Map(paths.map(({ path, size }) => [path, size]))
  return {
    paths,
    readText(path) {
      if ((sizes.get(path) ?? 0) > VIEW_TEXT_MAX_BYTES) return undefined
      const bytes = bytesOf(path)
      return bytes === undefined ? undefined : decodeText(bytes)
    },
    readBytes: bytesOf,
  }
}
