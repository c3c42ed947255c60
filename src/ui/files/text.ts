/**
 * A file's text as it is edited, and back to bytes. Pure.
 *
 * Invariant: what was not edited comes back byte for byte: a mark at the front and the ends of lines are kept.
 */
import { decodeText } from './content.ts'

export interface TextFormat {
  /** The file begins with U+FEFF. */
  readonly hasMark: boolean
  /** Every line ends with CR LF; a file that mixes both keeps its CRs as characters. */
  readonly isCrLf: boolean
}

export interface EditText {
  /** Lines are divided by '\n'. */
  readonly text: string
  readonly format: TextFormat
}

const MARK = '\uFEFF'
const UTF8_MARK = [0xef, 0xbb, 0xbf]

/** The text of a whole file, or null where it is not UTF-8. */
export const openText = (bytes: Uint8Array): EditText | null => {
  const hasMark = UTF8_MARK.every((byte, at) => bytes[at] === byte)
  const text = decodeText(bytes, false)
  if (text === null) return null
  const isCrLf = text.includes('\r\n') && !/\r(?!\n)|(?<!\r)\n/.test(text)
  return { text: isCrLf ? text.replaceAll('\r\n', '\n') : text, format: { hasMark, isCrLf } }
}

/** What is written to the file. */
export const closeText = (text: string, { hasMark, isCrLf }: TextFormat): string =>
  (hasMark ? MARK : '') + (isCrLf ? text.replaceAll('\n', '\r\n') : text)
