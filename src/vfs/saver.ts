/**
 * Consistent pictures of a mount while programs write to it: what changed since the last one, as parts of a log.
 *
 *   ring of changes ─► round: a few inodes per hold of the lock ─► what changed meanwhile? ─► round … ─► last hold: commit
 *
 * Rounds get smaller, because each only takes what changed during the one before; the last, small one happens in a single
 * hold. At that moment everything that was written down is what it is, so the batch is one state of the filesystem. Under
 * a storm that never gets smaller the last hold takes what there is, except for the bytes of big files: those may be of the
 * moment before, and are written again with the next batch.
 *
 * Invariant: a batch that was not stored is as if it had never been written; its inodes are written from scratch next time.
 */
import { createSegmentWriter, type Part, RECORD, type SegmentWriter } from '../lib/segment.ts'
import { eachInode } from './inode.ts'
import { FS, INODE, INODE_SHIFT } from './layout.ts'
import {
  type Extent,
  isBig,
  isKept,
  knownOf,
  type Ledger,
  saveBlock,
  saveFacts,
  saveInode,
  weightOf,
} from './save.ts'
import type { SharedVfs } from './types.ts'

/** Bytes looked at per hold, and inodes. */
const HOLD_BYTES = 65536
const HOLD_INODES = 256
const MAX_ROUNDS = 8
/** Parts that travel together, and shipments that may be on their way. */
const SHIPMENT_PARTS = 2
const MAX_SHIPPED = 4
/** Work between two looks at what else there is to do. */
export const STRETCH_MS = 20

export interface SaveFigures {
  /** Inodes written down; 0: nothing had changed, and no batch was made. */
  inodes: number
  bytes: number
}

/** Takes parts to the store; resolves when they are kept. */
export type Ship = (parts: Part[]) => Promise<void>

export interface Saver {
  /** Whether something may have changed since the last save. One word compared. */
  readonly isDirty: boolean
  save(ship: Ship): Promise<SaveFigures>
  /** Writes everything down for a checkpoint, while saves go on: what changes meanwhile is the log's to say. */
  checkpoint(ship: Ship): Promise<SaveFigures>
  /** About how much the files are, in bytes. */
  bytes(): number
  /** Forgets what was stored: the next save writes everything. */
  forget(): void
}

export interface Pace {
  /** Milliseconds of work between two looks at what else there is to do. */
  stretch: number
  breathe(): Promise<void>
}

export const createSaver = (
  vfs: SharedVfs,
  ledger: Ledger,
  firstBatch: number,
  pace: Pace = { stretch: STRETCH_MS, breathe: nextTask },
): Saver => {
  const { volume } = vfs
  const { lock, memory } = volume
  let { cursor } = vfs.changes(-1)
  let batch = firstBatch
  /** Of batches that were not stored, and of a fresh start. */
  let again = new Set<number>()
  let goneAgain = new Set<number>()

  const seconds = (): number => Math.floor(Date.now() / 1000)
  const locked = <T>(work: () => T): T => {
    lock.acquire()
    try {
      return work()
    } finally {
      lock.release()
    }
  }
  /** Everything that is not as it was written down: for when the ring has lost some. */
  const scan = (into: Set<number>): void => {
    for (const inode of ledger.known.keys()) {
      const at = inode << INODE_SHIFT
      if (!isKept(volume, ledger, at)) into.add(inode)
    }
    eachInode(volume, (at) => {
      if (!isKept(volume, ledger, at)) return
      const known = ledger.known.get(at >>> INODE_SHIFT)
      if (known?.sequence !== memory.i32[at + INODE.SEQUENCE]) into.add(at >>> INODE_SHIFT)
    })
  }
  const isOurs = (inode: number): boolean =>
    ledger.known.has(inode) || isKept(volume, ledger, inode << INODE_SHIFT)
  const collect = (into: Set<number>): Set<number> =>
    locked(() => {
      const changes = vfs.changes(cursor)
      cursor = changes.cursor
      if (changes.overflow) scan(into)
      for (const inode of changes.inodes) if (isOurs(inode)) into.add(inode)
      return into
    })

  /** One inode whose blocks, if it is big, are left for later. */
  const saveOne = (inode: number, writer: SegmentWriter, journal: Journal): void => {
    const at = inode << INODE_SHIFT
    if (isKept(volume, ledger, at)) {
      journal.inodes.add(inode)
      saveInode(volume, ledger, at, writer, 'changed')
      return
    }
    const known = ledger.known.get(inode)
    if (!known) return
    ledger.known.delete(inode)
    journal.gone.add(known.id)
    writer.record(RECORD.GONE, known.id, 0)
  }
  const stillBig = (inode: number): boolean =>
    isKept(volume, ledger, inode << INODE_SHIFT) && isBig(volume, inode << INODE_SHIFT)
  const blocks = async (inode: number, writer: SegmentWriter, pipe: Pipe, extent: Extent): Promise<void> => {
    for (let block = 0; block >= 0; ) {
      locked(() => {
        const at = inode << INODE_SHIFT
        block = stillBig(inode) ? saveBlock(volume, ledger, at, block, writer, extent) : -1
      })
      await pipe.fill(writer)
    }
  }
  /** Calls `one` with inodes, a bounded amount of work per hold of the lock, and sees to blocks; ships what is full. */
  const inHolds = async (
    inodes: readonly number[],
    writer: SegmentWriter,
    pipe: Pipe,
    extent: Extent,
    one: (inode: number) => void,
  ): Promise<void> => {
    let next = 0
    while (next < inodes.length) {
      const big: number[] = []
      locked(() => {
        const end = next + HOLD_INODES
        for (let weight = 0; next < inodes.length && next < end && weight < HOLD_BYTES; next++) {
          const inode = inodes[next]!
          one(inode)
          if (stillBig(inode)) big.push(inode)
          else weight += weightOf(volume, inode << INODE_SHIFT)
        }
      })
      await pipe.fill(writer)
      for (const inode of big) await blocks(inode, writer, pipe, extent)
    }
  }
  const isSmall = (inodes: Set<number>): boolean => {
    if (inodes.size > HOLD_INODES) return false
    let weight = 0
    for (const inode of inodes) weight += weightOf(volume, inode << INODE_SHIFT)
    return weight <= HOLD_BYTES
  }
  /** The last hold, or false when too much has changed for it. */
  const commit = (pending: Set<number>, writer: SegmentWriter, journal: Journal, force: boolean): boolean =>
    locked(() => {
      collect(pending)
      if (!force && !isSmall(pending)) return false
      for (const inode of pending) {
        // What has never been written cannot be older than its name.
        const isLater = stillBig(inode) && knownOf(ledger, inode).sequence !== -1
        if (isLater) saveLater(inode, writer)
        else if (stillBig(inode)) saveWhole(inode, writer, journal)
        else saveOne(inode, writer, journal)
      }
      writer.end()
      return true
    })
  /** Size and times now, bytes with the next batch. */
  const saveLater = (inode: number, writer: SegmentWriter): void => {
    saveFacts(memory.i32, inode << INODE_SHIFT, knownOf(ledger, inode).id, writer)
    again.add(inode)
  }
  const saveWhole = (inode: number, writer: SegmentWriter, journal: Journal): void => {
    saveOne(inode, writer, journal)
    const at = inode << INODE_SHIFT
    for (let block = 0; block >= 0; ) block = saveBlock(volume, ledger, at, block, writer, 'changed')
  }
  const undo = (journal: Journal): void => {
    for (const inode of journal.inodes) {
      again.add(inode)
      const known = ledger.known.get(inode)
      if (known) known.prints = null
    }
    for (const id of journal.gone) goneAgain.add(id)
  }

  const save = async (ship: Ship): Promise<SaveFigures> => {
    const journal: Journal = { inodes: new Set(), gone: goneAgain }
    let pending = again
    again = new Set()
    goneAgain = new Set()
    collect(pending)
    if (pending.size === 0 && journal.gone.size === 0) return { inodes: 0, bytes: 0 }
    const writer = createSegmentWriter(++batch, seconds())
    const pipe = createPipe(ship, pace)
    try {
      for (const id of journal.gone) writer.record(RECORD.GONE, id, 0)
      for (let round = 0; !commit(pending, writer, journal, round >= MAX_ROUNDS); round++) {
        const inodes = [...pending]
        pending = new Set()
        for (const inode of inodes) journal.inodes.add(inode)
        await inHolds(inodes, writer, pipe, 'changed', (inode) => saveOne(inode, writer, journal))
      }
      await pipe.put(writer.take())
      await pipe.done()
    } catch (error) {
      for (const inode of pending) again.add(inode)
      undo(journal)
      throw error
    }
    return { inodes: journal.inodes.size + journal.gone.size, bytes: pipe.bytes }
  }

  const checkpoint = async (ship: Ship): Promise<SaveFigures> => {
    const writer = createSegmentWriter(batch, seconds())
    const pipe = createPipe(ship, pace)
    const inodes = [...ledger.known.keys()]
    await inHolds(inodes, writer, pipe, 'all', (inode) => {
      const at = inode << INODE_SHIFT
      if (isKept(volume, ledger, at)) saveInode(volume, ledger, at, writer, 'all')
    })
    writer.end()
    await pipe.put(writer.take())
    await pipe.done()
    return { inodes: inodes.length, bytes: pipe.bytes }
  }

  return {
    get isDirty() {
      memory.refresh()
      const end = memory.i32[volume.base + FS.CHANGES]! & 0x7fffffff
      return end !== cursor || again.size > 0 || goneAgain.size > 0
    },
    save,
    checkpoint,
    bytes: () => {
      let bytes = 0
      for (const inode of ledger.known.keys())
        if (isKept(volume, ledger, inode << INODE_SHIFT)) bytes += weightOf(volume, inode << INODE_SHIFT)
      return bytes
    },
    forget: () => {
      for (const [inode, known] of ledger.known) {
        known.prints = null
        known.sequence = -1
        again.add(inode)
      }
      goneAgain.clear()
      locked(() => scan(again))
    },
  }
}

/** What a batch speaks of. */
interface Journal {
  inodes: Set<number>
  gone: Set<number>
}

/** A few shipments at a time; the first that fails ends the batch. */
interface Pipe {
  readonly bytes: number
  /** Takes what is ready when it is worth a shipment, and sees to it that others have their turn. */
  fill(writer: SegmentWriter): Promise<void>
  put(parts: Part[]): Promise<void>
  done(): Promise<void>
}

const createPipe = (ship: Ship, { stretch, breathe }: Pace): Pipe => {
  const shipped: Promise<void>[] = []
  let bytes = 0
  let last = performance.now()
  const pipe: Pipe = {
    get bytes() {
      return bytes
    },
    fill: async (writer) => {
      if (writer.waiting >= SHIPMENT_PARTS) await pipe.put(writer.take())
      if (performance.now() - last < stretch) return
      await breathe()
      last = performance.now()
    },
    put: async (parts) => {
      if (parts.length === 0) return
      for (const part of parts) bytes += part.bytes.byteLength + (part.body?.byteLength ?? 0)
      const way = ship(parts)
      // Looked at below; until then it is nobody's unhandled rejection.
      way.catch(() => {})
      shipped.push(way)
      if (shipped.length >= MAX_SHIPPED) await shipped.shift()
    },
    done: async () => {
      for (const way of shipped) await way
    },
  }
  return pipe
}

/** Lets the kernel answer and move output. */
export const nextTask = (): Promise<void> => new Promise((resolve) => setTimeout(resolve))
