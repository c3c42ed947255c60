/** A project as a .zip, from what is stored. Damage costs only what stood in it, and is named. */
import type { PartChunk, ProjectLoss } from '../abi/project.ts'
import { readBytes } from '../lib/bytes.ts'
import type { Node } from '../lib/nodes.ts'
import { createRecovery, NODE, sizeOf } from '../lib/recovery.ts'
import { type TreeVisitor, walkRecovered } from '../lib/recovery-walk.ts'
import { BLOCK_BYTES, type Body, isBodyOf, isPart } from '../lib/segment.ts'
import { packZip, type ZipSource } from '../lib/zip-pack.ts'
import type { Projects } from './projects.ts'

/** A file that is mostly hole may be 4 TiB long; an archive has no holes. */
const MAX_FILE_BYTES = 2 ** 30

export const exportProject = async (
  projects: Pick<Projects, 'read'>,
  id: string,
): Promise<{ zip: ArrayBuffer; losses: ProjectLoss[] }> => {
  const recovery = createRecovery()
  for (let from: number | null = 0; from !== null; ) {
    const chunk: PartChunk = await projects.read(id, from)
    for (const { isBase, bytes, body, ...rest } of chunk.parts) {
      const part = { ...rest, bytes, body: bytes && readBody(bytes, await readBytes(body)) }
      if (isBase) recovery.base(part)
      else recovery.log(part)
    }
    from = chunk.next
  }
  const recovered = recovery.finish()
  const { sources, visitor } = createSources(recovered.losses)
  walkRecovered(recovered, 0, visitor)
  return { zip: packZip(sources).buffer, losses: recovered.losses }
}

/** What the head says of it is enough to know whether it is the one. */
const readBody = (head: ArrayBuffer, bytes: ArrayBuffer | null): Body | null =>
  bytes && isPart(head) && isBodyOf(head, bytes)
    ? { size: bytes.byteLength, u8: new Uint8Array(bytes), isLost: false }
    : null

const decoder = new TextDecoder()

/** Handles are positions in the list of paths; 0 is the project's folder. */
const createSources = (losses: ProjectLoss[]): { sources: ZipSource[]; visitor: TreeVisitor } => {
  const sources: ZipSource[] = []
  const paths = ['']
  const seen = new Set<string>()
  const add = (
    parent: number,
    u8: Uint8Array,
    at: number,
    length: number,
    source: Omit<ZipSource, 'path'>,
  ): number => {
    const path = `${paths[parent]}${decoder.decode(u8.subarray(at, at + length))}`
    if (seen.has(path)) return -1
    seen.add(path)
    sources.push({ ...source, path })
    return paths.push(`${path}/`) - 1
  }
  const leaves = new Map<number, Omit<ZipSource, 'path'>>()
  const visitor: TreeVisitor = {
    directory: (parent, u8, at, length, node) =>
      add(parent, u8, at, length, { kind: 'directory', ...factsOf(node) }),
    leaf: (parent, u8, at, length, node) => {
      const data = contentOf(node)
      if (!data) {
        const path = `${paths[parent]}${decoder.decode(u8.subarray(at, at + length))}`
        losses.push({ path, what: 'it is longer than 1 GiB and was left out of the archive' })
      }
      const kind = node.kind === NODE.SYMLINK ? 'symlink' : 'file'
      const source = { kind, ...factsOf(node), data: data ?? new Uint8Array(0) } as const
      const handle = add(parent, u8, at, length, source)
      if (handle >= 0) leaves.set(handle, source)
      return handle
    },
    // An archive has no hard links: each name gets the content.
    link: (parent, u8, at, length, leaf) => {
      const source = leaves.get(leaf)
      return source !== undefined && add(parent, u8, at, length, source) >= 0
    },
  }
  return { sources, visitor }
}

const factsOf = (node: Node): { mode: number; modified: number } => {
  const mode = (node.i32[node.word + 1] ?? 0) & 0o777
  const low = (node.i32[node.word + 4] ?? 0) >>> 0
  const modified = Math.floor((low + (node.i32[node.word + 5] ?? 0) * 4294967296) / 1e9)
  return { mode, modified }
}

const contentOf = (node: Node): Uint8Array | null => {
  if (node.kind === NODE.SYMLINK) return pieceOf(node, node.length)
  const size = sizeOf(node)
  if (size > MAX_FILE_BYTES) return null
  if (node.body && node.length >= size) return pieceOf(node, size)
  const bytes = new Uint8Array(size)
  bytes.set(pieceOf(node, Math.min(size, node.length)))
  for (const [number, block] of node.blocks ?? []) {
    const from = number * BLOCK_BYTES
    if (from >= 0 && from < size) bytes.set(pieceOf(block, Math.min(block.length, size - from)), from)
  }
  return bytes
}

/** All that was recovered is here. */
const pieceOf = ({ body, at }: Pick<Node, 'body' | 'at'>, length: number): Uint8Array =>
  (body?.u8 ?? new Uint8Array(0)).subarray(at, at + length)
