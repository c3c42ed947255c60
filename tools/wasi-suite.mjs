/**
 * `npm run wasi-suite -- DIR [--node] [--only TEXT]`: third-party WASI preview1 cases, and a score.
 *
 * DIR holds x.wasm with an optional x.json beside it, at any depth, as WebAssembly/wasi-testsuite lays them out:
 *   { args, env, root, dirs, stdin, exit_code, stdout, stderr }
 * `root` is a folder beside the case that the program sees as "/"; `dirs` are folders that it sees under their own names.
 * A case runs by `wasmrun.spawn` in the built page in Chromium, or with --node by the same imports in this process.
 */
import { readdir, readFile, stat } from 'node:fs/promises'
import { basename, dirname, join, relative, resolve } from 'node:path'
import { pathToFileURL } from 'node:url'

/**
 * @typedef {{ path: string, bytes: Buffer }} HostFile path within its folder, with `/`; a folder ends in `/` and has no bytes
 * @typedef {{ guest: string, files: HostFile[] }} Folder
 * @typedef {object} Case
 * @property {string} name
 * @property {string} wasm path on the host
 * @property {string[]} args
 * @property {Record<string, string>} env
 * @property {Folder[]} folders
 * @property {string | undefined} stdin absent: it stays open, as at a terminal where nobody types
 * @property {number} exit
 * @property {string | undefined} stdout
 * @property {string | undefined} stderr
 * @typedef {{ code: number, stdout: string, stderr: string, message: string }} Outcome
 */

/** @param {string} folder @returns {Promise<string[]>} all files below, sorted */
async function walk(folder) {
  const entries = await readdir(folder, { withFileTypes: true, recursive: true })
  return entries
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .sort()
}

/** @param {string} from @param {string} guest @returns {Promise<Folder>} */
async function readFolder(from, guest) {
  const entries = await readdir(from, { withFileTypes: true, recursive: true }).catch(() => [])
  const files = await Promise.all(
    entries.map(async (entry) => {
      const whole = join(entry.parentPath, entry.name)
      const path = relative(from, whole).replaceAll('\\', '/')
      return entry.isDirectory()
        ? { path: `${path}/`, bytes: Buffer.alloc(0) }
        : { path, bytes: await readFile(whole) }
    }),
  )
  return { guest, files }
}

/** @param {string} wasm @returns {Promise<Case>} */
async function readCase(wasm) {
  const spec = await readFile(wasm.replace(/\.wasm$/, '.json'), 'utf8').then(JSON.parse, () => ({}))
  const beside = (/** @type {string} */ name) => join(dirname(wasm), name)
  const folders = []
  if (spec.root) folders.push(await readFolder(beside(spec.root), '/'))
  for (const name of spec.dirs ?? []) folders.push(await readFolder(beside(name), name))
  return {
    name: basename(wasm, '.wasm'),
    wasm,
    args: spec.args ?? [],
    env: spec.env ?? {},
    folders,
    stdin: spec.stdin,
    exit: spec.exit_code ?? 0,
    stdout: spec.stdout,
    stderr: spec.stderr,
  }
}

/** @param {Case} one @param {Outcome} outcome @returns {string} why it failed, or '' */
function judge(one, outcome) {
  const reasons = []
  if (outcome.code !== one.exit) reasons.push(`exit ${outcome.code}, expected ${one.exit}`)
  if (one.stdout !== undefined && outcome.stdout !== one.stdout)
    reasons.push(
      `stdout ${JSON.stringify(outcome.stdout.slice(0, 200))}, expected ${JSON.stringify(one.stdout)}`,
    )
  if (one.stderr !== undefined && outcome.stderr !== one.stderr)
    reasons.push(
      `stderr ${JSON.stringify(outcome.stderr.slice(0, 200))}, expected ${JSON.stringify(one.stderr)}`,
    )
  if (reasons.length === 0) return ''
  const words = (outcome.message || outcome.stderr).trim().split('\n').slice(0, 6).join('\n      ')
  return reasons.join('; ') + (words ? `\n      ${words}` : '')
}

/** @param {string[]} argv */
async function main(argv) {
  const only = argv.includes('--only') ? argv[argv.indexOf('--only') + 1] : undefined
  const folder = argv.find((word) => !word.startsWith('--') && word !== only)
  if (!folder || !(await stat(folder).catch(() => null))?.isDirectory()) {
    console.error('usage: npm run wasi-suite -- DIR [--node] [--only TEXT]   (DIR holds .wasm files)')
    return 2
  }
  const found = (await walk(resolve(folder))).filter((path) => path.endsWith('.wasm'))
  const cases = await Promise.all(found.filter((path) => !only || path.includes(only)).map(readCase))
  if (cases.length === 0) {
    console.error(`no .wasm file in ${folder}`)
    return 2
  }
  const { open } = await import(argv.includes('--node') ? './wasi-suite-node.mjs' : './wasi-suite-page.mjs')
  const runner = /** @type {{ run(one: Case): Promise<Outcome>, close(): Promise<void> }} */ (await open())
  const failures = []
  try {
    for (const one of cases) {
      const why = judge(one, await runner.run(one).catch((error) => failed(error)))
      if (why) failures.push(`${relative(resolve(folder), one.wasm)}\n      ${why}`)
    }
  } finally {
    await runner.close()
  }
  for (const failure of failures) console.log(`fail  ${failure}`)
  console.log(`wasi-suite: ${cases.length - failures.length} of ${cases.length} passed`)
  return failures.length === 0 ? 0 : 1
}

/** @param {unknown} error @returns {Outcome} */
const failed = (error) => ({
  code: -1,
  stdout: '',
  stderr: '',
  message: error instanceof Error ? (error.stack ?? error.message) : String(error),
})

if (process.argv[1] && import.meta.url === pathToFileURL(process.argv[1]).href)
  process.exitCode = await main(process.argv.slice(2))
