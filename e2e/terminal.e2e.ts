/** A process on a terminal: lines with echo and editing, Ctrl-C, Ctrl-D, the window's size. */
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { boot, mount, openSite, run, type Site } from './browser.ts'
import { readProgram } from './fixtures/programs.ts'

let site: Site

before(async () => {
  site = await openSite()
  await boot(site)
  await mount(site.page, { 'probe.wasm': readProgram('probe') })
})
after(() => site?.close())

interface Typed {
  /** After so many milliseconds: the program has then printed what it prints. */
  after: number
  keys: string
}

/** Types at a program as a user would and gives all that the terminal showed. */
const type = (
  command: string,
  args: string[],
  typed: Typed[],
): Promise<{ screen: string; code: number; signal: string | null; took: number }> =>
  site.page.evaluate(
    async ({ command, args, typed }) => {
      const child = await window.wasmrun.spawn(command, args, { terminal: { columns: 40, rows: 10 } })
      const writer = child.input.getWriter()
      const start = performance.now()
      const screen = new Response(child.stdout).text()
      for (const { after, keys } of typed) {
        await new Promise((done) => setTimeout(done, after))
        await writer.write(keys)
      }
      const status = await child.exit
      return { ...status, screen: await screen, took: performance.now() - start }
    },
    { command, args, typed },
  )

const plain = (text: string): string => text.replaceAll('\r\n', '\n')

test('the three standard streams are terminals, and with pipes none is', async () => {
  const { screen } = await type('./probe.wasm', ['is-terminal'], [])
  assert.equal(plain(screen), 'stdin true\nstdout true\nstderr true\n')
  assert.equal(
    (await run(site.page, './probe.wasm', ['is-terminal'])).stdout,
    'stdin false\nstdout false\nstderr false\n',
  )
})

test('a line is echoed, comes when Enter is pressed, and can be corrected before', async () => {
  const { screen, code } = await type(
    './probe.wasm',
    ['lines'],
    [
      { after: 300, keys: 'helloo' },
      { after: 50, keys: '\x7f wörld' },
      { after: 50, keys: '\r' },
      { after: 100, keys: '\x04' },
    ],
  )
  assert.equal(code, 0)
  const text = plain(screen)
  assert.match(text, /^helloo/, 'what is typed is echoed')
  assert.match(text, /1: hello wörld\nbye\n$/)
})

test('Ctrl-U takes the whole line back', async () => {
  const { screen } = await type(
    './probe.wasm',
    ['lines'],
    [
      { after: 300, keys: 'wrong\x15right\r' },
      { after: 50, keys: '\x04' },
    ],
  )
  assert.match(plain(screen), /1: right\nbye\n$/)
})

test('Ctrl-D at the start of a line is the end of input', async () => {
  const { screen, code } = await type('./probe.wasm', ['lines'], [{ after: 300, keys: '\x04' }])
  assert.equal(code, 0)
  assert.match(plain(screen), /bye\n$/)
})

test('Ctrl-C ends a process that waits for input', async () => {
  const { code, signal } = await type('./probe.wasm', ['lines'], [{ after: 300, keys: '\x03' }])
  assert.deepEqual([code, signal], [130, 'SIGINT'])
})

test('Ctrl-C ends a process that sleeps', async () => {
  const { code, signal, took } = await type(
    './probe.wasm',
    ['sleep', '60000'],
    [{ after: 300, keys: '\x03' }],
  )
  assert.deepEqual([code, signal], [130, 'SIGINT'])
  assert.ok(took < 5000, `${took} ms`)
})

test('Ctrl-C ends a process that is busy and never looks', async () => {
  const { code, signal, took } = await type('./probe.wasm', ['spin'], [{ after: 500, keys: '\x03' }])
  assert.deepEqual([code, signal], [130, 'SIGINT'])
  assert.ok(took < 6000, `${took} ms`)
})

test('Python asks with input() and gets the answer', async () => {
  await mount(site.page, { 'ask.py': 'name = input("Name? ")\nprint(f"Hello, {name}!")\n' })
  const { screen, code } = await type('python3', ['ask.py'], [{ after: 2500, keys: 'Ada\r' }])
  assert.equal(code, 0, screen)
  assert.match(plain(screen), /Name\? Ada\nHello, Ada!\n$/)
})

test('the size of the window can change while a process runs', async () => {
  const status = await site.page.evaluate(async () => {
    const child = await window.wasmrun.spawn('./probe.wasm', ['sleep', '700'], { terminal: true })
    await child.resize({ columns: 120, rows: 50 })
    return child.exit
  })
  assert.equal(status.code, 0, 'SIGWINCH does not end who ignores it')
})
