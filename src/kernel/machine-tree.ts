/**
 * The home directory for disk sync: what differs from the last look, bytes, and steps. A part of the inspector's script: most machines
 * have no folder of the disk.
 *
 * Invariant: a caller is told of everything in the home, once; what one caller has seen is no other's. The one before may still be
 * at work when the next begins, and a caller that takes a part for the whole would remove the rest from the disk.
 *
 * Programs write without a word to the kernel, so it compares one number now and then, and lists the home only when that has
 * moved on; the longer the list takes, the longer it waits for the next.
 */
import { type MachineTree, TREE_BATCH_BYTES, type TreeChange, type TreeStep } from '../abi/disk.ts'
import { applyStep, type HomeEntry, listHome, readStable } from '../vfs/home-tree.ts'
import { type SharedVfs, WALK } from '../vfs/types.ts'

/** Between two comparisons, milliseconds: what a change of a program may wait on its way to the disk. */
const LOOK_MS = 60
/** A look may take this part of the kernel's time at most. */
const REST = 4

export interface MachineTreeOptions {
  vfs: SharedVfs
  home: string
  /** Resolves when the home is kept with its project. */
  keep: () => Promise<void>
  nudge: () => void
  /** The kernel's own, which knows what its answers take along. */
  moving: <T extends object>(value: T, transfers: Transferable[]) => T
}

export interface TreeCaller {
  tree: MachineTree
  /** Milliseconds until it wants to be called again. */
  turn(now: number): number
}

/** For a caller that has seen nothing yet. */
export const createTreeCaller = ({ vfs, home, keep, nudge, moving }: MachineTreeOptions): TreeCaller => {
  const homeName = new TextEncoder().encode(home)
  let picture = new Map<string, HomeEntry>()
  let { cursor } = vfs.changes(-1)
  let isKnown = false
  let nextAt = 0
  const waiting: (() => void)[] = []

  const root = (): number => vfs.lookup(vfs.root, homeName, 0, homeName.length, WALK.FOLLOW)
  const take = (): TreeChange[] => {
    cursor = vfs.changes(cursor).cursor
    isKnown = true
    const started = performance.now()
    const now = listHome(vfs, root())
    const changes = compare(picture, now)
    picture = now
    nextAt = performance.now() + Math.max(LOOK_MS, REST * (performance.now() - started))
    return changes
  }
  /** What a look has found that nobody has asked for yet. */
  let found: TreeChange[] = []
  const differs = (): boolean => {
    if (!isKnown) return true
    const changes = vfs.changes(cursor)
    if (changes.inodes.length > 0 || changes.overflow) found = merge(found, take())
    else cursor = changes.cursor
    return found.length > 0
  }
  const release = (): void => {
    for (const resolve of waiting.splice(0)) resolve()
  }

  const tree: MachineTree = {
    differs: () =>
      new Promise((resolve) => {
        waiting.push(resolve)
        nudge()
      }),
    look: () => {
      const changes = merge(found, take())
      found = []
      return changes
    },
    read: (paths) => {
      const at = root()
      const files: ReturnType<MachineTree['read']> = []
      const buffers: ArrayBuffer[] = []
      let bytes = 0
      for (const path of paths) {
        if (bytes > TREE_BATCH_BYTES) break
        const file = readStable(vfs, at, path)
        files.push(file)
        if (!file) continue
        bytes += file.bytes.length
        buffers.push(file.bytes.buffer)
      }
      return moving(files, buffers)
    },
    apply: (steps: TreeStep[]) => {
      const at = root()
      return steps.map((step) => {
        const result = applyStep(vfs, at, step)
        if (result.state === 'done') {
          note(picture, step, result.version)
          found = found.filter(({ path }) => path !== step.path)
        }
        return result
      })
    },
    keep,
  }
  return {
    tree,
    turn: (now) => {
      if (waiting.length === 0) return Number.POSITIVE_INFINITY
      if (now >= nextAt) {
        if (differs()) release()
        else nextAt = now + LOOK_MS
      }
      return Math.max(1, nextAt - performance.now())
    },
  }
}

/** What the caller has done itself is no news to it. */
const note = (picture: Map<string, HomeEntry>, step: TreeStep, version: string): void => {
  if (step.type === 'remove' || step.type === 'rmdir') picture.delete(step.path)
  else if (step.type === 'mkdir') picture.set(step.path, { kind: 'directory', version: '', size: 0 })
  else if (step.type === 'write') picture.set(step.path, { kind: 'file', version, size: step.bytes.length })
}

const compare = (before: Map<string, HomeEntry>, after: Map<string, HomeEntry>): TreeChange[] => {
  const changes: TreeChange[] = []
  for (const [path, entry] of after) {
    const old = before.get(path)
    if (old?.kind !== entry.kind || old.version !== entry.version) changes.push({ path, ...entry })
  }
  for (const path of before.keys())
    if (!after.has(path)) changes.push({ path, kind: 'gone', version: '', size: 0 })
  return changes
}

/** The later word about a path counts. */
const merge = (earlier: TreeChange[], later: TreeChange[]): TreeChange[] => {
  if (earlier.length === 0) return later
  const paths = new Map(earlier.map((change) => [change.path, change]))
  for (const change of later) paths.set(change.path, change)
  return [...paths.values()]
}
