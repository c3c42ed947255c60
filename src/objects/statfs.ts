/** statvfs(3): the one store that all files of the machine share. */
import { heapRoom, heapUsage } from '../memory/heap.ts'
import { PAGE_BYTES as MEMORY_PAGE, SUPERBLOCK } from '../memory/layout.ts'
import { getWord } from '../memory/slots.ts'
import { NAME_MAX, PAGE_BYTES } from '../vfs/layout.ts'
import type { Objects } from './objects.ts'

export interface StoreFacts {
  /** Bytes of a block, of all that files may have, and of what is free. */
  block: number
  size: number
  free: number
  /** Longest name, in bytes. */
  nameMax: number
}

export const statStore = ({ memory }: Objects): StoreFacts => {
  const most = getWord(memory, SUPERBLOCK.LIMIT) * MEMORY_PAGE
  const free = Math.max(0, heapRoom(memory))
  const { files, promised } = heapUsage(memory)
  const size = Math.min(most, free + files + promised)
  return { block: PAGE_BYTES, size, free, nameMax: NAME_MAX }
}
