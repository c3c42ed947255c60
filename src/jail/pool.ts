/**
 * The workers of the jail. Only a document can make workers whose creator sleeps, so the kernel asks here.
 *
 *   blank ──bind──► bound to a thread ──terminate──► gone
 *     └──warm(module)──► warm[key] ──bind──┘
 *
 * Two blank workers are always kept, with the script loaded, so that a start costs a message instead of a worker; and two of the
 * kind with more imports, from the first time on that a program asks for it.
 * Invariant: a worker serves one process in its life; a guest never finds what another left.
 */
import type { Census } from '../abi/audit.ts'
import type { FromProcessWorker, ProcessBind, ToProcessWorker, WarmRecipe } from '../abi/control.ts'
import { listen, post } from '../ipc/port.ts'

const BLANK_WORKERS = 2
const BLANK_KINDS: readonly Kind[] = ['wasi', 'wasmrun']
type Kind = WarmRecipe['kind']

/** A hidden first run that takes longer than this is given up; the worker is thrown away. */
const WARM_TIMEOUT_MS = 20_000

export interface Pool {
  start(thread: number, key: string, module: WebAssembly.Module, bind: ProcessBind): void
  terminate(thread: number): void
  keepWarm(key: string, module: WebAssembly.Module, recipe: WarmRecipe, count: number): Promise<void>
  forget(key: string): void
  census(): Census
}

export interface PoolOptions {
  /** Makes a worker of the process script of that kind. */
  spawn: (kind: Kind) => Worker
  /** The worker of a thread failed outside of its guest. */
  onFailure: (thread: number, message: string) => void
}

export const createPool = ({ spawn, onFailure }: PoolOptions): Pool => {
  /** Of the kinds that have nothing else warm: a module of one's own is not run beforehand. */
  const blank = new Map<Kind, Worker[]>([['wasi', []]])
  const bound = new Map<number, Worker>()
  const warm = new Map<string, { workers: Worker[]; refill: () => void }>()

  const make = (kind: Kind): Worker => {
    const worker = spawn(kind)
    worker.addEventListener('error', (event) => failed(worker, event.message))
    worker.addEventListener('messageerror', () => failed(worker, 'a message could not be read'))
    return worker
  }
  const failed = (worker: Worker, message: string): void => {
    const thread = [...bound].find(([, candidate]) => candidate === worker)?.[0]
    if (thread !== undefined) {
      onFailure(thread, message || 'its worker could not start')
      return
    }
    for (const waiting of [...blank.values(), ...[...warm.values()].map(({ workers }) => workers)]) {
      const at = waiting.indexOf(worker)
      if (at >= 0) waiting.splice(at, 1)
    }
    worker.terminate()
  }
  const fill = (): void => {
    for (const [kind, workers] of blank) while (workers.length < BLANK_WORKERS) workers.push(make(kind))
  }
  const takeBlank = (kind: Kind): Worker => {
    const workers = blank.get(kind) ?? []
    blank.set(kind, workers)
    const worker = workers.shift() ?? make(kind)
    setTimeout(fill)
    return worker
  }
  const warmOne = async (module: WebAssembly.Module, recipe: WarmRecipe): Promise<Worker | null> => {
    const worker = make(recipe.kind)
    post(worker, { type: 'warm', module, recipe } satisfies ToProcessWorker)
    const isWarm = await new Promise<boolean>((resolve) => {
      const timer = setTimeout(() => resolve(false), WARM_TIMEOUT_MS)
      listen(worker, (data) => {
        if ((data as FromProcessWorker).type !== 'warmed') return
        clearTimeout(timer)
        resolve(true)
      })
      worker.addEventListener('error', () => resolve(false))
    })
    if (isWarm) return worker
    worker.terminate()
    return null
  }

  fill()
  return {
    start: (thread, key, module, bind) => {
      const entry = warm.get(key)
      const { kind } = bind.start
      const worker = entry?.workers.shift() ?? (BLANK_KINDS.includes(kind) ? takeBlank(kind) : make(kind))
      entry?.refill()
      bound.set(thread, worker)
      post(worker, { type: 'bind', module, ...bind } satisfies ToProcessWorker, [bind.port])
    },
    terminate: (thread) => {
      bound.get(thread)?.terminate()
      bound.delete(thread)
    },
    keepWarm: async (key, module, recipe, count) => {
      const workers: Worker[] = []
      let making = 0
      const refill = (): void => {
        while (workers.length + making < count) {
          making++
          void warmOne(module, recipe).then((worker) => {
            making--
            if (!worker) return
            if (warm.get(key)?.workers === workers) workers.push(worker)
            else worker.terminate()
          })
        }
      }
      warm.set(key, { workers, refill })
      const first = count > 0 ? await warmOne(module, recipe) : null
      if (first) workers.push(first)
      if (first) refill()
    },
    forget: (key) => {
      for (const worker of warm.get(key)?.workers ?? []) worker.terminate()
      warm.delete(key)
    },
    census: () => ({
      bound: bound.size,
      blank: [...blank.values()].reduce((sum, workers) => sum + workers.length, 0),
      warm: [...warm.values()].reduce((sum, { workers }) => sum + workers.length, 0),
    }),
  }
}
