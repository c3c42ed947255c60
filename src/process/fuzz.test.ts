/**
 * A guest that means harm, or is only very broken: random calls with wild pointers, lengths, descriptors, cookies and flags. Each must
 * answer with an errno, write nowhere but where the call may, and leave the machine sound.
 */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ERRNO } from '../abi/errno.ts'
import { RIGHTS_ALL } from '../abi/wasi.ts'
import { createFiles } from '../vfs/files.ts'
import { createPrivateMachine, type PrivateMachine } from './private-machine.ts'
import { createWasi } from './wasi.ts'

const CALLS = process.env.LONG === '1' ? 20_000_000 : 1_000_000
const SEED = Number(process.env.SEED ?? 20_250_701)
/** After so many calls most descriptors are closed: a new machine. */
const CALLS_PER_MACHINE = 25_000
const GUEST = 65_536
const ERRNO_MAX = 76

const createRandom = (seed: number): ((below: number) => number) => {
  let state = seed >>> 0
  return (below) => {
    // xorshift32
    state ^= state << 13
    state ^= state >>> 17
    state = (state ^ (state << 5)) >>> 0
    return state % below
  }
}

/** What an argument is: decides what it is likely to be, never what it can be. */
type Kind = 'fd' | 'at' | 'size' | 'path' | 'flags' | 'i64' | 'rights' | 'count'
type Region = readonly [at: number, length: number]
interface Call {
  args: Kind[]
  /** Where it may write. */
  out?: (args: number[], view: DataView, isOld: boolean) => Region[]
}

const iovecs = (view: DataView, at: number, count: number): Region[] => {
  const regions: Region[] = []
  for (let index = 0; index < count && at + index * 8 + 8 <= GUEST; index++)
    regions.push([view.getUint32(at + index * 8, true), view.getUint32(at + index * 8 + 4, true)])
  return regions
}
const lastPointer =
  (length: number) =>
  (args: number[]): Region[] => [[args.at(-1) ?? 0, length]]
const ARGS = ['fuzz', 'ä', '']
const ENV = { A: 'b', PATH: '/bin' }
const bytesOf = (list: string[]): number => list.reduce((sum, text) => sum + Buffer.byteLength(text) + 1, 0)
const strings =
  (list: string[]) =>
  (args: number[]): Region[] => [
    [args[0] ?? 0, list.length * 4],
    [args[1] ?? 0, bytesOf(list)],
  ]
const sizes = (args: number[]): Region[] => args.map((at): Region => [at, 4])
const stat = (args: number[], _view: DataView, isOld: boolean): Region[] => [
  [args.at(-1) ?? 0, isOld ? 56 : 64],
]

/** Every import but the ways to end (proc_exit and proc_raise), which have tests of their own. A path is two arguments. */
const CALLS_BY_NAME: Record<string, Call> = {
  args_get: { args: ['at', 'at'], out: strings(ARGS) },
  args_sizes_get: { args: ['at', 'at'], out: sizes },
  environ_get: {
    args: ['at', 'at'],
    out: strings(Object.entries(ENV).map(([name, value]) => `${name}=${value}`)),
  },
  environ_sizes_get: { args: ['at', 'at'], out: sizes },
  clock_res_get: { args: ['flags', 'at'], out: lastPointer(8) },
  clock_time_get: { args: ['flags', 'i64', 'at'], out: lastPointer(8) },
  random_get: { args: ['at', 'size'], out: ([at = 0, length = 0]) => [[at, length]] },
  sched_yield: { args: [] },
  fd_advise: { args: ['fd', 'i64', 'i64', 'flags'] },
  fd_allocate: { args: ['fd', 'i64', 'i64'] },
  fd_close: { args: ['fd'] },
  fd_datasync: { args: ['fd'] },
  fd_fdstat_get: { args: ['fd', 'at'], out: lastPointer(24) },
  fd_fdstat_set_flags: { args: ['fd', 'flags'] },
  fd_fdstat_set_rights: { args: ['fd', 'rights', 'rights'] },
  fd_filestat_get: { args: ['fd', 'at'], out: stat },
  fd_filestat_set_size: { args: ['fd', 'i64'] },
  fd_filestat_set_times: { args: ['fd', 'i64', 'i64', 'flags'] },
  fd_pread: {
    args: ['fd', 'at', 'count', 'i64', 'at'],
    out: ([, at = 0, count = 0, , done = 0], view) => [...iovecs(view, at, count), [done, 4]],
  },
  fd_prestat_dir_name: { args: ['fd', 'at', 'size'], out: ([, at = 0, length = 0]) => [[at, length]] },
  fd_prestat_get: { args: ['fd', 'at'], out: lastPointer(8) },
  fd_pwrite: { args: ['fd', 'at', 'count', 'i64', 'at'], out: lastPointer(4) },
  fd_read: {
    args: ['fd', 'at', 'count', 'at'],
    out: ([, at = 0, count = 0, done = 0], view) => [...iovecs(view, at, count), [done, 4]],
  },
  fd_readdir: {
    args: ['fd', 'at', 'size', 'i64', 'at'],
    out: ([, at = 0, length = 0, , done = 0]) => [
      [at, length],
      [done, 4],
    ],
  },
  fd_renumber: { args: ['fd', 'fd'] },
  fd_seek: { args: ['fd', 'i64', 'flags', 'at'], out: lastPointer(8) },
  fd_sync: { args: ['fd'] },
  fd_tell: { args: ['fd', 'at'], out: lastPointer(8) },
  fd_write: { args: ['fd', 'at', 'count', 'at'], out: lastPointer(4) },
  path_create_directory: { args: ['fd', 'path'] },
  path_filestat_get: { args: ['fd', 'flags', 'path', 'at'], out: stat },
  path_filestat_set_times: { args: ['fd', 'flags', 'path', 'i64', 'i64', 'flags'] },
  path_link: { args: ['fd', 'flags', 'path', 'fd', 'path'] },
  path_open: {
    args: ['fd', 'flags', 'path', 'flags', 'rights', 'rights', 'flags', 'at'],
    out: lastPointer(4),
  },
  path_readlink: {
    args: ['fd', 'path', 'at', 'size', 'at'],
    out: ([, , , at = 0, length = 0, done = 0]) => [
      [at, length],
      [done, 4],
    ],
  },
  path_remove_directory: { args: ['fd', 'path'] },
  path_rename: { args: ['fd', 'path', 'fd', 'path'] },
  path_symlink: { args: ['path', 'fd', 'path'] },
  path_unlink_file: { args: ['fd', 'path'] },
  poll_oneoff: {
    args: ['at', 'at', 'count', 'at'],
    out: ([, at = 0, count = 0, done = 0]) => [
      [at, count * 32],
      [done, 4],
    ],
  },
  sock_accept: { args: ['fd', 'flags', 'at'] },
  sock_recv: { args: ['fd', 'at', 'count', 'flags', 'at', 'at'] },
  sock_send: { args: ['fd', 'at', 'count', 'flags', 'at'] },
  sock_shutdown: { args: ['fd', 'flags'] },
}
const NAMES = Object.keys(CALLS_BY_NAME)

const PATHS = [
  'f',
  'd',
  'd/g',
  'd/../f',
  'new',
  'd/new',
  'out',
  'out/secret',
  'loop',
  'd/',
  'f/',
  './f',
  'd//g',
  'up',
]
const BAD_PATHS = [
  '',
  '.',
  '..',
  '../secret',
  'd/../../secret',
  '/secret/file',
  '//',
  'a\0b',
  'x'.repeat(256),
  'ä\xff',
]
const PATH_TEXTS = [...PATHS, ...PATHS, ...BAD_PATHS, 'd/'.repeat(2100), '../'.repeat(9)]
const WILD = [
  0,
  1,
  2,
  3,
  4,
  7,
  8,
  255,
  65_528,
  65_532,
  65_535,
  65_536,
  65_537,
  2 ** 31 - 1,
  -(2 ** 31),
  -1,
  -4,
  -64,
]
const WILD_64 = [
  0n,
  1n,
  2n,
  3n,
  255n,
  4096n,
  65_536n,
  2n ** 32n,
  2n ** 42n,
  2n ** 53n,
  2n ** 63n - 1n,
  -1n,
  -2n,
  -(2n ** 63n),
]

interface Target {
  machine: PrivateMachine
  memory: WebAssembly.Memory
  imports: Record<string, Record<string, (...args: unknown[]) => unknown>>
}

const createTarget = (): Target => {
  const machine = createPrivateMachine({
    args: ARGS,
    env: ENV,
    stdin: 'typed',
    preopens: [
      { name: '/', path: '/work' },
      { name: '/ro', path: '/ro', readonly: true },
    ],
    prepare: ({ mkdir, write, symlink }) => {
      for (const folder of ['/work/d', '/ro/d', '/secret']) mkdir(folder)
      for (const file of ['/work/f', '/work/d/g', '/ro/f', '/ro/d/g', '/secret/file'])
        write(file, `this is ${file}`)
      symlink('/secret/file', '/work/out')
      symlink('../secret', '/work/up')
      symlink('loop', '/work/loop')
      symlink('../secret', '/ro/up')
    },
  })
  const memory = new WebAssembly.Memory({ initial: 1, maximum: 1 })
  const { imports, setMemory } = createWasi(machine.process)
  setMemory(memory)
  return { machine, memory, imports: imports as unknown as Target['imports'] }
}

/** What a guest with these preopens must not be able to change. */
const picture = ({ machine }: Target): string => {
  const files = createFiles(machine.vfs)
  const lines: string[] = []
  const walk = (path: string): void => {
    for (const { name } of files.readdir(path)) {
      const child = `${path}/${name}`
      const { kind, mode, links, size, mtime, ctime } = files.lstat(child)
      lines.push(`${child} ${kind} ${mode} ${links} ${size} ${mtime} ${ctime}`)
      if (kind === 2) walk(child)
      if (kind === 1) lines.push(Buffer.from(files.readFile(child)).toString('latin1'))
    }
  }
  for (const root of ['/ro', '/secret']) walk(root)
  return `${lines.join('\n')}\n${files.readdir('/').map(({ name }) => name)}`
}

const fuzz = (calls: number, seed: number): Map<number, number> => {
  const random = createRandom(seed)
  const target = createTarget()
  const before = picture(target)
  const u8 = new Uint8Array(target.memory.buffer)
  const view = new DataView(target.memory.buffer)
  const shadow = new Uint8Array(GUEST)
  const shadowView = new DataView(shadow.buffer)
  const paths: Region[] = []
  const encoder = new TextEncoder()

  /** Random bytes, small numbers (which look like iovecs and subscriptions), and the paths. */
  const scatter = (): void => {
    for (let at = 0; at < GUEST; at += 4)
      shadowView.setUint32(at, random(3) ? random(600) : random(2 ** 32), true)
    paths.length = 0
    let at = 40_000
    for (const text of PATH_TEXTS) {
      const bytes = encoder.encode(text)
      shadow.set(bytes, at)
      paths.push([at, bytes.length])
      at += bytes.length
    }
    u8.set(shadow)
  }
  const number = (kind: Kind): number => {
    if (random(12) === 0) return WILD[random(WILD.length)] ?? 0
    if (random(40) === 0) return random(2 ** 32) | 0
    if (kind === 'fd') return random(5) ? random(9) : random(24)
    if (kind === 'flags') return random(4) ? random(8) : random(40)
    if (kind === 'count') return random(6)
    if (kind === 'size') return random(300)
    return random(4) ? random(40_000) & ~3 : random(GUEST)
  }
  const wide = (kind: Kind): bigint => {
    if (kind === 'rights' && random(4)) return BigInt(random(2) ? RIGHTS_ALL : random(RIGHTS_ALL))
    if (random(3) === 0) return WILD_64[random(WILD_64.length)] ?? 0n
    return random(20) ? BigInt(random(100_000)) : (BigInt(random(2 ** 32)) << 32n) | BigInt(random(2 ** 32))
  }
  const argumentsFor = (kinds: Kind[]): (number | bigint)[] =>
    kinds.flatMap((kind): (number | bigint)[] => {
      if (kind === 'i64' || kind === 'rights') return [wide(kind)]
      if (kind !== 'path') return [number(kind)]
      const [at, length] = paths[random(paths.length)] ?? [0, 0]
      return random(10) ? [at, length] : [number('at'), random(2) ? length : number('size')]
    })
  /** A sleep is no harm, but this test has other plans. */
  const shorten = (args: (number | bigint)[], isOld: boolean): void => {
    const [from, , count] = args.map((value) => Number(value) >>> 0)
    const size = isOld ? 56 : 48
    for (let index = 0; index < (count ?? 0); index++) {
      const at = (from ?? 0) + index * size
      if (at + size > GUEST) return
      for (const at64 of [at + (isOld ? 32 : 24), at + 24]) {
        shadowView.setBigUint64(at64, BigInt(random(2000)), true)
        view.setBigUint64(at64, shadowView.getBigUint64(at64, true), true)
      }
      // Absolute times of the monotonic clock lie in the past, as small as they are.
    }
  }
  const errnos = new Map<number, number>()
  scatter()
  for (let step = 0; step < calls; step++) {
    if (step % 200 === 199) scatter()
    const name = NAMES[random(NAMES.length)] ?? ''
    const call = CALLS_BY_NAME[name]
    // A closed preopen is one way less: seldom.
    if (!call || (/close|renumber|set_rights/.test(name) && random(8))) {
      step--
      continue
    }
    const isOld = random(6) === 0 && name !== 'sock_accept'
    const args = argumentsFor(call.args)
    if (name === 'poll_oneoff') shorten(args, isOld)
    const unsigned = args.map((value) => (typeof value === 'number' ? value >>> 0 : Number(value)))
    const regions = call.out?.(unsigned, shadowView, isOld) ?? []
    const what = (): string => `step ${step} of seed ${seed}: ${name}(${args.join(', ')})`
    let result: unknown
    try {
      result = target.imports[isOld ? 'wasi_unstable' : 'wasi_snapshot_preview1']?.[name]?.(...args)
    } catch (error) {
      throw new Error(`${what()} threw ${error instanceof Error ? error.stack : JSON.stringify(error)}`)
    }
    const isErrno = Number.isInteger(result) && Number(result) >= 0 && Number(result) <= ERRNO_MAX
    assert.ok(isErrno, `${what()} gave ${result}`)
    errnos.set(Number(result), (errnos.get(Number(result)) ?? 0) + 1)
    for (const [at, length] of regions) {
      if (at >= GUEST) continue
      const end = Math.min(GUEST, at + length)
      shadow.set(u8.subarray(at, end), at)
    }
    if (Buffer.compare(u8, shadow) !== 0) {
      const at = u8.findIndex((byte, index) => byte !== shadow[index])
      assert.fail(`${what()} wrote at ${at}, outside of ${JSON.stringify(regions)}`)
    }
  }
  const { machine } = target
  assert.deepEqual(createFiles(machine.vfs).fsck(), [], `seed ${seed}`)
  assert.equal(machine.vfs.volume.lock.owner(), -1)
  assert.equal(machine.objects.lock.owner(), -1)
  assert.equal(machine.process.ended, null)
  assert.equal(
    picture(target),
    before,
    `seed ${seed}: something outside of the preopens, or in a read-only one, has changed`,
  )
  return errnos
}

test(`${CALLS.toLocaleString('en')} wild calls: an errno each, no byte where none belongs, and files that are sound`, (context) => {
  const all = new Map<number, number>()
  for (let machine = 0; machine * CALLS_PER_MACHINE < CALLS; machine++) {
    for (const [errno, count] of fuzz(CALLS_PER_MACHINE, SEED + machine * 7919))
      all.set(errno, (all.get(errno) ?? 0) + count)
  }
  const total = [...all.values()].reduce((sum, count) => sum + count, 0)
  // A fuzzer that is only ever refused at the door tests the door.
  assert.ok((all.get(0) ?? 0) > total / 10, `only ${all.get(0)} of ${total} calls succeeded`)
  for (const errno of [
    ERRNO.FAULT,
    ERRNO.BADF,
    ERRNO.INVAL,
    ERRNO.NOENT,
    ERRNO.NOTCAPABLE,
    ERRNO.ROFS,
    ERRNO.EXIST,
  ])
    assert.ok((all.get(errno) ?? 0) > 20, `errno ${errno} came ${all.get(errno)} times`)
  context.diagnostic(
    `${total} calls, seed ${SEED}: ${[...all]
      .sort(([, a], [, b]) => b - a)
      .map(String)
      .join(' ')}`,
  )
})
