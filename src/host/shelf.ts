/**
 * What is kept for next time, in CacheStorage: the bytes of an asset as they travelled, under the SHA-256 of what they
 * unpack to, so that two catalogues that speak of the same bytes share them.
 *
 * Invariant: no call hangs or throws because storage is blocked, broken or full; `put` says what went wrong. Bytes that come
 * out are as untrusted as bytes from the network.
 */
import { type Bytes, sha256 } from './digest.ts'
import { settleWithin } from './patience.ts'
import { formatBytes } from './refusal.ts'

/** Milliseconds that a browser may take over one answer: a blocked CacheStorage can stay silent for ever. */
const CACHE_PATIENCE = 10_000
const CACHE_NAME = 'wasmrun-runtimes-1'

export interface Shelf {
  has(key: string): Promise<boolean>
  get(key: string): Promise<Bytes | null>
  /** Null when it is kept, else a sentence that says why not. */
  put(key: string, bytes: Bytes): Promise<string | null>
  remove(key: string): Promise<void>
}

export interface ShelfOptions {
  /** Null where the browser has none, as in an insecure context. */
  caches: CacheStorage | null
  /** URL under which records are named; nothing is ever fetched from there. */
  base: string
  /** Bytes that the origin uses, when the browser tells. */
  usage: () => Promise<number | null>
  patience?: number
}

export const createShelf = (options: ShelfOptions): Shelf => {
  const { caches, base, usage, patience = CACHE_PATIENCE } = options
  const url = (key: string): string => new URL(`kept/${encodeURIComponent(key)}`, base).href
  const opened = async <T>(otherwise: T, act: (cache: Cache) => Promise<T>): Promise<T> => {
    if (!caches) return otherwise
    const work = caches.open(CACHE_NAME).then(act)
    return settleWithin(patience, work, 'CacheStorage').catch(() => otherwise)
  }
  const read = async (key: string): Promise<Bytes | null> =>
    opened(null, async (cache) => {
      const kept = await cache.match(url(key))
      return kept ? new Uint8Array(await kept.arrayBuffer()) : null
    })
  const write = async (key: string, bytes: Bytes): Promise<void> => {
    if (!caches) throw new Error('this browser keeps nothing for this page')
    const cache = await caches.open(CACHE_NAME)
    await cache.put(
      url(key),
      new Response(bytes, { headers: { 'content-type': 'application/octet-stream' } }),
    )
  }
  return {
    has: (key) => opened(false, async (cache) => (await cache.match(url(key))) !== undefined),
    get: read,
    put: async (key, bytes) => {
      try {
        await settleWithin(patience, write(key, bytes), 'CacheStorage')
        return null
      } catch (error) {
        await opened(false, (cache) => cache.delete(url(key)))
        return whyNotKept(error, await usage().catch(() => null))
      }
    },
    remove: async (key) => {
      await opened(false, (cache) => cache.delete(url(key)))
    },
  }
}

const whyNotKept = (error: unknown, used: number | null): string => {
  const name = error instanceof Error || error instanceof DOMException ? error.name : ''
  if (name === 'QuotaExceededError')
    return used === null
      ? 'This browser gives the page no more room.'
      : `This browser gives the page no more room (${formatBytes(used)} used).`
  return `This browser did not keep it (${error instanceof Error ? error.message : String(error)}).`
}

/** Whether CacheStorage really keeps something, tried with a few bytes. Null, or a sentence that says why not. */
export const probeShelf = async (shelf: Shelf, subtle: SubtleCrypto): Promise<string | null> => {
  const bytes = new TextEncoder().encode('wasmrun')
  const key = `probe-${await sha256(subtle, bytes)}`
  const problem = await shelf.put(key, bytes)
  if (problem) return problem
  const back = await shelf.get(key)
  await shelf.remove(key)
  return back?.length === bytes.length ? null : 'This browser forgets at once what the page keeps.'
}
