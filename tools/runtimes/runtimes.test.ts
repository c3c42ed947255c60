import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { after, before, test } from 'node:test'
import { gunzipSync } from 'node:zlib'
import { readTree, TREE_DIRECTORY } from '../../src/abi/tree.ts'
import { parseCatalogue, parseManifest, type RuntimeEntry } from '../../src/host/manifest.ts'
import { buildRuntimes, LARGEST_FILE } from '../runtimes.mjs'

const HUB = 'https://site.test/runtimes/'
const PYTHON = 'python-3.12.0'
const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex')

let work = ''
let folder = ''

before(async () => {
  work = await mkdtemp(join(tmpdir(), 'runtimes-'))
  folder = join(work, 'hub')
  assert.equal(await buildRuntimes({ folder }), true)
})
after(() => rm(work, { recursive: true, force: true }))

const readJson = async (path: string): Promise<unknown> =>
  JSON.parse(await readFile(join(folder, path), 'utf8'))

const readEntries = async (): Promise<RuntimeEntry[]> => {
  const { languages } = parseCatalogue(await readJson('manifest.json'))
  const manifests = languages.map(async ({ name }) => {
    const { entries, refused } = parseManifest(
      await readJson(`${name}/manifest.json`),
      name,
      `${HUB}${name}/`,
    )
    assert.deepEqual(refused, [])
    return entries
  })
  return (await Promise.all(manifests)).flat()
}

const listFiles = async (): Promise<string[]> => {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true })
  return entries.filter((each) => each.isFile()).map((each) => join(each.parentPath ?? each.path, each.name))
}

test('the host reads the manifests and refuses nothing in them', async () => {
  const entries = await readEntries()
  assert.deepEqual(
    entries.map(({ name, version, latest }) => [name, version, latest]),
    [
      ['python', '3.12.0', true],
      ['quickjs', '0.17.0', true],
    ],
  )
  assert.deepEqual(entries[0]?.recipe.mounts, [{ file: 'stdlib', path: '/usr/local/lib/python3.12' }])
  assert.equal(entries[1]?.recipe.kind, 'quickjs')
  assert.ok(entries.every(({ license, source }) => license !== '' && source.startsWith('https://')))
})

test('a reader of plain wasmhub finds its keys and a file that is what they say', async () => {
  for (const name of ['python', 'quickjs']) {
    const manifest = (await readJson(`${name}/manifest.json`)) as {
      latest: string
      versions: Record<
        string,
        { file: string; size: number; sha256: string; released: string; wasi: string; features: string[] }
      >
    }
    const entry = manifest.versions[manifest.latest]
    assert.ok(entry && Array.isArray(entry.features))
    assert.match(entry.released, /^\d{4}-\d\d-\d\d$/)
    assert.equal(entry.wasi, 'wasip1')
    const bytes = await readFile(join(folder, name, entry.file))
    assert.equal(bytes.length, entry.size)
    assert.equal(sha256(bytes), entry.sha256)
  }
})

test('every form of every asset has the size and the hash that the manifest gives', async () => {
  for (const entry of await readEntries()) {
    for (const asset of [entry.module, ...Object.values(entry.files)]) {
      for (const form of [asset.plain, asset.gzip]) {
        if (!form) continue
        const bytes = await readFile(join(folder, form.url.slice(HUB.length)))
        assert.equal(bytes.length, form.size, form.url)
        assert.equal(sha256(bytes), form.sha256, form.url)
        const inside = form === asset.gzip ? gunzipSync(bytes) : bytes
        assert.equal(inside.length, asset.size, form.url)
        assert.equal(sha256(inside), asset.sha256, form.url)
      }
    }
  }
})

test('no file is larger than a host takes', async () => {
  for (const path of await listFiles()) assert.ok((await stat(path)).size <= LARGEST_FILE, path)
})

test('what is current is left alone; what is damaged or missing is made again, byte for byte', async () => {
  assert.equal(await buildRuntimes({ folder }), false)
  const sums = await readFile(join(folder, 'SHA256SUMS'), 'utf8')
  const path = join(folder, 'quickjs/manifest.json')
  await writeFile(path, `${await readFile(path, 'utf8')} `)
  assert.equal(await buildRuntimes({ folder }), true)
  assert.equal(await readFile(join(folder, 'SHA256SUMS'), 'utf8'), sums)
  assert.equal(await buildRuntimes({ folder }), false)
})

/** Runs deployed Python in Node's own WASI, its library written to a real folder. A process of its own: node:wasi leaks. */
const runPython = async (module: string, root: string, args: string[], env: Record<string, string>) => {
  const runner = join(work, 'run.mjs')
  await writeFile(
    runner,
    `import { readFileSync } from 'node:fs'
import { WASI } from 'node:wasi'
const [module, root, args, env] = JSON.parse(process.argv[2])
const wasi = new WASI({ version: 'preview1', args: ['python3', ...args], env, preopens: { '/': root } })
const { instance } = await WebAssembly.instantiate(readFileSync(module), wasi.getImportObject())
process.exitCode = wasi.start(instance)`,
  )
  const told = JSON.stringify([module, root, args, env])
  return spawnSync(process.execPath, ['--no-warnings', runner, told], {
    encoding: 'utf8',
    timeout: 60_000,
    stdio: ['ignore', 'pipe', 'pipe'],
  })
}

test('the deployed Python finds its mounted library, starts in PWD, has descriptors of its own and runs asyncio', async () => {
  const module = join(work, 'core.wasm')
  const root = join(work, 'root')
  await writeFile(module, gunzipSync(await readFile(join(folder, 'python', `${PYTHON}-core.wasm.gz`))))
  const tree = gunzipSync(await readFile(join(folder, 'python', `${PYTHON}-stdlib.tree.gz`)))
  for (const { kind, path, data } of readTree(tree)) {
    const target = join(root, 'usr/local/lib/python3.12', new TextDecoder().decode(path))
    await mkdir(kind === TREE_DIRECTORY ? target : dirname(target), { recursive: true })
    if (kind !== TREE_DIRECTORY) await writeFile(target, data)
  }
  await mkdir(join(root, 'home/project'), { recursive: true })
  const source = `import json, os, sqlite3, sys, traceback
print(os.getcwd(), __file__, sys.prefix, json.__file__)
print(os.open('main.py', os.O_RDONLY) < 10, sorted(os.listdir('/usr')), sys.argv)
try: json.loads('{')
except ValueError: print(traceback.extract_tb(sys.exc_info()[2])[1].filename)
`
  await writeFile(join(root, 'home/project/main.py'), source)
  const ran = await runPython(module, root, ['main.py', 'x'], { A: 'b', PWD: '/home/project' })
  assert.equal(ran.stderr, '')
  assert.deepEqual(ran.stdout.trim().split('\n'), [
    '/home/project /home/project/main.py /usr/local /usr/local/lib/python3.12/json/__init__.pyc',
    "True ['local'] ['main.py', 'x']",
    '/usr/local/lib/python3.12/json/__init__.py',
  ])
  assert.equal(ran.status, 0)
  const loop = `import asyncio
async def wait(n, seconds):
    await asyncio.sleep(seconds)
    return n
async def main():
    print(await asyncio.gather(wait(1, 0.05), wait(2, 0)))
    try: await asyncio.wait_for(asyncio.sleep(9), 0.01)
    except TimeoutError: print('late')
asyncio.run(main())
asyncio.run(main())
`
  await writeFile(join(root, 'home/project/loop.py'), loop)
  const looped = await runPython(module, root, ['loop.py'], { PWD: '/home/project' })
  assert.deepEqual([looped.stdout, looped.stderr], ['[1, 2]\nlate\n'.repeat(2), ''])
  const isolated = await runPython(module, root, ['-I', '-c', 'import os; print(os.getcwd())'], {})
  assert.deepEqual([isolated.stdout, isolated.status], ['/\n', 0])
})

test('the whole Python of the registry entry runs without a mount', async () => {
  const root = join(work, 'empty')
  await mkdir(root)
  const ran = await runPython(
    join(folder, 'python', `${PYTHON}.wasm`),
    root,
    ['-c', 'import json; print(json.dumps([1]))'],
    {},
  )
  assert.deepEqual([ran.stdout, ran.stderr, ran.status], ['[1]\n', '', 0])
})

test('QuickJS is the reactor that the glue knows, of the version that the manifest says', async () => {
  const module = await WebAssembly.compile(await readFile(join(folder, 'quickjs/quickjs-0.17.0.wasm')))
  const imports: Record<string, Record<string, () => number>> = {}
  for (const { module: from, name } of WebAssembly.Module.imports(module)) {
    const group = imports[from] ?? {}
    group[name] = () => 0
    imports[from] = group
  }
  const { exports } = await WebAssembly.instantiate(module, imports)
  const call = (name: string) => (exports[name] as () => number)()
  call('_initialize')
  const memory = Buffer.from(
    (exports.memory as WebAssembly.Memory).buffer,
    call('qjs_get_quickjs_version'),
    6,
  )
  assert.equal(memory.toString(), '0.17.0')
})
