/** Unpacks a packed tree (abi/tree.ts) into a directory: imports, installs, mounts of a standard library. */

import { ERRNO, SysError } from '../abi/errno.ts'
import { readTree, TREE_DIRECTORY, TREE_HARD_LINK, TREE_SYMLINK, type TreeEntry } from '../abi/tree.ts'
import { setFactsAt } from './data.ts'
import { INODE, INODE_SHIFT } from './layout.ts'
import { borrowContent, contentOf, hashContent, offerContent } from './store.ts'
import { KIND, OPEN, type SharedVfs } from './types.ts'

/**
 * Writes every entry beneath the directory `at`. A file or link that stands in the way is replaced, a directory is kept; parents
 * are directories of the same tree, so nothing is written through a link.
 * @returns files written
 * @throws TreeError for a malformed tree (entries before it are written), SysError that names the entry
 */
export const unpackTree = (vfs: SharedVfs, at: number, tree: Uint8Array): number => {
  let files = 0
  for (const entry of readTree(tree)) {
    if (entry.kind === TREE_DIRECTORY) unpackDirectory(vfs, at, entry)
    else if (entry.kind === TREE_SYMLINK || entry.kind === TREE_HARD_LINK) unpackLink(vfs, at, entry)
    else {
      unpackFile(vfs, at, entry)
      files++
    }
  }
  return files
}

const need = (entry: TreeEntry, result: number): number => {
  if (result < 0) throw new SysError(-result, new TextDecoder().decode(entry.path))
  return result
}

const lookup = (vfs: SharedVfs, at: number, path: Uint8Array): number =>
  vfs.lookup(at, path, 0, path.length, 0)

/** Removes what is no directory. */
const clear = (vfs: SharedVfs, at: number, entry: TreeEntry): void => {
  const result = vfs.unlink(at, entry.path, 0, entry.path.length, 0)
  if (result !== -ERRNO.NOENT) need(entry, result)
}

const unpackDirectory = (vfs: SharedVfs, at: number, entry: TreeEntry): void => {
  const { path } = entry
  const found = lookup(vfs, at, path)
  if (found > 0 && vfs.kind(found) === KIND.DIRECTORY) return
  if (found > 0) clear(vfs, at, entry)
  need(entry, vfs.mkdir(at, path, 0, path.length, 0, entry.mode))
}

const unpackLink = (vfs: SharedVfs, at: number, entry: TreeEntry): void => {
  const path = { bytes: entry.path, start: 0, length: entry.path.length }
  const target = { bytes: entry.data, start: 0, length: entry.data.length }
  clear(vfs, at, entry)
  if (entry.kind === TREE_SYMLINK) need(entry, vfs.symlink(target, at, path, 0))
  else need(entry, vfs.link(at, target, at, path, 0))
}

/** Writes a file that is empty and pinned, or lets it share what another one has. Bytes written, or -errno. */
export const fillFile = (vfs: SharedVfs, file: number, data: Uint8Array): number => {
  const { volume } = vfs
  const at = file << INODE_SHIFT
  const content = contentOf(data)
  const hash = hashContent(content)
  if (borrowContent(volume, at, content, hash)) return data.length
  const written = vfs.write(file, 0, data, 0, data.length)
  if (written === data.length) offerContent(volume, at, hash)
  return written
}

/** A file is written where it is, so that who has it open sees the new content; but never through another name of it. */
const unpackFile = (vfs: SharedVfs, at: number, entry: TreeEntry): void => {
  const { path, data } = entry
  const found = lookup(vfs, at, path)
  const { i32 } = vfs.volume.memory
  if (found > 0) {
    const isShared = i32[(found << INODE_SHIFT) + INODE.LINKS]! > 1
    if (vfs.kind(found) !== KIND.FILE || isShared) clear(vfs, at, entry)
  }
  const how = OPEN.CREATE | OPEN.TRUNCATE | OPEN.WRITE
  const file = need(entry, vfs.open(at, path, 0, path.length, 0, how, entry.mode))
  try {
    const written = data.length === 0 ? 0 : need(entry, fillFile(vfs, file, data))
    if (written < data.length) need(entry, -ERRNO.NOSPC)
    if (found > 0 || entry.mtimeNs > 0n) setFactsAt(vfs.volume, file, entry.mode, entry.mtimeNs || -1n)
  } finally {
    vfs.unpin(file)
  }
}
