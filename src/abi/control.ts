/**
 * What the threads say to each other outside of shared memory: the faces of kernel, host and jail as Comlink objects, and the
 * plain data they carry. Everything here survives a structured clone. System calls do not come this way (see syscalls.ts).
 */

import type { Audit } from './audit.ts'
import type { DiskForPage, DiskNotice } from './disk.ts'
import type { Limits } from './limits.ts'
import type {
  ProjectNotice,
  ProjectsForKernel,
  ProjectsForPage,
  ProjectsOfKernel,
  SaveState,
} from './project.ts'

export type * from './jail.ts'

// ── Data ────────────────────────────────────────────────────────────────────

export interface StatInfo {
  kind: 'file' | 'directory' | 'symlink' | 'device' | 'other'
  /** Bytes. */
  size: number
  /** Permission bits, 0o777. */
  mode: number
  inode: number
  links: number
  /** Nanoseconds since the epoch. */
  accessed: bigint
  modified: bigint
  changed: bigint
}

export type ProcessState = 'starting' | 'running' | 'sleeping' | 'stopped' | 'ended'

/** One row of the process table. */
export interface ProcessInfo {
  pid: number
  parent: number
  command: string
  args: string[]
  cwd: string
  /** 'python 3.12.0', 'wasm'. */
  runtime: string
  state: ProcessState
  /** 'stops at its next call', or ''. */
  note: string
  group: number
  session: number
  /** 0…19: how much it rests at its system calls. */
  nice: number
  /** Name of the system call it waits in, or ''. */
  waiting: string
  /** Milliseconds since the epoch. */
  started: number
  /** Milliseconds that its threads were not blocked. */
  cpu: number
  /** Bytes of its own wasm memory. */
  memory: number
  /** Open descriptors. */
  files: number
  threads: number
  /** Set when it ended. */
  exit: ExitReason | null
}

export interface ExitReason {
  /** 128 + signal when a signal ended it, as a shell says it. */
  code: number
  /** Signal number that ended it, or 0. */
  signal: number
  /** A sentence for the user when the machine itself ended it (trap, missing import, worker died), else ''. */
  message: string
}

export interface Preopen {
  /** Name the guest sees. */
  name: string
  /** Absolute path in the machine. */
  path: string
  readonly: boolean
}

/** What spawn needs to know, from the page or from a process. */
export interface SpawnRequest {
  /** A runtime's command ('python3', 'qjs'), a path to a .wasm, or a program in PATH. */
  command: string
  args: string[]
  /** argv[0]; default the command. */
  argv0?: string
  /** Every call is told from the first one on. */
  strace?: boolean
  cwd: string
  env: Record<string, string>
  /** Nothing is added to `env`. */
  bareEnv?: boolean
  /** null: the working directory as "/", and every top-level directory of the machine under its own name. */
  preopens: Preopen[] | null
  /** Terminal of that size, or null for pipes. */
  terminal: { columns: number; rows: number } | null
  /** Bytes for stdin followed by end of file, or null to leave it open. */
  stdin: Uint8Array | null
  title: string
  /** Tightens the machine's limits for this process and its children. */
  limits?: Partial<Limits>
}

export interface OutputChunk {
  channel: 1 | 2
  bytes: Uint8Array
}

/** What the host worker tells the page, on one port. */
export type HostEvent =
  | { type: 'runtime'; progress: RuntimeProgress }
  | ProjectNotice
  | DiskNotice
  | { type: 'log'; time: number; severity: 'debug' | 'info' | 'warning' | 'error'; text: string }

/** What the kernel tells the page, on one port, in order. */
export type KernelEvent =
  | { type: 'output'; pid: number; chunks: OutputChunk[]; bytes: number }
  | { type: 'exit'; pid: number; reason: ExitReason }
  | { type: 'process'; process: ProcessInfo }
  /** `writers`: for each path the pid of who changed it last, 0 for the page and the disk. */
  | { type: 'watch'; id: number; paths: string[]; writers: number[] }
  /** `isForLog`: nobody asked for this process by its pid. */
  | { type: 'strace'; pid: number; entries: TraceEntry[]; lost: number; isForLog: boolean }
  | ({ type: 'save' } & SaveState)
  /** `told`: what a report has of it, where the text names arguments. */
  | {
      type: 'log'
      time: number
      severity: 'debug' | 'info' | 'warning' | 'error'
      text: string
      told?: string
    }
  | { type: 'fault'; message: string }

/** One system call of a traced process. */
export interface TraceEntry {
  /** Milliseconds since the epoch when it was made, and microseconds until it was over. */
  time: number
  micros: number
  /** By the machine's name ('open') and the guest's ('path_open'; '' for a runtime of ours). */
  call: string
  import: string
  /** 'open(3, 0x1, "main.py", 0x0) = 4' */
  text: string
}

export interface DiagnosticOptions {
  /** Starts, ends and stops of processes go to the log. */
  verbose: boolean
  /** As verbose, and the machine is checked after every exit: its files, and what src/kernel/assertions.ts asserts. */
  debug: boolean
  /** Commands that are traced from their start; 'all' for every one. */
  strace: string[]
}

export interface MachineFacts {
  size: number
  used: number
  max: number
  files: number
}

// ── Runtimes ────────────────────────────────────────────────────────────────

export interface RuntimeSummary {
  /** Registry key: 'python', 'quickjs'. */
  name: string
  version: string
  latest: boolean
  /** Bytes to be fetched, and bytes once unpacked. */
  download: number
  size: number
  cached: boolean
  license: string
  source: string
  /** URL of the mirror that offers it; '' for the site's own hub. */
  hub: string
}

/** A hub that the user added. */
export interface RuntimeSource {
  /** Of the folder that its manifest.json lies in. */
  url: string
  /** 'python 3.11.9' and so on: what it adds to the others. */
  offers: string[]
  /** Why versions of it cannot be used, or why it could not be asked; sentences. */
  problems: string[]
}

export interface RuntimeProgress {
  name: string
  version: string
  step: 'asked' | 'downloading' | 'checked' | 'kept' | 'ready' | 'failed' | 'cancelled'
  /** Bytes so far and in all; 0 where the step has none. */
  loaded: number
  total: number
  /** Bytes a second over the last seconds, and seconds left; 0 when unknown. */
  rate: number
  left: number
  /** A sentence for the user when the step is 'failed' or worth a remark ("could not be kept"), else ''. */
  message: string
  code: string
  retry: boolean
}

/** Which process script a program needs: its runtime's, or for a module with imports from `wasmrun` the one that has them. */
export type ProcessKind = RuntimeRecipe['kind'] | 'wasmrun'

/** How a runtime's processes start; comes from the manifest and is checked by the host. */
export interface RuntimeRecipe {
  /** 'wasi': a command module with _start. The others are libraries, driven by the folder of that name in src/runtimes. */
  kind: 'wasi' | 'quickjs' | 'ruby'
  /** Commands that name it: ['python3', 'python']. */
  commands: string[]
  env: Record<string, string>
  /** Read-only trees it sees: file key in `files` → absolute path in the machine. */
  mounts: { file: string; path: string }[]
  /** Arguments of a hidden first run that warms the engine, or null. */
  warm: string[] | null
  /** Its programs make $PWD their working directory, so "/" can be the machine's root to them. */
  startsInPwd: boolean
}

/** Verified bytes, on their way from the host to the kernel (buffers are transferred). */
export interface RuntimeBundle {
  name: string
  version: string
  /** SHA-256 of the uncompressed module, lower-case hex. */
  sha256: string
  recipe: RuntimeRecipe
  wasm: ArrayBuffer
  files: Record<string, ArrayBuffer>
}

// ── Faces ───────────────────────────────────────────────────────────────────

/** The kernel worker, as page and host see it. */
export interface KernelApi extends ProjectsOfKernel {
  facts(): MachineFacts
  spawn(request: SpawnRequest): Promise<{ pid: number }>
  /** Keyboard bytes (terminal) or pipe bytes. Resolves when they are taken. */
  input(pid: number, bytes: Uint8Array): Promise<void>
  endInput(pid: number): Promise<void>
  resize(pid: number, columns: number, rows: number): void
  kill(pid: number, signal: number): void
  /** 0…19. */
  nice(pid: number, value: number): void
  /** Starts or ends a stream of 'strace' events. */
  strace(pid: number, on: boolean): void
  setDiagnostics(options: DiagnosticOptions): void
  /** The page has consumed that many bytes of output: the kernel may send as many again. */
  ack(pid: number, bytes: number): void
  processes(): ProcessInfo[]
  /** Fetches the runtime from the host unless the machine has it. `name` is a registry key or a command. */
  ensureRuntime(name: string, version: string | null): Promise<void>
  writeTree(path: string, tree: Uint8Array): Promise<void>
  readFile(path: string): Uint8Array
  writeFile(path: string, data: Uint8Array, mode: number, append: boolean): Promise<void>
  mkdir(path: string, recursive: boolean, mode: number): void
  rm(path: string, recursive: boolean, force: boolean): void
  /** With `withStat` each entry says what lstat would. */
  readdir(path: string, withStat: boolean): { name: string; kind: StatInfo['kind']; stat?: StatInfo }[]
  stat(path: string, follow: boolean): StatInfo
  rename(from: string, to: string): void
  symlink(target: string, path: string): void
  readlink(path: string): string
  watch(path: string): number
  unwatch(id: number): void
  /** Serves `MachineTree` of the home directory on that port; who was served before hears nothing new. */
  serveTree(port: MessagePort): void
  /**
   * For processes that start from now on; files in the machine at once. What the project wants tightens them, and so do the strict
   * limits of one that is sealed.
   */
  setLimits(limits: Limits, project: Partial<Limits>, isSealed: boolean): void
  /** Sound check of the filesystem: empty when clean. */
  fsck(): string[]
  /** What the machine holds besides files. */
  audit(): Promise<Audit>
}

/** The host worker, as the kernel sees it: all that the jail may ask for. */
export interface HostForKernel extends ProjectsForKernel {
  /** Verified bytes of a runtime, by registry key or command; ENOENT when no runtime goes by that name. */
  load(name: string, version: string | null): Promise<RuntimeBundle>
}

/** The host worker, as the page sees it. */
export interface HostApi extends ProjectsForPage, DiskForPage {
  /** Answers as soon as the worker hears. */
  hello(): void
  /** Whether IndexedDB and CacheStorage answer, with a sentence when they do not. */
  storage(): Promise<{ works: boolean; message: string }>
  runtimes(): Promise<RuntimeSummary[]>
  /** Downloads and keeps a runtime for later. Progress goes to the events port; a second load of the same joins the first. */
  prefetch(name: string, version: string | null): Promise<void>
  cancel(name: string): void
  remove(name: string, version: string | null): Promise<void>
  runtimeSources(): Promise<RuntimeSource[]>
  /** Asks the mirror and keeps it when it offers something that runs here. */
  addRuntimeSource(url: string): Promise<RuntimeSource>
  removeRuntimeSource(url: string): Promise<void>
  getSetting(key: string): Promise<unknown>
  setSetting(key: string, value: unknown): Promise<void>
}
