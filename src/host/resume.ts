/**
 * A download that goes on after a broken connection: at once while it gets on, and in a later session from what was kept.
 *
 *   break ─► ask for the rest (Range) ─► break again without a new byte ─► keep what there is ─► next try goes on from there
 *
 * Invariants: what is kept of an unfinished file lies apart from whole ones, under the SHA-256 of the bytes that are wanted; it
 * is never given out, and whoever calls this checks the SHA-256 of the whole. A cancelled download keeps nothing.
 */
import type { Bytes } from './digest.ts'
import { type DownloadOptions, download, emptyPart, joinPart, type Part } from './download.ts'
import { Refusal, refuse } from './refusal.ts'
import type { Shelf } from './shelf.ts'

/** Bytes; less is fetched anew sooner than it is looked up. */
export const WORTH_KEEPING = 64 * 1024
/** Bytes after which an unfinished download is kept for the first time; then at every doubling, so that each is written twice. */
const FIRST_KEPT = 2 * 2 ** 20
/** Milliseconds before the next try. */
const PAUSE = 400
/** A connection that breaks more often is none. */
const MOST_TRIES = 20

export interface ResumeOptions extends Omit<DownloadOptions, 'part'> {
  shelf: Shelf
  /** SHA-256 of the bytes that travel. */
  sha256: string
}

const keyOf = (sha256: string): string => `partial-${sha256}`

/**
 * `pieced`: the bytes come from more than one answer.
 * @throws Refusal as `download`; what was kept is said in its words
 */
export const downloadWhole = async (
  url: string,
  options: ResumeOptions,
): Promise<{ bytes: Bytes; pieced: boolean }> => {
  const { shelf, sha256, expected, label, signal } = options
  const part = await takePart(shelf, sha256, expected)
  let pieced = part.size > 0
  if (pieced) options.onBytes(part.size)
  let kept = part.size
  const onBytes = (count: number): void => {
    options.onBytes(count)
    if (part.size < Math.max(FIRST_KEPT, 2 * kept)) return
    kept = part.size
    void keepPart(shelf, sha256, part)
  }
  for (let tries = 1; ; tries++) {
    const before = part.size
    try {
      const bytes = await download(url, { ...options, onBytes, part })
      // Too little to be a broken file: perhaps a page, which the caller can tell.
      if (bytes.length >= expected || bytes.length < WORTH_KEEPING) return { bytes, pieced }
      throw refuse.truncated(label, bytes.length, expected)
    } catch (error) {
      if (!isBroken(error) || part.size < WORTH_KEEPING) {
        await forgetPart(shelf, sha256)
        throw error
      }
      if (part.size > before && tries < MOST_TRIES) {
        pieced = true
        await pause(signal)
        continue
      }
      throw (await keepPart(shelf, sha256, part)) ? error : goesOn(error)
    }
  }
}

export const forgetPart = (shelf: Shelf, sha256: string): Promise<void> => shelf.remove(keyOf(sha256))

/** The connection, not the file, is what failed. */
const isBroken = (error: unknown): error is Refusal =>
  error instanceof Refusal && ['offline', 'truncated', 'stalled'].includes(error.code)

const goesOn = (error: Refusal): Refusal =>
  new Refusal(
    error.code,
    error.message.replace('Nothing was kept.', 'What arrived is kept: the next try goes on from there.'),
    error.retry,
  )

const pause = (signal: AbortSignal): Promise<void> =>
  new Promise((resolve) => {
    const timer = setTimeout(resolve, PAUSE)
    signal.addEventListener('abort', () => {
      clearTimeout(timer)
      resolve()
    })
  })

/** A record: the length of the validator (two bytes), the validator, the bytes. */
const keepPart = (shelf: Shelf, sha256: string, part: Part): Promise<string | null> => {
  const validator = new TextEncoder().encode(part.validator).subarray(0, 0xffff)
  const record = new Uint8Array(2 + validator.length + part.size)
  record[0] = validator.length >> 8
  record[1] = validator.length & 0xff
  record.set(validator, 2)
  record.set(joinPart(part), 2 + validator.length)
  return shelf.put(keyOf(sha256), record)
}

const takePart = async (shelf: Shelf, sha256: string, expected: number): Promise<Part> => {
  const record = await shelf.get(keyOf(sha256))
  const length = record && record.length > 2 ? (record[0] ?? 0) * 256 + (record[1] ?? 0) : 0
  const bytes = record?.slice(2 + length)
  if (!record || !bytes || bytes.length < WORTH_KEEPING || bytes.length >= expected) return emptyPart()
  const validator = new TextDecoder().decode(record.subarray(2, 2 + length))
  return { chunks: [bytes], size: bytes.length, validator: /^"[^\r\n]*"$/.test(validator) ? validator : '' }
}
