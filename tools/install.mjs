/**
 * Brings node_modules to what package-lock.json says, and only when it is not there yet. Imports nothing but Node, because
 * it runs on a fresh clone.
 */
import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'

const ROOT = resolve(dirname(fileURLToPath(import.meta.url)), '..')
const OLDEST_NODE = 20

/** Installs what is missing. Throws with npm's status when it cannot. */
export function ensureInstalled() {
  const major = Number(process.versions.node.split('.')[0])
  if (major < OLDEST_NODE)
    throw new Error(`Node ${OLDEST_NODE} or newer is needed; this is ${process.versions.node}`)
  const missing = missingPackages(readLock('package-lock.json'), readLock('node_modules/.package-lock.json'))
  if (missing.length === 0) return
  console.log(
    `installing packages (${missing.slice(0, 3).join(', ')}${missing.length > 3 ? ', …' : ''} missing)`,
  )
  const { status, error } = spawnSync('npm', ['ci', '--no-audit', '--no-fund'], {
    cwd: ROOT,
    stdio: 'inherit',
    shell: process.platform === 'win32',
  })
  if (error) throw new Error(`npm could not be started: ${error.message}`)
  if (status !== 0) throw new Error(`npm ci ended with ${status}: see above; "npm start" tries again`)
}

/**
 * @typedef {Record<string, { version?: string, optional?: boolean }>} Packages as npm's lockfile v3 has them under "packages"
 * @param {Packages | null} wanted @param {Packages | null} present
 * @returns {string[]} names of packages that are absent or have another version; optional ones belong to other platforms
 */
export function missingPackages(wanted, present) {
  if (!wanted)
    throw new Error(
      'package-lock.json is missing or damaged: get it back with git checkout package-lock.json',
    )
  return Object.entries(wanted)
    .filter(([path, { optional }]) => path !== '' && !optional)
    .filter(([path, { version }]) => present?.[path]?.version !== version)
    .map(([path]) => path.replace(/^.*node_modules\//, ''))
}

/** @param {string} path @returns {Packages | null} */
function readLock(path) {
  try {
    return JSON.parse(readFileSync(join(ROOT, path), 'utf8')).packages ?? null
  } catch {
    return null
  }
}
