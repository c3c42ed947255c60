/** JavaScript on QuickJS: what a script finds, how it fails, and that it can make processes, pipes and redirections. */
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { boot, type Finished, openSite, run, type Site } from './browser.ts'
import { readProgram } from './fixtures/programs.ts'

let site: Site

before(async () => {
  site = await openSite()
  await boot(site)
  const probe = await readProgram('probe')
  await site.page.evaluate(
    (list) => window.wasmrun.fs.writeFile('/usr/bin/probe', new Uint8Array(list)),
    [...probe],
  )
})
after(() => site?.close())

let scripts = 0
const script = async (
  code: string,
  options: { stdin?: string; name?: string; args?: string[] } = {},
): Promise<Finished> => {
  const { name = `script-${scripts++}.js`, args = [], ...rest } = options
  await site.page.evaluate(({ path, code }) => window.wasmrun.fs.writeFile(path, code), {
    path: `/home/project/${name}`,
    code,
  })
  return run(site.page, 'qjs', [name, ...args], rest)
}

test('values are shown as a developer expects', async () => {
  const { stdout } = await script(`
    console.log('text', 1, -0, 10n, null, undefined, true)
    console.log({ a: 1, 'b-c': [1, 'x'], f() {} }, new Map([['k', { v: 1 }]]), new Set([1]))
    console.log('%s has %d items, %j', 'cart', 3, { ok: true })
    const loop = {}; loop.self = loop; console.log(loop)`)
  assert.equal(
    stdout,
    'text 1 -0 10n null undefined true\n' +
      '{ a: 1, "b-c": [ 1, "x" ], f: [Function: f] } Map(1) { "k" => { v: 1 } } Set(1) { 1 }\n' +
      'cart has 3 items, {"ok":true}\n{ self: [Circular] }\n',
  )
})

test('an uncaught error prints its stack on standard error and ends with 1', async () => {
  const result = await script('function deep() { throw new TypeError("no such thing") }\ndeep()\n', {
    name: 'bad.js',
  })
  assert.equal(result.code, 1)
  assert.match(result.stderr, /TypeError: no such thing[\s\S]*deep[\s\S]*bad\.js:1/)
})

test('a syntax error names file and line', async () => {
  const result = await script('let a = 1\nlet = = 2\n', { name: 'syntax.js' })
  assert.equal(result.code, 1)
  assert.match(result.stderr, /SyntaxError[\s\S]*syntax\.js:2/)
})

test('an unhandled rejection and a failing top-level await end with 1 and are told once', async () => {
  const rejected = await script('Promise.reject(new Error("lost"))')
  assert.equal(rejected.code, 1)
  assert.equal(rejected.stderr.match(/lost/g)?.length, 1)
  const awaited = await script('export {}\nawait Promise.reject(new Error("waited"))', { name: 'await.mjs' })
  assert.equal(awaited.code, 1)
  assert.equal(awaited.stderr.match(/Error: waited/g)?.length, 1)
})

test('modules, JSON, timers and microtasks run in order', async () => {
  await script('export const answer = 42', { name: 'lib.js' })
  await script('{"name": "config"}', { name: 'config.json' })
  const { stdout, code } = await script(
    `import { answer } from './lib.js'
     import config from './config.json'
     setTimeout(() => console.log('later'), 20)
     setTimeout(() => console.log('soon'), 1)
     Promise.resolve().then(() => console.log('microtask'))
     console.log(config.name, answer)`,
    { name: 'main.mjs' },
  )
  assert.equal(stdout, 'config 42\nmicrotask\nsoon\nlater\n')
  assert.equal(code, 0)
})

test('a package of Node is refused by name', async () => {
  const result = await script("import fs from 'node:fs'", { name: 'node.mjs' })
  assert.equal(result.code, 1)
  assert.match(result.stderr, /node:fs.*QuickJS/)
})

test('lines are read from standard input, and arguments and the environment are there', async () => {
  const { stdout } = await script(
    `import * as std from 'qjs:std'
     for (let line; (line = std.in.getline()) !== null; ) print(line.toUpperCase())
     print(scriptArgs.slice(1).join(), std.getenv('HOME'))`,
    { stdin: 'grüße\nlast', args: ['a', 'b'] },
  )
  assert.equal(stdout, 'GRÜSSE\nLAST\na,b /home\n')
})

test('endless recursion is a RangeError that a script can catch', async () => {
  const result = await script(
    'const depth = (n) => (n === 0 ? 0 : 1 + depth(n - 1)); print(depth(400)); const f = () => f() + 1; try { f() } catch (e) { print(e instanceof RangeError || e.name) }',
  )
  assert.equal(result.code, 0, result.stderr)
  assert.match(result.stdout, /^400\n(true|InternalError)/)
})

test('an endless loop is ended by a signal', async () => {
  const status = await site.page.evaluate(async () => {
    await window.wasmrun.fs.writeFile('/home/project/loop.js', 'for (;;);')
    const child = await window.wasmrun.spawn('qjs', ['loop.js'])
    await new Promise((resolve) => setTimeout(resolve, 300))
    await child.kill('SIGTERM')
    return child.exit
  })
  assert.deepEqual(status, { code: 143, signal: 'SIGTERM' })
})

test('a script runs programs: exit codes, output, and a command that is not there', async () => {
  const { stdout, stderr } = await script(`
    import * as os from 'qjs:os'
    print(os.exec(['probe', 'exit', '7']))
    os.exec(['probe', 'args', 'from the child'])
    for (const command of ['no-such-command', '/home/project'])
      try { os.exec([command]) } catch (error) { print(error.message, error.status) }`)
  assert.equal(stderr, '')
  assert.match(
    stdout,
    /^7\n[\s\S]*from the child[\s\S]*no-such-command: no such file or directory 127\n\/home\/project: [^\n]* 126\n$/,
  )
})

test('two programs are joined by a pipe, and the reader sees its end', async () => {
  const { stdout } = await script(`
    import * as os from 'qjs:os'
    const [reader, writer] = os.pipe()
    const second = os.exec(['probe', 'cat'], { block: false, stdin: reader })
    os.close(reader)
    os.exec(['probe', 'args', 'through the pipe'], { stdout: writer })
    os.close(writer)
    const [pid, status] = os.waitpid(second)
    print(pid === second, status)`)
  assert.match(stdout, /through the pipe[\s\S]*\n[\s\S]*true 0\n$/)
})

test('waitpid: WNOHANG, any child, no child, and the status of a killed one', async () => {
  const { stdout } = await script(`
    import * as os from 'qjs:os'
    print(os.waitpid(-1)[0])
    const child = os.exec(['probe', 'sleep', '60000'], { block: false })
    print(os.waitpid(child, os.WNOHANG)[0])
    print(os.kill(child, os.SIGTERM))
    const [pid, status] = os.waitpid(-1)
    print(pid === child, status & 0x7f)
    print(os.kill(99999, os.SIGTERM), os.kill(1, os.SIGTERM) < 0)`)
  assert.equal(stdout, '-12\n0\n0\ntrue 15\n-71 true\n')
})

test('writing to a pipe that nobody reads ends a program with SIGPIPE', async () => {
  const { stdout } = await script(`
    import * as os from 'qjs:os'
    const [reader, writer] = os.pipe()
    os.close(reader)
    print(os.exec(['probe', 'print-forever'], { stdout: writer }))`)
  assert.equal(stdout, '-13\n')
})
