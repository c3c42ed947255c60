/**
 * The user's projects in IndexedDB.
 *
 *   ['meta', id]               the record below
 *   ['base', id, generation, n] parts of the checkpoint       n = 0 … baseParts
 *   ['log', id, n]             parts of the log               n = from … next
 *
 * Invariant: every step that writes reads the meta record in the same transaction and ends unless this page still owns the
 * project. So a checkpoint replaces base and log at once or not at all, and a tab that was robbed can write nothing.
 */

import { ERRNO, SysError } from '../abi/errno.ts'
import type {
  LogFigures,
  PartChunk,
  PartRecord,
  ProjectInfo,
  ProjectNotice,
  ProjectsForKernel,
} from '../abi/project.ts'
import type { Ownership } from './ownership.ts'
import { copy, everything, leftovers, metaKey, readChunk } from './project-parts.ts'
import { META_VERSION, type Meta, parseMeta } from './project-records.ts'
import { beneath, type Key, NO_ROOM, type Step, type Store } from './store.ts'

/** Log and checkpoint of one project; the machine's files have room for 1 GiB, and a checkpoint stands beside the old one. */
const MAX_PROJECT_BYTES = 4 * 1024 ** 3
const MAX_PROJECTS = 10_000

export interface Projects {
  readonly forKernel: ProjectsForKernel
  list(): Promise<ProjectInfo[]>
  create(name: string, isSealed?: boolean): Promise<ProjectInfo>
  seal(id: string, isSealed: boolean): Promise<void>
  open(id: string, takeOver: boolean): Promise<ProjectInfo>
  close(): Promise<void>
  rename(id: string, name: string): Promise<void>
  duplicate(id: string, name: string): Promise<ProjectInfo>
  remove(id: string): Promise<void>
  /** The parts of a project as they are stored now; for the export. */
  read(id: string, from: number): Promise<PartChunk>
  /** What is open here, or null. */
  readonly current: string | null
}

export interface ProjectsOptions {
  store: Store
  ownership: Ownership
  newId: () => string
  now: () => number
  notify: (what: ProjectNotice['what']) => void
}

/** The project that the kernel may write to. */
interface Current {
  meta: Meta
  token: string
  /** Last part of the log that was taken. */
  batch: number
  index: number
  /** A checkpoint that is being written. */
  building: { generation: number; from: number; parts: number; bytes: number; logBytes: number } | null
  /** Its first parts, read before the kernel asks: it will as soon as it hears that the project is open. */
  first: Promise<PartChunk> | null
}

export const sizeOf = (bytes: ArrayBuffer | Blob): number =>
  bytes instanceof Blob ? bytes.size : bytes.byteLength

const noSuch = (id: string): SysError => new SysError(ERRNO.NOENT, id, 'there is no such project')

export const createProjects = ({ store, ownership, newId, now, notify }: ProjectsOptions): Projects => {
  let current: Current | null = null

  const read = async (id: string): Promise<Meta> => {
    const meta = parseMeta(await store.get(metaKey(id)))
    if (!meta) throw noSuch(id)
    return meta
  }
  const changed = (): void => {
    ownership.announce()
    notify('changed')
  }
  const describe = (meta: Meta, elsewhere: Set<string>): ProjectInfo => {
    const state = current?.meta.id === meta.id ? 'here' : elsewhere.has(meta.id) ? 'elsewhere' : 'closed'
    const { id, name, created, opened, saved, entries, isSealed: sealed } = meta
    return { id, name, created, opened, saved, entries, bytes: meta.baseBytes + meta.logBytes, state, sealed }
  }
  const fresh = (name: string): Meta => ({
    version: META_VERSION,
    id: newId(),
    name,
    created: now(),
    opened: 0,
    saved: 0,
    entries: 0,
    owner: '',
    isHidden: false,
    isSealed: false,
    generation: 0,
    baseParts: 0,
    baseBytes: 0,
    from: 0,
    next: 0,
    logBytes: 0,
  })

  /** One step on the record of the open project, as long as it is ours. */
  const stepOpen = async <T>(decide: (meta: Meta, open: Current) => Step<T> & { meta: Meta }): Promise<T> => {
    const open = current
    if (!open) throw new SysError(ERRNO.PERM, '', 'no project is open here')
    return store.step(metaKey(open.meta.id), (value) => {
      const meta = parseMeta(value)
      if (!meta && value !== undefined)
        throw new SysError(ERRNO.BUSY, open.meta.name, 'another version of this page has it now')
      if (!meta) throw new SysError(ERRNO.STALE, open.meta.name, 'the browser has cleared what was stored')
      if (meta.owner !== open.token) throw new SysError(ERRNO.BUSY, meta.name, 'another tab has it open now')
      const step = decide(meta, open)
      open.meta = step.meta
      return { ...step, put: [...step.put, [metaKey(meta.id), step.meta]] }
    })
  }
  const figures = (meta: Meta): LogFigures => ({
    logBytes: meta.logBytes,
    logParts: meta.next - meta.from,
    baseBytes: meta.baseBytes,
  })
  const bytesOf = (parts: PartRecord[]): number =>
    parts.reduce((sum, { bytes, body }) => sum + sizeOf(bytes) + (body ? sizeOf(body) : 0), 0)
  const refuseTooMuch = (bytes: number): void => {
    if (bytes > MAX_PROJECT_BYTES) throw new SysError(ERRNO.DQUOT, '', NO_ROOM)
  }

  const forKernel: ProjectsForKernel = {
    readParts: async (from) => {
      if (!current) throw new SysError(ERRNO.PERM, '', 'no project is open here')
      const { first } = current
      current.first = null
      return from === 0 && first ? first : readChunk(store, current.meta, from)
    },
    appendLog: (parts, entries) =>
      stepOpen((meta, open) => {
        let { batch, index } = open
        for (const part of parts) {
          // Behind a part that was refused nothing of its batch may come: it would look whole.
          const follows =
            part.batch === batch ? part.index === index + 1 : part.batch > batch && part.index === 0
          if (!follows) throw new SysError(ERRNO.PROTO, meta.name, 'a part of the log is missing')
          batch = part.batch
          index = part.index
        }
        const bytes = bytesOf(parts)
        refuseTooMuch(meta.baseBytes + meta.logBytes + bytes)
        const put = parts.map((part, at): [Key, unknown] => [['log', meta.id, meta.next + at], part])
        const next: Meta = {
          ...meta,
          next: meta.next + parts.length,
          logBytes: meta.logBytes + bytes,
          saved: now(),
          entries,
        }
        open.batch = batch
        open.index = index
        return { put, remove: [], meta: next, result: figures(next) }
      }),
    restartLog: async () => {
      const open = current
      if (!open) throw new SysError(ERRNO.PERM, '', 'no project is open here')
      const isGone = await store.step(metaKey(open.meta.id), (value) => {
        // Also what cannot be read is somebody's.
        if (value !== undefined) return { put: [], remove: [], result: false }
        const { name, id, created, opened, isSealed } = open.meta
        open.meta = { ...fresh(name), id, created, opened, isSealed, owner: open.token }
        open.building = null
        return { put: [[metaKey(id), open.meta]], remove: leftovers(open.meta), result: true }
      })
      if (isGone) notify('gone')
    },
    beginBase: () =>
      stepOpen((meta, open) => {
        open.building = {
          generation: meta.generation + 1,
          from: meta.next,
          parts: 0,
          bytes: 0,
          logBytes: meta.logBytes,
        }
        return { put: [], remove: leftovers(meta), meta, result: undefined }
      }),
    appendBase: (parts) =>
      stepOpen((meta, open) => {
        const building = started(open)
        const bytes = bytesOf(parts)
        refuseTooMuch(meta.baseBytes + meta.logBytes + building.bytes + bytes)
        const { generation } = building
        const put = parts.map((part): [Key, unknown] => [
          ['base', meta.id, generation, building.parts++],
          part,
        ])
        building.bytes += bytes
        return { put, remove: [], meta, result: undefined }
      }),
    switchBase: () =>
      stepOpen((meta, open) => {
        const building = started(open)
        open.building = null
        const next: Meta = {
          ...meta,
          generation: building.generation,
          baseParts: building.parts,
          baseBytes: building.bytes,
          from: building.from,
          logBytes: meta.logBytes - building.logBytes,
        }
        return { put: [], remove: leftovers(next), meta: next, result: figures(next) }
      }),
  }

  const close = async (): Promise<void> => {
    const open = current
    current = null
    if (open) ownership.release(open.meta.id)
  }
  const dropHidden = async (id: string): Promise<void> => {
    if (!(await ownership.acquire(id, false))) return
    await store.step(metaKey(id), () => ({ put: [], remove: everything(id), result: undefined }))
    ownership.release(id)
  }

  const alter = async (id: string, change: Partial<Meta>): Promise<void> => {
    await store.step(metaKey(id), (value) => {
      const meta = parseMeta(value)
      if (!meta) throw noSuch(id)
      return { put: [[metaKey(id), { ...meta, ...change }]], remove: [], result: undefined }
    })
    if (current?.meta.id === id) current.meta = { ...current.meta, ...change }
    changed()
  }

  return {
    forKernel,
    read: async (id, from) => readChunk(store, await read(id), from),
    get current() {
      return current?.meta.id ?? null
    },
    list: async () => {
      const [rows, elsewhere] = await Promise.all([
        store.list(beneath('meta'), MAX_PROJECTS),
        ownership.elsewhere(),
      ])
      const metas = rows.flatMap(([, value]) => parseMeta(value) ?? [])
      // Copies that were broken off.
      for (const { id, isHidden } of metas)
        if (isHidden && !elsewhere.has(id) && !ownership.has(id)) await dropHidden(id)
      const shown = metas.filter(({ isHidden }) => !isHidden).map((meta) => describe(meta, elsewhere))
      return shown.sort((a, b) => Math.max(b.opened, b.created) - Math.max(a.opened, a.created))
    },
    create: async (name, isSealed = false) => {
      const meta = { ...fresh(name), isSealed }
      await store.step(metaKey(meta.id), () => ({
        put: [[metaKey(meta.id), meta]],
        remove: [],
        result: undefined,
      }))
      changed()
      return describe(meta, new Set())
    },
    open: async (id, takeOver) => {
      const before = await read(id)
      if (!(await ownership.acquire(id, takeOver)))
        throw new SysError(ERRNO.BUSY, before.name, 'the project is open in another tab')
      if (current && current.meta.id !== id) await close()
      const token = newId()
      try {
        const meta = await store.step(metaKey(id), (value) => {
          const found = parseMeta(value)
          if (!found || found.isHidden) throw noSuch(id)
          const next: Meta = { ...found, owner: token, opened: now() }
          return { put: [[metaKey(id), next]], remove: [], result: next }
        })
        const first = readChunk(store, meta, 0)
        // Whoever waits for it is told.
        first.catch(() => {})
        current = { meta, token, batch: 0, index: 0, building: null, first }
        // What a step that was broken off has left can go afterwards; nothing is written before.
        void stepOpen((ours) => ({ put: [], remove: leftovers(ours), meta: ours, result: undefined })).catch(
          () => {},
        )
        // This page knows it when it gets the answer.
        ownership.announce()
        return describe(meta, new Set())
      } catch (error) {
        ownership.release(id)
        throw error
      }
    },
    close: async () => {
      await close()
      changed()
    },
    rename: (id, name) => alter(id, { name }),
    seal: (id, isSealed) => alter(id, { isSealed }),
    duplicate: async (id, name) => {
      const { isSealed } = await read(id)
      const meta = await copy(store, ownership, () => read(id), { ...fresh(name), isSealed, isHidden: true })
      changed()
      return describe(meta, new Set())
    },
    remove: async (id) => {
      const wasOurs = current?.meta.id === id
      const meta = await read(id)
      if (!wasOurs && !(await ownership.acquire(id, false)))
        throw new SysError(ERRNO.BUSY, meta.name, 'the project is open in another tab; close it there first')
      if (wasOurs) current = null
      try {
        await store.step(metaKey(id), () => ({ put: [], remove: everything(id), result: undefined }))
      } finally {
        ownership.release(id)
      }
      changed()
    },
  }
}

const started = (open: Current): NonNullable<Current['building']> => {
  if (!open.building) throw new SysError(ERRNO.PROTO, open.meta.name, 'no checkpoint was begun')
  return open.building
}
