/**
 * The shell: every file that the page needs to start, kept in CacheStorage under the hash of them all.
 *
 *   fill: copy what an older shell has ─► fetch the rest ─► SHA-256 of each ─► keep ─► mark as complete
 *   read: kept bytes ─► SHA-256 ─► page;  damaged or gone ─► fetch again ─► SHA-256 ─► keep ─► page
 *
 * Invariants: a shell is used only when every file of it was there with the hash that the build gave it (its mark is written
 * last, so a deploy that is half done never is); no byte leaves here whose hash does not match in that very read.
 */
import { urlOf } from './routes.ts'

export interface ShellManifest {
  /** Hash over all files: another id is another site. */
  id: string
  version: string
  /** Path relative to the scope → SHA-256 of the file, lower-case hex. */
  files: Readonly<Record<string, string>>
}

export interface ShellParts {
  caches: CacheStorage
  fetch: typeof fetch
  subtle: SubtleCrypto
  /** URL of the site's folder, with a slash at its end. */
  scope: string
  manifest: ShellManifest
}

export interface Shell {
  isComplete(): Promise<boolean>
  /** Makes it complete; calls at the same time share the work. @throws Error with a sentence for the user */
  fill(): Promise<void>
  /** A file of this shell, checked; null when it is neither kept nor to be had. */
  read(path: string): Promise<Response | null>
  /** A file of another shell that is kept whole, checked: of the one with that id, or of any. */
  readOther(path: string, id?: string): Promise<Response | null>
  /** Whether another version is kept whole. */
  hasOther(): Promise<boolean>
  /** Notes that the user wants another version in the place of this one. False when that one is not kept whole. */
  accept(id: string): Promise<boolean>
  /** The id of the version that was accepted in the place of this one; null while there is none. */
  successor(): Promise<string | null>
  /** Forgets all other versions. */
  prune(): Promise<void>
  /** Forgets this version. */
  discard(): Promise<void>
}

/** A shell in CacheStorage. */
interface Kept {
  name: string
  files: ShellManifest['files']
}

/** Files fetched at once: enough to hide the way to the server, few enough to leave the line to the program. */
const AT_ONCE = 4
/** What of the host's own headers goes with a kept file. */
const KEPT_HEADERS = [
  'content-type',
  'content-security-policy',
  'permissions-policy',
  'referrer-policy',
  'x-content-type-options',
]

export const createShell = (parts: ShellParts): Shell => {
  const { caches, scope, manifest } = parts
  // Two sites can share an origin (`/one/` and `/two/` of one user).
  const prefix = `wasmrun-shell ${new URL(scope).pathname} `
  const name = prefix + manifest.id
  const mark = new URL('shell-complete', scope).href
  const accepted = new URL('shell-accepted', scope).href
  const files = Object.keys(manifest.files)
  let complete = false
  let filling: Promise<void> | null = null

  const others = async (): Promise<Kept[]> => {
    const names = (await caches.keys()).filter((other) => other.startsWith(prefix) && other !== name)
    const found = await Promise.all(
      names.map(async (other) => ({ name: other, files: await readMark(other) })),
    )
    return found.flatMap(({ name: other, files: known }) => (known ? { name: other, files: known } : []))
  }
  const readMark = async (cacheName: string): Promise<ShellManifest['files'] | null> => {
    const kept = await (await caches.open(cacheName)).match(mark)
    return kept ? parseFiles(await kept.json().catch(() => null)) : null
  }
  const isComplete = async (): Promise<boolean> => {
    // A cache that the user has cleared under a running worker is found again by the missing file.
    complete ||= (await caches.has(name)) && (await readMark(name)) !== null
    return complete
  }
  const take = async (cacheName: string, path: string, sum: string | undefined): Promise<Response | null> => {
    const kept = await (await caches.open(cacheName)).match(urlOf(path, scope))
    return kept && sum ? checked(parts.subtle, kept, sum) : null
  }
  const fetchAndKeep = async (path: string): Promise<Response> => {
    const response = await fetchFile(parts, path)
    await (await caches.open(name)).put(urlOf(path, scope), response.clone())
    return response
  }
  const copyOrFetch = async (path: string, older: readonly Kept[]) => {
    const sum = manifest.files[path]
    if (await take(name, path, sum)) return
    for (const other of older) {
      const copy = other.files[path] === sum ? await take(other.name, path, sum) : null
      if (copy) return (await caches.open(name)).put(urlOf(path, scope), copy)
    }
    await fetchAndKeep(path)
  }
  const fillNow = async (): Promise<void> => {
    const older = await others()
    const queue = [...files]
    const work = async (): Promise<void> => {
      for (let path = queue.shift(); path !== undefined; path = queue.shift()) await copyOrFetch(path, older)
    }
    const ended = await Promise.allSettled(
      Array.from({ length: AT_ONCE }, () =>
        work().catch((error: unknown) => {
          // Nothing may be kept any more after the caller has heard of the failure.
          queue.length = 0
          throw error
        }),
      ),
    )
    for (const end of ended) if (end.status === 'rejected') throw end.reason
    await (await caches.open(name)).put(mark, Response.json(manifest.files))
    complete = true
  }

  return {
    isComplete,
    fill: async () => {
      if (await isComplete()) return
      filling ??= fillNow().finally(() => {
        filling = null
      })
      await filling
    },
    read: async (path) => {
      const kept = await take(name, path, manifest.files[path])
      return kept ?? (await fetchAndKeep(path).catch(() => null))
    },
    readOther: async (path, id) => {
      for (const other of await others()) {
        if (id !== undefined && other.name !== prefix + id) continue
        const kept = await take(other.name, path, other.files[path])
        if (kept) return kept
      }
      return null
    },
    hasOther: async () => (await others()).length > 0,
    accept: async (id) => {
      const found = (await others()).find((other) => other.name === prefix + id)
      if (!found) return false
      await (await caches.open(found.name)).put(accepted, Response.json(manifest.id))
      return true
    },
    successor: async () => {
      for (const other of await others()) {
        const noted = await (await caches.open(other.name)).match(accepted)
        if (noted && (await noted.json().catch(() => null)) === manifest.id)
          return other.name.slice(prefix.length)
      }
      return null
    },
    prune: async () => {
      for (const other of await caches.keys())
        if (other.startsWith(prefix) && other !== name) await caches.delete(other)
    },
    discard: async () => {
      complete = false
      await caches.delete(name)
    },
  }
}

/** From the server, with the hash that the build gave it. A stale copy on the way is gone round once. */
const fetchFile = async ({ fetch, subtle, scope, manifest }: ShellParts, path: string): Promise<Response> => {
  const url = urlOf(path, scope)
  const sum = manifest.files[path] ?? ''
  let why = ''
  for (const cache of ['no-cache', 'reload'] as const) {
    const response = await fetch(url, { cache, credentials: 'same-origin' })
    why = response.ok ? 'is not the file of this version' : `answered ${response.status}`
    const sound = response.ok ? await checked(subtle, response, sum) : null
    if (sound) return sound
  }
  throw new Error(`${url} ${why}. The site is being changed, or its host alters files.`)
}

/** The same response, rebuilt from bytes that have that SHA-256; null when they have not. */
const checked = async (subtle: SubtleCrypto, response: Response, sum: string): Promise<Response | null> => {
  const bytes = await response.arrayBuffer().catch(() => null)
  if (!bytes || hex(await subtle.digest('SHA-256', bytes)) !== sum) return null
  const headers = new Headers()
  for (const header of KEPT_HEADERS) {
    const value = response.headers.get(header)
    if (value !== null) headers.set(header, value)
  }
  return new Response(bytes, { headers })
}

const hex = (sum: ArrayBuffer): string =>
  Array.from(new Uint8Array(sum), (byte) => byte.toString(16).padStart(2, '0')).join('')

const parseFiles = (value: unknown): Record<string, string> | null => {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return null
  const files = Object.entries(value).filter(
    (entry): entry is [string, string] => typeof entry[1] === 'string',
  )
  return Object.fromEntries(files)
}
