/**
 * `node tools/run.mjs FILE.ts [ARGUMENT…]`: runs a TypeScript program that drives the built site in a browser, such as the
 * benchmarks. Installs and builds what is missing, names the browsers in CHROME_PATH and FIREFOX_PATH as `npm test` does.
 */
import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { dirname, join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { ensureInstalled } from './install.mjs'
import { ensureRuntimes } from './prepare.mjs'

const ROOT = resolve(dirname(fileURLToPath(import.meta.url)), '..')
const [file = '', ...words] = process.argv.slice(2)

try {
  if (!existsSync(join(ROOT, file)) || !file.endsWith('.ts'))
    throw new Error(`${file || '(no file)'}: no program to run`)
  ensureInstalled()
  ensureRuntimes()
  process.exitCode = await run()
} catch (error) {
  console.error(error instanceof Error ? error.message : error)
  process.exitCode = 1
}

/** @returns {Promise<number>} the program's exit code */
async function run() {
  const { build, explain } = await import('./build.mjs')
  const { ensureChromium, findFirefox } = await import('./browsers.mjs')
  const { bundle } = await import('./tests.mjs')
  const env = { ...process.env, CHROME_PATH: await ensureChromium(), FIREFOX_PATH: findFirefox() ?? '' }
  await build().catch((error) => Promise.reject(new Error(explain(error))))
  const folder = await mkdtemp(join(ROOT, 'node_modules/.run-'))
  try {
    const script = await bundle(file, folder)
    const flags = ['--enable-source-maps', '--expose-gc']
    return spawnSync(process.execPath, [...flags, script, ...words], { stdio: 'inherit', env }).status ?? 1
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}
