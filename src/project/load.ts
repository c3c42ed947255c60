/**
 * From a plan to bytes: reads the planned files, a few at a time.
 *
 * Invariant: one file that cannot be read costs that file and is listed; a source that has vanished ends the reading, says
 * where, and what was read before is kept.
 */

import { formatBytes } from '../lib/bytes.ts'
import type { Note } from './collisions.ts'
import { describeFailure, isVanished } from './failure.ts'
import { type LeftOut, leftOut } from './source.ts'
import type { Broken, PlannedFile, PlannedLink, WalkPlan } from './walk.ts'

export interface LoadedFile {
  readonly path: string
  readonly bytes: Uint8Array
  /** permission bits */
  readonly mode: number
  /** nanoseconds since 1970; 0 where the source does not know */
  readonly modifiedNs: bigint
}

/** A project in memory, ready to be packed, looked at and run. */
export interface LoadedProject {
  readonly name: string
  readonly files: readonly LoadedFile[]
  readonly directories: readonly string[]
  readonly symlinks: readonly PlannedLink[]
  readonly leftOut: readonly LeftOut[]
  readonly notes: readonly Note[]
  readonly broken?: Broken
}

export interface LoadProgress {
  readonly files: number
  readonly bytes: number
  /** what the plan announces */
  readonly totalFiles: number
  readonly totalBytes: number
  readonly path: string
}

export interface LoadOptions {
  readonly signal?: AbortSignal
  progress?(progress: LoadProgress): void
}

/** files read at once: hides the way to the disk, and bounds what is in flight to a few times the limit of one file */
const READ_AT_ONCE = 8
/** One missing file is an editor's temporary file; this many in a row are a folder that is gone. */
const VANISHED_IN_A_ROW = 3

interface Load {
  readonly plan: WalkPlan
  readonly files: LoadedFile[]
  readonly out: LeftOut[]
  vanished: number
  bytes: number
  broken: Broken | undefined
}

/**
 * Reads all files of a plan.
 * @throws the signal's reason when it is aborted; everything else that goes wrong is in the result
 */
export async function loadPlan(plan: WalkPlan, options: LoadOptions = {}): Promise<LoadedProject> {
  const load: Load = { plan, files: [], out: [...plan.leftOut], vanished: 0, bytes: 0, broken: plan.broken }
  const totalBytes = plan.files.reduce((sum, { size }) => sum + size, 0)
  const stopped = (): boolean => load.broken !== plan.broken
  for (let at = 0; at < plan.files.length && !stopped(); at += READ_AT_ONCE) {
    options.signal?.throwIfAborted()
    const batch = plan.files.slice(at, at + READ_AT_ONCE)
    const path = batch[0]?.path ?? ''
    options.progress?.({
      files: load.files.length,
      bytes: load.bytes,
      totalFiles: plan.files.length,
      totalBytes,
      path,
    })
    const results = await Promise.all(batch.map((file) => file.read().catch((error: unknown) => ({ error }))))
    batch.forEach((file, index) => {
      const result = results[index]
      if (result instanceof Uint8Array) keep(load, file, result)
      else if (result !== undefined) miss(load, file, result.error)
    })
  }
  options.signal?.throwIfAborted()
  options.progress?.({
    files: load.files.length,
    bytes: load.bytes,
    totalFiles: plan.files.length,
    totalBytes,
    path: '',
  })
  const { name, directories, symlinks, notes } = plan
  const result = { name, files: load.files, directories, symlinks, leftOut: load.out, notes }
  return load.broken === undefined ? result : { ...result, broken: load.broken }
}

function keep(load: Load, { path, executable, modifiedNs }: PlannedFile, bytes: Uint8Array): void {
  const { fileBytes, totalBytes } = load.plan.limits
  load.vanished = 0
  if (bytes.length > fileBytes || load.bytes + bytes.length > totalBytes) {
    const reason = `It has grown to ${formatBytes(bytes.length)} while it was being read, past the limits.`
    load.out.push(leftOut(path, 'too-large', reason, bytes.length))
    return
  }
  load.bytes += bytes.length
  const mode = (executable ?? startsLikeProgram(bytes)) ? 0o755 : 0o644
  load.files.push({ path, bytes, mode, modifiedNs: modifiedNs ?? 0n })
}

/** Folder handles tell no permission bits: what starts with '#!' or as WebAssembly is taken for a program. */
function startsLikeProgram(bytes: Uint8Array): boolean {
  const start = (index: number): number => bytes[index] ?? 0
  const script = start(0) === 0x23 && start(1) === 0x21
  return script || (start(0) === 0 && start(1) === 0x61 && start(2) === 0x73 && start(3) === 0x6d)
}

function miss(load: Load, { path, size }: PlannedFile, error: unknown): void {
  load.out.push(leftOut(path, 'unreadable', describeFailure(path, error), size))
  load.vanished = isVanished(error) ? load.vanished + 1 : 0
  if (load.vanished >= VANISHED_IN_A_ROW) load.broken ??= { path, message: describeFailure(path, error) }
}
