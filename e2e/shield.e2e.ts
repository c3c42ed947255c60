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
const SCRIPT =
  'console.log("from quickjs", [1, 2, 3].map((n) => n * 2)); setTimeout(() => console.log("later"), 20)'

const runAll = async ({ site: { page } }: Battle, command: string, tasks: string[][]): Promise<string[]> => {
  await ready(page)
  await mount(page, { 'probe.wasm': readProgram('probe'), 'main.js': SCRIPT })
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
    const outputs = await runAll(battle, 'qjs', [['main.js']])
    assert.match(outputs[0] ?? '', /from quickjs/, 'the program does run')
    const reports = await battle.reports('spy quickjs')
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
