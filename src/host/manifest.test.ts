import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseCatalogue, parseManifest, resolveFile } from './manifest.ts'
import { Refusal } from './refusal.ts'

const BASE = 'https://site.test/repo/runtimes/python/'
const HASH = 'a'.repeat(64)
const ENTRY = {
  file: 'python.wasm',
  size: 10,
  sha256: HASH,
  wasi: 'wasip1',
  released: '2026-01-01',
  features: [],
}

const parseOne = (entry: Record<string, unknown>, version = '3.12.0') =>
  parseManifest({ language: 'python', latest: version, versions: { [version]: entry } }, 'python', BASE)

const reasonOf = (entry: Record<string, unknown>, version?: string): string => {
  const { entries, refused } = parseOne(entry, version)
  assert.deepEqual(entries, [])
  assert.equal(refused.length, 1)
  return refused[0]?.reason ?? ''
}

test('an entry of plain wasmhub is a WASI command that goes by its own name', () => {
  const [entry] = parseOne(ENTRY).entries
  assert.deepEqual(entry?.module, {
    size: 10,
    sha256: HASH,
    plain: { url: `${BASE}python.wasm`, size: 10, sha256: HASH },
    gzip: null,
  })
  assert.deepEqual(entry?.recipe, {
    kind: 'wasi',
    commands: ['python'],
    env: {},
    mounts: [],
    warm: null,
    startsInPwd: false,
  })
  assert.equal(entry?.latest, true)
})

test('keys of ours name the module that runs, its files and its mounts', () => {
  const gz = { file: 'core.wasm.gz', size: 5, sha256: HASH.toUpperCase(), encoding: 'gzip' }
  const [entry] = parseOne({
    ...ENTRY,
    title: 'Python',
    module: { size: 9, sha256: HASH, compressed: gz },
    files: { stdlib: { file: 'lib.tree', size: 3, sha256: HASH } },
    mounts: [{ file: 'stdlib', path: '/usr/local/lib/python3.12' }],
    commands: ['python3', 'python'],
    env: { A: 'b' },
    warm: ['-c', 'pass'],
  }).entries
  assert.equal(entry?.module.plain, null)
  assert.deepEqual(entry?.module.gzip, { url: `${BASE}core.wasm.gz`, size: 5, sha256: HASH })
  assert.equal(entry?.files.stdlib?.plain?.url, `${BASE}lib.tree`)
  assert.deepEqual(entry?.recipe.mounts, [{ file: 'stdlib', path: '/usr/local/lib/python3.12' }])
  assert.deepEqual(entry?.recipe.warm, ['-c', 'pass'])
})

for (const key of ['size', 'sha256'])
  test(`an entry without ${key} is refused, and so is a file or a compressed form without it`, () => {
    const { [key]: _gone, ...rest } = ENTRY as Record<string, unknown>
    const said = key === 'size' ? /has no size/ : /has no SHA-256/
    assert.match(reasonOf(rest), said)
    assert.match(reasonOf({ ...ENTRY, module: rest }), said)
    assert.match(reasonOf({ ...ENTRY, files: { stdlib: rest } }), said)
    assert.match(reasonOf({ ...ENTRY, compressed: { ...rest, encoding: 'gzip' } }), said)
  })

for (const sha256 of ['', 'a'.repeat(63), 'g'.repeat(64), ` ${'a'.repeat(64)}`, 5, null])
  test(`a SHA-256 of ${JSON.stringify(sha256)} is refused`, () => {
    assert.match(reasonOf({ ...ENTRY, sha256 }), /SHA-256/)
  })

for (const size of [0, -1, 1.5, Number.NaN, 2 ** 40, '10', null])
  test(`a size of ${String(size)} is refused`, () => {
    assert.match(reasonOf({ ...ENTRY, size }), /size/)
  })

for (const file of [
  '',
  '.',
  '../other.wasm',
  'a/../../x.wasm',
  'a/../b.wasm',
  '%2e%2e/x.wasm',
  'a/%2E%2e/x.wasm',
  '..%2fx.wasm',
  'a\\..\\x.wasm',
  '/etc/x.wasm',
  '//evil.test/x.wasm',
  'https://evil.test/repo/runtimes/python/x.wasm',
  'https://site.test/other/x.wasm',
  'https://user:word@site.test/repo/runtimes/python/x.wasm',
  'http://site.test/repo/runtimes/python/x.wasm',
  'data:application/wasm;base64,AGFzbQ==',
  'blob:https://site.test/1',
  'javascript:alert(1)',
  'x.wasm?y',
  'x.wasm#y',
  'https://',
  7,
  null,
])
  test(`a file named ${JSON.stringify(file)} cannot lead out of the hub`, () => {
    assert.throws(() => resolveFile(file, 'python 3.12', BASE), /outside of its hub/)
  })

test('a file may lie in a folder, and be named in full within the same hub', () => {
  assert.equal(resolveFile('lib/x..y.wasm', 'python', BASE), `${BASE}lib/x..y.wasm`)
  assert.equal(resolveFile(`${BASE}x.wasm`, 'python', BASE), `${BASE}x.wasm`)
})

test('one bad version does not take the others with it', () => {
  const manifest = {
    language: 'python',
    latest: '2',
    versions: { 1: ENTRY, 2: { ...ENTRY, size: 0 }, 3: 'x' },
  }
  const { entries, refused } = parseManifest(manifest, 'python', BASE)
  assert.deepEqual(
    entries.map(({ version }) => version),
    ['1'],
  )
  assert.deepEqual(
    refused.map(({ version }) => version),
    ['2', '3'],
  )
})

test('an entry for another WASI, of an unknown kind or with an unknown compression is refused', () => {
  assert.match(reasonOf({ ...ENTRY, wasi: 'wasip2' }), /wasip2/)
  assert.match(reasonOf({ ...ENTRY, kind: 'script' }), /kind/)
  const brotli = { file: 'x.br', size: 1, sha256: HASH, encoding: 'br' }
  assert.match(reasonOf({ ...ENTRY, compressed: brotli }), /compressed in a way/)
  assert.match(reasonOf({ size: 1, sha256: HASH, wasi: 'wasip1' }), /names no file/)
})

for (const path of ['', 'usr/lib', '/', '/usr/../etc', '/usr//lib', '/usr/./lib', '/a\0b', '/usr/'])
  test(`a mount at ${JSON.stringify(path)} is refused`, () => {
    const files = { stdlib: { file: 'x', size: 1, sha256: HASH } }
    assert.match(reasonOf({ ...ENTRY, files, mounts: [{ file: 'stdlib', path }] }), /no absolute path/)
  })

test('a mount of a file that is not there, commands with a path and variables with = are refused', () => {
  assert.match(reasonOf({ ...ENTRY, mounts: [{ file: 'toString', path: '/x' }] }), /not among its files/)
  assert.match(reasonOf({ ...ENTRY, commands: ['../sh'] }), /commands/)
  assert.match(reasonOf({ ...ENTRY, env: { 'A=B': 'c' } }), /not a variable/)
  assert.match(reasonOf({ ...ENTRY, env: { A: 'b\0' } }), /not a variable/)
})

test('versions and names that are no words are refused', () => {
  assert.match(reasonOf(ENTRY, '../3'), /no version/)
  assert.throws(() => parseCatalogue({ languages: { '../x': {} } }), /no name of a language/)
})

for (const value of [null, [], 'x', 5, {}, { languages: [] }, { languages: null }])
  test(`${JSON.stringify(value)} is no catalogue`, () => {
    assert.throws(
      () => parseCatalogue(value),
      (error) => error instanceof Refusal && error.code === 'bad-catalogue' && error.retry,
    )
  })

test('a manifest of another language is refused whole', () => {
  assert.throws(() => parseManifest({ language: 'ruby', versions: {} }, 'python', BASE), /another language/)
})
