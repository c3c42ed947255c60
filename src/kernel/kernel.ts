/**
 * The kernel of one machine: formats shared memory, answers its face, and turns its loop.
 *
 *   loop: move output and input ─► sweep quarantine ─► look at watches ─► sleep on its own wake word
 *
 * The loop sleeps through Atomics.waitAsync, so messages are answered meanwhile. System calls of programs do not pass here:
 * they work on shared memory in their own thread.
 */
import type { HostForKernel, JailApi, KernelApi, KernelEvent, KernelForJail } from '../abi/control.ts'
import { grant, grantAll, KIND_LIMITS, parseLimits, STRICT_LIMITS } from '../abi/limits.ts'
import { expose, moving, type Remote } from '../ipc/rpc.ts'
import { INITIAL_PAGES, PAGE_BYTES, SUPERBLOCK } from '../memory/layout.ts'
import { createMemory } from '../memory/memory.ts'
import { createHeap } from '../memory/object-heap.ts'
import { getWord, setWord } from '../memory/slots.ts'
import { sleepAsync, wake, wakeSeen } from '../memory/wake.ts'
import { knowCapabilities } from '../objects/capability-calls.ts'
import { createObjects } from '../objects/objects.ts'
import { createFiles } from '../vfs/files.ts'
import { formatVfs } from '../vfs/format.ts'
import { emptyStat } from '../vfs/types.ts'
import { attachVfs } from '../vfs/vfs.ts'
import { procFacts } from './describe.ts'
import { createDiagnostics, parseDiagnostics } from './diagnostics.ts'
import { createFileApi } from './files.ts'
import { held } from './held.ts'
import type { Inspector } from './inspector.ts'
import { createReaper } from './kill.ts'
import type { TreeCaller } from './machine-tree.ts'
import { createPersist, HOME } from './persist.ts'
import { createProcFiles } from './proc-files.ts'
import { createProcesses } from './processes.ts'
import { createPrograms } from './programs.ts'
import { createPulses } from './pulses.ts'
import { LOOK_MS } from './warden.ts'
import { createWatches, WATCH_INTERVAL_MS } from './watch.ts'
import { createWatchFiles } from './watch-files.ts'

/** After output was moved the kernel waits this long, so that a program that prints line by line costs few messages. */
const BATCH_MS = 4
/** A look at 100,000 files takes long: the kernel rests from it that many times as long, so that processes have their turn. */
const WATCH_REST = 4

export interface Kernel {
  api: KernelApi
  forJail: KernelForJail
  /** Turns for ever. */
  loop(): Promise<never>
}

export interface KernelOptions {
  jail: Remote<JailApi>
  host: Remote<HostForKernel>
  report: (event: KernelEvent) => void
  /** Loads it when it is first called. */
  inspector: () => Inspector
}

/** Reads a blob while this thread waits. The browser has it, so it waits for no other of ours. */
const readNow = (blob: Blob): ArrayBuffer | null => {
  try {
    return new FileReaderSync().readAsArrayBuffer(blob)
  } catch {
    return null
  }
}

const record = (value: unknown): Record<string, unknown> =>
  typeof value === 'object' && value !== null ? { ...value } : {}

export const createKernel = ({ jail, host, report, inspector }: KernelOptions): Kernel => {
  const memory = createMemory()
  formatVfs(memory)
  const vfs = attachVfs(memory)
  const files = createFiles(vfs)
  const objects = createObjects(memory, createHeap(memory), vfs, -1)
  knowCapabilities(objects)
  for (const folder of ['/tmp', '/usr/bin']) files.mkdir(folder, { recursive: true })
  const persist = createPersist({
    vfs,
    files,
    host,
    report: (state) => report({ type: 'save', ...state }),
    readNow,
  })
  vfs.volume.bring = persist.bring
  const reaper = createReaper(memory, objects, (thread) => void jail.terminate(thread))
  const programs = createPrograms(files, jail, host)
  let granted = grantAll(KIND_LIMITS, 'settings')
  const mostPages = getWord(memory, SUPERBLOCK.LIMIT)
  const ground = held(memory)
  const diagnostics = createDiagnostics({
    report,
    fsck: () => inspector().fsck(files),
    asserts: (ended) =>
      inspector()
        .createAssertions(objects, () => processes.entries(), ground)
        .after(ended),
  })
  const listing = createProcFiles({ objects, vfs, files, facts: (entry) => procFacts(memory, entry) })
  const pulses = createPulses(memory)
  const watchFiles = createWatchFiles(objects, files)
  const facts = emptyStat()
  /** What is not of the project is not kept at all. */
  const syncInode = async (inode: number): Promise<void> => {
    if (vfs.stat(inode, facts) === 0 && facts.dev === files.stat(HOME).dev) await persist.flushProject()
  }
  const processes = createProcesses({
    objects,
    files,
    jail,
    programs,
    reaper,
    report,
    traceEntry: (record, now) => inspector().traceEntry(record, now),
    diagnostics,
    listing,
    granted: () => granted,
    pulses,
    sync: syncInode,
    bring: persist.bring,
    watch: (slot, fd) => {
      nudge()
      return watchFiles.add(slot, fd)
    },
  })
  const watches = createWatches(vfs, files)
  const nudge = (): void => wake(memory, 0)
  /** Only the newest is told of news. */
  let home: TreeCaller | null = null

  const api: KernelApi = {
    ...createFileApi(files, HOME),
    fsck: () => inspector().fsck(files),
    audit: async () => {
      watchFiles.sweep()
      return inspector().takeAudit(objects, vfs, processes.ports(), await jail.census())
    },
    restoreProject: async () => {
      const opened = await persist.restoreProject()
      nudge()
      return opened
    },
    projectArrived: persist.projectArrived,
    keepProject: async () => {
      await persist.keepProject()
      nudge()
    },
    flushProject: persist.flushProject,
    saveAgain: persist.saveAgain,
    stopSaving: persist.stopSaving,
    facts: () => {
      const usage = files.usage()
      const size = getWord(memory, SUPERBLOCK.PAGES) * PAGE_BYTES
      const max = getWord(memory, SUPERBLOCK.LIMIT) * PAGE_BYTES
      return { size, used: usage.used, max, files: usage.files }
    },
    spawn: async (request) => {
      const made = await processes.spawn(request)
      // Without it, the loop would sleep until the first output, and a limit of time not be looked at.
      nudge()
      return made
    },
    input: (pid, bytes) => processes.get(pid).stdio.input(bytes),
    endInput: async (pid) => processes.get(pid).stdio.endInput(),
    resize: (pid, columns, rows) => processes.get(pid).stdio.resize(columns, rows),
    kill: processes.kill,
    nice: processes.nice,
    strace: processes.strace,
    setDiagnostics: (options) => diagnostics.set(parseDiagnostics(options)),
    ack: (pid, bytes) => {
      for (const entry of processes.entries()) if (entry.pid === pid) entry.stdio.ack(bytes)
      nudge()
    },
    processes: processes.list,
    ensureRuntime: (name, version) => programs.ensureRuntime(name, version, granted.limits.memory),
    setLimits: (wanted, project, isSealed) => {
      const own = grant(grantAll(parseLimits(wanted), 'settings'), isSealed ? STRICT_LIMITS : {}, 'seal')
      granted = grant(own, record(project), 'project')
      const pages = Math.ceil(granted.limits.diskBytes / PAGE_BYTES)
      setWord(memory, SUPERBLOCK.LIMIT, Math.min(mostPages, Math.max(pages, INITIAL_PAGES)))
    },
    watch: (path) => {
      const id = watches.add(path)
      nudge()
      return id
    },
    unwatch: watches.remove,
    serveTree: (port) => {
      home = inspector().createTreeCaller({ vfs, home: HOME, keep: persist.flushProject, nudge, moving })
      expose(home.tree, port)
    },
  }

  let lookAgainAt = 0
  const look = (now: number): number => {
    watchFiles.sweep()
    if (watches.isEmpty && watchFiles.isEmpty) return Number.POSITIVE_INFINITY
    if (now >= lookAgainAt) {
      watchFiles.look()
      watches.look((id, paths, writers) => report({ type: 'watch', id, paths, writers }))
      const end = performance.now()
      lookAgainAt = end + Math.max(WATCH_INTERVAL_MS, (end - now) * WATCH_REST)
    }
    return Math.max(1, lookAgainAt - performance.now())
  }

  return {
    api,
    forJail: { threadFailed: processes.threadFailed },
    loop: async () => {
      for (;;) {
        const seen = wakeSeen(memory)
        const moved = processes.turn()
        const now = performance.now()
        const judged = processes.isEmpty ? Number.POSITIVE_INFINITY : LOOK_MS
        const next = Math.min(
          pulses.turn(now),
          reaper.sweep(now),
          look(now),
          judged,
          persist.turn(now),
          home?.turn(now) ?? Number.POSITIVE_INFINITY,
        )
        if (moved) await new Promise((resolve) => setTimeout(resolve, BATCH_MS))
        else await sleepAsync(memory, seen, next)
      }
    },
  }
}
