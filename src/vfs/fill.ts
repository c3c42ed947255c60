/** The bytes of a recovered file, put into an inode that has none and that nobody else writes to, 64 KiB per hold of the lock. */
import type { Node } from '../lib/nodes.ts'
import { hintOf, sizeOf } from '../lib/recovery.ts'
import { BLOCK_BYTES, type Body } from '../lib/segment.ts'
import { clearGap, copyIn, setSize, sizeOf as sizeNow } from './content.ts'
import { hold } from './hold.ts'
import { reserve, resize } from './storage.ts'
import { borrowContent, type Content } from './store.ts'
import { KIND } from './types.ts'
import type { Volume } from './volume.ts'

export const FILLED = {
  /** There was no room; what was taken is still the inode's. */
  NOT: 0,
  /** Others may borrow it under its hint. */
  OWN: 1,
  /** It is borrowed itself, or nothing that could be. */
  DONE: 2,
} as const

/** FILLED. All bytes of the node are here. */
export const fillContent = (volume: Volume, at: number, node: Node): number => {
  const { kind, body, at: from, length, blocks } = node
  const size = kind === KIND.SYMLINK ? length : sizeOf(node)
  // It only says where to look, so it may be taken as it was written; what had none was found by nobody before either.
  const hash = hintOf(node)
  const content = kind === KIND.FILE && hash !== 0 ? wholeContent(node, size) : null
  if (content !== null && borrowContent(volume, at, content, hash)) return FILLED.DONE
  if (body && !put(volume, at, 0, body, from, Math.min(length, size))) return FILLED.NOT
  const order = [...(blocks ?? [])].sort(([a], [b]) => a - b)
  for (const [number, block] of order) {
    const position = number * BLOCK_BYTES
    const bytes = Math.min(block.length, size - position)
    if (number >= 0 && bytes > 0 && !put(volume, at, position, block.body, block.at, bytes)) return FILLED.NOT
  }
  const isRight = hold(volume, () => sizeNow(volume.memory.i32, at) === size || resize(volume, at, size))
  if (!isRight) return FILLED.NOT
  return content === null ? FILLED.DONE : FILLED.OWN
}

/** Without them what lay in the memory before would be the file's content. */
const bytesOf = ({ u8 }: Body): Uint8Array => {
  if (!u8) throw new Error('content is still to come')
  return u8
}

/** What files may share: bytes without holes. */
const wholeContent = ({ body, at: start, length, blocks }: Node, size: number): Content | null => {
  if (body && !blocks && size > 0 && length === size && size <= BLOCK_BYTES)
    return { size, piece: () => ({ bytes: bytesOf(body), start }) }
  const pieces: { bytes: Uint8Array; start: number }[] = []
  for (let position = 0; position < size; position += BLOCK_BYTES) {
    const block = blocks?.get(position / BLOCK_BYTES)
    if (!block || block.length < Math.min(BLOCK_BYTES, size - position)) return null
    pieces.push({ bytes: bytesOf(block.body), start: block.at })
  }
  return pieces.length === 0 ? null : { size, piece: (at) => pieces[at / BLOCK_BYTES]! }
}

const put = (
  volume: Volume,
  at: number,
  position: number,
  body: Body,
  start: number,
  length: number,
): boolean => {
  if (length === 0) return true
  return hold(volume, () => {
    if (reserve(volume, at, position, length, false) < length) return false
    const { i32, u8 } = volume.memory
    if (position > sizeNow(i32, at)) clearGap(i32, u8, at, position)
    copyIn(i32, u8, at, position, bytesOf(body), start, length)
    setSize(i32, at, position + length)
    return true
  })
}
