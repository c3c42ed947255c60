/**
 * Keeps the home directory: what changes in it goes to the host within a fraction of a second, and comes back when the project
 * is opened again.
 *
 *   turn ─► dirty? ─► saver (src/vfs/saver.ts) ─► parts ─► host.appendLog
 *                                   log too long? ─► checkpoint, beside the saves ─► host.switchBase
 *
 * Invariant: one save at a time, and one checkpoint, which saves go on beside. A save that was refused is tried again; until one succeeds the page is told that changes are
 * not kept.
 */

import { ERRNO, SysError } from '../abi/errno.ts'
import type {
  OpenedProject,
  PartChunk,
  PartRecord,
  ProjectsForKernel,
  ProjectsOfKernel,
  SaveState,
} from '../abi/project.ts'
import { moving, type Remote } from '../ipc/rpc.ts'
import { readBytes } from '../lib/bytes.ts'
import { createRecovery, type Recovered } from '../lib/recovery.ts'
import type { Part } from '../lib/segment.ts'
import { emptyMount, type HomeMount, mountRecovered } from '../vfs/home.ts'
import { createSaver, type Saver } from '../vfs/saver.ts'
import type { Files, SharedVfs } from '../vfs/types.ts'

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
}

export interface PersistOptions {
  vfs: SharedVfs
  files: Files
  host: Remote<ProjectsForKernel>
  report: (state: SaveState) => void
}

interface Kept {
  saver: Saver
  entries: () => number
}

export const createPersist = ({ vfs, files, host, report }: PersistOptions): Persist => {
  let home: HomeMount = emptyMount(vfs, files, HOME)
  let kept: Kept | null = null
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
    if (!saver.isDirty) return
    say('saving')
    await saver.save(ship)
    retry = RETRY_MS
  }
  const compact = async (each: Kept): Promise<void> => {
    isTooLong = false
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
      const recovered = await readProject(host)
      files.unmount(HOME)
      try {
        home = mountRecovered(vfs, files, HOME, recovered)
      } catch (error) {
        home = emptyMount(vfs, files, HOME)
        throw error
      }
      const saver = keep(recovered.lastBatch)
      if (recovered.isDamaged) {
        // What could be had is written down anew, so that the damage is told once and not again.
        saver.forget()
        isTooLong = true
      }
      return { entries: home.ledger.known.size - 1, losses: recovered.losses }
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

/** Bytes; smaller parts are not worth a file of their own in the store. */
const BLOB_BYTES = 256 * 1024

/** Parts for the message to the host, which takes the buffers along. */
const packed = async (parts: Part[]): Promise<PartRecord[]> => {
  const records = await Promise.all(
    parts.map(async (part) => {
      const isBig = part.bytes.byteLength >= BLOB_BYTES
      return { ...part, bytes: isBig ? await settledBlob(part.bytes) : part.bytes }
    }),
  )
  return moving(
    records,
    records.flatMap(({ bytes }) => (bytes instanceof ArrayBuffer ? bytes : [])),
  )
}

/**
 * A blob whose bytes the browser itself has: whoever reads the last one has waited for all. Until then Chromium fetches them from
 * this tab when they are wanted, and in a private window it commits a record without wanting them (seen in Chromium 156): who closed
 * the tab then left a record that nobody could read.
 */
const settledBlob = async (bytes: ArrayBuffer): Promise<Blob> => {
  const blob = new Blob([bytes])
  await blob.slice(-1).arrayBuffer()
  return blob
}

interface Coming {
  part: PartChunk['parts'][number]
  bytes: Promise<ArrayBuffer | null>
}

/** Reads all parts. What is big is a handle at first: their bytes come from the disk while others are looked at. */
const readProject = async (host: Remote<ProjectsForKernel>): Promise<Recovered> => {
  const withBytes = ({ parts }: PartChunk): Coming[] =>
    parts.map((part) => ({ part, bytes: readBytes(part.bytes) }))
  const first = await host.readParts(0)
  const step = Math.max(1, first.parts.length)
  const chunks = [Promise.resolve(withBytes(first))]
  for (let from = step; from < first.total; from += step) chunks.push(host.readParts(from).then(withBytes))
  const recovery = createRecovery()
  for (const chunk of chunks) {
    for (const { part, bytes } of await chunk) {
      const whole = { ...part, bytes: await bytes }
      if (part.isBase) recovery.base(whole)
      else recovery.log(whole)
    }
  }
  return recovery.finish()
}
