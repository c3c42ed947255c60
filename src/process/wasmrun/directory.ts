/**
 * The working directory, and what the guest's paths are called in the machine. The directory itself is a word of the process's slot,
 * so all threads have one, and /proc and children see it; its name is found anew each time.
 *
 * Invariant: a path of the guest leads only where one of its preopens does, the one with the longest name that holds it.
 */
import { ERRNO } from '../../abi/errno.ts'
import { fileObject } from '../../objects/open-file.ts'
import { createProc } from '../../objects/proc.ts'
import { KIND, WALK } from '../../vfs/types.ts'
import type { Process } from '../process.ts'

export interface Directory {
  /** The guest's name of the working directory; undefined when it was removed, or no preopen holds it. */
  path(): string | undefined
  /** 0, -ENOENT, -ENOTDIR, -ENOTCAPABLE … */
  change(path: Uint8Array): number
  /** What the machine calls the working directory; undefined when it was removed. */
  own(): string | undefined
  /** What the machine calls something by the guest's path, which must be there: or -errno. */
  inMachine(path: string): string | number
}

interface Preopen {
  name: string
  at: number
}

export const createDirectory = (process: Process): Directory => {
  const { objects, descriptors, vfs } = process
  const proc = createProc(objects)
  const decoder = new TextDecoder()
  const encoder = new TextEncoder()

  /** Those with the longest names first; "/" is ''. */
  const preopens = (): Preopen[] => {
    const found: Preopen[] = []
    for (const fd of descriptors.list()) {
      const preopen = descriptors.preopen(fd)
      const file = descriptors.get(fd)
      if (preopen && file > 0)
        found.push({ name: decoder.decode(preopen.name).replace(/\/+$/, ''), at: fileObject(objects, file) })
    }
    return found.sort((a, b) => b.name.length - a.name.length)
  }
  const holder = (path: string, among: readonly Preopen[]): Preopen | undefined =>
    among.find(({ name }) => path === name || path.startsWith(`${name}/`))
  const nameOf = (inside: string): string | undefined => {
    const among = preopens()
    for (const preopen of among) {
      const root = vfs.path(preopen.at)?.replace(/\/$/, '')
      if (root === undefined || (inside !== root && !inside.startsWith(`${root}/`))) continue
      const path = `${preopen.name}${inside === '/' ? '' : inside.slice(root.length)}` || '/'
      if (holder(path, among) === preopen) return path
    }
    return undefined
  }
  const own = (): string | undefined => vfs.path(proc.cwd())
  const path = (): string | undefined => {
    const inside = own()
    return inside === undefined ? undefined : nameOf(inside)
  }
  const place = (asked: string): { at: number; rest: string } | number => {
    const from = asked.startsWith('/') ? '' : path()
    if (from === undefined) return -ERRNO.NOENT
    const full = normalize(`${from}/${asked}`)
    const found = holder(full, preopens())
    if (!found) return -ERRNO.NOTCAPABLE
    return { at: found.at, rest: full.slice(found.name.length).replace(/^\/+/, '') || '.' }
  }
  const lookup = (asked: string): number => {
    if (asked === '') return -ERRNO.NOENT
    const to = place(asked)
    if (typeof to === 'number') return to
    const bytes = encoder.encode(to.rest)
    return vfs.lookup(to.at, bytes, 0, bytes.length, WALK.BENEATH | WALK.FOLLOW)
  }
  return {
    path,
    own,
    change: (bytes) => {
      const inode = lookup(decoder.decode(bytes))
      if (inode < 0) return inode
      if (vfs.kind(inode) !== KIND.DIRECTORY) return -ERRNO.NOTDIR
      proc.setCwd(inode)
      return 0
    },
    inMachine: (asked) => {
      const inode = lookup(asked)
      if (inode < 0) return inode
      const to = place(asked)
      const root = typeof to === 'number' ? undefined : vfs.path(to.at)
      if (typeof to === 'number' || root === undefined) return -ERRNO.NOENT
      return to.rest === '.' ? root : `${root.replace(/\/$/, '')}/${to.rest}`
    },
  }
}

/** "." and ".." as text, as a libc folds them before it looks for a preopen. */
const normalize = (path: string): string => {
  const out: string[] = []
  for (const name of path.split('/')) {
    if (name === '..') out.pop()
    else if (name !== '' && name !== '.') out.push(name)
  }
  return out.length === 0 ? '/' : `/${out.join('/')}`
}
