/** `wasmrun.mount`: a tree of plain values, a directory handle or the bytes of a .zip become files of the machine. */
import type { KernelApi } from '../abi/control.ts'
import {
  checkTree,
  packTree,
  TREE_DIRECTORY,
  TREE_FILE,
  TREE_MAGIC,
  TREE_SYMLINK,
  type TreeSource,
} from '../abi/tree.ts'
import { moving, type Remote } from '../ipc/rpc.ts'
import type { Collected } from './collect.ts'
import type { FileTree, LeftOut, SymlinkNode } from './types.ts'

type Source = FileTree | FileSystemDirectoryHandle | Uint8Array | Blob

export const mountSource = async (
  kernel: Remote<KernelApi>,
  source: Source,
  path: string,
  archive: string,
): Promise<{ leftOut: LeftOut[] }> => {
  const { tree, leftOut } = await packed(source, archive)
  await kernel.mkdir(path, true, 0o755)
  await kernel.writeTree(path, moving(tree, [tree.buffer]))
  return { leftOut }
}

const packed = async (source: Source, archive: string): Promise<Collected> => {
  if (source instanceof Uint8Array && isTree(source)) {
    checkTree(source)
    return { tree: source.slice(), leftOut: [] }
  }
  if (source instanceof Blob || source instanceof Uint8Array || isDirectoryHandle(source)) {
    const { collect } = await import('./collect.ts')
    return collect(source, archive)
  }
  return { tree: packTree([...flatten(source, '')]), leftOut: [] }
}

const isTree = (bytes: Uint8Array): boolean => TREE_MAGIC.every((byte, index) => bytes[index] === byte)

const isDirectoryHandle = (source: Source): source is FileSystemDirectoryHandle =>
  typeof FileSystemDirectoryHandle === 'function' && source instanceof FileSystemDirectoryHandle

function* flatten(tree: FileTree, prefix: string): Generator<TreeSource> {
  for (const [name, node] of Object.entries(tree)) {
    const path = prefix + name
    if (typeof node === 'string' || node instanceof Uint8Array) yield { kind: TREE_FILE, path, data: node }
    else if (isSymlink(node)) yield { kind: TREE_SYMLINK, path, data: node.symlink }
    else {
      yield { kind: TREE_DIRECTORY, path }
      yield* flatten(node, `${path}/`)
    }
  }
}

const isSymlink = (node: FileTree | SymlinkNode): node is SymlinkNode =>
  Object.keys(node).length === 1 && typeof node.symlink === 'string'
