/**
 * Random sequences of calls, to the machine's imports and to @bjorn3/browser_wasi_shim's over its own memory filesystem: the same
 * bytes, sizes, kinds, listings and outcome. Left out or translated, each for a defect of the shim (0.4.2):
 *  - descriptors are never used again: ours and its are mapped to each other
 *  - rights are not kept or checked: everything is opened with all rights
 *  - errno: it answers EINVAL, EACCES or ENOTCAPABLE in places where POSIX has a number of its own, so success is compared, and
 *    the number only where both are of the POSIX kind
 *  - no symbolic links, and no times, counts of links, inode or device numbers that mean anything; filestat's times are written over
 *    the size's upper half. A second name of a file is made, and shares its bytes
 *  - rename goes by unlink and link and refuses or replaces what POSIX does not: only files to free names are renamed; a name is free
 *    where the folder is there and the name is not
 *  - a write of no bytes beyond the end makes the file longer there: something is always written
 *  - fd_renumber onto itself closes there; onto a descriptor of another kind is left out with the kinds
 *  - poll_oneoff knows one subscription to a clock, and nothing else; args_sizes_get counts UTF-16 units: arguments are ASCII
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

const shim = (args: string[] = [], env: string[] = []): Side => {
  const memory = new WebAssembly.Memory({ initial: GUEST_BYTES / 65536 })
  const root = new PreopenDirectory('/', new Map())
  const wasi = new WASI(
    args,
    env,
    [new File([]) as never, new File([]) as never, new File([]) as never, root],
    {
      debug: false,
    },
  )
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
/** Several buffers, one of them empty, in one call. */
const transferMany =
  (name: 'fd_read' | 'fd_write', fd: number, lengths: readonly number[], value: number): Step =>
  (side) => {
    const total = lengths.reduce((sum, length) => sum + length, 0)
    fill(side, total, name === 'fd_write' ? value : 0)
    let at: number = AT.DATA
    lengths.forEach((length, index) => {
      view(side).setUint32(AT.IOVEC + index * 8, at, true)
      view(side).setUint32(AT.IOVEC + index * 8 + 4, length, true)
      at += length
    })
    const errno = call(side, name, side.fds[fd] ?? -1, AT.IOVEC, lengths.length, AT.RESULT)
    return [
      errno,
      [result(side), Buffer.from(side.memory.buffer.slice(AT.DATA, AT.DATA + total)).toString('hex')],
    ]
  }
const tell =
  (fd: number): Step =>
  (side) => [call(side, 'fd_tell', side.fds[fd] ?? -1, AT.RESULT), view(side).getBigUint64(AT.RESULT, true)]
const plain =
  (name: string, fd: number, ...rest: (number | bigint)[]): Step =>
  (side) => [call(side, name, side.fds[fd] ?? -1, ...rest)]
/** Kind and size by the descriptor, and its kind as fdstat has it. */
const facts =
  (fd: number): Step =>
  (side) => {
    const errno = call(side, 'fd_filestat_get', side.fds[fd] ?? -1, AT.DATA)
    const kind = view(side).getUint8(AT.DATA + 16)
    const size = kind === 4 ? view(side).getUint32(AT.DATA + 32, true) : 0
    const second = call(side, 'fd_fdstat_get', side.fds[fd] ?? -1, AT.DATA)
    return [errno, [kind, size, second, view(side).getUint8(AT.DATA)]]
  }
const toFreeName =
  (name: 'path_rename' | 'path_link', from: string, to: string): Step =>
  (side) => {
    if (stat(to)(side)[0] === 0) return [ERRNO.EXIST]
    const flags = name === 'path_link' ? [0] : []
    return [call(side, name, 3, ...flags, ...put(side, from, AT.PATH), 3, ...put(side, to, AT.PATH_2))]
  }
const renumber =
  (from: number, to: number): Step =>
  (side) => {
    const errno = call(side, 'fd_renumber', side.fds[from] ?? -1, side.fds[to] ?? -1)
    if (errno === 0) side.fds[from] = -1
    return [errno]
  }
const EVENT_BYTES = 11
/** One subscription to a clock, which is due at once or a moment later. */
const poll =
  (userdata: bigint, clock: number, nanoseconds: bigint): Step =>
  (side) => {
    fill(side, 128, 0)
    const memory = view(side)
    memory.setBigUint64(AT.DATA, userdata, true)
    memory.setUint32(AT.DATA + 16, clock, true)
    memory.setBigUint64(AT.DATA + 24, nanoseconds, true)
    const errno = call(side, 'poll_oneoff', AT.DATA, AT.DATA + 64, 1, AT.RESULT)
    const event = side.memory.buffer.slice(AT.DATA + 64, AT.DATA + 64 + EVENT_BYTES)
    return [errno, Buffer.from(event).toString('hex')]
  }

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
    if (errno === 0) side.fds[fd] = -1
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

const DIRENT_BYTES = 24
/** The same in pages too small for all of it, each from the cookie of the last whole entry. */
const listInPages =
  (fd: number, page: number): Step =>
  (side) => {
    const names: string[] = []
    for (let cookie = 0n, isOver = false; !isOver; ) {
      const errno = call(side, 'fd_readdir', side.fds[fd] ?? -1, AT.DATA, page, cookie, AT.RESULT)
      if (errno !== 0) return [errno]
      const [used, end] = [result(side), AT.DATA + result(side)]
      for (let at: number = AT.DATA; at + DIRENT_BYTES <= end; ) {
        const length = view(side).getUint32(at + 16, true)
        if (at + DIRENT_BYTES + length > end) break
        cookie = view(side).getBigUint64(at, true)
        const name = side.memory.buffer.slice(at + DIRENT_BYTES, at + DIRENT_BYTES + length)
        names.push(new TextDecoder().decode(name))
        at += DIRENT_BYTES + length
      }
      isOver = used < page
    }
    return [0, names.sort()]
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
  const [length, value] = [1 + random(299), random(256)]
  const other = FILES[random(FILES.length)] ?? 'a'
  switch (random(21)) {
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
    case 12:
      return ['list', list(pick('directory'))]
    case 13:
      return ['list in pages', listInPages(pick('directory'), 60 + random(60))]
    case 14:
      return [`rename ${path} ${other}`, toFreeName('path_rename', path, other)]
    case 15:
      return [`link ${path} ${other}`, toFreeName('path_link', path, other)]
    case 16: {
      const [from, to] = [pick('file'), pick('file')]
      return from === to ? ['tell', tell(from)] : ['renumber', renumber(from, to)]
    }
    case 17:
      return ['facts', facts(pick(random(2) === 0 ? 'file' : 'directory'))]
    case 18:
      return ['write many', transferMany('fd_write', pick('file'), [length, 0, random(50)], value)]
    case 19:
      return ['read many', transferMany('fd_read', pick('file'), [random(50), 0, length], value)]
    default:
      return steady(random, pick('file'))
  }
}

/** Calls that change nothing. */
const steady = (random: (below: number) => number, fd: number): [string, Step] => {
  const each: [string, Step][] = [
    ['tell', tell(fd)],
    ['sync', plain('fd_sync', fd)],
    ['datasync', plain('fd_datasync', fd)],
    ['advise', plain('fd_advise', fd, 0n, 100n, random(6))],
    ['poll', poll(BigInt(random(1000)), random(2), BigInt(random(1000)))],
  ]
  return each[random(each.length)] ?? ['tell', tell(fd)]
}

test('arguments and the environment are laid out like the shim does it', () => {
  const args = ['program', '--flag', '', 'a b']
  const env = { HOME: '/home', EMPTY: '', GREETING: 'grüße' }
  const caller = createCaller({ args, env })
  const words = Object.entries(env).map(([name, value]) => `${name}=${value}`)
  const sides: Side[] = [{ calls: caller.calls, memory: caller.memory, fds: [] }, shim(args, words)]
  const read = (side: Side, what: 'args' | 'environ'): unknown => {
    const sizes = call(side, `${what}_sizes_get`, AT.RESULT, AT.RESULT + 4)
    const [count, bytes] = [view(side).getUint32(AT.RESULT, true), view(side).getUint32(AT.RESULT + 4, true)]
    const errno = call(side, `${what}_get`, AT.IOVEC, AT.DATA)
    const pointers = Array.from({ length: count }, (_, at) => view(side).getUint32(AT.IOVEC + at * 4, true))
    return [
      sizes,
      errno,
      count,
      bytes,
      pointers,
      Buffer.from(side.memory.buffer.slice(AT.DATA, AT.DATA + bytes)).toString(),
    ]
  }
  for (const what of ['args', 'environ'] as const)
    assert.deepEqual(...(sides.map((side) => read(side, what)) as [unknown, unknown]))
})

for (const seed of SEEDS) {
  test(`${STEPS} random calls answer like the shim's (seed ${seed})`, () => {
    const random = generator(seed)
    const [left, right] = [ours(), shim()]
    const kinds: Kinds = []
    let succeeded = 0
    const done = new Set<string>()
    for (let step = 0; step < STEPS; step++) {
      const [name, act, opened] = choose(random, kinds)
      const [mine, its] = [act(left), act(right)]
      const where = `step ${step}, ${name}: ${errnoName(mine[0])}, the shim ${errnoName(its[0])}`
      assert.equal(mine[0] === 0, its[0] === 0, where)
      if (COMPARED.has(mine[0]) && COMPARED.has(its[0])) assert.equal(mine[0], its[0], where)
      if (mine[0] !== 0) continue
      succeeded++
      done.add(name.split(' ')[0] ?? '')
      assert.deepEqual(mine[1], its[1], where)
      if (left.fds.length > kinds.length) opened?.()
    }
    assert.ok(succeeded > STEPS / 4, `${succeeded} calls did something`)
    for (const name of ['rename', 'link', 'renumber', 'poll', 'read', 'pwrite', 'list', 'facts', 'sync'])
      assert.ok(done.has(name), `${name} has succeeded at least once`)
  })
}
