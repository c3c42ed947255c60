/**
 * A guest that means harm, or is only very broken: random calls with wild pointers, lengths, descriptors, cookies and flags. Each must
 * answer with an errno, write nowhere but where the call may, and leave the machine sound.
 */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Worker } from 'node:worker_threads'
import { ERRNO } from '../abi/errno.ts'
import { RIGHTS_ALL } from '../abi/wasi.ts'
import { closeTrace, openTrace, takeTrace } from '../objects/trace-ring.ts'
import { createFiles } from '../vfs/files.ts'
import { fsck } from '../vfs/fsck.ts'
import { threadImports } from './exec.ts'
import type { KernelCalls } from './kernel-calls.ts'
import { createPrivateMachine, type PrivateMachine } from './private-machine.ts'
import { createWasi } from './wasi.ts'

const CALLS = Number(process.env.CALLS ?? (process.env.LONG === '1' ? 20_000_000 : 1_000_000))
const SEED = Number(process.env.SEED ?? 20_250_701)
/** After so many calls most descriptors are closed: a new machine. */
const CALLS_PER_MACHINE = 25_000
/** In the variants, whose calls are fewer: more of them find open descriptors. */
const CALLS_PER_FRESH_MACHINE = 5000
const GUEST = 65_536
const ERRNO_MAX = 76

/** Under what else the calls are made. */
interface Variant {
  /** strace: every call leaves a record, for which the guest's pointers are read again. */
  isTraced?: boolean
  /** The guest's memory is shared, as with threads, and another thread changes it while calls read it. */
  isShared?: boolean
  /** Ways to end, signals and threads are among the calls. The machine is made anew after each end. */
  canEnd?: boolean
}

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
/** Only where the process may end. */
const ENDING: Record<string, Call> = {
  proc_exit: { args: ['flags'] },
  proc_raise: { args: ['flags'] },
  'thread-spawn': { args: ['at'] },
}
const NEEDS_CALM = /poll/
/** SIGSTOP, SIGTSTP, SIGTTIN and SIGTTOU of WASI: the process would wait for somebody to continue it. */
const STOPPING = [18, 19, 20, 21]

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

/** The kernel of a guest that makes threads: it refuses most. */
const threadKernel = (random: (below: number) => number): KernelCalls => ({
  ...({} as KernelCalls),
  spawnThread: () => ({
    call: 46,
    attempt: () => (random(3) ? -ERRNO.AGAIN : 1 + random(255)),
    watch: () => {},
    deadline: () => Number.POSITIVE_INFINITY,
    interrupted: (errno) => -errno,
  }),
})
const EMPTY_MODULE = new Uint8Array([0, 0x61, 0x73, 0x6d, 1, 0, 0, 0])

const createTarget = (
  random: (below: number) => number,
  { isShared = false, isTraced = false }: Variant,
): Target => {
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
  const memory = new WebAssembly.Memory({ initial: 1, maximum: 1, shared: isShared })
  const { imports, setMemory } = createWasi(machine.process)
  setMemory(memory)
  const threads = threadImports(
    machine.process,
    new WebAssembly.Module(EMPTY_MODULE),
    threadKernel(random),
    memory,
  )
  if (isTraced) assert.equal(openTrace(machine.objects, machine.objects.slot), 0)
  return { machine, memory, imports: { ...imports, ...threads } as unknown as Target['imports'] }
}

/**
 * Another thread of the guest: writes small numbers and pieces of paths all over the memory until it is told to rest. Its orders: 0
 * rest, 1 go on, and in the second word what it does.
 */
const disturb = (memory: WebAssembly.Memory) => {
  const orders = new Int32Array(new SharedArrayBuffer(8))
  const code = `
    const { workerData } = require('node:worker_threads')
    const { memory, orders } = workerData
    const words = new Uint32Array(memory.buffer, 0, ${40_000 / 4})
    const paths = new Uint8Array(memory.buffer, 40_000, 16_000)
    let state = 77
    const random = (below) => ((state = (Math.imul(state, 1103515245) + 12345) >>> 0) >>> 8) % below
    for (;;) {
      if (Atomics.load(orders, 0) === 0) {
        Atomics.store(orders, 1, 0)
        Atomics.notify(orders, 1)
        Atomics.wait(orders, 0, 0)
      }
      Atomics.store(orders, 1, 1)
      for (let turn = 0; turn < 200; turn++) {
        words[random(words.length)] = random(3) ? random(600) : random(2 ** 32)
        paths[random(paths.length)] = './adf\\0'.charCodeAt(random(6))
      }
    }`
  const worker = new Worker(code, { eval: true, workerData: { memory, orders } })
  return {
    go: () => {
      Atomics.store(orders, 0, 1)
      Atomics.notify(orders, 0)
    },
    rest: () => {
      Atomics.store(orders, 0, 0)
      while (Atomics.load(orders, 1) === 1);
    },
    end: () => worker.terminate(),
  }
}
type Disturbance = ReturnType<typeof disturb>

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

interface Fuzzed {
  errnos: Map<number, number>
  /** Of those that were asked for; less when the process has ended. */
  made: number
  /** Records of traced calls, those that were lost included. */
  traced: number
}

const fuzz = (
  calls: number,
  seed: number,
  variant: Variant = {},
  begin: (memory: WebAssembly.Memory) => Disturbance | null = () => null,
): Fuzzed => {
  const { isShared = false, isTraced = false, canEnd = false } = variant
  const random = createRandom(seed)
  const target = createTarget(random, variant)
  const other = begin(target.memory)
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
  let traced = 0
  const { machine } = target
  const takeRecords = (): void => {
    const { records, lost } = takeTrace(machine.objects, machine.objects.slot)
    traced += records.length + lost
  }
  /** The process's own end, and it must be one for good: a guest that catches exceptions cannot go on. */
  const isEnd = (error: unknown): boolean => {
    if (!canEnd || machine.process.ended === null || error !== machine.process.ended) return false
    for (const again of ['fd_read', 'random_get', 'proc_exit'])
      assert.throws(
        () => target.imports.wasi_snapshot_preview1?.[again]?.(1, 0, 0, 0),
        (thrown) => thrown === error,
      )
    return true
  }
  scatter()
  other?.go()
  let made = 0
  for (let step = 0; step < calls; step++) {
    if (step % 200 === 199) scatter()
    if (isTraced && step % 500 === 0) takeRecords()
    const isEnding = canEnd && random(400) === 0
    const names = isEnding ? Object.keys(ENDING) : NAMES
    const name = names[random(names.length)] ?? ''
    const call = isEnding ? ENDING[name] : CALLS_BY_NAME[name]
    // How long it sleeps stands in the memory: with somebody else's numbers, for ever.
    if (isShared && NEEDS_CALM.test(name)) continue
    // A closed preopen is one way less: seldom.
    if (!call || (/close|renumber|set_rights/.test(name) && random(8))) {
      step--
      continue
    }
    const isOld = random(6) === 0 && name !== 'sock_accept' && name !== 'thread-spawn'
    const args = argumentsFor(call.args)
    if (name === 'proc_raise' && STOPPING.includes(Number(args[0]))) continue
    if (name === 'poll_oneoff') shorten(args, isOld)
    const unsigned = args.map((value) => (typeof value === 'number' ? value >>> 0 : Number(value)))
    const regions = call.out?.(unsigned, shadowView, isOld) ?? []
    const what = (): string => `step ${step} of seed ${seed}: ${name}(${args.join(', ')})`
    let result: unknown
    made++
    const from = name === 'thread-spawn' ? 'wasi' : isOld ? 'wasi_unstable' : 'wasi_snapshot_preview1'
    try {
      result = target.imports[from]?.[name]?.(...args)
      // A thread's number, or a refusal as wasi-threads has it.
      if (name === 'thread-spawn') {
        assert.ok(Number(result) < 256 && Number(result) >= -ERRNO_MAX, `${what()} gave ${result}`)
        continue
      }
    } catch (error) {
      if (isEnd(error)) break
      throw new Error(`${what()} threw ${error instanceof Error ? error.stack : JSON.stringify(error)}`)
    }
    const isErrno = Number.isInteger(result) && Number(result) >= 0 && Number(result) <= ERRNO_MAX
    assert.ok(isErrno, `${what()} gave ${result}`)
    errnos.set(Number(result), (errnos.get(Number(result)) ?? 0) + 1)
    // What another thread of the guest writes is not told from what the call wrote.
    if (isShared) continue
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
  other?.rest()
  takeRecords()
  closeTrace(machine.objects, machine.objects.slot)
  assert.deepEqual(fsck(machine.vfs), [], `seed ${seed}`)
  assert.equal(machine.vfs.volume.lock.owner(), -1)
  assert.equal(machine.objects.lock.owner(), -1)
  if (!canEnd) assert.equal(machine.process.ended, null)
  assert.equal(
    picture(target),
    before,
    `seed ${seed}: something outside of the preopens, or in a read-only one, has changed`,
  )
  return { errnos, made, traced }
}

/** Machine after machine, until so many calls were made. */
const fuzzAll = (
  calls: number,
  variant: Variant = {},
  begin?: (memory: WebAssembly.Memory) => Disturbance | null,
): Fuzzed & { machines: number } => {
  const errnos = new Map<number, number>()
  let [made, traced, machines] = [0, 0, 0]
  for (; made < calls; machines++) {
    const one = fuzz(Math.min(CALLS_PER_FRESH_MACHINE, calls - made), SEED + machines * 7919, variant, begin)
    for (const [errno, count] of one.errnos) errnos.set(errno, (errnos.get(errno) ?? 0) + count)
    // a machine that makes no call would make this loop endless
    assert.ok(one.made > 0)
    made += one.made
    traced += one.traced
  }
  return { errnos, made, traced, machines }
}

test(`${CALLS.toLocaleString('en')} wild calls: an errno each, no byte where none belongs, and files that are sound`, (context) => {
  const all = new Map<number, number>()
  for (let machine = 0; machine * CALLS_PER_MACHINE < CALLS; machine++) {
    for (const [errno, count] of fuzz(CALLS_PER_MACHINE, SEED + machine * 7919).errnos)
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

/** Of each of the variants: a tenth of the plain calls. */
const SOME = CALLS / 10

test(`${SOME.toLocaleString('en')} wild calls of a traced process: the record of a call reads no further than the guest's memory, and writes none of it`, () => {
  const { errnos, made, traced } = fuzzAll(SOME, { isTraced: true })
  assert.equal(traced, made, 'a call without a record')
  assert.ok((errnos.get(ERRNO.FAULT) ?? 0) > 20)
})

test(`${SOME.toLocaleString('en')} wild calls and ways to end: an end is one for good, whoever catches it`, (context) => {
  const { errnos, machines } = fuzzAll(SOME, { canEnd: true })
  assert.ok(machines > (2 * SOME) / CALLS_PER_FRESH_MACHINE, `only ${machines} machines`)
  assert.ok((errnos.get(ERRNO.SUCCESS) ?? 0) > 20)
  context.diagnostic(`${machines} machines`)
})

test('the same, traced: the last record of a process is that of its end', () => {
  const { traced, made } = fuzzAll(SOME / 5, { canEnd: true, isTraced: true })
  // what is called after the end is told as well; thread-spawn is no WASI call, and is not
  assert.ok(traced > made * 0.9, `${traced} records of ${made} calls`)
})

test(`${SOME.toLocaleString('en')} wild calls while another thread changes the memory that they read: never an exception, never unsound files`, async () => {
  const others: Disturbance[] = []
  const begin = (memory: WebAssembly.Memory): Disturbance => {
    const other = disturb(memory)
    others.push(other)
    return other
  }
  for (const isTraced of [false, true]) {
    const { errnos } = fuzzAll(SOME / 2, { isShared: true, isTraced }, begin)
    for (const errno of [ERRNO.SUCCESS, ERRNO.FAULT, ERRNO.BADF, ERRNO.NOENT])
      assert.ok((errnos.get(errno) ?? 0) > 20, `errno ${errno} came ${errnos.get(errno)} times`)
    await Promise.all(others.splice(0).map((other) => other.end()))
  }
})
