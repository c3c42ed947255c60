/** The first milestone: on a host that sends no headers, programs of each language print. */
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { boot, openSite, run, type Site } from './browser.ts'
import { readProgram } from './fixtures/programs.ts'

let site: Site

before(async () => {
  site = await openSite()
  await boot(site)
})
after(() => site?.close())

const put = (path: string, bytes: Uint8Array): Promise<void> =>
  site.page.evaluate(({ path, list }) => window.wasmrun.fs.writeFile(path, new Uint8Array(list)), {
    path,
    list: [...bytes],
  })

test('a wasm program prints its arguments and ends with 0', async () => {
  await put('/home/project/probe.wasm', await readProgram('probe'))
  const result = await run(site.page, './probe.wasm', ['args', 'a', 'b c'])
  assert.equal(result.stderr, '')
  assert.match(result.stdout, /b c/)
  assert.equal(result.code, 0)
})

test('a script of Python prints, and reads a file that another process wrote', async () => {
  await run(site.page, './probe.wasm', ['write-file', '/home/project/note.txt', '40'])
  await put(
    '/home/project/main.py',
    new TextEncoder().encode('print("hello", 6 * 7, len(open("note.txt").read()))\n'),
  )
  const result = await run(site.page, 'python3', ['main.py'])
  assert.deepEqual(result, { code: 0, signal: null, stdout: 'hello 42 40\n', stderr: '' })
})

test('a script of JavaScript prints on QuickJS', async () => {
  await put(
    '/home/project/main.js',
    new TextEncoder().encode('console.log("hello", [1, 2].map((x) => x * 2))\n'),
  )
  const result = await run(site.page, 'qjs', ['main.js'])
  assert.deepEqual(result, { code: 0, signal: null, stdout: 'hello [ 2, 4 ]\n', stderr: '' })
})
