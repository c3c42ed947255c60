/**
 * What a user brings, however it comes: a folder of named nodes that are listed and read on demand. Folder handles, file
 * lists, drops and archives all become a `Source`, and the walk knows nothing else.
 *
 * Invariant: nothing is read before it is asked for, so a folder that the walk does not enter costs nothing.
 */

import { NAME_MAX_BYTES, PATH_MAX_BYTES } from '../abi/tree.ts'
import { textBytes } from '../lib/bytes.ts'

export interface FileStat {
  /** in bytes */
  readonly size: number
  /** nanoseconds since 1970 */
  readonly modifiedNs?: bigint
  /** where the source has permission bits */
  readonly executable?: boolean
}

export interface SourceFile {
  readonly kind: 'file'
  readonly name: string
  stat(): Promise<FileStat>
  read(): Promise<Uint8Array>
}

export interface SourceLink {
  readonly kind: 'symlink'
  readonly name: string
  readonly target: string
}

export interface SourceFolder {
  readonly kind: 'directory'
  readonly name: string
  /** Everything in the folder in any order. Rejects with a NotFoundError where it has vanished. */
  list(): AsyncIterable<SourceNode> | Iterable<SourceNode>
}

export type SourceNode = SourceFile | SourceLink | SourceFolder

export type LeftOutCode =
  /** a pattern of a .gitignore or of the defaults */
  | 'ignored'
  /** past the limit for one file */
  | 'too-large'
  /** past the limits for the whole project */
  | 'over-limit'
  /** the name or the path cannot stand in a filesystem */
  | 'bad-name'
  /** leads out of the project, or stands in the way of another entry */
  | 'unsafe'
  /** the source refused to give it */
  | 'unreadable'

export interface LeftOut {
  readonly path: string
  readonly code: LeftOutCode
  /** a sentence for the user */
  readonly reason: string
  /** in bytes, where it is known without reading a whole folder */
  readonly size?: number
}

export interface Source {
  /** what the project is called */
  readonly name: string
  readonly root: SourceFolder
  /** what was refused when the source was opened */
  readonly leftOut: readonly LeftOut[]
}

/** What a File of the platform has, as far as it is needed here. */
export interface FileLike {
  readonly name: string
  readonly size: number
  /** milliseconds since 1970 */
  readonly lastModified: number
  readonly webkitRelativePath?: string
  arrayBuffer(): Promise<ArrayBuffer>
}

/** A file of the platform as a node. */
export function fileNode(file: FileLike, name = file.name): SourceFile {
  return {
    kind: 'file',
    name,
    stat: async () => ({ size: file.size, modifiedNs: millisecondsToNs(file.lastModified) }),
    read: async () => new Uint8Array(await file.arrayBuffer()),
  }
}

/** Milliseconds of a clock as nanoseconds; what is no time, or before 1970, is 0. */
export function millisecondsToNs(milliseconds: number): bigint {
  return milliseconds > 0 && milliseconds < 1e15 ? BigInt(Math.round(milliseconds * 1000)) * 1000n : 0n
}

/** Why a name cannot stand in a filesystem, as the rest of a sentence, or undefined. Backslashes and newlines can. */
export function findNameProblem(name: string): string | undefined {
  // Chromium gives an empty name for one whose bytes are no UTF-8 (seen in 156)
  if (name === '') return 'its name is empty or not valid Unicode'
  if (name === '.' || name === '..') return `its name is ${name}`
  if (name.includes('/')) return 'its name holds a slash'
  if (name.includes('\0')) return 'its name holds a zero character'
  if (/\p{Surrogate}/u.test(name)) return 'its name is not valid Unicode'
  if (textBytes(name) > NAME_MAX_BYTES) return `its name is longer than ${NAME_MAX_BYTES} bytes`
  return undefined
}

/** The same for a whole relative path. */
export function findPathProblem(path: string): string | undefined {
  for (const name of path.split('/')) {
    const problem = findNameProblem(name)
    if (problem !== undefined) return problem
  }
  return textBytes(path) >= PATH_MAX_BYTES ? `its path is longer than ${PATH_MAX_BYTES - 1} bytes` : undefined
}

export function leftOut(path: string, code: LeftOutCode, reason: string, size?: number): LeftOut {
  return { path, code, reason, ...(size === undefined ? {} : { size }) }
}
