/**
 * `wasmrun.disk`: a folder of the user's disk in step with /home/project. The page only passes the handle on and asks the user; the
 * host worker does the rest.
 */
import type { KernelApi } from '../abi/control.ts'
import {
  DISK_OFF,
  type DiskForPage,
  type DiskOptions,
  type DiskStatus,
  type EmptyFolder,
} from '../abi/disk.ts'
import { ERRNO, SysError } from '../abi/errno.ts'
import { moving, type Remote } from '../ipc/rpc.ts'

export interface Disk {
  /** How it stands; every change comes as a 'sync' event. */
  readonly status: DiskStatus
  /**
   * Brings a folder and /home/project together, and keeps them so: the first time nothing is removed on either side. Asks the user for
   * permission where the browser wants that, so call it from a click. Also takes the place of a folder that was lost.
   */
  connect(handle: FileSystemDirectoryHandle, options?: DiskOptions): Promise<void>
  /** Other rules for the same folder; what both sides agree on stays known. False: there is no folder. */
  change(options: DiskOptions): Promise<boolean>
  /**
   * Looks for the folder again, asking the user for permission if need be (call it from a click); also after a reload. False: the
   * user said no. `empty` says what to do about a folder that is suddenly empty.
   */
  reconnect(empty?: EmptyFolder): Promise<boolean>
  /** Looks at the whole folder now. */
  scan(): Promise<void>
  /** The user has seen it. */
  dismiss(path: string): Promise<void>
  /** Files stay as they are on both sides. */
  disconnect(): Promise<void>
}

export interface DiskPart {
  api: Disk
  heard(status: DiskStatus): void
  /** A project was opened: its folder is taken up. `isWhole`: nothing of it was lost. */
  resume(isWhole: boolean): Promise<void>
  /** The files in the machine are another project now. */
  remember(): Promise<void>
  /** Another machine, or another tab has the project now. */
  pause(): Promise<void>
  /** The machine and its host are new. */
  renewed(): void
}

export interface DiskPartOptions {
  kernel: () => Promise<Remote<KernelApi>>
  host: () => Promise<Remote<DiskForPage>>
  emit: (status: DiskStatus) => void
  /** Throws while the project gets no folder. */
  refuse: (what: string) => void
}

/** The part of a handle that the library of types does not have. */
interface Asking {
  queryPermission?(how: { mode: 'read' | 'readwrite' }): Promise<PermissionState>
  requestPermission?(how: { mode: 'read' | 'readwrite' }): Promise<PermissionState>
}

const ask = async (handle: FileSystemDirectoryHandle, readonly: boolean): Promise<boolean> => {
  const asking = handle as unknown as Asking
  const mode = readonly ? 'read' : 'readwrite'
  const state = (await asking.queryPermission?.({ mode })) ?? 'granted'
  if (state === 'granted') return true
  return (await asking.requestPermission?.({ mode })) === 'granted'
}

export const createDisk = ({ kernel, host, emit, refuse }: DiskPartOptions): DiskPart => {
  let status = DISK_OFF
  /** Counts the machines: whoever was asked for a folder may answer when another project is open. */
  let machines = 0
  const heard = (next: DiskStatus): void => {
    status = next
    emit(next)
  }
  /** A line from the host to the kernel's files, for this machine, once all of them are there. */
  const line = async (): Promise<MessagePort> => {
    const { port1, port2 } = new MessageChannel()
    const api = await kernel()
    await api.projectArrived()
    await api.serveTree(moving(port1, [port1]))
    return moving(port2, [port2])
  }
  const connect: Disk['connect'] = async (handle, options = {}) => {
    refuse(handle.name)
    const asked = machines
    if (!(await ask(handle, options.readonly === true)))
      throw new SysError(ERRNO.PERM, handle.name, 'the browser was not allowed to open the folder')
    if (asked !== machines)
      throw new SysError(ERRNO.BUSY, handle.name, 'another project was opened meanwhile')
    const port = await line()
    await (await host()).connectDisk(handle, options, port)
  }
  const api: Disk = {
    get status() {
      return status
    },
    connect,
    change: async (options) => {
      const handle = await (await host()).diskHandle()
      if (!handle) return false
      await connect(handle, options)
      return true
    },
    reconnect: async (empty = 'ask') => {
      const remote = await host()
      const handle = await remote.diskHandle()
      if (!handle) return false
      if (!(await ask(handle, status.readonly))) return false
      if (status.state === 'off') return remote.resumeDisk(await line(), true)
      await remote.retryDisk(empty)
      return true
    },
    scan: async () => (await host()).scanDisk(),
    dismiss: async (path) => (await host()).dismissConflict(path),
    disconnect: async () => (await host()).disconnectDisk(true),
  }
  return {
    api,
    heard,
    resume: async (isWhole) => void (await (await host()).resumeDisk(await line(), isWhole)),
    remember: async () => (await host()).rememberDisk(),
    pause: async () => (await host()).disconnectDisk(false),
    renewed: () => {
      machines++
      if (status !== DISK_OFF) heard(DISK_OFF)
    },
  }
}
