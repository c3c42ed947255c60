/**
 * Zip archives, read for untrusted bytes: the directory at the end of the file is parsed here, fflate inflates, and its
 * output is counted while it comes. Nothing a header says is believed before it is checked.
 *
 * Invariant: an entry gives exactly the bytes that its header announces, with the right CRC-32, or a ZipError that names it.
 * (APPNOTE 6.3.10; the Unix attributes, times and Unicode names are Info-ZIP's extra fields.)
 */

import { Inflate } from 'fflate'
import { formatBytes } from './bytes.ts'
import { crc32 } from './crc32.ts'
import {
  findEnd,
  HOST_DARWIN,
  HOST_UNIX,
  LOCAL_SIGNATURE,
  readCentral,
  ZipError,
  type ZipRecord,
} from './zip-directory.ts'

export { ZipError }

export interface ZipLimits {
  /** number of entries */
  readonly entries: number
  /** all entries inflated, in bytes */
  readonly totalBytes: number
  /** inflated size over packed size of one entry; below `ratioFreeBytes` everything is allowed */
  readonly ratio: number
  readonly ratioFreeBytes: number
}

/** An archive may fill the whole filesystem, and no more. Text packs at 3 to 20, logs at up to 100; bombs start at 1000. */
export const ZIP_LIMITS: ZipLimits = {
  entries: 100_000,
  totalBytes: 1024 * 1024 * 1024,
  ratio: 250,
  ratioFreeBytes: 4 * 1024 * 1024,
}

export interface ZipEntry {
  /** '/' between names, as the archive has it otherwise: it may be absolute or lead out */
  readonly path: string
  readonly kind: 'file' | 'directory' | 'symlink'
  /** inflated size that the header announces, in bytes */
  readonly size: number
  /** Unix permission bits where the archive has them */
  readonly mode?: number
  /** seconds since 1970 */
  readonly modified?: number
  /** @throws ZipError where data is damaged or does not fit its header */
  read(): Uint8Array<ArrayBuffer>
}

const LOCAL_BYTES = 30
/** deflate makes at most 1032 bytes of one, so a step of this many makes at most 4 MB before it is counted */
const INFLATE_STEP_BYTES = 4096
const MODE_KIND = 0o170000
const MODE_SYMLINK = 0o120000
const MODE_DIRECTORY = 0o040000
const DOS_DIRECTORY = 0x10

/**
 * Reads the directory of an archive; no entry is inflated yet.
 * @throws ZipError for what is no zip, is cut off, is encrypted, is spread over several files or passes a limit
 */
export function openZip(bytes: Uint8Array, limits: ZipLimits = ZIP_LIMITS): ZipEntry[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const end = findEnd(bytes, view)
  if (end.count > limits.entries)
    throw new ZipError('', `holds ${end.count} entries; the limit is ${limits.entries}.`)
  const budget = { left: limits.totalBytes }
  const entries: ZipEntry[] = []
  let offset = end.offset
  for (let index = 0; index < end.count; index++) {
    const record = readCentral(bytes, view, offset, end.base)
    entries.push(entryOf(bytes, view, record, limits, budget))
    offset = record.next
  }
  const total = entries.reduce((sum, entry) => sum + entry.size, 0)
  if (total > limits.totalBytes)
    throw new ZipError(
      '',
      `holds ${formatBytes(total)} when unpacked; the limit is ${formatBytes(limits.totalBytes)}.`,
    )
  return entries
}

function entryOf(
  bytes: Uint8Array,
  view: DataView,
  record: ZipRecord,
  limits: ZipLimits,
  budget: { left: number },
): ZipEntry {
  const unix = record.host === HOST_UNIX || record.host === HOST_DARWIN ? record.attributes >>> 16 : 0
  const directory =
    record.path.endsWith('/') ||
    (unix & MODE_KIND) === MODE_DIRECTORY ||
    ((unix & MODE_KIND) === 0 && (record.attributes & DOS_DIRECTORY) !== 0)
  const kind = (unix & MODE_KIND) === MODE_SYMLINK ? 'symlink' : directory ? 'directory' : 'file'
  return {
    path: record.path,
    kind,
    size: kind === 'directory' ? 0 : record.size,
    ...(unix === 0 ? {} : { mode: unix & 0o777 }),
    ...(record.modified === undefined ? {} : { modified: record.modified }),
    read: () => readEntry(bytes, view, record, limits, budget),
  }
}

function readEntry(
  bytes: Uint8Array,
  view: DataView,
  record: ZipRecord,
  limits: ZipLimits,
  budget: { left: number },
): Uint8Array<ArrayBuffer> {
  const { path, size } = record
  if (size > limits.ratioFreeBytes && size > record.packed * limits.ratio)
    throw new ZipError(path, `unpacks to more than ${limits.ratio} times its size, as a zip bomb does.`)
  if (size > budget.left)
    throw new ZipError(
      path,
      `does not fit: all entries together may unpack to ${formatBytes(limits.totalBytes)}.`,
    )
  const data = findData(bytes, view, record)
  const result = unpack(data, record)
  budget.left -= size
  if (crc32(result) !== record.crc) throw new ZipError(path, 'is damaged: its checksum is wrong.')
  return result
}

function findData(bytes: Uint8Array, view: DataView, { path, local, packed }: ZipRecord): Uint8Array {
  if (local + LOCAL_BYTES > bytes.length || view.getUint32(local, true) !== LOCAL_SIGNATURE)
    throw new ZipError(path, 'is damaged: its header is not where the directory says.')
  const start = local + LOCAL_BYTES + view.getUint16(local + 26, true) + view.getUint16(local + 28, true)
  if (start + packed > bytes.length) throw new ZipError(path, 'is cut off.')
  return bytes.subarray(start, start + packed)
}

function unpack(data: Uint8Array, { path, method, size }: ZipRecord): Uint8Array<ArrayBuffer> {
  if (method === 0) {
    if (data.length !== size) throw new ZipError(path, 'is damaged: its two sizes differ.')
    return data.slice()
  }
  if (method !== 8)
    throw new ZipError(path, `is packed with method ${method}; only stored and deflated entries can be read.`)
  return inflate(data, size, path)
}

/** Inflates in small steps and stops at the first byte that the header did not announce. */
function inflate(data: Uint8Array, size: number, path: string): Uint8Array<ArrayBuffer> {
  const result = new Uint8Array(size)
  let length = 0
  const stream = new Inflate((chunk) => {
    if (length + chunk.length > size)
      throw new ZipError(path, `unpacks to more than the ${formatBytes(size)} it announces.`)
    result.set(chunk, length)
    length += chunk.length
  })
  try {
    let at = 0
    do {
      const next = Math.min(at + INFLATE_STEP_BYTES, data.length)
      stream.push(data.subarray(at, next), next === data.length)
      at = next
    } while (at < data.length)
  } catch (error) {
    if (error instanceof ZipError) throw error
    throw new ZipError(path, `is damaged: ${error instanceof Error ? error.message : String(error)}.`)
  }
  if (length !== size)
    throw new ZipError(path, `is damaged: it unpacks to less than the ${formatBytes(size)} it announces.`)
  return result
}
