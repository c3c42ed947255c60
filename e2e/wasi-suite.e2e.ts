/** `npm run wasi-suite -- DIR`: cases as WebAssembly/wasi-testsuite lays them out, one of them wrong on purpose. */
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { after, before, test } from 'node:test'
import { readProgram } from './fixtures/programs.ts'

/** Milliseconds for a run with its browser. */
const PATIENCE_MS = 90_000

interface Spec {
  args?: string[]
  env?: Record<string, string>
  root?: string
  dirs?: string[]
  stdin?: string
  exit_code?: number
  stdout?: string
}

const GOOD: Record<string, Spec> = {
  'right/exit': { args: ['exit', '7'], exit_code: 7 },
  'right/stdin': { args: ['cat'], stdin: 'grüße\n', stdout: 'grüße\n' },
  'right/environment': { args: ['env'], env: { B: '2', A: '1' }, stdout: 'A=1\nB=2\n' },
  'deep/er/root': { args: ['read-file', '/note.txt'], root: 'tree', stdout: 'in the root' },
  'deep/er/dirs': { args: ['read-file', 'tree/note.txt'], dirs: ['tree'], stdout: 'in the root' },
}
const BAD: Record<string, Spec> = {
  'wrong/exit': { args: ['exit', '1'], exit_code: 2 },
  'wrong/output': { args: ['cat'], stdin: 'one', stdout: 'two' },
}

let folder = ''

const lay = (cases: Record<string, Spec>): string => {
  const place = mkdtempSync(join(folder, 'cases-'))
  for (const [name, spec] of Object.entries(cases)) {
    const path = join(place, name)
    mkdirSync(join(dirname(path), 'tree'), { recursive: true })
    writeFileSync(join(dirname(path), 'tree', 'note.txt'), 'in the root')
    writeFileSync(`${path}.wasm`, readProgram('probe'))
    writeFileSync(`${path}.json`, JSON.stringify(spec))
  }
  return place
}

const suite = (...words: string[]): { status: number | null; output: string } => {
  const done = spawnSync(process.execPath, ['tools/wasi-suite.mjs', ...words], {
    encoding: 'utf8',
    timeout: PATIENCE_MS,
  })
  return { status: done.status, output: done.stdout + done.stderr }
}

before(() => {
  folder = mkdtempSync(join(tmpdir(), 'suite-'))
})
after(() => rmSync(folder, { recursive: true, force: true }))

for (const where of ['in the browser', 'in Node'] as const) {
  const flags = where === 'in Node' ? ['--node'] : []

  test(`${where}: right cases give a full score and exit 0`, () => {
    const { status, output } = suite(lay(GOOD), ...flags)
    assert.match(output, /wasi-suite: 5 of 5 passed/)
    assert.equal(status, 0)
  })

  test(`${where}: a wrong case is named with what was expected, and the exit is 1`, () => {
    const { status, output } = suite(lay({ ...GOOD, ...BAD }), ...flags)
    assert.match(output, /wasi-suite: 5 of 7 passed/)
    assert.match(output, /fail {2}wrong\/exit\.wasm\n\s+exit 1, expected 2/)
    assert.match(output, /fail {2}wrong\/output\.wasm\n\s+stdout "one", expected "two"/)
    assert.equal(status, 1)
  })
}

test('a folder that is not there, and one without programs, are no success', () => {
  assert.equal(suite(join(folder, 'absent')).status, 2)
  assert.equal(suite(lay({})).status, 2)
})
