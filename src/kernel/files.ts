/** The file calls of the kernel's face: POSIX paths over the filesystem, with results that cross the wall. */
import type { KernelApi, StatInfo } from '../abi/control.ts'
import { moving } from '../ipc/rpc.ts'
import { type Files, KIND, type Stat } from '../vfs/types.ts'

type FileApi = Pick<
  KernelApi,
  | 'writeTree'
  | 'readFile'
  | 'writeFile'
  | 'mkdir'
  | 'rm'
  | 'readdir'
  | 'stat'
  | 'rename'
  | 'symlink'
  | 'readlink'
>

const KINDS: Record<number, StatInfo['kind']> = {
  [KIND.FILE]: 'file',
  [KIND.DIRECTORY]: 'directory',
  [KIND.SYMLINK]: 'symlink',
  [KIND.DEVICE]: 'device',
}

export const kindName = (kind: number): StatInfo['kind'] => KINDS[kind] ?? 'other'

const info = (stat: Stat): StatInfo => ({
  kind: kindName(stat.kind),
  size: stat.size,
  mode: stat.mode,
  inode: stat.inode,
  links: stat.links,
  accessed: stat.atime,
  modified: stat.mtime,
  changed: stat.ctime,
})

/** @param home a mount: removing it empties it, as far as its users can tell */
export const createFileApi = (files: Files, home: string): FileApi => ({
  writeTree: async (path, tree) => void files.writeTree(path, tree),
  readFile: (path) => {
    const bytes = files.readFile(path)
    return moving(bytes, [bytes.buffer])
  },
  writeFile: async (path, data, mode, append) => files.writeFile(path, data, { mode, append }),
  mkdir: (path, recursive, mode) => files.mkdir(path, { recursive, mode }),
  rm: (path, recursive, force) => {
    if (recursive && path.replace(/\/+$/, '') === home)
      for (const { name } of files.readdir(home)) files.rm(`${home}/${name}`, { recursive })
    else files.rm(path, { recursive, force })
  },
  readdir: (path, withStat) => {
    const entries = files.readdir(path).map(({ name, kind }) => ({ name, kind: kindName(kind) }))
    if (!withStat) return entries
    return entries.flatMap((entry) => {
      try {
        return { ...entry, stat: info(files.lstat(`${path}/${entry.name}`)) }
      } catch {
        // A program has removed it meanwhile.
        return []
      }
    })
  },
  stat: (path, follow) => info(follow ? files.stat(path) : files.lstat(path)),
  rename: (from, to) => files.rename(from, to),
  symlink: (target, path) => files.symlink(target, path),
  readlink: (path) => files.readlink(path),
})
