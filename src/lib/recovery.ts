/**
 * From stored parts back to a tree: checkpoint first, then the log's batches in order. Content is not copied, nodes point into
 * the parts' bodies, which need not be here yet. Whatever is damaged costs only what stood in it, and is named.
 *
 *   parts ─► nodes by id ─► walk from the root (recovery-walk.ts) ─► a visitor makes files (src/vfs/restore.ts) or a zip (src/host)
 *
 * Invariant: nothing that a part says is believed further than its own project: ids, names, sizes and links are checked here and
 * by the walk.
 */
import { createNodes, type Node, type Nodes } from './nodes.ts'
import { BLOCK_BYTES, type Body, isPart, type RecordVisitor, ROOT_ID, readPart } from './segment.ts'

export const NODE = { FILE: 1, DIRECTORY: 2, SYMLINK: 3 } as const

/** 4 TiB, as src/vfs has it. */
const FILE_MAX = 2 ** 42

/** Something that could not be brought back as it was. `path` is relative to the project's folder. */
export interface Loss {
  path: string
  what: string
}

/** A part as the store gives it. `bytes` null: the record is missing or is no part at all. `body` null: it has none. */
export interface StoredPart {
  bytes: ArrayBuffer | null
  body: Body | null
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
  nodes: Nodes
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

/** Looked at when it comes, while others are still on their way. */
interface Arrived {
  part: StoredPart
  isWhole: boolean
}

const arrived = (part: StoredPart): Arrived => ({ part, isWhole: part.bytes !== null && isPart(part.bytes) })

export const createRecovery = (): Recovery => {
  const nodes = createNodes()
  const losses: Loss[] = []
  let pending: Arrived[] = []
  let lastId = ROOT_ID
  let lastBatch = 0
  let parts = 0
  let damaged = 0
  let unnamed = 0
  /** Contents whose body is lost. */
  let lost = 0

  const see = (id: number): void => {
    if (id > lastId) lastId = id
  }
  const nodeOf = (id: number): Node => {
    see(id)
    return nodes.keep(id)
  }
  const visitor: RecordVisitor = {
    file: (id, i32, word, body) => {
      see(id)
      return !body.isLost && nodes.add(id, i32, word, body)
    },
    facts: (id, i32, word) => {
      const node = nodeOf(id)
      if (node.kind !== i32[word]) {
        forget(node)
        node.blocks = null
        node.names = null
      }
      if (node.kind !== 0) node.older = { i32: node.i32, word: node.word }
      node.kind = i32[word] ?? 0
      node.i32 = i32
      node.word = word
    },
    data: (id, body, at, length) => {
      const node = nodeOf(id)
      if (body.isLost) {
        lost++
        loseContent(node)
        return
      }
      node.body = body
      node.at = at
      node.length = length
      node.blocks = null
      node.names = null
      node.isDoubtful = false
    },
    block: (id, number, body, at, length) => {
      const node = nodeOf(id)
      if (body.isLost) {
        lost++
        node.isDoubtful = true
        return
      }
      forget(node)
      node.blocks ??= new Map()
      if (length === 0) node.blocks.delete(number)
      else node.blocks.set(number, { body, at, length })
    },
    names: (id, number, i32, word, length) => {
      const node = nodeOf(id)
      node.names ??= new Map()
      if (length === 0) node.names.delete(number)
      else node.names.set(number, { i32, word, length })
    },
    gone: nodes.delete,
  }
  const apply = ({ part: { bytes, body, ids }, isWhole }: Arrived): void => {
    if (bytes && isWhole && readPart(bytes, body, visitor)) return
    damaged++
    if (!ids) unnamed++
    for (const id of ids ?? []) if (id >= ROOT_ID) nodeOf(id).isDoubtful = true
  }
  return {
    base: (part) => {
      parts++
      lastBatch = Math.max(lastBatch, part.batch)
      apply(arrived(part))
    },
    log: (part) => {
      parts++
      const first = pending[0]?.part
      if (part.bytes && first?.bytes && first.batch !== part.batch) pending = []
      if (part.bytes) lastBatch = Math.max(lastBatch, part.batch)
      pending.push(arrived(part))
      if (!part.commit) return
      for (const each of pending) apply(each)
      pending = []
    },
    finish: () => {
      // What was not committed never happened; but a part that is gone may have been the commit.
      if (pending.some(({ part }) => part.bytes === null)) for (const each of pending) apply(each)
      if (damaged > 0) for (const node of nodes.values()) if (node.kind === 0) guess(node)
      if (unnamed > 0)
        losses.push({
          path: '',
          what: `${unnamed} stored parts are missing; some files may be older than they were`,
        })
      return { nodes, lastId, lastBatch, isEmpty: parts === 0, isDamaged: damaged + lost > 0, losses }
    },
  }
}

const forget = (node: Node): void => {
  node.body = null
  node.length = 0
}

/** The content that was there before is all there is, and has the facts of then. */
const loseContent = (node: Node): void => {
  node.isDoubtful = true
  if (!node.older || (!node.body && !node.blocks)) return
  node.i32 = node.older.i32
  node.word = node.older.word
}

/** An inode whose facts are lost, but not all of its content: what it must have been. */
const guess = (node: Node): void => {
  const isDirectory = (node.names?.size ?? 0) > 0
  let last = -1
  for (const number of node.blocks?.keys() ?? []) last = Math.max(last, number)
  const end = last < 0 ? node.length : last * BLOCK_BYTES + (node.blocks?.get(last)?.length ?? 0)
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
    0,
  )
  node.word = 0
  node.isDoubtful = true
}

/** What the content was listed under, or 0. */
export const hintOf = (node: Node): number => node.i32[node.word + 10] ?? 0

export const sizeOf = (node: Node): number => {
  const low = (node.i32[node.word + 8] ?? 0) >>> 0
  const size = low + (node.i32[node.word + 9] ?? 0) * 4294967296
  return size >= 0 && size <= FILE_MAX ? size : 0
}
