/**
 * The fuzzer of the WASI imports (src/process/fuzz.test.ts) in Chromium: browsers refuse views on shared memory where Node takes them,
 * and their engine is another build. A short run; the long one is Node's.
 *
 *   page ──starts──► worker with the bundled test ──asks──► page ──starts──► the thread that disturbs its memory
 */
import assert from 'node:assert/strict'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { after, before, test } from 'node:test'
import { build, type Plugin } from 'esbuild'
import { openSite, type Site } from './browser.ts'

const CALLS = process.env.LONG === '1' ? 1_000_000 : 250_000
const TIMEOUT_MS = process.env.LONG === '1' ? 1_800_000 : 180_000

/** What the test takes from Node, as a browser's worker has it. */
const SHIMS: Record<string, string> = {
  'node:test': `
    const tests = (globalThis.fuzzTests ??= [])
    export const test = (name, run) => tests.push({ name, run })`,
  'node:assert/strict': `
    const fail = (message) => { throw new Error(message) }
    const equal = (a, b, words = '') => Object.is(a, b) || fail(words + ': ' + String(a) + ' is not ' + String(b))
    export default {
      fail,
      equal,
      ok: (value, words = 'not so') => value || fail(words),
      deepEqual: (a, b, words) => equal(JSON.stringify(a), JSON.stringify(b), words),
      throws: (run, fits) => {
        try { run() } catch (error) { return fits(error) || fail('threw something else') }
        fail('threw nothing')
      },
    }`,
  'node:worker_threads': `
    export class Worker {
      constructor(code, { workerData }) { postMessage({ start: code, workerData }) }
      terminate() { postMessage({ stop: true }) }
    }`,
}
const BUFFER = `
  globalThis.Buffer = {
    byteLength: (text) => new TextEncoder().encode(text).length,
    compare: (a, b) => { for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return 1; return 0 },
    from: (bytes) => ({ toString: () => new TextDecoder('latin1').decode(bytes.slice()) }),
  };`
const RUN = `
  ;(async () => {
    for (const { name, run } of globalThis.fuzzTests) {
      let error = null
      try { await run({ diagnostic: () => {} }) } catch (thrown) { error = String(thrown?.stack ?? JSON.stringify(thrown)) }
      postMessage({ name, error })
    }
    postMessage({ isOver: true })
  })()`
const PAGE = `<!doctype html><title>fuzz</title><script type="module">
  const results = []
  const disturbing = []
  const worker = new Worker('fuzz.js')
  worker.onerror = (event) => { globalThis.over = [...results, { name: 'worker', error: event.message }] }
  worker.onmessage = ({ data }) => {
    if (data.start) {
      const text = 'onmessage = ({ data }) => { const require = () => ({ workerData: data });' + data.start + '}'
      const other = new Worker(URL.createObjectURL(new Blob([text])))
      other.postMessage(data.workerData)
      disturbing.push(other)
    } else if (data.stop) disturbing.pop()?.terminate()
    else if (data.isOver) globalThis.over = results
    else results.push(data)
  }
</script>`

const shims: Plugin = {
  name: 'shims',
  setup: (pluginBuild) => {
    pluginBuild.onResolve({ filter: /^node:/ }, ({ path }) => ({ path, namespace: 'shim' }))
    pluginBuild.onLoad({ filter: /.*/, namespace: 'shim' }, ({ path }) => ({ contents: SHIMS[path] ?? '' }))
  },
}

let site: Site
before(async () => {
  const { outputFiles } = await build({
    entryPoints: ['src/process/fuzz.test.ts'],
    bundle: true,
    write: false,
    format: 'iife',
    target: 'es2022',
    define: { 'process.env.CALLS': String(CALLS), 'process.env.LONG': '""', 'process.env.SEED': 'undefined' },
    banner: { js: BUFFER },
    footer: { js: RUN },
    plugins: [shims],
  })
  const script = outputFiles[0]?.text ?? ''
  const intercept = (request: IncomingMessage, response: ServerResponse): boolean => {
    const isScript = request.url === '/fuzz.js'
    if (!isScript && request.url !== '/fuzz.html') return false
    response.writeHead(200, {
      'Content-Type': isScript ? 'text/javascript' : 'text/html',
      'Cross-Origin-Opener-Policy': 'same-origin',
      'Cross-Origin-Embedder-Policy': 'require-corp',
    })
    response.end(isScript ? script : PAGE)
    return true
  }
  site = await openSite({ intercept })
})
after(() => site?.close())

test(`${CALLS.toLocaleString('en')} wild calls in Chromium, traced, ended and disturbed`, {
  timeout: TIMEOUT_MS,
}, async () => {
  await site.page.goto(`${site.url}fuzz.html`)
  const over = await site.page.waitForFunction(() => (window as { over?: unknown }).over, null, {
    timeout: TIMEOUT_MS,
  })
  const results = (await over.jsonValue()) as { name: string; error: string | null }[]
  assert.deepEqual(
    results.filter(({ error }) => error !== null),
    [],
  )
  assert.ok(results.length >= 5, `only ${results.length} tests`)
})
