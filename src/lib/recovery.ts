/**
 * From stored parts back to a tree: checkpoint first, then the log's batches in order. Content is not copied, nodes point into
 * the parts. Whatever is damaged costs only what stood in it, and is named.
 *
 *   parts ─► nodes by id ─► walk from the root ─► a visitor makes files (src/vfs/restore.ts) or a zip (src/host)
 *
 * Invariant: nothing that a part says is believed further than its own project: ids, names, sizes and links are checked here,
 * and the walk ends whatever they say.
 */
import { BLOCK_BYTES, FACTS_WORDS, isPart, type RecordVisitor, ROOT_ID, readPart } from './segment.ts'

export const NODE = { FILE: 1, DIRECTORY: 2, SYMLINK: 3 } as const

/** 4 TiB, as src/vfs has it. */
const FILE_MAX = 2 ** 42

export interface Bytes {
  u8: Uint8Array
  at: number
  length: number
}

interface Names {
  i32: Int32Array
  word: number
  length: number
}

export interface Node {
  id: number
  kind: number
  /** Mode, times and size; see FACTS in segment.ts. */
  i32: Int32Array
  word: number
  data: Bytes | null
  blocks: Map<number, Bytes> | null
  names: Map<number, Names> | null
  /** A newer state of it stood in a damaged part. */
  isDoubtful: boolean
}

/** Something that could not be brought back as it was. `path` is relative to the project's folder. */
export interface Loss {
  path: string
  what: string
}

/** A part as the store gives it. `bytes` null: the record is missing or is no part at all. */
export interface StoredPart {
  bytes: ArrayBuffer | null
  ids: Uint32Array | null
  batch: number
  commit: boolean
}

export interface Recovery {
  /** A part of the checkpoint: holds by itself. */
  base(part: StoredPart): void
  /** The next part of the log. */
  log(part: StoredPart): void
  finish(): Recovered
}

export interface Recovered {
  nodes: Map<number, Node>
  /** Highest id that was ever seen. */
  lastId: number
  /** Highest batch. */
  lastBatch: number
  /** Nothing at all was stored. */
  isEmpty: boolean
  /** Some part was damaged. */
  isDamaged: boolean
  losses: Loss[]
}

const NO_FACTS = Int32Array.of(0, 0o644, 0, 0, 0, 0, 0, 0, 0, 0)

export const createRecovery = (): Recovery => {
  const nodes = new Map<number, Node>()
  const losses: Loss[] = []
  let pending: StoredPart[] = []
  let lastId = ROOT_ID
  let lastBatch = 0
  let parts = 0
  let damaged = 0
  let unnamed = 0

  const nodeOf = (id: number): Node => {
    const known = nodes.get(id)
    if (known) return known
    const node: Node = {
      id,
      kind: 0,
      i32: NO_FACTS,
      word: 0,
      data: null,
      blocks: null,
      names: null,
      isDoubtful: false,
    }
    nodes.set(id, node)
    if (id > lastId) lastId = id
    return node
  }
  const visitor: RecordVisitor = {
    facts: (id, i32, word) => {
      const node = nodeOf(id)
      if (node.kind !== i32[word]) {
        node.data = null
        node.blocks = null
        node.names = null
      }
      node.kind = i32[word] ?? 0
      node.i32 = i32
      node.word = word
    },
    data: (id, u8, at, length) => {
      const node = nodeOf(id)
      node.data = { u8, at, length }
      node.blocks = null
      node.names = null
      node.isDoubtful = false
    },
    block: (id, number, u8, at, length) => {
      const node = nodeOf(id)
      node.data = null
      node.blocks ??= new Map()
      if (length === 0) node.blocks.delete(number)
      else node.blocks.set(number, { u8, at, length })
    },
    names: (id, number, i32, word, length) => {
      const node = nodeOf(id)
      node.names ??= new Map()
      if (length === 0) node.names.delete(number)
      else node.names.set(number, { i32, word, length })
    },
    gone: (id) => void nodes.delete(id),
  }
  const apply = ({ bytes, ids }: StoredPart): void => {
    if (bytes && isPart(bytes) && readPart(bytes, visitor)) return
    damaged++
    if (!ids) unnamed++
    for (const id of ids ?? []) if (id >= ROOT_ID) nodeOf(id).isDoubtful = true
  }
  return {
    base: (part) => {
      parts++
      lastBatch = Math.max(lastBatch, part.batch)
      apply(part)
    },
    log: (part) => {
      parts++
      if (part.bytes && pending[0]?.bytes && pending[0].batch !== part.batch) pending = []
      if (part.bytes) lastBatch = Math.max(lastBatch, part.batch)
      pending.push(part)
      if (!part.commit) return
      for (const each of pending) apply(each)
      pending = []
    },
    finish: () => {
      // What was not committed never happened; but a part that is gone may have been the commit.
      if (pending.some(({ bytes }) => bytes === null)) for (const each of pending) apply(each)
      if (damaged > 0) for (const node of nodes.values()) if (node.kind === 0) guess(node)
      if (unnamed > 0)
        losses.push({
          path: '',
          what: `${unnamed} stored parts are missing; some files may be older than they were`,
        })
      return { nodes, lastId, lastBatch, isEmpty: parts === 0, isDamaged: damaged > 0, losses }
    },
  }
}

/** An inode whose facts are lost, but not all of its content: what it must have been. */
const guess = (node: Node): void => {
  const isDirectory = (node.names?.size ?? 0) > 0
  let last = -1
  for (const number of node.blocks?.keys() ?? []) last = Math.max(last, number)
  const end = last < 0 ? (node.data?.length ?? 0) : last * BLOCK_BYTES + (node.blocks?.get(last)?.length ?? 0)
  if (!isDirectory && end === 0) return
  node.kind = isDirectory ? NODE.DIRECTORY : NODE.FILE
  node.i32 = Int32Array.of(
    node.kind,
    isDirectory ? 0o755 : 0o644,
    0,
    0,
    0,
    0,
    0,
    0,
    end,
    Math.floor(end / 4294967296),
  )
  node.word = 0
  node.isDoubtful = true
}

export const sizeOf = (node: Node): number => {
  const low = (node.i32[node.word + 8] ?? 0) >>> 0
  const size = low + (node.i32[node.word + 9] ?? 0) * 4294967296
  return size >= 0 && size <= FILE_MAX ? size : 0
}

/** Makes what the walk finds. Handles are the visitor's own; a negative one means that the thing was refused and is left out. */
export interface TreeVisitor {
  directory(parent: number, u8: Uint8Array, at: number, length: number, node: Node): number
  /** A file or symbolic link. */
  leaf(parent: number, u8: Uint8Array, at: number, length: number, node: Node): number
  /** Another name for a leaf. False when it was refused. */
  link(parent: number, u8: Uint8Array, at: number, length: number, leaf: number): boolean
}

interface Open {
  node: Node
  handle: number
  path: string
}

const LOST = new TextEncoder().encode('lost+found')
const decoder = new TextDecoder()
const encoder = new TextEncoder()

/** Builds the tree from its root on. Losses are added to those of `recovered`. */
export const walkRecovered = (recovered: Recovered, root: number, visit: TreeVisitor): void => {
  const { nodes, losses } = recovered
  const handles = new Map<number, number>()
  const lose = (path: string, what: string): void => void losses.push({ path, what })

  const place = (open: Open, u8: Uint8Array, at: number, length: number, id: number): Open | null => {
    const path = (): string => `${open.path}${decoder.decode(u8.slice(at, at + length))}`
    if (!isName(u8, at, length)) {
      lose(open.path, 'an entry with an impossible name was left out')
      return null
    }
    const node = nodes.get(id)
    if (!node || !isWhole(node)) {
      lose(path(), 'its content is lost')
      return null
    }
    const known = handles.get(id)
    if (known !== undefined) {
      if (node.kind === NODE.DIRECTORY || !visit.link(open.handle, u8, at, length, known))
        lose(path(), 'the name was left out: it stands elsewhere already')
      return null
    }
    const make = node.kind === NODE.DIRECTORY ? visit.directory : visit.leaf
    const handle = make(open.handle, u8, at, length, node)
    if (handle < 0) {
      lose(path(), 'the name was left out: it stands there twice')
      return null
    }
    handles.set(id, handle)
    if (node.isDoubtful) lose(path(), doubt(node))
    return node.kind === NODE.DIRECTORY ? { node, handle, path: `${path()}/` } : null
  }
  const build = (from: Open): void => {
    const queue = [from]
    for (let open = queue.pop(); open; open = queue.pop()) {
      for (const group of groupsOf(open.node)) {
        const whole = eachName(group, (u8, at, length, id) => {
          const below = open && place(open, u8, at, length, id)
          if (below) queue.push(below)
        })
        if (!whole) lose(open.path, 'some of its names could not be read')
      }
    }
  }

  const top = nodes.get(ROOT_ID)
  handles.set(ROOT_ID, root)
  if (top?.isDoubtful) lose('', doubt(top))
  if (top) build({ node: top, handle: root, path: '' })
  if (recovered.isDamaged) adopt(recovered, root, handles, visit, build)
}

/** What has lost its name to the damage gets one under lost+found. */
const adopt = (
  { nodes, losses }: Recovered,
  root: number,
  handles: Map<number, number>,
  visit: TreeVisitor,
  build: (from: Open) => void,
): void => {
  const children = new Set<number>()
  for (const node of nodes.values())
    for (const group of handles.has(node.id) ? [] : groupsOf(node))
      eachName(group, (_u8, _at, _length, id) => void children.add(id))
  let lost = -1
  for (const node of nodes.values()) {
    if (handles.has(node.id) || !isWhole(node) || children.has(node.id)) continue
    if (lost < 0) lost = visit.directory(root, LOST, 0, LOST.length, directoryNode())
    if (lost < 0) return
    const name = encoder.encode(`${node.id}`)
    const make = node.kind === NODE.DIRECTORY ? visit.directory : visit.leaf
    const handle = make(lost, name, 0, name.length, node)
    handles.set(node.id, handle)
    losses.push({ path: `lost+found/${node.id}`, what: 'its name and folder are lost' })
    if (node.kind === NODE.DIRECTORY) build({ node, handle, path: `lost+found/${node.id}/` })
  }
}

const directoryNode = (): Node => ({
  id: 0,
  kind: NODE.DIRECTORY,
  i32: Int32Array.of(NODE.DIRECTORY, 0o755, ...Array.from({ length: FACTS_WORDS - 2 }, () => 0)),
  word: 0,
  data: null,
  blocks: null,
  names: null,
  isDoubtful: false,
})

const doubt = (node: Node): string =>
  node.kind === NODE.DIRECTORY
    ? 'the latest changes of its names are lost'
    : 'its latest version is lost; this is an older one, or parts of it are empty'

/** Whether there is enough to make something of it. */
const isWhole = (node: Node): boolean => {
  if (node.kind === NODE.DIRECTORY) return true
  if (node.kind === NODE.SYMLINK) return (node.data?.length ?? 0) > 0
  return node.kind === NODE.FILE && (node.data !== null || sizeOf(node) === 0 || sizeOf(node) > BLOCK_BYTES)
}

const groupsOf = (node: Node): Names[] =>
  [...(node.names ?? [])].sort(([a], [b]) => a - b).map(([, group]) => group)

const eachName = (
  { i32, word, length }: Names,
  visit: (u8: Uint8Array, at: number, length: number, id: number) => void,
): boolean => {
  const u8 = new Uint8Array(i32.buffer)
  for (let at = word, end = word + (length >> 2); at < end; ) {
    const [id = 0, bytes = 0] = i32.subarray(at, at + 2)
    const next = at + 2 + ((bytes + 3) >>> 2)
    if (bytes < 0 || next > end || at + 2 > end) return false
    visit(u8, (at + 2) * 4, bytes, id)
    at = next
  }
  return true
}

/** As src/vfs takes names: 1 to 255 bytes without '/' and NUL, not '.' and '..'. */
const isName = (u8: Uint8Array, at: number, length: number): boolean => {
  if (length < 1 || length > 255) return false
  if (u8[at] === 0x2e && (length === 1 || (length === 2 && u8[at + 1] === 0x2e))) return false
  const name = u8.subarray(at, at + length)
  return !name.includes(0) && !name.includes(0x2f)
}
