import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { gunzipSync } from 'node:zlib'
import { unzipSync } from 'fflate'
import { runInNode as run } from '../e2e/fixtures/node-wasi.mjs'
import { readBadModule, readProgram } from '../e2e/fixtures/programs.ts'
import { exampleFiles, packExamples, readGallery, readPrebuilt } from './examples.mjs'

const scratch = mkdtempSync(join(tmpdir(), 'wasmrun-examples-'))
after(() => rmSync(scratch, { recursive: true, force: true }))

/** @param {Uint8Array} bytes */
const sha256 = (bytes) => createHash('sha256').update(bytes).digest('hex')

/** @param {string} id */
function example(id) {
  const found = readGallery().examples.find((one) => one.id === id)
  assert.ok(found, `the gallery has ${id}`)
  return found
}

test('every file that the gallery names exists, and none of the sources is forgotten', () => {
  for (const { folder, files, programs, open } of readGallery().examples) {
    const home = join('examples', folder)
    for (const path of [...files, ...programs.map((program) => program.prebuilt)]) {
      assert.ok(existsSync(join(home, path)), `${folder}/${path}`)
    }
    assert.ok(files.includes(open), `${folder} opens with ${open}`)
    const tracked = execFileSync('git', ['ls-files', '--cached', '--others', '--exclude-standard', '.'], {
      cwd: home,
      encoding: 'utf8',
    })
    const sources = tracked
      .split('\n')
      .filter((path) => path !== '' && !path.startsWith('prebuilt/') && existsSync(join(home, path)))
    assert.deepEqual([...files].sort(), sources.sort(), `${folder} is listed whole`)
  }
})

test('every example folder is in the gallery', () => {
  const folders = readdirSync('examples', { withFileTypes: true }).filter((entry) => entry.isDirectory())
  const listed = readGallery().examples.map((one) => one.folder)
  assert.deepEqual(folders.map((entry) => entry.name).sort(), listed.sort())
})

test('the prebuilt programs are those that prebuilt.json describes, under 3 MiB each', () => {
  const { programs } = readPrebuilt()
  assert.deepEqual(Object.keys(programs).sort(), [
    'bench',
    'go-hello',
    'ipc',
    'ipc-client',
    'ipc-counter',
    'ipc-main',
    'probe',
    'rust-hello',
    'threads',
    'tinygo-hello',
    'unstable',
  ])
  for (const [name, { file, size, sha256: hash, packedSize, packedSha256 }] of Object.entries(programs)) {
    const packed = readFileSync(file)
    const wasm = gunzipSync(packed)
    assert.deepEqual([wasm.length, sha256(wasm)], [size, hash], name)
    assert.deepEqual([packed.length, sha256(packed)], [packedSize, packedSha256], name)
    assert.ok(packed.length < 3 * 1024 * 1024, `${name} is ${packed.length} bytes`)
    assert.ok(WebAssembly.validate(Uint8Array.from(wasm)), `${name} is a module`)
    assert.doesNotMatch(
      wasm.toString('latin1'),
      /\/(?:root|home|work|tmp)\//,
      `${name} tells nothing of the machine that built it`,
    )
  }
})

test('a packed example opens as a zip and holds its sources and its program', () => {
  const out = join(scratch, 'pack')
  packExamples(out)
  /** @type {{ examples: { id: string, zip: string, size: number, sha256: string, open: string, files: string[] }[] }} */
  const gallery = JSON.parse(readFileSync(join(out, 'gallery.json'), 'utf8'))
  assert.equal(gallery.examples.length, readGallery().examples.length)
  for (const { id, zip, size, sha256: hash, open, files } of gallery.examples) {
    const bytes = readFileSync(join(out, zip))
    assert.deepEqual([bytes.length, sha256(bytes)], [size, hash], id)
    const entries = unzipSync(bytes)
    assert.deepEqual(Object.keys(entries).sort(), [...files].sort(), id)
    assert.ok(open in entries, `${id} holds ${open}`)
    for (const [path, expected] of Object.entries(exampleFiles(example(id)))) {
      assert.equal(sha256(entries[path] ?? new Uint8Array()), sha256(expected), `${id}: ${path}`)
    }
    for (const { path } of example(id).programs) assert.ok(path in entries, `${id} holds ${path}`)
  }
})

test('packing twice gives the same bytes', () => {
  const [one, two] = [join(scratch, 'one'), join(scratch, 'two')]
  packExamples(one)
  packExamples(two)
  for (const name of readdirSync(one))
    assert.deepEqual(readFileSync(join(one, name)), readFileSync(join(two, name)), name)
})

test('the Rust example draws, saves its picture and refuses an unknown place with code 2', async () => {
  const files = exampleFiles(example('rust-hello'))
  const wasm = files['target/wasm32-wasip1/release/rust-hello.wasm'] ?? new Uint8Array()
  const good = await run(wasm, ['home', '40'], { files, stdin: 'save\nmoon\nquit\n', env: { SHADES: ' x' } })
  assert.equal(good.code, 0)
  assert.match(
    good.stdout,
    /Hello from Rust![\s\S]*xxxx[\s\S]*Saved \d+ bytes to postcard\.txt\.[\s\S]*Wish you were here!/,
  )
  assert.match(good.stderr, /no place called "moon"/)
  assert.ok(statSync(join(good.home, 'postcard.txt')).size > 100)
  const bad = await run(wasm, ['moon'], { files })
  assert.deepEqual([bad.code, bad.stderr.includes('rust-hello: there is no place called "moon"')], [2, true])
})

test('the Go example finds the primes, keeps them in a file, and the hare wins', async () => {
  const files = exampleFiles(example('go-hello'))
  const { code, stdout, home } = await run(files['main.wasm'] ?? new Uint8Array(), ['-n', '10'], { files })
  assert.equal(code, 0)
  assert.match(stdout, /2 {4}3 {4}5 {4}7 {3}11 {3}13 {3}17 {3}19 {3}23 {3}29\n/)
  assert.match(stdout, /read it back: 10 lines, sum 129\.\n\n1\. hare\n2\. cat\n3\. tortoise\n$/)
  assert.equal(readFileSync(join(home, 'primes.txt'), 'utf8').split('\n').length, 11)
})

test('the TinyGo example plays twelve generations', async () => {
  const files = exampleFiles(example('tinygo-hello'))
  const { code, stdout } = await run(files['main.wasm'] ?? new Uint8Array(), [], { files })
  assert.deepEqual([code, stdout.match(/— \d+ —/g)?.length], [0, 12])
  assert.match(stdout, /23 cells live on\.\n$/)
})

test('the probe sees its arguments, environment and input, and ends as told', async () => {
  const probe = readProgram('probe')
  assert.equal(
    (await run(probe, ['args', 'a b', 'ü'])).stdout,
    'argv[0]=program\nargv[1]=args\nargv[2]=a b\nargv[3]=ü\n',
  )
  assert.equal((await run(probe, ['env'], { env: { B: '2', A: '1' } })).stdout, 'A=1\nB=2\n')
  assert.equal((await run(probe, ['lines'], { stdin: 'x\ny\nquit\nz\n' })).stdout, '1: x\n2: y\nbye\n')
  assert.equal((await run(probe, ['exit', '42'])).code, 42)
  assert.equal((await run(probe, ['no-such-task'])).code, 64)
  await assert.rejects(run(probe, ['trap']), WebAssembly.RuntimeError)
})

test('the probe counts every wall that it climbs, and ends with 1 if there was one', async () => {
  // Node's WASI lets some attempts through (it says so itself), which shows that the probe can find a leak.
  const { code, stdout } = await run(readProgram('probe'), ['escape'])
  const climbed = stdout.match(/: success {2}ESCAPED$/gm)?.length ?? 0
  assert.ok(stdout.endsWith(`escapes: ${climbed}\n`), stdout)
  assert.equal(code, climbed > 0 ? 1 : 0)
  assert.ok(stdout.split('\n').length > 100, 'there were attempts')
})

test('the bench prints one line of figures for each case and tidies up', async () => {
  const { code, stdout, stderr, home } = await run(readProgram('bench'), ['all', '2'])
  assert.deepEqual([code, stderr], [0, ''])
  const cases = stdout
    .trimEnd()
    .split('\n')
    .map((line) => line.split('\t'))
  assert.deepEqual(
    cases.map(([name]) => name),
    ['clock', 'stat', 'open-read-close', 'readdir', 'write', 'read', 'create-unlink'],
  )
  for (const [name, count, nanoseconds] of cases) {
    assert.equal(count, '2', name)
    assert.ok(Number(nanoseconds) >= 0, name)
  }
  assert.deepEqual(readdirSync(home), [])
})

test('the old program imports wasi_unstable only, and is content with a host that keeps its layouts', async () => {
  const wasm = Uint8Array.from(readProgram('unstable'))
  const modules = new Set(
    WebAssembly.Module.imports(await WebAssembly.compile(wasm)).map((one) => one.module),
  )
  assert.deepEqual([...modules], ['wasi_unstable'])
  const { code, stdout } = await run(wasm, [])
  assert.equal(
    stdout,
    'hello from wasi_unstable\narguments 1\nseek set 4\nseek cur 6\nseek end 9\nsize 10\nlinks 1\nwoken by 42\n',
  )
  assert.equal(code, 7)
})

test('each bad module is bad in the way that its name says', () => {
  for (const name of /** @type {const} */ ([
    'empty',
    'text',
    'truncated',
    'corrupt',
    'future-version',
    'component',
  ])) {
    assert.equal(WebAssembly.validate(readBadModule(name)), false, name)
  }
  /** @param {import('../e2e/fixtures/programs.ts').BadModuleName} name */
  const compile = (name) => new WebAssembly.Module(readBadModule(name))
  /** @param {import('../e2e/fixtures/programs.ts').BadModuleName} name */
  const exported = (name) => WebAssembly.Module.exports(compile(name)).map((one) => one.name)
  assert.deepEqual(exported('good'), ['memory', '_start'])
  assert.deepEqual(exported('no-start'), ['memory'])
  assert.deepEqual(exported('no-memory'), ['_start'])
  assert.equal(WebAssembly.Module.imports(compile('missing-import'))[0]?.name, 'missing_thing')
  assert.equal(WebAssembly.Module.imports(compile('missing-wasi-call'))[0]?.name, 'fd_teleport')
  assert.equal(WebAssembly.Module.imports(compile('threads'))[0]?.kind, 'memory')
})
