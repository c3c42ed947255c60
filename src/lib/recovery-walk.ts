/**
 * From recovered nodes to a tree: every name from the root on, and under lost+found what damage has left without one.
 *
 * Invariant: the walk ends whatever the nodes say: each is made once, a directory has one name.
 */
import { type Names, NODE, type Node, type Recovered, sizeOf } from './recovery.ts'
import { BLOCK_BYTES, FACTS_WORDS, ROOT_ID } from './segment.ts'

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
    const id = i32[at] ?? 0
    const bytes = i32[at + 1] ?? 0
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
  for (let index = at; index < at + length; index++) if (u8[index] === 0 || u8[index] === 0x2f) return false
  return true
}
