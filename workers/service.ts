/**
 * The service worker: gives the page the isolation headers that its host does not send. Its mode is part of its own URL
 * (`service.js?isolation=dip`), so that it is known again after the browser has stopped and restarted it.
 */
import { parseIsolationMode, withIsolation } from '../src/sw/isolation.ts'

declare const self: ServiceWorkerGlobalScope

const mode = parseIsolationMode(new URL(self.location.href).searchParams.get('isolation'))

self.addEventListener('install', (event) => event.waitUntil(self.skipWaiting()))
self.addEventListener('activate', (event) => event.waitUntil(self.clients.claim()))
self.addEventListener('fetch', (event) => {
  const { request } = event
  if (new URL(request.url).origin !== self.location.origin) return
  // Chromium refuses such a request from a service worker.
  if (request.cache === 'only-if-cached' && request.mode !== 'same-origin') return
  event.respondWith(fetch(request).then((response) => withIsolation(response, mode)))
})
