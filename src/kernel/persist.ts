/**
 * Keeps the home directory: what changes in it goes to the host within a fraction of a second, and comes back when the project
 * is opened again: names and facts first, bytes afterwards (arrivals.ts). Nothing is saved before all have come.
 *
 *   turn ─► dirty? ─► saver (src/vfs/saver.ts) ─► parts ─► host.appendLog
 *                                   log too long? ─► checkpoint, beside the saves ─► host.switchBase
 *
 * Invariant: one save at a time, and one checkpoint, which saves go on beside. A save that was refused is tried again; until one succeeds the page is told that changes are
 * not kept.
 */

import { ERRNO, SysError } from '../abi/errno.ts'
import {
  CHUNK_PARTS,
  type OpenedProject,
  type PartChunk,
  type PartRecord,
  type ProjectLoss,
  type ProjectsForKernel,
  type ProjectsOfKernel,
  type SaveState,
} from '../abi/project.ts'
import { moving, type Remote } from '../ipc/rpc.ts'
import { createRecovery, type Recovered } from '../lib/recovery.ts'
import { type Body, isBodyOf, type Part } from '../lib/segment.ts'
import { emptyMount, type HomeMount, mountRecovered } from '../vfs/home.ts'
import { createSaver, type Saver } from '../vfs/saver.ts'
import type { Files, SharedVfs } from '../vfs/types.ts'
import { type Coming, createComing, type KeptPart, recoverPart } from './arrivals.ts'

export const HOME = '/home/project'

const TAKEN = 'another tab has the project open now; nothing is saved here any more'

/** From one save to the look for the next. With what a save takes, a change is kept within half a second. */
export const SAVE_INTERVAL_MS = 150
/** After a save that was refused; doubled each time. */
const RETRY_MS = 1000
const MAX_RETRY_MS = 30_000
/** A log longer than this, twice the checkpoint and twice the files is replaced by a checkpoint; so is one of very many parts. */
const MIN_LOG_BYTES = 16 * 1024 * 1024
const MAX_LOG_PARTS = 1000

export interface Persist extends ProjectsOfKernel {
  /** Starts a save when there is something to save. Milliseconds until it wants to be called again. */
  turn(now: number): number
  /** Sees to the bytes of a file that is still to come: 0, or -errno. */
  bring(inode: number): number
}

export interface PersistOptions {
  vfs: SharedVfs
  files: Files
  host: Remote<ProjectsForKernel>
  report: (state: SaveState) => void
  /** Reads a blob while this thread waits; null when it cannot be read. */
  readNow: (blob: Blob) => ArrayBuffer | null
}

interface Kept {
  saver: Saver
  entries: () => number
}

export const createPersist = ({ vfs, files, host, report, readNow }: PersistOptions): Persist => {
  let home: HomeMount = emptyMount(vfs, files, HOME)
  let kept: Kept | null = null
  let coming: Coming | null = null
  /** What damage has cost of content, beyond what was told when the project was opened. */
  let lost: ProjectLoss[] = []
  let saving: Promise<void> | null = null
  let compacting: Promise<void> | null = null
  let nextAt = 0
  let retry = RETRY_MS
  let isTooLong = false
  let said: SaveState = { state: 'saved', message: '' }

  const say = (state: SaveState['state'], message = ''): void => {
    if (said.state === state && said.message === message) return
    said = { state, message }
    report(said)
  }
  const keep = (lastBatch: number): Saver => {
    const { ledger } = home
    const saver = createSaver(vfs, ledger, lastBatch)
    kept = { saver, entries: () => ledger.known.size - 1 }
    retry = RETRY_MS
    return saver
  }
  /** Several may be on their way: they are sent in the order in which they came. */
  let before: Promise<unknown> = Promise.resolve()
  const send = async <T>(parts: Part[], to: (records: PartRecord[]) => Promise<T>): Promise<T> => {
    const packing = packed(parts)
    // Looked at when its turn comes; until then it is nobody's unhandled rejection.
    packing.catch(() => {})
    const turn = before.then(() => packing)
    before = turn.catch(() => {})
    return to(await turn)
  }
  const ship = async (parts: Part[]): Promise<void> => {
    const figures = await send(parts, (records) => host.appendLog(records, kept?.entries() ?? 0))
    const most = Math.max(MIN_LOG_BYTES, 2 * figures.baseBytes)
    const isLong = figures.logBytes > most && figures.logBytes > 2 * (kept?.saver.bytes() ?? 0)
    isTooLong = isLong || figures.logParts > MAX_LOG_PARTS
  }
  const save = async ({ saver }: Kept): Promise<void> => {
    if (saver.isDirty) say('saving')
    await coming?.finish()
    if (!saver.isDirty) return
    await saver.save(ship)
    retry = RETRY_MS
  }
  const compact = async (each: Kept): Promise<void> => {
    isTooLong = false
    await coming?.finish()
    await host.beginBase()
    await each.saver.checkpoint((parts) => send(parts, (records) => host.appendBase(records)))
    // What changed while it was written must be in the log before it may count.
    const problem = await run()
    if (problem) throw problem
    if (kept === each) await host.switchBase()
  }
  /** Decides what a refusal means for the next attempt. */
  const refused = async (error: unknown): Promise<void> => {
    const code = error instanceof SysError ? error.code : ''
    const message = error instanceof Error ? error.message.replace(/^E[A-Z0-9]+: /, '') : String(error)
    if (code === 'EBUSY' || code === 'EPERM') {
      kept = null
      say('taken', TAKEN)
      return
    }
    if (code === 'ESTALE') {
      await host.restartLog()
      kept?.saver.forget()
      nextAt = 0
      return
    }
    say(code === 'EDQUOT' ? 'full' : 'failed', message)
    nextAt = performance.now() + retry
    retry = Math.min(retry * 2, MAX_RETRY_MS)
  }
  /** One save. Never throws; what went wrong is returned. */
  const attempt = async (): Promise<unknown> => {
    const each = kept
    if (!each) return null
    try {
      await save(each)
      say('saved')
      return null
    } catch (error) {
      await refused(error).catch((again: unknown) => say('failed', String(again)))
      return error
    }
  }
  const run = async (): Promise<unknown> => {
    while (saving) await saving
    let problem: unknown = null
    nextAt = performance.now() + SAVE_INTERVAL_MS
    saving = attempt().then((error) => {
      problem = error
      saving = null
    })
    await saving
    return problem
  }
  /** A checkpoint that fails leaves the old one and the log; the next try is when the log has grown again. */
  const startCompacting = (each: Kept): void => {
    compacting ??= compact(each)
      .catch(() => {})
      .then(() => {
        compacting = null
      })
  }

  /** Sees to all content. A refusal is met again by the next save. */
  const arrive = async (): Promise<void> => {
    const mine = coming
    try {
      await mine?.finish()
      if (coming !== mine) return
      coming = null
      // With the tables that are still to be made the stored parts would stay in memory.
      kept?.entries()
    } catch {
      // The machine is full.
    }
  }

  return {
    turn: (now) => {
      if (!kept) return Number.POSITIVE_INFINITY
      if (!saving && now >= nextAt && kept.saver.isDirty) void run()
      if (isTooLong && !compacting) startCompacting(kept)
      return Math.max(1, Math.min(SAVE_INTERVAL_MS, nextAt > now ? nextAt - now : SAVE_INTERVAL_MS))
    },
    restoreProject: async (): Promise<OpenedProject> => {
      if (kept || files.readdir(HOME).length > 0)
        throw new SysError(ERRNO.BUSY, HOME, 'the machine has files of another project')
      const { parts, recovered } = await readProject(host)
      files.unmount(HOME)
      try {
        home = mountRecovered(vfs, files, HOME, recovered)
      } catch (error) {
        home = emptyMount(vfs, files, HOME)
        throw error
      }
      const saver = keep(recovered.lastBatch)
      // What could be had is written down anew, so that the damage is told once and not again.
      const heal = (): void => {
        saver.forget()
        isTooLong = true
      }
      if (recovered.isDamaged) heal()
      lost = []
      coming = createComing({
        arrivals: home.arrivals,
        parts,
        told: recovered.losses,
        readNow,
        lost: (losses) => {
          lost.push(...losses)
          heal()
        },
      })
      // The answer goes first.
      setTimeout(() => void arrive())
      return { entries: home.entries, losses: recovered.losses }
    },
    bring: (inode) => coming?.bring(inode) ?? 0,
    projectArrived: async () => {
      await coming?.finish()
      return lost
    },
    keepProject: async () => {
      kept = null
      while (saving) await saving
      home = { ...home, ledger: home.fresh() }
      keep(0).forget()
      const problem = await run()
      if (problem) throw problem
    },
    flushProject: async () => {
      const each = kept
      if (!each) {
        if (said.state === 'taken') throw new SysError(ERRNO.BUSY, '', said.message)
        return
      }
      const problem = await run()
      if (problem) throw problem
    },
    saveAgain: async () => {
      if (!kept) return
      while (saving) await saving
      await host.restartLog()
      kept?.saver.forget()
      const problem = await run()
      if (problem) throw problem
    },
    stopSaving: (isTaken) => {
      kept = null
      if (isTaken) say('taken', TAKEN)
      else say('saved')
    },
  }
}

/**
 * From so many bytes on a head or body is worth a file of its own in the store. Heads are what opening waits for, and 45 of 107 KB are
 * read in 30 ms from blobs, in 70 from the records themselves (Chromium 156).
 */
const HEAD_BLOB_BYTES = 32 * 1024
const BODY_BLOB_BYTES = 256 * 1024

/** Parts for the message to the host, which takes the buffers along. */
const packed = async (parts: Part[]): Promise<PartRecord[]> => {
  const records = await Promise.all(
    parts.map(async ({ bytes, body, ...part }) => {
      const [head, content] = await Promise.all([
        settled(bytes, HEAD_BLOB_BYTES),
        body && settled(body, BODY_BLOB_BYTES),
      ])
      return { ...part, bytes: head, body: content }
    }),
  )
  return moving(
    records,
    records.flatMap(({ bytes, body }) => [bytes, body].filter((each) => each instanceof ArrayBuffer)),
  )
}

/**
 * What is big as a blob whose bytes the browser itself has: whoever reads the last one has waited for all. Until then Chromium fetches them from
 * this tab when they are wanted, and in a private window it commits a record without wanting them (seen in Chromium 156): who closed
 * the tab then left a record that nobody could read.
 */
const settled = async (bytes: ArrayBuffer, least: number): Promise<ArrayBuffer | Blob> => {
  if (bytes.byteLength < least) return bytes
  const blob = new Blob([bytes])
  await blob.slice(-1).arrayBuffer()
  return blob
}

/** Chunks that are asked for before it is known how many there are. */
const FIRST_CHUNKS = 2

/**
 * Reads all heads, and recovers from those that are there while others come. Bodies that are blobs are left for later.
 */
const readProject = async (
  host: Remote<ProjectsForKernel>,
): Promise<{ parts: KeptPart[]; recovered: Recovered }> => {
  const ask = (chunk: number): Promise<PartChunk> => host.readParts(chunk * CHUNK_PARTS)
  const chunks = Array.from({ length: FIRST_CHUNKS }, (_, chunk) => ask(chunk))
  // Whichever fails first is the one that is told.
  for (const chunk of chunks) chunk.catch(() => {})
  const recovery = createRecovery()
  const all: KeptPart[] = []
  for (let index = 0; index < chunks.length; index++) {
    const chunk = await chunks[index]
    if (index === 0)
      for (let next = FIRST_CHUNKS; next * CHUNK_PARTS < (chunk?.total ?? 0); next++) chunks.push(ask(next))
    for (const { body, ...stored } of chunk?.parts ?? []) {
      const blob = body instanceof Blob ? body : null
      const part = { ...stored, body: bodyOf(stored.bytes, body), blob }
      all.push(part)
      recoverPart(recovery, part)
    }
  }
  return { parts: all, recovered: recovery.finish() }
}

const bodyOf = (head: ArrayBuffer | null, body: ArrayBuffer | Blob | null): Body | null => {
  if (head === null || body === null) return null
  if (body instanceof Blob) return { size: body.size, u8: null, isLost: false }
  return { size: body.byteLength, u8: new Uint8Array(body), isLost: !isBodyOf(head, body) }
}
