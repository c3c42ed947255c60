import assert from 'node:assert/strict'
import { test } from 'node:test'
import { checkTree, readTree } from '../abi/tree.ts'
import { encodeText } from '../lib/bytes.ts'
import { sourceFromEntries } from './flat.ts'
import { DEFAULT_LIMITS, MAX_LIMITS } from './limits.ts'
import { loadPlan } from './load.ts'
import { packProject, viewOf } from './pack.ts'
import type { Source, SourceNode } from './source.ts'
import { raiseLimits, walk } from './walk.ts'

interface FakeFile {
  size?: number
  read?: () => Promise<Uint8Array>
}

/** A source of texts by path, with a record of the folders that were listed. */
function project(files: Record<string, string | FakeFile>): Source & { listed: string[] } {
  const listed: string[] = []
  const base = sourceFromEntries(
    'demo',
    Object.entries(files).map(([path, file]) => {
      const bytes = encodeText(typeof file === 'string' ? file : 'x')
      const size = typeof file === 'string' ? bytes.length : (file.size ?? bytes.length)
      const read = typeof file === 'string' ? async () => bytes : (file.read ?? (async () => bytes))
      return { path, node: { kind: 'file' as const, stat: async () => ({ size, modifiedNs: 5n }), read } }
    }),
  )
  const watch = (node: SourceNode, path: string): SourceNode =>
    node.kind !== 'directory'
      ? node
      : {
          ...node,
          async *list() {
            listed.push(path)
            for await (const child of node.list())
              yield watch(child, path === '' ? child.name : `${path}/${child.name}`)
          },
        }
  return { ...base, root: { ...base.root, ...watch(base.root, '') } as Source['root'], listed }
}

const named = (name: string): Error => Object.assign(new Error('gone'), { name })
const paths = (list: readonly { path: string }[]): string[] => list.map(({ path }) => path).sort()

test('a plan has the files, and lists what the defaults and .gitignore files leave out, with the reason', async () => {
  const plan = await walk(
    project({
      'main.py': 'print(1)',
      '.gitignore': '*.log\nsecret/\n',
      'a.log': '',
      'node_modules/x/index.js': '',
      'lib/.gitignore': '!keep.log\n',
      'lib/keep.log': '',
      'lib/b.log': '',
      'lib/__pycache__/m.pyc': '',
      'secret/key': '',
    }),
  )
  assert.deepEqual(paths(plan.files), ['.gitignore', 'lib/.gitignore', 'lib/keep.log', 'main.py'])
  assert.deepEqual(plan.directories, ['lib'])
  assert.deepEqual(Object.fromEntries(plan.leftOut.map(({ path, reason }) => [path, reason])), {
    'a.log': 'Ignored by .gitignore, line 1: *.log',
    node_modules: 'Ignored: packages are installed anew, not copied.',
    'lib/b.log': 'Ignored by .gitignore, line 1: *.log',
    'lib/__pycache__': 'Ignored: caches that Python makes again.',
    secret: 'Ignored by .gitignore, line 2: secret/',
  })
})

test('an ignored folder is not even listed', async () => {
  const source = project({ 'node_modules/a/b.js': '', '.git/config': '', 'src/x.js': '' })
  await walk(source)
  assert.deepEqual(source.listed, ['', 'src'])
})

test('every default can be switched off, and .gitignore files too', async () => {
  const files = { 'node_modules/a.js': '', '.gitignore': 'x\n', x: '' }
  assert.deepEqual(paths((await walk(project(files), { defaultsOff: ['node-modules'] })).files), [
    '.gitignore',
    'node_modules/a.js',
  ])
  assert.deepEqual(paths((await walk(project(files), { gitignore: false })).files), ['.gitignore', 'x'])
})

test('finished programs are loaded although they are ignored, and nothing beside them', async () => {
  const source = project({
    '.gitignore': '/target\n*.wasm\nbuild/\n',
    'Cargo.toml': '',
    'target/wasm32-wasip1/release/app.wasm': '',
    'target/wasm32-wasip1/debug/app.wasm': '',
    'target/wasm32-wasip1/release/app.d': '',
    'target/wasm32-wasip1/release/deps/app-123.wasm': '',
    'target/wasm32-wasip1/release/build/x/out.wasm': '',
    'target/release/app': '',
    'crates/inner/target/wasm32-wasip1/release/inner.wasm': '',
    'main.wasm': '',
    'cmd/main.wasm': '',
    'cmd/other.wasm': '',
    'build/x.wasm': '',
  })
  const plan = await walk(source)
  assert.deepEqual(paths(plan.files), [
    '.gitignore',
    'Cargo.toml',
    'cmd/main.wasm',
    'crates/inner/target/wasm32-wasip1/release/inner.wasm',
    'main.wasm',
    'target/wasm32-wasip1/debug/app.wasm',
    'target/wasm32-wasip1/release/app.wasm',
  ])
  assert.ok(!source.listed.some((path) => /deps|\/build|target\/release$/.test(path)))
  assert.equal(checkTree(packProject(await loadPlan(plan))).files, 7)
})

test('a file above its limit is left out and listed, and the offer would take it', async () => {
  const plan = await walk(project({ 'big.bin': { size: 11 * 2 ** 20 }, 'a.py': '' }))
  assert.deepEqual(paths(plan.files), ['a.py'])
  assert.match(plan.leftOut[0]?.reason ?? '', /11 MB is more than the limit of 10 MB/)
  assert.deepEqual(plan.over?.limits, ['fileBytes'])
  assert.deepEqual(paths(raiseLimits(plan, plan.over?.offer ?? DEFAULT_LIMITS).files), ['a.py', 'big.bin'])
})

test('a project over the total limits gives an offer with figures, and goes on when it is taken', async () => {
  const files = Object.fromEntries(Array.from({ length: 12 }, (_, n) => [`d/f${n}`, { size: 5 * 2 ** 20 }]))
  const source = project({ ...files, 'main.py': '' })
  const plan = await walk(source)
  assert.deepEqual(plan.over?.limits, ['totalBytes'])
  assert.deepEqual(plan.over?.found, { files: 13, bytes: 60 * 2 ** 20, largest: 5 * 2 ** 20 })
  assert.deepEqual(plan.over?.admitted, { files: 11, bytes: 50 * 2 ** 20, largest: 5 * 2 ** 20 })
  assert.match(plan.over?.message ?? '', /13 files, 60 MB in all; 11 files, 50 MB fit/)
  assert.ok(
    plan.files.some(({ path }) => path === 'main.py'),
    'shallow files come first',
  )
  const listed = source.listed.length
  const raised = raiseLimits(plan, plan.over?.offer ?? DEFAULT_LIMITS)
  assert.equal(raised.over, undefined)
  assert.equal(raised.files.length, 13)
  assert.deepEqual(raised.leftOut, [])
  assert.equal(source.listed.length, listed, 'the source is not asked again')
})

test('5,001 files are one more than the limit', async () => {
  const plan = await walk(project(Object.fromEntries(Array.from({ length: 5001 }, (_, n) => [`f${n}`, '']))))
  assert.equal(plan.files.length, 5000)
  assert.deepEqual(plan.over?.limits, ['files'])
  assert.equal(plan.over?.offer.files, 6000)
})

test('what not even the machine can hold is said', async () => {
  const plan = await walk(project({ huge: { size: 2 ** 31 } }))
  assert.equal(plan.over?.complete, false)
  assert.equal(plan.over?.offer.fileBytes, MAX_LIMITS.fileBytes)
  assert.match(plan.over?.message ?? '', /more than this machine can hold/)
})

test('backslashes, newlines and unicode live, what no filesystem takes is listed', async () => {
  const names = ['a\\b', 'new\nline', 'naïve 😀', 'x'.repeat(255)]
  const bad = ['zero\0', 'é'.repeat(128), 'lone\ud800', '..', '.', '']
  const nodes = [...names, ...bad].map((name): SourceNode => {
    return { kind: 'file', name, stat: async () => ({ size: 1 }), read: async () => encodeText('1') }
  })
  const plan = await walk({
    name: 'n',
    root: { kind: 'directory', name: '', list: () => nodes },
    leftOut: [],
  })
  assert.deepEqual(paths(plan.files), [...names].sort())
  assert.equal(plan.leftOut.filter(({ code }) => code === 'bad-name').length, bad.length)
  assert.ok(
    plan.leftOut.some(({ path }) => path === '\ufffd'),
    'a file without a name is not taken for its folder',
  )
  const packed = packProject(await loadPlan(plan))
  const stored = [...readTree(packed)].map(({ path }) => new TextDecoder().decode(path))
  assert.deepEqual(stored.sort(), [...names].sort())
})

test('a folder that nests without end is cut at the longest path and does not hang', async () => {
  const endless = (): SourceNode => ({
    kind: 'directory',
    name: 'deeper'.repeat(20),
    list: () => [endless()],
  })
  const plan = await walk({
    name: 'n',
    root: { kind: 'directory', name: '', list: () => [endless()] },
    leftOut: [],
  })
  assert.match(plan.leftOut[0]?.reason ?? '', /longer than 4095 bytes/)
})

test('names that differ only in case or accents are kept and noted', async () => {
  const plan = await walk(
    project({ README: '', readme: '', 'e\u0301': '', '\u00e9': '', 'src/A': '', 'src/a': '' }),
  )
  assert.equal(plan.files.length, 6)
  assert.equal(plan.notes.length, 3)
  assert.match(plan.notes.map(({ message }) => message).join(), /upper and lower case.*accent/s)
})

test('progress is told and an abort stops the walk and the reading', async () => {
  const seen: string[] = []
  const control = new AbortController()
  const source = project({ 'a/x': '', 'b/y': '' })
  const options = { signal: control.signal, progress: ({ path }: { path: string }) => void seen.push(path) }
  const plan = await walk(source, options)
  assert.deepEqual(seen, ['', 'a', 'b'])
  control.abort(new Error('enough'))
  await assert.rejects(walk(source, options), /enough/)
  await assert.rejects(loadPlan(plan, options), /enough/)
})

test('a folder that vanishes while it is listed keeps what was found and names the path', async () => {
  const gone: SourceNode = {
    kind: 'directory',
    name: 'lib',
    async *list() {
      yield {
        kind: 'file',
        name: 'one',
        stat: async () => ({ size: 1 }),
        read: async () => encodeText('1'),
      } as SourceNode
      throw named('NotFoundError')
    },
  }
  const plan = await walk({
    name: 'n',
    root: { kind: 'directory', name: '', list: () => [gone] },
    leftOut: [],
  })
  assert.deepEqual(paths(plan.files), ['lib/one'])
  assert.equal(plan.broken?.path, 'lib')
  assert.match(
    plan.broken?.message ?? '',
    /lib has vanished while it was being read. What was read before is kept/,
  )
  const loaded = await loadPlan(plan)
  assert.equal(loaded.files.length, 1)
  assert.equal(loaded.broken?.path, 'lib')
})

test('one file that cannot be read costs that file; many vanished ones end the reading', async () => {
  const gone = { read: () => Promise.reject(named('NotFoundError')) }
  const one = await loadPlan(
    await walk(
      project({ a: '1', b: gone, c: '3', d: { read: () => Promise.reject(named('NotReadableError')) } }),
    ),
  )
  assert.deepEqual(paths(one.files), ['a', 'c'])
  assert.equal(one.broken, undefined)
  assert.match(one.leftOut.find(({ path }) => path === 'd')?.reason ?? '', /another program holds it/)
  const files = Object.fromEntries(
    Array.from({ length: 100 }, (_, n) => [`f${String(n).padStart(3, '0')}`, n < 10 ? 'x' : gone]),
  )
  const all = await loadPlan(await walk(project(files)))
  assert.equal(all.files.length, 10)
  assert.match(all.broken?.message ?? '', /f01\d has vanished/)
  assert.ok(all.leftOut.length < 20, 'it does not try all the others')
})

test('a folder that may not be read is left out and the rest goes on', async () => {
  const locked: SourceNode = {
    kind: 'directory',
    name: 'locked',
    list: () => {
      throw named('NotAllowedError')
    },
  }
  const file: SourceNode = {
    kind: 'file',
    name: 'z',
    stat: async () => ({ size: 0 }),
    read: async () => encodeText(''),
  }
  const plan = await walk({
    name: 'n',
    root: { kind: 'directory', name: '', list: () => [locked, file] },
    leftOut: [],
  })
  assert.deepEqual(paths(plan.files), ['z'])
  assert.match(plan.leftOut[0]?.reason ?? '', /locked may not be read/)
})

test('a file that has grown past the limits since it was listed is left out', async () => {
  const growing = { size: 10, read: async () => new Uint8Array(11 * 2 ** 20) }
  const loaded = await loadPlan(await walk(project({ growing })))
  assert.match(loaded.leftOut[0]?.reason ?? '', /grown to 11 MB/)
})

test('a loaded project packs into a tree with modes and times, and can be looked at', async () => {
  const loaded = await loadPlan(
    await walk(project({ 'bin/run': '#!/bin/sh\n', 'bin/text': 'x', 'p.wasm': '\0asm' })),
  )
  const entries = [...readTree(packProject(loaded))].map(({ path, mode, mtimeNs }) => [
    new TextDecoder().decode(path),
    mode,
    mtimeNs,
  ])
  assert.deepEqual(entries, [
    ['bin', 0o755, 0n],
    ['p.wasm', 0o755, 5n],
    ['bin/run', 0o755, 5n],
    ['bin/text', 0o644, 5n],
  ])
  const view = viewOf(loaded)
  assert.equal(view.readText('bin/text'), 'x')
  assert.equal(view.readText('nothing'), undefined)
})
