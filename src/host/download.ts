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
}

/**
 * Gives the body of a 200 answer that is not a web page.
 * @throws Refusal: offline, not-found, not-a-file, http, damaged (longer than limit), truncated (broke off), stalled, cancelled
 */
export const download = async (url: string, options: DownloadOptions): Promise<Bytes> => {
  const { label, expected, signal, patience } = options
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
    const transfer = receive(url, { ...options, onBytes: onPart }, abort.signal)
    transfer.catch(() => {})
    return await Promise.race([transfer, stopped])
  } catch (error) {
    if (signal.aborted) throw refuse.cancelled(label)
    if (silent) throw refuse.stalled(label, Math.round(patience / 1000))
    if (error instanceof Refusal) throw error
    // Browsers report a connection that breaks half-way as the same TypeError as one that never came about.
    if (received > 0) throw refuse.truncated(label, received, Math.max(expected, received))
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
  signal: AbortSignal,
): Promise<Bytes> => {
  // 'no-store': the copy that counts is ours in CacheStorage; a second one in the HTTP cache could be stale or damaged.
  const response = await fetch(url, { signal, cache: 'no-store', credentials: 'omit' })
  checkAnswer(response, label, url)
  const parts: Uint8Array[] = []
  let size = 0
  if (!response.body) return new Uint8Array(await response.arrayBuffer())
  const reader = response.body.getReader()
  for (let part = await reader.read(); !part.done; part = await reader.read()) {
    size += part.value.length
    if (size > limit) throw refuse.damaged(label)
    parts.push(part.value)
    onBytes(part.value.length)
  }
  return join(parts, size)
}

const checkAnswer = (response: Response, label: string, url: string): void => {
  if (response.status === 404 || response.status === 410) throw refuse.notFound(label, url)
  if (response.status !== 200) throw refuse.http(label, response.status, url)
  const type = response.headers.get('content-type') ?? ''
  if (/^(text\/html|application\/xhtml)/i.test(type)) throw refuse.notAFile(label, url)
}

const join = (parts: readonly Uint8Array[], size: number): Bytes => {
  const bytes = new Uint8Array(size)
  let at = 0
  for (const part of parts) {
    bytes.set(part, at)
    at += part.length
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
