/**
 * Headers that a static host need not send. Shared memory exists only on a cross-origin isolated page; where the host does
 * not say so, the service worker says it in its place.
 *
 *   'dip'   Document-Isolation-Policy (Chromium 137 and later): this document alone, frames and openers are left alone
 *   'coep'  COOP same-origin + COEP require-corp (everywhere else); costs nothing, the page loads only its own files
 */
export type IsolationMode = 'dip' | 'coep'

export const parseIsolationMode = (value: unknown): IsolationMode => (value === 'dip' ? 'dip' : 'coep')

const HEADERS: Record<IsolationMode, readonly (readonly [string, string])[]> = {
  dip: [['Document-Isolation-Policy', 'isolate-and-require-corp']],
  coep: [
    ['Cross-Origin-Opener-Policy', 'same-origin'],
    ['Cross-Origin-Embedder-Policy', 'require-corp'],
  ],
}

/** The same response with the headers of the mode. What cannot be rebuilt (opaque, redirects, errors) is passed on. */
export const withIsolation = (response: Response, mode: IsolationMode): Response => {
  if (response.type === 'opaque' || response.type === 'opaqueredirect' || response.type === 'error')
    return response
  // One of our own making takes headers; built again it would be a stream, which keeps this worker busy until it is read.
  const isOurs = response.type === 'default'
  const headers = isOurs ? response.headers : new Headers(response.headers)
  for (const [name, value] of HEADERS[mode]) headers.set(name, value)
  headers.set('Cross-Origin-Resource-Policy', 'same-origin')
  if (isOurs) return response
  const hasBody = ![101, 204, 205, 304].includes(response.status)
  const { status, statusText } = response
  return new Response(hasBody ? response.body : null, { status, statusText, headers })
}
