/**
 * The page's side of a folder of the disk: how it stands, and what the user may say about it. The machine does the rest.
 *
 *   a folder is opened ─ a copy ─ propose ─> offer ─ connect ─> in step … permission lost ─ again ─> in step
 *
 * Invariant: a folder is written only after the user has said so for this project; a refusal is told and changes nothing.
 */
import { type ReadonlySignal, type Signal, signal } from '@preact/signals'
import {
  DISK_OFF,
  type DiskConflict,
  type DiskOptions,
  type DiskStatus,
  type EmptyFolder,
} from '../../abi/disk.ts'
import type { Wasmrun } from '../../sdk/types.ts'
import { codeOf, messageOf } from '../format.ts'
import type { NoticeStore } from '../stores/notice-store.ts'

export interface DiskLink {
  readonly status: ReadonlySignal<DiskStatus>
  /** The folder that the open project was copied from. */
  readonly source: ReadonlySignal<FileSystemDirectoryHandle | null>
  /** Whether the user is still to say what becomes of `source`. */
  readonly asks: ReadonlySignal<boolean>
  /** What is being compared, or null. */
  readonly compares: Signal<DiskConflict | null>
  propose(handle: FileSystemDirectoryHandle): void
  /** The project stays a copy; it can be connected later. */
  decline(): void
  /** Another project. */
  forget(): void
  /** From a click: the browser asks for permission. Without a handle the folder is `source`. */
  connect(readonly: boolean, handle?: FileSystemDirectoryHandle): Promise<void>
  setReadonly(readonly: boolean): Promise<void>
  /** From a click. */
  again(empty?: EmptyFolder): Promise<void>
  scan(): Promise<void>
  dismiss(path: string): Promise<void>
  disconnect(): Promise<void>
}

export interface DiskLinkParts {
  wasmrun: Pick<Wasmrun, 'disk' | 'on'>
  notices: NoticeStore
  options(): DiskOptions
}

export const createDiskLink = ({ wasmrun, notices, options }: DiskLinkParts): DiskLink => {
  const { disk } = wasmrun
  const status = signal(DISK_OFF)
  const source = signal<FileSystemDirectoryHandle | null>(null)
  const asks = signal(false)
  const compares = signal<DiskConflict | null>(null)

  const tell = (text: string): void => notices.apply({ type: 'toast', kind: 'fault', text })
  const attempt = async (work: () => Promise<unknown>): Promise<void> => {
    try {
      const isDone = await work()
      if (isDone === false)
        tell('The browser did not open the folder. Allow it when it asks, or in its settings for this site.')
    } catch (error) {
      tell(
        codeOf(error) === 'EPERM'
          ? 'The browser was not allowed to open the folder. The project stays a copy.'
          : messageOf(error),
      )
    }
  }
  wasmrun.on('sync', (next) => {
    status.value = next
  })

  return {
    status,
    source,
    asks,
    compares,
    propose(handle) {
      source.value = handle
      asks.value = true
    },
    decline() {
      asks.value = false
    },
    forget() {
      source.value = null
      asks.value = false
      compares.value = null
    },
    connect: (readonly, handle = source.value ?? undefined) =>
      attempt(async () => {
        if (!handle) return
        await disk.connect(handle, { ...options(), readonly })
        source.value = handle
        asks.value = false
      }),
    setReadonly: (readonly) => attempt(() => disk.change({ ...options(), readonly })),
    again: (empty) => attempt(() => disk.reconnect(empty)),
    scan: () => attempt(disk.scan),
    dismiss: (path) => attempt(() => disk.dismiss(path)),
    disconnect: () => attempt(disk.disconnect),
  }
}
