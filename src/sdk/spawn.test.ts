import assert from 'node:assert/strict'
import { test } from 'node:test'
import { isCode } from '../abi/errno.ts'
import { HOME, spawnRequest } from './spawn.ts'

test('without options a program gets pipes, the project folder and the usual view', () => {
  assert.deepEqual(spawnRequest('/bin/tool.wasm', ['-v'], {}), {
    command: '/bin/tool.wasm',
    args: ['-v'],
    cwd: HOME,
    env: {},
    bareEnv: false,
    preopens: null,
    terminal: null,
    stdin: null,
    title: 'tool.wasm -v',
  })
})

test('a terminal has a size, its own or the usual one', () => {
  assert.deepEqual(spawnRequest('a', [], { terminal: true }).terminal, { columns: 80, rows: 24 })
  const size = { columns: 132, rows: 43 }
  assert.deepEqual(spawnRequest('a', [], { terminal: size }).terminal, size)
  assert.equal(spawnRequest('a', [], { terminal: false }).terminal, null)
})

test('a preopen is a path, or a path under another name, read-only or not', () => {
  const preopens = ['/data', { path: '/usr', readonly: true }, { path: '/home/project', as: '/' }]
  assert.deepEqual(spawnRequest('a', [], { preopens }).preopens, [
    { name: '/data', path: '/data', readonly: false },
    { name: '/usr', path: '/usr', readonly: true },
    { name: '/', path: '/home/project', readonly: false },
  ])
  assert.deepEqual(spawnRequest('a', [], { preopens: [] }).preopens, [])
})

test('stdin may be text, bytes, or empty, which is not the same as none', () => {
  assert.deepEqual(spawnRequest('a', [], { stdin: 'é' }).stdin, new Uint8Array([0xc3, 0xa9]))
  assert.deepEqual(spawnRequest('a', [], { stdin: '' }).stdin, new Uint8Array(0))
  assert.equal(spawnRequest('a', [], {}).stdin, null)
})

test('what no process can be given is refused by name', () => {
  const refused = (act: () => unknown): boolean => {
    try {
      act()
      return false
    } catch (error) {
      return isCode(error, 'EINVAL')
    }
  }
  assert.ok(refused(() => spawnRequest('a\0b', [], {})))
  assert.ok(refused(() => spawnRequest('a', ['x\0'], {})))
  assert.ok(refused(() => spawnRequest('a', [], { env: { A: '\0' } })))
  assert.ok(refused(() => spawnRequest('a', [], { env: { 'A=B': '1' } })))
  assert.ok(refused(() => spawnRequest('a', [], { env: { '': '1' } })))
  assert.ok(!refused(() => spawnRequest('a', ['=', 'ü', '\n'], { env: { A: '=' } })))
})
