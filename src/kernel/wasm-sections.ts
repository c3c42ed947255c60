/**
 * A module's bytes as sections (WebAssembly binary format, section 5.5): found, read number by number, and replaced.
 *
 * Invariant: nothing is read behind the end; what cannot be read is undefined.
 */
export const SECTION = { IMPORT: 2, TABLE: 4, MEMORY: 5 } as const
const MAGIC_BYTES = 8

export interface Section {
  /** Of its id, of its contents, and behind them. */
  at: number
  start: number
  end: number
}

export const findSection = (wasm: Uint8Array, id: number): Section | undefined => {
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

const HAS_MAXIMUM = 1
/** (ref null heap type) and (ref heap type); every other type is one byte. */
const REFERENCES: readonly (number | undefined)[] = [0x63, 0x64]

/** Behind a value type or a reference type. */
export const skipValueType = (bytes: Uint8Array, at: number): number | undefined =>
  REFERENCES.includes(bytes[at]) ? readUnsigned(bytes, at + 1)?.end : at + 1

/** Behind the limits of a memory or a table. */
export const skipLimits = (bytes: Uint8Array, at: number): number | undefined => {
  const least = readUnsigned(bytes, at + 1)
  return least && (bytes[at] ?? 0) & HAS_MAXIMUM ? readUnsigned(bytes, least.end)?.end : least?.end
}

/** LEB128, at most 32 bits. */
export const readUnsigned = (bytes: Uint8Array, at: number): { value: number; end: number } | undefined => {
  let value = 0
  for (let index = 0; index < 5; index++) {
    const byte = bytes[at + index]
    if (byte === undefined) return undefined
    value += (byte & 0x7f) * 2 ** (7 * index)
    if (!(byte & 0x80)) return { value, end: at + index + 1 }
  }
  return undefined
}

export const writeUnsigned = (value: number): number[] => {
  const bytes: number[] = []
  let rest = value
  do {
    const low = rest & 0x7f
    rest = Math.floor(rest / 128)
    bytes.push(rest > 0 ? low | 0x80 : low)
  } while (rest > 0)
  return bytes
}

/** `bytes` with another content for that section. */
export const replaceSection = (
  bytes: Uint8Array,
  id: number,
  { at, end }: Section,
  body: number[],
): Uint8Array<ArrayBuffer> => splice(bytes, at, end, [id, ...writeUnsigned(body.length), ...body])

const splice = (bytes: Uint8Array, from: number, to: number, put: number[]): Uint8Array<ArrayBuffer> => {
  const result = new Uint8Array(bytes.length - (to - from) + put.length)
  result.set(bytes.subarray(0, from))
  result.set(put, from)
  result.set(bytes.subarray(to), from + put.length)
  return result
}
