/** `wasmrun.fs.watch`: what the page watches, kept so that it goes on when the machine is opened anew for another project. */
import type { KernelApi } from '../abi/control.ts'
import type { Remote } from '../ipc/rpc.ts'
import type { FileSystem } from './types.ts'

type Listener = Parameters<FileSystem['watch']>[1]

interface Watch {
  path: string
  listener: Listener
  /** The kernel's number for it, and that kernel: the next one has the same numbers. */
  asked: Promise<{ api: Remote<KernelApi>; id: number }>
}

export interface Watches {
  watch: FileSystem['watch']
  /** The kernel has seen changes. */
  heard(id: number, paths: readonly string[], writers: readonly number[]): void
  /** Asks a new kernel for everything that is watched. */
  renew(): void
}

export const createWatches = (kernel: () => Promise<Remote<KernelApi>>): Watches => {
  const watches = new Set<Watch>()
  const heard = new Map<number, Watch>()
  const ask = async (path: string): Watch['asked'] => {
    const api = await kernel()
    return { api, id: await api.watch(path) }
  }
  const follow = async (watch: Watch): Promise<void> => {
    const { asked } = watch
    const { api, id } = await asked
    // Ended meanwhile, or asked again of a machine that was opened anew.
    if (watches.has(watch) && watch.asked === asked) heard.set(id, watch)
    else await api.unwatch(id)
  }
  const end = async (watch: Watch): Promise<void> => {
    watches.delete(watch)
    const { api, id } = await watch.asked
    if (heard.get(id) !== watch) return
    heard.delete(id)
    await api.unwatch(id)
  }
  return {
    watch: (path, listener) => {
      const watch: Watch = { path, listener, asked: ask(path) }
      watches.add(watch)
      // A machine that is gone says so by itself.
      follow(watch).catch(() => {})
      return () => void end(watch).catch(() => {})
    },
    heard: (id, paths, writers) =>
      heard.get(id)?.listener(paths.map((path, index) => ({ path, writer: writers[index] ?? 0 }))),
    renew: () => {
      heard.clear()
      for (const watch of watches) {
        watch.asked = ask(watch.path)
        follow(watch).catch(() => {})
      }
    },
  }
}
