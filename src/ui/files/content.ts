/** What a file is, by its first bytes, and how it is written down for reading. Pure. */

/** Bytes looked at to tell text from data: as git does. */
const SNIFF_BYTES = 8000
/** Bytes of a binary file that are shown in hexadecimal. */
export const HEX_MAX = 64 * 1024
const HEX_ROW = 16

export type ContentKind = 'text' | 'image' | 'binary'

const starts = (bytes: Uint8Array, ...wanted: number[]): boolean =>
  wanted.every((byte, at) => bytes[at] === byte)
const ascii = (bytes: Uint8Array, from: number, to: number): string =>
  String.fromCharCode(...bytes.subarray(from, to))

/** The media type of an image the browser can draw, by its magic number, or ''. SVG is text here. */
export const imageType = (bytes: Uint8Array): string => {
  if (starts(bytes, 0x89, 0x50, 0x4e, 0x47)) return 'image/png'
  if (starts(bytes, 0xff, 0xd8, 0xff)) return 'image/jpeg'
  if (starts(bytes, 0x47, 0x49, 0x46, 0x38)) return 'image/gif'
  if (ascii(bytes, 0, 4) === 'RIFF' && ascii(bytes, 8, 12) === 'WEBP') return 'image/webp'
  return ''
}

/** The text, or null where the bytes are not UTF-8. `cut`: the end is missing, a last half character is no fault. */
export const decodeText = (bytes: Uint8Array, cut: boolean): string | null => {
  if (bytes.subarray(0, SNIFF_BYTES).includes(0)) return null
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes, { stream: cut })
  } catch {
    return null
  }
}

/** One row of sixteen bytes: offset, hexadecimal, and the characters that have a shape. */
export const hexRow = (bytes: Uint8Array, index: number): { offset: string; hex: string; text: string } => {
  const row = bytes.subarray(index * HEX_ROW, (index + 1) * HEX_ROW)
  const cells = [...row].map((byte) => byte.toString(16).padStart(2, '0'))
  return {
    offset: (index * HEX_ROW).toString(16).padStart(8, '0'),
    hex: `${cells.slice(0, 8).join(' ')}  ${cells.slice(8).join(' ')}`.padEnd(48),
    text: [...row].map((byte) => (byte >= 0x20 && byte < 0x7f ? String.fromCharCode(byte) : '·')).join(''),
  }
}

export const hexRows = (length: number): number => Math.ceil(Math.min(length, HEX_MAX) / HEX_ROW)

/** WebAssembly modules say so in their first four bytes. */
export const isWasm = (bytes: Uint8Array): boolean => starts(bytes, 0x00, 0x61, 0x73, 0x6d)
