/**
 * The same calls over plain objects and Maps, one thread, no shared memory: what the filesystem is compared with. Written for
 * being obviously right; it shares no code with the real one, and reads paths in another way on purpose.
 *
 * Names and targets are strings with one character per byte.
 */
import { ERRNO } from '../abi/errno.ts'
import { DEVICE, KIND, type PathBytes, WALK } from './types.ts'

/** "Now": a time that nobody sets by hand. */
export const NOW = 1n << 62n

export interface Node {
  id: number
  kind: number
  mode: number
  links: number
  pins: number
  device: number
  rdev: number
  size: number
  pages: Map<number, Uint8Array>
  target: string
  children: Map<string, { node: Node; cookie: number }>
  nextCookie: number
  parent: Node | undefined
  cover: Node | undefined
  covers: Node | undefined
  atime: bigint
  mtime: bigint
}

export interface Found {
  parent: Node
  name: string
  node: Node | undefined
  last: 'name' | 'root' | '.' | '..'
  slash: boolean
}

export const text = (bytes: Uint8Array, start: number, length: number): string =>
  String.fromCharCode(...bytes.subarray(start, start + Math.max(0, length)))

/** The bytes of such a string. */
export const bytesOf = (name: string): Uint8Array => {
  const bytes = new Uint8Array(name.length)
  for (let index = 0; index < name.length; index++) bytes[index] = name.charCodeAt(index)
  return bytes
}

const isUtf8 = (name: string): boolean => {
  if (!/[\x80-\xff]/.test(name)) return true
  try {
    new TextDecoder('utf-8', { fatal: true }).decode(bytesOf(name))
    return true
  } catch {
    return false
  }
}

/** The nodes, and what one does with names. */
export interface World {
  nodes: Map<number, Node>
  root: Node
  make(kind: number, mode: number, device: number): Node
  walk(at: number, path: string, flags: number): Found | number
  /** The last component itself is meant. */
  walkName(at: number, path: string, flags: number): Found | number
  isReadonly(node: Node): boolean
  /** Forgets a node without name and pin. */
  reap(node: Node): void
  /** Why a directory takes no new name, or 0. */
  refuseNew(directory: Node): number
  attach(directory: Node, name: string, node: Node): void
  detach(directory: Node, name: string, node: Node): void
  /** A name of the node is gone. */
  dropName(node: Node): void
  /** Mount points stay where they are. */
  isFixed(found: Found): boolean
}

export const createWorld = (): World => {
  const nodes = new Map<number, Node>()
  const readonlyDevices = new Set<number>()
  let nextId = 1
  const make = (kind: number, mode: number, device: number): Node => {
    const node: Node = {
      id: nextId++,
      kind,
      mode: mode & 0o7777,
      links: kind === KIND.DIRECTORY ? 2 : 1,
      pins: 0,
      device,
      rdev: 0,
      size: 0,
      pages: new Map(),
      target: '',
      children: new Map(),
      nextCookie: 3,
      parent: undefined,
      cover: undefined,
      covers: undefined,
      atime: NOW,
      mtime: NOW,
    }
    nodes.set(node.id, node)
    return node
  }
  const root = make(KIND.DIRECTORY, 0o755, 1)
  root.parent = root

  const walkWith = (at: number, path: string, flags: number, isName: boolean): Found | number => {
    if (path === '') return -ERRNO.NOENT
    if (path.length > 4095) return -ERRNO.NAMETOOLONG
    const isBeneath = (flags & WALK.BENEATH) !== 0
    const start = nodes.get(at)
    if (path.startsWith('/') && isBeneath) return -ERRNO.NOTCAPABLE
    const first = path.startsWith('/') ? root : start
    if (first?.kind !== KIND.DIRECTORY) return -ERRNO.NOTDIR
    let directory: Node = first
    let rest = path
    let hops = 0
    let last: Found['last'] = 'root'
    for (;;) {
      rest = rest.replace(/^\/+/, '')
      if (rest === '') return { parent: directory, name: '', node: directory, last, slash: false }
      const name: string = rest.split('/', 1)[0] ?? ''
      const after: string = rest.slice(name.length)
      const isEnd = /^\/*$/.test(after)
      const slash = after !== ''
      if (name.includes('\0')) return -ERRNO.INVAL
      if (name.length > 255) return -ERRNO.NAMETOOLONG
      if (!isUtf8(name)) return -ERRNO.ILSEQ
      if (name === '.' || name === '..') {
        if (name === '..') {
          if (directory === start && isBeneath) return -ERRNO.NOTCAPABLE
          if (directory.parent === undefined) return -ERRNO.NOENT
          directory = directory.parent
        }
        last = name
        rest = after
        continue
      }
      const node: Node | undefined = directory.children.get(name)?.node
      const follows = !isEnd || (!isName && ((flags & WALK.FOLLOW) !== 0 || slash))
      if (node?.kind === KIND.SYMLINK && follows) {
        if (++hops > 40) return -ERRNO.LOOP
        rest = node.target + after
        if (rest.length > 8192) return -ERRNO.NAMETOOLONG
        if (rest.startsWith('/')) {
          if (isBeneath) return -ERRNO.NOTCAPABLE
          directory = root
          last = 'root'
        }
        continue
      }
      if (isEnd) {
        const wants = (flags & WALK.DIRECTORY) !== 0 || (!isName && slash)
        if (node !== undefined && node.kind !== KIND.DIRECTORY && wants) return -ERRNO.NOTDIR
        return { parent: directory, name, node: node?.cover ?? node, last: 'name', slash }
      }
      if (node === undefined) return -ERRNO.NOENT
      if (node.kind !== KIND.DIRECTORY) return -ERRNO.NOTDIR
      directory = node.cover ?? node
      rest = after
    }
  }
  const walkName = (at: number, path: string, flags: number): Found | number =>
    walkWith(at, path, flags & ~WALK.FOLLOW, true)

  const isReadonly = (node: Node): boolean => readonlyDevices.has(node.device)
  const reap = (node: Node): void => {
    if (node.links === 0 && node.pins === 0) nodes.delete(node.id)
  }
  const refuseNew = (directory: Node): number => {
    if (directory.links === 0) return -ERRNO.NOENT
    return isReadonly(directory) ? -ERRNO.ROFS : 0
  }
  const attach = (directory: Node, name: string, node: Node): void => {
    directory.children.set(name, { node, cookie: directory.nextCookie++ })
    directory.mtime = NOW
    if (node.kind !== KIND.DIRECTORY) return
    node.parent = directory
    directory.links++
  }
  const detach = (directory: Node, name: string, node: Node): void => {
    directory.children.delete(name)
    directory.mtime = NOW
    if (node.kind === KIND.DIRECTORY) directory.links--
  }
  const dropName = (node: Node): void => {
    if (node.kind === KIND.DIRECTORY) {
      node.links = 0
      node.parent = undefined
    } else node.links--
    reap(node)
  }
  const isFixed = (found: Found): boolean => found.parent.children.get(found.name)?.node.cover !== undefined

  const device = (directory: Node, name: string, number: number): void => {
    const node = make(KIND.DEVICE, 0o666, directory.device)
    node.rdev = number
    attach(directory, name, node)
  }
  const mount = (name: string, mode: number, number: number): Node => {
    const covered = make(KIND.DIRECTORY, mode, 1)
    attach(root, name, covered)
    const top = make(KIND.DIRECTORY, mode, number)
    top.parent = root
    top.covers = covered
    covered.cover = top
    return top
  }
  mount('tmp', 0o1777, 2)
  const dev = mount('dev', 0o755, 3)
  const devices = { null: DEVICE.NULL, zero: DEVICE.ZERO, full: DEVICE.FULL, random: DEVICE.RANDOM }
  const more = { urandom: DEVICE.RANDOM, tty: DEVICE.TTY, stdin: DEVICE.STDIN, stdout: DEVICE.STDOUT }
  for (const [name, number] of Object.entries({ ...devices, ...more, stderr: DEVICE.STDERR }))
    device(dev, name, number)
  readonlyDevices.add(3)
  return {
    nodes,
    root,
    make,
    walk: (at, path, flags) => walkWith(at, path, flags, false),
    walkName,
    isReadonly,
    reap,
    refuseNew,
    attach,
    detach,
    dropName,
    isFixed,
  }
}

/** Absolute path of a directory, or undefined when it was removed. */
export const pathOf = (node: Node | undefined, root: Node): string | undefined => {
  const names: string[] = []
  for (let at = node; at !== root; at = at.parent) {
    if (at?.parent === undefined) return undefined
    const self = at.covers ?? at
    const name = [...at.parent.children].find(([, child]) => child.node === self)?.[0]
    if (name === undefined) return undefined
    names.unshift(new TextDecoder().decode(bytesOf(name)))
  }
  return `/${names.join('/')}`
}

/** For tests: a path as its bytes, one per character. */
export const byteText = (path: string): PathBytes => {
  const bytes = bytesOf(path)
  return { bytes, start: 0, length: bytes.length }
}
