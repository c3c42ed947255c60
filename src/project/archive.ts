/**
 * A .zip as a project. Entries that lead out of it (absolute paths, drive letters, '..', symbolic links to somewhere else)
 * are left out and listed; one folder around everything is taken off.
 */

import { PATH_MAX_BYTES } from '../abi/tree.ts'
import { decodeTextStrict } from '../lib/bytes.ts'
import type { ArchivedEntry, Unzip } from '../lib/unzip.ts'
import { type FlatEntry, sourceFromEntries } from './flat.ts'
import { type LeftOut, leftOut, millisecondsToNs, type Source } from './source.ts'
import { leadsOut } from './symlink.ts'

interface Placed {
  path: string
  entry: ArchivedEntry
}

/** what macOS adds to archives beside the real files */
const MAC_FOLDER = '__MACOSX'

/**
 * Opens an archive; files are unpacked when the walk reads them.
 * @param name of the file, for the name of the project
 * @param bytes are given away
 * @throws ZipError for an archive that is damaged, encrypted, cut off or a bomb
 */
export async function openArchive(name: string, bytes: Uint8Array, unzip: Unzip): Promise<Source> {
  const refused: LeftOut[] = []
  const placed: Placed[] = []
  for (const entry of await unzip(bytes)) {
    const problem = findPlaceProblem(entry.path)
    if (problem !== undefined)
      refused.push(leftOut(entry.path, 'unsafe', `Left out: ${problem}.`, entry.size))
    else placed.push({ path: cleanPath(entry.path), entry })
  }
  const top = findTop(placed)
  const inside = placed
    .filter(({ path }) => path.split('/')[0] !== MAC_FOLDER)
    .map(({ path, entry }) => ({ path: top === undefined ? path : path.slice(top.length + 1), entry }))
    .filter(({ path }) => path !== '')
  const links = await readLinks(inside, refused)
  const entries = inside.flatMap(({ path, entry }) => flatEntry(path, entry, links))
  return sourceFromEntries(top ?? name.replace(/\.zip$/i, ''), entries, refused)
}

function findPlaceProblem(path: string): string | undefined {
  if (path.startsWith('/')) return 'its path is absolute'
  if (/^[A-Za-z]:[\\/]/.test(path)) return 'its path starts with a drive'
  if (path.startsWith('\\\\')) return 'its path names another computer'
  if (path.split('/').includes('..')) return 'its path leads out of the archive'
  return undefined
}

function cleanPath(path: string): string {
  return path
    .split('/')
    .filter((name) => name !== '' && name !== '.')
    .join('/')
}

/** The one folder that holds everything, if there is one. */
function findTop(placed: readonly Placed[]): string | undefined {
  const paths = placed.filter(({ path }) => path !== '' && path.split('/')[0] !== MAC_FOLDER)
  const top = paths[0]?.path.split('/')[0]
  if (top === undefined) return undefined
  const around = paths.every(({ path, entry }) =>
    path === top ? entry.kind === 'directory' : path.startsWith(`${top}/`),
  )
  return around && paths.some(({ path }) => path !== top) ? top : undefined
}

/** The targets of all links that stay inside; the others are refused. */
async function readLinks(placed: readonly Placed[], refused: LeftOut[]): Promise<Map<string, string>> {
  const links = new Map<string, string>()
  for (const { path, entry } of placed) {
    if (entry.kind !== 'symlink') continue
    const target = entry.size < PATH_MAX_BYTES ? decodeTextStrict(await entry.read()) : undefined
    if (target === undefined || target === '' || target.includes('\0'))
      refused.push(
        leftOut(path, 'unsafe', 'Left out: it is a symbolic link without a target that could be followed.'),
      )
    else links.set(path, target)
  }
  for (const [path, target] of [...links])
    if (leadsOut(path, links)) {
      links.delete(path)
      refused.push(
        leftOut(path, 'unsafe', `Left out: it is a symbolic link out of the project, to ${target}.`),
      )
    }
  return links
}

function flatEntry(path: string, entry: ArchivedEntry, links: ReadonlyMap<string, string>): FlatEntry[] {
  if (entry.kind === 'directory') return [{ path, node: 'directory' }]
  if (entry.kind === 'symlink') {
    const target = links.get(path)
    return target === undefined ? [] : [{ path, node: { kind: 'symlink', target } }]
  }
  const stat = {
    size: entry.size,
    ...(entry.modified === undefined ? {} : { modifiedNs: millisecondsToNs(entry.modified * 1000) }),
    ...(entry.mode === undefined ? {} : { executable: (entry.mode & 0o111) !== 0 }),
  }
  return [{ path, node: { kind: 'file', stat: async () => stat, read: () => entry.read() } }]
}
