/** A machine's home in memory, for tests of the host's side of a sync; the kernel's own is tested where it lives. */
import type { MachineTree, TreeChange, TreeStep, TreeStepResult } from '../../abi/disk.ts'
import type { Remote } from '../../ipc/rpc.ts'
import { ancestors } from '../../lib/path.ts'

interface Node {
  kind: 'file' | 'directory' | 'other'
  bytes: Uint8Array<ArrayBuffer>
  version: string
}

export interface FakeMachine {
  tree: Remote<MachineTree>
  write(path: string, text: string | Uint8Array): void
  remove(path: string): void
  link(path: string): void
  dump(): Record<string, string | null>
  isFull: boolean
}

export const createFakeMachine = (): FakeMachine => {
  const nodes = new Map<string, Node>()
  let seen = new Map<string, string>()
  let count = 0
  const waiting: (() => void)[] = []
  const mark = ({ kind, version }: Node): string => `${kind} ${version}`
  const differs = (): boolean =>
    nodes.size !== seen.size || [...nodes].some(([path, node]) => seen.get(path) !== mark(node))
  const stir = (): void => {
    if (differs()) for (const wake of waiting.splice(0)) wake()
  }
  const put = (
    path: string,
    kind: Node['kind'],
    bytes: Uint8Array<ArrayBuffer> = new Uint8Array(0),
  ): void => {
    for (const parent of ancestors(path))
      if (nodes.get(parent)?.kind !== 'directory')
        nodes.set(parent, { kind: 'directory', bytes: new Uint8Array(0), version: '' })
    nodes.set(path, { kind, bytes, version: kind === 'file' ? `v${++count}` : '' })
    stir()
  }
  const drop = (path: string): void => {
    for (const other of [...nodes.keys()])
      if (other === path || other.startsWith(`${path}/`)) nodes.delete(other)
    stir()
  }
  const hasParent = (path: string): boolean =>
    ancestors(path).every((parent) => nodes.get(parent)?.kind === 'directory')
  const apply = (step: TreeStep): TreeStepResult => {
    const { path } = step
    const node = nodes.get(path)
    const changed: TreeStepResult = { state: 'changed' }
    const done: TreeStepResult = { state: 'done', version: '' }
    switch (step.type) {
      case 'mkdir':
        if (!hasParent(path) || (node && node.kind !== 'directory')) return changed
        put(path, 'directory')
        return done
      case 'remove':
        if (node?.kind !== 'file' || node.version !== step.version) return changed
        drop(path)
        return done
      case 'rmdir':
        if (node?.kind !== 'directory' || [...nodes.keys()].some((other) => other.startsWith(`${path}/`)))
          return changed
        drop(path)
        return done
      case 'write': {
        const isExpected = step.version === null ? !node : node?.version === step.version
        if (!isExpected || !hasParent(path)) return changed
        if (machine.isFull) return { state: 'failed', code: 'ENOSPC', message: 'the machine is full' }
        put(path, 'file', new Uint8Array(step.bytes))
        return { state: 'done', version: nodes.get(path)?.version ?? '' }
      }
      case 'aside': {
        if (!node || nodes.has(step.to) || (step.version !== '' && node.version !== step.version))
          return changed
        if (machine.isFull) return { state: 'failed', code: 'ENOSPC', message: 'the machine is full' }
        for (const [other, { kind, bytes }] of [...nodes])
          if (other === path || other.startsWith(`${path}/`))
            put(step.to + other.slice(path.length), kind, bytes)
        if (step.how === 'move') drop(path)
        return done
      }
    }
  }
  const machine: FakeMachine = {
    isFull: false,
    tree: {
      differs: () =>
        new Promise((resolve) => {
          waiting.push(resolve)
          stir()
        }),
      look: async () => {
        const changes: TreeChange[] = []
        for (const [path, node] of nodes)
          if (seen.get(path) !== mark(node))
            changes.push({ path, kind: node.kind, version: node.version, size: node.bytes.length })
        for (const path of seen.keys())
          if (!nodes.has(path)) changes.push({ path, kind: 'gone', version: '', size: 0 })
        seen = new Map([...nodes].map(([path, node]) => [path, mark(node)]))
        return changes
      },
      read: async (paths) =>
        paths.map((path) => {
          const node = nodes.get(path)
          return node?.kind === 'file' ? { version: node.version, bytes: node.bytes.slice() } : null
        }),
      apply: async (steps) => steps.map(apply),
      keep: async () => {},
    },
    write: (path, text) =>
      put(path, 'file', typeof text === 'string' ? new TextEncoder().encode(text) : new Uint8Array(text)),
    remove: drop,
    link: (path) => put(path, 'other'),
    dump: () =>
      Object.fromEntries(
        [...nodes]
          .map(([path, { kind, bytes }]): [string, string | null] => [
            path,
            kind === 'file' ? new TextDecoder('latin1').decode(bytes) : null,
          ])
          .sort(([a], [b]) => (a < b ? -1 : 1)),
      ),
  }
  return machine
}
