/**
 * The imports of `wasmrun` under a guest that means harm: as ../fuzz.test.ts for WASI. Random calls with wild pointers, counts, handles,
 * rights and flags; each must answer with an errno, write nowhere but where the call may, and leave the machine sound.
 */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { ChildRequest } from '../../abi/control.ts'
import { ERRNO } from '../../abi/errno.ts'
import { SUPERBLOCK } from '../../memory/layout.ts'
import { getWord } from '../../memory/slots.ts'
import { knowCapabilities } from '../../objects/capability-calls.ts'
import { createOpenFile } from '../../objects/open-file.ts'
import { releaseProcess } from '../../objects/proc.ts'
import { countTargets } from '../../objects/target.ts'
import { createTty } from '../../objects/tty.ts'
import { ACCESS, type Operation, STREAM } from '../../objects/types.ts'
import { fsck } from '../../vfs/fsck.ts'
import type { KernelCalls } from '../kernel-calls.ts'
import { createPrivateMachine } from '../private-machine.ts'
import { createProcess } from '../process.ts'
import { wasmrunImports } from './imports.ts'

const CALLS = process.env.LONG === '1' ? 5_000_000 : 120_000
const SEED = Number(process.env.SEED ?? 20_261_128)
/** After so many calls the descriptor table is full of odd things: a new machine. */
const CALLS_PER_MACHINE = 10_000
const GUEST = 65_536
const ERRNO_MAX = 76
/** Of a process's table, so that calls meet capabilities often. */
const NO_WAIT = 1
const WAIT_NOHANG = 1
/** Behind what is scattered: texts that a spawn may find. */
const TEXTS_AT = 48_000

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

type Kind = 'fd' | 'at' | 'size' | 'count' | 'rights' | 'flags' | 'name' | 'number'
type Region = readonly [at: number, length: number]
interface Call {
  args: Kind[]
  /** Where it may write. */
  out?: (args: number[]) => Region[]
}

const last =
  (bytes: number) =>
  (args: number[]): Region[] => [[args.at(-1) ?? 0, bytes]]

const CALLS_BY_NAME: Record<string, Call> = {
  spawn: { args: ['at', 'at'], out: last(4) },
  wait: {
    args: ['number', 'flags', 'at', 'at'],
    out: ([, , status = 0, out = 0]) => [
      [status, 4],
      [out, 4],
    ],
  },
  kill: { args: ['number', 'number'] },
  pipe: { args: ['at'], out: last(8) },
  dup2: { args: ['fd', 'fd'] },
  getcwd: {
    args: ['at', 'size', 'at'],
    out: ([at = 0, size = 0, out = 0]) => [
      [at, size],
      [out, 4],
    ],
  },
  chdir: { args: ['name'] },
  winsize_get: { args: ['fd', 'at'], out: last(4) },
  winsize_set: { args: ['fd', 'at'] },
  termios_get: { args: ['fd', 'at'], out: last(24) },
  termios_set: { args: ['fd', 'at'] },
  namespace_create: { args: ['at'], out: last(4) },
  port_create: { args: ['fd', 'name', 'at'], out: last(4) },
  port_open: { args: ['fd', 'name', 'rights', 'flags', 'at'], out: last(4) },
  bind: { args: ['fd', 'name', 'fd', 'rights'] },
  send: { args: ['fd', 'at', 'size', 'at', 'count', 'flags'] },
  receive: {
    args: ['fd', 'at', 'size', 'at', 'count', 'flags', 'at'],
    out: ([, at = 0, size = 0, fds = 0, , , out = 0]) => [
      [at, size],
      [fds, 32],
      [out, 12],
    ],
  },
  derive: { args: ['fd', 'rights', 'at'], out: last(4) },
  limit: { args: ['fd', 'rights'] },
  revoke: { args: ['fd'] },
  facts: { args: ['fd', 'at'], out: last(16) },
}
const NAMES = Object.keys(CALLS_BY_NAME)
const TEXTS = [
  'a',
  'b',
  'a longer name',
  '',
  'd',
  '/',
  '..',
  'f',
  'x'.repeat(64),
  'x'.repeat(65),
  'ä',
  './f',
  'A=b',
  '=',
]
/** That a port can be opened with, and all. */
const GOOD_RIGHTS = [1, 5, 31]
const WILD = [0, 1, 2, 3, 7, 255, 65_528, 65_532, 65_535, 65_536, 65_537, 2 ** 31 - 1, -(2 ** 31), -1, -4]

/** What the kernel would refuse must not get that far: a request that it answers is one that it could have read. */
const check = ({ command, args, env, cwd, descriptors, grants = [] }: ChildRequest): void => {
  for (const text of [command, cwd ?? '', ...args, ...Object.entries(env).flat()])
    assert.ok(!text.includes('\0'))
  for (const fd of [...descriptors, ...grants].flat()) assert.ok(fd >= 0 && fd <= 65_535, String(fd))
  for (const [, , rights] of grants) assert.ok(rights > 0 && rights < 32, String(rights))
}

/** A kernel that reads every request and starts nothing. */
const createKernel = (requests: ChildRequest[]): KernelCalls => {
  const answer = (result: number): Operation => ({
    call: 0,
    attempt: () => result,
    watch: () => {},
    deadline: () => Number.POSITIVE_INFINITY,
    interrupted: (errno) => -errno,
  })
  return {
    spawn: (request) => {
      check(request)
      requests.push(structuredClone(request))
      return answer(requests.length % 3 === 0 ? -ERRNO.NOENT : 4321)
    },
    kill: (pid, signal) => {
      assert.ok(pid >= -0x7fffffff && signal >= 0 && signal < 32)
      return answer(-ERRNO.SRCH)
    },
    spawnThread: () => answer(-ERRNO.NOTSUP),
    exec: () => answer(-ERRNO.NOTSUP),
    refresh: () => answer(0),
    sync: () => answer(0),
    bring: () => answer(0),
    watch: () => answer(-ERRNO.NOTSUP),
    pulse: () => answer(-ERRNO.NOTSUP),
  }
}

const createTarget = (requests: ChildRequest[]) => {
  const machine = createPrivateMachine({
    prepare: ({ mkdir, write }) => {
      mkdir('/work/d')
      write('/work/f', 'this is f')
    },
  })
  const { objects } = machine
  knowCapabilities(objects)
  const tty = createTty(objects, 80, 24)
  const facts = { stream: STREAM.TTY, object: tty, access: ACCESS.READ | ACCESS.WRITE, status: 0 }
  machine.descriptors.install(createOpenFile(objects, facts))
  const process = createProcess({
    ...machine,
    args: ['fuzz'],
    env: { A: 'b' },
    kernel: createKernel(requests),
  })
  const memory = new WebAssembly.Memory({ initial: 1, maximum: 1 })
  process.guest.setMemory(memory)
  return { machine, process, memory, imports: wasmrunImports(process) as unknown as Imports }
}
type Imports = Record<string, (...args: number[]) => unknown>

const fuzz = (calls: number, seed: number, requests: ChildRequest[]): Map<string, number> => {
  const random = createRandom(seed)
  const { machine, process, memory, imports } = createTarget(requests)
  const { objects } = machine
  const u8 = new Uint8Array(memory.buffer)
  const shadow = new Uint8Array(GUEST)
  const view = new DataView(shadow.buffer)
  const texts: Region[] = []
  const encoder = new TextEncoder()

  /** Small numbers look like descriptors and rights, others like pointers to texts: arrays of arguments, maps, requests. */
  const scatter = (): void => {
    texts.length = 0
    let at = TEXTS_AT
    for (let end = 0; end < TEXTS_AT; end += 4) {
      const kind = random(8)
      const text = texts[random(TEXTS.length)]?.[0] ?? TEXTS_AT
      view.setUint32(end, kind < 3 ? random(40) : kind < 6 ? text : kind < 7 ? 0 : random(2 ** 32), true)
    }
    for (const text of TEXTS) {
      const bytes = encoder.encode(text)
      shadow.set(bytes, at)
      shadow[at + bytes.length] = 0
      texts.push([at, bytes.length])
      at += bytes.length + 1
    }
    // Requests for children as a well-meaning program would write them, at 0, 64, 128 …: they meet wild words soon enough.
    for (let request = 0; request < 8; request++) {
      const base = request * 64
      const words = [
        512 + request * 32,
        0,
        random(3) ? 0 : (texts[4]?.[0] ?? 0),
        0,
        1024 + request * 24,
        random(3),
        random(8),
        0,
      ]
      for (const [index, word] of words.entries()) view.setUint32(base + index * 4, word, true)
      for (let index = 0; index < 3; index++)
        view.setUint32(
          512 + request * 32 + index * 4,
          index < 2 ? (texts[random(TEXTS.length)]?.[0] ?? 0) : 0,
          true,
        )
      for (let index = 0; index < 6; index++)
        view.setUint32(1024 + request * 24 + index * 4, random(24), true)
    }
    u8.set(shadow)
  }
  const number = (kind: Kind): number => {
    if (random(12) === 0) return WILD[random(WILD.length)] ?? 0
    if (random(40) === 0) return random(2 ** 32) | 0
    if (kind === 'fd') return random(8) ? random(40) : -1
    if (kind === 'rights') return random(2) ? (GOOD_RIGHTS[random(GOOD_RIGHTS.length)] ?? 0) : random(300)
    if (kind === 'flags') return random(12)
    if (kind === 'count') return random(10) ? random(4) : random(12)
    if (kind === 'size') return random(20) ? random(300) : random(20_000)
    if (kind === 'number') return random(40) - 2
    return random(6) ? random(TEXTS_AT / 4) * 4 : random(GUEST)
  }
  const argumentsFor = (kinds: Kind[]): number[] =>
    kinds.flatMap((kind) => {
      if (kind !== 'name') return [number(kind)]
      const [at, length] = texts[random(random(4) ? 2 : texts.length)] ?? [0, 0]
      return random(10) ? [at, length] : [number('at'), number('size')]
    })
  /** Nobody else is there to end a wait, and a deadly signal to itself is tested elsewhere. */
  const calm = (name: string, args: number[]): void => {
    if (name === 'port_open') args[4] = (args[4] ?? 0) | NO_WAIT
    if (name === 'send' || name === 'receive') args[5] = (args[5] ?? 0) | NO_WAIT
    if (name === 'wait') args[1] = (args[1] ?? 0) | WAIT_NOHANG
    if (name === 'kill' && args[0] === process.pid) args[0] = 7777
  }
  const outcomes = new Map<string, number>()
  scatter()
  for (let step = 0; step < calls; step++) {
    if (step % 100 === 99) scatter()
    const name = NAMES[random(NAMES.length)] ?? ''
    const call = CALLS_BY_NAME[name]
    assert.ok(call)
    // What takes away is seldom, or nothing would be there to be taken.
    if (/revoke|limit|dup2/.test(name) && random(6)) continue
    if (random(100) === 0) machine.descriptors.close(4 + random(36))
    const args = argumentsFor(call.args)
    if (name === 'spawn' && random(2)) args[0] = random(8) * 64
    calm(name, args)
    const regions = call.out?.(args.map((value) => value >>> 0)) ?? []
    const what = (): string => `step ${step} of seed ${seed}: ${name}(${args.join(', ')})`
    let result: unknown
    try {
      result = imports[name]?.(...args)
    } catch (error) {
      throw new Error(`${what()} threw ${error instanceof Error ? error.stack : JSON.stringify(error)}`)
    }
    const isErrno = Number.isInteger(result) && Number(result) >= 0 && Number(result) <= ERRNO_MAX
    assert.ok(isErrno, `${what()} gave ${result}`)
    const outcome = `${name} ${result}`
    outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + 1)
    // Refused calls write nothing, but for what a message would have needed.
    const mayWrite = result === 0 || (name === 'receive' && result === ERRNO.MSGSIZE)
    for (const [at, length] of mayWrite ? regions : []) {
      if (at >= GUEST) continue
      const end = Math.min(GUEST, at + length)
      shadow.set(u8.subarray(at, end), at)
    }
    if (Buffer.compare(u8, shadow) !== 0) {
      const at = u8.findIndex((byte, index) => byte !== shadow[index])
      assert.fail(`${what()} gave ${result} and wrote at ${at}, outside of ${JSON.stringify(regions)}`)
    }
  }
  assert.deepEqual(fsck(machine.vfs), [], `seed ${seed}`)
  assert.equal(objects.lock.owner(), -1)
  assert.equal(process.ended, null)
  releaseProcess(objects, objects.slot)
  const nothing = { messagePorts: 0, namespaces: 0, messages: 0 }
  assert.deepEqual(countTargets(objects), nothing, `seed ${seed}`)
  for (const used of [SUPERBLOCK.USED_CAPABILITIES, SUPERBLOCK.USED_TARGETS, SUPERBLOCK.USED_OPEN_FILES])
    assert.equal(getWord(objects.memory, used), 0, `seed ${seed}`)
  return outcomes
}

test(`${CALLS.toLocaleString('en')} wild calls of wasmrun: an errno each, no byte where none belongs, nothing left at the end`, (context) => {
  const all = new Map<string, number>()
  const requests: ChildRequest[] = []
  for (let machine = 0; machine * CALLS_PER_MACHINE < CALLS; machine++) {
    for (const [outcome, count] of fuzz(CALLS_PER_MACHINE, SEED + machine * 7919, requests))
      all.set(outcome, (all.get(outcome) ?? 0) + count)
  }
  const total = [...all.values()].reduce((sum, count) => sum + count, 0)
  // A fuzzer that is only ever refused at the door tests the door.
  for (const name of NAMES)
    if (name !== 'wait' && name !== 'kill')
      assert.ok((all.get(`${name} 0`) ?? 0) > 3, `${name} succeeded ${all.get(`${name} 0`) ?? 0} times`)
  const times = (errno: number): number =>
    NAMES.reduce((sum, name) => sum + (all.get(`${name} ${errno}`) ?? 0), 0)
  for (const errno of [
    ERRNO.FAULT,
    ERRNO.BADF,
    ERRNO.INVAL,
    ERRNO.ACCES,
    ERRNO.STALE,
    ERRNO.PIPE,
    ERRNO.AGAIN,
    ERRNO.NOENT,
  ])
    assert.ok(times(errno) > 5, `errno ${errno} came ${times(errno)} times`)
  assert.ok(
    requests.some(({ grants }) => (grants?.length ?? 0) > 0),
    'no child was handed a capability',
  )
  context.diagnostic(`${total} calls, seed ${SEED}, ${requests.length} children`)
})
