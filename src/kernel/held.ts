/** What a machine with no process must hold as much of as before its first one; assertions.ts compares. */
import { SUPERBLOCK } from '../memory/layout.ts'
import type { Memory } from '../memory/memory.ts'
import { getWord } from '../memory/slots.ts'

export const HELD = [
  ['open files', SUPERBLOCK.USED_OPEN_FILES],
  ['pipes', SUPERBLOCK.USED_PIPES],
  ['terminals', SUPERBLOCK.USED_TTYS],
] as const

export const held = (memory: Memory): number[] => HELD.map(([, at]) => getWord(memory, at))
