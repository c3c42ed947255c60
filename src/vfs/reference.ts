/**
 * The same calls over plain objects and Maps, one thread, no shared memory: what the filesystem is compared with. Written for
 * being obviously right; it shares no code with the real one.
 */
import { ERRNO } from '../abi/errno.ts'
import { bytesOf, createWorld, type Found, NOW, type Node, pathOf, text } from './reference-world.ts'
import { KIND, OPEN, type Stat, type Vfs, WALK } from './types.ts'

const PAGE = 4096
const FILE_MAX = 2 ** 42

export interface Reference extends Vfs {
  /** Inodes that exist. */
  count(): number
}

export const createReference = (): Reference => {
  const world = createWorld()
  const {
    nodes,
    root,
    make,
    walk,
    walkName,
    isReadonly,
    reap,
    refuseNew,
    attach,
    detach,
    dropName,
    isFixed,
  } = world

  const notFile = (node: Node | undefined): number => {
    if (node === undefined) return -ERRNO.NOENT
    if (node.kind === KIND.DIRECTORY) return -ERRNO.ISDIR
    if (node.kind !== KIND.FILE) return -ERRNO.INVAL
    return 0
  }
  const cut = (node: Node, size: number): void => {
    if (size < node.size) {
      for (const page of node.pages.keys()) if (page * PAGE >= size) node.pages.delete(page)
      node.pages.get(Math.floor(size / PAGE))?.fill(0, size % PAGE)
    }
    node.size = size
    node.mtime = NOW
  }
  const put = (node: Node, position: number, bytes: Uint8Array): void => {
    for (let done = 0; done < bytes.length; ) {
      const page = Math.floor((position + done) / PAGE)
      const offset = (position + done) % PAGE
      const piece = bytes.subarray(done, done + PAGE - offset)
      const buffer = node.pages.get(page) ?? new Uint8Array(PAGE)
      buffer.set(piece, offset)
      node.pages.set(page, buffer)
      done += piece.length
    }
    node.size = Math.max(node.size, position + bytes.length)
    node.mtime = NOW
  }
  const refuseWrite = (node: Node | undefined): number => {
    const refused = notFile(node)
    return refused < 0 ? refused : node !== undefined && isReadonly(node) ? -ERRNO.ROFS : 0
  }
  const refuseOpen = (node: Node, how: number): number => {
    if (node.kind === KIND.SYMLINK) return -ERRNO.LOOP
    if (node.kind !== KIND.DIRECTORY && (how & OPEN.DIRECTORY) !== 0) return -ERRNO.NOTDIR
    if ((how & (OPEN.WRITE | OPEN.TRUNCATE)) === 0) return 0
    if (node.kind === KIND.DIRECTORY) return -ERRNO.ISDIR
    return node.kind === KIND.FILE && isReadonly(node) ? -ERRNO.ROFS : 0
  }
  const rename = (from: Found, to: Found): number => {
    const node = from.node
    if (node === undefined) return -ERRNO.NOENT
    if (from.last !== 'name' || to.last !== 'name') return -ERRNO.BUSY
    if (isFixed(from) || isFixed(to)) return -ERRNO.BUSY
    const isDirectory = node.kind === KIND.DIRECTORY
    if (!isDirectory && (from.slash || to.slash)) return -ERRNO.NOTDIR
    if (node.device !== to.parent.device) return -ERRNO.XDEV
    if (isReadonly(from.parent)) return -ERRNO.ROFS
    for (
      let up: Node | undefined = to.parent;
      isDirectory && up !== undefined;
      up = up === root ? undefined : up.parent
    )
      if (up === node) return -ERRNO.INVAL
    const over = to.node
    if (over === node) return 0
    if (over !== undefined) {
      if (isDirectory && over.kind !== KIND.DIRECTORY) return -ERRNO.NOTDIR
      if (!isDirectory && over.kind === KIND.DIRECTORY) return -ERRNO.ISDIR
      if (over.children.size > 0) return -ERRNO.NOTEMPTY
    } else if (to.parent.links === 0) return -ERRNO.NOENT
    detach(from.parent, from.name, node)
    if (over !== undefined) {
      detach(to.parent, to.name, over)
      dropName(over)
    }
    attach(to.parent, to.name, node)
    return 0
  }
  const making =
    (kind: number): Vfs['mkdir'] =>
    (at, bytes, start, length, flags, mode) => {
      const found = walkName(at, text(bytes, start, length), flags)
      if (typeof found === 'number') return found
      if (found.node !== undefined) return -ERRNO.EXIST
      if (kind !== KIND.DIRECTORY && found.slash) return -ERRNO.NOENT
      const refused = refuseNew(found.parent)
      if (refused < 0) return refused
      attach(found.parent, found.name, make(kind, mode, found.parent.device))
      return 0
    }

  return {
    root: root.id,
    count: () => nodes.size,
    lookup: (at, bytes, start, length, flags) => {
      const found = walk(at, text(bytes, start, length), flags)
      return typeof found === 'number' ? found : (found.node?.id ?? -ERRNO.NOENT)
    },
    open: (at, bytes, start, length, flags, how, mode) => {
      const isNew = (how & OPEN.CREATE) !== 0
      if (isNew && (how & OPEN.DIRECTORY) !== 0) return -ERRNO.INVAL
      const isExclusive = isNew && (how & OPEN.EXCLUSIVE) !== 0
      const wants = (how & OPEN.DIRECTORY) !== 0 && (flags & WALK.FOLLOW) !== 0 ? WALK.DIRECTORY : 0
      const path = text(bytes, start, length)
      const found = isExclusive ? walkName(at, path, flags) : walk(at, path, flags | wants)
      if (typeof found === 'number') return found
      let { node } = found
      if (node === undefined) {
        if (!isNew) return -ERRNO.NOENT
        if (found.slash) return -ERRNO.ISDIR
        const refused = refuseNew(found.parent)
        if (refused < 0) return refused
        node = make(KIND.FILE, mode, found.parent.device)
        attach(found.parent, found.name, node)
      } else {
        const refused = isExclusive ? -ERRNO.EXIST : refuseOpen(node, how)
        if (refused < 0) return refused
        if ((how & OPEN.TRUNCATE) !== 0 && node.kind === KIND.FILE) cut(node, 0)
      }
      node.pins++
      return node.id
    },
    pin: (inode) => {
      nodes.get(inode)!.pins++
    },
    unpin: (inode) => {
      const node = nodes.get(inode)!
      node.pins--
      reap(node)
    },
    stat: (inode, out: Stat) => {
      const node = nodes.get(inode)
      if (node === undefined) return -ERRNO.NOENT
      const { kind, mode, links, rdev, atime, mtime } = node
      const size = kind === KIND.SYMLINK ? node.target.length : node.size
      Object.assign(out, { inode, kind, mode, links, rdev, size, atime, mtime, ctime: NOW, dev: node.device })
      return 0
    },
    kind: (inode) => nodes.get(inode)?.kind ?? 0,
    size: (inode) => nodes.get(inode)?.target.length || nodes.get(inode)?.size || 0,
    readonly: (inode) => isReadonly(nodes.get(inode) ?? root),
    read: (inode, position, target, start, length) => {
      const node = nodes.get(inode)
      const refused = notFile(node)
      if (refused < 0 || node === undefined) return refused
      const bytes = Math.max(0, Math.min(length, node.size - position))
      for (let done = 0; done < bytes; ) {
        const offset = (position + done) % PAGE
        const piece = Math.min(PAGE - offset, bytes - done)
        const page = node.pages.get(Math.floor((position + done) / PAGE))
        if (page === undefined) target.fill(0, start + done, start + done + piece)
        else target.set(page.subarray(offset, offset + piece), start + done)
        done += piece
      }
      return bytes
    },
    write: (inode, position, source, start, length) => {
      const node = nodes.get(inode)
      const refused = refuseWrite(node)
      if (refused < 0 || node === undefined) return refused
      const to = position < 0 ? node.size : position
      if (length === 0) return 0
      if (to + length > FILE_MAX) return -ERRNO.FBIG
      put(node, to, source.subarray(start, start + length))
      return length
    },
    truncate: (inode, size) => {
      const node = nodes.get(inode)
      const refused = refuseWrite(node)
      if (refused < 0 || node === undefined) return refused
      if (size < 0) return -ERRNO.INVAL
      if (size > FILE_MAX) return -ERRNO.FBIG
      cut(node, size)
      return 0
    },
    allocate: (inode, offset, length) => {
      const node = nodes.get(inode)
      if (offset < 0 || length <= 0) return -ERRNO.INVAL
      const refused = refuseWrite(node)
      if (refused < 0 || node === undefined) return refused
      if (offset + length > FILE_MAX) return -ERRNO.FBIG
      node.size = Math.max(node.size, offset + length)
      node.mtime = NOW
      return 0
    },
    readdir: (inode, cookie, visit) => {
      const node = nodes.get(inode)
      if (node?.kind !== KIND.DIRECTORY) return node === undefined ? -ERRNO.NOENT : -ERRNO.NOTDIR
      if (cookie < 1 && !visit(1, inode, KIND.DIRECTORY, bytesOf('.'))) return 0
      if (cookie < 2 && !visit(2, node.parent?.id ?? 0, KIND.DIRECTORY, bytesOf('..'))) return 0
      const after = [...node.children].filter(([, child]) => child.cookie > cookie)
      for (const [name, child] of after)
        if (!visit(child.cookie, child.node.id, child.node.kind, bytesOf(name))) return 0
      return 0
    },
    mkdir: making(KIND.DIRECTORY),
    mkfifo: making(KIND.FIFO),
    rmdir: (at, bytes, start, length, flags) => {
      const found = walkName(at, text(bytes, start, length), flags)
      if (typeof found === 'number') return found
      if (found.node === undefined) return -ERRNO.NOENT
      if (found.last === '.') return -ERRNO.INVAL
      if (found.last === '..') return -ERRNO.NOTEMPTY
      if (found.last === 'root' || isFixed(found)) return -ERRNO.BUSY
      if (found.node.kind !== KIND.DIRECTORY) return -ERRNO.NOTDIR
      if (isReadonly(found.parent)) return -ERRNO.ROFS
      if (found.node.children.size > 0) return -ERRNO.NOTEMPTY
      detach(found.parent, found.name, found.node)
      dropName(found.node)
      return 0
    },
    unlink: (at, bytes, start, length, flags) => {
      const found = walkName(at, text(bytes, start, length), flags)
      if (typeof found === 'number') return found
      if (found.node === undefined) return -ERRNO.NOENT
      if (found.node.kind === KIND.DIRECTORY) return -ERRNO.ISDIR
      if (found.slash) return -ERRNO.NOTDIR
      if (isReadonly(found.parent)) return -ERRNO.ROFS
      detach(found.parent, found.name, found.node)
      dropName(found.node)
      return 0
    },
    rename: (fromAt, from, toAt, to, flags) => {
      const source = walkName(fromAt, text(from.bytes, from.start, from.length), flags)
      if (typeof source === 'number') return source
      if (source.node === undefined) return -ERRNO.NOENT
      const target = walkName(toAt, text(to.bytes, to.start, to.length), flags)
      return typeof target === 'number' ? target : rename(source, target)
    },
    link: (fromAt, from, toAt, to, flags) => {
      const source = walk(fromAt, text(from.bytes, from.start, from.length), flags)
      if (typeof source === 'number') return source
      if (source.node === undefined) return -ERRNO.NOENT
      if (source.node.kind === KIND.DIRECTORY) return -ERRNO.PERM
      const target = walkName(toAt, text(to.bytes, to.start, to.length), flags)
      if (typeof target === 'number') return target
      if (target.node !== undefined) return -ERRNO.EXIST
      if (target.slash) return -ERRNO.NOENT
      if (source.node.device !== target.parent.device) return -ERRNO.XDEV
      const refused = refuseNew(target.parent)
      if (refused < 0) return refused
      source.node.links++
      attach(target.parent, target.name, source.node)
      return 0
    },
    symlink: (target, at, to, flags) => {
      const words = text(target.bytes, target.start, target.length)
      if (words === '') return -ERRNO.NOENT
      if (words.length > 4095) return -ERRNO.NAMETOOLONG
      if (words.includes('\0')) return -ERRNO.INVAL
      const found = walkName(at, text(to.bytes, to.start, to.length), flags)
      if (typeof found === 'number') return found
      if (found.node !== undefined) return -ERRNO.EXIST
      if (found.slash) return -ERRNO.NOENT
      const refused = refuseNew(found.parent)
      if (refused < 0) return refused
      const node = make(KIND.SYMLINK, 0o777, found.parent.device)
      node.target = words
      attach(found.parent, found.name, node)
      return 0
    },
    readlink: (inode, target, start, length) => {
      const node = nodes.get(inode)
      if (node?.kind !== KIND.SYMLINK) return node === undefined ? -ERRNO.NOENT : -ERRNO.INVAL
      const bytes = bytesOf(node.target).subarray(0, length)
      target.set(bytes, start)
      return bytes.length
    },
    setTimes: (inode, atime, mtime) => {
      const node = nodes.get(inode)
      if (node === undefined) return -ERRNO.NOENT
      if (isReadonly(node)) return -ERRNO.ROFS
      if (atime >= 0n) node.atime = atime
      if (mtime >= 0n) node.mtime = mtime
      return 0
    },
    chmod: (inode, mode) => {
      const node = nodes.get(inode)
      if (node === undefined) return -ERRNO.NOENT
      if (isReadonly(node)) return -ERRNO.ROFS
      node.mode = mode & 0o7777
      return 0
    },
    parent: (inode) => {
      const node = nodes.get(inode)
      if (node?.kind !== KIND.DIRECTORY) return -ERRNO.NOTDIR
      return node.parent?.id ?? -ERRNO.NOENT
    },
    path: (inode) => pathOf(nodes.get(inode), root),
    changes: (cursor) => ({ cursor, inodes: [], overflow: false }),
  }
}
