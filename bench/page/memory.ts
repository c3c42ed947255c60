/** What a file costs the machine over its content: a tree of 50,000 files, written at once into a machine that is empty. */
import { sourceTree } from './tree.ts'

const FILES = 50_000
const MEAN_BYTES = 3600

export interface MemoryCost {
  files: number
  /** Bytes of content for each file. */
  content: number
  /** Bytes in use over that, for each file, folders included. */
  overhead: number
  milliseconds: number
}

export const memoryCost = async (): Promise<MemoryCost> => {
  const { tree, bytes } = sourceTree(FILES, MEAN_BYTES)
  const before = await window.wasmrun.machine()
  const start = performance.now()
  await window.wasmrun.mount(tree, '/bench-memory')
  const milliseconds = performance.now() - start
  const after = await window.wasmrun.machine()
  if (after.files - before.files < FILES)
    throw new Error(`the machine says that ${after.files - before.files} files were added, not ${FILES}`)
  return {
    files: FILES,
    content: bytes / FILES,
    overhead: (after.used - before.used - bytes) / FILES,
    milliseconds,
  }
}
