/** A loaded project as the plain tree that `wasmrun.mount` takes. */
import type { LoadedProject } from '../../project/load.ts'
import type { FileTree } from '../../sdk/types.ts'

// a name like __proto__ is an ordinary name in a folder
const emptyFolder = (): FileTree => Object.create(null)

export const toFileTree = ({ files, directories, symlinks }: LoadedProject): FileTree => {
  const root = emptyFolder()
  const folders = new Map<string, FileTree>([['', root]])
  const folderAt = (path: string): FileTree => {
    const known = folders.get(path)
    if (known) return known
    const made = emptyFolder()
    const slash = path.lastIndexOf('/')
    folderAt(path.slice(0, Math.max(0, slash)))[path.slice(slash + 1)] = made
    folders.set(path, made)
    return made
  }
  const put = (path: string, node: Uint8Array | { symlink: string }): void => {
    const slash = path.lastIndexOf('/')
    folderAt(path.slice(0, Math.max(0, slash)))[path.slice(slash + 1)] = node
  }
  for (const path of directories) folderAt(path)
  for (const { path, bytes } of files) put(path, bytes)
  for (const { path, target } of symlinks) put(path, { symlink: target })
  return root
}
