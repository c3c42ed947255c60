/**
 * Paths of a script through the preopens of its process, as WASI's libc does it: the directory whose name is the longest
 * prefix answers, and nothing leads out of it. A relative path counts from "/", which by default is the working directory, until
 * chdir has said otherwise.
 */
import { ERRNO } from '../../abi/errno.ts'
import { fileObject } from '../../objects/open-file.ts'
import { createProcPath } from '../../process/proc-path.ts'
import type { Process } from '../../process/process.ts'
import { emptyStat, KIND, OPEN, WALK } from '../../vfs/types.ts'

/** Descriptors below are the standard streams. */
const PREOPEN_FROM = 3

export interface Place {
  /** Inode of the preopened directory. */
  at: number
  bytes: Uint8Array
  readonly: boolean
}

export interface Paths {
  /** Where a path leads, or -ENOTCAPABLE when no preopen covers it. */
  place(path: string): Place | number
  readFile(path: string): Uint8Array | number
  writeFile(path: string, data: Uint8Array): number
  /** KIND.* of what is there, or -errno. */
  kind(path: string): number
  list(path: string): string[] | number
  mkdir(path: string): number
  remove(path: string): number
  rename(from: string, to: string): number
  mkfifo(path: string, mode: number): number
  chmod(path: string, mode: number): number
  /** Permission bits, or -errno. */
  mode(path: string): number
  /** Relative paths count from there; `take` gets the directory's inode. 0, -ENOTDIR or -errno. */
  chdir(path: string, take: (inode: number) => void): number
  cwd(): string
}

export const createPaths = (process: Process): Paths => {
  const { vfs, objects, descriptors } = process
  const procPath = createProcPath(process)
  const encoder = new TextEncoder()
  const decoder = new TextDecoder()
  const preopens: { name: string; at: number; readonly: boolean }[] = []
  for (const fd of descriptors.list()) {
    const preopen = fd >= PREOPEN_FROM ? descriptors.preopen(fd) : undefined
    if (!preopen) continue
    const name = decoder.decode(preopen.name).replace(/\/+$/, '')
    preopens.push({ name, at: fileObject(objects, descriptors.get(fd)), readonly: preopen.readonly })
  }
  preopens.sort((a, b) => b.name.length - a.name.length)

  let base = ''
  let own = process.env.PWD ?? '/'
  const stat = emptyStat()

  const place = (path: string): Place | number => {
    const full = normalize(path.startsWith('/') ? path : `${base}/${path}`)
    const found = preopens.find(({ name }) => full === name || full.startsWith(`${name}/`))
    if (!found) return -ERRNO.NOTCAPABLE
    const rest = full.slice(found.name.length).replace(/^\/+/, '') || '.'
    return { at: found.at, bytes: encoder.encode(rest), readonly: found.readonly }
  }
  const lookup = (path: string, walk: number): number => {
    const to = place(path)
    if (typeof to === 'number') return to
    const { bytes, length } = procPath(to.at, to.bytes, 0, to.bytes.length) ?? whole(to)
    return vfs.lookup(to.at, bytes, 0, length, walk)
  }
  const change = (path: string, act: (to: Place) => number): number => {
    const to = place(path)
    if (typeof to === 'number') return to
    return to.readonly ? -ERRNO.ROFS : act(to)
  }
  return {
    place,
    kind: (path) => {
      const inode = lookup(path, WALK.BENEATH | WALK.FOLLOW)
      return inode < 0 ? inode : vfs.kind(inode)
    },
    readFile: (path) => {
      const inode = lookup(path, WALK.BENEATH | WALK.FOLLOW)
      if (inode < 0) return inode
      if (vfs.kind(inode) === KIND.DIRECTORY) return -ERRNO.ISDIR
      if (vfs.kind(inode) !== KIND.FILE) return -ERRNO.INVAL
      const bytes = new Uint8Array(vfs.size(inode))
      const read = vfs.read(inode, 0, bytes, 0, bytes.length)
      return read < 0 ? read : bytes.subarray(0, read)
    },
    writeFile: (path, data) =>
      change(path, (to) => {
        const flags = OPEN.CREATE | OPEN.TRUNCATE | OPEN.WRITE
        const walk = WALK.BENEATH | WALK.FOLLOW
        const inode = vfs.open(to.at, to.bytes, 0, to.bytes.length, walk, flags, process.mode(0o666))
        if (inode < 0) return inode
        const isFile = vfs.kind(inode) === KIND.FILE
        const written = isFile ? vfs.write(inode, 0, data, 0, data.length) : -ERRNO.INVAL
        vfs.unpin(inode)
        return written < 0 ? written : 0
      }),
    list: (path) => {
      const inode = lookup(path, WALK.BENEATH | WALK.FOLLOW)
      if (inode < 0) return inode
      const names: string[] = []
      const result = vfs.readdir(inode, 0, (_next, _inode, _kind, name) => {
        names.push(decoder.decode(name.slice()))
        return true
      })
      return result < 0 ? result : names
    },
    mkdir: (path) =>
      change(path, (to) => vfs.mkdir(to.at, to.bytes, 0, to.bytes.length, WALK.BENEATH, process.mode(0o777))),
    mkfifo: (path, mode) =>
      change(path, (to) => vfs.mkfifo(to.at, to.bytes, 0, to.bytes.length, WALK.BENEATH, mode)),
    chmod: (path, mode) =>
      change(path, () => {
        const inode = lookup(path, WALK.BENEATH | WALK.FOLLOW)
        return inode < 0 ? inode : vfs.chmod(inode, mode)
      }),
    mode: (path) => {
      const inode = lookup(path, WALK.BENEATH | WALK.FOLLOW)
      const refused = inode < 0 ? inode : vfs.stat(inode, stat)
      return refused < 0 ? refused : stat.mode
    },
    chdir: (path, take) => {
      const inode = lookup(path, WALK.BENEATH | WALK.FOLLOW)
      if (inode < 0) return inode
      if (vfs.kind(inode) !== KIND.DIRECTORY) return -ERRNO.NOTDIR
      const full = normalize(path.startsWith('/') ? path : `${base}/${path}`)
      // By the name that the process knew its directory by, where that leads there too.
      const known = path.startsWith('/') ? full : normalize(`${own}/${path}`)
      own = lookup(known, WALK.BENEATH | WALK.FOLLOW) === inode ? known : full
      base = own === '/' ? '' : own
      take(inode)
      return 0
    },
    cwd: () => own,
    remove: (path) =>
      change(path, (to) => {
        const result = vfs.unlink(to.at, to.bytes, 0, to.bytes.length, WALK.BENEATH)
        return result === -ERRNO.ISDIR ? vfs.rmdir(to.at, to.bytes, 0, to.bytes.length, WALK.BENEATH) : result
      }),
    rename: (from, to) =>
      change(from, (source) =>
        change(to, (target) => vfs.rename(source.at, whole(source), target.at, whole(target), WALK.BENEATH)),
      ),
  }
}

const whole = ({ bytes }: Place): { bytes: Uint8Array; start: number; length: number } => ({
  bytes,
  start: 0,
  length: bytes.length,
})

/** Folds "." and ".." textually, as libc does before it looks for a preopen. */
export const normalize = (path: string): string => {
  const out: string[] = []
  for (const name of path.split('/')) {
    if (name === '..') out.pop()
    else if (name !== '' && name !== '.') out.push(name)
  }
  return `/${out.join('/')}`
}
