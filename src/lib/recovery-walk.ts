/**
 * From recovered nodes to a tree: every name from the root on, and under lost+found what damage has left without one.
 *
 * Invariant: the walk ends whatever the nodes say: each is made once, a directory has one name.
 */
import { createNode, type Names, type Node } from './nodes.ts'
import { NODE, type Recovered, sizeOf } from './recovery.ts'
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

const pathIn = (open: Open, u8: Uint8Array, at: number, length: number): string =>
  `${open.path}${decoder.decode(u8.slice(at, at + length))}`

/** Builds the tree from its root on. Losses are added to those of `recovered`. */
export const walkRecovered = (recovered: Recovered, root: number, visit: TreeVisitor): void => {
  const { nodes, losses } = recovered
  const lose = (path: string, what: string): void => void losses.push({ path, what })

  const place = (open: Open, u8: Uint8Array, at: number, length: number, id: number): Open | null => {
    if (!isName(u8, at, length)) {
      lose(open.path, 'an entry with an impossible name was left out')
      return null
    }
    const node = nodes.get(id)
    if (!node || !isWhole(node)) {
      lose(pathIn(open, u8, at, length), 'its content is lost')
      return null
    }
    if (node.handle >= 0) {
      if (node.kind === NODE.DIRECTORY || !visit.link(open.handle, u8, at, length, node.handle))
        lose(pathIn(open, u8, at, length), 'the name was left out: it stands elsewhere already')
      return null
    }
    const make = node.kind === NODE.DIRECTORY ? visit.directory : visit.leaf
    const handle = make(open.handle, u8, at, length, node)
    if (handle < 0) {
      lose(pathIn(open, u8, at, length), 'the name was left out: it stands there twice')
      return null
    }
    nodes.setHandle(node, handle)
    if (node.isDoubtful) lose(pathIn(open, u8, at, length), doubt(node))
    return node.kind === NODE.DIRECTORY ? { node, handle, path: `${pathIn(open, u8, at, length)}/` } : null
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
  if (top) nodes.setHandle(top, root)
  if (top?.isDoubtful) lose('', doubt(top))
  if (top) build({ node: top, handle: root, path: '' })
  if (recovered.isDamaged) adopt(recovered, root, visit, build)
}

/** What has lost its name to the damage gets one under lost+found. */
const adopt = (
  { nodes, losses }: Recovered,
  root: number,
  visit: TreeVisitor,
  build: (from: Open) => void,
): void => {
  const children = new Set<number>()
  for (const node of nodes.values())
    for (const group of node.handle >= 0 ? [] : groupsOf(node))
      eachName(group, (_u8, _at, _length, id) => void children.add(id))
  let lost = -1
  for (const node of nodes.values()) {
    if (node.handle >= 0 || !isWhole(node) || children.has(node.id)) continue
    if (lost < 0) lost = visit.directory(root, LOST, 0, LOST.length, directoryNode())
    if (lost < 0) return
    const name = encoder.encode(`${node.id}`)
    const make = node.kind === NODE.DIRECTORY ? visit.directory : visit.leaf
    const handle = make(lost, name, 0, name.length, node)
    nodes.setHandle(node, handle)
    losses.push({ path: `lost+found/${node.id}`, what: 'its name and folder are lost' })
    if (node.kind === NODE.DIRECTORY) build({ node, handle, path: `lost+found/${node.id}/` })
  }
}

const directoryNode = (): Node => {
  const facts = new Int32Array(FACTS_WORDS)
  facts.set([NODE.DIRECTORY, 0o755])
  return createNode(0, NODE.DIRECTORY, facts)
}

const doubt = (node: Node): string =>
  node.kind === NODE.DIRECTORY
    ? 'the latest changes of its names are lost'
    : 'its latest version is lost; this is an older one, or parts of it are empty'

/** Whether there is enough to make something of it. */
const isWhole = (node: Node): boolean => {
  if (node.kind === NODE.DIRECTORY) return true
  // A link says at once where it leads; one whose target would still have to come is none of ours.
  if (node.kind === NODE.SYMLINK) return node.length > 0 && !!node.body?.u8
  return node.kind === NODE.FILE && (node.body !== null || sizeOf(node) === 0 || sizeOf(node) > BLOCK_BYTES)
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
