/**
 * Kill storms: workers that are busy with files, output or nothing at all are killed while others start. Afterwards the machine holds
 * what it held before: no lock, descriptor, worker, port, pid or slot is left over, and the files are sound.
 */
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import type { Audit } from '../src/abi/audit.ts'
import { boot, openSite, run, type Site } from './browser.ts'
import { readProgram } from './fixtures/programs.ts'

const IS_LONG = process.env.LONG === '1'
const KILLS = IS_LONG ? 1000 : 100
/** Alive at a time: each is a worker with memory of its own, on few cores. */
const ALIVE = 10
/** Longer than the quarantine of a worker that does not let itself be stopped. */
const QUIET_MS = 9000

let site: Site

before(async () => {
  site = await openSite()
  await boot(site)
  for (const name of ['probe', 'threads'] as const)
    await site.page.evaluate(
      ({ name, list }) => window.wasmrun.fs.writeFile(`/home/project/${name}.wasm`, new Uint8Array(list)),
      { name, list: [...readProgram(name)] },
    )
})
after(() => site?.close())

const audit = (): Promise<Audit> => site.page.evaluate(() => window.wasmrun.audit())
const check = (): Promise<string[]> => site.page.evaluate(() => window.wasmrun.check())

/** The audit once nobody runs and every zombie has parked; workers that are kept blank come back in their own time. */
const quietAudit = async (blank: number): Promise<Audit> => {
  const end = Date.now() + QUIET_MS
  for (;;) {
    const now = await audit()
    const isQuiet = Object.values(now.threads).every((count) => count === 0) && now.workers.blank >= blank
    if (isQuiet || Date.now() > end) return now
    await new Promise((resolve) => setTimeout(resolve, 200))
  }
}

/** Starts and kills; the page's clock says how long an answer took meanwhile. */
const storm = (kills: number, alive: number): Promise<{ signals: (string | null)[]; slowest: number }> =>
  site.page.evaluate(
    async ({ kills, alive }) => {
      const jobs = [
        (index: number) => ['probe', 'churn', `/home/project/storm/${index % 7}`],
        () => ['probe', 'print-forever'],
        () => ['threads', 'sum'],
        () => ['probe', 'spin'],
        (index: number) => ['probe', 'churn', `/tmp/storm${index % 3}`],
        () => ['threads', 'spin'],
      ]
      const signals: (string | null)[] = []
      let slowest = 0
      let isOver = false
      const ticks = (async () => {
        while (!isOver) {
          const start = performance.now()
          await new Promise((resolve) => setTimeout(resolve, 20))
          slowest = Math.max(slowest, performance.now() - start - 20)
        }
      })()
      const one = async (index: number): Promise<void> => {
        const [name, ...args] = jobs[index % jobs.length]?.(index) ?? []
        const terminal = index % 3 === 0
        const child = await window.wasmrun.spawn(`/home/project/${name}.wasm`, args, { terminal })
        // Some read what they are told, some leave it until the writer has to wait.
        if (index % 2) void child.output.pipeTo(new WritableStream()).catch(() => {})
        await new Promise((resolve) => setTimeout(resolve, (index * 37) % 120))
        // A sum of four threads may be there before its end.
        await child.kill(index % 5 === 0 ? 'SIGTERM' : 'SIGKILL').catch(() => {})
        const { signal, code } = await child.exit
        signals.push(args[0] === 'sum' && code === 0 ? 'SIGKILL' : signal)
      }
      let next = 0
      const lane = async (): Promise<void> => {
        while (next < kills) await one(next++)
      }
      await Promise.all(Array.from({ length: alive }, lane))
      isOver = true
      await ticks
      return { signals, slowest }
    },
    { kills, alive },
  )

test('the audit sees what runs, so a storm that left something would be seen', async () => {
  const idle = await quietAudit(2)
  const held = await site.page.evaluate(async () => {
    const child = await window.wasmrun.spawn('/home/project/probe.wasm', ['churn', '/tmp/seen'], {
      terminal: true,
    })
    const reader = child.output.getReader()
    await reader.read()
    const held = await window.wasmrun.audit()
    await child.kill('SIGKILL')
    await child.exit
    await window.wasmrun.fs.rm('/tmp/seen', { recursive: true })
    return held
  })
  assert.equal(held.processes, idle.processes + 1)
  assert.equal(held.ports, idle.ports + 1)
  assert.equal(held.terminals, idle.terminals + 1)
  assert.equal(held.workers.bound, 1)
  assert.equal(held.threads.running + held.threads.waiting, 1)
  for (const key of ['openFiles', 'pins', 'heap'] as const) assert.ok(held[key] > idle[key], key)
})

test(`${KILLS} kills, ${ALIVE} at a time, leave nothing behind`, async (context) => {
  // The first process of a program makes what is kept for all of them.
  await run(site.page, '/home/project/probe.wasm', ['write-file', '/home/project/first', '10'])
  await run(site.page, '/home/project/threads.wasm', ['sum'])
  const first = await quietAudit(2)
  const { signals, slowest } = await storm(KILLS, ALIVE)
  const wrong = signals.filter((signal) => signal !== 'SIGKILL' && signal !== 'SIGTERM')
  assert.deepEqual(wrong, [])
  assert.equal(signals.length, KILLS)
  const last = await quietAudit(2)
  assert.deepEqual({ ...last, heap: 0, workers: last.workers.bound }, { ...first, heap: 0, workers: 0 })
  // Blocks of a kind are kept for the next of their kind: memory may have been taken, but not once per kill.
  assert.ok(last.heap - first.heap < 64 * 1024, `${last.heap - first.heap} bytes more`)
  assert.deepEqual(await check(), [])
  const alive = await run(site.page, '/home/project/probe.wasm', ['exit', '7'])
  assert.equal(alive.code, 7)
  context.diagnostic(`the page waited at most ${Math.round(slowest)} ms longer than it wanted to`)
})

test('a second storm holds no more than the first', async () => {
  const before = await quietAudit(2)
  await storm(IS_LONG ? 200 : 30, ALIVE)
  const after = await quietAudit(2)
  assert.equal(after.heap, before.heap)
  assert.equal(after.pins, before.pins)
  assert.deepEqual(after.locks, { files: -1, objects: -1 })
  await site.page.evaluate(async () => {
    for (const path of ['/home/project/storm', '/tmp/storm0', '/tmp/storm1', '/tmp/storm2'])
      await window.wasmrun.fs.rm(path, { recursive: true, force: true })
  })
  assert.deepEqual(await check(), [])
})
