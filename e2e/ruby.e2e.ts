/** Ruby: scripts, files, standard input, errors, exit codes, at_exit, and what its library build must not offer. */
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { boot, type Finished, openSite, run, type Site } from './browser.ts'

let site: Site

before(async () => {
  site = await openSite()
  await boot(site)
})
after(() => site?.close())

const script = async (code: string, options: { stdin?: string; args?: string[] } = {}): Promise<Finished> => {
  await site.page.evaluate((code) => window.wasmrun.fs.writeFile('/home/project/main.rb', code), code)
  const { args = [], ...rest } = options
  return run(site.page, 'ruby', ['main.rb', ...args], rest)
}

test('a script has its arguments, its folder, its neighbours and the standard library', async () => {
  await site.page.evaluate(() => window.wasmrun.fs.writeFile('/home/project/near.rb', 'NEAR = "beside"'))
  const { stdout, stderr, code } = await script(
    `require "json"
     require_relative "near"
     puts JSON.generate({ ruby: RUBY_VERSION, args: ARGV, near: NEAR })
     puts __FILE__ == $0, Dir.pwd
     File.write("out.txt", "grüße")
     puts File.read("out.txt")`,
    { args: ['a', "b 'c'"] },
  )
  assert.equal(stderr, '')
  assert.equal(
    stdout,
    '{"ruby":"3.4.1","args":["a","b \'c\'"],"near":"beside"}\ntrue\n/home/project\ngrüße\n',
  )
  assert.equal(code, 0)
  const kept = await site.page.evaluate(() => window.wasmrun.fs.readFile('/home/project/out.txt', 'utf8'))
  assert.equal(kept, 'grüße')
})

test('it reads lines, and its exit code comes through at_exit', async () => {
  const { stdout, code } = await script(
    'name = gets.chomp; at_exit { puts "bye #{name}" }; puts name.upcase; exit 3',
    {
      stdin: 'ada\n',
    },
  )
  assert.equal(stdout, 'ADA\nbye ada\n')
  assert.equal(code, 3)
})

test('an uncaught exception is told with its place and ends with 1', async () => {
  const { stderr, code } = await script('def deep = raise(ArgumentError, "no such dish")\ndeep')
  assert.match(stderr, /main\.rb:1.*no such dish \(ArgumentError\)/)
  assert.equal(code, 1)
})

test('a syntax error is told with its line', async () => {
  const { stderr, code } = await script('puts 1\nputs (')
  assert.match(stderr, /main\.rb:2/)
  assert.equal(code, 1)
})

test('the bridge to JavaScript is refused', async () => {
  const { stderr, code } = await script('require "js"\nJS.eval("return 1")')
  assert.notEqual(code, 0)
  assert.match(stderr, /js/)
})

test('an endless loop is ended by a signal', async () => {
  const status = await site.page.evaluate(async () => {
    await window.wasmrun.fs.writeFile('/home/project/loop.rb', 'loop {}')
    const child = await window.wasmrun.spawn('ruby', ['loop.rb'])
    await new Promise((resolve) => setTimeout(resolve, 3000))
    await child.kill('SIGTERM')
    return child.exit
  })
  assert.deepEqual(status, { code: 143, signal: 'SIGTERM' })
})
