/**
 * How changes on the disk are noticed: FileSystemObserver (Chromium 133 and later; https://github.com/whatwg/fs/pull/165), else
 * a look at the whole folder now and then, the longer a look takes the rarer.
 */
import { dirname } from '../../lib/path.ts'
import type { DiskFolder } from './handles.ts'

/** What to look at again. */
export interface Notice {
  /** Folders whose names changed, and files whose bytes did. */
  folders: Set<string>
  files: Set<string>
  /** Too much to name, or some of it was lost. */
  all: boolean
}

export const noNotice = (): Notice => ({ folders: new Set(), files: new Set(), all: false })

/** A record of the observer, as far as it is used. */
interface ObserverRecord {
  readonly type: 'appeared' | 'disappeared' | 'modified' | 'moved' | 'unknown' | 'errored'
  readonly relativePathComponents: readonly string[]
  readonly relativePathMovedFrom?: readonly string[] | null
}

interface Observer {
  observe(handle: DiskFolder, options: { recursive: boolean }): Promise<void>
  disconnect(): void
}

export type ObserverMaker = new (heard: (records: readonly ObserverRecord[]) => void) => Observer

/** More than this is quicker found by a look at everything. */
const MOST_PATHS = 400
const SCAN_MS = 1000
/** A look at everything may take this part of the host's time. */
const SCAN_REST = 10

export interface Notices {
  readonly how: 'observer' | 'scan'
  /** Where there is no observer: milliseconds until everything should be looked at, after a look that took `cost` ms. */
  nextScan(cost: number): number
  stop(): void
}

export const noteRecords = (notice: Notice, records: readonly ObserverRecord[]): void => {
  for (const { type, relativePathComponents, relativePathMovedFrom } of records) {
    if (type === 'unknown' || type === 'errored') notice.all = true
    const path = relativePathComponents.join('/')
    if (type === 'modified') notice.files.add(path)
    else notice.folders.add(dirname(path))
    if (relativePathMovedFrom) notice.folders.add(dirname(relativePathMovedFrom.join('/')))
  }
  if (notice.folders.size + notice.files.size > MOST_PATHS) notice.all = true
}

export const watchFolder = async (
  handle: DiskFolder,
  Maker: ObserverMaker | null,
  heard: (records: readonly ObserverRecord[]) => void,
): Promise<Notices> => {
  const scan: Notices = {
    how: 'scan',
    nextScan: (cost) => Math.max(SCAN_MS, SCAN_REST * cost),
    stop: () => {},
  }
  if (!Maker) return scan
  try {
    const observer = new Maker(heard)
    await observer.observe(handle, { recursive: true })
    return { how: 'observer', nextScan: () => Number.POSITIVE_INFINITY, stop: () => observer.disconnect() }
  } catch {
    // A disk without notices (a network share), or too many watches on it.
    return scan
  }
}
