/** All files of the project, for "go to file" and "find in files". */
import type { FileSystem } from '../../sdk/types.ts'
import { joinPath, sortEntries } from './tree.ts'

/** Folders whose files nobody looks for by name: packages, builds, caches. */
export const SKIPPED = new Set([
  '.git',
  'node_modules',
  'target',
  '__pycache__',
  '.venv',
  'venv',
  '.cache',
  'dist-newstyle',
])
/** Paths listed at most. */
export const LISTED_MAX = 50_000

/** @throws what the signal says when it aborts */
export const listFiles = async (
  fs: Pick<FileSystem, 'readdir'>,
  root: string,
  signal: AbortSignal,
): Promise<string[]> => {
  const found: string[] = []
  const waiting = [root]
  for (let folder = waiting.shift(); folder !== undefined; folder = waiting.shift()) {
    signal.throwIfAborted()
    // a folder that goes while it is looked for has no files
    const entries = sortEntries(await fs.readdir(folder).catch(() => []))
    for (const entry of entries) {
      if (entry.kind === 'directory') {
        if (!SKIPPED.has(entry.name)) waiting.push(joinPath(folder, entry.name))
      } else if (entry.kind === 'file' || entry.kind === 'symlink') found.push(joinPath(folder, entry.name))
      if (found.length >= LISTED_MAX) return found
    }
  }
  return found
}
