/**
 * Gives a module's memory a maximum before it is compiled, so that the engine itself refuses to grow it further
 * (WebAssembly binary format, section 5.5.8: limits are `00 min` or `01 min max`, in pages of 64 KiB, LEB128).
 *
 * Invariant: only the memory section changes; what cannot be parsed is left as it is, for the compiler to refuse.
 */
const MAGIC_BYTES = 8
const MEMORY_SECTION = 5
const PAGE_BYTES = 65536
const HAS_MAXIMUM = 1
/** Bit of a shared or 64-bit memory: such a one is left alone (its instantiation is refused elsewhere). */
const UNUSUAL = ~HAS_MAXIMUM

export interface LimitedModule {
  bytes: Uint8Array<ArrayBuffer>
  /** Bytes that its memory starts with. */
  minimum: number
}

/** `wasm` with a maximum of at most `limit` bytes. The caller compares `minimum` with the limit. */
export const limitMemory = (wasm: Uint8Array<ArrayBuffer>, limit: number): LimitedModule => {
  const untouched = { bytes: wasm, minimum: 0 }
  const section = findSection(wasm, MEMORY_SECTION)
  if (!section) return untouched
  const count = readUnsigned(wasm, section.start)
  const flags = count && wasm[count.end]
  if (count?.value !== 1 || flags === undefined || flags & UNUSUAL) return untouched
  const minimum = readUnsigned(wasm, count.end + 1)
  const maximum = minimum && flags & HAS_MAXIMUM ? readUnsigned(wasm, minimum.end) : minimum
  if (!minimum || !maximum || maximum.end !== section.end) return untouched
  const allowed = Math.max(Math.floor(limit / PAGE_BYTES), minimum.value)
  const most = flags & HAS_MAXIMUM ? Math.min(maximum.value, allowed) : allowed
  const body = [1, HAS_MAXIMUM, ...writeUnsigned(minimum.value), ...writeUnsigned(most)]
  const header = [MEMORY_SECTION, ...writeUnsigned(body.length)]
  return {
    bytes: splice(wasm, section.at, section.end, [...header, ...body]),
    minimum: minimum.value * PAGE_BYTES,
  }
}

/** A memory that the module wants to be given, in pages: what programs with threads do (wasi-threads). */
export interface ImportedMemory {
  initial: number
  maximum: number
}

const IMPORT_SECTION = 2
const SHARED = 2
const KIND = { FUNCTION: 0, TABLE: 1, MEMORY: 2, GLOBAL: 3 } as const

/** The shared memory that a module imports, with a maximum of at most `limit` bytes; null when it imports none. */
export const importedMemory = (wasm: Uint8Array, limit: number): ImportedMemory | null => {
  const section = findSection(wasm, IMPORT_SECTION)
  const count = section && readUnsigned(wasm, section.start)
  if (!count) return null
  let at = count.end
  for (let index = 0; index < count.value; index++) {
    const kind = skipNames(wasm, at)
    if (kind === undefined) return null
    if (wasm[kind] === KIND.MEMORY) return sharedLimits(wasm, kind + 1, limit)
    const next = skipType(wasm, kind)
    if (next === undefined) return null
    at = next
  }
  return null
}

/** Whether the module imports anything from the module of that name. */
export const importsFrom = (wasm: Uint8Array, from: string): boolean => {
  const section = findSection(wasm, IMPORT_SECTION)
  const count = section && readUnsigned(wasm, section.start)
  let at = count?.end
  for (let index = 0; count && at !== undefined && index < count.value; index++) {
    const module = readUnsigned(wasm, at)
    const kind = skipNames(wasm, at)
    if (!module || kind === undefined) return false
    if (decoder.decode(wasm.slice(module.end, module.end + module.value)) === from) return true
    at = wasm[kind] === KIND.MEMORY ? skipLimits(wasm, kind + 1) : skipType(wasm, kind)
  }
  return false
}

const decoder = new TextDecoder()

/** Behind the limits of a memory. */
const skipLimits = (wasm: Uint8Array, at: number): number | undefined => {
  const least = readUnsigned(wasm, at + 1)
  return least && (wasm[at] ?? 0) & HAS_MAXIMUM ? readUnsigned(wasm, least.end)?.end : least?.end
}

/** Behind the two names of an import: where its kind is. */
const skipNames = (wasm: Uint8Array, start: number): number | undefined => {
  const module = readUnsigned(wasm, start)
  const name = module && readUnsigned(wasm, module.end + module.value)
  return name && name.end + name.value
}

/** Behind an import that is no memory. */
const skipType = (wasm: Uint8Array, kind: number): number | undefined => {
  if (wasm[kind] === KIND.FUNCTION) return readUnsigned(wasm, kind + 1)?.end
  if (wasm[kind] === KIND.GLOBAL) return kind + 3
  if (wasm[kind] !== KIND.TABLE) return undefined
  const least = readUnsigned(wasm, kind + 3)
  return least && (wasm[kind + 2] ?? 0) & HAS_MAXIMUM ? readUnsigned(wasm, least.end)?.end : least?.end
}

const sharedLimits = (wasm: Uint8Array, at: number, limit: number): ImportedMemory | null => {
  if (wasm[at] !== (HAS_MAXIMUM | SHARED)) return null
  const initial = readUnsigned(wasm, at + 1)
  const maximum = initial && readUnsigned(wasm, initial.end)
  if (!initial || !maximum) return null
  return { initial: initial.value, maximum: Math.min(maximum.value, Math.floor(limit / PAGE_BYTES)) }
}

interface Section {
  /** Of its id, of its contents, and behind them. */
  at: number
  start: number
  end: number
}

const findSection = (wasm: Uint8Array, id: number): Section | undefined => {
  for (let at = MAGIC_BYTES; at < wasm.length; ) {
    const size = readUnsigned(wasm, at + 1)
    if (!size) return undefined
    const end = size.end + size.value
    if (end > wasm.length) return undefined
    if (wasm[at] === id) return { at, start: size.end, end }
    at = end
  }
  return undefined
}

/** LEB128, at most 32 bits. */
const readUnsigned = (bytes: Uint8Array, at: number): { value: number; end: number } | undefined => {
  let value = 0
  for (let index = 0; index < 5; index++) {
    const byte = bytes[at + index]
    if (byte === undefined) return undefined
    value += (byte & 0x7f) * 2 ** (7 * index)
    if (!(byte & 0x80)) return { value, end: at + index + 1 }
  }
  return undefined
}

const writeUnsigned = (value: number): number[] => {
  const bytes: number[] = []
  let rest = value
  do {
    const low = rest & 0x7f
    rest = Math.floor(rest / 128)
    bytes.push(rest > 0 ? low | 0x80 : low)
  } while (rest > 0)
  return bytes
}

const splice = (bytes: Uint8Array, from: number, to: number, put: number[]): Uint8Array<ArrayBuffer> => {
  const result = new Uint8Array(bytes.length - (to - from) + put.length)
  result.set(bytes.subarray(0, from))
  result.set(put, from)
  result.set(bytes.subarray(to), from + put.length)
  return result
}
