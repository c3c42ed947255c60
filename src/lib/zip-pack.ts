/** Zip archives, written: Unix modes, symbolic links, and times in UTC beside the DOS ones. fflate packs. */

import { Zip, ZipDeflate, ZipPassThrough } from 'fflate'
import { concatBytes } from './bytes.ts'
import { EXTRA_TIME, HOST_UNIX } from './zip-directory.ts'

/** What goes into a zip. `data` is the target of a symlink, and nothing for a directory. */
export interface ZipSource {
  readonly path: string
  readonly kind: 'file' | 'directory' | 'symlink'
  readonly mode?: number
  /** seconds since 1970 */
  readonly modified?: number
  readonly data?: Uint8Array
}

const FILE_KIND = { file: 0o100000, directory: 0o040000, symlink: 0o120000 } as const
const FILE_MODE = { file: 0o644, directory: 0o755, symlink: 0o777 } as const
/** the years that a DOS date can say, in seconds since 1970 with a day to spare for the local time */
const DOS_FIRST = Date.UTC(1980, 0, 2) / 1000
const DOS_LAST = Date.UTC(2099, 11, 30) / 1000

/**
 * Packs entries in the order they are given. Paths are relative, without a slash at the end.
 * @throws Error of fflate for a name longer than 65,535 bytes
 */
export function packZip(sources: Iterable<ZipSource>): Uint8Array<ArrayBuffer> {
  const chunks: Uint8Array[] = []
  const zip = new Zip((error, chunk) => {
    if (error !== null) throw error
    chunks.push(chunk)
  })
  for (const source of sources) addSource(zip, source)
  zip.end()
  return concatBytes(chunks)
}

function addSource(zip: Zip, { path, kind, mode, modified, data }: ZipSource): void {
  const entry =
    kind === 'file' ? new ZipDeflate(path) : new ZipPassThrough(kind === 'directory' ? `${path}/` : path)
  entry.os = HOST_UNIX
  entry.attrs = ((FILE_KIND[kind] | ((mode ?? FILE_MODE[kind]) & 0o777)) << 16) >>> 0
  entry.mtime = Math.min(Math.max(modified ?? DOS_FIRST, DOS_FIRST), DOS_LAST) * 1000
  if (modified !== undefined) entry.extra = { [EXTRA_TIME]: timeField(modified) }
  zip.add(entry)
  entry.push(data ?? new Uint8Array(0), true)
}

function timeField(seconds: number): Uint8Array {
  const field = new Uint8Array(5)
  field[0] = 1
  new DataView(field.buffer).setInt32(
    1,
    Math.min(Math.max(Math.floor(seconds), -(2 ** 31)), 2 ** 31 - 1),
    true,
  )
  return field
}
