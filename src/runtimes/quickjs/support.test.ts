/** The table of calls says what there is: what it calls whole must be reachable for a guest. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { SUPPORT, SYSCALLS, WASMRUN } from '../../abi/syscalls.ts'
import { createPrivateMachine } from '../../process/private-machine.ts'
import { createWasi } from '../../process/wasi.ts'
import { wasmrunImports } from '../../process/wasmrun/imports.ts'
import { createDescriptorCalls } from './descriptors.ts'
import { createFactCalls } from './facts.ts'
import { createCaught, createJobCalls } from './jobs.ts'
import { createNative } from './native.ts'
import { createPaths } from './paths.ts'
import { BUILTIN_EXPORTS, PRELUDE } from './prelude.ts'
import { createProcessCalls } from './processes.ts'
import { CALLS } from './trace.ts'

const guestFunctions = () => {
  const { process } = createPrivateMachine()
  const paths = createPaths(process)
  const caught = createCaught(process)
  const { imports } = createWasi(process)
  const natives = {
    ...createNative(process, paths, [], caught),
    ...createProcessCalls(process, {} as never, caught),
    ...createJobCalls(process, caught),
    ...createDescriptorCalls(process, paths, caught),
    ...createFactCalls(process, paths, caught),
  }
  const own = Object.keys(wasmrunImports(process))
  return { wasi: Object.keys(imports.wasi_snapshot_preview1), own, natives: Object.keys(natives) }
}

/** thread-spawn is there for modules that import shared memory; os.exec with `replace` is exec. */
const OTHERWISE = ['thread', 'exec']

test('every call that the table calls full has a caller among the imports or in qjs:os', () => {
  const { wasi, own, natives } = guestFunctions()
  const reached = new Set(OTHERWISE)
  for (const [name, { wasi: imports }] of Object.entries(SYSCALLS))
    if (imports.some((each) => wasi.includes(each))) reached.add(name)
  for (const [call, names] of Object.entries(WASMRUN)) {
    for (const name of names) assert.ok(own.includes(name), `wasmrun.${name} is no function`)
    reached.add(call)
  }
  for (const [native, call] of Object.entries(CALLS)) {
    assert.ok(natives.includes(native), `${native} is traced and is no function`)
    assert.match(PRELUDE, new RegExp(`native\\.${native}\\b`), `${native} is nowhere called`)
    reached.add(call)
  }
  const full = Object.entries(SUPPORT).filter(([, support]) => support === 'full')
  assert.deepEqual(
    full.map(([name]) => name).filter((name) => !reached.has(name)),
    [],
  )
})

test('every export of qjs:os is there', () => {
  const body = PRELUDE.slice(
    PRELUDE.indexOf('const os = {'),
    PRELUDE.indexOf('for (const [name, value] of [['),
  )
  const absent = BUILTIN_EXPORTS['qjs:os']?.filter((name) => !new RegExp(`\\b${name}:`).test(body))
  assert.deepEqual(absent, [])
})
