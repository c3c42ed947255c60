/**
 * The host worker: on the site's own origin, with its storage and network. It gets its ports from the page once.
 *
 *   page ──{ type: 'boot', runtimes: URL }, [api, events, kernel]──► this worker
 */
import type { HostEvent, RuntimeProgress } from '../src/abi/control.ts'
import type { ProjectNotice, StorageFigures } from '../src/abi/project.ts'
import { createDisk } from '../src/host/disk/disk.ts'
import type { ObserverMaker } from '../src/host/disk/notices.ts'
import { createHost } from '../src/host/host.ts'
import { createHub } from '../src/host/hub.ts'
import { createOwnership } from '../src/host/ownership.ts'
import { createProjects } from '../src/host/projects.ts'
import { createRecords } from '../src/host/records.ts'
import { createSettings } from '../src/host/settings.ts'
import { createShelf, probeShelf } from '../src/host/shelf.ts'
import { createSources } from '../src/host/sources.ts'
import { createStore } from '../src/host/store.ts'
import { once, post } from '../src/ipc/port.ts'
import { expose } from '../src/ipc/rpc.ts'

const parseBoot = (data: unknown): string => {
  const url = typeof data === 'object' && data !== null && 'runtimes' in data ? data.runtimes : undefined
  if (typeof url !== 'string' || !URL.canParse(url))
    throw new Error('the page did not say where the runtimes are')
  // As a folder, whether the page wrote the slash or not.
  return new URL('.', url.endsWith('/') ? url : `${url}/`).href
}

const usage = async (): Promise<number | null> => (await navigator.storage?.estimate())?.usage ?? null

const estimate = async (): Promise<StorageFigures> => {
  const { usage = 0, quota = 0 } = (await navigator.storage?.estimate()) ?? {}
  return { usage, quota, isPersistent: (await navigator.storage?.persisted?.()) ?? false }
}

const boot = async (): Promise<void> => {
  const { data, ports } = await once(self as unknown as MessagePort)
  const [api, events, kernel] = ports
  if (!api || !events || !kernel) throw new Error('the page gave too few ports')
  const base = parseBoot(data)
  const report = (progress: RuntimeProgress): void =>
    post(events, { type: 'runtime', progress } satisfies HostEvent)
  const shelf = createShelf({ caches: findCaches(), base, usage })
  const { subtle } = self.crypto
  const settings = createSettings(createRecords('wasmrun-settings'))
  const hub = createHub({
    mirrors: () => sources.urls(),
    warn: (text) =>
      post(events, { type: 'log', time: Date.now(), severity: 'warning', text } satisfies HostEvent),
    fetch: self.fetch.bind(self),
    subtle,
    shelf,
    base,
    report,
    online: () => navigator.onLine,
  })
  const sources = createSources(settings, hub, base)
  const notify = (what: ProjectNotice['what']): void =>
    post(events, { type: 'project', what } satisfies HostEvent)
  const ownership = createOwnership({
    locks: navigator.locks ?? null,
    channel: typeof BroadcastChannel === 'function' ? new BroadcastChannel('wasmrun-projects') : null,
    onAsked: (id) => id === projects.current && notify('asked'),
    onTaken: (id) => id === projects.current && notify('taken'),
    onChanged: () => notify('changed'),
  })
  const projects = createProjects({
    store: createStore('wasmrun-projects', () => notify('cleared')),
    ownership,
    newId: () => self.crypto.randomUUID(),
    now: Date.now,
    notify,
  })
  const disk = createDisk({
    records: createRecords('wasmrun-disk'),
    project: () => projects.current,
    hashOf: async (bytes) => hex(new Uint8Array(await subtle.digest('SHA-256', bytes))),
    Observer: findObserver(),
    now: Date.now,
    notify: (status) => post(events, { type: 'disk', status } satisfies HostEvent),
  })
  const host = createHost({
    hub,
    settings,
    sources,
    projects,
    disk,
    estimate,
    probeShelf: () => probeShelf(shelf, subtle),
  })
  expose(host.forPage, api)
  expose(host.forKernel, kernel)
}

const hex = (bytes: Uint8Array): string => {
  let text = ''
  for (const byte of bytes) text += byte.toString(16).padStart(2, '0')
  return text
}

/** Chromium 133 and later; in no library of types yet. */
const findObserver = (): ObserverMaker | null =>
  (self as { FileSystemObserver?: ObserverMaker }).FileSystemObserver ?? null

/** In a browser that blocks storage, some throw at the very name. */
const findCaches = (): CacheStorage | null => {
  try {
    return self.caches ?? null
  } catch {
    return null
  }
}

void boot()
