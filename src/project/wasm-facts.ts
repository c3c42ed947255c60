/**
 * What a .wasm is, read from its sections without compiling it: whether it can run here, and which tool made it.
 * (WebAssembly core specification, binary format; tool conventions for the producers section.)
 */

import { WASMRUN } from '../abi/syscalls.ts'

export interface WasmFacts {
  /**
   * 'program' has `_start` and imports only what the machine has; 'library' has no `_start`; 'foreign' needs other imports;
   * 'component' is the component model's format; 'broken' cannot be read
   */
  readonly kind: 'program' | 'library' | 'foreign' | 'component' | 'broken'
  /** modules with imports that the machine does not have, each with the first name wanted from it */
  readonly foreign: readonly string[]
  /** 'Go 1.26.8', as the producers section has it, and the id of its language where it is known */
  readonly producer?: { readonly language: string; readonly text: string }
}

const WASI_MODULES = ['wasi_snapshot_preview1', 'wasi_unstable']
/** Besides WASI preview 1: this machine's own module (docs/ipc.md), and threads as wasi-threads has them. */
const MORE = new Set(
  Object.values(WASMRUN)
    .flat()
    .map((name) => `wasmrun.${name}`)
    .concat('wasi.thread-spawn'),
)
const SHARED = 2
const CUSTOM = 0
const IMPORTS = 2
const EXPORTS = 7
/** imports and exports of real programs are a few hundred; this bounds the work on a hostile file */
const NAMES_MAX = 100_000

interface Reader {
  at: number
  readonly end: number
  byte(): number
  number(): number
  name(): string
}

class WasmFormatError extends Error {}

/** Looks into a .wasm; a broken one is an answer too. */
export function inspectWasm(bytes: Uint8Array): WasmFacts {
  const broken: WasmFacts = { kind: 'broken', foreign: [] }
  if (bytes.length < 8 || [0, 0x61, 0x73, 0x6d].some((byte, index) => bytes[index] !== byte)) return broken
  if (bytes[4] === 0x0d && bytes[6] === 1) return { kind: 'component', foreign: [] }
  if (bytes[4] !== 1 || bytes[5] !== 0) return broken
  try {
    return readSections(bytes)
  } catch (error) {
    if (error instanceof WasmFormatError) return broken
    throw error
  }
}

function readSections(bytes: Uint8Array): WasmFacts {
  const reader = createReader(bytes, 8, bytes.length)
  const foreign = new Map<string, string>()
  let start = false
  let producer: WasmFacts['producer']
  while (reader.at < reader.end) {
    const id = reader.byte()
    const length = reader.number()
    if (reader.at + length > reader.end) throw new WasmFormatError('a section runs past the end')
    const section = createReader(bytes, reader.at, reader.at + length)
    reader.at += length
    if (id === IMPORTS) readImports(section, foreign)
    else if (id === EXPORTS) start ||= readExports(section).includes('_start')
    else if (id === CUSTOM && section.name() === 'producers') producer = readProducers(section)
  }
  const kind = foreign.size > 0 ? 'foreign' : start ? 'program' : 'library'
  const names = Array.from(foreign, ([module, name]) => `${module}.${name}`)
  return producer === undefined ? { kind, foreign: names } : { kind, foreign: names, producer }
}

function createReader(bytes: Uint8Array, from: number, end: number): Reader {
  const reader: Reader = {
    at: from,
    end,
    byte() {
      if (reader.at >= end) throw new WasmFormatError('cut off')
      return bytes[reader.at++] ?? 0
    },
    number() {
      let value = 0
      for (let shift = 0; shift < 35; shift += 7) {
        const byte = reader.byte()
        value += (byte & 0x7f) * 2 ** shift
        if (byte < 0x80) return value
      }
      throw new WasmFormatError('a number does not end')
    },
    name() {
      const length = reader.number()
      if (reader.at + length > end) throw new WasmFormatError('a name runs past the end')
      reader.at += length
      return new TextDecoder().decode(bytes.subarray(reader.at - length, reader.at))
    },
  }
  return reader
}

function readCount(section: Reader): number {
  const count = section.number()
  if (count > NAMES_MAX) throw new WasmFormatError('too many names')
  return count
}

function readImports(section: Reader, foreign: Map<string, string>): void {
  for (let left = readCount(section); left > 0; left--) {
    const module = section.name()
    const name = section.name()
    const isSharedMemory = skipDescription(section)
    const isThere = isSharedMemory || WASI_MODULES.includes(module) || MORE.has(`${module}.${name}`)
    if (!isThere && !foreign.has(module)) foreign.set(module, name)
  }
}

/** True for a shared memory, which the machine gives to programs with threads. */
function skipDescription(section: Reader): boolean {
  const kind = section.byte()
  if (kind === 1 || kind === 3 || kind === 4) section.byte()
  if (kind === 0 || kind === 4) section.number()
  else if (kind === 3) section.byte()
  else if (kind === 1 || kind === 2) {
    const flags = section.byte()
    section.number()
    if ((flags & 1) !== 0) section.number()
    return kind === 2 && (flags & SHARED) !== 0
  } else throw new WasmFormatError('an unknown import')
  return false
}

function readExports(section: Reader): string[] {
  const names: string[] = []
  for (let left = readCount(section); left > 0; left--) {
    names.push(section.name())
    section.byte()
    section.number()
  }
  return names
}

/** The tool that says most: TinyGo passes through clang, and every Rust program through LLVM. */
function readProducers(section: Reader): WasmFacts['producer'] {
  const found = new Map<string, string>()
  for (let fields = readCount(section); fields > 0; fields--) {
    section.name()
    for (let values = readCount(section); values > 0; values--) found.set(section.name(), section.name())
  }
  const version = (name: string): string => (found.get(name) ?? '').split(' ')[0]?.replace(/^go/, '') ?? ''
  const made = (language: string, title: string, key: string): WasmFacts['producer'] => {
    return { language, text: `${title} ${version(key)}`.trim() }
  }
  if (found.has('TinyGo')) return made('tinygo', 'TinyGo', 'TinyGo')
  if (found.has('Go')) return made('go', 'Go', 'Go')
  return found.has('Rust') || found.has('rustc') ? made('rust', 'Rust', 'rustc') : undefined
}
