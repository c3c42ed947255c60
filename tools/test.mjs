/**
 * `npm test [-- NAME…] [--long]`: from a fresh clone to one line, `N passed, N failed`.
 *
 * Phases: what is missing is installed; check (each step counts one); unit tests; build; e2e tests in a browser. With names,
 * only the test files whose path holds one of them are run, and the check only when "check" is among the names.
 * `--long` sets LONG=1, with which tests take longer roads.
 */
import { readdir } from 'node:fs/promises'
import { dirname, join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { ensureInstalled } from './install.mjs'
import { ensureRuntimes } from './prepare.mjs'

const ROOT = resolve(dirname(fileURLToPath(import.meta.url)), '..')
/** Seconds that one file may take, in the fast and in the long lane. */
const UNIT_TIME = { fast: 300, long: 1800 }
const E2E_TIME = { fast: 300, long: 1800 }

const names = process.argv.slice(2).filter((word) => !word.startsWith('-'))
const long = process.argv.includes('--long') || process.env.LONG === '1'
const lane = long ? 'long' : 'fast'
const started = performance.now()
const total = { passed: 0, failed: 0 }
/** @type {string[]} */
const failures = []

try {
  ensureInstalled()
  await run()
} catch (error) {
  fail('npm test', error instanceof Error ? (error.stack ?? error.message) : String(error))
}
if (failures.length > 0) console.log(`\n${failures.length} failed:\n\n${failures.join('\n\n')}\n`)
console.log(`${total.passed} passed, ${total.failed} failed`)
process.exitCode = total.failed > 0 || total.passed === 0 ? 1 : 0

async function run() {
  const unit = [...(await listTests('src', /\.test\.tsx?$/)), ...(await listTests('tools', /\.test\.mjs$/))]
  const e2e = await listTests('e2e', /\.e2e\.ts$/)
  const all = names.length === 0
  const chosen = (/** @type {string[]} */ files) =>
    all ? files : files.filter((file) => names.some((name) => file.includes(name)))
  if (all || names.includes('check')) await check()
  await runFiles('unit', chosen(unit), UNIT_TIME[lane], 2, {})
  if (chosen(e2e).length > 0) await browserTests(chosen(e2e))
}

async function check() {
  phase('check')
  const { checkSteps } = await import('./check.mjs')
  for (const step of await checkSteps()) {
    const start = performance.now()
    const { ok, output } = await step.run()
    report(ok, `check: ${step.name}`, performance.now() - start)
    if (ok) total.passed++
    else fail(`check: ${step.name}`, output)
  }
}

/** @param {string[]} files */
async function browserTests(files) {
  phase('browser')
  ensureRuntimes()
  const { ensureChromium, findFirefox } = await import('./browsers.mjs')
  const env = { CHROME_PATH: await ensureChromium(), FIREFOX_PATH: findFirefox() ?? '' }
  console.log(`  chromium: ${env.CHROME_PATH}`)
  console.log(`  firefox: ${env.FIREFOX_PATH || 'not run (none installed; FIREFOX_PATH names one)'}`)
  // Built in the check, too, but perhaps before the runtimes were there. What did not change is not written again.
  const { build, explain } = await import('./build.mjs')
  await build().catch((error) => fail('build', explain(error)))
  await runFiles('e2e', files, E2E_TIME[lane], 1, env)
}

/** @param {string} name @param {string[]} files @param {number} timeout @param {number} jobs @param {Record<string, string>} env */
async function runFiles(name, files, timeout, jobs, env) {
  if (files.length === 0) return
  phase(`${name}, ${files.length} files`)
  const { runTests } = await import('./tests.mjs')
  const start = performance.now()
  await runTests(files, {
    timeout,
    jobs,
    env: long ? { ...env, LONG: '1' } : env,
    onFile: (results, file, notes) => {
      const failed = results.filter((result) => !result.passed)
      total.passed += results.length - failed.length
      report(
        failed.length === 0,
        `${file}: ${results.length - failed.length} of ${results.length}`,
        performance.now() - start,
      )
      for (const note of notes) console.log(`      ${note}`)
      for (const { name, error } of failed) {
        // At once, for whoever watches; whole at the end.
        console.log(`      ✖ ${name}: ${error.split('\n', 1)[0]}`)
        fail(`${file} › ${name}`, error)
      }
    },
  })
}

/** @param {string} folder @param {RegExp} pattern @returns {Promise<string[]>} */
async function listTests(folder, pattern) {
  const entries = await readdir(join(ROOT, folder), { recursive: true }).catch(() => [])
  return entries
    .map((entry) => `${folder}/${entry.replaceAll('\\', '/')}`)
    .filter((path) => pattern.test(path) && !path.includes('/fixtures/'))
    .sort()
}

/** @param {string} name @param {string} output */
function fail(name, output) {
  total.failed++
  failures.push(`✖ ${name}\n${output.replace(/^/gm, '    ')}`)
}

/** @param {string} name */
function phase(name) {
  console.log(`\n${name}  (${((performance.now() - started) / 1000).toFixed(1)} s so far)`)
}

/** @param {boolean} ok @param {string} text @param {number} milliseconds */
function report(ok, text, milliseconds) {
  console.log(`  ${ok ? '✔' : '✖'} ${text}  ${(milliseconds / 1000).toFixed(1)} s`)
}
