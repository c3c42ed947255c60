/**
 * That the machine holds, on an installed Firefox: jobs and signals, limits, hostile modules, threads, strace, exec in place, and a
 * small storm. One page for all of them, as a user has it; what each leaves is looked at in the end.
 */
import assert from 'node:assert/strict'
import { existsSync } from 'node:fs'
import { after, before, test } from 'node:test'
import puppeteer, { type Browser, type Page } from 'puppeteer-core'
import type { Audit } from '../src/abi/audit.ts'
import type { Limits } from '../src/abi/limits.ts'
import { serve } from '../tools/serve.mjs'
import type { Finished } from './browser.ts'
import { endlessStart, evilNames, hugeMemory, manyExports, oddImports } from './fixtures/modules.ts'
import { type BadModuleName, readBadModule, readProgram } from './fixtures/programs.ts'

const FIREFOX = process.env.FIREFOX_PATH ?? ''
const MIB = 2 ** 20
/** Of the small storm; Firefox makes and ends workers more slowly than Chromium. */
const KILLS = 30
const ALIVE = 6
/** Longer than the quarantine of a worker that does not let itself be stopped. */
const QUIET_MS = 12_000

if (FIREFOX === '' || !existsSync(FIREFOX))
  test('firefox: not run, because none is installed (FIREFOX_PATH names one)', () => {
    assert.equal(existsSync(FIREFOX), false)
  })
else machineTests()

function machineTests(): void {
  let browser: Browser
  let page: Page
  let close: () => Promise<void>

  before(async () => {
    const site = await serve({ root: process.env.SITE_ROOT ?? 'dist' })
    close = site.close
    browser = await puppeteer.launch({ browser: 'firefox', executablePath: FIREFOX, headless: true })
    page = await browser.newPage()
    // The page reloads itself, which ends this navigation for the driver.
    await page.goto(`http://wasmrun.localhost:${site.port}/`).catch(() => {})
    await page.waitForFunction(() => window.crossOriginIsolated && window.wasmrun !== undefined, {
      timeout: 30_000,
    })
    await page.evaluate(() => window.wasmrun.ready)
    await put('/usr/bin/probe', readProgram('probe'))
    await put('/usr/bin/threads', readProgram('threads'))
    await run('qjs', ['-e', '0'])
  })
  after(async () => {
    await browser?.close()
    await close?.()
  })

  const put = (path: string, data: Uint8Array | string): Promise<void> =>
    page.evaluate(
      async (path, base64) => {
        const bytes = Uint8Array.from(atob(base64), (char) => char.charCodeAt(0))
        await window.wasmrun.fs.writeFile(path, bytes)
      },
      path,
      Buffer.from(data).toString('base64'),
    )
  interface Outcome extends Finished {
    message: string
  }
  /** To the end, or until it is killed after `patience` milliseconds. */
  const run = (
    command: string,
    args: string[] = [],
    limits: Partial<Limits> = {},
    patience = 20_000,
  ): Promise<Outcome> =>
    page.evaluate(
      async (command, args, limits, patience) => {
        const messages = new Map<number, string>()
        const off = window.wasmrun.on('exit', ({ pid, message }) => void messages.set(pid, message))
        try {
          const child = await window.wasmrun.spawn(command, args, { stdin: '', limits })
          const timer = setTimeout(() => void child.kill('SIGKILL').catch(() => {}), patience)
          const text = (stream: ReadableStream<Uint8Array>): Promise<string> => new Response(stream).text()
          const [stdout, stderr, exit] = await Promise.all([
            text(child.stdout),
            text(child.stderr),
            child.exit,
          ])
          clearTimeout(timer)
          return { ...exit, stdout, stderr, message: messages.get(child.pid) ?? '' }
        } catch (error) {
          return { code: -1, signal: null, stdout: '', stderr: '', message: String(error) }
        } finally {
          off()
        }
      },
      command,
      args,
      limits,
      patience,
    )
  let scripts = 0
  const script = async (code: string): Promise<Outcome> => {
    const name = `/home/project/script-${scripts++}.mjs`
    await put(name, `import * as os from 'qjs:os'\nimport * as std from 'qjs:std'\n${code}`)
    return run('qjs', [name])
  }
  const quietAudit = (): Promise<Audit> =>
    page.evaluate(async (quiet) => {
      for (const end = Date.now() + quiet; ; ) {
        const now = await window.wasmrun.audit()
        const isQuiet = Object.values(now.threads).every((count) => count === 0) && now.workers.blank >= 2
        if (isQuiet || Date.now() > end) return now
        await new Promise((resolve) => setTimeout(resolve, 200))
      }
    }, QUIET_MS)

  let first: Audit
  test('Firefox, the machine at rest', async () => {
    await run('threads', ['exit'])
    first = await quietAudit()
    assert.deepEqual(first.locks, { files: -1, objects: -1 })
    assert.equal(first.processes, 0)
  })

  test('Firefox: suspend, resume, a stop that is yet to come, and nice', async () => {
    const seen = await page.evaluate(async () => {
      const { spawn, processes } = window.wasmrun
      type Row = Awaited<ReturnType<typeof processes.list>>[number]
      const row = async (pid: number): Promise<Row | undefined> =>
        (await processes.list()).find((each) => each.pid === pid)
      const until = async (pid: number, fits: (row: Row | undefined) => boolean) => {
        for (const end = Date.now() + 10_000; Date.now() < end; ) {
          const now = await row(pid)
          if (fits(now)) return now
          await new Promise((resolve) => setTimeout(resolve, 20))
        }
        throw new Error(`process ${pid}: ${JSON.stringify(await row(pid))}`)
      }
      const sleeper = await spawn('probe', ['sleep', '600000'])
      await until(sleeper.pid, (now) => now?.state === 'sleeping' && now.waiting === 'poll')
      await processes.suspend(sleeper.pid)
      await until(sleeper.pid, (now) => now?.state === 'stopped')
      await processes.resume(sleeper.pid)
      await until(sleeper.pid, (now) => now?.state === 'sleeping')
      const spinner = await spawn('probe', ['spin'])
      // Its word is its last call: before that it would stop at once.
      await spinner.stdout.getReader().read()
      await processes.suspend(spinner.pid)
      const noted = await until(spinner.pid, (now) => now?.note !== '')
      await processes.nice(sleeper.pid, 7)
      const nice = (await row(sleeper.pid))?.nice
      await spinner.kill('SIGKILL')
      await sleeper.kill('SIGTERM')
      return { note: noted?.note, nice, ends: await Promise.all([spinner.exit, sleeper.exit]) }
    })
    assert.equal(seen.note, 'stops at its next call')
    assert.equal(seen.nice, 7)
    assert.deepEqual(
      seen.ends.map(({ signal }) => signal),
      ['SIGKILL', 'SIGTERM'],
    )
  })

  test('Firefox: groups, handlers, an interrupted wait, pipes between children', async () => {
    const { stdout, stderr } = await script(`
      const first = os.exec(['probe', 'sleep', '60000'], { block: false, group: 0 })
      const second = os.exec(['probe', 'sleep', '60000'], { block: false, group: first })
      os.kill(-first, os.SIGTERM)
      const ends = [os.waitpid(-1)[1], os.waitpid(-1)[1]]
      print('both', ends.join())
      let got = []
      os.signal(os.SIGUSR1, (number) => got.push(number))
      const start = os.now()
      os.kill(os.getpid(), os.SIGUSR1)
      os.sleep(5000)
      print('woken', (os.now() - start) / 1000 < 2000)
      setTimeout(() => print('handled', got.join()), 1)`)
    assert.equal(stderr, '')
    assert.equal(stdout, 'both 15,15\nwoken true\nhandled 10\n')
  })

  test('Firefox: exec in place keeps the pid; a refusal leaves the program as it was', async () => {
    await put(
      '/home/project/becomes.mjs',
      `import * as os from 'qjs:os'
      print('before', os.getpid())
      try { os.exec(['no-such'], { replace: true }) } catch (error) { print('refused', error.errno) }
      os.exec(['probe', 'args', 'in place'], { replace: true, argv0: 'renamed' })`,
    )
    const { stdout, code } = await run('qjs', ['/home/project/becomes.mjs'])
    assert.equal(code, 0)
    assert.match(stdout, /^before \d+\nrefused 44\n(.*\n)*argv\[0\]=renamed\n(.*\n)*argv\[2\]=in place/)
  })

  test('Firefox: limits of time, output, memory, files and processes', async () => {
    assert.match(
      (await run('probe', ['spin'], { cpuSeconds: 1 })).message,
      /passed 1 s of CPU time.*where it is spawned/,
    )
    assert.match((await run('probe', ['sleep', '60000'], { wallSeconds: 1 })).message, /of running time/)
    assert.match(
      (await run('probe', ['print-forever'], { outputBytes: MIB })).message,
      /passed 1 MB of output/,
    )
    assert.notEqual((await run('probe', ['allocate', '200'], { memory: 64 * MIB })).code, 0)
    const files = await run('probe', ['many-fds'], { openFiles: 16 })
    assert.match(files.stdout + files.stderr, /MFILE/)
    assert.notEqual(
      (await run('probe', ['sparse', '/tmp/big', String(100 * MIB)], { fileBytes: MIB })).code,
      0,
    )
    await put(
      '/home/project/bomb.mjs',
      `import * as os from 'qjs:os'
       for (;;) { try { os.exec(['qjs', '/home/project/bomb.mjs'], { block: false }) } catch { break } }
       os.sleep(2000)`,
    )
    const bomb = run('qjs', ['/home/project/bomb.mjs'], { processes: 8, wallSeconds: 8 })
    assert.equal((await run('probe', ['exit', '5'])).code, 5, 'beside the bomb another program runs')
    await bomb
  })

  test('Firefox: modules that mean harm by their shape are refused in words, or are only programs', async () => {
    const refused: [string, Uint8Array, RegExp][] = [
      ['huge', hugeMemory(65_536), /memory/i],
      ['larger', hugeMemory(70_000), /memory/i],
      ['odd', oddImports(), /fd_write \(global\)/],
    ]
    for (const name of ['corrupt', 'truncated', 'no-start', 'missing-import', 'component'] as BadModuleName[])
      refused.push([name, readBadModule(name), /./])
    for (const [name, bytes, words] of refused) {
      await put(`/tmp/${name}.wasm`, bytes)
      const { code, message, stderr } = await run(`/tmp/${name}.wasm`)
      assert.notEqual(code, 0, name)
      assert.match(message + stderr, words, name)
    }
    for (const [name, bytes] of [
      ['exports', manyExports(100_000)],
      ['names', evilNames()],
    ] as const) {
      await put(`/tmp/${name}.wasm`, bytes)
      assert.equal((await run(`/tmp/${name}.wasm`)).code, 0, name)
    }
    await put('/tmp/endless.wasm', endlessStart())
    assert.equal((await run('/tmp/endless.wasm', [], {}, 1000)).signal, 'SIGKILL')
  })

  test('Firefox: threads count in one memory, share descriptors, and end with their process', async () => {
    assert.equal((await run('threads', ['sum'])).stdout, '4000000\n')
    assert.equal((await run('threads', ['files', '/tmp/lines'])).stdout, '200\n')
    assert.equal((await run('threads', ['exit'])).code, 7)
    assert.equal((await run('threads', ['spin'], {}, 700)).signal, 'SIGKILL')
  })

  test('Firefox: a program’s calls are told to its end, and a report has no file in it', async () => {
    const { lines, report } = await page.evaluate(async () => {
      const child = await window.wasmrun.spawn('probe', ['write-file', '/home/project/secret.txt', '5'], {
        strace: true,
      })
      void child.output.pipeTo(new WritableStream()).catch(() => {})
      const lines: string[] = []
      const reader = window.wasmrun.strace(child.pid).getReader()
      for (let next = await reader.read(); !next.done; next = await reader.read()) lines.push(next.value.text)
      return { lines, report: JSON.stringify(await window.wasmrun.report()) }
    })
    assert.ok(
      lines.some((line) => /^open\(.*"[^"]*secret\.txt".*\) = \d+$/.test(line)),
      lines.join('\n'),
    )
    assert.ok(lines.includes('exit(0) = ?') || lines.at(-1)?.startsWith('close('), lines.at(-1))
    assert.ok(!report.includes('secret'))
  })

  test(`Firefox: ${KILLS} kills of busy programs, ${ALIVE} at a time`, { timeout: 120_000 }, async () => {
    const signals = await page.evaluate(
      async (kills, alive) => {
        const jobs = [
          (index: number) => ['probe', 'churn', `/tmp/storm/${index}`],
          () => ['probe', 'print-forever'],
          () => ['probe', 'spin'],
          () => ['threads', 'spin'],
        ]
        const signals: (string | null)[] = []
        let next = 0
        const lane = async (): Promise<void> => {
          while (next < kills) {
            const index = next++
            const [command = '', ...args] = jobs[index % jobs.length]?.(index) ?? []
            const child = await window.wasmrun.spawn(command, args, { terminal: index % 3 === 0 })
            if (index % 2) void child.output.pipeTo(new WritableStream()).catch(() => {})
            await new Promise((resolve) => setTimeout(resolve, (index * 37) % 120))
            await child.kill('SIGKILL')
            signals.push((await child.exit).signal)
          }
        }
        await Promise.all(Array.from({ length: alive }, lane))
        await window.wasmrun.fs.rm('/tmp/storm', { recursive: true, force: true })
        return signals
      },
      KILLS,
      ALIVE,
    )
    assert.equal(signals.length, KILLS)
    assert.deepEqual(
      signals.filter((signal) => signal !== 'SIGKILL'),
      [],
    )
  })

  test('Firefox: after all of it the machine holds what it held before, and its files are sound', async () => {
    const last = await quietAudit()
    assert.deepEqual(
      { ...last, heap: 0, workers: last.workers.bound },
      { ...first, heap: 0, workers: first.workers.bound },
    )
    assert.deepEqual(await page.evaluate(() => window.wasmrun.check()), [])
    assert.equal((await run('probe', ['exit', '7'])).code, 7)
  })
}
