/** strace of processes, the log by ?verbose, ?debug and ?strace, and the report for a bug. */
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import type { Page } from 'playwright-core'
import { boot, mount, openSite, run, type Site } from './browser.ts'
import { readProgram } from './fixtures/programs.ts'

let site: Site

before(async () => {
  site = await openSite()
  await boot(site)
  await mount(site.page, { 'probe.wasm': readProgram('probe') })
})
after(() => site?.close())

/** Spawns traced, reads all calls to the end. */
const trace = (command: string, args: string[]): Promise<{ lines: string[]; imports: string[] }> =>
  site.page.evaluate(
    async ({ command, args }) => {
      const child = await window.wasmrun.spawn(command, args, { strace: true })
      void new Response(child.stdout).text()
      void new Response(child.stderr).text()
      const lines: string[] = []
      const imports: string[] = []
      for await (const entry of window.wasmrun.strace(child.pid) as unknown as AsyncIterable<{
        text: string
        import: string
        micros: number
        time: number
      }>) {
        if (entry.import !== '' && Math.abs(Date.now() - entry.time) > 60_000)
          throw new Error(`time ${entry.time}`)
        lines.push(entry.text)
        imports.push(entry.import)
      }
      return { lines, imports }
    },
    { command, args },
  )

test('a program’s calls are told by name, arguments, text and result, from the first to its end', {
  timeout: 40_000,
}, async () => {
  const { lines, imports } = await trace('./probe.wasm', ['write-file', '/home/project/traced.txt', '5'])
  const opened = lines.find((line) => line.startsWith('open(')) ?? ''
  assert.match(opened, /^open\(\d+, 0x\d+, "[^"]*traced\.txt", 0x[0-9a-f]+, 0x\d+\) = \d+$/)
  const fd = opened.split(' = ')[1]
  assert.ok(
    lines.some((line) => line.startsWith(`write(${fd}, "`) && line.endsWith(' = 5')),
    lines.join('\n'),
  )
  assert.ok(lines.includes(`close(${fd}) = 0`), lines.join('\n'))
  assert.ok(imports.includes('path_open'))
})

test('a refusal is told with its errno', { timeout: 40_000 }, async () => {
  const { lines } = await trace('./probe.wasm', ['read-file', '/home/project/missing.txt'])
  const refused = lines.filter(
    (line) => line.includes('missing.txt') && line.includes('ENOENT (no such file or directory)'),
  )
  assert.ok(refused.length > 0, lines.join('\n'))
})

test('an exit is the last call, and has no result', { timeout: 40_000 }, async () => {
  const { lines } = await trace('./probe.wasm', ['exit', '3'])
  assert.equal(lines.at(-1), 'exit(3) = ?')
})

test('a script’s calls are told too', { timeout: 40_000 }, async () => {
  await mount(site.page, { 'traced.js': 'import * as os from "qjs:os"; os.kill(99999, 15); print("words")' })
  const { lines } = await trace('qjs', ['traced.js'])
  assert.ok(lines.includes('kill(99999, 15) = -1 ESRCH (no such process)'), lines.join('\n'))
  assert.ok(
    lines.some((line) => /^write\("words\\n", 1\) = 6$/.test(line)),
    lines.join('\n'),
  )
})

test('a process that runs already is traced while somebody reads, and runs on when the reader goes', {
  timeout: 40_000,
}, async () => {
  const result = await site.page.evaluate(async () => {
    const child = await window.wasmrun.spawn('./probe.wasm', ['lines'])
    const writer = child.input.getWriter()
    const reader = child.stdout.getReader()
    await writer.write('one\n')
    await reader.read()
    const calls = window.wasmrun.strace(child.pid).getReader()
    const first = calls.read()
    await new Promise((done) => setTimeout(done, 200))
    for (const line of ['two\n', 'three\n', 'four\n']) await writer.write(line)
    const seen: string[] = []
    for (let part = await first; !part.done; part = await calls.read()) {
      seen.push(part.value.text)
      if (/^write.*four/.test(part.value.text)) break
    }
    await calls.cancel()
    await writer.write('five\n')
    await writer.close()
    return { seen, status: await child.exit }
  })
  assert.ok(
    result.seen.some((line) => /^read\(0, "(two\\n)?three\\n/.test(line)),
    result.seen.join('\n'),
  )
  assert.deepEqual(result.status, { code: 0, signal: null })
})

test('a process that is gone cannot be traced', { timeout: 40_000 }, async () => {
  const code = await site.page.evaluate(async () => {
    const error: unknown = await window.wasmrun
      .strace(99_999)
      .getReader()
      .read()
      .catch((reason: unknown) => reason)
    return (error as { code?: string }).code ?? 'none'
  })
  assert.equal(code, 'ESRCH')
})

test('more calls than anybody reads are lost by number, and the process is not held back', {
  timeout: 40_000,
}, async () => {
  const result = await site.page.evaluate(async () => {
    const code = 'import * as os from "qjs:os"; for (let i = 0; i < 60000; i++) os.dup(-1)'
    await window.wasmrun.fs.writeFile('/home/project/many.mjs', code)
    const child = await window.wasmrun.spawn('qjs', ['many.mjs'], { strace: true })
    const status = await child.exit
    let told = 0
    let lost = 0
    for await (const { call, text } of window.wasmrun.strace(child.pid) as unknown as AsyncIterable<{
      call: string
      text: string
    }>) {
      if (call === '') lost += Number(/(\d+) calls/.exec(text)?.[1] ?? 0)
      else if (call === 'dup') told++
    }
    return { status, told, lost }
  })
  assert.equal(result.status.code, 0)
  assert.ok(result.told > 0 && result.told <= 20_000)
  assert.ok(result.told + result.lost >= 60_000, `${result.told} told, ${result.lost} lost`)
})

/** A page with options in its address, its log collected from the start. */
const withOptions = async (search: string, work: (page: Page) => Promise<void>): Promise<string[]> => {
  const page = await site.context.newPage()
  try {
    await page.goto(site.url + search)
    await page.waitForFunction(() => window.crossOriginIsolated && window.wasmrun !== undefined)
    await page.evaluate(() => window.wasmrun.ready)
    await page.evaluate(() => {
      const heard: string[] = []
      Object.assign(window, { heard })
      window.wasmrun.on('log', ({ text }) => heard.push(text))
    })
    await mount(page, { 'probe.wasm': readProgram('probe') })
    await work(page)
    return await page.evaluate(() => (window as typeof window & { heard: string[] }).heard)
  } finally {
    await page.close()
  }
}

test('?verbose tells starts and ends; nothing is told without it', { timeout: 40_000 }, async () => {
  const work = async (page: Page): Promise<void> => {
    await run(page, './probe.wasm', ['exit', '7'])
    await page.evaluate(async () => {
      const child = await window.wasmrun.spawn('./probe.wasm', ['sleep', '60000'])
      await child.kill('SIGTERM')
      await child.exit
    })
  }
  const log = (await withOptions('?verbose', work)).join('\n')
  assert.match(log, /process \d+ starts: \.\/probe\.wasm exit 7 \(wasm\)/)
  assert.match(log, /process \d+ has ended with 7/)
  assert.match(log, /process \d+ has ended by SIGTERM/)
  const silent = await withOptions('', work)
  assert.ok(!silent.some((text) => text.includes('process')), silent.join('\n'))
})

test('?strace writes the calls of the named commands to the log, ?debug checks the filesystem', {
  timeout: 40_000,
}, async () => {
  const work = async (page: Page): Promise<void> => {
    await run(page, './probe.wasm', ['exit', '0'])
    await run(page, 'qjs', ['-e', 'print(1)'])
  }
  const log = await withOptions('?debug&strace=probe.wasm', work)
  assert.ok(
    log.some((text) => /^\[\d+\] exit\(0\) = \?$/.test(text)),
    log.join('\n'),
  )
  assert.ok(!log.some((text) => text.includes('"1\\n"')), 'qjs was not asked for')
  assert.ok(!log.some((text) => text.includes('after the end of')), 'the filesystem is sound')
})

test('the report has versions, the browser and processes, and no word of a file', {
  timeout: 40_000,
}, async () => {
  await mount(site.page, { 'secret-name.txt': 'secret-content' })
  const report = await site.page.evaluate(async () => {
    const child = await window.wasmrun.spawn('./probe.wasm', ['cat', 'secret-argument'], {
      env: { KEY: 'secret-value' },
    })
    const made = await window.wasmrun.report()
    await child.kill('SIGKILL')
    return made
  })
  assert.equal(report.browser.isolated, true)
  assert.ok((report.machine?.size ?? 0) > 0)
  assert.ok(report.processes?.some(({ runtime }) => runtime === 'wasm'))
  assert.deepEqual(report.faults, [])
  assert.ok(!JSON.stringify(report).includes('secret'))
})
