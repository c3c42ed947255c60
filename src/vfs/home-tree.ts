/**
 * A directory as disk sync sees it: what is in it with versions, and steps that are only made when it still is as the caller
 * thinks. Check and change happen in one hold of the lock, so no program can come between.
 *
 * Invariant: a step that is refused has changed nothing, also when the machine is full.
 */
import type { TreeStep, TreeStepResult } from '../abi/disk.ts'
import { ERRNO, SysError } from '../abi/errno.ts'
import { decodeTextStrict, encodeText } from '../lib/bytes.ts'
import { emptyStat, versionOf } from './files.ts'
import { KIND, OPEN, type SharedVfs } from './types.ts'

export interface HomeEntry {
  kind: 'file' | 'directory' | 'other'
  version: string
  size: number
}

const locked = <T>(vfs: SharedVfs, work: () => T): T => {
  const { lock } = vfs.volume
  lock.acquire()
  try {
    return work()
  } finally {
    lock.release()
  }
}

/** Everything beneath the directory `root`, by relative path. What vanishes meanwhile is not in it. */
export const listHome = (vfs: SharedVfs, root: number): Map<string, HomeEntry> => {
  const found = new Map<string, HomeEntry>()
  const stat = emptyStat()
  if (vfs.stat(root, stat) < 0) return found
  const device = stat.dev
  const pending: { inode: number; prefix: string }[] = [{ inode: root, prefix: '' }]
  for (let next = pending.pop(); next !== undefined; next = pending.pop()) {
    const { inode, prefix } = next
    vfs.readdir(inode, 2, (_next, child, kind, bytes) => {
      const name = decodeTextStrict(bytes)
      const path = prefix + (name ?? new TextDecoder().decode(bytes))
      if (vfs.stat(child, stat) < 0) return true
      const isOurs = name !== undefined && stat.dev === device
      if (isOurs && kind === KIND.FILE)
        found.set(path, { kind: 'file', version: versionOf(vfs, child), size: stat.size })
      else if (isOurs && kind === KIND.DIRECTORY) {
        found.set(path, { kind: 'directory', version: '', size: 0 })
        pending.push({ inode: child, prefix: `${path}/` })
      } else found.set(path, { kind: 'other', version: '', size: 0 })
      return true
    })
  }
  return found
}

/** Reads without the lock this often before it takes it. */
const FREE_LOOKS = 2

const readAll = (vfs: SharedVfs, inode: number): Uint8Array<ArrayBuffer> => {
  const bytes = new Uint8Array(vfs.size(inode))
  let done = 0
  while (done < bytes.length) {
    const more = vfs.read(inode, done, bytes, done, bytes.length - done)
    if (more <= 0) return bytes.slice(0, done)
    done += more
  }
  return bytes
}

/** The bytes of a file as they were at one moment, or null where there is no file. */
export const readStable = (
  vfs: SharedVfs,
  root: number,
  path: string,
): { version: string; bytes: Uint8Array<ArrayBuffer> } | null => {
  const inode = find(vfs, root, path)
  if (inode < 0 || vfs.kind(inode) !== KIND.FILE) return null
  for (let look = 0; look < FREE_LOOKS; look++) {
    const version = versionOf(vfs, inode)
    const bytes = readAll(vfs, inode)
    if (versionOf(vfs, inode) === version) return { version, bytes }
  }
  return locked(vfs, () => ({ version: versionOf(vfs, inode), bytes: readAll(vfs, inode) }))
}

const find = (vfs: SharedVfs, root: number, path: string): number => {
  const bytes = encodeText(path)
  return vfs.lookup(root, bytes, 0, bytes.length, 0)
}

const CHANGED: TreeStepResult = { state: 'changed' }
const DONE: TreeStepResult = { state: 'done', version: '' }

const refused = (errno: number, path: string): TreeStepResult => {
  const { code, message } = new SysError(errno, path)
  return { state: 'failed', code, message }
}

/** 0 and above is fine; what is there or missing against expectation is a change, everything else a failure. */
const told = (result: number, path: string): TreeStepResult => {
  if (result >= 0) return DONE
  const isChange = [ERRNO.NOENT, ERRNO.EXIST, ERRNO.NOTEMPTY, ERRNO.NOTDIR, ERRNO.ISDIR].includes(
    -result as typeof ERRNO.NOENT,
  )
  return isChange ? CHANGED : refused(-result, path)
}

export const applyStep = (vfs: SharedVfs, root: number, step: TreeStep): TreeStepResult =>
  locked(vfs, () => {
    const bytes = encodeText(step.path)
    const inode = find(vfs, root, step.path)
    const hasVersion = (version: string): boolean =>
      inode > 0 && vfs.kind(inode) === KIND.FILE && versionOf(vfs, inode) === version
    switch (step.type) {
      case 'mkdir':
        if (inode > 0) return vfs.kind(inode) === KIND.DIRECTORY ? DONE : CHANGED
        return told(vfs.mkdir(root, bytes, 0, bytes.length, 0, 0o755), step.path)
      case 'remove':
        if (!hasVersion(step.version)) return CHANGED
        return told(vfs.unlink(root, bytes, 0, bytes.length, 0), step.path)
      case 'rmdir':
        return told(vfs.rmdir(root, bytes, 0, bytes.length, 0), step.path)
      case 'aside':
        if (step.version !== '' && !hasVersion(step.version)) return CHANGED
        return step.how === 'copy'
          ? copyAside(vfs, root, inode, step.to)
          : moveAside(vfs, root, bytes, step.to)
      case 'write': {
        const isExpected = step.version === null ? inode === -ERRNO.NOENT : hasVersion(step.version)
        if (!isExpected) return CHANGED
        return writeOne(vfs, root, bytes, inode, step)
      }
    }
  })

const moveAside = (vfs: SharedVfs, root: number, from: Uint8Array, to: string): TreeStepResult => {
  if (find(vfs, root, to) !== -ERRNO.NOENT) return CHANGED
  const target = encodeText(to)
  const path = (bytes: Uint8Array) => ({ bytes, start: 0, length: bytes.length })
  return told(vfs.rename(root, path(from), root, path(target), 0), to)
}

const copyAside = (vfs: SharedVfs, root: number, inode: number, to: string): TreeStepResult => {
  if (inode < 0 || find(vfs, root, to) !== -ERRNO.NOENT) return CHANGED
  const stat = emptyStat()
  vfs.stat(inode, stat)
  return create(vfs, root, encodeText(to), to, readAll(vfs, inode), stat.mode)
}

const create = (
  vfs: SharedVfs,
  root: number,
  name: Uint8Array,
  path: string,
  bytes: Uint8Array,
  mode: number,
): TreeStepResult => {
  const file = vfs.open(root, name, 0, name.length, 0, OPEN.CREATE | OPEN.EXCLUSIVE | OPEN.WRITE, mode)
  if (file < 0) return told(file, path)
  try {
    const written = bytes.length === 0 ? 0 : vfs.write(file, 0, bytes, 0, bytes.length)
    if (written === bytes.length) return { state: 'done', version: versionOf(vfs, file) }
    vfs.unlink(root, name, 0, name.length, 0)
    return refused(written < 0 ? -written : ERRNO.NOSPC, path)
  } finally {
    vfs.unpin(file)
  }
}

/** In place, so that who has the file open sees the new bytes; but never through another name of it. */
const writeOne = (
  vfs: SharedVfs,
  root: number,
  name: Uint8Array,
  inode: number,
  { path, bytes }: TreeStep & { type: 'write' },
): TreeStepResult => {
  if (inode < 0) return create(vfs, root, name, path, bytes, startsLikeProgram(bytes) ? 0o755 : 0o644)
  const stat = emptyStat()
  vfs.stat(inode, stat)
  if (stat.links > 1) {
    vfs.unlink(root, name, 0, name.length, 0)
    return create(vfs, root, name, path, bytes, stat.mode)
  }
  // Room first: a machine that is full keeps what it had.
  const room = bytes.length > stat.size ? vfs.allocate(inode, 0, bytes.length) : 0
  if (room < 0) {
    vfs.truncate(inode, stat.size)
    return refused(-room, path)
  }
  const written = bytes.length === 0 ? 0 : vfs.write(inode, 0, bytes, 0, bytes.length)
  if (written < 0) return refused(-written, path)
  vfs.truncate(inode, bytes.length)
  return { state: 'done', version: versionOf(vfs, inode) }
}

/** Folders of a disk tell no permission bits: what starts with '#!' or as WebAssembly is taken for a program. */
const startsLikeProgram = (bytes: Uint8Array): boolean =>
  (bytes[0] === 0x23 && bytes[1] === 0x21) ||
  (bytes[0] === 0 && bytes[1] === 0x61 && bytes[2] === 0x73 && bytes[3] === 0x6d)
