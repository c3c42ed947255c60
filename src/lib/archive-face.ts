/** What the archive worker does for its page: one archive, opened once, its entries inflated one by one. */
import { openZip, type ZipEntry, type ZipLimits } from './zip.ts'

/** An entry without its bytes, as it crosses to the page. */
export type EntryFacts = Omit<ZipEntry, 'read'>

export interface ArchiveApi {
  /** @throws ZipError for what is no zip, is cut off, is encrypted or passes a limit */
  open(bytes: Uint8Array, limits: ZipLimits | null): EntryFacts[]
  /** By its place in that list. @throws ZipError */
  read(index: number): Uint8Array<ArrayBuffer>
}

/** @param move marks a result whose buffer is given away */
export const createArchive = (
  move: (bytes: Uint8Array<ArrayBuffer>) => Uint8Array<ArrayBuffer>,
): ArchiveApi => {
  let entries: ZipEntry[] = []
  return {
    open: (bytes, limits) => {
      entries = limits ? openZip(bytes, limits) : openZip(bytes)
      return entries.map(({ read: _, ...facts }) => facts)
    },
    read: (index) => {
      const entry = entries[index]
      if (!entry) throw new Error(`the archive has no entry ${index}`)
      return move(entry.read())
    },
  }
}
