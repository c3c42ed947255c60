/**
 * What hostile guest JavaScript could do to get at the machine's memory without any way to it: replace everything of the
 * language that the process code might use with a version that looks at what it is called with. Put into the script of a
 * process worker; it strikes when the guest is started, after the lock-down, as guest code would.
 */
import { atGuestStart } from './jail-site.ts'

/**
 * Runs in the worker, as text; reports when the guest has had time to run. `planted` gives the memory in the control test, else
 * nothing.
 */
const spy = (
  report: (found: string[]) => void,
  planted: () => WebAssembly.Memory | undefined,
  patience: number,
): Promise<void> => {
  const { apply, construct, ownKeys, getOwnPropertyDescriptor, defineProperty, getPrototypeOf } = Reflect
  const typed = getPrototypeOf(Uint8Array) as { prototype: object }
  const getter = (holder: object, name: string): (() => unknown) =>
    getOwnPropertyDescriptor(holder, name)?.get as () => unknown
  const [bufferOfArray, bufferOfView] = [
    getter(typed.prototype, 'buffer'),
    getter(DataView.prototype, 'buffer'),
  ]
  const bufferOfMemory = getter(WebAssembly.Memory.prototype, 'buffer')
  const sharedLength = getter(SharedArrayBuffer.prototype, 'byteLength')
  const found: string[] = []
  const seen = new Map<unknown, true>()
  const [hasSeen, see] = [Map.prototype.has, Map.prototype.set]
  let busy = false

  const works = (get: () => unknown, value: unknown): unknown => {
    try {
      return apply(get, value, [])
    } catch {
      return undefined
    }
  }
  const isMemory = (value: unknown): boolean => {
    if (works(sharedLength, value) !== undefined) return true
    for (const get of [bufferOfArray, bufferOfView, bufferOfMemory]) {
      const buffer = works(get, value)
      if (buffer !== undefined && works(sharedLength, buffer) !== undefined) return true
    }
    return false
  }
  const look = (value: unknown, where: string, depth: number): void => {
    if ((typeof value !== 'object' && typeof value !== 'function') || value === null) return
    if (isMemory(value)) {
      found[found.length] = where
      return
    }
    if (depth === 0 || apply(hasSeen, seen, [value])) return
    apply(see, seen, [value, true])
    const keys = ownKeys(value)
    for (let at = 0; at < keys.length && at < 64; at++) {
      const key = keys[at] as PropertyKey
      const inner = getOwnPropertyDescriptor(value, key)
      if (inner && 'value' in inner)
        look(inner.value, `${where} › ${typeof key === 'symbol' ? 'symbol' : key}`, depth - 1)
    }
  }
  /** The process code may be in the middle of anything: what is replaced must not be used by the spy itself. */
  const guarded = (where: string, values: unknown[]): void => {
    if (busy) return
    busy = true
    for (let at = 0; at < values.length; at++) look(values[at], where, 3)
    busy = false
  }
  type Callable = (...args: unknown[]) => unknown
  const wrap = (original: Callable, name: string): Callable =>
    new Proxy(original, {
      apply: (target, self, args) => {
        guarded(name, [self, args])
        const result: unknown = apply(target, self, args)
        guarded(`${name}()`, [result])
        return result
      },
      construct: (target, args, newTarget) => {
        guarded(`new ${name}`, [args])
        return construct(target, args, newTarget) as object
      },
    })

  const replaced = new Set<unknown>()
  const replaceIn = (holder: object, name: string): void => {
    if (replaced.has(holder)) return
    replaced.add(holder)
    for (const key of ownKeys(holder)) {
      const property = getOwnPropertyDescriptor(holder, key)
      if (!property?.configurable || key === 'constructor') continue
      const label = `${name}.${typeof key === 'symbol' ? key.description : key}`
      if (typeof property.value === 'function')
        defineProperty(holder, key, { ...property, value: wrap(property.value, label) })
      else if (property.get || property.set)
        defineProperty(holder, key, {
          ...property,
          ...(property.get ? { get: wrap(property.get, `get ${label}`) } : {}),
          ...(property.set ? { set: wrap(property.set as Callable, `set ${label}`) } : {}),
        })
    }
  }
  const scope = globalThis as unknown as Record<string, unknown>
  const roots = ownKeys(scope).filter((key) => typeof key === 'string')
  // Prototypes first: the constructors, and what they inherit from, are reached through them.
  const iterators = [
    [][Symbol.iterator](),
    new Map().values(),
    new Set().values(),
    (function* () {})(),
    ''[Symbol.iterator](),
  ]
  for (const iterator of iterators)
    for (let at = getPrototypeOf(iterator); at && at !== Object.prototype; at = getPrototypeOf(at))
      replaceIn(at, 'Iterator')
  replaceIn(typed.prototype, 'TypedArray.prototype')
  replaceIn(typed, 'TypedArray')
  for (const name of roots) {
    const value = scope[name]
    if (typeof value === 'function' && typeof value.prototype === 'object' && value.prototype !== null)
      replaceIn(value.prototype, `${name}.prototype`)
  }
  for (const name of roots) {
    const value = scope[name]
    if ((typeof value !== 'function' && typeof value !== 'object') || value === null || value === scope)
      continue
    replaceIn(value, name)
    const property = getOwnPropertyDescriptor(scope, name)
    if (typeof value === 'function' && property?.configurable)
      defineProperty(scope, name, { ...property, value: wrap(value as Callable, name) })
  }
  // Setters on the root of everything see what is put into an object or a list of the process code.
  for (const name of [
    'memory',
    'buffer',
    'vfs',
    'objects',
    'words',
    'bytes',
    'u8',
    'i32',
    '0',
    '1',
    'then',
  ]) {
    if (name in Object.prototype) continue
    defineProperty(Object.prototype, name, {
      configurable: true,
      get: () => undefined,
      set(this: object, value: unknown) {
        guarded(`set Object.prototype.${name}`, [value, this])
        defineProperty(this, name, { value, writable: true, enumerable: true, configurable: true })
      },
    })
  }
  interface CallSite {
    getThis(): unknown
    getFunction(): unknown
  }
  const onStack = (_error: unknown, sites: CallSite[]): string => {
    for (let at = 0; at < sites.length; at++) {
      const site = sites[at]
      if (site) guarded('a frame of the stack', [site.getThis(), site.getFunction()])
    }
    return 'spied'
  }
  Object.assign(Error, { prepareStackTrace: onStack, stackTraceLimit: 200 })

  const memory = planted()
  if (memory) {
    // The control: the process code's own sins, committed here, must be seen.
    const view = new Int32Array(memory.buffer)
    Reflect.get(globalThis, 'Atomics').load(view, 0)
    view.subarray(0, 1)
    ;[].concat(view as never)
  }
  return new Promise((resolve) => {
    setTimeout(() => {
      report(found)
      resolve()
    }, patience)
  })
}

/** Until the guest has run: WASI programs and Ruby do in the same turn, QuickJS waits for timers of its own first. */
const PATIENCE_MS = { process: 0, quickjs: 700, ruby: 0 }

/** @param plant whether the spy is handed the memory, to see that it notices */
export const spyScript = (place: keyof typeof PATIENCE_MS, plant: boolean): string => {
  const keep = plant
    ? ";let $memory; self.addEventListener('message', ({ data }) => { $memory = data.memory ?? $memory });"
    : ';let $memory;'
  const report = `((found) => $report({ attack: 'spy ${place}', results: { found: found.join('\\n') } }))`
  return keep + atGuestStart(`() => (${spy.toString()})(${report}, () => $memory, ${PATIENCE_MS[place]})`)
}
