/**
 * For tests: a thread that can be stopped before any single write to the machine's memory. Its views are proxies that count, and
 * while it runs `Atomics` takes proxies too.
 *
 *   'throw'   its stack is full: the exception passes through every `finally`, so its locks are released
 *   'die'     its worker is gone: nothing that it does from then on has any effect, and its locks stay taken
 */
import { attachMemory, type Memory } from './memory.ts'

export type Stop = 'throw' | 'die'

/** What a stopped thread throws. */
export class Stopped extends Error {}

export interface Crasher {
  memory: Memory
  /** Writes of `work`, or as many until it was stopped before write number `at`. */
  run(work: () => void, at: number, how: Stop): { writes: number; stopped: boolean }
}

type View = Int32Array | Uint8Array
/** Methods of arrays that write. */
const WRITERS = new Set<PropertyKey>(['fill', 'set', 'copyWithin'])
/** Calls of Atomics that change a structure; locks and wake words are not counted, only kept from a dead thread. */
const STORES = new Set<PropertyKey>(['store'])
const CHANGES = new Set<PropertyKey>([
  'add',
  'and',
  'or',
  'exchange',
  'compareExchange',
  'sub',
  'xor',
  'notify',
])

export const createCrasher = (shared: WebAssembly.Memory, thread: number): Crasher => {
  const inner = attachMemory(shared, thread)
  const targets = new WeakMap<object, View>()
  const proxies = new WeakMap<View, View>()
  let writes = 0
  let stopAt = Number.POSITIVE_INFINITY
  let mode: Stop = 'throw'
  let isStopped = false
  let isRunning = false

  /** True when the write is to be made. */
  const mayWrite = (): boolean => {
    if (isStopped) return mode === 'throw'
    if (writes++ < stopAt) return true
    isStopped = true
    throw new Stopped(`before write ${stopAt}`)
  }
  const wrap = <T extends View>(view: T): T => {
    const known = proxies.get(view)
    if (known) return known as T
    const proxy = new Proxy<T>(view, {
      get: (target, key) => {
        const value: unknown = Reflect.get(target, key, target)
        if (typeof value !== 'function') return value
        return (...args: unknown[]): unknown =>
          WRITERS.has(key) && !mayWrite() ? target : Reflect.apply(value, target, args)
      },
      set: (target, key, value) => (mayWrite() ? Reflect.set(target, key, value) : true),
    })
    proxies.set(view, proxy)
    targets.set(proxy, view)
    return proxy
  }
  const memory: Memory = {
    shared,
    thread,
    get i32() {
      return isRunning ? wrap(inner.i32) : inner.i32
    },
    get u8() {
      return isRunning ? wrap(inner.u8) : inner.u8
    },
    refresh: inner.refresh,
    grow: inner.grow,
  } as Memory

  const real = globalThis.Atomics
  const patched = new Proxy({} as Atomics, {
    get: (_target, key) => {
      const call = Reflect.get(real, key) as (...args: unknown[]) => unknown
      return (array: object, ...rest: unknown[]): unknown => {
        const target = targets.get(array)
        if (target && STORES.has(key) && !mayWrite()) return 0
        // A dead thread gets what it asks for, so that it goes on to its end, and changes nothing.
        if (target && CHANGES.has(key) && isStopped && mode === 'die') return 0
        return call(target ?? array, ...rest)
      }
    },
  })

  return {
    memory,
    run: (work, at, how) => {
      writes = 0
      stopAt = at
      mode = how
      isStopped = false
      globalThis.Atomics = patched
      isRunning = true
      try {
        work()
        return { writes, stopped: false }
      } catch (error) {
        if (!isStopped) throw error
        return { writes, stopped: true }
      } finally {
        globalThis.Atomics = real
        isRunning = false
        stopAt = Number.POSITIVE_INFINITY
      }
    },
  }
}
