/**
 * `npm run types`: checks the types of every realm with its own tsconfig. A realm is what one global scope offers: the page
 * has a document, a worker has none, and code that runs in both must compile in both.
 */
import { spawnSync } from 'node:child_process'
import { dirname, join, resolve } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'

const ROOT = resolve(dirname(fileURLToPath(import.meta.url)), '..')
export const REALMS = ['page', 'worker', 'jail', 'sw', 'node']

/** @param {string} realm @returns {{ ok: boolean, output: string }} */
export function checkTypes(realm) {
  const words = [join(ROOT, 'node_modules/typescript/bin/tsc'), '--noEmit', '-p', `tsconfig.${realm}.json`]
  const { status, stdout, error } = spawnSync(process.execPath, words, { cwd: ROOT, encoding: 'utf8' })
  return { ok: status === 0, output: error ? error.message : stdout.trim() }
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  for (const realm of REALMS) {
    const { ok, output } = checkTypes(realm)
    console.log(`${ok ? 'ok    ' : 'failed'}  types of the ${realm} realm${output ? `\n${output}` : ''}`)
    if (!ok) process.exitCode = 1
  }
}
