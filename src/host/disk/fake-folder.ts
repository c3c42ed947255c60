/**
 * A folder of the File System API in memory, for tests: the same refusals by the same names, files that are snapshots, writers that
 * swap at `close`, and the things that go wrong on a real disk.
 */
import type { FileLike } from '../../project/source.ts'
import type { DiskFile, DiskFolder, DiskWriter } from './handles.ts'

interface FileNode {
  kind: 'file'
  bytes: Uint8Array<ArrayBuffer>
  modified: number
}

interface FolderNode {
  kind: 'directory'
  children: Map<string, FileNode | FolderNode>
}

export interface FakeDisk {
  handle: DiskFolder
  /** What another program does. */
  write(path: string, text: string | Uint8Array): void
  remove(path: string): void
  mkdir(path: string): void
  /** Contents by path, folders as null. */
  dump(): Record<string, string | null>
  permission: PermissionState
  isGone: boolean
  ignoresCase: boolean
  isFull: boolean
  /** Called before each step of the browser; may change the disk or throw. */
  before: (step: 'list' | 'get' | 'read' | 'write' | 'close' | 'remove', path: string) => void
  /** Steps so far that changed the disk through handles. */
  changes: string[]
  now: () => number
}

const fail = (name: string, message: string): never => {
  throw name === 'TypeError' ? new TypeError(message) : new DOMException(message, name)
}

const WINDOWS = /[<>:"|?*\\]|[. ]$|^(con|prn|aux|nul)(\.|$)/i

export const createFakeDisk = (name = 'folder'): FakeDisk => {
  const root: FolderNode = { kind: 'directory', children: new Map() }
  const encode = (text: string | Uint8Array): Uint8Array<ArrayBuffer> =>
    typeof text === 'string' ? new TextEncoder().encode(text) : new Uint8Array(text)
  const keyIn = (folder: FolderNode, child: string): string | undefined => {
    if (folder.children.has(child)) return child
    if (!disk.ignoresCase) return undefined
    return [...folder.children.keys()].find((other) => other.toLowerCase() === child.toLowerCase())
  }
  const nodeAt = (path: string): FileNode | FolderNode | undefined => {
    if (disk.isGone) return undefined
    let node: FileNode | FolderNode | undefined = root
    for (const part of path.split('/').filter(Boolean)) {
      if (node?.kind !== 'directory') return undefined
      const key = keyIn(node, part)
      node = key === undefined ? undefined : node.children.get(key)
    }
    return node
  }
  const folderNode = (path: string): FolderNode => {
    const node = nodeAt(path)
    if (!node) return fail('NotFoundError', path)
    return node.kind === 'directory' ? node : fail('TypeMismatchError', path)
  }
  const fileNode = (path: string): FileNode => {
    const node = nodeAt(path)
    if (!node) return fail('NotFoundError', path)
    return node.kind === 'file' ? node : fail('TypeMismatchError', path)
  }
  const allow = async (step: Parameters<FakeDisk['before']>[0], path: string): Promise<void> => {
    await Promise.resolve()
    disk.before(step, path)
    if (disk.permission !== 'granted') fail('NotAllowedError', 'permission is not granted')
  }
  const join = (path: string, child: string): string => (path === '' ? child : `${path}/${child}`)

  const fileHandle = (path: string): DiskFile => ({
    kind: 'file',
    name: path.slice(path.lastIndexOf('/') + 1),
    getFile: async (): Promise<FileLike> => {
      await allow('get', path)
      const { bytes, modified } = fileNode(path)
      return {
        name: path,
        size: bytes.length,
        lastModified: modified,
        arrayBuffer: async () => {
          await allow('read', path)
          const now = nodeAt(path)
          if (now?.kind !== 'file' || now.bytes !== bytes) fail('NotReadableError', path)
          return bytes.slice().buffer
        },
      }
    },
    createWritable: async (): Promise<DiskWriter> => {
      await allow('write', path)
      fileNode(path)
      let written = new Uint8Array(0)
      let isOpen = true
      return {
        write: async (bytes) => {
          await allow('write', path)
          if (disk.isFull) fail('QuotaExceededError', 'no room')
          written = bytes.slice()
        },
        close: async () => {
          await allow('close', path)
          if (!isOpen) fail('TypeError', 'closed')
          isOpen = false
          const node = fileNode(path)
          node.bytes = written
          node.modified = disk.now()
          disk.changes.push(`write ${path}`)
        },
        abort: async () => {
          isOpen = false
        },
      }
    },
  })
  const folderHandle = (path: string, own: string): DiskFolder => ({
    kind: 'directory',
    name: own,
    queryPermission: async () => disk.permission,
    async *values() {
      await allow('list', path)
      for (const [child, node] of [...folderNode(path).children]) {
        yield node.kind === 'file' ? fileHandle(join(path, child)) : folderHandle(join(path, child), child)
      }
    },
    getFileHandle: async (child, { create = false } = {}) => {
      await allow('get', join(path, child))
      if (WINDOWS.test(child)) fail('TypeError', 'Name is not allowed.')
      const folder = folderNode(path)
      const key = keyIn(folder, child)
      if (key === undefined) {
        if (!create) fail('NotFoundError', child)
        folder.children.set(child, { kind: 'file', bytes: new Uint8Array(0), modified: disk.now() })
      } else if (folder.children.get(key)?.kind !== 'file') fail('TypeMismatchError', child)
      return fileHandle(join(path, child))
    },
    getDirectoryHandle: async (child, { create = false } = {}) => {
      await allow('get', join(path, child))
      if (WINDOWS.test(child)) fail('TypeError', 'Name is not allowed.')
      const folder = folderNode(path)
      const key = keyIn(folder, child)
      if (key === undefined) {
        if (!create) fail('NotFoundError', child)
        folder.children.set(child, { kind: 'directory', children: new Map() })
        disk.changes.push(`mkdir ${join(path, child)}`)
      } else if (folder.children.get(key)?.kind !== 'directory') fail('TypeMismatchError', child)
      return folderHandle(join(path, child), child)
    },
    removeEntry: async (child) => {
      await allow('remove', join(path, child))
      const folder = folderNode(path)
      const key = keyIn(folder, child)
      const node = key === undefined ? undefined : folder.children.get(key)
      if (key === undefined || !node) return fail('NotFoundError', child)
      if (node.kind === 'directory' && node.children.size > 0) fail('InvalidModificationError', child)
      folder.children.delete(key)
      disk.changes.push(`remove ${join(path, child)}`)
    },
  })
  const makeFolder = (path: string): FolderNode => {
    let node = root
    for (const part of path.split('/').filter(Boolean)) {
      let next = node.children.get(part)
      if (next?.kind !== 'directory') {
        next = { kind: 'directory', children: new Map() }
        node.children.set(part, next)
      }
      node = next
    }
    return node
  }
  const parentOf = (path: string): string => path.slice(0, Math.max(0, path.lastIndexOf('/')))
  const nameOf = (path: string): string => path.slice(path.lastIndexOf('/') + 1)
  const disk: FakeDisk = {
    handle: folderHandle('', name),
    permission: 'granted',
    isGone: false,
    ignoresCase: false,
    isFull: false,
    before: () => {},
    changes: [],
    now: Date.now,
    write: (path, text) => {
      const folder = makeFolder(parentOf(path))
      folder.children.set(keyIn(folder, nameOf(path)) ?? nameOf(path), {
        kind: 'file',
        bytes: encode(text),
        modified: disk.now(),
      })
    },
    remove: (path) => void makeFolder(parentOf(path)).children.delete(nameOf(path)),
    mkdir: (path) => void makeFolder(path),
    dump: () => {
      const found: Record<string, string | null> = {}
      const walk = (folder: FolderNode, prefix: string): void => {
        for (const [child, node] of folder.children) {
          found[prefix + child] = node.kind === 'file' ? new TextDecoder('latin1').decode(node.bytes) : null
          if (node.kind === 'directory') walk(node, `${prefix}${child}/`)
        }
      }
      walk(root, '')
      return Object.fromEntries(Object.entries(found).sort(([a], [b]) => (a < b ? -1 : 1)))
    },
  }
  return disk
}
