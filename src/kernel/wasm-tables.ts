/**
 * Tables of references count as memory: each entry is a few words of the engine's, and `table.grow` takes them without a call of the
 * machine. So all tables of a module together get a part of its memory limit, written into their types before it is compiled.
 *
 *   table type: reference type, limits | 40 00 reference type, limits, constant expression
 *
 * Invariant: as in wasm-memory.ts, what is not understood is refused.
 */
import {
  findSection,
  readUnsigned,
  replaceSection,
  SECTION,
  skipLimits,
  skipValueType,
  writeUnsigned,
} from './wasm-sections.ts'

/** What an entry costs the engines at most (V8 has two words of eight bytes for each). */
const ENTRY_BYTES = 16
const HAS_MAXIMUM = 1
/** A table of 32-bit indices, not shared. */
const PLAIN = 1
const WITH_INITIAL = 0x40
const END = 0x0b
/** Constant expressions that a table can begin with, with one index or heap type each: ref.func, ref.null, global.get. */
const CONSTANTS: readonly (number | undefined)[] = [0xd2, 0xd0, 0x23]

interface Table {
  /** Bytes before its limits and behind them. */
  head: Uint8Array
  tail: Uint8Array
  minimum: number
  maximum: number
  end: number
}

const UNREADABLE = 'its tables are of a kind that this machine does not know'

export const limitTables = (
  wasm: Uint8Array<ArrayBuffer>,
  limit: number,
): { bytes: Uint8Array<ArrayBuffer>; refusal: string } => {
  const section = findSection(wasm, SECTION.TABLE)
  if (!section) return { bytes: wasm, refusal: '' }
  const count = readUnsigned(wasm, section.start)
  const tables: Table[] = []
  let at = count?.end ?? section.end
  for (let index = 0; index < (count?.value ?? 0); index++) {
    const table = readTable(wasm, at)
    if (!table || table.end > section.end) return { bytes: wasm, refusal: UNREADABLE }
    tables.push(table)
    at = table.end
  }
  if (at !== section.end) return { bytes: wasm, refusal: UNREADABLE }
  const budget = Math.floor(limit / ENTRY_BYTES)
  const begun = tables.reduce((sum, { minimum }) => sum + minimum, 0)
  if (begun > budget)
    return {
      bytes: wasm,
      refusal: `its tables begin with ${begun} entries, and with this limit of memory they may have ${budget}`,
    }
  const spare = Math.floor((budget - begun) / Math.max(1, tables.length))
  const body = tables.flatMap(({ head, tail, minimum, maximum }) => {
    const most = Math.min(maximum, minimum + spare)
    return [...head, HAS_MAXIMUM, ...writeUnsigned(minimum), ...writeUnsigned(most), ...tail]
  })
  return {
    bytes: replaceSection(wasm, SECTION.TABLE, section, [...writeUnsigned(tables.length), ...body]),
    refusal: '',
  }
}

const readTable = (wasm: Uint8Array, at: number): Table | undefined => {
  const isBegun = wasm[at] === WITH_INITIAL && wasm[at + 1] === 0
  const type = skipValueType(wasm, isBegun ? at + 2 : at)
  if (type === undefined) return undefined
  const flags = wasm[type] ?? 0
  const minimum = readUnsigned(wasm, type + 1)
  const maximum = minimum && flags & HAS_MAXIMUM ? readUnsigned(wasm, minimum.end) : minimum
  const limitsEnd = skipLimits(wasm, type)
  if (flags > PLAIN || !minimum || !maximum || limitsEnd === undefined) return undefined
  const end = isBegun ? skipConstant(wasm, limitsEnd) : limitsEnd
  if (end === undefined) return undefined
  return {
    head: wasm.subarray(at, type),
    tail: wasm.subarray(limitsEnd, end),
    minimum: minimum.value,
    maximum: flags & HAS_MAXIMUM ? maximum.value : Number.POSITIVE_INFINITY,
    end,
  }
}

const skipConstant = (wasm: Uint8Array, at: number): number | undefined => {
  if (!CONSTANTS.includes(wasm[at])) return undefined
  const end = readUnsigned(wasm, at + 1)?.end
  return end !== undefined && wasm[end] === END ? end + 1 : undefined
}
