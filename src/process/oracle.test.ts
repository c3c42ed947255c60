/**
 * Random sequences of calls, to the machine's imports and to @bjorn3/browser_wasi_shim's over its own memory filesystem: the same
 * bytes, sizes, kinds, listings and outcome. Left out or translated, each for a defect of the shim (0.4.2):
 *  - descriptors are never used again: ours and its are mapped to each other
 *  - rights are not kept or checked: everything is opened with all rights
 *  - errno: it answers EINVAL, EACCES or ENOTCAPABLE in places where POSIX has a number of its own, so success is compared, and
 *    the number only where both are of the POSIX kind
 *  - no symbolic links, no times, links or device numbers; filestat's times are written over the size's upper half
 *  - rename goes by unlink and link and refuses or replaces what POSIX does not: only files to free names are renamed
 *  - fd_allocate, and set_size on a descriptor whose file was unlinked, are not compared; nor are paths with "..", "." or "//"
 *  - mkdir over something that exists succeeds there: it is tried only where nothing is; files and directories keep to names of
 *    their own, since opening a directory for writing succeeds as well
 *  - open with DIRECTORY and writing rights, or TRUNC on a directory, succeeds there; reading a directory's descriptor too
 */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { File, PreopenDirectory, WASI } from '@bjorn3/browser_wasi_shim'
import { ERRNO, errnoName } from '../abi/errno.ts'
import { OFLAGS, RIGHTS_DIRECTORY, RIGHTS_FILE } from '../abi/wasi.ts'
import { AT, createCaller, GUEST_BYTES } from './caller.ts'

const STEPS = 4000
const SEEDS = [1, 2, 3, 4, 5]
const FILES = ['a', 'b', 'c', 'd/a', 'd/b', 'd/e/a', 'f', 'ö', 'none/a']
const DIRECTORIES = ['d', 'd/e', 'g', 'none/d']
/** Where both mean the same, they must say the same. */
const COMPARED = new Set<number>([ERRNO.NOENT, ERRNO.EXIST, ERRNO.NOTEMPTY, ERRNO.BADF])

type Calls = Record<string, (...args: (number | bigint)[]) => number>

interface Side {
  calls: Calls
  memory: WebAssembly.Memory
  /** Descriptors by the test's own number; −1 when closed. */
  fds: number[]
}

const generator = (seed: number) => {
  let state = seed * 2654435761
  return (below: number): number => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0
    return Math.floor((state / 2 ** 32) * below)
  }
}

const shim = (): Side => {
  const memory = new WebAssembly.Memory({ initial: GUEST_BYTES / 65536 })
  const root = new PreopenDirectory('/', new Map())
  const wasi = new WASI([], [], [new File([]) as never, new File([]) as never, new File([]) as never, root], {
    debug: false,
  })
  wasi.inst = { exports: { memory } } as never
  return { calls: wasi.wasiImport as unknown as Calls, memory, fds: [] }
}

const ours = (): Side => {
  const { calls, memory } = createCaller()
  return { calls, memory, fds: [] }
}

const put = (side: Side, text: string, at: number): [number, number] => {
  const bytes = new TextEncoder().encode(text)
  new Uint8Array(side.memory.buffer).set(bytes, at)
  return [at, bytes.length]
}
const view = (side: Side): DataView => new DataView(side.memory.buffer)
const call = (side: Side, name: string, ...args: (number | bigint)[]): number =>
  side.calls[name]?.(...args) ?? -1

/** A step does the same on each side: errno and what there is to compare when it was 0. */
type Step = (side: Side) => [number, unknown?]

const vector = (side: Side, length: number): void => {
  view(side).setUint32(AT.IOVEC, AT.DATA, true)
  view(side).setUint32(AT.IOVEC + 4, length, true)
}
const result = (side: Side): number => view(side).getUint32(AT.RESULT, true)
const fill = (side: Side, length: number, value: number): void => {
  new Uint8Array(side.memory.buffer).fill(value, AT.DATA, AT.DATA + length)
}

const open =
  (path: string, oflags: number): Step =>
  (side) => {
    const isDirectory = (oflags & OFLAGS.DIRECTORY) !== 0
    const base = BigInt(isDirectory ? RIGHTS_DIRECTORY : RIGHTS_FILE)
    const [at, length] = put(side, path, AT.PATH)
    const errno = call(
      side,
      'path_open',
      3,
      0,
      at,
      length,
      oflags,
      base,
      BigInt(RIGHTS_FILE | RIGHTS_DIRECTORY),
      0,
      AT.RESULT,
    )
    if (errno === 0) side.fds.push(result(side))
    return [errno]
  }
const transfer =
  (name: 'fd_read' | 'fd_write', fd: number, length: number, value: number): Step =>
  (side) => {
    fill(side, length, name === 'fd_write' ? value : 0)
    vector(side, length)
    const errno = call(side, name, side.fds[fd] ?? -1, AT.IOVEC, 1, AT.RESULT)
    return [
      errno,
      [result(side), Buffer.from(side.memory.buffer.slice(AT.DATA, AT.DATA + length)).toString('hex')],
    ]
  }
const transferAt =
  (name: 'fd_pread' | 'fd_pwrite', fd: number, length: number, value: number, offset: bigint): Step =>
  (side) => {
    fill(side, length, name === 'fd_pwrite' ? value : 0)
    vector(side, length)
    const errno = call(side, name, side.fds[fd] ?? -1, AT.IOVEC, 1, offset, AT.RESULT)
    return [
      errno,
      [result(side), Buffer.from(side.memory.buffer.slice(AT.DATA, AT.DATA + length)).toString('hex')],
    ]
  }
const seek =
  (fd: number, offset: bigint, whence: number): Step =>
  (side) => [
    call(side, 'fd_seek', side.fds[fd] ?? -1, offset, whence, AT.RESULT),
    view(side).getBigUint64(AT.RESULT, true),
  ]
const setSize =
  (fd: number, size: bigint): Step =>
  (side) => [call(side, 'fd_filestat_set_size', side.fds[fd] ?? -1, size)]
const byPath =
  (name: string, path: string): Step =>
  (side) => [call(side, name, 3, ...put(side, path, AT.PATH))]
const onlyIfAbsent =
  (path: string): Step =>
  (side) =>
    stat(path)(side)[0] === 0 ? [ERRNO.EXIST] : byPath('path_create_directory', path)(side)
const stat =
  (path: string): Step =>
  (side) => {
    const errno = call(side, 'path_filestat_get', 3, 0, ...put(side, path, AT.PATH), AT.DATA)
    const kind = view(side).getUint8(AT.DATA + 16)
    return [errno, [kind, kind === 4 ? view(side).getUint32(AT.DATA + 32, true) : 0]]
  }
const close =
  (fd: number): Step =>
  (side) => {
    const errno = call(side, 'fd_close', side.fds[fd] ?? -1)
    side.fds[fd] = -1
    return [errno]
  }
const list =
  (fd: number): Step =>
  (side) => {
    const errno = call(side, 'fd_readdir', side.fds[fd] ?? -1, AT.DATA, 65536, 0n, AT.RESULT)
    const names: string[] = []
    for (let at = AT.DATA; at < AT.DATA + result(side); ) {
      const length = view(side).getUint32(at + 16, true)
      const name = new TextDecoder().decode(side.memory.buffer.slice(at + 24, at + 24 + length))
      names.push(`${name} ${view(side).getUint8(at + 20)}`)
      at += 24 + length
    }
    return [errno, names.sort()]
  }

/** What kind each descriptor is, since the shim lets a directory be read and written. */
type Kinds = ('file' | 'directory')[]

const choose = (random: (below: number) => number, kinds: Kinds): [string, Step, (() => void)?] => {
  const path = FILES[random(FILES.length)] ?? 'a'
  const folder = DIRECTORIES[random(DIRECTORIES.length)] ?? 'd'
  const pick = (kind: 'file' | 'directory'): number => {
    const of = kinds.flatMap((known, index) => (known === kind ? [index] : []))
    return of.length === 0 ? kinds.length : (of[random(of.length)] ?? 0)
  }
  const [length, value] = [random(300), random(256)]
  switch (random(13)) {
    case 0: {
      const oflags =
        [0, OFLAGS.CREAT, OFLAGS.CREAT | OFLAGS.EXCL, OFLAGS.CREAT | OFLAGS.TRUNC][random(4)] ?? 0
      return [`open ${path} ${oflags}`, open(path, oflags), () => kinds.push('file')]
    }
    case 1:
      return [`opendir ${folder}`, open(folder, OFLAGS.DIRECTORY), () => kinds.push('directory')]
    case 2:
      return ['write', transfer('fd_write', pick('file'), length, value)]
    case 3:
      return ['read', transfer('fd_read', pick('file'), length, value)]
    case 4:
      return ['pwrite', transferAt('fd_pwrite', pick('file'), length, value, BigInt(random(500)))]
    case 5:
      return ['pread', transferAt('fd_pread', pick('file'), length, value, BigInt(random(500)))]
    case 6:
      return ['seek', seek(pick('file'), BigInt(random(400) - 100), random(3))]
    case 7:
      return ['size', setSize(pick('file'), BigInt(random(600)))]
    case 8:
      return [`mkdir ${folder}`, onlyIfAbsent(folder)]
    case 9:
      return [`rmdir ${folder}`, byPath('path_remove_directory', folder)]
    case 10:
      return [`unlink ${path}`, byPath('path_unlink_file', path)]
    case 11:
      return random(4) === 0 ? ['close', close(random(kinds.length + 1))] : [`stat ${path}`, stat(path)]
    default:
      return ['list', list(pick('directory'))]
  }
}

for (const seed of SEEDS) {
  test(`${STEPS} random calls answer like the shim's (seed ${seed})`, () => {
    const random = generator(seed)
    const [left, right] = [ours(), shim()]
    const kinds: Kinds = []
    let succeeded = 0
    for (let step = 0; step < STEPS; step++) {
      const [name, act, opened] = choose(random, kinds)
      const [mine, its] = [act(left), act(right)]
      const where = `step ${step}, ${name}: ${errnoName(mine[0])}, the shim ${errnoName(its[0])}`
      assert.equal(mine[0] === 0, its[0] === 0, where)
      if (COMPARED.has(mine[0]) && COMPARED.has(its[0])) assert.equal(mine[0], its[0], where)
      if (mine[0] !== 0) continue
      succeeded++
      assert.deepEqual(mine[1], its[1], where)
      if (left.fds.length > kinds.length) opened?.()
    }
    assert.ok(succeeded > STEPS / 4, `${succeeded} calls did something`)
  })
}
