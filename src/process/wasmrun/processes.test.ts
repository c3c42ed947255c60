import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { ChildRequest } from '../../abi/control.ts'
import { ERRNO } from '../../abi/errno.ts'
import { knowCapabilities } from '../../objects/capability-calls.ts'
import type { Operation } from '../../objects/types.ts'
import type { KernelCalls } from '../kernel-calls.ts'
import { createPrivateMachine } from '../private-machine.ts'
import { createProcess } from '../process.ts'
import { wasmrunImports } from './imports.ts'

const OUT = 64
const REQUEST = 256
const MAP = 512
const ARGV = 1024
const ENVP = 1536
const TEXT = 4096
const ENV = { OWN: 'yes' }

/** A program with two preopens, and what it asked the kernel for. */
const open = () => {
  const machine = createPrivateMachine({
    preopens: [
      { name: '/', path: '/home/project' },
      { name: '/data', path: '/srv/data' },
    ],
    prepare: ({ mkdir, write, symlink }) => {
      for (const folder of ['/home/project/src', '/srv/data/deep', '/srv/secret']) mkdir(folder)
      for (const file of ['/home/project/a.wasm', '/srv/data/b.wasm', '/srv/secret/c.wasm']) write(file, 'x')
      symlink('../../srv/secret', '/home/project/way-out')
    },
  })
  knowCapabilities(machine.objects)
  const asked: ChildRequest[] = []
  const answer = (result: number): Operation => ({
    call: 0,
    attempt: () => result,
    watch: () => {},
    deadline: () => Number.POSITIVE_INFINITY,
    interrupted: (errno) => -errno,
  })
  const kernel: KernelCalls = {
    spawn: (request) => {
      asked.push(request)
      return answer(42)
    },
    kill: () => answer(0),
    spawnThread: () => answer(0),
    exec: () => answer(0),
    refresh: () => answer(0),
    sync: () => answer(0),
    bring: () => answer(0),
    watch: () => answer(0),
    pulse: () => answer(0),
  }
  const process = createProcess({ ...machine, args: ['test'], env: ENV, kernel })
  process.guest.setMemory(new WebAssembly.Memory({ initial: 1 }))
  const { view, u8 } = process.guest
  const calls = wasmrunImports(process) as unknown as Record<string, (...args: number[]) => number>
  const call = (name: string, ...args: number[]): number => calls[name]?.(...args) ?? -1
  let free = TEXT
  const put = (text: string): number => {
    const bytes = new TextEncoder().encode(`${text}\0`)
    u8.set(bytes, free)
    free += bytes.length
    return free - bytes.length
  }
  const words = (at: number, ...values: number[]): number => {
    for (const [index, value] of values.entries()) view.setUint32(at + index * 4, value, true)
    return at
  }
  const chdir = (path: string): number => call('chdir', put(path), new TextEncoder().encode(path).length)
  const cwd = (): string | number => {
    const errno = call('getcwd', TEXT - 1024, 1024, OUT)
    if (errno !== 0) return -errno
    return new TextDecoder().decode(u8.slice(TEXT - 1024, TEXT - 1024 + view.getUint32(OUT, true)))
  }
  return { machine, process, asked, call, put, words, chdir, cwd, view }
}

test('the working directory goes by the program’s own names, and leads out of no preopen', () => {
  const { machine, chdir, cwd } = open()
  assert.equal(chdir('/'), 0)
  assert.equal(cwd(), '/')
  assert.equal(chdir('src'), 0)
  assert.equal(cwd(), '/src')
  assert.equal(chdir('../data/./deep'), 0)
  assert.equal(cwd(), '/data/deep')
  assert.equal(chdir('../../../../..'), 0)
  assert.equal(cwd(), '/')
  assert.equal(chdir('a.wasm'), ERRNO.NOTDIR)
  assert.equal(chdir(''), ERRNO.NOENT)
  assert.equal(chdir('/srv'), ERRNO.NOENT)
  assert.equal(chdir('way-out'), ERRNO.NOTCAPABLE)
  assert.equal(cwd(), '/')
  chdir('src')
  const { root } = machine.vfs
  const name = new TextEncoder().encode('/home/project/src')
  machine.vfs.rmdir(root, name, 0, name.length, 1)
  assert.equal(cwd(), -ERRNO.NOENT)
  assert.equal(chdir('..'), ERRNO.NOENT)
  assert.equal(chdir('/data'), 0)
})

test('a request for a child says what the guest’s memory said, with the machine’s names for its paths', () => {
  const { asked, call, put, words, chdir, view } = open()
  chdir('/src')
  assert.equal(call('namespace_create', OUT), 0)
  const names = view.getUint32(OUT, true)
  words(ARGV, put('/data/b.wasm'), put('one'), put(''), 0)
  words(ENVP, put('A=b=c'), put('EMPTY='), 0)
  words(MAP, 1, 1, 0, names, 40, 9)
  words(REQUEST, ARGV, ENVP, put('/data/deep'), 0, MAP, 2, 3, 0)
  assert.equal(call('spawn', REQUEST, OUT), 0)
  assert.equal(view.getUint32(OUT, true), 42)
  assert.deepEqual(
    { ...asked[0], env: { ...asked[0]?.env } },
    {
      command: '/srv/data/b.wasm',
      args: ['one', ''],
      argv0: '/data/b.wasm',
      cwd: '/srv/data/deep',
      env: { A: 'b=c', EMPTY: '' },
      descriptors: [[1, 1]],
      grants: [[names, 40, 9]],
      group: 0,
      foreground: true,
    },
  )
  words(REQUEST, ARGV, 0, 0, put('tool'), 0, 0, 4, 0)
  assert.equal(call('spawn', REQUEST, OUT), 0)
  assert.deepEqual(asked[1], {
    command: 'tool',
    args: ['one', ''],
    argv0: '/data/b.wasm',
    cwd: '/home/project/src',
    env: ENV,
    descriptors: [],
    grants: [],
    session: true,
  })
})

test('a request that cannot be read is an errno, and the kernel hears nothing of it', () => {
  const { asked, call, put, words } = open()
  words(ARGV, put('a.wasm'), 0)
  const spawn = (...request: number[]): number => call('spawn', words(REQUEST, ...request), OUT)
  assert.equal(call('spawn', 65_530, OUT), ERRNO.FAULT)
  assert.equal(spawn(65_534, 0, 0, 0, 0, 0, 0, 0), ERRNO.FAULT, 'argv ends outside')
  assert.equal(spawn(words(2048, 0), 0, 0, 0, 0, 0, 0, 0), ERRNO.INVAL, 'no argv[0]')
  assert.equal(spawn(words(2048, 0xfffffff0, 0), 0, 0, 0, 0, 0, 0, 0), ERRNO.FAULT, 'a text outside')
  assert.equal(spawn(ARGV, words(2052, put('no value'), 0), 0, 0, 0, 0, 0, 0), ERRNO.INVAL)
  assert.equal(spawn(ARGV, words(2052, put('=x'), 0), 0, 0, 0, 0, 0, 0), ERRNO.INVAL)
  assert.equal(spawn(ARGV, 0, put('/missing'), 0, 0, 0, 0, 0), ERRNO.NOENT)
  assert.equal(spawn(ARGV, 0, 0, put('/missing.wasm'), 0, 0, 0, 0), ERRNO.NOENT)
  assert.equal(spawn(ARGV, 0, 0, put('/way-out/c.wasm'), 0, 0, 0, 0), ERRNO.NOTCAPABLE)
  assert.equal(spawn(ARGV, 0, 0, 0, words(MAP, 99, 1, 0), 1, 0, 0), ERRNO.BADF)
  assert.equal(spawn(ARGV, 0, 0, 0, words(MAP, 1, 65_536, 0), 1, 0, 0), ERRNO.BADF)
  assert.equal(spawn(ARGV, 0, 0, 0, MAP, 5000, 0, 0), ERRNO['2BIG'])
  assert.equal(spawn(ARGV, 0, 0, 0, 0, 0, 8, 0), ERRNO.INVAL, 'an unknown flag')
  assert.equal(asked.length, 0)
})
