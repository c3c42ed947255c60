/** POSIX paths as strings over a `Vfs`, for the kernel, the public API and tests. Refusals are thrown. */
import { check, ERRNO, SysError } from '../abi/errno.ts'
import { heapUsage } from '../memory/heap.ts'
import type { Memory } from '../memory/memory.ts'
import { sizeOf } from './content.ts'
import { hold } from './hold.ts'
import { eachInode } from './inode.ts'
import { INODE, INODE_SHIFT } from './layout.ts'
import { coverDirectory, dropMount, isMountRoot, takeMount } from './mount.ts'
import { unpackTree } from './tree.ts'
import {
  type DirectoryEntry,
  emptyStat,
  type Files,
  KIND,
  OPEN,
  type PathBytes,
  type SharedVfs,
  type Stat,
  type Vfs,
  type VfsUsage,
  WALK,
} from './types.ts'

export { emptyStat } from './types.ts'

/** The part of `Files` that needs nothing but the calls of `Vfs`. */
export type PathFiles = Omit<Files, 'version' | 'writeTree' | 'mountTree' | 'unmount' | 'usage' | 'volume'>

const encoder = new TextEncoder()
const decoder = new TextDecoder()

/** Lone surrogates cannot be said in UTF-8; TextEncoder would make another name of them. */
export const pathBytes = (path: string): PathBytes => {
  if (!path.isWellFormed()) throw new SysError(ERRNO.ILSEQ, path)
  const bytes = encoder.encode(path)
  return { bytes, start: 0, length: bytes.length }
}

export const createPathFiles = (vfs: Vfs): PathFiles => {
  const { root } = vfs
  const find = (path: string, flags: number): number => {
    const { bytes, length } = pathBytes(path)
    return check(vfs.lookup(root, bytes, 0, length, flags), path)
  }
  /** Opens, works, closes. */
  const withFile = <T>(path: string, how: number, mode: number, work: (inode: number) => T): T => {
    const { bytes, length } = pathBytes(path)
    const inode = check(vfs.open(root, bytes, 0, length, WALK.FOLLOW, how, mode), path)
    try {
      return work(inode)
    } finally {
      vfs.unpin(inode)
    }
  }
  const facts = (path: string, flags: number): Stat => {
    const out = emptyStat()
    check(vfs.stat(find(path, flags), out), path)
    return out
  }
  const list = (path: string): DirectoryEntry[] => {
    const entries: DirectoryEntry[] = []
    const visit = (_next: number, inode: number, kind: number, name: Uint8Array): boolean => {
      const isDots = name[0] === 0x2e && (name.length === 1 || (name.length === 2 && name[1] === 0x2e))
      if (!isDots) entries.push({ name: decoder.decode(name), kind, inode })
      return true
    }
    check(vfs.readdir(find(path, WALK.FOLLOW), 0, visit), path)
    return entries
  }
  const mkdirOne = (path: string, mode: number): number => {
    const { bytes, length } = pathBytes(path)
    return vfs.mkdir(root, bytes, 0, length, 0, mode)
  }
  /** Every missing directory on the way. What exists must be a directory. */
  const mkdirAll = (path: string, mode: number): void => {
    const names = path.split('/').filter((name) => name !== '')
    let reached = ''
    for (const name of names) {
      reached += `/${name}`
      const result = mkdirOne(reached, mode)
      if (result !== -ERRNO.EXIST) check(result, path)
    }
    if (facts(path === '' ? '/' : path, WALK.FOLLOW).kind !== KIND.DIRECTORY)
      throw new SysError(ERRNO.EXIST, path)
  }
  /** By inode, so that no depth of directories makes a path too long, and no link is followed on the way down. */
  const removeAt = (at: number, name: Uint8Array, path: string, isRecursive: boolean): void => {
    const result = vfs.unlink(at, name, 0, name.length, 0)
    if (result !== -ERRNO.ISDIR) {
      check(result, path)
      return
    }
    if (!isRecursive) throw new SysError(ERRNO.ISDIR, path)
    const directory = check(vfs.open(at, name, 0, name.length, 0, OPEN.DIRECTORY, 0), path)
    try {
      for (const child of namesIn(vfs, directory)) removeAt(directory, child, path, true)
    } finally {
      vfs.unpin(directory)
    }
    check(vfs.rmdir(at, name, 0, name.length, 0), path)
  }
  return {
    readFile: (path) =>
      withFile(path, 0, 0, (inode) => {
        if (vfs.kind(inode) === KIND.DIRECTORY) throw new SysError(ERRNO.ISDIR, path)
        return readWhole(vfs, inode, path)
      }),
    writeFile: (path, data, options = {}) => {
      const cut = options.append ? 0 : OPEN.TRUNCATE
      withFile(path, OPEN.CREATE | OPEN.WRITE | cut, options.mode ?? 0o644, (inode) => {
        const written = check(vfs.write(inode, options.append ? -1 : 0, data, 0, data.length), path)
        if (written < data.length) throw new SysError(ERRNO.NOSPC, path)
      })
    },
    mkdir: (path, options = {}) => {
      const mode = options.mode ?? 0o755
      if (options.recursive) mkdirAll(path, mode)
      else check(mkdirOne(path, mode), path)
    },
    rm: (path, options = {}) => {
      try {
        removeAt(root, pathBytes(path).bytes, path, options.recursive === true)
      } catch (error) {
        const isGone = error instanceof SysError && error.code === 'ENOENT'
        if (!(options.force && isGone)) throw error
      }
    },
    readdir: list,
    stat: (path) => facts(path, WALK.FOLLOW),
    lstat: (path) => facts(path, 0),
    rename: (from, to) => {
      check(vfs.rename(root, pathBytes(from), root, pathBytes(to), 0), `${from} -> ${to}`)
    },
    link: (from, to) => {
      check(vfs.link(root, pathBytes(from), root, pathBytes(to), 0), `${from} -> ${to}`)
    },
    symlink: (target, path) => {
      check(vfs.symlink(pathBytes(target), root, pathBytes(path), 0), path)
    },
    readlink: (path) => {
      const inode = find(path, 0)
      const bytes = new Uint8Array(vfs.size(inode))
      return decoder.decode(bytes.subarray(0, check(vfs.readlink(inode, bytes, 0, bytes.length), path)))
    },
    chmod: (path, mode) => {
      check(vfs.chmod(find(path, WALK.FOLLOW), mode), path)
    },
    exists: (path) => {
      const { bytes, length } = pathBytes(path)
      return vfs.lookup(root, bytes, 0, length, WALK.FOLLOW) > 0
    },
  }
}

/** A sparse file may be longer than any array: 1 GiB at once. */
const READ_MAX = 2 ** 30

/** Names in a directory, without the dots. */
const namesIn = (vfs: Vfs, directory: number): Uint8Array[] => {
  const names: Uint8Array[] = []
  vfs.readdir(directory, 2, (_next, _inode, _kind, name) => {
    names.push(name.slice())
    return true
  })
  return names
}

/** The file may shrink or grow meanwhile: what was there when it was read. */
const readWhole = (vfs: Vfs, inode: number, path: string): Uint8Array => {
  const size = vfs.size(inode)
  if (size > READ_MAX) throw new SysError(ERRNO.FBIG, path)
  const bytes = new Uint8Array(size)
  let done = 0
  while (done < bytes.length) {
    const more = check(vfs.read(inode, done, bytes, done, bytes.length - done), path)
    if (more === 0) return bytes.subarray(0, done)
    done += more
  }
  return bytes
}

/** Inode and change count: goes up with every change, whatever the times are set to. Another inode is another version. */
export const versionOf = (vfs: SharedVfs, inode: number): string =>
  `${inode}.${vfs.volume.memory.i32[(inode << INODE_SHIFT) + INODE.SEQUENCE]! >>> 0}`

/** What is promised to files that are still to come counts as theirs. */
const usedBytes = (memory: Memory): number => {
  const { files, promised } = heapUsage(memory)
  return files + promised
}

const usageOf = (vfs: SharedVfs): VfsUsage => {
  const { memory } = vfs.volume
  const usage: VfsUsage = { files: 0, directories: 0, content: 0, used: usedBytes(memory) }
  eachInode(vfs.volume, (at) => {
    const kind = memory.i32[at + INODE.KIND]
    if (kind === KIND.DIRECTORY) usage.directories++
    if (kind !== KIND.FILE) return
    usage.files++
    usage.content += sizeOf(memory.i32, at)
  })
  return usage
}

export const createFiles = (vfs: SharedVfs): Files => {
  const files = createPathFiles(vfs)
  const { volume } = vfs
  const locked = <T>(work: () => T): T => hold(volume, work)
  const find = (path: string): number => {
    const { bytes, length } = pathBytes(path)
    return check(vfs.lookup(vfs.root, bytes, 0, length, WALK.FOLLOW), path)
  }
  /** Fills the mount before anybody can see it. */
  const mountAt = (covered: number, path: string, tree: Uint8Array, readonly: boolean): void => {
    const root = locked(() => takeMount(volume, 0o755))
    check(root, path)
    try {
      unpackTree(vfs, root >>> INODE_SHIFT, tree)
      const result = locked(() => coverDirectory(volume, root, covered << INODE_SHIFT, readonly))
      check(result, path)
    } catch (error) {
      locked(() => dropMount(volume, root))
      throw error
    }
  }
  return {
    ...files,
    volume,
    version: (path) => versionOf(vfs, find(path)),
    writeTree: (path, tree) => {
      files.mkdir(path, { recursive: true })
      return unpackTree(vfs, find(path), tree)
    },
    mountTree: (path, tree, options) => {
      files.mkdir(path, { recursive: true })
      const covered = find(path)
      vfs.pin(covered)
      try {
        mountAt(covered, path, tree, options.readonly)
      } finally {
        vfs.unpin(covered)
      }
    },
    unmount: (path) => {
      const root = find(path) << INODE_SHIFT
      const dropped = locked(() => (isMountRoot(volume, root) ? dropMount(volume, root) : -ERRNO.INVAL))
      check(dropped, path)
    },
    usage: () => locked(() => usageOf(vfs)),
  }
}
