/** What a build needs besides packages: the runtimes. Imports nothing but Node, because it runs on a fresh clone. */
import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'

const ROOT = resolve(dirname(fileURLToPath(import.meta.url)), '..')

/** Runs `npm run runtimes` unless public/runtimes/ is there. Throws when it fails. */
export function ensureRuntimes() {
  if (existsSync(join(ROOT, 'public/runtimes/manifest.json'))) return
  console.log('preparing the runtimes')
  const { status } = spawnSync(process.execPath, ['tools/runtimes.mjs'], { cwd: ROOT, stdio: 'inherit' })
  if (status !== 0) throw new Error(`"npm run runtimes" ended with ${status}: without it no language can run`)
}
