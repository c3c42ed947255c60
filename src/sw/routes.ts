/**
 * Which requests the service worker answers, and from where. Pure.
 *
 *   the site's page                    → 'shell' index.html
 *   a file of the shell                → 'shell' that file
 *   assets of another version          → 'asset': an open tab may be older or newer than this worker
 *   everything else inside the scope   → 'network' (runtimes, examples, licences)
 *   outside of the scope               → not ours
 */

export type Route =
  | { kind: 'shell'; path: string }
  | { kind: 'asset'; path: string }
  | { kind: 'network' }
  | { kind: 'outside' }

export interface RouteRequest {
  url: string
  method: string
  mode: string
}

/** @param scope URL of the site's folder, with a slash at its end @param files names of the shell, relative to the scope */
export const routeOf = (
  { url, method, mode }: RouteRequest,
  scope: string,
  files: Readonly<Record<string, string>>,
): Route => {
  const asked = new URL(url)
  const root = new URL(scope)
  if (asked.origin !== root.origin || !asked.pathname.startsWith(root.pathname)) return { kind: 'outside' }
  if (method !== 'GET') return { kind: 'network' }
  const path = asked.pathname.slice(root.pathname.length)
  if (path === '' || path === INDEX)
    return mode === 'navigate' ? { kind: 'shell', path: INDEX } : { kind: 'network' }
  // A query is somebody's wish to go round a cache.
  if (asked.search !== '') return { kind: 'network' }
  if (Object.hasOwn(files, path)) return { kind: 'shell', path }
  return path.startsWith('assets/') ? { kind: 'asset', path } : { kind: 'network' }
}

export const INDEX = 'index.html'

/** Where a file of the shell is fetched: hosts redirect index.html to its folder, some of them. */
export const urlOf = (path: string, scope: string): string =>
  new URL(path === INDEX ? './' : path, scope).href
