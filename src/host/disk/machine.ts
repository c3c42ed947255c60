/** The machine's side of a sync: what the kernel answers, checked. It runs beside guests, so nothing of it is believed. */
import type { MachineTree, TreeChange, TreeStep, TreeStepResult } from '../../abi/disk.ts'
import { TREE_BATCH_BYTES, TREE_BATCH_ENTRIES } from '../../abi/disk.ts'
import type { Remote } from '../../ipc/rpc.ts'
import { findPathProblem } from '../../project/source.ts'

export interface MachineEntry {
  readonly kind: 'file' | 'directory' | 'other'
  readonly version: string
  readonly size: number
  hash?: string
}

export interface Machine {
  differs(): Promise<void>
  look(): Promise<TreeChange[]>
  /** By path; files that are gone are not in it. */
  read(
    paths: readonly string[],
  ): AsyncGenerator<[path: string, file: { version: string; bytes: Uint8Array<ArrayBuffer> }]>
  apply(steps: readonly TreeStep[]): Promise<TreeStepResult[]>
  keep(): Promise<void>
}

export const createMachine = (tree: Remote<MachineTree>): Machine => ({
  differs: () => tree.differs(),
  look: async () => parseList(await tree.look()).flatMap((value) => parseChange(value) ?? []),
  async *read(paths) {
    let at = 0
    while (at < paths.length) {
      const wanted = paths.slice(at, at + TREE_BATCH_ENTRIES)
      const files = parseList(await tree.read(wanted)).slice(0, wanted.length)
      if (files.length === 0) return
      for (const [index, value] of files.entries()) {
        const file = parseFile(value)
        const path = wanted[index]
        if (file && path !== undefined) yield [path, file]
      }
      at += files.length
    }
  },
  apply: async (steps) => {
    const results: TreeStepResult[] = []
    for (const batch of inBatches(steps)) {
      const answers = parseList(await tree.apply(batch))
      for (let index = 0; index < batch.length; index++) results.push(parseResult(answers[index]))
    }
    return results
  },
  keep: () => tree.keep(),
})

function* inBatches(steps: readonly TreeStep[]): Generator<TreeStep[]> {
  let batch: TreeStep[] = []
  let bytes = 0
  for (const step of steps) {
    const size = step.type === 'write' ? step.bytes.length : 0
    if (batch.length >= TREE_BATCH_ENTRIES || (batch.length > 0 && bytes + size > TREE_BATCH_BYTES)) {
      yield batch
      batch = []
      bytes = 0
    }
    batch.push(step)
    bytes += size
  }
  if (batch.length > 0) yield batch
}

const parseList = (value: unknown): unknown[] => (Array.isArray(value) ? value : [])

const text = (value: unknown, most: number): value is string =>
  typeof value === 'string' && value.length <= most

/** A path that could lead out of the folder is no path. */
const parseChange = (value: unknown): TreeChange | null => {
  if (typeof value !== 'object' || value === null) return null
  const { path, kind, version, size } = value as Partial<Record<keyof TreeChange, unknown>>
  if (!text(path, 4096) || findPathProblem(path) !== undefined) return null
  if (kind !== 'file' && kind !== 'directory' && kind !== 'other' && kind !== 'gone') return null
  return {
    path,
    kind,
    version: text(version, 64) ? version : '',
    size: typeof size === 'number' && size >= 0 ? size : 0,
  }
}

const parseFile = (value: unknown): { version: string; bytes: Uint8Array<ArrayBuffer> } | null => {
  if (typeof value !== 'object' || value === null) return null
  const { version, bytes } = value as { version?: unknown; bytes?: unknown }
  if (!text(version, 64) || !(bytes instanceof Uint8Array) || !(bytes.buffer instanceof ArrayBuffer))
    return null
  // Its buffer was looked at just above.
  return { version, bytes: bytes as Uint8Array<ArrayBuffer> }
}

const parseResult = (value: unknown): TreeStepResult => {
  if (typeof value !== 'object' || value === null) return { state: 'changed' }
  const { state, version, code, message } = value as Record<string, unknown>
  if (state === 'done') return { state, version: text(version, 64) ? version : '' }
  if (state !== 'failed') return { state: 'changed' }
  return {
    state,
    code: text(code, 32) ? code : 'EIO',
    message: text(message, 8192) ? message : 'the machine refuses it',
  }
}
