/** What the benchmark puts into the built page: `globalThis.bench`, driven from bench.ts. */
import type { Wasmrun } from '../../src/sdk/types.ts'
import { createFileBench, type FileBench, type FileCase, type Place, statRate } from './files.ts'
import { emptyWorkers, keepIdle, killTime, letGo, spawnMany } from './life.ts'
import { lockCost, statTime, writeRate } from './locks.ts'
import { memoryCost } from './memory.ts'
import { createPipeBench, type PipeBench } from './pipes.ts'
import { emptyWorker, firstPythonHello, prepareHello, pythonHello, rustHello } from './start.ts'

declare global {
  interface Window {
    wasmrun: Wasmrun
    bench: Bench
  }
}

let files: FileBench | null = null
let pipes: PipeBench | null = null

const fetchBytes = async (name: string): Promise<Uint8Array<ArrayBuffer>> =>
  new Uint8Array(await (await fetch(`/bench/${name}`)).arrayBuffer())

const bench = {
  prepareFiles: async (): Promise<void> => {
    files = await createFileBench(await fetchBytes('bench.wasm'))
  },
  files: (name: FileCase, place: Place) => files?.round(name, place),
  statRate,
  preparePipes: async (): Promise<void> => {
    pipes = await createPipeBench()
  },
  pipes: () => pipes?.round(),
  endPipes: () => pipes?.end(),
  memoryCost,
  prepareHello: async (): Promise<void> => prepareHello(await fetchBytes('probe.wasm')),
  rustHello,
  emptyWorker,
  firstPythonHello,
  pythonHello,
  killTime,
  spawnMany,
  emptyWorkers,
  keepIdle,
  letGo,
  lockCost,
  writeRate,
  statTime,
}
export type Bench = typeof bench
window.bench = bench
