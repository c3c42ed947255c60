/** Programs with threads (wasm32-wasip1-threads): Rust's own std::thread, a worker of the machine each. */
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { boot, openSite, run, type Site } from './browser.ts'
import { readProgram } from './fixtures/programs.ts'

let site: Site

before(async () => {
  site = await openSite()
  await boot(site)
  const bytes = [...readProgram('threads')]
  await site.page.evaluate(
    (list) => window.wasmrun.fs.writeFile('/usr/bin/threads', new Uint8Array(list)),
    bytes,
  )
})
after(() => site?.close())

/** All workers of the machine that serve a thread, once what has ended is swept. */
const quiet = (): Promise<number> =>
  site.page.evaluate(async () => {
    for (let round = 0; ; round++) {
      const left = (await window.wasmrun.processes.list()).length
      if (left === 0 || round > 50) return left
      await new Promise((resolve) => setTimeout(resolve, 100))
    }
  })

test('four threads count in one memory while the first one sleeps', async () => {
  assert.deepEqual(await run(site.page, 'threads', ['sum']), {
    code: 0,
    signal: null,
    stdout: '4000000\n',
    stderr: '',
  })
})

test('values come through a channel in order', async () => {
  assert.equal((await run(site.page, 'threads', ['channel'])).stdout, 'got 1\ngot 2\ngot 3\n')
})

test('threads share descriptors: four of them write one file', async () => {
  assert.equal((await run(site.page, 'threads', ['files', '/tmp/lines'])).stdout, '200\n')
  assert.deepEqual(await site.page.evaluate(() => window.wasmrun.check()), [])
})

test('an exit from a thread ends the process with its code, and the sleeping ones with it', async () => {
  assert.equal((await run(site.page, 'threads', ['exit'])).code, 7)
  assert.equal(await quiet(), 0)
})

test('a trap in a thread ends the process', async () => {
  const result = await run(site.page, 'threads', ['trap'])
  assert.equal(result.code, 134)
})

test('a process with a busy thread is killed as a whole', async () => {
  const status = await site.page.evaluate(async () => {
    const child = await window.wasmrun.spawn('threads', ['spin'])
    await new Promise((resolve) => setTimeout(resolve, 500))
    await child.kill('SIGTERM')
    return child.exit
  })
  assert.deepEqual(status, { code: 143, signal: 'SIGTERM' })
  assert.equal(await quiet(), 0)
})

test('CPU time of all threads counts', async () => {
  const message = await site.page.evaluate(async () => {
    const told = new Promise<string>((resolve) => window.wasmrun.on('exit', (exit) => resolve(exit.message)))
    await window.wasmrun.spawn('threads', ['spin'], { limits: { cpuSeconds: 1 } })
    return told
  })
  assert.match(message, /passed 1 s of CPU time/)
})

test('a refused thread is an error that the program can handle', async () => {
  const { stdout, code } = await run(site.page, 'threads', ['many'])
  // The stacks of its 64 MiB of memory, or the machine's 64 threads, whichever ends first.
  assert.match(stdout, /^[1-6]\d threads, then: .*unavailable/)
  assert.equal(code, 0)
  assert.equal(await quiet(), 0)
})
