/** `wasmrun.fs.watch`: what the page watches, kept so that it goes on when the machine is opened anew for another project. */
import type { KernelApi } from '../abi/control.ts'
import type { Remote } from '../ipc/rpc.ts'
import type { FileSystem } from './types.ts'

type Listener = Parameters<FileSystem['watch']>[1]

interface Watch {
  path: string
  listener: Listener
  /** The kernel's number for it. */
  id: Promise<number>
}

export interface Watches {
  watch: FileSystem['watch']
  /** The kernel has seen changes. */
  heard(id: number, paths: readonly string[]): void
  /** Asks a new kernel for everything that is watched. */
  renew(): void
}

export const createWatches = (kernel: () => Promise<Remote<KernelApi>>): Watches => {
  const watches = new Set<Watch>()
  const listeners = new Map<number, Listener>()
  const ask = (path: string, listener: Listener): Promise<number> => {
    const id = kernel().then((api) => api.watch(path))
    // A machine that is gone says so by itself.
    id.then((number) => listeners.set(number, listener)).catch(() => {})
    return id
  }
  return {
    watch: (path, listener) => {
      const watch: Watch = { path, listener, id: ask(path, listener) }
      watches.add(watch)
      return () => {
        watches.delete(watch)
        const forget = async (number: number): Promise<void> => {
          listeners.delete(number)
          await (await kernel()).unwatch(number)
        }
        watch.id.then(forget).catch(() => {})
      }
    },
    heard: (id, paths) => listeners.get(id)?.(paths.map((path) => ({ path }))),
    renew: () => {
      listeners.clear()
      for (const watch of watches) watch.id = ask(watch.path, watch.listener)
    },
  }
}
