/**
 * `npm start`: from a fresh clone to a running site. With `--watch` (`npm run dev`) it builds again after every change.
 */
import { dirname, join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { ensureInstalled } from './install.mjs'
import { ensureRuntimes } from './prepare.mjs'
import { serve } from './serve.mjs'

const ROOT = resolve(dirname(fileURLToPath(import.meta.url)), '..')
/** Browsers resolve *.localhost to this machine; a name of its own keeps the site's storage apart from other local servers. */
const HOST = 'wasmrun.localhost'
const PORT = 8420
const TRIES = 10

try {
  ensureInstalled()
  ensureRuntimes()
  await buildSite(process.argv.includes('--watch'))
  await listen()
} catch (error) {
  console.error(error instanceof Error ? error.message : error)
  process.exitCode = 1
}

/** @param {boolean} watching */
async function buildSite(watching) {
  // Imported late: esbuild is not there before ensureInstalled.
  const { build, explain, watchAndBuild } = await import('./build.mjs')
  if (!watching) {
    await build().catch((error) => Promise.reject(new Error(explain(error))))
    return
  }
  await watchAndBuild({}, (error, built, milliseconds) => {
    const time = new Date().toLocaleTimeString()
    console.log(error ? explain(error) : `${time}  built ${built?.id} in ${milliseconds.toFixed(0)} ms`)
  })
}

async function listen() {
  for (let port = PORT; port < PORT + TRIES; port++) {
    const served = await serve({ root: join(ROOT, 'dist'), port }).catch((error) => {
      if (error.code === 'EADDRINUSE') return null
      throw error
    })
    if (!served) continue
    console.log(`\n  wasmrun OS  http://${HOST}:${port}\n`)
    if (port === PORT) return
    console.log(
      `  Port ${PORT} is taken. Saved projects belong to http://${HOST}:${PORT} and will not be seen on this port;`,
    )
    console.log(`  stop what uses port ${PORT} and start again to have them back.\n`)
    return
  }
  throw new Error(
    `ports ${PORT} to ${PORT + TRIES - 1} are all taken: stop one of their programs and start again`,
  )
}
