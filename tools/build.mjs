/**
 * `npm run build`: writes the whole static site to dist/.
 *
 *   workers/{jail,kernel,inspector,process,quickjs,ruby,wasmrun}.ts ─► assets/NAME-HASH.js   texts: the page fetches them and hands them to the jail
 *   workers/{host,archive}.ts        ─► assets/NAME-HASH.js   classic workers on the site's own origin
 *   workers/service.ts               ─► service.js            at the root, because a worker's scope is its folder
 *   src/main.tsx                     ─► assets/main-HASH.js   modules, split; knows the names above as __ASSETS__
 *   index.html, public/              ─► the root              index.html gets the names put in
 *   examples/, licences              ─► examples/*.zip, licences.txt
 *
 * Invariants: every URL is relative, so the site works under `/` and under `/repo/`; the same sources give the same
 * bytes; a failed build leaves the former site as it was.
 */
import { createHash } from 'node:crypto'
import { existsSync, watch } from 'node:fs'
import { copyFile, mkdir, mkdtemp, readdir, readFile, rm, stat, utimes, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join, relative, resolve, sep } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { gzipSync } from 'node:zlib'
import * as esbuild from 'esbuild'
import { packExamples } from './examples.mjs'
import { constants } from './inline-constants.mjs'
import { bundledPackages, licenceTexts } from './licences.mjs'

export const ROOT = resolve(dirname(fileURLToPath(import.meta.url)), '..')

/** The oldest browsers the site is for: the first with what the jail needs. */
const TARGET = ['es2022', 'chrome123', 'firefox145']
/** Doors that become one classic script each. The service worker is apart: its name must not change. */
const SCRIPTS = /** @type {const} */ ([
  'jail',
  'kernel',
  'inspector',
  'process',
  'quickjs',
  'ruby',
  'wasmrun',
  'host',
  'archive',
])
const HASH_LENGTH = 10
/** In public/ for the host to read; a browser may not get them. */
const HOST_FILES = ['_headers', '.htaccess', '.nojekyll']

/**
 * @typedef {{ path: string, bytes: Uint8Array }} OutputFile path is relative to the site's root, with `/`
 * @typedef {{ path: string, size: number, gzip: number, sha256: string }} ShellFile sizes in bytes, sha256 in hex
 * @typedef {object} Build
 * @property {string} version
 * @property {string} id a hash over all shell files but service.js, which holds it: another id is another site
 * @property {Record<'page' | 'jail' | 'kernel' | 'inspector' | 'process' | 'quickjs' | 'ruby' | 'wasmrun' | 'host' | 'archive' | 'service', string[]>} parts the files each part needs
 *   to start; lazy chunks are not among them
 * @property {string[]} packages the npm packages whose code is in it
 * @property {ShellFile[]} files everything that is needed to start offline: all but runtimes, examples, licences
 */

/**
 * Builds the site.
 * @param {{ out?: string, minify?: boolean }} [options] out is relative to the repository
 * @returns {Promise<Build>} what `build.json` says; rejects with esbuild's messages, dist/ untouched
 */
export async function build({ out = 'dist', minify = true } = {}) {
  const { version } = JSON.parse(await readFile(join(ROOT, 'package.json'), 'utf8'))
  const define = { __VERSION__: JSON.stringify(version), 'process.env.NODE_ENV': '"production"' }
  const common = { ...COMMON, minify, define }
  const door = (/** @type {string} */ name) => bundleScript(name, common)
  const scripts = await Promise.all(SCRIPTS.map(door))
  const assets = Object.fromEntries(SCRIPTS.map((name, at) => [name, scripts[at]?.path ?? '']))
  const page = await bundlePage({ ...assets, service: 'service.js' }, common)
  const template = await readFile(join(ROOT, 'index.html'), 'utf8')
  const html = Buffer.from(fillTemplate(template, page.entry, page.styles, page.eager.slice(1)))

  /** @type {OutputFile[]} */
  const shell = [
    { path: 'index.html', bytes: html },
    ...scripts,
    ...page.files,
    ...(await readTree('public', (path) => !path.startsWith('runtimes/') && !HOST_FILES.includes(path))),
  ]
  const files = describeFiles(shell)
  const id = sha256(Buffer.from(files.map((file) => `${file.path} ${file.sha256}\n`).join(''))).slice(
    0,
    HASH_LENGTH,
  )
  // The service worker knows the hash of every other file: another site is another worker, which is how browsers notice.
  const manifest = { id, version, files: Object.fromEntries(files.map(({ path, sha256 }) => [path, sha256])) }
  const service = await bundleScript('service', {
    ...common,
    define: { ...define, __SHELL__: JSON.stringify(manifest) },
  })
  const worker = { path: 'service.js', bytes: service.bytes }
  files.push(...describeFiles([worker]))
  shell.push(worker, ...(await readTree('public', (path) => HOST_FILES.includes(path))))
  const parts = {
    page: ['index.html', ...page.eager, ...page.styles],
    ...Object.fromEntries(SCRIPTS.map((name) => [name, [assets[name] ?? '']])),
    service: ['service.js'],
  }
  const packages = bundledPackages([...scripts, service, page].flatMap(({ metafile }) => metafile ?? []))
  const result = /** @type {Build} */ ({ version, id, parts, packages, files })
  shell.push({ path: 'build.json', bytes: Buffer.from(`${JSON.stringify(result, null, 1)}\n`) })
  const licences = { path: 'licences.txt', bytes: Buffer.from(await licenceTexts(ROOT, packages)) }
  await writeSite(resolve(ROOT, out), [...shell, licences, ...(await zipExamples())])
  return result
}

/** @param {OutputFile[]} files @returns {ShellFile[]} by path */
function describeFiles(files) {
  return files
    .map(({ path, bytes }) => ({
      path,
      size: bytes.length,
      gzip: gzipSync(bytes).length,
      sha256: sha256(bytes),
    }))
    .sort((a, b) => (a.path < b.path ? -1 : 1))
}

/** @type {import('esbuild').BuildOptions} */
const COMMON = {
  absWorkingDir: ROOT,
  bundle: true,
  write: false,
  metafile: true,
  target: TARGET,
  charset: 'utf8',
  legalComments: 'none',
  logLevel: 'silent',
  loader: { '.svg': 'text', '.txt': 'text' },
}

/** One door as one classic script. @param {string} name @param {import('esbuild').BuildOptions} common */
export async function bundleScript(name, common) {
  const entryPoints = [`workers/${name}.ts`]
  // Guests may run JavaScript in the process workers: there the machine keeps to what it captured before them.
  const inject = ['process', 'quickjs', 'ruby', 'wasmrun'].includes(name) ? ['src/memory/intrinsics.ts'] : []
  const { outputFiles, metafile } = await esbuild.build({
    ...common,
    entryPoints,
    inject,
    format: 'iife',
    plugins: [constants],
  })
  const bytes = outputFiles?.[0]?.contents ?? new Uint8Array()
  return { path: `assets/${name}-${sha256(bytes).slice(0, HASH_LENGTH)}.js`, bytes, metafile }
}

/** @param {Record<string, string>} assets @param {import('esbuild').BuildOptions} common */
async function bundlePage(assets, common) {
  const outdir = join(ROOT, 'dist')
  const { outputFiles = [], metafile } = await esbuild.build({
    ...common,
    define: { ...common.define, __ASSETS__: JSON.stringify(assets) },
    loader: { ...common.loader, '.woff2': 'file' },
    plugins: [lazyStyles(common.minify === true), constants],
    entryPoints: { main: 'src/main.tsx' },
    format: 'esm',
    splitting: true,
    jsx: 'automatic',
    jsxImportSource: 'preact',
    outdir,
    entryNames: 'assets/[name]-[hash]',
    chunkNames: 'assets/[name]-[hash]',
    assetNames: 'assets/[name]-[hash]',
  })
  const files = outputFiles.map((file) => ({
    path: slashes(relative(outdir, file.path)),
    bytes: file.contents,
  }))
  const outputs = metafile?.outputs ?? {}
  const entry = Object.keys(outputs).find((path) => outputs[path]?.entryPoint === 'src/main.tsx') ?? ''
  const style = outputs[entry]?.cssBundle
  const site = (/** @type {string} */ path) => path.replace(/^dist\//, '')
  return {
    files,
    metafile,
    entry: site(entry),
    eager: staticImports(outputs, entry).map(site),
    styles: style ? [site(style)] : [],
  }
}

/**
 * `x.lazy.css` is text in the chunk that imports it: esbuild fetches no style sheet along with a lazy part.
 * @param {boolean} minify @returns {import('esbuild').Plugin}
 */
function lazyStyles(minify) {
  return {
    name: 'lazy styles',
    setup(builder) {
      builder.onLoad({ filter: /\.lazy\.css$/ }, async ({ path }) => {
        const text = await readFile(path, 'utf8')
        const { code } = await esbuild.transform(text, { loader: 'css', minify, target: TARGET })
        return { contents: code, loader: 'text' }
      })
    },
  }
}

/**
 * The entry and all that it imports statically: what must arrive before the page runs.
 * @param {import('esbuild').Metafile['outputs']} outputs @param {string} entry
 */
function staticImports(outputs, entry) {
  const seen = new Set([entry])
  for (const path of seen) {
    for (const found of outputs[path]?.imports ?? [])
      if (found.kind === 'import-statement') seen.add(found.path)
  }
  return [...seen]
}

/**
 * Puts the built names into index.html, which names its source: `<script type="module" src="./src/main.tsx">`.
 * @param {string} template @param {string} entry @param {string[]} styles @param {string[]} chunks
 */
export function fillTemplate(template, entry, styles, chunks) {
  const source = /(["'])(?:\.\/)?src\/main\.tsx\1/
  if (!source.test(template)) throw new Error('index.html: no <script type="module" src="./src/main.tsx">')
  if (!template.includes('</head>')) throw new Error('index.html: no </head> to put the style sheet before')
  const links = [
    ...styles.map((path) => `<link rel="stylesheet" href="./${path}">`),
    ...chunks.map((path) => `<link rel="modulepreload" href="./${path}">`),
  ]
  return template
    .replace(source, () => `"./${entry}"`)
    .replace('</head>', () => `${links.map((link) => `  ${link}\n`).join('')}</head>`)
}

/**
 * Writes what changed, copies the runtimes, removes what no longer belongs to the site.
 * @param {string} out @param {OutputFile[]} files
 */
async function writeSite(out, files) {
  const kept = new Set(files.map((file) => file.path))
  for (const { path, bytes } of files) {
    const target = join(out, path)
    await mkdir(dirname(target), { recursive: true })
    const old = await readFile(target).catch(() => null)
    if (!old?.equals(bytes)) await writeFile(target, bytes)
  }
  for (const path of await listTree(join(ROOT, 'public/runtimes'))) {
    kept.add(`runtimes/${path}`)
    await copyIfChanged(join(ROOT, 'public/runtimes', path), join(out, 'runtimes', path))
  }
  for (const path of await listTree(out)) if (!kept.has(path)) await rm(join(out, path))
}

/** Runtimes are tens of megabytes: times are compared, not bytes. @param {string} from @param {string} to */
async function copyIfChanged(from, to) {
  const source = await stat(from)
  const target = await stat(to).catch(() => null)
  if (target?.size === source.size && Math.abs(target.mtimeMs - source.mtimeMs) < 1) return
  await mkdir(dirname(to), { recursive: true })
  await copyFile(from, to)
  await utimes(to, source.atime, source.mtime)
}

/** Files under a folder, as sorted relative paths; none when it is absent. @param {string} folder */
async function listTree(folder) {
  if (!existsSync(folder)) return []
  const entries = await readdir(folder, { recursive: true, withFileTypes: true })
  return entries
    .filter((entry) => entry.isFile())
    .map((entry) => slashes(relative(folder, join(entry.path, entry.name))))
    .sort()
}

/** @param {string} folder @param {(path: string) => boolean} wanted @returns {Promise<OutputFile[]>} */
async function readTree(folder, wanted) {
  const paths = (await listTree(join(ROOT, folder))).filter(wanted)
  return Promise.all(paths.map(async (path) => ({ path, bytes: await readFile(join(ROOT, folder, path)) })))
}

/** The gallery: one zip for each example, and gallery.json. @returns {Promise<OutputFile[]>} */
async function zipExamples() {
  const folder = await mkdtemp(join(tmpdir(), 'examples-'))
  try {
    packExamples(folder, ROOT)
    const names = await listTree(folder)
    return await Promise.all(
      names.map(async (name) => ({ path: `examples/${name}`, bytes: await readFile(join(folder, name)) })),
    )
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

/** @param {Uint8Array} bytes */
function sha256(bytes) {
  return createHash('sha256').update(bytes).digest('hex')
}

/** @param {string} path */
function slashes(path) {
  return path.split(sep).join('/')
}

/**
 * Builds now and again after every change, one build at a time.
 * @param {{ out?: string }} options @param {(error: unknown, build: Build | null, milliseconds: number) => void} report
 */
export async function watchAndBuild(options, report) {
  let wanted = true
  let running = false
  /** @type {NodeJS.Timeout | undefined} */
  let timer
  const run = async () => {
    if (running) return
    running = true
    while (wanted) {
      wanted = false
      const start = performance.now()
      await build({ ...options, minify: false }).then(
        (built) => report(null, built, performance.now() - start),
        (error) => report(error, null, performance.now() - start),
      )
    }
    running = false
  }
  const changed = () => {
    wanted = true
    clearTimeout(timer)
    // An editor's save is several events; wait until they are over.
    timer = setTimeout(() => void run(), 60)
  }
  for (const path of ['src', 'workers', 'public', 'examples', 'index.html', 'package.json']) {
    if (existsSync(join(ROOT, path))) watch(join(ROOT, path), { recursive: true }, changed)
  }
  await run()
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  const out = process.argv.find((word) => word.startsWith('--out='))?.slice('--out='.length)
  const start = performance.now()
  try {
    const built = await build(out ? { out } : {})
    const bytes = built.files.reduce((sum, file) => sum + file.gzip, 0)
    const seconds = ((performance.now() - start) / 1000).toFixed(1)
    console.log(
      `built ${out ?? 'dist'}: ${built.files.length} files, ${(bytes / 1024).toFixed(0)} KiB gzipped, ${seconds} s`,
    )
  } catch (error) {
    console.error(explain(error))
    process.exitCode = 1
  }
}

/** esbuild's messages with their places, or the error's own words. @param {unknown} error */
export function explain(error) {
  const errors = /** @type {{ errors?: import('esbuild').Message[] }} */ (error).errors
  if (!Array.isArray(errors)) return error instanceof Error ? (error.stack ?? error.message) : String(error)
  return esbuild.formatMessagesSync(errors, { kind: 'error', color: process.stdout.isTTY }).join('\n')
}
