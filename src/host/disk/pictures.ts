/**
 * The three pictures that a round decides from: what both sides were when they last agreed (base), the machine, the disk. Hashes
 * are taken when they are needed, and remembered as long as a version (machine) or size and time (disk) stay.
 */
import type { TreeChange } from '../../abi/disk.ts'
import type { SyncNode } from '../../project/sync.ts'
import { type DiskEntry, type DiskTree, type Folder, inBatches, isSettled, stampOf } from './folder.ts'
import type { Machine, MachineEntry } from './machine.ts'

export interface BaseEntry {
  readonly node: SyncNode
  /** Of the machine's file; '' when not known. */
  readonly version: string
  /** Of the disk's; '' when it may have changed without a trace. */
  readonly stamp: string
}

export interface Pictures {
  base: Map<string, BaseEntry>
  readonly ours: Map<string, MachineEntry>
  theirs: DiskTree
  /** Both sides agree on what is there now. */
  agree(path: string): void
  /** News of the machine. */
  note(changes: readonly TreeChange[]): void
  /** They do not agree any more. */
  forget(path: string): void
  /** Bytes that this round has read from the disk already, as long as `entry` is what is known of the file; then they are let go. */
  bytesOf(path: string): Uint8Array<ArrayBuffer> | undefined
  /** Counts changes of base. */
  readonly edition: number
  /** Make sure that every file has a hash, but for those that cannot be read now: these are returned. */
  hashOurs(takesPart: (path: string) => boolean): Promise<string[]>
  hashTheirs(takesPart: (path: string) => boolean): Promise<string[]>
}

export type Hash = (bytes: Uint8Array<ArrayBuffer>) => Promise<string>

/** Bytes kept from hashing until the machine takes them; what is more is read twice. */
const KEPT_BYTES = 48 * 1024 * 1024
/** Files of the disk read at once. */
const READS_AT_ONCE = 8

export const createPictures = (
  machine: Machine,
  folder: Folder,
  hashOf: Hash,
  now: () => number,
): Pictures => {
  const ours = new Map<string, MachineEntry>()

  let edition = 0
  const read = new Map<string, { entry: DiskEntry; bytes: Uint8Array<ArrayBuffer> }>()
  const put = (path: string, entry: BaseEntry): void => {
    edition++
    pictures.base.set(path, entry)
  }
  const pictures: Pictures = {
    base: new Map(),
    ours,
    theirs: new Map(),
    agree: (path) => {
      const here = ours.get(path)
      const there = pictures.theirs.get(path)
      if (!here || !there) return
      const old = pictures.base.get(path)
      if (there.kind !== 'file') {
        if (old?.node.kind !== 'directory') put(path, { node: { kind: 'directory' }, version: '', stamp: '' })
        return
      }
      const stamp = isSettled(there) ? stampOf(there) : ''
      if (there.hash === undefined) return
      if (old?.version === here.version && old.stamp === stamp && hashIn(old) === there.hash) return
      const node: SyncNode = { kind: 'file', hash: there.hash, size: there.size }
      put(path, { node, version: here.version, stamp })
    },
    note: (changes) => {
      for (const { path, kind, version, size } of changes) {
        if (kind === 'gone') ours.delete(path)
        else ours.set(path, { kind, version, size })
      }
    },
    bytesOf: (path) => {
      const found = read.get(path)
      read.delete(path)
      return found?.entry === pictures.theirs.get(path) ? found?.bytes : undefined
    },
    forget: (path) => {
      if (pictures.base.delete(path)) edition++
    },
    get edition() {
      return edition
    },
    hashOurs: async (takesPart) => {
      const wanted: string[] = []
      for (const [path, entry] of ours) {
        if (entry.kind !== 'file' || entry.hash !== undefined || !takesPart(path)) continue
        const base = pictures.base.get(path)
        const known = base?.version === entry.version && entry.version !== '' ? hashIn(base) : undefined
        if (known !== undefined) entry.hash = known
        else wanted.push(path)
      }
      for await (const [path, { version, bytes }] of machine.read(wanted))
        ours.set(path, { kind: 'file', version, size: bytes.length, hash: await hashOf(bytes) })
      return wanted.filter((path) => ours.get(path)?.hash === undefined)
    },
    hashTheirs: async (takesPart) => {
      const wanted: string[] = []
      const unread: string[] = []
      let room = KEPT_BYTES
      read.clear()
      for (const [path, entry] of pictures.theirs) {
        if (entry.kind !== 'file' || entry.hash !== undefined || !takesPart(path)) continue
        const base = pictures.base.get(path)
        const known = base && base.stamp !== '' && base.stamp === stampOf(entry) ? hashIn(base) : undefined
        if (known === undefined) wanted.push(path)
        else pictures.theirs.set(path, { ...entry, hash: known, hashedAt: Number.POSITIVE_INFINITY })
      }
      await inBatches(
        wanted,
        async (path) => {
          const file = await folder.read(path)
          if (!file) return void unread.push(path)
          const entry = { ...file.entry, hash: await hashOf(file.bytes), hashedAt: now() }
          pictures.theirs.set(path, entry)
          room -= file.bytes.length
          if (room >= 0) read.set(path, { entry, bytes: file.bytes })
        },
        READS_AT_ONCE,
      )
      return unread
    },
  }
  return pictures
}

const hashIn = ({ node }: BaseEntry): string | undefined => (node.kind === 'file' ? node.hash : undefined)

/** For `decide`; what has no hash yet waits, so its hash is never looked at. */
export const nodesOf = (tree: ReadonlyMap<string, MachineEntry | DiskEntry>): Map<string, SyncNode> => {
  const nodes = new Map<string, SyncNode>()
  for (const [path, { kind, size, hash = '' }] of tree)
    nodes.set(path, kind === 'file' ? { kind, hash, size } : { kind })
  return nodes
}

export const nodesOfBase = (base: ReadonlyMap<string, BaseEntry>): Map<string, SyncNode> =>
  new Map([...base].map(([path, { node }]) => [path, node]))
