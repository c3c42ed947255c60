/**
 * The page's face of disk sync: one folder at a time, remembered with the open project so that it can be taken up after a reload.
 *
 * Invariant: what both sides agree on is remembered only after the machine has kept the same state with its project. So a memory is
 * never newer than the project, and a file that a crash has cost the project is not taken for one that the user removed.
 */
import {
  DISK_OFF,
  type DiskForPage,
  type DiskOptions,
  type DiskStatus,
  type EmptyFolder,
  type MachineTree,
} from '../../abi/disk.ts'
import { ERRNO, SysError } from '../../abi/errno.ts'
import { connect } from '../../ipc/rpc.ts'
import type { DiskFolder } from './handles.ts'
import { createMachine } from './machine.ts'
import type { ObserverMaker } from './notices.ts'
import type { BaseEntry, Hash } from './pictures.ts'
import { createSession, type Session } from './session.ts'

export interface DiskMemory {
  handle: FileSystemDirectoryHandle
  options: DiskOptions
  base: Map<string, BaseEntry>
}

export interface DiskRecords {
  get(project: string): Promise<unknown>
  set(project: string, value: DiskMemory): Promise<void>
  del(project: string): Promise<void>
}

export interface DiskHostOptions {
  records: DiskRecords
  /** Id of the project that is open here, or null. */
  project: () => string | null
  hashOf: Hash
  Observer: ObserverMaker | null
  now: () => number
  notify: (status: DiskStatus) => void
}

/** Agreements come in crowds. */
const REMEMBER_MS = 700

export const createDisk = (
  options: DiskHostOptions,
): DiskForPage & { forget(project: string): Promise<void> } => {
  const { records, project, notify } = options
  let open: {
    session: Session
    memory: DiskMemory
    settle: () => Promise<void>
    rename: () => Promise<void>
  } | null = null
  let turn: Promise<unknown> = Promise.resolve()
  const inTurn = <T>(work: () => Promise<T>): Promise<T> => {
    const result = turn.then(work)
    turn = result.catch(() => {})
    return result
  }

  const start = (memory: DiskMemory, port: MessagePort): void => {
    const machine = createMachine(connect<MachineTree>(port).api)
    let id = project()
    let copy: (() => Map<string, BaseEntry>) | null = null
    let timer: ReturnType<typeof setTimeout> | null = null
    const remember = async (): Promise<void> => {
      timer = null
      const base = copy?.()
      if (!base || id === null || project() !== id) return
      copy = null
      await machine.keep()
      memory.base = base
      await records.set(id, memory)
    }
    const session = createSession({
      // The platform's handle has these methods; its types say more than is used.
      handle: memory.handle as unknown as DiskFolder,
      options: memory.options,
      machine,
      hashOf: options.hashOf,
      Observer: options.Observer,
      base: memory.base,
      now: options.now,
      onStatus: notify,
      onAgreed: (next) => {
        copy = next
        // Without storage the folder is as it is, only not remembered.
        timer ??= setTimeout(() => void remember().catch(() => {}), REMEMBER_MS)
      },
    })
    const settle = async (): Promise<void> => {
      if (timer) clearTimeout(timer)
      await session.stop()
      await remember().catch(() => {})
    }
    const rename = async (): Promise<void> => {
      id = project()
      if (id !== null) await records.set(id, { ...memory, base: new Map() })
      copy ??= session.agreed
      await remember()
    }
    open = { session, memory, settle, rename }
  }
  const stop = async (): Promise<void> => {
    const before = open
    open = null
    await before?.settle()
  }
  const recall = async (): Promise<DiskMemory | null> => {
    const id = project()
    return id === null ? null : parseMemory(await records.get(id).catch(() => null))
  }

  return {
    connectDisk: (handle: unknown, wanted: unknown, port: unknown) =>
      inTurn(async () => {
        if (!isFolder(handle)) throw new SysError(ERRNO.INVAL, 'folder', 'that is no folder of the disk')
        if (!(port instanceof MessagePort)) throw new SysError(ERRNO.INVAL, 'port')
        await stop()
        const known = await recall()
        const isKnown = known !== null && (await handle.isSameEntry(known.handle).catch(() => false))
        const memory = { handle, options: parseOptions(wanted), base: isKnown ? known.base : new Map() }
        const id = project()
        // Private windows and blocked storage: it works, but has to be picked again after a reload.
        if (id !== null) await records.set(id, memory).catch(() => {})
        start(memory, port)
      }),
    resumeDisk: (port: unknown, isWhole: unknown) =>
      inTurn(async () => {
        const known = await recall()
        if (!known || !(port instanceof MessagePort)) return false
        await stop()
        start(isWhole === true ? known : { ...known, base: new Map() }, port)
        return true
      }),
    diskHandle: async () => open?.memory.handle ?? (await recall())?.handle ?? null,
    retryDisk: async (empty: unknown) => open?.session.retry(parseEmpty(empty)),
    scanDisk: async () => open?.session.scan(),
    dismissConflict: (path: unknown) => {
      if (typeof path === 'string') open?.session.dismiss(path)
    },
    rememberDisk: () => inTurn(async () => open?.rename().catch(() => {})),
    disconnectDisk: (forget: unknown) =>
      inTurn(async () => {
        await stop()
        const id = project()
        if (forget === true && id !== null) await records.del(id).catch(() => {})
        notify(DISK_OFF)
      }),
    diskStatus: () => open?.session.status ?? DISK_OFF,
    forget: (id) => records.del(id).catch(() => {}),
  }
}

const isFolder = (value: unknown): value is FileSystemDirectoryHandle =>
  typeof FileSystemDirectoryHandle === 'function' && value instanceof FileSystemDirectoryHandle

const parseEmpty = (value: unknown): EmptyFolder => (value === 'accept' || value === 'refill' ? value : 'ask')

const parseOptions = (value: unknown): DiskOptions => {
  const { readonly, gitignore, defaultsOff, fileBytes } = (
    typeof value === 'object' && value !== null ? value : {}
  ) as Partial<Record<keyof DiskOptions, unknown>>
  const ids = Array.isArray(defaultsOff) ? defaultsOff.filter((id) => typeof id === 'string') : []
  return {
    readonly: readonly === true,
    gitignore: gitignore !== false,
    defaultsOff: ids,
    ...(typeof fileBytes === 'number' && fileBytes >= 0 ? { fileBytes } : {}),
  }
}

const parseMemory = (value: unknown): DiskMemory | null => {
  if (typeof value !== 'object' || value === null) return null
  const { handle, options, base } = value as Partial<Record<keyof DiskMemory, unknown>>
  if (!isFolder(handle)) return null
  // Written by this file; another shape is another version's, and then both sides are compared from scratch.
  const isBase = base instanceof Map && [...base.values()].every((entry) => typeof entry?.stamp === 'string')
  return {
    handle,
    options: parseOptions(options),
    base: isBase ? new Map([...base].map(([path, entry]) => [path, { ...entry, version: '' }])) : new Map(),
  }
}
