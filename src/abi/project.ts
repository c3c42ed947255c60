/**
 * Projects that last: what page, host and kernel say to each other about them. The host keeps a project as a checkpoint (base)
 * and a log, both in parts of src/lib/segment.ts; the kernel writes and reads them; the page chooses which project it is.
 */

export interface ProjectInfo {
  id: string
  name: string
  /** Milliseconds since the epoch; 0: never. */
  created: number
  opened: number
  saved: number
  /** Bytes in the browser's storage, checkpoint and log. */
  bytes: number
  /** Files, folders and links, as of the last save. */
  entries: number
  /** Open in this page, in another tab of this browser, or not at all. */
  state: 'closed' | 'here' | 'elsewhere'
  /** Nobody has trusted it yet: it runs with the strict limits and gets no folder of the disk. */
  sealed: boolean
}

/** What could not be brought back as it was. `path` is relative to the project; '' is the project itself. */
export interface ProjectLoss {
  path: string
  what: string
}

export interface OpenedProject {
  entries: number
  losses: ProjectLoss[]
}

/** How the saving of the open project goes. */
export interface SaveState {
  /**
   * saved: everything is kept. saving: changes are on their way. full: the browser has no room; tried again by and by. failed:
   * something else is wrong; tried again. taken: another tab has taken the project over, nothing is saved here any more.
   */
  state: 'saved' | 'saving' | 'full' | 'failed' | 'taken'
  /** A sentence for the user where something is wrong or worth a remark, else ''. */
  message: string
}

/** A part of the log or the checkpoint on its way to the store: a head and, where there is content, a body (src/lib/segment.ts). */
export interface PartRecord {
  bytes: ArrayBuffer | Blob
  /** Big ones travel and are kept as blobs: only a handle crosses the threads, and IndexedDB stores a blob several times faster. */
  body: ArrayBuffer | Blob | null
  /** Inodes that it speaks of, in the log's own numbers. */
  ids: Uint32Array
  batch: number
  /** Position in its batch. */
  index: number
  /** Last of its batch. */
  commit: boolean
}

/** Parts per answer. */
export const CHUNK_PARTS = 32

/** Parts in order, some at a time. */
export interface PartChunk {
  parts: {
    isBase: boolean
    /** null: the record is missing or is none. */
    bytes: ArrayBuffer | null
    /** null: it has none, or it is missing. */
    body: ArrayBuffer | Blob | null
    ids: Uint32Array | null
    batch: number
    commit: boolean
  }[]
  /** Where to go on, or null at the end. */
  next: number | null
  /** Parts in all. */
  total: number
}

/** Bytes and parts that are kept. */
export interface LogFigures {
  logBytes: number
  logParts: number
  baseBytes: number
}

/** What a kernel may do with the one project that the page has opened for it. */
export interface ProjectsForKernel {
  readParts(from: number): Promise<PartChunk>
  /** One transaction. @throws SysError EDQUOT: no room; EBUSY: taken over by another tab; ESTALE: the storage was cleared; EPROTO */
  appendLog(parts: PartRecord[], entries: number): Promise<LogFigures>
  /** Starts over after ESTALE. */
  restartLog(): Promise<void>
  /** A checkpoint: begun, written, and put in the place of the old one and of the log before `beginBase` in one transaction. */
  beginBase(): Promise<void>
  appendBase(parts: PartRecord[]): Promise<void>
  switchBase(): Promise<LogFigures>
}

/** What the page asks the host. */
export interface ProjectsForPage {
  listProjects(): Promise<ProjectInfo[]>
  createProject(name: string, isSealed?: boolean): Promise<ProjectInfo>
  /** The user's word for a project that was sealed, or the seal for one that was not. @throws SysError ENOENT */
  sealProject(id: string, isSealed: boolean): Promise<void>
  /** Makes it this page's. @throws SysError ENOENT; EBUSY when another tab has it and `takeOver` is false */
  openProject(id: string, takeOver: boolean): Promise<ProjectInfo>
  /** Gives it back. */
  closeProject(): Promise<void>
  renameProject(id: string, name: string): Promise<void>
  duplicateProject(id: string, name: string): Promise<ProjectInfo>
  /** @throws SysError EBUSY when another tab has it open */
  deleteProject(id: string): Promise<void>
  /** The bytes of a .zip, and what could not be put into it. */
  exportProject(id: string): Promise<{ zip: ArrayBuffer; losses: ProjectLoss[] }>
  estimateStorage(): Promise<StorageFigures>
}

export interface StorageFigures {
  /** Bytes that the site uses and may use; 0 when the browser does not say. */
  usage: number
  quota: number
  /** The browser has promised not to clear it on its own. */
  isPersistent: boolean
}

/** The kernel's part, as the page calls it. */
export interface ProjectsOfKernel {
  /** Brings the project that the host has open into the home directory, and saves it from then on. @throws SysError EBUSY when the home is in use; ENOSPC */
  restoreProject(): Promise<OpenedProject>
  /**
   * Resolves when all content of the project that was restored is in the machine, with what damage has cost of it. Until then whoever
   * reads a file waits for that file. @throws SysError ENOSPC
   */
  projectArrived(): Promise<ProjectLoss[]>
  /** Saves what is in the home directory as the project that the host has open. Resolves when it is kept. */
  keepProject(): Promise<void>
  /** Resolves when all changes so far are kept. @throws what hinders it */
  flushProject(): Promise<void>
  /** The storage was cleared: everything is written again. */
  saveAgain(): Promise<void>
  /** What changes from now on is not kept; `isTaken`: because another tab has the project. */
  stopSaving(isTaken: boolean): void
}

/** Host → page. */
export interface ProjectNotice {
  type: 'project'
  /**
   * asked: another tab would like to take it over. taken: it has. cleared: the storage may be empty. gone: the open project was not in it any
   * more, and is begun anew. changed: the list is another.
   */
  what: 'asked' | 'taken' | 'cleared' | 'gone' | 'changed'
}
