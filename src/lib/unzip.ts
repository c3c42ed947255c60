/**
 * An archive as whoever reads it sees it: entries that are inflated when they are asked for. Where that happens is the caller's
 * choice: in this thread, or in one of its own (src/sdk/unzip.ts), so that a page goes on drawing.
 */
import { openZip, type ZipEntry, type ZipLimits } from './zip.ts'

export interface ArchivedEntry extends Omit<ZipEntry, 'read'> {
  /** Rejects with a ZipError where data is damaged or does not fit its header. */
  read(): Promise<Uint8Array<ArrayBuffer>>
}

/** Takes the bytes: they may be gone afterwards. Rejects with a ZipError for what is no zip. */
export type Unzip = (bytes: Uint8Array, limits?: ZipLimits) => Promise<ArchivedEntry[]>

export const unzipHere: Unzip = async (bytes, limits) =>
  openZip(bytes, limits).map((entry) => ({ ...entry, read: async () => entry.read() }))
