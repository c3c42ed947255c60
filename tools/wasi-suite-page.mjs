/** The suite's cases by `wasmrun.spawn` in the built page in Chromium: every layer from the page's API to the process worker. */
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { chromium } from 'playwright-core'
import { ensureChromium } from './browsers.mjs'
import { build, ROOT } from './build.mjs'
import { serve } from './serve.mjs'

/** Milliseconds: the machine has to be up by then, and a case has to end. */
const BOOT_TIMEOUT = 30_000
const CASE_TIMEOUT = 30_000
const FLAGS = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
]

/**
 * Runs in the page.
 * @param {{ home: string, wasm: string, args: string[], env: Record<string, string>, stdin: string | undefined, timeout: number,
 *   folders: { guest: string, files: { path: string, base64: string }[] }[] }} one
 */
const runInPage = async (one) => {
  const machine = /** @type {any} */ (globalThis).wasmrun
  const bytes = (/** @type {string} */ base64) => Uint8Array.from(atob(base64), (char) => char.charCodeAt(0))
  const preopens = []
  await machine.fs.mkdir(one.home, { recursive: true })
  for (const [index, { guest, files }] of one.folders.entries()) {
    const path = `${one.home}/dir-${index}`
    await machine.fs.mkdir(path, { recursive: true })
    for (const file of files) {
      const whole = `${path}/${file.path}`
      if (file.path.endsWith('/')) await machine.fs.mkdir(whole, { recursive: true })
    }
    for (const file of files) {
      if (!file.path.endsWith('/')) await machine.fs.writeFile(`${path}/${file.path}`, bytes(file.base64))
    }
    preopens.push({ path, as: guest })
  }
  const program = `${one.home}/case.wasm`
  await machine.fs.writeFile(program, bytes(one.wasm))
  let message = ''
  const stop = machine.on('exit', (/** @type {{ pid: number, message: string }} */ event) => {
    message ||= event.message
  })
  const process = await machine.spawn(program, one.args, {
    cwd: one.home,
    env: one.env,
    bareEnv: true,
    ...(one.stdin === undefined ? {} : { stdin: one.stdin }),
    preopens,
    title: 'wasi-suite',
  })
  const text = (/** @type {ReadableStream<Uint8Array>} */ stream) => new Response(stream).text()
  const timer = setTimeout(() => process.kill('SIGKILL'), one.timeout)
  const [exit, stdout, stderr] = await Promise.all([process.exit, text(process.stdout), text(process.stderr)])
  clearTimeout(timer)
  stop?.()
  await machine.fs.rm(one.home, { recursive: true, force: true })
  return { code: exit.code, stdout, stderr, message }
}

export async function open() {
  await build()
  const server = await serve({ root: join(ROOT, 'dist'), headers: 'none', base: '/' })
  const browser = await chromium.launch({ executablePath: await ensureChromium(), args: FLAGS })
  const page = await browser.newPage()
  page.on('pageerror', (error) => console.error(`page: ${error.message}`))
  await page.goto(`http://wasmrun.localhost:${server.port}/`)
  // The first visit reloads itself once or twice to become isolated.
  await page.waitForFunction(() => /** @type {any} */ (globalThis).wasmrun && crossOriginIsolated, null, {
    timeout: BOOT_TIMEOUT,
  })
  await page.evaluate(() => /** @type {any} */ (globalThis).wasmrun.ready)
  let count = 0
  return {
    /** @param {import('./wasi-suite.mjs').Case} one */
    run: async (one) =>
      page.evaluate(runInPage, {
        home: `/tmp/suite-${count++}`,
        wasm: (await readFile(one.wasm)).toString('base64'),
        args: one.args,
        env: one.env,
        stdin: one.stdin,
        timeout: CASE_TIMEOUT,
        folders: one.folders.map(({ guest, files }) => ({
          guest,
          files: files.map(({ path, bytes }) => ({ path, base64: bytes.toString('base64') })),
        })),
      }),
    close: async () => {
      await browser.close()
      await server.close()
    },
  }
}
