/** What lies in the machine, as a source that can be walked like a folder of the disk: to find out how it runs. */
import type { FlatEntry } from '../../project/flat.ts'
import { sourceFromEntries } from '../../project/flat.ts'
import type { Source } from '../../project/source.ts'
import type { FileSystem } from '../../sdk/types.ts'
import { joinPath } from '../files/tree.ts'

/** Folders that say nothing about how a project runs and can hold very much. */
const SKIPPED = new Set(['node_modules', '.git', '__pycache__', '.venv', 'venv'])
/** Entries looked at. */
const ENTRIES_MAX = 20_000
const DEPTH_MAX = 12

export const machineSource = async (fs: FileSystem, root: string, name: string): Promise<Source> => {
  const entries: FlatEntry[] = []
  const add = async (folder: string, prefix: string, depth: number): Promise<void> => {
    if (depth > DEPTH_MAX) return
    for (const { name: own, kind, stat } of await fs.readdir(folder, { stat: true })) {
      const path = joinPath(folder, own)
      if (entries.length >= ENTRIES_MAX) return
      if (kind === 'directory') {
        if (!SKIPPED.has(own)) await add(path, `${prefix}${own}/`, depth + 1)
      } else if (kind === 'file')
        entries.push({
          path: prefix + own,
          node: {
            kind: 'file',
            stat: async () => ({ size: stat.size, modifiedNs: stat.modified }),
            read: () => fs.readFile(path),
          },
        })
    }
  }
  await add(root, '', 0)
  return sourceFromEntries(name, entries)
}
