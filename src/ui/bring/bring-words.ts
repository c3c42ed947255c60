/** The words of bringing a project: its steps as the page shows them, what can be asked, and what is said when it fails. */
import type { ReadonlySignal } from '@preact/signals'
import type { Unzip } from '../../lib/unzip.ts'
import type { Limits } from '../../project/limits.ts'
import type { Source } from '../../project/source.ts'
import type { WalkPlan } from '../../project/walk.ts'
import { codeOf, messageOf } from '../format.ts'
import type { Card } from '../stores/notice-store.ts'
import type { SourceKind } from '../stores/project-store.ts'

export type BringState =
  | { phase: 'listing'; name: string; entries: number; files: number; bytes: number; path: string }
  | { phase: 'asking'; name: string; plan: WalkPlan }
  | { phase: 'reading'; name: string; files: number; bytes: number; allFiles: number; allBytes: number }
  | { phase: 'writing'; name: string; files: number; bytes: number }
  | { phase: 'restoring'; name: string }

export interface Recent {
  readonly name: string
  readonly kind: SourceKind
  /** Milliseconds since the epoch. */
  readonly time: number
  /** 'Python', or '' where nothing was found to run. */
  readonly language: string
  readonly runtime: string | null
  again(): void
}

/** How a source is opened once the code that reads it is here; `unzip` is good until the project is read. */
export type Opener = (reading: typeof import('./reading.ts'), unzip: Unzip) => Promise<Source> | Source

export interface Request {
  readonly name: string
  readonly kind: SourceKind
  readonly open: Opener
  /** The folder itself, where the browser gave a handle of it: it can be kept in step. */
  handle?(): Promise<FileSystemDirectoryHandle | null>
  /** The file to show first, relative to the project, or ''. */
  readonly show?: string
}

export interface Bring {
  readonly state: ReadonlySignal<BringState | null>
  readonly recent: ReadonlySignal<readonly Recent[]>
  /** The plan of the open project, to raise its limits later. */
  readonly plan: ReadonlySignal<WalkPlan | null>
  open(request: Request): Promise<void>
  cancel(): void
  /** The answer to phase 'asking': the offer, or what fits. */
  answer(limits: Limits | null): void
  /** Reads the open project again under higher limits. */
  raise(): void
  /** Opens a project that this browser keeps. */
  restore(id: string, takeOver?: boolean): Promise<void>
  close(): Promise<void>
}

export const titles: Record<SourceKind, string> = {
  folder: 'The folder could not be opened',
  zip: 'The archive could not be opened',
  files: 'The files could not be opened',
  example: 'The example could not be opened',
  kept: 'The project could not be opened',
}

export const nextStep = (kind: SourceKind, error: unknown): string => {
  if (codeOf(error) === 'ENOSPC')
    return 'The machine is full. Open a smaller folder, or reload the page and open this one first.'
  if (kind === 'zip')
    return 'Pack the folder again as a plain .zip without a password, or drop the folder itself.'
  if (kind === 'example') return 'Check the connection and try again.'
  return 'Check that it is still there and may be read, then bring it again.'
}

/** Of a kept project that did not open; `again` with true takes it over. */
export const unopenedCard = (error: unknown, again: (takeOver: boolean) => void): Card => {
  const isElsewhere = codeOf(error) === 'EBUSY'
  const next = isElsewhere
    ? 'One tab at a time can change it. Take it over: the other tab saves and lets go.'
    : 'It stays in the storage as it is. Try again, or save it as .zip from the list of projects.'
  const label = isElsewhere ? 'Take it over' : 'Try again'
  return {
    title: isElsewhere ? 'The project is open in another tab' : 'The project could not be opened',
    facts: [
      { name: 'Cause', text: messageOf(error) },
      { name: 'Next', text: next },
    ],
    actions: [{ label, primary: true, run: () => again(isElsewhere) }],
    detail: '',
  }
}
