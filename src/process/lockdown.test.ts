import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Worker } from 'node:worker_threads'
import { bundleSource } from '../../tools/source-bundle.mjs'
import { lockDown, shield } from './lockdown.ts'

test('what is not the language or plain computing is taken, for good, also from prototypes', () => {
  class Target extends EventTarget {}
  class Scope extends Target {
    fetch(): string {
      return 'out'
    }
    get navigator(): string {
      return 'storage'
    }
  }
  const scope = new Scope()
  Object.assign(scope, { Worker: class {}, importScripts: () => {}, Math, setTimeout, tomorrowsApi: 1 })
  assert.deepEqual(lockDown(scope), [])
  const seen = scope as unknown as Record<string, unknown>
  for (const name of ['Worker', 'importScripts', 'fetch', 'navigator', 'tomorrowsApi', 'addEventListener']) {
    assert.equal(seen[name], undefined, name)
    assert.throws(() => {
      seen[name] = 1
    }, name)
    assert.equal(Reflect.deleteProperty(scope, name), false)
  }
  assert.equal('fetch' in Scope.prototype, false)
  assert.equal(seen.Math, Math)
  assert.equal(typeof new EventTarget().addEventListener, 'function', 'ports still need it')
})

test('a shielded object answers with its own methods when the prototype is changed', () => {
  class Port {
    send(): string {
      return 'sent'
    }
  }
  const port = new Port()
  shield(port)
  Port.prototype.send = () => 'caught'
  assert.equal(port.send(), 'sent')
})

/**
 * In a worker, with the build's captured intrinsics: a process makes calls while a guest has replaced all it can reach, and
 * looks at every `this` and argument that its replacements are given.
 */
const GUEST = `
import { attachMachine } from './src/process/machine.ts'
import { createProcess } from './src/process/process.ts'
import { createWasi } from './src/process/wasi.ts'
import { shield } from './src/process/lockdown.ts'
import { createPrivateMachine } from './src/process/private-machine.ts'
import { RIGHTS_FILE } from './src/abi/wasi.ts'
import { parentPort } from 'node:worker_threads'

const real = { Memory: WebAssembly.Memory, Shared: SharedArrayBuffer, get: Object.getPrototypeOf, isView: ArrayBuffer.isView,
  keys: Reflect.ownKeys, own: Object.getOwnPropertyDescriptor, apply: Reflect.apply, Error }
const bufferOf = Object.getOwnPropertyDescriptor(Object.getPrototypeOf(Int8Array.prototype), 'buffer').get
const machine = createPrivateMachine({ prepare: ({ write, mkdir }) => { write('/work/f', 'x'.repeat(5000)); mkdir('/work/d') } })
shield(machine.memory.shared)
const { imports, setMemory } = createWasi(machine.process)
const guest = new WebAssembly.Memory({ initial: 2 })
setMemory(guest)
const calls = imports.wasi_snapshot_preview1

const found = []
let looks = 0
let busy = false
const isLeak = (value) => value instanceof real.Memory && value !== guest
  || value instanceof real.Shared
  || (real.isView(value) && real.apply(bufferOf, value, []) instanceof real.Shared)
const look = (where, value, depth = 0) => {
  if ((typeof value !== 'object' && typeof value !== 'function') || value === null) return
  looks++
  if (isLeak(value)) { found[found.length] = where; return }
  if (depth === 3 || real.isView(value)) return
  const names = real.keys(value)
  for (let index = 0; index < names.length; index++) {
    const one = real.own(value, names[index])
    if (one && 'value' in one) look(where + '.' + String(names[index]), one.value, depth + 1)
  }
}
const spy = (holder, key, where) => {
  const before = real.own(holder, key)
  if (!before || !before.configurable) return
  const wrap = (original) => typeof original !== 'function' ? original : function (...args) {
    if (!busy) {
      busy = true
      look(where, this)
      for (let index = 0; index < args.length; index++) look(where, args[index])
      busy = false
    }
    return new.target ? Reflect.construct(original, args, new.target) : real.apply(original, this, args)
  }
  if ('value' in before) Object.defineProperty(holder, key, { ...before, value: wrap(before.value) })
  else Object.defineProperty(holder, key, { ...before, get: wrap(before.get), set: wrap(before.set) })
}
const attack = () => {
  // By way of globalThis: the bare names are the captured ones, which a guest has not.
  const { Atomics, Uint8Array, Int32Array, WeakMap } = globalThis
  const typed = real.get(Uint8Array.prototype)
  const places = [[Atomics, 'Atomics'], [typed, '%TypedArray%'], [Uint8Array.prototype, 'Uint8Array'], [Int32Array.prototype, 'Int32Array'],
    [Array.prototype, 'Array'], [Promise.prototype, 'Promise'], [WebAssembly.Memory.prototype, 'Memory'],
    [SharedArrayBuffer.prototype, 'SharedArrayBuffer'], [Map.prototype, 'Map'], [WeakMap.prototype, 'WeakMap'], [Set.prototype, 'Set'],
    [Function.prototype, 'Function'], [performance, 'performance'], [Object, 'Object']]
  for (const [holder, name] of places)
    for (const key of real.keys(holder))
      if (!(name === 'Function' && key === Symbol.hasInstance)) spy(holder, key, name + '.' + String(key))
  for (const name of ['Uint8Array', 'Int32Array', 'Array', 'Promise', 'DataView', 'Map', 'BigInt']) {
    const Original = globalThis[name]
    globalThis[name] = new Proxy(Original, {
      construct(target, args, self) { look('new ' + name, args); return Reflect.construct(target, args, self === globalThis[name] ? target : self) },
      apply(target, self, args) { look(name, args); return real.apply(target, self, args) },
    })
  }
  globalThis.Atomics = new Proxy(Atomics, { get(target, key) { look('Atomics', key); return target[key] } })
  Error.prepareStackTrace = (error, sites) => { for (const site of sites) { look('site', site.getThis()); look('site', site.getFunction()) } return 'stack' }
}

const bytes = new Uint8Array(guest.buffer)
const view = new DataView(guest.buffer)
const put = (text, at) => { for (let index = 0; index < text.length; index++) bytes[at + index] = text.charCodeAt(index); return text.length }
const results = []
const work = () => {
  const note = (value) => { results[results.length] = value }
  const length = put('f', 100)
  note(calls.path_open(3, 0, 100, length, 0, BigInt(RIGHTS_FILE), 0n, 0, 8))
  const fd = view.getUint32(8, true)
  view.setUint32(16, 4096, true)
  view.setUint32(20, 4000, true)
  note(calls.fd_read(fd, 16, 1, 8))
  note(calls.fd_write(fd, 16, 1, 8))
  note(calls.fd_pread(fd, 16, 1, 0n, 8))
  note(calls.fd_seek(fd, 0n, 0, 8))
  note(calls.fd_filestat_get(fd, 8192))
  note(calls.fd_readdir(3, 8192, 4096, 0n, 8))
  note(calls.path_filestat_get(3, 0, 100, length, 8192))
  put('new', 200)
  note(calls.path_create_directory(3, 200, 3))
  note(calls.path_rename(3, 200, 3, 3, 200, 3))
  note(calls.path_symlink(100, length, 3, 300, put('link', 300)))
  note(calls.path_readlink(3, 300, 4, 8192, 64, 8))
  note(calls.fd_prestat_get(3, 8))
  note(calls.fd_prestat_dir_name(3, 8192, 1))
  note(calls.random_get(8192, 100))
  note(calls.clock_time_get(0, 0n, 8))
  view.setBigUint64(8192 + 24, 2000000n, true)
  note((bytes.fill(0, 8192, 8192 + 24), view.setUint32(8192 + 16, 1, true), calls.poll_oneoff(8192, 9000, 1, 8)))
  // Large enough to make the machine's memory grow, and its views with it.
  note(calls.fd_filestat_set_size(fd, 3000n))
  note(calls.fd_allocate(fd, 0n, 90000000n))
  note(calls.fd_pwrite(fd, 16, 1, 80000000n, 8))
  note(calls.fd_close(fd))
  note(calls.path_unlink_file(3, 100, length))
  let message = ''
  try { calls.proc_exit(0) } catch (ended) { look('exit', ended); message = String(ended.code) }
  note(message)
}
attack()
work()
parentPort.postMessage({ found, results, looks })
`

const runGuest = async (
  inject: string[],
): Promise<{ found: string[]; results: unknown[]; looks: number }> => {
  const worker = new Worker(await bundleSource(GUEST, 'cjs', inject), { eval: true })
  return new Promise((resolve, reject) => {
    worker.on('message', resolve)
    worker.on('error', reject)
  })
}

test('a guest that replaces every built-in is handed nothing of the machine', async () => {
  const { found, results, looks } = await runGuest(['src/memory/intrinsics.ts'])
  assert.deepEqual([...new Set(found)], [])
  assert.ok(looks > 0, 'the replacements were called')
  assert.equal(results.at(-1), '0')
  assert.ok(
    results.slice(0, -1).every((errno) => errno === 0),
    JSON.stringify(results),
  )
})

test('without the captured built-ins the same guest finds the memory, so the test can fail', async () => {
  const { found } = await runGuest([])
  assert.ok(found.length > 0)
})
