/** The Kernel panel: what a process waits for, nice, a stop that is yet to come, its system calls live; verbose, debug and the report. */
import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { after, before, test } from 'node:test'
import type { Page } from 'playwright-core'
import { boot, openSite, type Site } from './browser.ts'
import { readProgram } from './fixtures/programs.ts'

let site: Site
let page: Page

before(async () => {
  site = await openSite()
  page = await boot(site)
  await page.getByRole('button', { name: /The reading room/ }).click()
  await page.getByTestId('run').waitFor()
  const bytes = [...readProgram('probe')]
  await page.evaluate((list) => window.wasmrun.fs.writeFile('/tmp/probe.wasm', new Uint8Array(list)), bytes)
  await page.keyboard.press('Control+4')
})
after(() => site?.close())

const spawn = (...args: string[]): Promise<number> =>
  page.evaluate(async (args) => {
    const child = await window.wasmrun.spawn('/tmp/probe.wasm', args)
    void child.output.pipeTo(new WritableStream()).catch(() => {})
    return child.pid
  }, args)
/** A loop that has begun: its word is its last call, and before that it would stop at once. */
const spin = (): Promise<number> =>
  page.evaluate(async () => {
    const child = await window.wasmrun.spawn('/tmp/probe.wasm', ['spin'])
    await child.output.getReader().read()
    return child.pid
  })
const kill = (pid: number): Promise<void> =>
  page.evaluate(async (pid) => {
    const gone = new Promise<void>((resolve) => {
      const off = window.wasmrun.on('exit', (exit) => {
        if (exit.pid !== pid) return
        off()
        resolve()
      })
    })
    await window.wasmrun.processes.kill(pid, 'SIGKILL')
    await gone
  }, pid)
const rowOf = (pid: number) => page.locator(`[data-testid="process-row"][data-pid="${pid}"]`)
const details = (pid: number) => page.getByRole('region', { name: `Process ${pid}` })
const command = async (words: string): Promise<void> => {
  await page.keyboard.press('Control+k')
  await page.getByRole('combobox', { name: 'All commands' }).fill(words)
  await page.getByTestId('palette').getByRole('option').first().waitFor()
  await page.keyboard.press('Enter')
  await page.getByTestId('palette').waitFor({ state: 'detached' })
}
const log = async (words: RegExp): Promise<void> => {
  await command('Show Logs')
  await page.getByTestId('log-entry').filter({ hasText: words }).first().waitFor()
}
const downloaded = async (press: () => Promise<void>): Promise<{ name: string; text: string }> => {
  const coming = page.waitForEvent('download')
  await press()
  const download = await coming
  return { name: download.suggestedFilename(), text: await readFile(await download.path(), 'utf8') }
}

test('a loop without calls: the panel says that it stops at its next call, and takes it back', async () => {
  const pid = await spin()
  await rowOf(pid).getByText('Running', { exact: true }).waitFor()
  await rowOf(pid)
    .getByRole('button', { name: /^Suspend/ })
    .click()
  await rowOf(pid).getByText('Running, stops at its next call').waitFor()
  await rowOf(pid)
    .getByRole('button', { name: /^Resume/ })
    .click()
  await rowOf(pid).getByText('Running', { exact: true }).waitFor()
  await kill(pid)
})

test('what a process waits for and has used stands in its details', async () => {
  const pid = await spawn('sleep', '600000')
  await rowOf(pid).getByText('Waiting, poll').waitFor()
  await rowOf(pid).focus()
  await page.keyboard.press('Enter')
  await details(pid).getByText('time, or one of its descriptors (poll)').waitFor()
  await details(pid)
    .getByText(/^\d\.\d s not blocked$/)
    .waitFor()
  await kill(pid)
  await rowOf(pid).getByText('Ended by SIGKILL').waitFor()
  assert.equal(await details(pid).getByRole('spinbutton', { name: 'Nice' }).count(), 0)
})

test('nice is set with the keyboard, a value that there is not is refused in words, and the process rests', async () => {
  const pid = await spawn('churn', '/tmp/nice')
  await rowOf(pid).focus()
  await page.keyboard.press('Enter')
  const field = details(pid).getByRole('spinbutton', { name: 'Nice' })
  await field.fill('44')
  await field.press('Tab')
  await details(pid).getByRole('alert').getByText('a whole number from 0 to 19').waitFor()
  await field.fill('19')
  await field.press('Tab')
  await page.waitForFunction(
    async (pid) => (await window.wasmrun.processes.list()).find((each) => each.pid === pid)?.nice === 19,
    pid,
  )
  assert.equal(await field.inputValue(), '19')
  assert.equal(await details(pid).getByRole('alert').count(), 0)
  await kill(pid)
})

test('the calls of a process are followed, paused, saved and let go of', async () => {
  const pid = await spawn('churn', '/tmp/traced')
  await rowOf(pid).focus()
  await page.keyboard.press('Enter')
  await details(pid).getByRole('tab', { name: 'Facts' }).focus()
  await page.keyboard.press('ArrowRight')
  await details(pid)
    .getByRole('button', { name: `Trace process ${pid}` })
    .click()
  await page
    .getByTestId('trace-call')
    .filter({ hasText: /open\(.*traced/ })
    .first()
    .waitFor()
  await details(pid).getByRole('button', { name: 'Pause' }).click()
  const state = page.getByTestId('trace-state')
  await state.getByText(/^Paused at/).waitFor()
  // what was read before the pause is shown by the next frame
  await page.waitForTimeout(200)
  const stood = await state.textContent()
  await page.waitForTimeout(400)
  assert.equal(await state.textContent(), stood)
  const { name, text } = await downloaded(() => details(pid).getByRole('button', { name: 'Save' }).click())
  assert.equal(name, `strace-${pid}.txt`)
  assert.match(text, /^\d\d:\d\d:\d\d\.\d{3} \w+\(.*\) = .* <\d+ µs>$/m)
  await details(pid).getByRole('button', { name: 'Go on' }).click()
  await state.getByText(/^[\d,]+ calls$/).waitFor()
  await page.waitForFunction(
    (stood) =>
      document.querySelector('[data-testid="trace-state"]')?.textContent !== stood?.replace('Paused at ', ''),
    stood,
  )
  // another panel, and back: what was followed is still there
  await command('Show Logs')
  await command('Show Kernel')
  await page.getByTestId('trace-call').first().waitFor()
  await details(pid).getByRole('button', { name: 'Stop tracing' }).click()
  await state.getByText(/^Over after/).waitFor()
  await details(pid).getByRole('button', { name: 'Trace again' }).click()
  await state.getByText(/^[1-9][\d,]* calls$/).waitFor()
  await details(pid).getByRole('button', { name: 'Stop tracing' }).click()
  await state.getByText(/^Over after/).waitFor()
  assert.equal(
    await rowOf(pid)
      .getAttribute('data-state')
      .then((word) => word !== 'ended'),
    true,
  )
  await kill(pid)
})

test('the palette: verbose, debug and a trace are turned on and off, and told in Logs', async () => {
  await command('Verbose log')
  await page.getByText(/^Verbose is on/).waitFor()
  await command('Debug (check')
  await page.getByText(/^Debug is on/).waitFor()
  const pid = await spawn('exit', '7')
  await log(new RegExp(`process ${pid} starts: .*probe.wasm exit 7`))
  await log(new RegExp(`process ${pid} has ended with 7`))
  const faults = await page.getByTestId('log-entry').filter({ hasText: 'after the end of' }).allTextContents()
  assert.deepEqual(faults, [], 'debug found something')
  await command('Verbose log')
  await command('Debug (check')
  await page.getByText('Debug is off.').waitFor()
  const silent = await spawn('exit', '8')
  const sleeper = await spawn('churn', '/tmp/palette')
  await command('Trace the system calls')
  await page.getByTestId('trace-call').first().waitFor()
  await kill(sleeper)
  await page
    .getByTestId('trace-state')
    .getByText(/^Over after/)
    .waitFor()
  await command('Show Logs')
  assert.equal(
    await page
      .getByTestId('log-entry')
      .filter({ hasText: `process ${silent} ` })
      .count(),
    0,
  )
})

test('debug checks the whole machine after every way to end, and finds nothing', async () => {
  const faults = await page.evaluate(async () => {
    const heard: string[] = []
    const off = window.wasmrun.on('log', ({ severity, text }) => {
      if (severity === 'error') heard.push(text)
    })
    await window.wasmrun.diagnostics.set({ debug: true })
    const jobs = [['churn', '/tmp/debug'], ['print-forever'], ['spin'], ['sleep', '60000'], ['exit', '3']]
    const one = async (args: string[], index: number): Promise<void> => {
      const child = await window.wasmrun.spawn('/tmp/probe.wasm', args, { terminal: index % 2 === 0 })
      void child.output.pipeTo(new WritableStream()).catch(() => {})
      await new Promise((resolve) => setTimeout(resolve, 100 + index * 30))
      await child.kill('SIGKILL').catch(() => {})
      await child.exit
    }
    await Promise.all([...jobs, ...jobs].map(one))
    await one(['churn', '/tmp/debug'], 1)
    await window.wasmrun.diagnostics.set({ debug: false })
    off()
    return heard
  })
  assert.deepEqual(faults, [])
})

test('a report is saved from palette, Logs and Settings: versions, capabilities and the log, and nothing of a file', async () => {
  await page.evaluate(async () => {
    await window.wasmrun.diagnostics.set({ verbose: true, strace: ['all'] })
    await window.wasmrun.fs.writeFile('/home/project/secret-name.txt', 'secret-content')
    const child = await window.wasmrun.spawn(
      '/tmp/probe.wasm',
      ['read-file', '/home/project/secret-name.txt'],
      { env: { KEY: 'secret-value' } },
    )
    const words = await new Response(child.stdout).text()
    if (!words.includes('secret-content')) throw new Error(`it read ${words}`)
    await child.exit
    await window.wasmrun.diagnostics.set({ verbose: false, strace: [] })
  })
  await command('Show Logs')
  // on the screen of the user the calls are whole
  await page.getByRole('searchbox', { name: 'Filter the log' }).fill('secret-content')
  await page.getByTestId('log-entry').first().waitFor()
  await page.getByRole('searchbox', { name: 'Filter the log' }).fill('')
  const ways = [
    () => command('Save a report for a bug'),
    () => page.getByRole('button', { name: 'Report for a bug' }).click(),
    async () => {
      await page.keyboard.press('Control+,')
      await page.getByRole('button', { name: 'Save a report for a bug' }).click()
    },
  ]
  for (const way of ways) {
    const { name, text } = await downloaded(way)
    assert.match(name, /^wasmrun-report-[\dTZ-]+\.json$/)
    const report = JSON.parse(text)
    assert.equal(report.version, await page.evaluate(() => window.wasmrun.version))
    assert.equal(report.browser.isolated, true)
    assert.deepEqual(report.faults, [])
    const lines: string[] = report.log.map((entry: { text: string }) => entry.text)
    assert.ok(
      lines.some((line) => /^process \d+ starts \(wasm\)$/.test(line)),
      lines.join('\n'),
    )
    assert.ok(
      lines.some((line) => /^\[\d+\] open\(…\) = \d+$/.test(line)),
      lines.join('\n'),
    )
    assert.ok(!text.includes('secret'), 'a name, a content or a variable is in the report')
  }
  await page.keyboard.press('Escape')
})
