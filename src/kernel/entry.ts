/** What the kernel keeps of a process besides its slot in shared memory. */
import type { ExitReason, SpawnRequest } from '../abi/control.ts'
import type { Granted, Limits } from '../abi/limits.ts'
import type { Program } from './programs.ts'
import type { Stdio } from './stdio.ts'
import type { Tree } from './trees.ts'
import type { Meter } from './warden.ts'

export interface Entry {
  readonly pid: number
  readonly slot: number
  /** Another one after an exec. */
  thread: number
  /** Further threads, and when each started on performance.now()'s clock. */
  readonly threads: Map<number, number>
  /** Shared by all threads of the program; null for a program without threads. */
  guest: WebAssembly.Memory | null
  request: SpawnRequest
  program: Program
  /** 0 for a child of the page. */
  readonly parent: number
  readonly stdio: Stdio
  readonly limits: Limits
  readonly sources: Granted['sources']
  /** Limits that have refused it something, each told once. */
  readonly refused: Set<keyof Limits>
  readonly tree: Tree
  readonly meter: Meter
  /** Milliseconds since the epoch, and on performance.now()'s clock. */
  readonly started: number
  readonly startedAt: number
  exit: ExitReason | null
  /** Milliseconds that threads of earlier programs of this process were blocked. */
  slept: number
  /** PROCESS_STATE that the page was last told. */
  told: number
}
