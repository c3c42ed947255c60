/**
 * The packed tree: a whole folder in one run of bytes, for imports, installs and read-only images.
 *
 *   'W' 'R' 'T' '1'
 *   entry*    kind u8 | 0 u8 | 0 u16 | mode u32 | mtimeNs u64 | path length u32 | data length u32 | path | data
 *   end       the same 24 bytes with kind 0 and the number of entries in the place of mode
 *
 * Numbers are little-endian and unaligned. Paths are raw bytes (UTF-8 wherever the source had text), relative, with '/'
 * between names. Data is the content of a file, the target of a symbolic link, and for a hard link the path of an earlier
 * file of the same tree.
 *
 * Invariant: a parent stands before its children and is a directory of this tree, and no path stands twice; so a tree can
 * be written in one pass, and no entry can reach out of the folder it is written to through a link.
 */

export const TREE_FILE = 1
export const TREE_DIRECTORY = 2
export const TREE_SYMLINK = 3
export const TREE_HARD_LINK = 4

export type TreeKind = typeof TREE_FILE | typeof TREE_DIRECTORY | typeof TREE_SYMLINK | typeof TREE_HARD_LINK

/** What goes into `packTree`. Strings become UTF-8; for a directory `data` is left out. */
export interface TreeSource {
  readonly kind: TreeKind
  readonly path: string | Uint8Array
  /** permission bits, 0 to 0o7777; 0o755 for directories, 0o777 for links and 0o644 for files where absent */
  readonly mode?: number
  /** nanoseconds since 1970; 0 or absent: not known */
  readonly mtimeNs?: bigint
  readonly data?: string | Uint8Array
}

/** What comes out of `readTree`. `path` and `data` are views into the packed bytes, not copies. */
export interface TreeEntry {
  readonly kind: TreeKind
  readonly path: Uint8Array
  readonly mode: number
  readonly mtimeNs: bigint
  readonly data: Uint8Array
  /** where the entry starts in the packed bytes, for messages */
  readonly offset: number
}

export interface TreeTotals {
  files: number
  directories: number
  /** symbolic and hard links */
  links: number
  /** content of all files, in bytes */
  bytes: number
}

/** A packed tree that cannot be read, or entries that cannot be packed. `offset` is in bytes from the start. */
export class TreeError extends Error {
  override readonly name = 'TreeError'
  readonly code = 'EINVAL'
  readonly offset: number
  constructor(offset: number, problem: string) {
    super(`packed tree, entry at byte ${offset}: ${problem}`)
    this.offset = offset
  }
}

/** NAME_MAX of Linux, in bytes. */
export const NAME_MAX_BYTES = 255
/** PATH_MAX of Linux, in bytes: longer paths could be stored but never named in one call. */
export const PATH_MAX_BYTES = 4096

/** 'WRT1': a packed tree is known by it. */
export const TREE_MAGIC: readonly number[] = [0x57, 0x52, 0x54, 0x31]
const HEADER_BYTES = 24
const END = 0
const MODE_MAX = 0o7777
const SLASH = 0x2f
const DOT = 0x2e
const DEFAULT_MODE: Record<TreeKind, number> = { 1: 0o644, 2: 0o755, 3: 0o777, 4: 0o644 }
const NOTHING = new Uint8Array(0)

interface Seen {
  kinds: Map<string, TreeKind>
  key(path: Uint8Array): string
}

/**
 * Packs entries in the order they are given.
 * @throws TreeError where the result would not be readable: a bad name, a path twice, a child before its parent
 */
export function packTree(entries: Iterable<TreeSource>): Uint8Array<ArrayBuffer> {
  const encoder = new TextEncoder()
  const encode = (value: string | Uint8Array | undefined): Uint8Array =>
    value === undefined ? NOTHING : typeof value === 'string' ? encoder.encode(value) : value
  const seen = createSeen()
  const ready: TreeEntry[] = []
  let offset = TREE_MAGIC.length
  for (const source of entries) {
    const entry: TreeEntry = {
      kind: source.kind,
      path: encode(source.path),
      mode: source.mode ?? DEFAULT_MODE[source.kind],
      mtimeNs: source.mtimeNs ?? 0n,
      data: encode(source.data),
      offset,
    }
    checkEntry(entry, seen)
    ready.push(entry)
    offset += HEADER_BYTES + entry.path.length + entry.data.length
  }
  return writeEntries(ready, offset + HEADER_BYTES)
}

function writeEntries(entries: readonly TreeEntry[], length: number): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(length)
  const view = new DataView(bytes.buffer)
  bytes.set(TREE_MAGIC)
  for (const entry of entries) {
    const at = entry.offset
    view.setUint8(at, entry.kind)
    view.setUint32(at + 4, entry.mode, true)
    view.setBigUint64(at + 8, entry.mtimeNs, true)
    view.setUint32(at + 16, entry.path.length, true)
    view.setUint32(at + 20, entry.data.length, true)
    bytes.set(entry.path, at + HEADER_BYTES)
    bytes.set(entry.data, at + HEADER_BYTES + entry.path.length)
  }
  const end = length - HEADER_BYTES
  view.setUint8(end, END)
  view.setUint32(end + 4, entries.length, true)
  return bytes
}

/**
 * The entries of a packed tree, each checked just before it is given out. A caller that must not stop half-way runs
 * `checkTree` first.
 * @throws TreeError that names the offset of the first bad entry
 */
export function* readTree(bytes: Uint8Array): Generator<TreeEntry, void, undefined> {
  if (TREE_MAGIC.some((byte, index) => bytes[index] !== byte))
    throw new TreeError(0, 'it does not start with WRT1')
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const seen = createSeen()
  let offset = TREE_MAGIC.length
  let count = 0
  while (true) {
    if (offset + HEADER_BYTES > bytes.length) throw new TreeError(offset, 'the tree is cut off here')
    if (view.getUint32(offset, true) > 0xff) throw new TreeError(offset, 'reserved bytes are not zero')
    if (view.getUint8(offset) === END) break
    const entry = readEntry(bytes, view, offset)
    checkEntry(entry, seen)
    yield entry
    count++
    offset += HEADER_BYTES + entry.path.length + entry.data.length
  }
  const declared = view.getUint32(offset + 4, true)
  if (declared !== count) throw new TreeError(offset, `the end says ${declared} entries, there were ${count}`)
  if (offset + HEADER_BYTES !== bytes.length) throw new TreeError(offset, 'bytes follow the end')
}

function readEntry(bytes: Uint8Array, view: DataView, offset: number): TreeEntry {
  const kind = view.getUint8(offset)
  if (kind > TREE_HARD_LINK) throw new TreeError(offset, `kind ${kind} is unknown`)
  const pathLength = view.getUint32(offset + 16, true)
  const dataLength = view.getUint32(offset + 20, true)
  const path = offset + HEADER_BYTES
  const data = path + pathLength
  if (data + dataLength > bytes.length) throw new TreeError(offset, 'path or data run past the end')
  return {
    // the caller has taken out 0, and everything above 4 is refused above
    kind: kind as TreeKind,
    mode: view.getUint32(offset + 4, true),
    mtimeNs: view.getBigUint64(offset + 8, true),
    path: bytes.subarray(path, data),
    data: bytes.subarray(data, data + dataLength),
    offset,
  }
}

/**
 * Reads a packed tree to its end and counts what is in it.
 * @throws TreeError as `readTree`
 */
export function checkTree(bytes: Uint8Array): TreeTotals {
  const totals: TreeTotals = { files: 0, directories: 0, links: 0, bytes: 0 }
  for (const entry of readTree(bytes)) {
    if (entry.kind === TREE_DIRECTORY) totals.directories++
    else if (entry.kind === TREE_FILE) totals.files++
    else totals.links++
    if (entry.kind === TREE_FILE) totals.bytes += entry.data.length
  }
  return totals
}

/** Paths that stood before, by their bytes: windows-1252 gives every byte a character of its own. */
function createSeen(): Seen {
  const decoder = new TextDecoder('windows-1252')
  return { kinds: new Map(), key: (path) => decoder.decode(path) }
}

function checkEntry(entry: TreeEntry, seen: Seen): void {
  const { kind, path, data, offset } = entry
  const refuse = (problem: string): never => {
    throw new TreeError(
      offset,
      `${problem} (${JSON.stringify(new TextDecoder().decode(path.subarray(0, 200)))})`,
    )
  }
  const nameProblem = findPathProblem(path)
  if (nameProblem !== undefined) refuse(nameProblem)
  if (!Number.isInteger(entry.mode) || entry.mode < 0 || entry.mode > MODE_MAX)
    refuse(`mode ${entry.mode} is not 0 to 07777`)
  if (BigInt.asUintN(64, entry.mtimeNs) !== entry.mtimeNs) refuse('mtimeNs does not fit into 64 bits')
  const key = seen.key(path)
  if (seen.kinds.has(key)) refuse('the path stands twice')
  const slash = key.lastIndexOf('/')
  if (slash >= 0 && seen.kinds.get(key.slice(0, slash)) !== TREE_DIRECTORY)
    refuse('its parent does not stand before it as a directory')
  if (kind === TREE_DIRECTORY && data.length > 0) refuse('a directory has no data')
  if (kind === TREE_SYMLINK) checkTarget(data, refuse)
  if (kind === TREE_HARD_LINK && seen.kinds.get(seen.key(data)) !== TREE_FILE)
    refuse('a hard link names a file that does not stand before it')
  seen.kinds.set(key, kind)
}

function checkTarget(target: Uint8Array, refuse: (problem: string) => never): void {
  if (target.length === 0) refuse('a symbolic link has no target')
  if (target.length >= PATH_MAX_BYTES) refuse('the target of a symbolic link is too long')
  if (target.includes(0)) refuse('the target of a symbolic link holds a zero byte')
}

/** Why a raw relative path cannot stand in a tree, or undefined when it can. */
function findPathProblem(path: Uint8Array): string | undefined {
  if (path.length === 0) return 'the path is empty'
  if (path.length >= PATH_MAX_BYTES) return `the path is longer than ${PATH_MAX_BYTES - 1} bytes`
  if (path.includes(0)) return 'the path holds a zero byte'
  let start = 0
  while (start <= path.length) {
    const slash = path.indexOf(SLASH, start)
    const end = slash < 0 ? path.length : slash
    const length = end - start
    if (length === 0) return 'the path has an empty name'
    if (length > NAME_MAX_BYTES) return `a name is longer than ${NAME_MAX_BYTES} bytes`
    if (path[start] === DOT && (length === 1 || (length === 2 && path[start + 1] === DOT)))
      return 'the path holds . or ..'
    start = end + 1
  }
  return undefined
}
