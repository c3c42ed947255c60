/**
 * `npm run check`: everything that can be said about the sources without running them, and the size of what is built.
 */
import { spawnSync } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import { dirname, join, resolve } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { ensureInstalled } from './install.mjs'

const ROOT = resolve(dirname(fileURLToPath(import.meta.url)), '..')

/** @typedef {{ name: string, run: () => Promise<{ ok: boolean, output: string }> }} Step */

/** Every step, in the order of how soon its answer comes. @returns {Promise<Step[]>} */
export async function checkSteps() {
  const { checkRooms } = await import('./rooms.mjs')
  const { checkAllWords } = await import('./words.mjs')
  const { checkTypes, REALMS } = await import('./types.mjs')
  return [
    {
      name: 'rooms',
      run: async () => verdict((await checkRooms()).map((v) => `${v.path}:${v.line} ${v.message}`)),
    },
    { name: 'words and length', run: async () => verdict(await checkAllWords()) },
    { name: 'lint and format', run: lint },
    ...REALMS.map((realm) => ({ name: `types: ${realm}`, run: async () => checkTypes(realm) })),
    { name: 'build, budgets, licences', run: buildAndMeasure },
  ]
}

/** @param {string[]} messages */
function verdict(messages) {
  return { ok: messages.length === 0, output: messages.join('\n') }
}

async function lint() {
  const biome = join(ROOT, 'node_modules/@biomejs/biome/bin/biome')
  const words = [biome, 'check', '--max-diagnostics=50', '.']
  const { status, stdout, stderr } = spawnSync(process.execPath, words, { cwd: ROOT, encoding: 'utf8' })
  return { ok: status === 0, output: status === 0 ? '' : `${stdout}${stderr}`.trim() }
}

async function buildAndMeasure() {
  const { build, explain } = await import('./build.mjs')
  const { checkBudgets } = await import('./budgets.mjs')
  const { unnamed } = await import('./licences.mjs')
  try {
    const built = await build()
    const { lines, exceeded } = checkBudgets(built)
    const document = await readFile(join(ROOT, 'THIRD_PARTY.md'), 'utf8')
    const wrong = [
      ...exceeded,
      ...unnamed(document, built.packages).map((name) => `THIRD_PARTY.md does not name ${name}`),
    ]
    return { ok: wrong.length === 0, output: [...lines, ...wrong].join('\n') }
  } catch (error) {
    return { ok: false, output: explain(error) }
  }
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  ensureInstalled()
  for (const { name, run } of await checkSteps()) {
    const start = performance.now()
    const { ok, output } = await run()
    const seconds = ((performance.now() - start) / 1000).toFixed(1)
    console.log(
      `${ok ? 'ok    ' : 'FAILED'}  ${name} (${seconds} s)${output ? `\n${output.replace(/^/gm, '        ')}` : ''}`,
    )
    if (!ok) process.exitCode = 1
  }
}
