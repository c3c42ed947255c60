/**
 * The read-only trees of runtimes. The first version of one lies where its programs look for it; another one whose programs look in
 * the same place lies apart, and its processes get that directory open under the name that they know (preopens.ts).
 *
 *   python 3.12.0    /usr/local/lib/python3.12
 *   python 3.12.4    /usr/lib/runtimes/python@3.12.4/usr/local/lib/python3.12     seen as /usr/local/lib/python3.12
 *
 * Equal files of both lie in memory once (src/vfs/store.ts).
 */
import type { Preopen } from '../abi/control.ts'
import type { Files } from '../vfs/types.ts'

const APART = '/usr/lib/runtimes'

export interface Mounts {
  /** Mounts a tree of a runtime ('python@3.12.0') unless it is there; the preopen that its processes need, or null. */
  add(owner: string, path: string, tree: Uint8Array): Preopen | null
}

export const createMounts = (files: Files): Mounts => {
  /** Whose tree lies at a path. */
  const owners = new Map<string, string>()
  const mount = (owner: string, path: string, tree: Uint8Array): void => {
    if (owners.has(path)) return
    files.mountTree(path, tree, { readonly: true })
    owners.set(path, owner)
  }
  return {
    add: (owner, path, tree) => {
      if ((owners.get(path) ?? owner) === owner) {
        mount(owner, path, tree)
        return null
      }
      const apart = `${APART}/${owner}${path}`
      mount(owner, apart, tree)
      return { name: path, path: apart, readonly: true }
    },
  }
}
