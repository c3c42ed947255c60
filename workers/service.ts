/**
 * The service worker: keeps the page's own files so that it starts without a connection, and gives the isolation headers that
 * a host does not send. Its mode is part of its own URL (`service.js?isolation=dip`), so that it is known again after the
 * browser has stopped and restarted it. The hashes of the files are in its own text: another site is another worker.
 *
 * A first visit waits for nothing: the worker passes requests on until all files are kept. A later version is installed
 * only when all of its files are there, and waits until the user accepts it or no tab is open.
 */
import { post } from '../src/ipc/port.ts'
import { parseIsolationMode, withIsolation } from '../src/sw/isolation.ts'
import { parsePageMessage, type ShellStatus } from '../src/sw/messages.ts'
import { createResponder } from '../src/sw/responder.ts'
import { routeOf } from '../src/sw/routes.ts'
import { createShell } from '../src/sw/shell.ts'

declare const self: ServiceWorkerGlobalScope

const mode = parseIsolationMode(new URL(self.location.href).searchParams.get('isolation'))
const { scope } = self.registration
const { subtle } = self.crypto
const fetchNow = self.fetch.bind(self)
const shell = createShell({ caches: self.caches, fetch: fetchNow, subtle, scope, manifest: __SHELL__ })
const respond = createResponder({ shell, fetch: fetchNow })

const install = async (): Promise<void> => {
  const isUpdate = self.registration.active !== null && (await shell.hasOther().catch(() => false))
  if (!isUpdate) return self.skipWaiting()
  try {
    await shell.fill()
  } catch (error) {
    await shell.discard()
    throw error
  }
}

/** Older versions stay while another tab may be of them. */
const status = async (): Promise<ShellStatus> => {
  const { id, version } = __SHELL__
  let serves: string = id
  try {
    await shell.fill()
    serves = (await shell.successor()) ?? id
    const windows = await self.clients.matchAll({ type: 'window', includeUncontrolled: true })
    if (windows.length <= 1 && !self.registration.waiting) await shell.prune()
    return { id, serves, version, offline: true, problem: '' }
  } catch (error) {
    const problem = error instanceof Error ? error.message : String(error)
    return { id, serves, version, offline: false, problem }
  }
}

self.addEventListener('install', (event) => event.waitUntil(install()))
self.addEventListener('activate', (event) => event.waitUntil(self.clients.claim()))
self.addEventListener('message', (event) => {
  const message = parsePageMessage(event.data)
  const [port] = event.ports
  if (message?.type === 'accept') event.waitUntil(self.skipWaiting())
  if (message?.type === 'serve' && port)
    event.waitUntil(shell.accept(message.id).then((done) => post(port, done)))
  if (message?.type === 'status' && port) event.waitUntil(status().then((answer) => post(port, answer)))
})
self.addEventListener('fetch', (event) => {
  const { request } = event
  const route = routeOf(request, scope, __SHELL__.files)
  if (route.kind === 'outside') return
  // Data needs no headers, and a download that passes through here holds back the next version until it ends.
  if (route.kind === 'network' && request.destination === '') return
  // Chromium refuses such a request from a service worker.
  if (request.cache === 'only-if-cached' && request.mode !== 'same-origin') return
  event.respondWith(respond(request, route).then((response) => withIsolation(response, mode)))
})
