/** What passes a limit is stopped with a sentence that names the limit; the page answers throughout and the rest lives on. */
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import type { Limits } from '../src/abi/limits.ts'
import { boot, openSite, type Site } from './browser.ts'
import { readProgram } from './fixtures/programs.ts'

const MIB = 1024 * 1024
let site: Site

before(async () => {
  site = await openSite()
  await boot(site)
  const probe = [...(await readProgram('probe'))]
  await site.page.evaluate(
    (list) => window.wasmrun.fs.writeFile('/usr/bin/probe', new Uint8Array(list)),
    probe,
  )
})
after(() => site?.close())

interface Outcome {
  code: number
  signal: string | null
  message: string
  stderr: string
  /** The beginning of it. */
  stdout: string
  /** Longest time between two turns of the page while it ran, in milliseconds. */
  gap: number
}

const runLimited = (command: string, args: string[], limits: Partial<Limits>): Promise<Outcome> =>
  site.page.evaluate(
    async ({ command, args, limits }) => {
      let gap = 0
      let last = performance.now()
      const timer = setInterval(() => {
        gap = Math.max(gap, performance.now() - last)
        last = performance.now()
      }, 10)
      let message = ''
      const messages = new Map<number, string>()
      const stop = window.wasmrun.on('exit', (exit) => void messages.set(exit.pid, exit.message))
      const child = await window.wasmrun.spawn(command, args, { limits })
      let stdout = ''
      const write = (bytes: Uint8Array): void => {
        if (stdout.length < 10_000) stdout += new TextDecoder().decode(bytes)
      }
      const drained = child.stdout.pipeTo(new WritableStream({ write }))
      const stderr = await new Response(child.stderr).text()
      const exit = await child.exit
      await drained
      message = messages.get(child.pid) ?? ''
      stop()
      clearInterval(timer)
      return { ...exit, message, stderr, stdout, gap }
    },
    { command, args, limits },
  )

test('an endless loop is stopped by its CPU time', async () => {
  const { signal, message, gap } = await runLimited('probe', ['spin'], { cpuSeconds: 1 })
  assert.equal(signal, 'SIGKILL')
  assert.match(message, /passed 1 s of CPU time.*limits\.cpuSeconds/)
  assert.ok(gap < 2000, `the page stood still for ${gap} ms`)
})

test('sleeping costs no CPU time, and running time has a limit of its own', async () => {
  const slept = await runLimited('probe', ['sleep', '1500'], { cpuSeconds: 1 })
  assert.equal(slept.code, 0, slept.message)
  const late = await runLimited('probe', ['sleep', '60000'], { wallSeconds: 1 })
  assert.match(late.message, /passed 1 s of running time/)
})

test('endless output is stopped by its sum and by its rate', async () => {
  const sum = await runLimited('probe', ['print-forever'], { outputBytes: MIB })
  assert.match(sum.message, /passed 1 MB of output\b/)
  const rate = await runLimited('probe', ['print-forever'], { outputRate: 65536 })
  assert.match(rate.message, /passed 64 KB of output a second/)
})

test('memory beyond the limit is refused by the engine, and the reason is told', async () => {
  const within = await runLimited('probe', ['allocate', '16'], { memory: 64 * MIB })
  assert.equal(within.code, 0, within.stderr)
  const beyond = await runLimited('probe', ['allocate', '200'], { memory: 64 * MIB })
  assert.notEqual(beyond.code, 0)
})

test('a program that asks for more at its start than it may have is refused by name', async () => {
  const refused = await site.page.evaluate(async () => {
    const limits = { memory: 1024 * 1024 }
    return window.wasmrun.spawn('probe', ['args'], { limits }).then(
      () => '',
      (error: Error) => error.message,
    )
  })
  assert.match(refused, /ENOMEM.*asks for .* at its start.*limit is 1 MB/)
})

test('open files and the size of a file have limits that a program sees as EMFILE and EFBIG', async () => {
  const files = await runLimited('probe', ['many-fds'], { openFiles: 16 })
  assert.match(files.stdout + files.stderr, /MFILE/)
  const big = await runLimited('probe', ['sparse', '/tmp/big', String(100 * MIB)], { fileBytes: MIB })
  assert.notEqual(big.code, 0)
})

test('a fork bomb ends at the limit of processes, and other programs still run', async () => {
  await site.page.evaluate(() =>
    window.wasmrun.fs.writeFile(
      '/home/project/bomb.js',
      `import * as os from 'qjs:os'
       for (;;) { try { os.exec(['qjs', 'bomb.js'], { block: false }) } catch (error) { print(error.message); os.sleep(200); break } }
       os.sleep(3000)`,
    ),
  )
  const bomb = runLimited('qjs', ['bomb.js'], { processes: 12, wallSeconds: 6 })
  const beside = await runLimited('probe', ['exit', '5'], {})
  assert.equal(beside.code, 5)
  await bomb
  const rest = await site.page.evaluate(async () => {
    for (let round = 0; round < 100; round++) {
      const list = await window.wasmrun.processes.list()
      if (list.length === 0) return 0
      await new Promise((resolve) => setTimeout(resolve, 200))
    }
    return (await window.wasmrun.processes.list()).length
  })
  assert.equal(rest, 0)
  assert.deepEqual(await site.page.evaluate(() => window.wasmrun.check()), [])
})
