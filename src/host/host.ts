/**
 * The host: what is precious (storage, the hub) behind the two faces that page and kernel see. Every call goes through the
 * table of requests.
 */
import type { HostApi, HostForKernel, RuntimeBundle } from '../abi/control.ts'
import type { DiskForPage } from '../abi/disk.ts'
import { ERRNO, SysError } from '../abi/errno.ts'
import type { StorageFigures } from '../abi/project.ts'
import { moving } from '../ipc/rpc.ts'
import type { Hub } from './hub.ts'
import { projectsForKernel, projectsForPage } from './project-requests.ts'
import type { Projects } from './projects.ts'
import { Refusal } from './refusal.ts'
import { type Asker, type HostRequest, parseHostRequest } from './requests.ts'
import type { Settings } from './settings.ts'
import type { Sources } from './sources.ts'

export interface HostOptions {
  hub: Hub
  settings: Settings
  sources: Sources
  projects: Projects
  disk: DiskForPage & { forget(project: string): Promise<void> }
  estimate: () => Promise<StorageFigures>
  /** Whether runtimes can be kept: null, or a sentence that says why not. */
  probeShelf: () => Promise<string | null>
}

export interface Host {
  forPage: HostApi
  forKernel: HostForKernel
}

export const createHost = ({
  hub,
  settings,
  sources,
  projects,
  disk,
  estimate,
  probeShelf,
}: HostOptions): Host => {
  const act = async (request: HostRequest): Promise<unknown> => {
    switch (request.method) {
      case 'storage':
        return describeStorage(await settings.probe(), await probeShelf())
      case 'runtimes':
        return hub.list()
      case 'load':
        return load(hub, request.name, request.version)
      case 'prefetch':
        return void (await hub.load(request.name, request.version))
      case 'remove':
        return hub.remove(request.name, request.version)
      case 'cancel':
        return hub.cancel(request.name)
      case 'runtimeSources':
        return sources.list()
      case 'addRuntimeSource':
        return sources.add(request.url)
      case 'removeRuntimeSource':
        return sources.remove(request.url)
      case 'getSetting':
        return settings.get(request.key)
      case 'setSetting':
        return settings.set(request.key, request.value)
    }
  }
  const ask =
    (asker: Asker, method: HostRequest['method']) =>
    async (...args: unknown[]): Promise<never> =>
      // `act` answers each method with what the faces below promise for it.
      (await act(parseHostRequest(asker, method, args))) as never
  const ofProjects = projectsForPage(projects, estimate)
  const { forget: _, ...ofDisk } = disk
  return {
    forPage: {
      hello: () => undefined,
      storage: ask('page', 'storage'),
      runtimes: ask('page', 'runtimes'),
      prefetch: ask('page', 'prefetch'),
      cancel: ask('page', 'cancel') as unknown as HostApi['cancel'],
      remove: ask('page', 'remove'),
      runtimeSources: ask('page', 'runtimeSources'),
      addRuntimeSource: ask('page', 'addRuntimeSource'),
      removeRuntimeSource: ask('page', 'removeRuntimeSource'),
      getSetting: ask('page', 'getSetting'),
      setSetting: ask('page', 'setSetting'),
      ...ofProjects,
      deleteProject: async (id) => {
        await ofProjects.deleteProject(id)
        await disk.forget(id)
      },
      ...ofDisk,
    },
    forKernel: { load: ask('kernel', 'load'), ...projectsForKernel(projects) },
  }
}

/** A name that means nothing is ENOENT, as for any command; everything else keeps its words. */
const load = async (hub: Hub, name: string, version: string | null): Promise<RuntimeBundle> => {
  try {
    const bundle = await hub.load(name, version)
    return moving(bundle, [bundle.wasm, ...Object.values(bundle.files)])
  } catch (error) {
    if (error instanceof Refusal && error.code === 'unknown-runtime')
      throw new SysError(ERRNO.NOENT, name, 'no runtime goes by that name')
    throw error
  }
}

const describeStorage = (
  records: string | null,
  shelf: string | null,
): { works: boolean; message: string } => {
  const problem = records ?? shelf
  if (!problem) return { works: true, message: '' }
  return { works: false, message: `${problem} Programs run, but nothing is kept for the next visit.` }
}
