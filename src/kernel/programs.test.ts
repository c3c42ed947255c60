/** What is compiled when, and which library a runtime sees; over a real filesystem, with a jail that only notes what it is asked. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { HostForKernel, JailApi, RuntimeBundle } from '../abi/control.ts'
import { packTree } from '../abi/tree.ts'
import type { Remote } from '../ipc/rpc.ts'
import { createMemory } from '../memory/memory.ts'
import { createFiles } from '../vfs/files.ts'
import { formatVfs } from '../vfs/format.ts'
import { fsck } from '../vfs/fsck.ts'
import { attachVfs } from '../vfs/vfs.ts'
import { choosePreopens, withTrees } from './preopens.ts'
import { createPrograms } from './programs.ts'

const MEMORY = 64 * 2 ** 20
const HEADER = [0, 97, 115, 109, 1, 0, 0, 0]

/** A module with one custom section, which says who it is. */
const moduleOf = (word: string): Uint8Array => {
  const name = new TextEncoder().encode(word)
  return Uint8Array.from([...HEADER, 0, name.length + 1, name.length, ...name])
}

const bundleOf = (name: string, version: string, wasm: string, library: string): RuntimeBundle => ({
  name,
  version,
  sha256: Buffer.from(wasm).toString('hex').padEnd(64, '0'),
  recipe: {
    kind: 'wasi',
    commands: [`${name}3`],
    env: {},
    mounts: [{ file: 'lib', path: '/usr/lib/thing3' }],
    warm: null,
    startsInPwd: true,
  },
  wasm: moduleOf(wasm).slice().buffer as ArrayBuffer,
  files: { lib: packTree([{ kind: 1, path: 'os.py', data: library }]).buffer },
})

const setUp = (bundles: (() => RuntimeBundle)[] = []) => {
  const memory = createMemory()
  formatVfs(memory)
  const vfs = attachVfs(memory)
  const files = createFiles(vfs)
  files.mkdir('/home/project', { recursive: true })
  const compiled = new Map<string, string>()
  const forgotten: string[] = []
  const jail = {
    compile: async (key: string, bytes: ArrayBuffer) => {
      assert.ok(!compiled.has(key), `${key} is compiled a second time`)
      compiled.set(key, Buffer.from(bytes).toString('latin1').slice(11))
    },
    forget: async (key: string) => void forgotten.push(key),
    keepWarm: async () => {},
  }
  const host = {
    load: async (name: string, version: string | null) => {
      const made = bundles.map((make) => make()).filter((bundle) => bundle.name === name)
      const found = made.find((bundle) => version === null || bundle.version === version)
      assert.ok(found)
      return found
    },
  }
  const programs = createPrograms(
    files,
    jail as unknown as Remote<JailApi>,
    host as unknown as Remote<HostForKernel>,
  )
  const resolve = (command: string, memory = MEMORY) =>
    programs.resolve({ command, cwd: '/home/project', env: {} }, memory)
  /** The module that a command runs. */
  const runs = async (command: string): Promise<string | undefined> =>
    compiled.get((await resolve(command)).key)
  return { vfs, files, programs, resolve, runs, compiled, forgotten }
}

test('copies of a module are compiled once, whatever they are called', async () => {
  const { files, resolve, compiled } = setUp()
  for (const name of ['a', 'b', 'c']) files.writeFile(`/home/project/${name}.wasm`, moduleOf('same'))
  const keys = new Set<string>()
  for (const name of ['a', 'b', 'c']) keys.add((await resolve(`./${name}.wasm`)).key)
  assert.equal(keys.size, 1)
  assert.equal(compiled.size, 1)
  assert.match([...keys][0] ?? '', /^sha256:[0-9a-f]{64}#/)
})

test('two that start the same new module at once compile it once', async () => {
  const { files, resolve, compiled } = setUp()
  for (const name of ['a', 'b']) files.writeFile(`/home/project/${name}.wasm`, moduleOf('same'))
  await Promise.all(['./a.wasm', './b.wasm', './a.wasm'].map((name) => resolve(name)))
  assert.equal(compiled.size, 1)
})

test('a module that was rewritten in the same size and time is run as it is now', async () => {
  const { vfs, files, runs } = setUp()
  const path = '/home/project/main.wasm'
  files.writeFile(path, moduleOf('old'))
  const { inode, atime, mtime } = files.stat(path)
  assert.equal(await runs('./main.wasm'), 'old')
  files.writeFile(path, moduleOf('new'))
  vfs.setTimes(inode, atime, mtime)
  assert.equal(files.stat(path).mtime, mtime)
  assert.equal(await runs('./main.wasm'), 'new')
})

test('a module whose mode or time was changed is not compiled again', async () => {
  const { vfs, files, resolve, compiled } = setUp()
  const path = '/home/project/main.wasm'
  files.writeFile(path, moduleOf('it'))
  await resolve('./main.wasm')
  files.chmod(path, 0o755)
  vfs.setTimes(files.stat(path).inode, 5n, 5n)
  await resolve('./main.wasm')
  assert.equal(compiled.size, 1)
})

test('another memory limit is another module', async () => {
  const { files, resolve, compiled } = setUp()
  files.writeFile('/home/project/main.wasm', moduleOf('it'))
  await resolve('./main.wasm')
  await resolve('./main.wasm', MEMORY / 2)
  assert.equal(compiled.size, 2)
})

test('a module that was changed while it was loaded is looked at again the next time', async () => {
  const { files, resolve, compiled } = setUp()
  const path = '/home/project/main.wasm'
  files.writeFile(path, moduleOf('one'))
  const starting = resolve('./main.wasm')
  files.writeFile(path, moduleOf('two'))
  const first = compiled.get((await starting).key)
  assert.ok(first === 'one' || first === 'two')
  assert.equal(compiled.get((await resolve('./main.wasm')).key), 'two')
})

test('two versions of a runtime that mount at the same path each see their own library', async () => {
  const { files, programs, resolve } = setUp([
    () => bundleOf('thing', '3.12.0', 'one', 'the first library'),
    () => bundleOf('thing', '3.12.4', 'two', 'another library'),
  ])
  const libraryOf = async (version: string): Promise<string> => {
    await programs.ensureRuntime('thing', version, MEMORY)
    const program = await resolve('thing3')
    assert.equal(program.runtime, `thing ${version}`)
    const request = { cwd: '/home/project', preopens: null }
    const preopens = withTrees(choosePreopens(files, request, program.startsInPwd), program.trees)
    const wanted = '/usr/lib/thing3/os.py'
    // As WASI's libc does it: the preopen with the longest name that holds the path.
    const [best] = preopens
      .filter(({ name }) => wanted.startsWith(name))
      .sort((a, b) => b.name.length - a.name.length)
    assert.ok(best)
    return new TextDecoder().decode(files.readFile(`${best.path}/${wanted.slice(best.name.length)}`))
  }
  assert.equal(await libraryOf('3.12.0'), 'the first library')
  assert.equal(await libraryOf('3.12.4'), 'another library')
  assert.equal(await libraryOf('3.12.0'), 'the first library')
  assert.deepEqual(fsck(files), [])
})

test('versions of a runtime with the same module compile it once', async () => {
  const { programs, compiled } = setUp([
    () => bundleOf('thing', '3.12.0', 'same', 'a'),
    () => bundleOf('thing', '3.12.4', 'same', 'b'),
  ])
  const compile = programs.ensureRuntime('thing', '3.12.0', MEMORY)
  await Promise.all([compile, programs.ensureRuntime('thing', '3.12.4', MEMORY)])
  assert.equal(compiled.size, 1)
})
