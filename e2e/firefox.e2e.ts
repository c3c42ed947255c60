/**
 * The core of the suite on an installed Firefox, driven over WebDriver BiDi: isolation, the wall, four languages, the end of
 * processes. Firefox takes no dropped folders from a driver, so projects come through the archive input and the API.
 */
import assert from 'node:assert/strict'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { gunzipSync } from 'node:zlib'
import puppeteer, { type Browser, type ElementHandle, type Page } from 'puppeteer-core'
import { serve } from '../tools/serve.mjs'
import { goodZip } from './archives.ts'
import { type Attacks, COMMON, DOCUMENT, GUEST, WEBRTC, WORKER } from './attacks.ts'
import type { Finished } from './browser.ts'
import { readBadModule, readProgram } from './fixtures/programs.ts'
import { openHitServer } from './hit-server.ts'
import { type Guest, type Patches, patchSite, type Results } from './jail-site.ts'
import { spyScript } from './memory-spy.ts'
import { openWorkshop } from './projects.ts'

const FIREFOX = process.env.FIREFOX_PATH ?? ''

if (FIREFOX === '' || !existsSync(FIREFOX)) {
  console.log('firefox: not run')
  test('firefox: not run, because none is installed (FIREFOX_PATH names one)', () => {
    assert.equal(existsSync(FIREFOX), false)
  })
} else firefoxTests()

interface Visit {
  page: Page
  url: string
  requests: string[]
  hits: string[]
  reports(name: string): Promise<Results[]>
}

function firefoxTests(): void {
  let browser: Browser
  before(async () => {
    browser = await puppeteer.launch({ browser: 'firefox', executablePath: FIREFOX, headless: true })
  })
  after(() => browser?.close())

  const visit = async (patches: Patches | null, use: (visit: Visit) => Promise<void>): Promise<void> => {
    const server = await openHitServer()
    let origin = ''
    const patched = patches
      ? patchSite(patches, () => ({ hits: server.url, udp: server.udp, site: origin }))
      : undefined
    const site = await serve({
      root: process.env.SITE_ROOT ?? 'dist',
      ...(patched ? { intercept: patched.intercept } : {}),
    })
    origin = `http://wasmrun.localhost:${site.port}`
    const context = await browser.createBrowserContext()
    const page = await context.newPage()
    await page.evaluateOnNewDocument(() => {
      if (window !== top) return
      window.attackReports = []
      window.addEventListener('message', ({ data }) => {
        if (data?.attack) window.attackReports.push(data)
      })
      const channel = new BroadcastChannel('attack')
      channel.onmessage = () => channel.postMessage('the page')
    })
    const reports = async (name: string): Promise<Results[]> => {
      await page.waitForFunction(
        (wanted) => window.attackReports?.some(({ attack }) => attack === wanted),
        { timeout: 30_000 },
        name,
      )
      return page.evaluate(
        (wanted) =>
          window.attackReports.filter(({ attack }) => attack === wanted).map(({ results }) => results),
        name,
      )
    }
    try {
      await page.goto(`${origin}/`).catch(() => {
        // The page reloads itself, which ends this navigation for the driver.
      })
      await page.waitForFunction(() => window.crossOriginIsolated && window.wasmrun !== undefined, {
        timeout: 30_000,
      })
      await use({ page, url: origin, requests: site.requests, hits: server.hits, reports })
      assert.deepEqual(patched?.standing() ?? [], [], 'the wall was not taken down')
    } finally {
      await context.close()
      await site.close()
      await server.close()
    }
  }

  const put = (page: Page, path: string, data: Uint8Array | string): Promise<void> =>
    page.evaluate(
      async (path, base64) => {
        await window.wasmrun.ready
        await window.wasmrun.fs.mkdir(path.slice(0, path.lastIndexOf('/')), { recursive: true })
        await window.wasmrun.fs.writeFile(
          path,
          Uint8Array.from(atob(base64), (char) => char.charCodeAt(0)),
        )
      },
      path,
      Buffer.from(data).toString('base64'),
    )
  const run = (page: Page, command: string, args: string[] = [], cwd = '/home/project'): Promise<Finished> =>
    page.evaluate(
      async (command, args, cwd) => {
        const child = await window.wasmrun.spawn(command, args, { stdin: 'one\n', cwd })
        const text = (stream: ReadableStream<Uint8Array>): Promise<string> => new Response(stream).text()
        const [stdout, stderr, exit] = await Promise.all([text(child.stdout), text(child.stderr), child.exit])
        return { ...exit, stdout, stderr }
      },
      command,
      args,
      cwd,
    )
  const allRefused = (results: Results | undefined, attacks: Attacks): void => {
    assert.deepEqual(Object.keys(results ?? {}).sort(), Object.keys(attacks).sort())
    assert.deepEqual(
      Object.entries(results ?? {}).filter(([, result]) => /^got: ./.test(result)),
      [],
    )
  }
  const got = (results: Results | undefined, names: string[]): void =>
    assert.deepEqual(
      names.filter((name) => !results?.[name]?.startsWith('got: ')).map((name) => [name, results?.[name]]),
      [],
    )
  const settle = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 700))

  test('Firefox: a host without headers, isolated after at most two reloads', () =>
    visit(null, async ({ page, requests }) => {
      await page.evaluate(() => window.wasmrun.ready)
      assert.equal(await page.evaluate(() => crossOriginIsolated), true)
      const loads = requests.filter((path) => path === '/').length
      assert.ok(loads <= 3, `${loads} loads`)
    }))

  const starts: Record<Guest, [command: string, args: string[]]> = {
    process: ['./good.wasm', []],
    quickjs: ['qjs', ['-e', '1']],
    ruby: ['ruby', ['-e', '1']],
  }
  for (const [place, start] of Object.entries(starts) as [Guest, [string, string[]]][])
    test(`Firefox: from the locked-down worker of a guest (${place}) nothing of the browser can be had`, () => {
      const attacks = { ...COMMON, ...WORKER, ...GUEST, ...WEBRTC }
      const plans = [{ place, when: 'guest' as const, attacks }]
      return visit({ plans }, async ({ page, reports, hits }) => {
        await put(page, '/home/project/good.wasm', readBadModule('good'))
        await page.evaluate(
          async (command, args) => void (await window.wasmrun.spawn(command, args)),
          ...start,
        )
        allRefused((await reports(`${place} guest`))[0], attacks)
        await settle()
        assert.deepEqual(hits, [])
      })
    })

  test('Firefox: kernel worker and jail’s document reach neither the page, nor storage, nor the network', () => {
    const plans = [
      { place: 'kernel' as const, when: 'before' as const, attacks: { ...COMMON, ...WORKER } },
      { place: 'jail' as const, when: 'after' as const, attacks: { ...COMMON, ...DOCUMENT } },
    ]
    return visit({ plans }, async ({ page, url, reports, hits }) => {
      allRefused((await reports('kernel before'))[0], { ...COMMON, ...WORKER })
      allRefused((await reports('jail after'))[0], { ...COMMON, ...DOCUMENT })
      await settle()
      assert.deepEqual(hits, [])
      assert.equal(page.url(), `${url}/`)
    })
  })

  test('Firefox: without the sandbox attribute the attacks on the origin succeed', () => {
    const plans = [{ place: 'jail' as const, when: 'after' as const, attacks: { ...COMMON, ...DOCUMENT } }]
    return visit({ plans, hole: ['origin'] }, async ({ reports }) => {
      got((await reports('jail after'))[0], [
        'origin',
        'indexedDB',
        'BroadcastChannel',
        'parent.document',
        'parent.wasmrun',
        'localStorage',
        'cookie',
      ])
    })
  })

  test('Firefox: without the policy line the attacks on the network succeed', () => {
    const plans = [
      { place: 'process' as const, when: 'before' as const, attacks: { ...COMMON, ...WORKER } },
      { place: 'jail' as const, when: 'after' as const, attacks: { ...COMMON, ...DOCUMENT } },
    ]
    return visit({ plans, hole: ['policy'] }, async ({ reports, hits }) => {
      const names = ['fetch of another origin', 'fetch of data:', 'XMLHttpRequest', 'WebSocket']
      got((await reports('process before'))[0], names)
      got((await reports('jail after'))[0], [...names, 'image load', 'style sheet'])
      assert.ok(hits.includes('/fetch') && hits.includes('/socket'), hits.join())
    })
  })

  test('Firefox: without any wall the attacks succeed that one half of it stops as well', () => {
    const plans = [{ place: 'jail' as const, when: 'after' as const, attacks: { ...COMMON, ...DOCUMENT } }]
    return visit({ plans, hole: ['attribute', 'policy', 'frames'] }, async ({ reports, hits }) => {
      got((await reports('jail after'))[0], [
        'fetch of the site',
        'fetch that outlives the page',
        'import of the site',
        'service worker',
        'script element',
      ])
      await settle()
      assert.ok(
        hits.includes('/frame.html') && hits.includes('/form') && hits.includes('/beacon'),
        hits.join(),
      )
    })
  })

  test('Firefox: hostile JavaScript beside a program finds no shared memory', () =>
    visit({ heads: { process: spyScript('process', false) } }, async ({ page, reports }) => {
      await put(page, '/home/project/probe.wasm', readProgram('probe'))
      for (const args of [
        ['args'],
        ['lines'],
        ['write-file', 'a.txt', '100000'],
        ['poll-many', '2'],
        ['trap'],
      ])
        await run(page, './probe.wasm', args)
      const found = await reports('spy process')
      assert.equal(found.length, 5)
      assert.deepEqual(
        found.map((report) => report.found),
        ['', '', '', '', ''],
      )
    }))

  test('Firefox: Python, JavaScript, Rust and Go run, read their files and give their exit codes', () =>
    visit(null, async ({ page }) => {
      await put(
        page,
        '/home/project/main.py',
        'import sys\nprint(input(), open("data.txt").read())\nsys.exit(4)\n',
      )
      await put(page, '/home/project/data.txt', 'grüße')
      await put(
        page,
        '/home/project/main.js',
        'import * as std from "std"; print(std.loadFile("data.txt"))\n',
      )
      assert.deepEqual(await run(page, 'python3', ['main.py']), {
        code: 4,
        signal: null,
        stdout: 'one grüße\n',
        stderr: '',
      })
      assert.equal((await run(page, 'qjs', ['main.js'])).stdout, 'grüße\n')
      for (const [name, words] of [
        ['rust-hello', /Hello from Rust/],
        ['go-hello', /goroutines took/],
      ] as const) {
        const folder = `/home/${name}`
        const packed = readFileSync(join('examples', name, 'prebuilt', `${name}.wasm.gz`))
        await put(page, `${folder}/main.wasm`, gunzipSync(packed))
        if (name === 'rust-hello')
          await put(page, `${folder}/places.txt`, readFileSync(join('examples', name, 'places.txt')))
        const { stdout, code } = await run(page, './main.wasm', [], folder)
        assert.match(stdout, words)
        assert.equal(code, 0)
      }
    }))

  test('Firefox: the counter and its clients, by message ports and capabilities', () =>
    visit(null, async ({ page }) => {
      for (const name of ['main', 'counter', 'client'])
        await put(
          page,
          `/home/ipc/${name}.wasm`,
          gunzipSync(readFileSync(`examples/ipc/prebuilt/${name}.wasm.gz`)),
        )
      const { stdout, code } = await run(page, './main.wasm', [], '/home/ipc')
      assert.match(stdout, /guest: cannot open "write": Stale file handle[\s\S]*the count is 50\n$/)
      assert.equal(code, 0)
    }))

  test('Firefox: locks, a FIFO, a pseudo-terminal, a semaphore, a watch and one poll over them', () =>
    visit(null, async ({ page }) => {
      const other =
        "const os = globalThis[Symbol.for('qjs:os')]; os.flock(os.open('lock', 2), os.LOCK_EX); os.write(os.open('fifo', 1), new ArrayBuffer(2), 0, 2)"
      await put(
        page,
        '/home/project/objects.js',
        `import * as os from 'qjs:os'
         const fd = os.open('lock', os.O_RDWR | os.O_CREAT)
         os.flock(fd, os.LOCK_EX)
         os.mkfifo('fifo'); os.mkdir('folder')
         const watch = os.watch('folder')
         const semaphore = os.semOpen('/s', { create: true })
         const [master, slave] = os.openpty()
         const child = os.exec(['qjs', '-e', ${JSON.stringify(other)}], { block: false })
         os.mkdir('folder/new')
         os.poll([[watch]])
         os.semPost(semaphore)
         os.write(slave, new ArrayBuffer(3), 0, 3)
         print(os.poll([[watch], [semaphore], [master], [os.pidfd(child)]], 0).join())
         os.flock(fd, os.LOCK_UN)
         print(os.read(os.open('fifo', 0), new ArrayBuffer(9), 0, 9), os.waitpid(child)[1], os.semWait(semaphore))
         print(JSON.stringify(os.changes(watch)), os.fsync(fd))`,
      )
      const { stdout, stderr } = await run(page, 'qjs', ['objects.js'])
      assert.equal(stderr, '')
      assert.equal(stdout, '1,1,1,0\n2 0 0\n[{"mask":1,"path":"new"}] 0\n')
    }))

  test('Firefox: a project from a .zip runs by a click, its output is in the console', () =>
    visit(null, async ({ page }) => {
      const workshop = openWorkshop()
      try {
        const zip = goodZip({ 'app/main.js': 'console.log("by a click")\n' })
        const path = join(workshop.write('zip', { 'app.zip': zip }), 'app.zip')
        await page.evaluate(() => window.wasmrun.ready)
        const input = (await page.waitForSelector('#zip-input')) as ElementHandle<HTMLInputElement>
        await input.uploadFile(path)
        await (await page.waitForSelector('[data-testid="run"]'))?.click()
        await page.waitForFunction(() =>
          [...document.querySelectorAll('[data-testid="console-line"]')].some((row) =>
            row.textContent?.includes('by a click'),
          ),
        )
      } finally {
        workshop.close()
      }
    }))

  test('Firefox: a process that sleeps and one that spins are ended, and the page draws on', () =>
    visit(null, async ({ page }) => {
      await put(page, '/home/project/probe.wasm', readProgram('probe'))
      const result = await page.evaluate(async () => {
        const spinner = await window.wasmrun.spawn('./probe.wasm', ['spin'])
        const sleeper = await window.wasmrun.spawn('./probe.wasm', ['sleep', '60000'])
        let frames = 0
        const end = performance.now() + 1000
        while (performance.now() < end) {
          await new Promise(requestAnimationFrame)
          frames++
        }
        await spinner.kill('SIGKILL')
        await sleeper.kill()
        return { statuses: await Promise.all([spinner.exit, sleeper.exit]), frames }
      })
      assert.deepEqual(result.statuses, [
        { code: 137, signal: 'SIGKILL' },
        { code: 143, signal: 'SIGTERM' },
      ])
      assert.ok(result.frames > 10, `${result.frames} frames in a second`)
    }))
}
