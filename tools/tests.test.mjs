import assert from 'node:assert/strict'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { after, before, test } from 'node:test'
import { ROOT } from './build.mjs'
import { runTests } from './tests.mjs'

const CACHE = 'node_modules/.cache'
let folder = ''
before(async () => {
  await mkdir(join(ROOT, CACHE), { recursive: true })
  folder = `${CACHE}/${basename(await mkdtemp(join(ROOT, CACHE, 'runner-')))}`
})
after(() => rm(join(ROOT, folder), { recursive: true }))

/** Runs one file that holds `source`, with 3 seconds to live. @param {string} source */
async function outcome(source) {
  const file = `${folder}/a.test.ts`
  await writeFile(join(ROOT, file), `import { describe, test } from 'node:test'\n${source}`)
  const results = await runTests([file], { timeout: 3 })
  return results.map(({ name, passed, error }) => ({ name, passed, error: error.split('\n')[0] ?? '' }))
}

test('passing and failing tests are counted, with the error as it was thrown', async () => {
  const source = `const word: string = 'why'
    test('good', () => {})
    describe('group', () => { test('bad', () => { throw new RangeError(word) }) })`
  assert.deepEqual(await outcome(source), [
    { name: 'good', passed: true, error: '' },
    { name: 'group › bad', passed: false, error: 'RangeError: why' },
  ])
})

test('a skipped test counts as failed', async () => {
  const [result] = await outcome("test('later', { SKIP: true }, () => {})".replace('SKIP', 'skip'))
  assert.equal(result?.passed, false)
})

test('a hook that throws counts as failed', async () => {
  const results = await outcome(
    "import { before } from 'node:test'\ndescribe('g', () => { before(() => { throw new Error('hook') }); test('a', () => {}) })",
  )
  assert.ok(results.some((result) => !result.passed && result.error.includes('hook')))
})

test('a file without tests, one that does not compile and one that crashes are failures', async () => {
  assert.deepEqual(await outcome(''), [{ name: '(file)', passed: false, error: 'no test ran, exit 0' }])
  assert.equal((await outcome("import './absent.ts'"))[0]?.name, '(bundle)')
  const crashed = await outcome("test('good', () => {}); setTimeout(() => process.exit(7), 100)")
  assert.deepEqual(crashed.at(-1), { name: '(file)', passed: false, error: 'exit 7' })
})

test('an endless loop is ended by force and counts as failed', async () => {
  const results = await outcome("test('endless', () => { for (;;); })")
  assert.equal(results.at(-1)?.name, '(time)')
  assert.equal(results.at(-1)?.passed, false)
})

test('a note of a test is handed on once; other diagnostics are not', async () => {
  const file = `${folder}/note.test.ts`
  const source = `import { test } from 'node:test'
    test('a', (context) => { context.diagnostic('note: no cargo here'); context.diagnostic('4 ms') })
    test('b', (context) => context.diagnostic('note: no cargo here'))`
  await writeFile(join(ROOT, file), source)
  /** @type {string[]} */
  const heard = []
  const results = await runTests([file], {
    timeout: 3,
    onFile: (_results, _file, notes) => heard.push(...notes),
  })
  assert.deepEqual(heard, ['note: no cargo here'])
  assert.deepEqual(
    results.map(({ name, passed }) => [name, passed]),
    [
      ['a', true],
      ['b', true],
    ],
  )
})
