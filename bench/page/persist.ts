/** Saving and restoring a project of many files, beside idb-keyval. Driven from bench/persist.ts. */
import type { Wasmrun } from '../../src/sdk/types.ts'
import { sourceTree, type Tree } from './tree.ts'

declare global {
  interface Window {
    wasmrun: Wasmrun
    benchPersist: typeof bench
  }
}

export interface Timed {
  milliseconds: number
  files: number
}

const MEAN_BYTES = 3600

const keyval = (message: object): Promise<Timed> => {
  const worker = new Worker('/bench/keyval.js')
  return new Promise((resolve, reject) => {
    worker.onmessage = ({ data }) => {
      worker.terminate()
      resolve(data)
    }
    worker.onerror = (event) => reject(new Error(event.message))
    worker.postMessage(message)
  })
}

const timed = async (work: () => Promise<number>): Promise<Timed> => {
  const start = performance.now()
  const files = await work()
  return { milliseconds: performance.now() - start, files }
}

const bench = {
  /** Puts the files into the machine; they are not kept yet. */
  prepare: async (count: number): Promise<void> => {
    const { tree } = sourceTree(count, MEAN_BYTES)
    await window.wasmrun.mount(tree)
  },
  save: async (): Promise<Timed & { id: string }> => {
    let id = ''
    const result = await timed(async () => {
      const project = await window.wasmrun.projects.create('bench', { files: 'current' })
      id = project.id
      return (await window.wasmrun.machine()).files
    })
    return { ...result, id }
  },
  /** Opened: programs can start, and whoever wants a file's bytes has them. Arrived: the last of them is in the machine. */
  restore: async (id: string): Promise<{ opened: Timed; arrived: number }> => {
    const start = performance.now()
    const opened = await timed(async () => (await window.wasmrun.projects.open(id)).entries)
    // Nothing has changed, so all that is waited for is what is still to come.
    await window.wasmrun.projects.save()
    return { opened, arrived: performance.now() - start }
  },
  /** Otherwise the page would open it again by itself, in the middle of the next measurement. */
  close: (): Promise<void> => window.wasmrun.projects.close(),
  keyvalSave: (count: number): Promise<Timed> => keyval({ save: count, mean: MEAN_BYTES }),
  keyvalLoad: (): Promise<Timed> => keyval({ load: true }),
  /** What has to be done after idb-keyval's answer for a program to find its files: the same import as a drop. */
  importTree: (count: number): Promise<Timed> => {
    const { tree } = sourceTree(count, MEAN_BYTES)
    return timed(async () => {
      await window.wasmrun.mount(tree as Tree, '/tmp/keyval')
      return count
    })
  },
}
window.benchPersist = bench
