/** The project as detection sees it: names and sizes, and the few small files it asks for. Plain and synchronous. */

import { basename, extname } from '../lib/path.ts'

export interface ViewFile {
  /** relative to the project, '/' between names */
  readonly path: string
  /** in bytes */
  readonly size: number
  /** nanoseconds since 1970; 0 or absent: not known */
  readonly modifiedNs?: bigint
}

export interface ProjectView {
  readonly paths: readonly ViewFile[]
  /** The text of a small file, or undefined where it is missing, large or not loaded. */
  readText(path: string): string | undefined
  /** The bytes of a file, where they are at hand: detection looks into programs with it. */
  readBytes?(path: string): Uint8Array | undefined
}

/** One folder of the project, with paths relative to it: where the detectors of the languages look. */
export interface FolderView extends ProjectView {
  /** relative to the project; '.' for its root */
  readonly folder: string
  has(path: string): boolean
  /** files directly in the folder with one of these extensions, sorted by name */
  filesWith(extensions: readonly string[]): ViewFile[]
}

/** The part of a view below `folder` ('.' for all of it). */
export function folderView(view: ProjectView, folder: string): FolderView {
  const prefix = folder === '.' ? '' : `${folder}/`
  const paths = view.paths
    .filter(({ path }) => path.startsWith(prefix))
    .map((file) => ({ ...file, path: file.path.slice(prefix.length) }))
  const names = new Set(paths.map(({ path }) => path))
  return {
    folder,
    paths,
    readText: (path) => view.readText(prefix + path),
    readBytes: (path) => view.readBytes?.(prefix + path),
    has: (path) => names.has(path),
    filesWith: (extensions) =>
      paths
        .filter(({ path }) => basename(path) === path && extensions.includes(extname(path).toLowerCase()))
        .sort((a, b) => (a.path < b.path ? -1 : 1)),
  }
}
