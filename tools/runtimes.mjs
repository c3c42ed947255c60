/**
 * `npm run runtimes`: makes public/runtimes/, a wasmhub (its manifest formats, keys of ours beside them), from pinned
 * packages in node_modules. docs/runtimes.md says what is in it.
 *
 *   node_modules ─► modules and trees ─► public/runtimes.new ─► public/runtimes
 *
 * Invariant: the same packages and tools give the same bytes; what is up to date is left alone; a run that fails changes nothing.
 */
import { createHash } from 'node:crypto'
import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import * as esbuild from 'esbuild'
import { gzipSync } from 'fflate'
import { buildPython, PYTHON, STDLIB_PATH } from './runtimes/python.mjs'
import { QUICKJS } from './runtimes/quickjs.mjs'
import { buildRuby, RUBY } from './runtimes/ruby.mjs'

const ROOT = fileURLToPath(new URL('..', import.meta.url))
/** Where the site's own hub lies. */
export const RUNTIMES = join(ROOT, 'public/runtimes')
/** What static hosts take at most for one file (Cloudflare Pages has the lowest limit), bytes. */
export const LARGEST_FILE = 25 * 1024 * 1024
const SITECUSTOMIZE = 'runtimes/sitecustomize.py'
const MAKERS = [
  SITECUSTOMIZE,
  'runtimes.mjs',
  'runtimes/python.mjs',
  'runtimes/quickjs.mjs',
  'runtimes/ruby.mjs',
  'runtimes/wasm.mjs',
  '../src/abi/tree.ts',
]

/** @param {Uint8Array} bytes */
const sha256 = (bytes) => createHash('sha256').update(bytes).digest('hex')

/**
 * @typedef {{ package: string, file: string, sha256: string }} Pin
 * @typedef {{ file: string, size: number, sha256: string, encoding: 'gzip' }} Compressed
 * @typedef {{ file?: string, size: number, sha256: string, compressed?: Compressed }} Asset
 * @typedef {{ kind: number, path: string, data?: Uint8Array }} TreeSource
 */

/**
 * Reads a pinned file of a package.
 * @param {Pin} pin
 */
async function readPinned(pin) {
  const path = join(ROOT, 'node_modules', pin.package, pin.file)
  const bytes = await readFile(path).catch(() => {
    throw new Error(`${pin.package}/${pin.file} is not installed: run "npm install" first`)
  })
  const found = sha256(bytes)
  if (found !== pin.sha256)
    throw new Error(
      `${pin.package}/${pin.file} is not the file that this tool was written for (SHA-256 ${found}, expected ${pin.sha256}): install the version that package.json pins`,
    )
  return bytes
}

/** @returns {Promise<{ packTree(entries: TreeSource[]): Uint8Array, TREE_FILE: number, TREE_DIRECTORY: number }>} */
async function loadTreeFormat() {
  const out = join(ROOT, 'node_modules/.cache/runtimes/tree.mjs')
  await esbuild.build({
    entryPoints: [join(ROOT, 'src/abi/tree.ts')],
    outfile: out,
    format: 'esm',
    logLevel: 'error',
  })
  return import(pathToFileURL(out).href)
}

/**
 * A packed tree of files, with the directories that they need.
 * @param {{ path: string, data: Uint8Array }[]} files
 * @param {string[]} empty directories without a file
 */
async function packFiles(files, empty) {
  const { packTree, TREE_FILE, TREE_DIRECTORY } = await loadTreeFormat()
  const directories = new Set(empty)
  for (const { path } of files) {
    for (let parent = dirname(path); parent !== '.'; parent = dirname(parent)) directories.add(parent)
  }
  return packTree([
    ...[...directories].sort().map((path) => ({ kind: TREE_DIRECTORY, path })),
    ...files.map(({ path, data }) => ({ kind: TREE_FILE, path, data })),
  ])
}

/** Files to be written, by path in the hub. */
function createOutput() {
  /** @type {Map<string, Uint8Array>} */
  const files = new Map()
  /** @param {string} path @param {Uint8Array | string} content */
  const add = (path, content) => {
    const bytes = typeof content === 'string' ? Buffer.from(content) : content
    if (bytes.length > LARGEST_FILE)
      throw new Error(
        `${path} has ${bytes.length} bytes; a host takes ${LARGEST_FILE}: compress it or split it`,
      )
    files.set(path, bytes)
  }
  /**
   * Describes bytes, and lays them down plain, compressed, or both.
   * @param {string} folder @param {string} name @param {Uint8Array} bytes @param {{ plain: boolean, gzip: boolean }} forms
   * @returns {Asset}
   */
  const asset = (folder, name, bytes, { plain, gzip }) => {
    const facts = { size: bytes.length, sha256: sha256(bytes) }
    if (plain) add(`${folder}/${name}`, bytes)
    const packed = gzip ? gzipSync(bytes, { level: 9, mtime: 0 }) : null
    if (packed) add(`${folder}/${name}.gz`, packed)
    return {
      ...(plain ? { file: name } : {}),
      ...facts,
      ...(packed
        ? {
            compressed: { file: `${name}.gz`, size: packed.length, sha256: sha256(packed), encoding: 'gzip' },
          }
        : {}),
    }
  }
  return { files, add, asset }
}

/** @typedef {ReturnType<typeof createOutput>} Output */

/** @param {Output} output */
async function addPython(output) {
  const { whole, core, stdlib } = buildPython(await readPinned(PYTHON))
  const custom = { path: 'sitecustomize.py', data: await readFile(new URL(SITECUSTOMIZE, import.meta.url)) }
  const tree = await packFiles([...stdlib, custom], ['lib-dynload', 'site-packages'])
  const name = `python-${PYTHON.version}`
  const source = 'https://github.com/vmware-labs/webassembly-language-runtimes'
  const license = 'PSF-2.0 AND Apache-2.0'
  output.add('python/LICENSE.txt', await readFile(join(ROOT, 'node_modules', PYTHON.package, 'LICENSE')))
  return {
    language: 'python',
    latest: PYTHON.version,
    versions: {
      [PYTHON.version]: {
        ...output.asset('python', `${name}.wasm`, whole, { plain: true, gzip: false }),
        released: PYTHON.released,
        wasi: 'wasip1',
        features: ['stdlib', 'sqlite3', 'no-threads', 'no-sockets', 'no-ssl'],
        title: 'Python',
        engine: `CPython ${PYTHON.version}`,
        license,
        licenseFile: 'LICENSE.txt',
        source,
        from: `${PYTHON.package} ${PYTHON.version}`,
        kind: 'wasi',
        commands: ['python3', 'python', 'python3.12'],
        env: {},
        warm: ['-c', 'pass'],
        startsInPwd: true,
        module: output.asset('python', `${name}-core.wasm`, core, { plain: false, gzip: true }),
        files: { stdlib: output.asset('python', `${name}-stdlib.tree`, tree, { plain: false, gzip: true }) },
        mounts: [{ file: 'stdlib', path: STDLIB_PATH }],
      },
    },
    source,
    license,
  }
}

/** @param {Output} output */
async function addRuby(output) {
  const module = buildRuby(await readPinned(RUBY))
  const folder = join(ROOT, 'node_modules', RUBY.package)
  output.add('ruby/LICENSE.txt', await readFile(join(folder, 'dist/LICENSE')))
  output.add('ruby/NOTICE.txt', await readFile(join(folder, 'dist/NOTICE')))
  const { version } = JSON.parse(await readFile(join(folder, 'package.json'), 'utf8'))
  const source = 'https://github.com/ruby/ruby.wasm'
  const license = 'MIT AND (Ruby OR BSD-2-Clause)'
  return {
    language: 'ruby',
    latest: RUBY.version,
    versions: {
      [RUBY.version]: {
        ...output.asset('ruby', `ruby-${RUBY.version}.wasm`, module, { plain: false, gzip: true }),
        released: RUBY.released,
        wasi: 'wasip1',
        features: ['reactor', 'stdlib', 'no-threads', 'no-sockets', 'no-js'],
        title: 'Ruby',
        engine: `CRuby ${RUBY.version}`,
        license,
        licenseFile: 'LICENSE.txt',
        source,
        from: `${RUBY.package} ${version}`,
        kind: 'ruby',
        commands: ['ruby'],
        env: {},
        warm: [],
        startsInPwd: true,
        files: {},
        mounts: [],
      },
    },
    source,
    license,
  }
}

/** @param {Output} output */
async function addQuickjs(output) {
  const bytes = await readPinned(QUICKJS)
  const source = 'https://github.com/quickjs-ng/quickjs'
  output.add('quickjs/LICENSE.txt', await readFile(join(ROOT, 'node_modules', QUICKJS.package, 'LICENSE')))
  const { version } = JSON.parse(
    await readFile(join(ROOT, 'node_modules', QUICKJS.package, 'package.json'), 'utf8'),
  )
  return {
    language: 'quickjs',
    latest: QUICKJS.version,
    versions: {
      [QUICKJS.version]: {
        ...output.asset('quickjs', `quickjs-${QUICKJS.version}.wasm`, bytes, { plain: true, gzip: true }),
        released: QUICKJS.released,
        wasi: 'wasip1',
        features: ['reactor', 'es2025', 'modules', 'no-node'],
        title: 'QuickJS',
        engine: `QuickJS-NG ${QUICKJS.version}`,
        license: 'MIT',
        licenseFile: 'LICENSE.txt',
        source,
        from: `${QUICKJS.package} ${version}`,
        kind: 'quickjs',
        commands: ['qjs'],
        env: {},
        warm: null,
        files: {},
        mounts: [],
      },
    },
    source,
    license: 'MIT',
  }
}

/** What the outcome depends on, as one hash: the pinned modules and everything that works on them. */
async function fingerprint() {
  const hash = createHash('sha256').update(PYTHON.sha256).update(QUICKJS.sha256).update(RUBY.sha256)
  for (const file of MAKERS) hash.update(await readFile(new URL(file, import.meta.url)))
  for (const name of ['fflate', 'esbuild'])
    hash.update(await readFile(join(ROOT, 'node_modules', name, 'package.json')))
  return hash.digest('hex')
}

/** Whether the folder holds exactly what was made from the same things. @param {string} folder @param {string} made */
async function isCurrent(folder, made) {
  try {
    const manifest = JSON.parse(await readFile(join(folder, 'manifest.json'), 'utf8'))
    if (manifest.madeFrom !== made) return false
    const sums = (await readFile(join(folder, 'SHA256SUMS'), 'utf8')).trim().split('\n')
    for (const line of sums) {
      const [expected, path] = line.split('  ')
      if (!path || sha256(await readFile(join(folder, path))) !== expected) return false
    }
    return true
  } catch {
    return false
  }
}

/** @param {string} made */
async function buildFiles(made) {
  const output = createOutput()
  const languages = [await addPython(output), await addQuickjs(output), await addRuby(output)]
  const json = (/** @type {unknown} */ value) => `${JSON.stringify(value, null, 2)}\n`
  for (const { source: _source, license: _license, ...manifest } of languages)
    output.add(`${manifest.language}/manifest.json`, json(manifest))
  const released = languages.flatMap(({ versions }) => Object.values(versions).map((each) => each.released))
  const summary = languages.map(({ language, latest, versions, source, license }) => [
    language,
    { latest, versions: Object.keys(versions), source, license },
  ])
  const { version } = JSON.parse(await readFile(join(ROOT, 'package.json'), 'utf8'))
  output.add(
    'manifest.json',
    json({
      version,
      build_date: released.sort().at(-1),
      madeFrom: made,
      languages: Object.fromEntries(summary),
    }),
  )
  const sums = [...output.files]
    .map(([path, bytes]) => `${sha256(bytes)}  ${path}`)
    .sort((a, b) => (a.slice(66) < b.slice(66) ? -1 : 1))
  output.add('SHA256SUMS', `${sums.join('\n')}\n`)
  return output.files
}

/**
 * Makes the hub in `folder` when it is missing or out of date.
 * @param {{ folder?: string, log?: (line: string) => void }} [options]
 * @returns {Promise<boolean>} whether anything was made
 */
export async function buildRuntimes({ folder = RUNTIMES, log = () => {} } = {}) {
  const made = await fingerprint()
  if (await isCurrent(folder, made)) {
    log('runtimes: up to date')
    return false
  }
  const files = await buildFiles(made)
  const fresh = `${folder}.new`
  await rm(fresh, { recursive: true, force: true })
  for (const [path, bytes] of files) {
    await mkdir(dirname(join(fresh, path)), { recursive: true })
    await writeFile(join(fresh, path), bytes)
  }
  await rm(folder, { recursive: true, force: true })
  await rename(fresh, folder)
  for (const [path, bytes] of files) log(`${(bytes.length / 1e6).toFixed(2).padStart(7)} MB  ${path}`)
  return true
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  try {
    await buildRuntimes({ log: console.log })
  } catch (error) {
    console.error(`runtimes: ${error instanceof Error ? error.message : error}`)
    process.exitCode = 1
  }
}
