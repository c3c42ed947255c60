/**
 * What the machine's code calls once guest JavaScript runs in the same worker. The build puts these names in the place of the
 * globals in the process bundle (esbuild's `inject`), so that a guest that replaces Atomics.load or Uint8Array.prototype.set is
 * never handed a view of the machine's memory as `this`, as an argument or by way of `constructor`.
 *
 * Invariant: this file is the first to run in the worker; arrays of these classes carry their methods with them, unchangeable.
 */
const { atomics, reals, defineProperty, getOwnPropertyDescriptor, ownKeys } = {
  atomics: globalThis.Atomics,
  reals: {
    Uint8Array: globalThis.Uint8Array,
    Int32Array: globalThis.Int32Array,
    WeakMap: globalThis.WeakMap,
  },
  defineProperty: Object.defineProperty,
  getOwnPropertyDescriptor: Object.getOwnPropertyDescriptor,
  ownKeys: Reflect.ownKeys,
}

const CapturedAtomics = Object.freeze({
  add: atomics.add,
  and: atomics.and,
  compareExchange: atomics.compareExchange,
  exchange: atomics.exchange,
  load: atomics.load,
  notify: atomics.notify,
  or: atomics.or,
  store: atomics.store,
  sub: atomics.sub,
  wait: atomics.wait,
  waitAsync: atomics.waitAsync,
  xor: atomics.xor,
})

// Constructors of their own: V8's default one passes its arguments through Array.prototype[Symbol.iterator].
class CapturedUint8Array extends reals.Uint8Array {
  constructor(source: ArrayBuffer, offset?: number, length?: number) {
    super(source, offset, length)
  }
}
class CapturedInt32Array extends reals.Int32Array {
  constructor(source: ArrayBuffer, offset?: number, length?: number) {
    super(source, offset, length)
  }
}
/** A map's keys are handed to its methods, and the machine's Memory is one. */
class CapturedWeakMap<K extends WeakKey, V> extends reals.WeakMap<K, V> {}

type View = Uint8Array | Int32Array
type ViewClass = { prototype: View; new (buffer: ArrayBufferLike, offset: number, length: number): View }

const fix = (holder: object, key: PropertyKey, value: PropertyDescriptor): void => {
  const fixed = 'value' in value ? { ...value, writable: false } : value
  defineProperty(holder, key, { ...fixed, configurable: false })
}

/**
 * Copies every method and getter, fixed for good. The prototype is not frozen as a whole: V8 makes stores into arrays with a
 * frozen prototype forty times slower, and a property added to it changes nothing.
 */
const sealFrom = (captured: object, source: object): void => {
  for (const key of ownKeys(source)) {
    const found = getOwnPropertyDescriptor(source, key)
    if (found && key !== 'constructor' && key !== 'subarray') fix(captured, key, found)
  }
}

const seal = (captured: { prototype: View }, real: ViewClass): void => {
  sealFrom(captured.prototype, Object.getPrototypeOf(real.prototype) as object)
  sealFrom(captured.prototype, real.prototype)
  // Without a constructor of its own, slice makes a plain array of the realm's own class, which no guest can change.
  fix(captured.prototype, 'constructor', { value: undefined })
  // The built-in one looks for a species, which is slow for any class but the built-in ones.
  const size = real.prototype.BYTES_PER_ELEMENT
  fix(captured.prototype, 'subarray', {
    value: function subarray(this: View, start = 0, end = this.length): View {
      const { length } = this
      const from = start < 0 ? (start + length < 0 ? 0 : start + length) : start > length ? length : start
      const to = end < 0 ? end + length : end > length ? length : end
      return new real(this.buffer, this.byteOffset + from * size, to > from ? to - from : 0)
    },
  })
}

seal(CapturedUint8Array, reals.Uint8Array)
seal(CapturedInt32Array, reals.Int32Array)
sealFrom(CapturedWeakMap.prototype, reals.WeakMap.prototype)

export {
  CapturedAtomics as Atomics,
  CapturedInt32Array as Int32Array,
  CapturedUint8Array as Uint8Array,
  CapturedWeakMap as WeakMap,
}
