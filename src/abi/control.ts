/**
 * What the threads say to each other outside of shared memory: the faces of kernel, host and jail as Comlink objects, and the
 * plain data they carry. Everything here survives a structured clone. System calls do not come this way (see syscalls.ts).
 */

import type { Audit, Census } from './audit.ts'
import type { DiskForPage, DiskNotice } from './disk.ts'
import type { Limits } from './limits.ts'
import type {
  ProjectNotice,
  ProjectsForKernel,
  ProjectsForPage,
  ProjectsOfKernel,
  SaveState,
} from './project.ts'

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
  /** Set when it ended. */
  exit: ExitReason | null
}

export interface ExitReason {
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
  | { type: 'watch'; id: number; paths: string[] }
  /** `isForLog`: nobody asked for this process by its pid. */
  | { type: 'strace'; pid: number; entries: TraceEntry[]; lost: number; isForLog: boolean }
  | ({ type: 'save' } & SaveState)
  | { type: 'log'; time: number; severity: 'debug' | 'info' | 'warning' | 'error'; text: string }
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
  /** As verbose, and the filesystem is checked after every exit. */
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
  readdir(path: string): { name: string; kind: StatInfo['kind'] }[]
  stat(path: string, follow: boolean): StatInfo
  rename(from: string, to: string): void
  symlink(target: string, path: string): void
  readlink(path: string): string
  watch(path: string): number
  unwatch(id: number): void
  /** Serves `MachineTree` of the home directory on that port; who was served before hears nothing new. */
  serveTree(port: MessagePort): void
  /** For processes that start from now on; files in the machine at once. */
  setLimits(limits: Limits): void
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

/** What the jail's document does for the kernel: only a document can make workers there. */
export interface JailApi {
  /** Compiles once per key and keeps the module. @throws SysError ENOEXEC for what is no module. */
  compile(key: string, wasm: ArrayBuffer): Promise<void>
  forget(key: string): void
  /** Keeps `count` workers of that module warm: the runtime's hidden first run has been made in them. */
  keepWarm(key: string, recipe: WarmRecipe, count: number): Promise<void>
  /** Binds a worker (a warm one of that module, else a blank one) to a thread; `port` is its control link. */
  start(thread: number, key: string, bind: ProcessBind): void
  /** Stops the thread's worker; in Chromium a busy one goes on for up to two seconds. */
  terminate(thread: number): void
  census(): Census
}

/** What the kernel hears from the jail's document. */
export interface KernelForJail {
  /** The worker of that thread could not start, or failed outside of its guest. */
  threadFailed(thread: number, message: string): void
}

export interface WarmRecipe {
  kind: RuntimeRecipe['kind']
  args: string[]
  env: Record<string, string>
}

/** What a process worker is bound to when it goes. */
export interface ProcessStart {
  pid: number
  thread: number
  args: string[]
  env: Record<string, string>
  kind: RuntimeRecipe['kind']
  /** For every thread but the first: what wasi_thread_start is called with. */
  begin: { argument: number } | null
}

export interface ProcessBind {
  memory: WebAssembly.Memory
  /** The memory that the threads of this program share, when its module imports one. */
  guest: WebAssembly.Memory | null
  start: ProcessStart
  port: MessagePort
}

/** Messages between the jail's document and a process worker. */
export type ToProcessWorker =
  | { type: 'warm'; module: WebAssembly.Module; recipe: WarmRecipe }
  | ({ type: 'bind'; module: WebAssembly.Module } & ProcessBind)
export type FromProcessWorker = { type: 'loaded' } | { type: 'warmed' }

/** What a process asks for when it makes a child. Its preopens are those of the parent. */
export interface ChildRequest {
  command: string
  /** After argv[0]. */
  args: string[]
  /** null: the parent's. */
  cwd: string | null
  env: Record<string, string>
  /** Which of the parent's descriptors the child finds where: [parent's, child's]. Nothing else is inherited. */
  descriptors: [number, number][]
  /** argv[0]; default the command. */
  argv0?: string
  /** Process group at birth: 0 one of its own, else one of the parent's session; default the parent's. */
  group?: number
  /** A session and group of its own, without a terminal. */
  session?: boolean
  /** Its group becomes the foreground of its terminal. */
  foreground?: boolean
  /** Signals that it ignores (bit n−1 is signal n); default those that the parent ignores. */
  ignored?: number
}

/**
 * The kernel, as a process worker sees it over its control link. The caller of `spawn` and `kill` may be blocked, so the answer
 * (pid or 0, or -errno) goes into reply word `reply` of its thread and wakes it.
 */
export interface KernelForProcess {
  /** The thread is done; the kernel ends the process. */
  exit(reason: ExitReason): void
  /** Another thread of the process, in its shared memory; answers with its number. */
  spawnThread(reply: number, argument: number): void
  /** A thread that is not the first has returned; the process goes on. */
  endThread(): void
  spawn(reply: number, request: ChildRequest): void
  /** Replaces the caller's program; `descriptors` is not looked at. Answers only when it is refused. */
  exec(reply: number, request: ChildRequest): void
  /** A pid, 0 for the caller's group, −1 for all that descend from it, below −1 a group. */
  kill(reply: number, pid: number, signal: number): void
  /** Brings /proc/<pid> up to date; 0 for all. */
  refresh(reply: number, pid: number): void
}

/** A process worker, as the kernel sees it. Answers only while its guest lets the event loop turn. */
export interface ProcessControl {
  signal(number: number): void
  resize(columns: number, rows: number): void
  stats(): ProcessStats
}

export interface ProcessStats {
  /** Bytes of the guest's own memory. */
  memory: number
  calls: number
}

/** First message into the jail's document, with four ports: kernel, events, host, control. */
export interface JailBoot {
  /** Texts of the worker scripts: the kernel's, and one per kind of process. */
  kernel: string
  processes: Record<RuntimeRecipe['kind'], string>
}

/** What the page hears from the jail's document. */
export interface JailWatcher {
  /** The kernel worker could not start or failed: the machine is gone. */
  kernelFailed(message: string): void
}
