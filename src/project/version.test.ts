import assert from 'node:assert/strict'
import { test } from 'node:test'
import { PRODUCTS } from '../languages/releases.ts'
import type { Problem } from './target.ts'
import { chooseVersion, type VersionChoice } from './version.ts'
import { folderView } from './view.ts'
import { readWishes } from './wishes.ts'

/** In the middle of the support of 22 and 24; 20 has ended, 26 has begun. */
const NOW = Date.parse('2026-11-20')
const NODES = ['18.20.8', '20.19.5', '22.21.1', '24.11.0', '25.1.0', '26.1.0']
const PYTHONS = ['3.11.9', '3.12.0', '3.12.11', '3.13.2']

const look = (files: Record<string, string>) =>
  folderView(
    {
      paths: Object.entries(files).map(([path, text]) => ({ path, size: text.length })),
      readText: (path) => files[path],
    },
    '.',
  )

const choose = (
  id: keyof typeof PRODUCTS,
  files: Record<string, string>,
  available: readonly string[],
  now = NOW,
): VersionChoice & { problems: Problem[] } => {
  const problems: Problem[] = []
  const wishes = readWishes(look(files), PRODUCTS[id], (problem) => problems.push(problem))
  return { ...chooseVersion(PRODUCTS[id], wishes, available, now), problems }
}

const node = (files: Record<string, string>, available = NODES, now = NOW) =>
  choose('node', files, available, now)
const python = (files: Record<string, string>, available = PYTHONS) => choose('python', files, available)
const engines = (range: string) => ({ 'package.json': JSON.stringify({ engines: { node: range } }, null, 2) })
const requires = (range: string) => ({
  'pyproject.toml': `[project]\nname = "x"\nrequires-python = "${range}"\n`,
})

test('a range of "engines" gives the newest long-term version in it, not the newest of all', () => {
  const { version, explanation, warnings } = node(engines('>=20 <26'))
  assert.equal(version, '24.11.0')
  assert.match(
    explanation,
    /^"engines" of package\.json asks for Node\.js >=20 <26: 24\.11\.0 is the newest with long-term support that fits\.$/,
  )
  assert.deepEqual(warnings, [])
})

test('long-term support begins and ends by the calendar', () => {
  assert.equal(node({}).version, '26.1.0')
  assert.equal(node({}, NODES, Date.parse('2026-10-01')).version, '24.11.0')
  assert.equal(node(engines('18 || 20')).version, '20.19.5')
  assert.match(node(engines('18 || 20')).explanation, /had long-term support/)
  assert.equal(node(engines('^25')).version, '25.1.0')
})

test('.nvmrc is read as nvm reads it, and counts before "engines"', () => {
  const versions = ['v22', '22.21.1', 'lts/jod', 'lts/*', 'node', 'lts/krypton', '# comment\n\n20 # why'].map(
    (text) => node({ '.nvmrc': `${text}\n`, ...engines('>=18') }).version,
  )
  assert.deepEqual(versions, ['22.21.1', '22.21.1', '22.21.1', '26.1.0', '26.1.0', '24.11.0', '20.19.5'])
})

test('two files that contradict each other: the first counts and the other is told', () => {
  const { version, warnings } = node({ '.nvmrc': '20', ...engines('>=22') })
  assert.equal(version, '20.19.5')
  assert.match(
    warnings.join(),
    /"engines" of package\.json asks for Node\.js >=22, and \.nvmrc for 20: 20\.19\.5 runs\./,
  )
  assert.equal(node({ '.nvmrc': 'lts/*', ...engines('<24') }).version, '22.21.1', 'both hold where both can')
})

test('Node 14, which nobody has any more, gets the nearest with a warning that says so', () => {
  const { version, warnings } = node({ '.nvmrc': '14' })
  assert.equal(version, '18.20.8')
  assert.match(
    warnings.join(),
    /\.nvmrc asks for Node\.js 14, which is not to be had \(.*26\.1\.0 are\)\. 18\.20\.8 is the nearest and runs instead/,
  )
  assert.equal(node({ '.nvmrc': '99' }).version, '26.1.0')
  assert.equal(node({ '.nvmrc': '23' }).version, '24.11.0')
})

test('requires-python is a specifier of PEP 440; Python has no long-term lines, so the newest runs', () => {
  const versions = [
    '>=3.8',
    '>=3.8,<3.13',
    '~=3.11.0',
    '==3.12.*',
    '!=3.13.*,>=3',
    '>=3.12, !=3.13.2',
    '===3.12.0',
  ].map((range) => python(requires(range)).version)
  assert.deepEqual(versions, ['3.13.2', '3.12.11', '3.11.9', '3.12.11', '3.12.11', '3.12.11', '3.12.0'])
  assert.match(
    python(requires('>=3.8')).explanation,
    /^"requires-python" of pyproject\.toml asks for Python >=3\.8: 3\.13\.2 is the newest that fits\.$/,
  )
})

test('.python-version may name a line or a version, and Poetry may write a caret', () => {
  const versions = ['3.12', '3.12.0', '3', 'python-3.11.9', 'cpython@3.11'].map(
    (text) => python({ '.python-version': text }).version,
  )
  assert.deepEqual(versions, ['3.12.11', '3.12.0', '3.13.2', '3.11.9', '3.11.9'])
  assert.equal(
    python({ 'pyproject.toml': '[tool.poetry.dependencies]\npython = "^3.11,<3.13"\n' }).problems.length,
    1,
  )
  assert.equal(
    python({ 'pyproject.toml': '[tool.poetry.dependencies]\npython = "~3.12"\n' }).version,
    '3.12.11',
  )
})

test('Python 2.7 and a Python of the future get the nearest, and the warning names what there is', () => {
  const old = python({ '.python-version': '2.7.18' }, ['3.12.0'])
  assert.equal(old.version, '3.12.0')
  assert.match(
    old.warnings.join(),
    /Python 2\.7\.18, which is not to be had \(only 3\.12\.0 is\)\. 3\.12\.0 is the nearest/,
  )
  assert.equal(python(requires('>=3.14')).version, '3.13.2')
  assert.equal(python(requires('<3')).version, '3.11.9')
})

test('go and toolchain directives are lower bounds', () => {
  const mod = { 'go.mod': 'module x\n\ngo 1.22\n\ntoolchain go1.22.5\n' }
  assert.equal(choose('go', mod, ['1.21.0', '1.23', '1.22.5']).version, '1.23')
  assert.match(
    choose('go', mod, ['1.21.0']).warnings.join(),
    /go" of go\.mod asks for Go 1\.22, which is not to be had/,
  )
})

test('rust-toolchain is a channel or a version, in both forms of the file', () => {
  assert.equal(
    choose('rust', { 'rust-toolchain': '1.75\n' }, ['1.74.0', '1.75.1', '1.80.0']).version,
    '1.75.1',
  )
  assert.equal(
    choose('rust', { 'rust-toolchain.toml': '[toolchain]\nchannel = "stable"\n' }, ['1.75.1', '1.80.0'])
      .version,
    '1.80.0',
  )
  assert.equal(
    choose('rust', { 'rust-toolchain': '[toolchain]\nchannel = "1.74.0"\n' }, ['1.74.0', '1.80.0']).version,
    '1.74.0',
  )
})

test('what cannot be understood is reported with its line and does not count', () => {
  const cases: [keyof typeof PRODUCTS, Record<string, string>, RegExp][] = [
    [
      'python',
      { '.python-version': '\n# ours\npypy3.9-7.3\n' },
      /^\.python-version, line 3: "pypy3\.9-7\.3" is no version of Python/,
    ],
    ['python', requires('>>3'), /^pyproject\.toml, line 3: ">>3"/],
    ['node', { '.nvmrc': 'lts/unobtainium' }, /^\.nvmrc, line 1/],
    ['node', engines('yes please'), /^package\.json, line 3: "yes please"/],
    [
      'rust',
      { 'rust-toolchain.toml': '\n[toolchain]\n\nchannel = "fast"\n' },
      /^rust-toolchain\.toml, line 4/,
    ],
    ['go', { 'go.mod': 'module x\ngo next\n' }, /^go\.mod, line 2: "next"/],
  ]
  for (const [id, files, words] of cases) {
    const { problems, version, warnings } = choose(id, files, ['1.80.0', '3.12.0'])
    assert.deepEqual(problems.length, 1, JSON.stringify(files))
    assert.match(problems[0]?.message ?? '', words)
    assert.equal(version, '3.12.0')
    assert.deepEqual(warnings, [])
  }
})

test('an endless or hostile range costs no time', () => {
  const start = performance.now()
  for (const range of [
    '>='.repeat(50_000),
    `${'1 || '.repeat(5000)}1`,
    ' '.repeat(100_000),
    '9'.repeat(5000),
  ]) {
    node({ '.nvmrc': range })
    python({ '.python-version': range })
  }
  assert.ok(performance.now() - start < 2000)
})

test('with nothing to choose from there is no version, and that is said', () => {
  const { version, explanation } = python({}, [])
  assert.equal(version, null)
  assert.match(explanation, /No version of Python is to be had/)
  assert.equal(node({}, ['soon', 'v22.1.0']).version, 'v22.1.0')
})
