/** Bytes and text: thin faces over TextEncoder and TextDecoder, and sizes as people read them. */

const encoder = new TextEncoder()
const lenient = new TextDecoder('utf-8')
const strict = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/** UTF-8 of a text. Lone surrogates become U+FFFD, as everywhere in the platform. */
export function encodeText(text: string): Uint8Array<ArrayBuffer> {
  return encoder.encode(text)
}

/** Text of UTF-8 bytes; a byte order mark is dropped, broken sequences become U+FFFD. Not for shared memory. */
export function decodeText(bytes: Uint8Array): string {
  return lenient.decode(bytes)
}

/** Text of UTF-8 bytes, or undefined when they are not UTF-8. A byte order mark stays. Not for shared memory. */
export function decodeTextStrict(bytes: Uint8Array): string | undefined {
  try {
    return strict.decode(bytes)
  } catch {
    return undefined
  }
}

/** Length in UTF-8 bytes, without making them. */
export function textBytes(text: string): number {
  let count = 0
  for (let index = 0; index < text.length; index++) {
    const unit = text.charCodeAt(index)
    const pair = unit >= 0xd800 && unit < 0xdc00 && (text.charCodeAt(index + 1) & 0xfc00) === 0xdc00
    if (pair) index++
    count += unit < 0x80 ? 1 : unit < 0x800 ? 2 : pair ? 4 : 3
  }
  return count
}

/** One character a byte: a text for comparing byte by byte with the comfort of strings. */
export function byteString(text: string): string {
  if (isAscii(text)) return text
  let result = ''
  for (const byte of encoder.encode(text)) result += String.fromCharCode(byte)
  return result
}

function isAscii(text: string): boolean {
  for (let index = 0; index < text.length; index++) if (text.charCodeAt(index) > 0x7f) return false
  return true
}

/** Joins chunks into one run of `length` bytes (their sum where it is not given). */
export function concatBytes(chunks: readonly Uint8Array[], length?: number): Uint8Array<ArrayBuffer> {
  const result = new Uint8Array(length ?? chunks.reduce((sum, chunk) => sum + chunk.length, 0))
  let offset = 0
  for (const chunk of chunks) {
    result.set(chunk, offset)
    offset += chunk.length
  }
  return result
}

/** Null for none, and for a blob whose file is gone or cannot be read. */
export async function readBytes(bytes: ArrayBuffer | Blob | null): Promise<ArrayBuffer | null> {
  if (!(bytes instanceof Blob)) return bytes
  return bytes.arrayBuffer().catch(() => null)
}

const UNITS = ['bytes', 'KB', 'MB', 'GB', 'TB']

/** A size as people read it, in powers of 1024 with at most one decimal: '512 bytes', '1.5 KB', '10 MB'. */
export function formatBytes(count: number): string {
  let value = count
  let unit = 0
  while (value >= 1023.95 && unit < UNITS.length - 1) {
    value /= 1024
    unit++
  }
  if (count === 1) return '1 byte'
  const digits = unit === 0 || Math.abs(value - Math.round(value)) < 0.05 ? 0 : 1
  return `${value.toFixed(digits)} ${UNITS[unit]}`
}
