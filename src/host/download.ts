/**
 * One file over HTTP into one buffer, with progress, cancelling and a guard against a server that falls silent.
 * Invariant: it never takes more than `limit` bytes, and it always settles.
 */
import type { Bytes } from './digest.ts'
import { Refusal, refuse } from './refusal.ts'

export interface DownloadOptions {
  fetch: typeof fetch
  /** For messages: 'Python 3.12.0'. */
  label: string
  /** Bytes that are expected, for messages; 0 when unknown. */
  expected: number
  /** The most bytes to take. */
  limit: number
  signal: AbortSignal
  /** Milliseconds without a byte after which it is given up. */
  patience: number
  onBytes: (bytes: number) => void
  /** What arrived of it before; it grows, and holds what arrived when this fails. Default: nothing. */
  part?: Part
}

/** The beginning of a file. */
export interface Part {
  chunks: Uint8Array[]
  /** Bytes in all chunks. */
  size: number
  /** A strong ETag of the file that they are from, or ''. */
  validator: string
}

export const emptyPart = (): Part => ({ chunks: [], size: 0, validator: '' })

/**
 * Gives a file: the body of a 200 answer that is not a web page, or what arrived before and the body of a 206 answer.
 * @throws Refusal: offline, not-found, not-a-file, http, damaged (longer than limit), truncated (broke off), stalled, cancelled
 */
export const download = async (url: string, options: DownloadOptions): Promise<Bytes> => {
  const { label, expected, signal, patience, part = emptyPart() } = options
  const abort = new AbortController()
  const onCancel = (): void => abort.abort()
  signal.addEventListener('abort', onCancel)
  let silent = false
  let received = 0
  const watch = createWatch(patience, () => {
    silent = true
    abort.abort()
  })
  try {
    if (signal.aborted) throw refuse.cancelled(label)
    const stopped = new Promise<never>((_resolve, reject) => {
      abort.signal.addEventListener('abort', () => reject(new Error('stopped')))
    })
    stopped.catch(() => {})
    const onPart = (bytes: number): void => {
      received += bytes
      watch.reset()
      options.onBytes(bytes)
    }
    const transfer = receive(url, { ...options, onBytes: onPart }, part, abort.signal)
    transfer.catch(() => {})
    return await Promise.race([transfer, stopped])
  } catch (error) {
    if (signal.aborted) throw refuse.cancelled(label)
    if (silent) throw refuse.stalled(label, Math.round(patience / 1000))
    if (error instanceof Refusal) throw error
    // Browsers report a connection that breaks half-way as the same TypeError as one that never came about.
    if (received > 0) throw refuse.truncated(label, part.size, Math.max(expected, part.size))
    throw refuse.unreachable(label, url)
  } finally {
    watch.stop()
    signal.removeEventListener('abort', onCancel)
    abort.abort()
  }
}

const receive = async (
  url: string,
  { fetch, label, limit, onBytes }: DownloadOptions,
  part: Part,
  signal: AbortSignal,
): Promise<Bytes> => {
  const response = await request(fetch, url, part, signal)
  checkAnswer(response, label, url)
  if (response.status === 200) forget(part)
  part.validator = strongTag(response)
  if (!response.body) return new Uint8Array(await response.arrayBuffer())
  const reader = response.body.getReader()
  for (let chunk = await reader.read(); !chunk.done; chunk = await reader.read()) {
    if (part.size + chunk.value.length > limit) {
      forget(part)
      throw refuse.damaged(label)
    }
    part.chunks.push(chunk.value)
    part.size += chunk.value.length
    onBytes(chunk.value.length)
  }
  return joinPart(part)
}

/** Asks for the rest (RFC 9110, 14.2); a server that sends something else instead is asked for the whole. */
const request = async (
  fetch: DownloadOptions['fetch'],
  url: string,
  part: Part,
  signal: AbortSignal,
): Promise<Response> => {
  // 'no-store': the copy that counts is ours in CacheStorage; a second one in the HTTP cache could be stale or damaged.
  const init = { signal, cache: 'no-store', credentials: 'omit', referrerPolicy: 'no-referrer' } as const
  if (part.size === 0) return fetch(url, init)
  const headers: Record<string, string> = { range: `bytes=${part.size}-` }
  // Across origins If-Range would cost a preflight that few mirrors answer; the SHA-256 decides in any case.
  if (part.validator !== '' && isSameOrigin(url)) headers['if-range'] = part.validator
  const response = await fetch(url, { ...init, headers })
  const start = /^bytes (\d+)-/.exec(response.headers.get('content-range') ?? '')?.[1]
  const continues = response.status === 206 && (start === undefined || Number(start) === part.size)
  const changed =
    part.validator !== '' && strongTag(response) !== '' && strongTag(response) !== part.validator
  if (response.status === 200 || (continues && !changed)) return response
  if (response.status !== 206 && response.status !== 416) return response
  await response.body?.cancel()
  forget(part)
  return fetch(url, init)
}

const isSameOrigin = (url: string): boolean =>
  'location' in globalThis && new URL(url).origin === globalThis.location.origin

const strongTag = (response: Response): string => {
  const tag = response.headers.get('etag') ?? ''
  return tag.startsWith('"') ? tag : ''
}

const forget = (part: Part): void => {
  part.chunks.length = 0
  part.size = 0
}

const checkAnswer = (response: Response, label: string, url: string): void => {
  if (response.status === 404 || response.status === 410) throw refuse.notFound(label, url)
  if (response.status !== 200 && response.status !== 206) throw refuse.http(label, response.status, url)
  const type = response.headers.get('content-type') ?? ''
  if (/^(text\/html|application\/xhtml)/i.test(type)) throw refuse.notAFile(label, url)
}

export const joinPart = ({ chunks, size }: Part): Bytes => {
  const bytes = new Uint8Array(size)
  let at = 0
  for (const chunk of chunks) {
    bytes.set(chunk, at)
    at += chunk.length
  }
  return bytes
}

/** Calls back once when it was not reset for that long. */
const createWatch = (milliseconds: number, onSilence: () => void): { reset(): void; stop(): void } => {
  let timer = setTimeout(onSilence, milliseconds)
  return {
    reset: () => {
      clearTimeout(timer)
      timer = setTimeout(onSilence, milliseconds)
    },
    stop: () => clearTimeout(timer),
  }
}
