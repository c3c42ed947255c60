/**
 * Keeps the home directory: what changes in it goes to the host within a fraction of a second, and comes back when the project
 * is opened again.
 *
 *   turn ─► dirty? ─► saver (src/vfs/saver.ts) ─► parts ─► host.appendLog
 *                                   log too long? ─► checkpoint, a part at a time between saves ─► host.switchBase
 *
 * Invariant: one save at a time. A save that was refused is tried again; until one succeeds the page is told that changes are
 * not kept.
 */

import { ERRNO, SysError } from '../abi/errno.ts'
import type {
  OpenedProject,
  PartRecord,
  ProjectsForKernel,
  ProjectsOfKernel,
  SaveState,
} from '../abi/project.ts'
import { moving, type Remote } from '../ipc/rpc.ts'
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
/** A log longer than this and twice the checkpoint is replaced by a new checkpoint; so is one of very many parts. */
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
  let work: Promise<void> | null = null
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
  const ship = async (parts: Part[]): Promise<void> => {
    const figures = await host.appendLog(transferred(parts), kept?.entries() ?? 0)
    const most = Math.max(MIN_LOG_BYTES, 2 * figures.baseBytes)
    isTooLong = figures.logBytes > most || figures.logParts > MAX_LOG_PARTS
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
    let last = performance.now()
    const breathe = async (): Promise<void> => {
      if (performance.now() - last < SAVE_INTERVAL_MS) return
      await save(each)
      last = performance.now()
    }
    await each.saver.checkpoint(async (parts) => host.appendBase(transferred(parts)), breathe)
    // What changed while it was written must be in the log before it may count.
    await save(each)
    await host.switchBase()
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
  /** One save, and a checkpoint when it is time. Never throws; what went wrong is returned. */
  const attempt = async (): Promise<unknown> => {
    const each = kept
    if (!each) return null
    try {
      await save(each)
      say('saved')
      if (isTooLong) await compact(each)
      return null
    } catch (error) {
      await refused(error).catch((again: unknown) => say('failed', String(again)))
      return error
    }
  }
  const run = async (): Promise<unknown> => {
    while (work) await work
    let problem: unknown = null
    nextAt = performance.now() + SAVE_INTERVAL_MS
    work = attempt().then((error) => {
      problem = error
      work = null
    })
    await work
    return problem
  }

  return {
    turn: (now) => {
      if (!kept) return Number.POSITIVE_INFINITY
      if (!work && now >= nextAt && (kept.saver.isDirty || isTooLong)) void run()
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
      while (work) await work
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
      while (work) await work
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

const transferred = (parts: Part[]): PartRecord[] =>
  moving(
    parts,
    parts.map(({ bytes }) => bytes),
  )

/** Reads all parts; the next ones are on their way while some are looked at. */
const readProject = async (host: Remote<ProjectsForKernel>): Promise<Recovered> => {
  const recovery = createRecovery()
  let coming = host.readParts(0)
  for (;;) {
    const { parts, next } = await coming
    if (next !== null) coming = host.readParts(next)
    for (const { isBase, ...part } of parts) {
      if (isBase) recovery.base(part)
      else recovery.log(part)
    }
    if (next === null) return recovery.finish()
  }
}
