/**
 * Kill storms: workers that are busy with files, output or nothing at all are killed while others start. Afterwards the machine holds
 * what it held before: no lock, descriptor, worker, port, pid or slot is left over, and the files are sound.
 */
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import type { Audit } from '../src/abi/audit.ts'
import { KIND_LIMITS } from '../src/abi/limits.ts'
import { boot, openSite, run, type Site } from './browser.ts'
import { readProgram } from './fixtures/programs.ts'

const IS_LONG = process.env.LONG === '1'
const KILLS = IS_LONG ? 1000 : 100
/** Alive at a time: each is a worker with memory of its own, on few cores. */
const ALIVE = 10
/** So many are killed at once, when all of them are busy; in the long lane ten times. */
const OVERLAPPING = 100
const WAVES = IS_LONG ? 10 : 1
/** Longer than the quarantine of a worker that does not let itself be stopped. */
const QUIET_MS = 9000

const SCRIPTS = {
  // Two children, joined by a pipe, that go on when the parent is gone.
  'family.mjs': `
    import * as os from 'qjs:os'
    const [reader, writer] = os.pipe()
    os.exec(['probe', 'print-forever'], { block: false, stdout: writer })
    os.exec(['probe', 'churn', '/tmp/family' + os.getpid()], { block: false, stdin: reader })
    print('ready')
    for (;;) os.waitpid(-1, 0)`,
  // Replaces itself for ever, a little slower than the threads that it leaves can be given out again.
  'becomes.mjs': `
    import * as os from 'qjs:os'
    print('ready')
    os.sleep(700)
    os.exec(['qjs', '/home/project/becomes.mjs'], { replace: true })`,
}

let site: Site

before(async () => {
  site = await openSite()
  await boot(site)
  for (const [name, path] of [
    ['probe', '/home/project/probe.wasm'],
    ['probe', '/usr/bin/probe'],
    ['threads', '/usr/bin/threads'],
    ['threads', '/home/project/threads.wasm'],
  ] as const)
    await site.page.evaluate(({ list, path }) => window.wasmrun.fs.writeFile(path, new Uint8Array(list)), {
      list: [...readProgram(name)],
      path,
    })
  for (const [name, code] of Object.entries(SCRIPTS))
    await site.page.evaluate(({ name, code }) => window.wasmrun.fs.writeFile(`/home/project/${name}`, code), {
      name,
      code,
    })
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

/**
 * Starts so many programs of all kinds, suspended one by one so that the next can start beside them, lets them all loose at once, and
 * kills them all at once a moment later. Loops without a call, which nothing suspends, come last.
 */
const wave = (
  count: number,
): Promise<{ signals: (string | null)[]; loose: number; orphans: number; milliseconds: number }> =>
  site.page.evaluate(async (count) => {
    const { wasmrun } = window
    interface Job {
      command: string
      args: string[]
      isLoop?: boolean
      strace?: boolean
      terminal?: boolean
    }
    const rare: Job[] = [
      { command: 'qjs', args: ['/home/project/family.mjs'] },
      { command: 'qjs', args: ['/home/project/becomes.mjs'] },
      { command: 'qjs', args: ['/home/project/family.mjs'], terminal: true },
      { command: 'qjs', args: ['/home/project/becomes.mjs'], terminal: true },
      { command: 'threads', args: ['spin'], isLoop: true },
      { command: 'probe', args: ['spin'], isLoop: true },
      { command: 'threads', args: ['spin'], isLoop: true },
      { command: 'probe', args: ['spin'], isLoop: true, terminal: true },
    ]
    const many = (index: number): Job => {
      const terminal = index % 3 === 0
      if (index % 5 === 0) return { command: 'probe', args: ['print-forever'], terminal }
      // One each: two of them in one folder would take away each other's files.
      const folder = `${index % 2 ? '/home/project/wave' : '/tmp/wave'}/${index}`
      return { command: 'probe', args: ['churn', folder], terminal, strace: index % 7 === 0 }
    }
    const jobs = [...Array.from({ length: count - rare.length }, (_, index) => many(index)), ...rare]
    const children: Awaited<ReturnType<typeof wasmrun.spawn>>[] = []
    const stoppable = new Set<number>()
    const start = async ({ command, args, isLoop, ...options }: Job): Promise<void> => {
      const child = await wasmrun.spawn(command, args, options)
      // Some read what they are told, some leave it until the writer has to wait.
      if (children.push(child) % 2) void child.output.pipeTo(new WritableStream()).catch(() => {})
      if (options.strace)
        void wasmrun
          .strace(child.pid)
          .pipeTo(new WritableStream())
          .catch(() => {})
      if (isLoop || command === 'qjs') return
      await child.kill('SIGSTOP')
      stoppable.add(child.pid)
    }
    const early: string[] = []
    const off = wasmrun.on('exit', ({ pid, code, message }) =>
      early.push(`process ${pid} ended with ${code} before: ${message}`),
    )
    const all = (signal: string): Promise<unknown> =>
      Promise.all(
        children.map((child) =>
          child.kill(signal).catch((error) => Promise.reject(new Error(`${error}; ${early}`))),
        ),
      )
    const others = async () =>
      (await wasmrun.processes.list()).filter(({ pid }) => !children.some((each) => each.pid === pid))
    const pause = (milliseconds: number): Promise<void> =>
      new Promise((resolve) => setTimeout(resolve, milliseconds))
    for (const job of jobs) await start(job)
    while (
      (await wasmrun.processes.list()).some(({ pid, state }) => stoppable.has(pid) && state !== 'stopped')
    )
      await pause(50)
    while ((await others()).length < 4) await pause(50)
    await all('SIGCONT')
    await pause(200)
    const rows = (await wasmrun.processes.list()).filter(
      ({ state }) => state === 'running' || state === 'sleeping',
    )
    const from = performance.now()
    off()
    await all('SIGKILL')
    const ends = await Promise.all(children.map((child) => child.exit))
    const milliseconds = performance.now() - from
    // Children of those that were killed belong to nobody now, and go on until they are killed as well.
    const orphans = await others()
    await Promise.all(orphans.map(({ pid }) => wasmrun.processes.kill(pid, 'SIGKILL').catch(() => {})))
    while ((await wasmrun.processes.list()).length > 0) await pause(50)
    return {
      signals: ends.map(({ signal }) => signal),
      loose: rows.filter(({ pid }) => children.some((each) => each.pid === pid)).length,
      orphans: orphans.length,
      milliseconds,
    }
  }, count)

test(`${OVERLAPPING * WAVES} kills of busy programs of every kind, ${OVERLAPPING} at once, leave nothing behind`, {
  timeout: WAVES * 120_000,
}, async (context) => {
  await site.page.evaluate((limits) => window.wasmrun.setLimits(limits), { ...KIND_LIMITS, processes: 250 })
  // What is kept for all programs of a kind is made by the first.
  await run(site.page, 'qjs', ['-e', '0'])
  await run(site.page, 'threads', ['exit'])
  const first = await quietAudit(2)
  for (let round = 0; round < WAVES; round++) {
    const { signals, loose, orphans, milliseconds } = await wave(OVERLAPPING)
    assert.equal(signals.length, OVERLAPPING)
    // One that becomes another is starting now and then.
    assert.ok(loose > OVERLAPPING - 5, `only ${loose} ran when the storm came`)
    assert.deepEqual(
      signals.filter((signal) => signal !== 'SIGKILL'),
      [],
    )
    assert.ok(orphans > 0, 'the families left no children')
    context.diagnostic(`${OVERLAPPING} kills took ${Math.round(milliseconds)} ms, ${orphans} orphans`)
    const last = await quietAudit(2)
    assert.deepEqual(
      { ...last, heap: 0, workers: last.workers.bound },
      { ...first, heap: 0, workers: first.workers.bound },
    )
    assert.ok(last.heap - first.heap < 256 * 1024, `${last.heap - first.heap} bytes more`)
    await site.page.evaluate(async () => {
      const families = (await window.wasmrun.fs.readdir('/tmp')).filter(({ name }) =>
        name.startsWith('family'),
      )
      for (const path of ['/home/project/wave', '/tmp/wave', ...families.map(({ name }) => `/tmp/${name}`)])
        await window.wasmrun.fs.rm(path, { recursive: true, force: true })
    })
    assert.deepEqual(await check(), [])
  }
  await site.page.evaluate((limits) => window.wasmrun.setLimits(limits), KIND_LIMITS)
  assert.equal((await run(site.page, 'probe', ['exit', '7'])).code, 7)
})
