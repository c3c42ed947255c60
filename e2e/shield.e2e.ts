/**
 * The machine's memory is out of reach for JavaScript in a guest's worker: whatever of the language it replaces, the code of
 * the process never hands it the shared memory. Real programs run through all the calls meanwhile.
 */
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import type { Browser } from 'playwright-core'
import { launch, mount, ready, run } from './browser.ts'
import { readProgram } from './fixtures/programs.ts'
import { type Battle, fight } from './jail-battle.ts'
import { spyScript } from './memory-spy.ts'

let browser: Browser

before(async () => {
  browser = await launch()
})
after(() => browser.close())

/** Tasks of the probe that go through every family of calls, and through the ends that make stacks. */
const TASKS = [
  ['args', 'one', 'two'],
  ['env'],
  ['write-file', 'big.txt', '300000'],
  ['append', 'log.txt', 'line'],
  ['readdir', '.'],
  ['stat', 'main.js'],
  ['symlink', 'main.js', 'link'],
  ['readlink', 'link'],
  ['rename', 'link', 'renamed'],
  ['unlinked', 'gone.txt'],
  ['sparse', 'sparse.bin', '100000'],
  ['many-fds', '100'],
  ['renumber'],
  ['lines'],
  ['poll', '20'],
  ['poll-many', '3'],
  ['sleep', '10'],
  ['time'],
  ['random', '16'],
  ['is-terminal'],
  ['print', '2000'],
  ['stderr', 'x'],
  ['escape'],
  ['exit', '3'],
  ['trap'],
  ['recurse'],
]
/** Through every family of calls that QuickJS has beyond WASI's: files, children, pipes, waits, signals, timers. */
const SCRIPT = `
import * as std from 'qjs:std'
import * as os from 'qjs:os'
const bytes = (text) => Uint8Array.from(text, (char) => char.charCodeAt(0)).buffer
const bit = (number) => 1 << (number - 1)
std.writeFile('note.txt', 'kept')
os.mkdir('folder')
os.rename('note.txt', 'folder/note.txt')
print('file', std.loadFile('folder/note.txt'), os.readdir('folder')[0].includes('note.txt'))
os.remove('folder/note.txt')
const [reader, writer] = os.pipe()
print('spawn', os.exec(['./probe.wasm', 'exit', '7']))
const child = os.exec(['./probe.wasm', 'args', 'through'], { block: false, stdout: writer })
os.close(writer)
let text = ''
const buffer = new ArrayBuffer(64)
for (let count; (count = os.read(reader, buffer, 0, 64)) > 0; ) text += String.fromCharCode(...new Uint8Array(buffer, 0, count))
print('pipe', text.includes('through'), os.waitpid(child)[1])
const [left, right] = os.pipe()
print('own pipe', os.write(right, bytes('abc'), 0, 3), os.read(os.dup2(left, 20), buffer, 0, 64))
const sleeper = os.exec(['./probe.wasm', 'sleep', '60000'], { block: false })
print('no wait', os.waitpid(sleeper, os.WNOHANG)[0])
os.kill(sleeper, os.SIGTERM)
print('wait', os.waitpid(-1)[1] & 0x7f)
try { os.exec(['no-such-command']) } catch (error) { print('refused', error.errno) }
os.signal(os.SIGUSR1, (number) => print('signal', number))
os.kill(os.getpid(), os.SIGUSR1)
os.sigmask(bit(os.SIGUSR2))
const signals = os.signalfd(bit(os.SIGUSR2))
os.kill(os.getpid(), os.SIGUSR2)
print('signal file', os.read(signals, buffer, 0, 64) > 0)
os.sleep(10)
print('array', [1, 2, 3].map((n) => n * 2).join())
setTimeout(() => print('later'), 20)
`
const SAID = [
  'file kept true',
  'spawn 7',
  'pipe true 0',
  'own pipe 3 3',
  'no wait 0',
  'wait 15',
  'refused 44',
  'signal file true',
  'array 2,4,6',
  'signal 10',
  'later',
]
const RUBY = `
File.write("note.txt", "kept")
puts File.read("note.txt"), Dir.children(".").include?("note.txt"), $stdin.gets
sleep 0.01
begin; File.read("none"); rescue => error; puts error.class; end
exit 3
`

const runAll = async ({ site: { page } }: Battle, command: string, tasks: string[][]): Promise<string[]> => {
  await ready(page)
  await mount(page, { 'probe.wasm': readProgram('probe'), 'main.js': SCRIPT, 'main.rb': RUBY })
  const outputs: string[] = []
  for (const args of tasks) outputs.push((await run(page, command, args, { stdin: 'a line\nquit\n' })).stdout)
  return outputs
}

test('hostile JavaScript beside a WASI program finds no shared memory', () =>
  fight(browser, { heads: { process: spyScript('process', false) } }, async (battle) => {
    const outputs = await runAll(battle, './probe.wasm', TASKS)
    assert.match(outputs[0] ?? '', /argv\[2\]=one/, 'the programs do run')
    const reports = await battle.reports('spy process')
    assert.equal(reports.length, TASKS.length, 'every process was spied on')
    assert.deepEqual([...new Set(reports.map(({ found }) => found).filter((found) => found !== ''))], [])
  }))

test('hostile JavaScript beside QuickJS finds no shared memory', () =>
  fight(browser, { heads: { quickjs: spyScript('quickjs', false) } }, async (battle) => {
    const [output = ''] = await runAll(battle, 'qjs', [['main.js']])
    assert.deepEqual(output.trimEnd().split('\n'), SAID, 'the program does run, and all of its calls')
    const reports = await battle.reports('spy quickjs')
    assert.deepEqual(
      reports.map(({ found }) => found),
      [''],
    )
  }))

test('hostile JavaScript beside Ruby finds no shared memory', () =>
  fight(browser, { heads: { ruby: spyScript('ruby', false) } }, async (battle) => {
    const [output = ''] = await runAll(battle, 'ruby', [['main.rb']])
    assert.equal(output, 'kept\ntrue\na line\nErrno::ENOENT\n', 'the program does run')
    const reports = await battle.reports('spy ruby')
    assert.deepEqual(
      reports.map(({ found }) => found),
      [''],
    )
  }))

test('the spy sees the memory where it is used as a careless process would', () =>
  fight(browser, { heads: { process: spyScript('process', true) } }, async (battle) => {
    await runAll(battle, './probe.wasm', [['args']])
    const [report] = await battle.reports('spy process')
    for (const sin of [
      'Atomics.load',
      'new Int32Array',
      'TypedArray.prototype.subarray',
      'Array.prototype.concat',
    ])
      assert.match(report?.found ?? '', new RegExp(`^${sin}`, 'm'), sin)
  }))
