/** The scripts of the benchmark's page and workers, bundled and served under /bench/ beside the built site. */
import type { IncomingMessage, ServerResponse } from 'node:http'
import { build } from 'esbuild'
import { readProgram } from '../e2e/fixtures/programs.ts'

const SCRIPTS = {
  page: 'bench/page/index.ts',
  peers: 'bench/workers/peers.ts',
  pipes: 'bench/workers/pipes.ts',
  locks: 'bench/workers/locks.ts',
  persist: 'bench/page/persist.ts',
  keyval: 'bench/workers/keyval.ts',
}

/** Answers requests below /bench/, for the test server's `intercept`. Paths start at the repository. */
export const benchFiles = async (): Promise<
  (request: IncomingMessage, response: ServerResponse) => boolean
> => {
  const files = new Map<string, { type: string; bytes: Uint8Array }>()
  for (const [name, entry] of Object.entries(SCRIPTS)) {
    // As minified as the site itself: neither side's code is helped by its build.
    const options = { bundle: true, write: false, minify: true, format: 'iife', target: 'es2022' } as const
    const { outputFiles } = await build({ ...options, entryPoints: [entry] })
    const bytes = outputFiles[0]?.contents
    if (!bytes) throw new Error(`${entry} gave no bundle`)
    files.set(`/bench/${name}.js`, { type: 'text/javascript; charset=utf-8', bytes })
  }
  for (const name of ['bench', 'probe'] as const)
    files.set(`/bench/${name}.wasm`, { type: 'application/wasm', bytes: readProgram(name) })
  return (request, response) => {
    const file = files.get(request.url ?? '')
    if (!file) return false
    response.writeHead(200, { 'Content-Type': file.type })
    response.end(file.bytes)
    return true
  }
}
