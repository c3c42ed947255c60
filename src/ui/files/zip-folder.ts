/** A folder of the machine as a .zip. Links stay links; what is no file is left out. */
import { packZip, type ZipSource } from '../../lib/zip-pack.ts'
import type { FileSystem } from '../../sdk/types.ts'
import { joinPath } from './tree.ts'

const NANOSECONDS = 1_000_000_000n

export const zipFolder = async (fs: FileSystem, root: string): Promise<Uint8Array> => {
  const sources: ZipSource[] = []
  const add = async (folder: string, prefix: string): Promise<void> => {
    for (const entry of await fs.readdir(folder)) {
      const path = joinPath(folder, entry.name)
      const { mode, modified } = await fs.lstat(path)
      const common = { path: prefix + entry.name, mode, modified: Number(modified / NANOSECONDS) }
      if (entry.kind === 'directory') {
        sources.push({ ...common, kind: 'directory', data: new Uint8Array() })
        await add(path, `${prefix}${entry.name}/`)
      } else if (entry.kind === 'symlink')
        sources.push({ ...common, kind: 'symlink', data: new TextEncoder().encode(await fs.readlink(path)) })
      else if (entry.kind === 'file') sources.push({ ...common, kind: 'file', data: await fs.readFile(path) })
    }
  }
  await add(root, '')
  return packZip(sources)
}
