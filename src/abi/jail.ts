/**
 * Words of the jail: between its document, the kernel worker and the process workers. The other half of control.ts, which passes
 * these on, so that a reader has one name to import.
 */

import type { Census } from './audit.ts'
import type { ExitReason, ProcessKind } from './control.ts'

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
  kind: ProcessKind
  args: string[]
  env: Record<string, string>
}

/** What a process worker is bound to when it goes. */
export interface ProcessStart {
  pid: number
  thread: number
  args: string[]
  env: Record<string, string>
  kind: ProcessKind
  /** For every thread but the first: what wasi_thread_start is called with. */
  begin: { argument: number } | null
}

export interface ProcessBind {
  memory: WebAssembly.Memory
  /** The memory that the threads of this program share, when its module imports one. */
  guest: WebAssembly.Memory | null
  start: ProcessStart
  /** Signals and ticks, apart from the machine's memory; see memory/pulse.ts. */
  pulse: SharedArrayBuffer
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
  /** Signals that it ignores (bit n−1 is signal n), and that it blocks; default those of the parent. */
  ignored?: number
  blocked?: number
  /** Capabilities for the child: [parent's descriptor, child's, rights that go along]. */
  grants?: [number, number, number][]
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
  /** Answers when what was written to the inode before is kept, if it is of the project. */
  sync(reply: number, inode: number): void
  /** Answers when the bytes of a file whose project has only just been opened are there. */
  bring(reply: number, inode: number): void
  /** A descriptor that tells what changes in the folder behind the caller's descriptor. */
  watch(reply: number, fd: number): void
  /** The caller's pulse is wanted, or no more: word THREAD.PULSE says which. */
  pulse(reply: number): void
}

/** First message into the jail's document, with four ports: kernel, events, host, control. */
export interface JailBoot {
  /** Texts of the worker scripts: the kernel's, and one per kind of process. */
  kernel: string
  /** What the kernel worker evaluates when it is first asked for it; see kernel/inspector.ts. */
  inspector: string
  processes: Record<ProcessKind, string>
}

/** First message into the kernel worker, with five ports: page, events, host, and two of the jail's document. */
export interface KernelBoot {
  /** URL of the inspector's script. */
  inspector: string
}

/** What the page hears from the jail's document. */
export interface JailWatcher {
  /** The kernel worker could not start or failed: the machine is gone. */
  kernelFailed(message: string): void
}
