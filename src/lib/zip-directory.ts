/**
 * The directory at the end of a zip: one record an entry (APPNOTE 6.3.10). Sizes in zip64, names and times as Info-ZIP's extra
 * fields have them. Only what can be known without inflating is looked at here.
 */

import { decodeText, decodeTextStrict } from './bytes.ts'
import { crc32 } from './crc32.ts'

/** A zip that cannot be read. `entry` is the path it happened at, or '' for the archive itself. */
export class ZipError extends Error {
  override readonly name = 'ZipError'
  readonly entry: string
  constructor(entry: string, problem: string) {
    super(
      entry === '' ? `The zip archive ${problem}` : `${JSON.stringify(entry)} in the zip archive ${problem}`,
    )
    this.entry = entry
  }
}

export const LOCAL_SIGNATURE = 0x04034b50
export const HOST_UNIX = 3
export const HOST_DARWIN = 19
export const EXTRA_TIME = 0x5455
const EXTRA_ZIP64 = 0x0001
const EXTRA_UNICODE_PATH = 0x7075
const END_SIGNATURE = 0x06054b50
const END64_LOCATOR_SIGNATURE = 0x07064b50
const END64_SIGNATURE = 0x06064b50
const CENTRAL_SIGNATURE = 0x02014b50
const END_BYTES = 22
const END64_BYTES = 56
const LOCATOR_BYTES = 20
const CENTRAL_BYTES = 46
/** the comment at the end of an archive has a length of 16 bits */
const COMMENT_MAX_BYTES = 0xffff
/** the entry is encrypted (bit 0), strongly (6), or its header is masked (13) */
const FLAGS_ENCRYPTED = 0x2041
const FLAG_UTF8 = 0x800

const CP437 =
  'ÇüéâäàåçêëèïîìÄÅÉæÆôöòûùÿÖÜ¢£¥₧ƒáíóúñÑªº¿⌐¬½¼¡«»░▒▓│┤╡╢╖╕╣║╗╝╜╛┐└┴┬├─┼╞╟╚╔╩╦╠═╬╧╨╤╥╙╘╒╓╫╪┘┌█▄▌▐▀αßΓπΣσµτΦΘΩδ∞φε∩≡±≥≤⌠⌡÷≈°∙·√ⁿ²■\u00a0'

export interface ZipEnd {
  count: number
  /** where the directory starts */
  offset: number
  /** bytes that stand before the archive (a self-extracting program): added to every offset in it */
  base: number
}

/**
 * Finds the end of an archive, behind whatever comment it has.
 * @throws ZipError for what is no zip, is cut off or is one part of several
 */
export function findEnd(bytes: Uint8Array, view: DataView): ZipEnd {
  const first = Math.max(0, bytes.length - END_BYTES - COMMENT_MAX_BYTES)
  for (let at = bytes.length - END_BYTES; at >= first; at--) {
    if (view.getUint32(at, true) !== END_SIGNATURE) continue
    if (at + END_BYTES + view.getUint16(at + 20, true) > bytes.length) continue
    return readEnd(view, at)
  }
  const started = bytes.length >= 4 && view.getUint32(0, true) === LOCAL_SIGNATURE
  throw new ZipError(
    '',
    started ? 'is cut off: its end is missing. Copy or download it again.' : 'is not a zip file.',
  )
}

function readEnd(view: DataView, at: number): ZipEnd {
  const end64 =
    at >= LOCATOR_BYTES && view.getUint32(at - LOCATOR_BYTES, true) === END64_LOCATOR_SIGNATURE
      ? findEnd64(view, at)
      : undefined
  if (end64 === undefined && (view.getUint16(at + 4, true) !== 0 || view.getUint16(at + 6, true) !== 0))
    throw new ZipError('', 'is one part of several. Join the parts first.')
  const count = end64?.count ?? view.getUint16(at + 10, true)
  const size = end64?.size ?? view.getUint32(at + 12, true)
  const declared = end64?.offset ?? view.getUint32(at + 16, true)
  const offset = (end64?.at ?? at) - size
  if (offset < 0 || offset < declared)
    throw new ZipError('', 'is damaged: its directory does not fit into the file.')
  if (count * CENTRAL_BYTES > size)
    throw new ZipError('', 'is damaged: its directory is too short for its entries.')
  return { count, offset, base: offset - declared }
}

function findEnd64(
  view: DataView,
  at: number,
): (Omit<ZipEnd, 'base'> & { size: number; at: number }) | undefined {
  // written right before the locator unless someone has put data between, which no tool does
  const declared = Number(view.getBigUint64(at - 12, true))
  for (const start of [declared, at - LOCATOR_BYTES - END64_BYTES])
    if (start >= 0 && start + END64_BYTES <= at && view.getUint32(start, true) === END64_SIGNATURE) {
      const [count, size, offset] = [32, 40, 48].map((field) =>
        Number(view.getBigUint64(start + field, true)),
      )
      return { count: count ?? 0, size: size ?? 0, offset: offset ?? 0, at: start }
    }
  throw new ZipError('', 'is damaged: the end of a zip64 archive is missing.')
}

/** One record of the directory, as it stands there: nothing of it is proven. */
export interface ZipRecord {
  path: string
  host: number
  method: number
  crc: number
  packed: number
  size: number
  attributes: number
  /** where the local header is */
  local: number
  modified: number | undefined
  next: number
}

/**
 * Reads the record at `at`.
 * @throws ZipError for a damaged or encrypted one
 */
export function readCentral(bytes: Uint8Array, view: DataView, at: number, base: number): ZipRecord {
  if (at + CENTRAL_BYTES > bytes.length || view.getUint32(at, true) !== CENTRAL_SIGNATURE)
    throw new ZipError('', `is damaged: its directory breaks off at byte ${at}.`)
  const [nameLength, extraLength, commentLength] = [28, 30, 32].map((field) =>
    view.getUint16(at + field, true),
  )
  const nameEnd = at + CENTRAL_BYTES + (nameLength ?? 0)
  const extraEnd = nameEnd + (extraLength ?? 0)
  const next = extraEnd + (commentLength ?? 0)
  if (next > bytes.length) throw new ZipError('', `is damaged: its directory breaks off at byte ${at}.`)
  const flags = view.getUint16(at + 8, true)
  const extra = readExtra(bytes.subarray(nameEnd, extraEnd))
  const host = view.getUint8(at + 5)
  const path = readName(
    bytes.subarray(at + CENTRAL_BYTES, nameEnd),
    flags,
    extra.get(EXTRA_UNICODE_PATH),
    host,
  )
  if ((flags & FLAGS_ENCRYPTED) !== 0)
    throw new ZipError(path, 'is encrypted. Unpack the archive with its password and bring the folder.')
  const [size, packed, local] = readSizes(view, at, extra.get(EXTRA_ZIP64), path)
  return {
    path,
    host,
    method: view.getUint16(at + 10, true),
    crc: view.getUint32(at + 16, true),
    packed,
    size,
    attributes: view.getUint32(at + 38, true),
    local: local + base,
    modified: readTime(extra.get(EXTRA_TIME)) ?? dosTime(view.getUint32(at + 12, true)),
    next,
  }
}

function readExtra(bytes: Uint8Array): Map<number, DataView> {
  const fields = new Map<number, DataView>()
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  for (let at = 0; at + 4 <= bytes.length; ) {
    const length = view.getUint16(at + 2, true)
    if (at + 4 + length > bytes.length) break
    fields.set(view.getUint16(at, true), new DataView(bytes.buffer, bytes.byteOffset + at + 4, length))
    at += 4 + length
  }
  return fields
}

/** Inflated size, packed size and offset: each is in the zip64 field where the 32 bits are all ones, in this order. */
function readSizes(
  view: DataView,
  at: number,
  extra: DataView | undefined,
  path: string,
): [number, number, number] {
  let used = 0
  const read = (field: number): number => {
    const short = view.getUint32(at + field, true)
    if (short !== 0xffffffff || extra === undefined) return short
    if (used + 8 > extra.byteLength) throw new ZipError(path, 'is damaged: its zip64 sizes are missing.')
    used += 8
    return Number(extra.getBigUint64(used - 8, true))
  }
  const [size, packed, local] = [read(24), read(20), read(42)]
  return [size, packed, local]
}

function readName(raw: Uint8Array, flags: number, unicode: DataView | undefined, host: number): string {
  const name = readUnicodeName(raw, unicode) ?? decodeName(raw, flags)
  // archives from DOS and Windows tools that wrote their own separator; on Unix a backslash is a letter
  const foreign = host !== HOST_UNIX && host !== HOST_DARWIN && !name.includes('/')
  return foreign ? name.replaceAll('\\', '/') : name
}

function decodeName(raw: Uint8Array, flags: number): string {
  // without flag 11 the name should be in code page 437, but most tools of today write UTF-8
  return decodeTextStrict(raw) ?? ((flags & FLAG_UTF8) !== 0 ? decodeText(raw) : decodeCp437(raw))
}

function decodeCp437(raw: Uint8Array): string {
  return Array.from(raw, (byte) => (byte < 0x80 ? String.fromCharCode(byte) : CP437[byte - 0x80])).join('')
}

function readUnicodeName(raw: Uint8Array, field: DataView | undefined): string | undefined {
  if (field === undefined || field.byteLength < 5 || field.getUint8(0) !== 1) return undefined
  if (field.getUint32(1, true) !== crc32(raw)) return undefined
  return decodeTextStrict(new Uint8Array(field.buffer, field.byteOffset + 5, field.byteLength - 5))
}

function readTime(field: DataView | undefined): number | undefined {
  if (field === undefined || field.byteLength < 5 || (field.getUint8(0) & 1) === 0) return undefined
  return field.getInt32(1, true)
}

/** Local time in steps of two seconds; where it was made is not known, so it is read as UTC. */
function dosTime(packed: number): number | undefined {
  const [date, time] = [packed >>> 16, packed & 0xffff]
  if (date === 0) return undefined
  const year = 1980 + (date >> 9)
  const milliseconds = Date.UTC(
    year,
    ((date >> 5) & 15) - 1,
    date & 31,
    time >> 11,
    (time >> 5) & 63,
    (time & 31) * 2,
  )
  return Math.floor(milliseconds / 1000)
}
