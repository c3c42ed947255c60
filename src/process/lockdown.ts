/**
 * Takes away what a guest in this worker must not have: ways out (network, storage, other workers, messages to the jail's
 * document) and, with `shield`, ways in. Whatever is not named here is taken, so that what a browser adds next year is too.
 *
 * Invariant: runs before any guest code, and for good: an own, unchangeable property that is undefined stands in the place of
 * what was taken. The jail's sandbox and CSP refuse all of it as well; this is the second wall, for nested workers above all.
 */

/** The language itself, and what of the platform only computes. */
const KEPT = new Set(
  `Object Function Array Number parseFloat parseInt Infinity NaN undefined Boolean String Symbol Date Promise RegExp Error
  AggregateError EvalError RangeError ReferenceError SyntaxError TypeError URIError SuppressedError InternalError globalThis
  JSON Math Intl ArrayBuffer SharedArrayBuffer Atomics Uint8Array Int8Array Uint16Array Int16Array Uint32Array Int32Array
  Float16Array Float32Array Float64Array Uint8ClampedArray BigUint64Array BigInt64Array DataView Map BigInt Set WeakMap
  WeakSet WeakRef Proxy Reflect FinalizationRegistry Iterator AsyncIterator DisposableStack AsyncDisposableStack Temporal
  decodeURI decodeURIComponent encodeURI encodeURIComponent escape unescape eval isFinite isNaN WebAssembly console
  self setTimeout clearTimeout setInterval clearInterval queueMicrotask structuredClone atob btoa performance Performance
  crypto Crypto SubtleCrypto CryptoKey TextEncoder TextDecoder TextEncoderStream TextDecoderStream URL URLSearchParams
  Event CustomEvent EventTarget MessageEvent ErrorEvent PromiseRejectionEvent AbortController AbortSignal DOMException
  MessageChannel MessagePort Blob File FormData Headers Request Response ReadableStream WritableStream TransformStream
  ReadableStreamDefaultReader ReadableStreamBYOBReader ReadableStreamDefaultController ReadableByteStreamController
  ReadableStreamBYOBRequest WritableStreamDefaultWriter WritableStreamDefaultController TransformStreamDefaultController
  ByteLengthQueuingStrategy CountQueuingStrategy CompressionStream DecompressionStream`.split(/\s+/),
)

/** Names of what the browser would not let go of; empty in the browsers that are known. */
export const lockDown = (scope: object): string[] => {
  const taken = new Set<PropertyKey>()
  for (const holder of chainOf(scope)) {
    for (const name of Reflect.ownKeys(holder)) {
      if (typeof name !== 'string' || KEPT.has(name) || name === 'constructor') continue
      taken.add(name)
      // What EventTarget offers is needed by every port; only the global object itself loses it.
      if (!Object.hasOwn(holder, 'addEventListener')) Reflect.deleteProperty(holder, name)
    }
  }
  const left: string[] = []
  for (const name of taken) {
    const isGone = Reflect.defineProperty(scope, name, {
      value: undefined,
      writable: false,
      configurable: false,
    })
    if (!isGone && Reflect.get(scope, name) !== undefined) left.push(String(name))
  }
  return left
}

/** The object and its prototypes, without Object.prototype. */
const chainOf = (object: object): object[] => {
  const chain: object[] = []
  for (let at: object | null = object; at && at !== Object.prototype; at = Object.getPrototypeOf(at))
    chain.push(at)
  return chain
}

/**
 * Gives an object of ours its own copies of what it inherits, so that a guest which changes the prototype (MessagePort's
 * methods, WebAssembly.Memory's `buffer`) is not called with ours as `this`.
 */
export const shield = (object: object): void => {
  for (const holder of chainOf(object).slice(1)) {
    for (const key of Reflect.ownKeys(holder)) {
      const found = Reflect.getOwnPropertyDescriptor(holder, key)
      if (found && !Object.hasOwn(object, key))
        Reflect.defineProperty(object, key, { ...found, configurable: false })
    }
  }
}
