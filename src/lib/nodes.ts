/**
 * The inodes that parts speak of, by their id. Most are files of which a single record tells everything: of those only the record's
 * place is kept, in a table of numbers, and a node is made for who asks. Tens of thousands of nodes that live on would cost the
 * garbage collector more than reading the parts.
 */
import { type Body, FACTS_WORDS } from './segment.ts'

export interface Bytes {
  body: Body
  at: number
  length: number
}

export interface Names {
  i32: Int32Array
  word: number
  length: number
}

interface Facts {
  i32: Int32Array
  word: number
}

export interface Node {
  id: number
  kind: number
  /** Mode, times, size and hint; see FACTS in segment.ts. */
  i32: Int32Array
  word: number
  /** Those before the latest, which go with the content before it. */
  older: Facts | null
  /** The whole content: `length` bytes at byte `at` of it. Null: there is none, or it is in blocks. */
  body: Body | null
  at: number
  length: number
  blocks: Map<number, Bytes> | null
  names: Map<number, Names> | null
  /** A newer state of it stood in a damaged part. */
  isDoubtful: boolean
  /** What a walk has made of it (recovery-walk.ts); −1: nothing yet. */
  handle: number
}

const NO_FACTS = new Int32Array(FACTS_WORDS)

export const createNode = (id: number, kind: number, i32: Int32Array = NO_FACTS, word = 0): Node => ({
  id,
  kind,
  i32,
  word,
  older: null,
  body: null,
  at: 0,
  length: 0,
  blocks: null,
  names: null,
  isDoubtful: false,
  handle: -1,
})

export interface Nodes {
  readonly size: number
  /** As it is now; of a file that is only a record, a copy. */
  get(id: number): Node | undefined
  /** The node itself, made when there is none. */
  keep(id: number): Node
  /** The record FILE at that word. False when something is known of the id already. */
  add(id: number, i32: Int32Array, word: number, body: Body): boolean
  delete(id: number): void
  /** What a walk has made of it. */
  setHandle(node: Node, handle: number): void
  values(): Iterable<Node>
}

/** Columns of the table: number of the part from 1 on (0: no record), word in its head, handle + 1. */
const PART = 0
const WORD = 1
const HANDLE = 2
const COLUMNS = 3
const FIRST_ROWS = 4096
/** Rows for each record, at most: an id may be any number. */
const SPARSEST = 16

export const createNodes = (): Nodes => {
  const parts: { i32: Int32Array; body: Body }[] = []
  const kept = new Map<number, Node>()
  let table = new Int32Array(FIRST_ROWS * COLUMNS)
  let rows = FIRST_ROWS
  let records = 0
  const hasRow = (id: number): boolean => {
    if (id < rows) return true
    const most = SPARSEST * (records + FIRST_ROWS)
    if (id >= most) return false
    while (rows <= id) rows *= 2
    const before = table
    table = new Int32Array(rows * COLUMNS)
    table.set(before)
    return true
  }
  const isRecord = (id: number): boolean => id > 0 && id < rows && table[id * COLUMNS + PART] !== 0
  const nodeAt = (id: number): Node => {
    const row = id * COLUMNS
    const { i32, body } = parts[table[row + PART]! - 1]!
    const word = table[row + WORD]!
    const node = createNode(id, i32[word]!, i32, word)
    node.body = body
    node.at = i32[word + FACTS_WORDS]!
    node.length = i32[word + FACTS_WORDS + 1]!
    node.handle = table[row + HANDLE]! - 1
    return node
  }
  const forget = (id: number): void => {
    if (!isRecord(id)) return
    table.fill(0, id * COLUMNS, (id + 1) * COLUMNS)
    records--
  }
  return {
    get size() {
      return records + kept.size
    },
    get: (id) => (isRecord(id) ? nodeAt(id) : kept.get(id)),
    keep: (id) => {
      const known = kept.get(id)
      if (known) return known
      const node = isRecord(id) ? nodeAt(id) : createNode(id, 0)
      forget(id)
      kept.set(id, node)
      return node
    },
    add: (id, i32, word, body) => {
      if (!hasRow(id) || table[id * COLUMNS + PART] !== 0 || kept.has(id)) return false
      if (parts.at(-1)?.i32 !== i32) parts.push({ i32, body })
      const row = id * COLUMNS
      table[row + PART] = parts.length
      table[row + WORD] = word
      records++
      return true
    },
    delete: (id) => {
      forget(id)
      kept.delete(id)
    },
    setHandle: (node, handle) => {
      node.handle = handle
      if (isRecord(node.id)) table[node.id * COLUMNS + HANDLE] = handle + 1
    },
    *values() {
      for (let id = 0; id < rows; id++) if (isRecord(id)) yield nodeAt(id)
      yield* kept.values()
    },
  }
}
