/**
 * Gives a module's memory and tables a maximum before it is compiled, so that the engine itself refuses to grow them further
 * (WebAssembly binary format, section 5.3.7 and 5.5.8: limits are `00 min` or `01 min max`, LEB128; a memory's in pages of 64 KiB).
 *
 * Invariant: a module that comes out with refusal '' has at most one memory, and that one is limited. A memory that the engine might
 * know and this file does not (of 64 bits, of other pages, shared and its own) is refused, never let through.
 */
import {
  findSection,
  readUnsigned,
  replaceSection,
  SECTION,
  type Section,
  skipLimits,
  skipValueType,
  writeUnsigned,
} from './wasm-sections.ts'
import { limitTables } from './wasm-tables.ts'

const PAGE_BYTES = 65536
const HAS_MAXIMUM = 1
const SHARED = 2
const IS_64 = 4

export interface LimitedModule {
  bytes: Uint8Array<ArrayBuffer>
  /** Bytes that its memory starts with. */
  minimum: number
  /** Why it is not to be compiled: a clause about "it", or ''. */
  refusal: string
}

/** `wasm` with maxima that keep it within `limit` bytes. The caller compares `minimum` with the limit. */
export const limitMemory = (wasm: Uint8Array<ArrayBuffer>, limit: number): LimitedModule => {
  const tables = limitTables(wasm, limit)
  if (tables.refusal !== '') return { bytes: wasm, minimum: 0, refusal: tables.refusal }
  return limitOwn(tables.bytes, limit)
}

const limitOwn = (wasm: Uint8Array<ArrayBuffer>, limit: number): LimitedModule => {
  const refuse = (refusal: string): LimitedModule => ({ bytes: wasm, minimum: 0, refusal })
  const imported = countImported(wasm)
  const section = findSection(wasm, SECTION.MEMORY)
  const count = section ? readUnsigned(wasm, section.start) : { value: 0, end: 0 }
  if (imported === undefined) return refuse('its imports are of a kind that this machine does not know')
  if (!count) return refuse(UNREADABLE)
  if (imported + count.value > 1)
    return refuse(`it has ${imported + count.value} memories, and a program has one here`)
  if (!section || count.value === 0) return { bytes: wasm, minimum: 0, refusal: '' }
  const unusual = whyUnusual(wasm[count.end] ?? 0)
  return unusual === '' ? rewrite(wasm, section, count.end, limit) : refuse(unusual)
}

const UNREADABLE = 'its memory is of a kind that this machine does not know'

const whyUnusual = (flags: number): string => {
  if (flags & IS_64)
    return 'its memory has addresses of 64 bits (memory64), and WASI has 32; build it for wasm32-wasip1'
  if (flags & SHARED)
    return 'it makes a shared memory of its own, and a program with threads imports it; build it for wasm32-wasip1-threads'
  return flags & ~HAS_MAXIMUM ? UNREADABLE : ''
}

/** One memory, plain, with its flags at `at`. */
const rewrite = (
  wasm: Uint8Array<ArrayBuffer>,
  section: Section,
  at: number,
  limit: number,
): LimitedModule => {
  const hasMaximum = ((wasm[at] ?? 0) & HAS_MAXIMUM) !== 0
  const minimum = readUnsigned(wasm, at + 1)
  const maximum = minimum && hasMaximum ? readUnsigned(wasm, minimum.end) : minimum
  if (!minimum || !maximum || maximum.end !== section.end)
    return { bytes: wasm, minimum: 0, refusal: UNREADABLE }
  const allowed = Math.max(Math.floor(limit / PAGE_BYTES), minimum.value)
  const most = hasMaximum ? Math.min(maximum.value, allowed) : allowed
  const body = [1, HAS_MAXIMUM, ...writeUnsigned(minimum.value), ...writeUnsigned(most)]
  return {
    bytes: replaceSection(wasm, SECTION.MEMORY, section, body),
    minimum: minimum.value * PAGE_BYTES,
    refusal: '',
  }
}

/** A memory that the module wants to be given, in pages: what programs with threads do (wasi-threads). */
export interface ImportedMemory {
  initial: number
  maximum: number
}

const KIND = { FUNCTION: 0, TABLE: 1, MEMORY: 2, GLOBAL: 3, TAG: 4 } as const

/** The shared memory that a module imports, with a maximum of at most `limit` bytes; null when it imports none. */
export const importedMemory = (wasm: Uint8Array, limit: number): ImportedMemory | null => {
  const [at] = importedMemories(wasm) ?? []
  return at === undefined ? null : sharedLimits(wasm, at, limit)
}

const countImported = (wasm: Uint8Array): number | undefined => importedMemories(wasm)?.length

/** Where the limits of each imported memory are; undefined when the imports cannot be read. */
const importedMemories = (wasm: Uint8Array): number[] | undefined => {
  const section = findSection(wasm, SECTION.IMPORT)
  if (!section) return []
  const count = readUnsigned(wasm, section.start)
  if (!count) return undefined
  const found: number[] = []
  let at = count.end
  for (let index = 0; index < count.value; index++) {
    const kind = skipNames(wasm, at)
    const end = kind === undefined ? undefined : skipType(wasm, kind)
    if (kind === undefined || end === undefined || end > section.end) return undefined
    if (wasm[kind] === KIND.MEMORY) found.push(kind + 1)
    at = end
  }
  return found
}

/** Whether the module imports anything from the module of that name. */
export const importsFrom = (wasm: Uint8Array, from: string): boolean => {
  const section = findSection(wasm, SECTION.IMPORT)
  const count = section && readUnsigned(wasm, section.start)
  let at = count?.end
  for (let index = 0; count && at !== undefined && index < count.value; index++) {
    const module = readUnsigned(wasm, at)
    const kind = skipNames(wasm, at)
    if (!module || kind === undefined) return false
    if (decoder.decode(wasm.slice(module.end, module.end + module.value)) === from) return true
    at = skipType(wasm, kind)
  }
  return false
}

const decoder = new TextDecoder()

/** Behind the two names of an import: where its kind is. */
const skipNames = (wasm: Uint8Array, start: number): number | undefined => {
  const module = readUnsigned(wasm, start)
  const name = module && readUnsigned(wasm, module.end + module.value)
  return name && name.end + name.value
}

/** Behind what is imported. */
const skipType = (wasm: Uint8Array, kind: number): number | undefined => {
  const at = kind + 1
  if (wasm[kind] === KIND.FUNCTION) return readUnsigned(wasm, at)?.end
  if (wasm[kind] === KIND.TAG) return readUnsigned(wasm, at + 1)?.end
  if (wasm[kind] === KIND.MEMORY) return skipLimits(wasm, at)
  const type = skipValueType(wasm, at)
  if (wasm[kind] === KIND.GLOBAL) return type === undefined ? undefined : type + 1
  return wasm[kind] === KIND.TABLE && type !== undefined ? skipLimits(wasm, type) : undefined
}

const sharedLimits = (wasm: Uint8Array, at: number, limit: number): ImportedMemory | null => {
  if (wasm[at] !== (HAS_MAXIMUM | SHARED)) return null
  const initial = readUnsigned(wasm, at + 1)
  const maximum = initial && readUnsigned(wasm, initial.end)
  if (!initial || !maximum) return null
  return { initial: initial.value, maximum: Math.min(maximum.value, Math.floor(limit / PAGE_BYTES)) }
}
