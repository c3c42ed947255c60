/**
 * The answer to one request: from the shell once it is complete, from the network before and for everything else.
 * Invariant: a shell that is complete is never mixed with files of another version, except for the page itself when neither a
 * kept nor a sound copy of it is to be had.
 */
import { INDEX, type Route } from './routes.ts'
import type { Shell } from './shell.ts'

// Chromium 156 now and then leaves a version waiting for ever after skipWaiting() while two tabs are open and developer tools
// watch. Therefore the worker in office serves the page of the version that the user has accepted by itself.

export interface ResponderParts {
  shell: Pick<Shell, 'isComplete' | 'read' | 'readOther' | 'successor'>
  fetch: typeof fetch
}

export type Responder = (request: Request, route: Exclude<Route, { kind: 'outside' }>) => Promise<Response>

export const createResponder = ({ shell, fetch }: ResponderParts): Responder => {
  // CacheStorage that is blocked must not stop a page that has a connection.
  const isComplete = (): Promise<boolean> => shell.isComplete().catch(() => false)
  const fromShell = async (request: Request, path: string): Promise<Response> => {
    if (!(await isComplete())) return fetch(request)
    const next = path === INDEX ? await shell.successor().catch(() => null) : null
    const newer = next === null ? null : await shell.readOther(path, next).catch(() => null)
    if (newer) return newer
    const kept = await shell.read(path).catch(() => null)
    if (kept) return kept
    return request.mode === 'navigate' ? fetch(request).catch(() => damaged(path)) : damaged(path)
  }
  return async (request, route) => {
    if (route.kind === 'shell') return fromShell(request, route.path)
    if (route.kind === 'asset') return (await shell.readOther(route.path).catch(() => null)) ?? fetch(request)
    return fetch(request)
  }
}

const damaged = (path: string): Response =>
  new Response(
    `${path} is damaged on this device and could not be fetched again. Connect to the network and reload the page.\n`,
    { status: 503, headers: { 'content-type': 'text/plain; charset=utf-8' } },
  )
