/**
 * Just enough of the WebAssembly binary format (core specification, chapter 5) to take a module apart and put it together
 * again: sections, function bodies, exports, active data segments. What is not asked for is carried over byte by byte, so the
 * same input always gives the same output.
 */

/** @typedef {{ id: number, body: Buffer }} Section */
/** @typedef {{ name: string, kind: number, index: number }} Export */
/** @typedef {{ offset: number, bytes: Buffer }} Segment */
/** @typedef {'import' | 'function' | 'export' | 'code' | 'data'} SectionName */

const SECTION = { custom: 0, import: 2, function: 3, export: 7, code: 10, data: 11 }
const HEADER = Buffer.from([0, 0x61, 0x73, 0x6d, 1, 0, 0, 0])
const I32_CONST = 0x41
const END = 0x0b

/** Unsigned LEB128. @param {number} value */
export function encodeUnsigned(value) {
  const bytes = []
  let rest = value
  do {
    const low = rest % 128
    rest = Math.floor(rest / 128)
    bytes.push(rest > 0 ? low | 0x80 : low)
  } while (rest > 0)
  return Buffer.from(bytes)
}

/** Signed LEB128 of a 32-bit value, as i32.const wants it. @param {number} value */
export function encodeSigned(value) {
  const bytes = []
  let rest = value | 0
  while (true) {
    const low = rest & 0x7f
    rest >>= 7
    const done = (rest === 0 && (low & 0x40) === 0) || (rest === -1 && (low & 0x40) !== 0)
    bytes.push(done ? low : low | 0x80)
    if (done) return Buffer.from(bytes)
  }
}

/** @param {Buffer} bytes */
function createReader(bytes, start = 0) {
  let at = start
  const byte = () => {
    if (at >= bytes.length) throw new Error(`the wasm module is cut off at byte ${at}`)
    return bytes[at++] ?? 0
  }
  const unsigned = () => {
    let value = 0
    let scale = 1
    while (true) {
      const next = byte()
      value += (next & 0x7f) * scale
      if (next < 0x80) return value
      scale *= 128
    }
  }
  const signed = () => {
    let value = 0
    let shift = 0
    while (true) {
      const next = byte()
      value |= (next & 0x7f) << shift
      shift += 7
      if (next < 0x80) return shift < 32 && next & 0x40 ? value | (-1 << shift) : value
    }
  }
  const take = (/** @type {number} */ length) => {
    if (at + length > bytes.length) throw new Error(`the wasm module is cut off at byte ${bytes.length}`)
    at += length
    return bytes.subarray(at - length, at)
  }
  return { byte, unsigned, signed, take, position: () => at, ended: () => at >= bytes.length }
}

const named = (/** @type {string} */ name) => Buffer.concat([encodeUnsigned(name.length), Buffer.from(name)])
const vector = (/** @type {Buffer[]} */ items) => Buffer.concat([encodeUnsigned(items.length), ...items])

/** @param {Buffer} bytes @returns {Section[]} in file order */
export function readSections(bytes) {
  if (!HEADER.equals(bytes.subarray(0, HEADER.length))) throw new Error('not a WebAssembly module, version 1')
  const reader = createReader(bytes, HEADER.length)
  /** @type {Section[]} */
  const sections = []
  while (!reader.ended()) {
    const id = reader.byte()
    sections.push({ id, body: reader.take(reader.unsigned()) })
  }
  return sections
}

/** @param {Section[]} sections */
export function writeSections(sections) {
  const parts = sections.flatMap(({ id, body }) => [Buffer.from([id]), encodeUnsigned(body.length), body])
  return Buffer.concat([HEADER, ...parts])
}

const bodyOf = (/** @type {Section[]} */ sections, /** @type {SectionName} */ name) => {
  const found = sections.find((section) => section.id === SECTION[name])
  if (!found) throw new Error(`the wasm module has no ${name} section`)
  return found.body
}

const withBody = (
  /** @type {Section[]} */ sections,
  /** @type {SectionName} */ name,
  /** @type {Buffer} */ body,
) => sections.map((section) => (section.id === SECTION[name] ? { id: section.id, body } : section))

/** Leaves out custom sections, which carry no meaning for a run, by name prefix. @param {Section[]} sections @param {string} prefix */
export function dropCustom(sections, prefix) {
  return sections.filter(({ id, body }) => {
    if (id !== SECTION.custom) return true
    const reader = createReader(body)
    return !reader.take(reader.unsigned()).toString().startsWith(prefix)
  })
}

/** Imported functions as 'module.name', at their function index. Refuses other kinds of imports. @param {Section[]} sections */
export function listImports(sections) {
  const reader = createReader(bodyOf(sections, 'import'))
  return Array.from({ length: reader.unsigned() }, () => {
    const module = reader.take(reader.unsigned()).toString()
    const name = reader.take(reader.unsigned()).toString()
    if (reader.byte() !== 0) throw new Error(`import ${module}.${name} is not a function`)
    reader.unsigned()
    return `${module}.${name}`
  })
}

/** Type index of each function of the module's own. @param {Section[]} sections */
export function listTypes(sections) {
  const reader = createReader(bodyOf(sections, 'function'))
  return Array.from({ length: reader.unsigned() }, reader.unsigned)
}

/** Own functions' bodies: locals, code and the closing end. @param {Section[]} sections */
export function readBodies(sections) {
  const reader = createReader(bodyOf(sections, 'code'))
  return Array.from({ length: reader.unsigned() }, () => reader.take(reader.unsigned()))
}

/** Puts other bodies in the place of own functions. @param {Section[]} sections @param {Map<number, Buffer>} changes by index without the imports */
export function replaceBodies(sections, changes) {
  const bodies = readBodies(sections).map((body, index) => changes.get(index) ?? body)
  return withBody(
    sections,
    'code',
    vector(bodies.map((body) => Buffer.concat([encodeUnsigned(body.length), body]))),
  )
}

/** @param {Section[]} sections @returns {Export[]} */
export function listExports(sections) {
  const reader = createReader(bodyOf(sections, 'export'))
  return Array.from({ length: reader.unsigned() }, () => ({
    name: reader.take(reader.unsigned()).toString(),
    kind: reader.byte(),
    index: reader.unsigned(),
  }))
}

/** @param {Section[]} sections @param {Export[]} exports */
export function writeExports(sections, exports) {
  const items = exports.map(({ name, kind, index }) =>
    Buffer.concat([named(name), Buffer.from([kind]), encodeUnsigned(index)]),
  )
  return withBody(sections, 'export', vector(items))
}

/** Active data segments of memory 0. @param {Section[]} sections @returns {Segment[]} */
export function readSegments(sections) {
  const reader = createReader(bodyOf(sections, 'data'))
  return Array.from({ length: reader.unsigned() }, () => {
    if (reader.unsigned() !== 0 || reader.byte() !== I32_CONST) throw new Error('a data segment is not plain')
    const offset = reader.signed() >>> 0
    if (reader.byte() !== END) throw new Error('a data segment is not plain')
    return { offset, bytes: reader.take(reader.unsigned()) }
  })
}

/** @param {Section[]} sections @param {Segment[]} segments */
export function writeSegments(sections, segments) {
  const items = segments.map(({ offset, bytes }) =>
    Buffer.concat([
      Buffer.from([0, I32_CONST]),
      encodeSigned(offset),
      Buffer.from([END]),
      encodeUnsigned(bytes.length),
      bytes,
    ]),
  )
  return withBody(sections, 'data', vector(items))
}

/** The memory as the data segments leave it, up to the last of them. @param {Segment[]} segments */
export function initialMemory(segments) {
  const length = Math.max(...segments.map(({ offset, bytes }) => offset + bytes.length))
  const memory = Buffer.alloc(length)
  for (const { offset, bytes } of segments) bytes.copy(memory, offset)
  return memory
}

/** The same segments with nothing written to [start, end), which then starts as zeros. @param {Segment[]} segments @param {number} start @param {number} end */
export function clearRange(segments, start, end) {
  return segments.flatMap(({ offset, bytes }) => {
    if (offset >= end || offset + bytes.length <= start) return [{ offset, bytes }]
    /** @type {Segment[]} */
    const kept = []
    if (offset < start) kept.push({ offset, bytes: bytes.subarray(0, start - offset) })
    if (offset + bytes.length > end) kept.push({ offset: end, bytes: bytes.subarray(end - offset) })
    return kept
  })
}
