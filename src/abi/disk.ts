/**
 * In step with a folder of the disk: what page, host and kernel say to each other about it. The host worker has the folder's
 * handle and decides; the kernel lists, reads and changes the machine's files for it; the page chooses the folder.
 */

/** Which of the folder's files take part. */
export interface DiskOptions {
  /** The disk is read only: what changes in the machine stays there. */
  readonly?: boolean
  /** Ids of DEFAULT_IGNORES (src/project/defaults.ts) that are switched off. */
  defaultsOff?: string[]
  /** false: .gitignore files leave nothing out. */
  gitignore?: boolean
  /** Bytes of the largest new file that is taken from the disk; default as for an import. */
  fileBytes?: number
}

/**
 * off: no folder. in-step: both sides are equal. working: changes are on their way. permission: the browser has closed the folder
 * and wants to be asked again. vanished: the folder was renamed, moved or removed, or is suddenly empty. failed: the disk refuses
 * (full, locked); tried again by itself.
 */
export type DiskState = 'off' | 'in-step' | 'working' | 'permission' | 'vanished' | 'failed'

/** A folder that is suddenly empty: still ask, take that for the user's wish, or write everything back. */
export type EmptyFolder = 'ask' | 'accept' | 'refill'

export interface DiskConflict {
  path: string
  /** Where ours lies now; the disk's has the name. */
  mine: string
  /** Milliseconds since the epoch. */
  time: number
}

/** Something that takes no part, and why, in a sentence. */
export interface DiskLeftOut {
  path: string
  /** here: only in the machine. disk: only on the disk. both: there on both sides, and not compared. */
  where: 'here' | 'disk' | 'both'
  reason: string
}

export interface DiskStatus {
  state: DiskState
  /** The folder's own name; '' without one. */
  folder: string
  readonly: boolean
  /** vanished: the folder is there, but suddenly empty. */
  isEmptied: boolean
  /** Changes of the machine that are not on the disk yet (with readonly: that stay here). */
  pending: number
  /** Since when there are some, milliseconds since the epoch; 0 for none. */
  since: number
  /** A sentence for the user where something is wrong, else ''. */
  message: string
  /** Not dismissed yet, the newest last. */
  conflicts: DiskConflict[]
  leftOut: DiskLeftOut[]
  /** How changes on the disk are noticed. */
  noticing: 'observer' | 'scan' | ''
  /** When both sides were last found equal, milliseconds since the epoch; 0: not yet. */
  lastInStep: number
}

export const DISK_OFF: DiskStatus = {
  state: 'off',
  folder: '',
  readonly: false,
  isEmptied: false,
  pending: 0,
  since: 0,
  message: '',
  conflicts: [],
  leftOut: [],
  noticing: '',
  lastInStep: 0,
}

/** What the page asks the host. Ports lead to `MachineTree` of the page's kernel. */
export interface DiskForPage {
  /** @throws SysError EINVAL for what is no folder */
  connectDisk(handle: FileSystemDirectoryHandle, options: DiskOptions, port: MessagePort): Promise<void>
  /**
   * Takes up the folder that the open project had before; false where it had none. `isWhole` false: some of the machine's files were
   * lost, so what is missing there was not removed by anybody.
   */
  resumeDisk(port: MessagePort, isWhole: boolean): Promise<boolean>
  /** The handle, so that the page can ask the user for permission: only a window may. */
  diskHandle(): Promise<FileSystemDirectoryHandle | null>
  /** Looks again after permission was given. `empty` says what to do about a folder that is empty now. */
  retryDisk(empty: EmptyFolder): Promise<void>
  /** Looks at the whole folder now. */
  scanDisk(): Promise<void>
  dismissConflict(path: string): void
  /** The open project is another than before: it goes by that from now on. */
  rememberDisk(): Promise<void>
  /** Ends it. `forget`: the project does not come back to this folder. */
  disconnectDisk(forget: boolean): Promise<void>
  diskStatus(): DiskStatus
}

/** Host → page. */
export interface DiskNotice {
  type: 'disk'
  status: DiskStatus
}

// ── The machine's side ──────────────────────────────────────────────────────

/** One entry of the machine's home; paths are relative to it. */
export interface TreeChange {
  path: string
  /** gone: it is not there any more. other: a link or device, which stays in the machine. */
  kind: 'file' | 'directory' | 'other' | 'gone'
  /** Says that two looks saw the same bytes; '' for what is no file. */
  version: string
  size: number
}

export type TreeStep =
  /** `version` null: nothing may be there. A file's bytes are replaced in place, so that who has it open sees the new ones. */
  | { type: 'write'; path: string; bytes: Uint8Array; version: string | null }
  | { type: 'mkdir'; path: string }
  /** A file of that version. */
  | { type: 'remove'; path: string; version: string }
  /** An empty directory. */
  | { type: 'rmdir'; path: string }
  /** Copied or renamed, if it is a file of that version ('': a directory). `to` must be free. */
  | { type: 'aside'; path: string; to: string; how: 'copy' | 'move'; version: string }

/** done: with the new version of a written file. changed: it is not what the caller thought. failed: with a sentence. */
export type TreeStepResult =
  | { state: 'done'; version: string }
  | { state: 'changed' }
  | { state: 'failed'; code: string; message: string }

/** The kernel, as disk sync sees it; one at a time. */
export interface MachineTree {
  /** Resolves when something in the home differs from the last look, at once when it already does. */
  differs(): Promise<void>
  /** Against the look before; the first has everything. */
  look(): TreeChange[]
  /** As many files, in order, as fit into one answer (at least one); null where there is no file any more. */
  read(paths: string[]): ({ version: string; bytes: Uint8Array } | null)[]
  /** In order; one that is refused stops no other. */
  apply(steps: TreeStep[]): TreeStepResult[]
  /** Resolves when what is in the home now is kept with its project; at once without one. */
  keep(): Promise<void>
}

/** Bytes per answer or request. */
export const TREE_BATCH_BYTES = 8 * 1024 * 1024
export const TREE_BATCH_ENTRIES = 512
