/**
 * What lies in CacheStorage for this page: runtimes, what arrived of broken downloads, the page's own files. Fetched when
 * somebody asks. Projects are the host's to list.
 */
import type { KeptFiles } from './types.ts'

/** As src/host/shelf.ts and src/sw/shell.ts name them. */
const RUNTIMES = 'wasmrun-runtimes-1'
const shellPrefix = (scope: string): string => `wasmrun-shell ${new URL(scope).pathname} `
const PARTIAL = 'partial-'

/** Bytes of an answer; a blob is a handle, so none are read. */
const sizeOf = async (cache: Cache, request: Request): Promise<number> =>
  (await (await cache.match(request))?.blob())?.size ?? 0

const nameOf = ({ url }: Request): string => decodeURIComponent(new URL(url).pathname.split('/').at(-1) ?? '')

/** @param scope the page's folder: two sites can share an origin */
export const listKept = async (caches: CacheStorage, scope: string): Promise<KeptFiles[]> => {
  const kept: KeptFiles[] = []
  for (const name of await caches.keys()) {
    const isShell = name.startsWith(shellPrefix(scope))
    if (!isShell && name !== RUNTIMES) continue
    const cache = await caches.open(name)
    const requests = await cache.keys()
    const sizes = await Promise.all(requests.map((request) => sizeOf(cache, request)))
    const sum = (some: readonly number[]): number => some.reduce((total, size) => total + size, 0)
    if (isShell) {
      kept.push({ kind: 'page', id: name, bytes: sum(sizes), files: requests.length })
      continue
    }
    const isPartial = requests.map((request) => nameOf(request).startsWith(PARTIAL))
    const whole = sizes.filter((_, index) => !isPartial[index])
    if (whole.length > 0) kept.push({ kind: 'runtimes', id: name, bytes: sum(whole), files: whole.length })
    for (const [index, request] of requests.entries())
      if (isPartial[index])
        kept.push({ kind: 'partial', id: nameOf(request), bytes: sizes[index] ?? 0, files: 1 })
  }
  return kept
}

/** All runtimes, one part of a download, or one copy of the page. */
export const forgetKept = async (caches: CacheStorage, scope: string, id: string): Promise<void> => {
  if (id.startsWith(shellPrefix(scope)) || id === RUNTIMES) {
    const cache = await caches.open(id)
    for (const request of await cache.keys())
      if (id !== RUNTIMES || !nameOf(request).startsWith(PARTIAL)) await cache.delete(request)
    if (id !== RUNTIMES) await caches.delete(id)
    return
  }
  if (!id.startsWith(PARTIAL)) return
  const cache = await caches.open(RUNTIMES)
  for (const request of await cache.keys()) if (nameOf(request) === id) await cache.delete(request)
}
