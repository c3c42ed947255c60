/**
 * The example programs and the tests' fixture programs.
 *
 *   npm run examples:build [NAME…]   sources -> prebuilt/*.wasm.gz and examples/prebuilt.json (needs the toolchains)
 *   packExamples(outDir)             sources + prebuilt -> one .zip per example and gallery.json (needs nothing)
 *
 * The prebuilt files are committed, so that building the site and running the tests never needs a toolchain.
 * Invariant: the same sources and toolchain versions give the same bytes.
 */
import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { basename, dirname, join, resolve } from 'node:path'
import { constants, gunzipSync, gzipSync } from 'node:zlib'
import { zipSync } from 'fflate'
import { compileC } from './clang/compile.mjs'

/** Bytes: no tracked file may be larger. */
const MAX_PREBUILT = 3 * 1024 * 1024
/** Every entry of a zip bears this date, so that the same files give the same zip. Zip knows no time zone. */
const ZIP_DATE = new Date(2024, 0, 1)

const RUST_TARGET = 'wasm32-wasip1'
const FIXTURES = 'e2e/fixtures/src'
const FIXTURE_OUTPUT = `${FIXTURES}/target/${RUST_TARGET}/release`

/**
 * @typedef {{ prebuilt: string, path: string }} Program  where the .gz is, and where detection finds it unpacked; both in the folder
 * @typedef {{ id: string, title: string, sentence: string, language: string, folder: string, open: string,
 *   files: string[], programs: Program[] }} Example
 * @typedef {{ language: string, file: string, size: number, sha256: string, packedSize: number, packedSha256: string, toolchain: string }} Prebuilt
 *   `size` and `sha256` are those of the unpacked .wasm
 * @typedef {{ language: 'rust' | 'go' | 'tinygo' | 'c', folder: string, output: string, file: string, args?: string[], reactor?: boolean, threads?: boolean }} Recipe
 *   of a program in C `output` is the source, and `args` are the headers: nothing is written beside it
 */

/** What is built from what. @type {Record<string, Recipe>} */
const RECIPES = {
  'rust-hello': {
    language: 'rust',
    folder: 'examples/rust-hello',
    output: `examples/rust-hello/target/${RUST_TARGET}/release/rust-hello.wasm`,
    file: 'examples/rust-hello/prebuilt/rust-hello.wasm.gz',
  },
  'go-hello': {
    language: 'go',
    folder: 'examples/go-hello',
    output: 'examples/go-hello/main.wasm',
    file: 'examples/go-hello/prebuilt/go-hello.wasm.gz',
  },
  'tinygo-hello': {
    language: 'tinygo',
    folder: 'examples/tinygo-hello',
    output: 'examples/tinygo-hello/main.wasm',
    file: 'examples/tinygo-hello/prebuilt/tinygo-hello.wasm.gz',
  },
  probe: {
    language: 'rust',
    folder: FIXTURES,
    output: `${FIXTURE_OUTPUT}/probe.wasm`,
    file: 'e2e/fixtures/prebuilt/probe.wasm.gz',
    args: ['-p', 'probe'],
  },
  bench: {
    language: 'rust',
    folder: FIXTURES,
    output: `${FIXTURE_OUTPUT}/bench.wasm`,
    file: 'e2e/fixtures/prebuilt/bench.wasm.gz',
    args: ['-p', 'bench'],
  },
  unstable: {
    language: 'rust',
    folder: FIXTURES,
    output: `${FIXTURE_OUTPUT}/unstable.wasm`,
    file: 'e2e/fixtures/prebuilt/unstable.wasm.gz',
    args: ['-p', 'unstable'],
    reactor: true,
  },
  threads: {
    language: 'rust',
    folder: FIXTURES,
    output: `${FIXTURES}/target/wasm32-wasip1-threads/release/threads.wasm`,
    file: 'e2e/fixtures/prebuilt/threads.wasm.gz',
    args: ['-p', 'threads'],
    threads: true,
  },
  'ipc-main': inC('examples/ipc/main.c', 'examples/ipc/prebuilt/main.wasm.gz'),
  'ipc-counter': inC('examples/ipc/counter.c', 'examples/ipc/prebuilt/counter.wasm.gz'),
  'ipc-client': inC('examples/ipc/client.c', 'examples/ipc/prebuilt/client.wasm.gz'),
  ipc: inC('e2e/fixtures/src/ipc/probe.c', 'e2e/fixtures/prebuilt/ipc.wasm.gz'),
}

/** With wasmrun.h beside it. @param {string} source @param {string} file @returns {Recipe} */
function inC(source, file) {
  return { language: 'c', folder: dirname(source), output: source, file, args: ['examples/ipc/wasmrun.h'] }
}

/** A program with threads imports its memory, with a maximum that every machine can reserve. */
const THREADS_TARGET = 'wasm32-wasip1-threads'
const THREADS_LINK = ['link-arg=--max-memory=67108864']

/** A library linked without crt1 and libc: nothing but its own imports and `_start`. */
const BARE_LINK = [
  'link-self-contained=no',
  'default-linker-libraries=no',
  'link-arg=--no-entry',
  'link-arg=--export=_start',
]

/** @param {Uint8Array} bytes */
const sha256 = (bytes) => createHash('sha256').update(bytes).digest('hex')

/** @param {string} root @param {string} path @returns {unknown} */
const readJson = (root, path) => JSON.parse(readFileSync(join(root, path), 'utf8'))

/** The gallery as it stands in the repository. @param {string} root @returns {{ examples: Example[] }} */
export function readGallery(root = process.cwd()) {
  // Our own file: its test says that every name in it exists.
  return /** @type {{ examples: Example[] }} */ (readJson(root, 'examples/gallery.json'))
}

/** @param {string} root @returns {{ programs: Record<string, Prebuilt> }} */
export function readPrebuilt(root = process.cwd()) {
  return /** @type {{ programs: Record<string, Prebuilt> }} */ (readJson(root, 'examples/prebuilt.json'))
}

/**
 * The files of one example as a project has them: sources, and programs unpacked.
 * @param {Example} example @param {string} root @returns {Record<string, Uint8Array>} by path in the project
 */
export function exampleFiles(example, root = process.cwd()) {
  const folder = join(root, 'examples', example.folder)
  /** @type {Record<string, Uint8Array>} */
  const files = {}
  for (const path of [...example.files].sort()) files[path] = readFileSync(join(folder, path))
  for (const { prebuilt, path } of example.programs) {
    files[path] = gunzipSync(readFileSync(join(folder, prebuilt)))
  }
  return files
}

/** @param {Record<string, Uint8Array>} files */
function zip(files) {
  const entries = Object.entries(files).map(([path, bytes]) => [
    path,
    [bytes, { level: 9, mtime: ZIP_DATE, os: 3, attrs: 0o644 << 16 }],
  ])
  return zipSync(Object.fromEntries(entries))
}

/**
 * Writes `<id>.zip` for every example, and gallery.json whose entries also bear `zip` (its name), `size` (of the zip,
 * bytes), `sha256` and the unpacked files' names, to `outDir`.
 * @param {string} outDir @param {string} root the repository
 */
export function packExamples(outDir, root = process.cwd()) {
  mkdirSync(outDir, { recursive: true })
  const examples = readGallery(root).examples.map((example) => {
    const files = exampleFiles(example, root)
    const bytes = zip(files)
    const name = `${example.id}.zip`
    writeFileSync(join(outDir, name), bytes)
    const { id, title, sentence, language, open } = example
    return {
      id,
      title,
      sentence,
      language,
      open,
      files: Object.keys(files),
      zip: name,
      size: bytes.length,
      sha256: sha256(bytes),
    }
  })
  writeFileSync(join(outDir, 'gallery.json'), `${JSON.stringify({ examples }, null, 2)}\n`)
}

/** @param {string} command @param {string[]} args @param {string} cwd @param {Record<string, string>} [env] */
function run(command, args, cwd, env = {}) {
  return execFileSync(command, args, {
    cwd,
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'inherit'],
    encoding: 'utf8',
  }).trim()
}

/** @param {Recipe} recipe @param {string} cwd */
function buildRust({ args = [], reactor = false, threads = false }, cwd) {
  // The machine's own paths have no place in the program.
  const link = threads ? THREADS_LINK.map((flag) => ` -C ${flag}`).join('') : ''
  const env = { RUSTFLAGS: `--remap-path-prefix=${cwd}=.${link}` }
  const target = ['--release', '--locked', '--target', threads ? THREADS_TARGET : RUST_TARGET, ...args]
  if (reactor)
    run('cargo', ['rustc', ...target, '--', ...BARE_LINK.flatMap((flag) => ['-C', flag])], cwd, env)
  else run('cargo', ['build', ...target], cwd, env)
  return run('rustc', ['--version'], cwd)
}

/** @param {Recipe} _recipe @param {string} cwd */
function buildGo(_recipe, cwd) {
  const env = { GOOS: 'wasip1', GOARCH: 'wasm', GOTOOLCHAIN: 'local', GOFLAGS: '' }
  run(
    'go',
    ['build', '-trimpath', '-buildvcs=false', '-ldflags=-s -w -buildid=', '-o', 'main.wasm', '.'],
    cwd,
    env,
  )
  return run('go', ['version'], cwd, { GOTOOLCHAIN: 'local' })
}

/** TINYGO_TARGET may name a target file of one's own, see examples/README.md. @param {Recipe} _recipe @param {string} cwd */
function buildTinygo(_recipe, cwd) {
  const target = process.env.TINYGO_TARGET ?? 'wasip1'
  run('tinygo', ['build', '-target', target, '-opt', 'z', '-no-debug', '-o', 'main.wasm', '.'], cwd)
  return run('tinygo', ['version'], cwd)
}

/** @param {Recipe} recipe @param {string} root @returns {Promise<{ wasm: Uint8Array, toolchain: string }>} */
async function compile(recipe, root) {
  if (recipe.language === 'c') return compileC(root, recipe.output, recipe.args ?? [])
  const toolchain = BUILDERS[recipe.language](recipe, resolve(root, recipe.folder))
  return { wasm: readFileSync(join(root, recipe.output)), toolchain }
}

const BUILDERS = { rust: buildRust, go: buildGo, tinygo: buildTinygo }

/** Builds one program and writes its .gz. @param {string} name @param {Recipe} recipe @param {string} root @returns {Promise<Prebuilt>} */
async function build(name, recipe, root) {
  const { wasm, toolchain } = await compile(recipe, root)
  const packed = gzipSync(wasm, { level: constants.Z_BEST_COMPRESSION })
  if (packed.length > MAX_PREBUILT)
    throw new Error(`${name}: ${packed.length} bytes packed, the limit is ${MAX_PREBUILT}`)
  mkdirSync(dirname(join(root, recipe.file)), { recursive: true })
  writeFileSync(join(root, recipe.file), packed)
  return {
    language: recipe.language,
    file: recipe.file,
    size: wasm.length,
    sha256: sha256(wasm),
    packedSize: packed.length,
    packedSha256: sha256(packed),
    toolchain,
  }
}

/** @param {string} root */
async function buildBadModules(root) {
  /** @type {{ BAD_MODULES: Record<string, number[]> }} */
  const { BAD_MODULES } = await import(join(root, FIXTURES, 'bad.mjs'))
  mkdirSync(join(root, 'e2e/fixtures/bad'), { recursive: true })
  for (const [name, bytes] of Object.entries(BAD_MODULES)) {
    writeFileSync(join(root, 'e2e/fixtures/bad', name), Uint8Array.from(bytes))
  }
}

/** A toolchain that is not here leaves the committed program as it is. @param {unknown} error */
const isMissing = (error) => error instanceof Error && 'code' in error && error.code === 'ENOENT'

/** @param {string[]} names all programs if empty @param {string} root */
async function buildAll(names, root) {
  const unknown = names.filter((name) => !(name in RECIPES))
  if (unknown.length > 0)
    throw new Error(`no program ${unknown.join(', ')}; there are ${Object.keys(RECIPES).join(', ')}`)
  const { programs } = readPrebuilt(root)
  let failures = 0
  for (const [name, recipe] of Object.entries(RECIPES)) {
    if (names.length > 0 && !names.includes(name)) continue
    try {
      const made = await build(name, recipe, root)
      console.log(
        `${name}: ${made.size} bytes, ${made.packedSize} packed${made.sha256 === programs[name]?.sha256 ? ', unchanged' : ''}`,
      )
      programs[name] = made
    } catch (error) {
      if (!isMissing(error)) throw error
      console.error(
        `${name}: not built, the toolchain for ${recipe.language} is not in PATH (see examples/README.md)`,
      )
      failures++
    }
  }
  if (names.length === 0) await buildBadModules(root)
  writeFileSync(join(root, 'examples/prebuilt.json'), `${JSON.stringify({ programs }, null, 2)}\n`)
  process.exitCode = failures > 0 ? 1 : 0
}

// Not import.meta.url: a test's bundle of this file would take itself for the command.
if (basename(process.argv[1] ?? '') === 'examples.mjs') await buildAll(process.argv.slice(2), process.cwd())
