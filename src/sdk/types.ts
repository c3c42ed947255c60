/**
 * The public API of the page, `globalThis.wasmrun`, and of an embedding site. Shapes only; names follow WebContainer's where
 * they fit. Everything is asynchronous; every refusal is an `Error` with `code` ('ENOENT') and `errno` (WASI's number).
 */

import type { Audit } from '../abi/audit.ts'
import type {
  DiagnosticOptions,
  ProcessInfo,
  RuntimeProgress,
  RuntimeSource,
  RuntimeSummary,
  StatInfo,
  TraceEntry,
} from '../abi/control.ts'
import type { DiskStatus } from '../abi/disk.ts'
import type { Limits } from '../abi/limits.ts'
import type { OpenedProject, ProjectInfo, ProjectLoss, SaveState, StorageFigures } from '../abi/project.ts'

import type { Disk } from './disk.ts'
import type { Report } from './report-facts.ts'
import type { Trust } from './trust.ts'

export type {
  DiskConflict,
  DiskLeftOut,
  DiskOptions,
  DiskState,
  DiskStatus,
  EmptyFolder,
} from '../abi/disk.ts'
export type { Disk } from './disk.ts'
export type { Report } from './report-facts.ts'
export type { Trust } from './trust.ts'

/** A tree of files: a string or bytes is a file, an object a directory, `{ symlink }` a link. */
export type FileTree = { [name: string]: string | Uint8Array | FileTree | SymlinkNode }
export interface SymlinkNode {
  symlink: string
}

export interface SpawnOptions {
  cwd?: string
  env?: Record<string, string>
  /** The process gets `env` alone, without HOME, PATH and what else the machine sets. */
  bareEnv?: boolean
  /** A terminal of that size joins descriptors 0, 1 and 2. Default: pipes. */
  terminal?: boolean | { columns: number; rows: number }
  /** Bytes or text that stdin gives before end of file. Absent: stdin stays open and `input` writes to it. */
  stdin?: string | Uint8Array
  /**
   * What the process may see. Default: the working directory as "/" (so that relative paths of WASI programs, whose working
   * directory is "/", mean what the user expects) and every top-level directory of the machine under its own name.
   */
  preopens?: (string | { path: string; readonly?: boolean; as?: string })[]
  /** Shown in the process table instead of the command. */
  title?: string
  /** argv[0] as the program sees it; default the command. */
  argv0?: string
  /** Its system calls are told from the first one on; read them with `strace(pid)`. */
  strace?: boolean
  /** Tightens the machine's limits for this process and its children; never widens them. */
  limits?: Partial<Limits>
}

export interface ExitStatus {
  /** Exit code; 128 + signal when a signal ended it, as a shell says it. */
  code: number
  /** 'SIGKILL' and so on, or null. */
  signal: string | null
}

export interface Output {
  channel: 'out' | 'err'
  bytes: Uint8Array
}

export interface Process {
  readonly pid: number
  /** Bytes of descriptor 1 (with a terminal: of both). Ends at exit. */
  readonly stdout: ReadableStream<Uint8Array>
  readonly stderr: ReadableStream<Uint8Array>
  /** Both in the order they were written, tagged; reading it instead of stdout and stderr is allowed, not together. */
  readonly output: ReadableStream<Output>
  readonly input: WritableStream<Uint8Array | string>
  /** Settles once, always: also when the machine goes away (then code 137, signal 'SIGKILL'). */
  readonly exit: Promise<ExitStatus>
  kill(signal?: string | number): Promise<void>
  resize(size: { columns: number; rows: number }): Promise<void>
}

export interface Dirent {
  name: string
  kind: 'file' | 'directory' | 'symlink' | 'device' | 'other'
}

export interface FileSystem {
  readFile(path: string): Promise<Uint8Array>
  readFile(path: string, encoding: 'utf8'): Promise<string>
  writeFile(
    path: string,
    data: string | Uint8Array,
    options?: { mode?: number; append?: boolean },
  ): Promise<void>
  mkdir(path: string, options?: { recursive?: boolean; mode?: number }): Promise<void>
  rm(path: string, options?: { recursive?: boolean; force?: boolean }): Promise<void>
  readdir(path: string): Promise<Dirent[]>
  /** With what lstat says of each entry, in one answer. */
  readdir(path: string, options: { stat: true }): Promise<(Dirent & { stat: StatInfo })[]>
  stat(path: string): Promise<StatInfo>
  lstat(path: string): Promise<StatInfo>
  rename(from: string, to: string): Promise<void>
  symlink(target: string, path: string): Promise<void>
  readlink(path: string): Promise<string>
  /**
   * Calls back with paths that changed at or below `path`, and the pid of who changed each last (0: this API or the disk);
   * returns a function that ends it.
   */
  watch(path: string, listener: (changed: { path: string; writer: number }[]) => void): () => void
}

export interface Runtimes {
  list(): Promise<RuntimeSummary[]>
  /** Downloads (or takes from the cache), checks and hands the runtime to the machine. */
  ensure(
    name: string,
    options?: { version?: string; signal?: AbortSignal; onProgress?: (step: RuntimeProgress) => void },
  ): Promise<void>
  /** Downloads and keeps for later, without handing it to the machine. Progress comes as 'runtime' events. */
  prefetch(name: string, version?: string): Promise<void>
  /** Ends a download that is under way. */
  cancel(name: string): Promise<void>
  remove(name: string, version?: string): Promise<void>
  /** Mirrors that the user added, each asked now. */
  sources(): Promise<RuntimeSource[]>
  /**
   * Adds the hub at that address (its folder or its manifest.json; https, with CORS headers). It adds names and versions and
   * replaces none.
   */
  addSource(url: string): Promise<RuntimeSource>
  removeSource(url: string): Promise<void>
}

export interface Events {
  /** How the folder of the disk stands. */
  sync: DiskStatus
  project: ProjectEvent
  trust: { isSealed: boolean }
  save: SaveState
  process: ProcessInfo
  /** `message` says why, when the machine itself ended it (trap, missing import, worker died), else ''. */
  exit: { pid: number; message: string } & ExitStatus
  runtime: RuntimeProgress
  log: LogEntry
  /** The start takes long, with what it waits for in words; `message` is null when it has come after all. */
  slow: { message: string | null }
  /** The machine itself is gone; a new one has to be opened. */
  fault: { message: string }
  /** The site can be opened without a connection now, or a new version of it is there. */
  update: UpdateState
}

export interface UpdateState {
  /** Of the open page. */
  version: string
  /** Whether the page starts without a connection. Runtimes are kept apart, each when it is first used. */
  offline: boolean
  /** Why it does not, or why a new version was not taken; a sentence, or ''. */
  problem: string
  /** A new version is kept whole and waits for `accept`. */
  waiting: boolean
}

export interface Updates {
  state(): UpdateState
  /** Asks the host now; resolves when the answer is known. */
  check(): Promise<UpdateState>
  /** Changes to the version that waits: this page is loaded again, other tabs stay as they are. */
  accept(): Promise<void>
}

export interface LeftOut {
  path: string
  reason: string
}

export interface LogEntry {
  /** Milliseconds since the epoch. */
  time: number
  source: 'kernel' | 'host' | 'page' | 'runtime' | 'sync'
  severity: 'debug' | 'info' | 'warning' | 'error'
  text: string
}

export interface Machine {
  /** Bytes of shared memory now, how many of them hold files, and how far it may grow. */
  size: number
  used: number
  max: number
  files: number
  isolated: boolean
}

export interface OpenOptions {
  /** Also when another tab has it open; that one saves and lets go. */
  takeOver?: boolean
  /** Leaves the project that is open here also when its last changes cannot be saved. */
  discard?: boolean
}

export interface Projects {
  /** The project that is open here, and how its saving goes ('save' events tell of changes). */
  readonly current: ProjectInfo | null
  readonly saving: SaveState
  /** The newest first. */
  list(): Promise<ProjectInfo[]>
  /** Makes a project and opens it: empty, or with what is in /home/project now. Names need not be unique. `sealed`: as `trust` has it; default: what is in /home/project now stays as it is, an empty one is not. */
  create(
    name: string,
    options?: OpenOptions & { files?: 'none' | 'current'; sealed?: boolean },
  ): Promise<ProjectInfo>
  /**
   * Brings a project back into /home/project; from then on every change there is kept within half a second. Closes the one
   * that is open, with its processes; one that is open here already stays as it is. `losses` names what damage has cost. Rejects
   * with EBUSY when another tab has it.
   */
  open(id: string, options?: OpenOptions): Promise<OpenedProject & { project: ProjectInfo }>
  /** Saves, and leaves an empty machine. */
  close(options?: { discard?: boolean }): Promise<void>
  /** Resolves when every change so far is kept. Rejects with EDQUOT when the browser has no room. */
  save(): Promise<void>
  rename(id: string, name: string): Promise<void>
  duplicate(id: string, name?: string): Promise<ProjectInfo>
  /** Files of one that is open stay in the machine, unsaved. Rejects with EBUSY when another tab has it. */
  delete(id: string): Promise<void>
  /** A .zip with a file name for it. */
  export(id: string): Promise<{ name: string; zip: Blob; losses: ProjectLoss[] }>
}

export interface ProjectEvent {
  /**
   * lost: damage was found in the content of files after the project was opened, beyond what `open` has told. cleared: the browser has
   * cleared the storage under the open page; what is in the machine is being kept anew.
   * opened, closed: in this page; processes of before are gone. taken: another tab has it now, nothing is saved here any
   * more. changed: the list is another.
   */
  what: 'opened' | 'closed' | 'taken' | 'changed' | 'cleared' | 'lost'
  /** The open one; with 'taken' the one that was. */
  project: ProjectInfo | null
  /** With 'lost'. */
  losses?: ProjectLoss[]
}

/** Files that this browser keeps beside the projects. */
export interface KeptFiles {
  /** runtimes: all of them. partial: what arrived of a download that broke off. page: a copy of this page, to start offline. */
  kind: 'runtimes' | 'partial' | 'page'
  id: string
  bytes: number
  files: number
}

export interface Storage {
  /** Whether the browser lets the page keep things, with a sentence when it does not. */
  (): Promise<{ works: boolean; message: string }>
  estimate(): Promise<StorageFigures>
  /** Asks the browser never to clear the storage on its own. True when it promises. */
  persist(): Promise<boolean>
  /** What is kept beside the projects, by kind. */
  kept(): Promise<KeptFiles[]>
  /** Deletes what `kept` has told under that id; it is fetched again when it is needed. */
  forget(id: string): Promise<void>
}

export interface Wasmrun {
  readonly version: string
  /** Resolves when the machine has booted; rejects with a plain message when it cannot. */
  readonly ready: Promise<void>
  /**
   * Copies a tree, a directory handle, the bytes of a .zip or a packed tree (abi/tree.ts) to `path` (default '/home/project'). What could not be taken (an
   * entry of an archive that leads out of it, a file beyond the machine's limits) is listed with its reason.
   */
  mount(
    source: FileTree | FileSystemDirectoryHandle | Uint8Array | Blob,
    path?: string,
  ): Promise<{ leftOut: LeftOut[] }>
  readonly fs: FileSystem
  spawn(command: string, args?: string[], options?: SpawnOptions): Promise<Process>
  readonly runtimes: Runtimes
  readonly processes: {
    list(): Promise<ProcessInfo[]>
    kill(pid: number, signal?: string | number): Promise<void>
    /** SIGSTOP: it stops at its next system call (the table says so until then). */
    suspend(pid: number): Promise<void>
    /** SIGCONT. */
    resume(pid: number): Promise<void>
    /** 0 to 19: how much it rests at its system calls; at 4 it runs half of the time. A loop without calls is not held back. */
    nice(pid: number, value: number): Promise<void>
  }
  /** The system calls of a process as they are made, until it ends or the stream is cancelled. */
  strace(pid: number): ReadableStream<TraceEntry>
  /**
   * For a bug report: versions, capabilities, processes without their arguments, the log; nothing of any file. Of traced calls it has
   * name and result, not their texts.
   */
  report(): Promise<Report>
  /** What the machine says about itself in the log; holds until the page is left. */
  readonly diagnostics: {
    get(): DiagnosticOptions
    set(change: Partial<DiagnosticOptions>): Promise<void>
  }
  machine(): Promise<Machine>
  readonly storage: Storage
  /** Projects that are kept in this browser. */
  readonly projects: Projects
  /** Whether what is open is sealed: strict limits, no folder of the disk. */
  readonly trust: Trust
  /** A folder of the user's disk, in step with /home/project. */
  readonly disk: Disk
  /** Small values that outlive the page (theme, limits, layout). */
  readonly settings: {
    get(key: string): Promise<unknown>
    set(key: string, value: unknown): Promise<void>
  }
  readonly updates: Updates
  /** What processes may use from now on; the user's to widen. What the project asks for tightens them and never widens them. */
  setLimits(limits: Limits, project?: Partial<Limits>): Promise<void>
  /** Checks the filesystem's structures; sentences about what is wrong, none when clean. */
  check(): Promise<string[]>
  /** Counts what the machine holds besides files. */
  audit(): Promise<Audit>
  on<K extends keyof Events>(event: K, listener: (value: Events[K]) => void): () => void
}
