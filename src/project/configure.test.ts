import assert from 'node:assert/strict'
import { test } from 'node:test'
import { mergeConfigurations, readConfiguration, readParameters } from './configure.ts'
import { detect, type Surroundings } from './detect.ts'
import type { Problem } from './target.ts'
import { folderView } from './view.ts'

type Files = Record<string, string>

const view = (files: Files) => ({
  paths: Object.entries(files).map(([path, text]) => ({ path, size: text.length })),
  readText: (path: string) => files[path],
})

const read = (toml: string) => {
  const problems: Problem[] = []
  const config = readConfiguration(folderView(view({ '.wasmrun.toml': toml }), '.'), (each) =>
    problems.push(each),
  )
  return { config, said: problems.map(({ message }) => message), lines: problems.map(({ line }) => line) }
}

const address = (search: string) => {
  const said: string[] = []
  return { config: readParameters(search, ({ message }) => said.push(message)), said }
}

const first = (files: Files, surroundings: Surroundings = {}) => {
  const { candidates, problems, configuration } = detect(view(files), surroundings)
  const [target] = candidates
  return { target, candidates, said: problems.map(({ message }) => message), configuration }
}

const WHOLE = `# ours
[os_mode]
language = "nodejs"
version = ">=20"
entry = "src/server.js"
args = ["--verbose", "a b"]
env = { NAME = "x", PORT = 3000, DEBUG = true }
port = 8420
forwards = ["8080:3000", 5173]
watch = true

[os_mode.logs]
max_lines = 5000
auto_scroll = false

[limits]
memory = "512 MiB"
cpu_seconds = 60
open_files = 64
`

test('every option is read', () => {
  const { config, said } = read(WHOLE)
  assert.deepEqual(said, [
    '.wasmrun.toml, line 9: forwards is understood and kept, but programs have no network here yet: it takes effect when they do.',
  ])
  assert.deepEqual(config, {
    language: 'javascript',
    version: '>=20',
    entry: 'src/server.js',
    args: ['--verbose', 'a b'],
    env: { NAME: 'x', PORT: '3000', DEBUG: 'true' },
    port: 8420,
    forwards: [
      { from: 8080, to: 3000 },
      { from: 5173, to: 5173 },
    ],
    watch: true,
    maxLines: 5000,
    autoScroll: false,
    limits: { memory: 512 * 2 ** 20, cpuSeconds: 60, openFiles: 64 },
  })
})

test('a bad value is told with its line and what it should be, and the others count', () => {
  const cases: [string, RegExp][] = [
    [
      'language = "pyton"',
      /^\.wasmrun\.toml, line 3: language is "pyton"; did you mean "python"\? It does not count\.$/,
    ],
    ['language = "cobol"', /line 3: language is "cobol"; the languages are python, javascript,/],
    ['language = 3', /line 3: language is 3/],
    ['port = 70000', /line 3: port is 70000; it is a whole number from 1 to 65535/],
    ['port = "80"', /port is "80"/],
    ['port = 1.5', /port is 1\.5/],
    [
      'entry = "../../etc/passwd"',
      /entry is "\.\.\/\.\.\/etc\/passwd"; it is the path of a file in the project/,
    ],
    ['entry = "/etc/passwd"', /entry is/],
    ['args = "-v"', /args is "-v"; it is a list of texts/],
    ['args = ["a\\u0000b"]', /args is/],
    ['env = { "A=B" = "x" }', /env has A=B = "x"/],
    ['env = { A = [1] }', /env has A = \[1\]/],
    ['forwards = ["80:99999"]', /forwards has "80:99999"; a forward is "8080:3000"/],
    ['forwards = ["0"]', /forwards has "0"/],
    ['watch = "yes"', /watch is "yes"; it is true or false/],
  ]
  for (const [line, words] of cases) {
    const { config, said } = read(`[os_mode]\nversion = "3.12"\n${line}\n`)
    assert.equal(said.length, 1, line)
    assert.match(said[0] ?? '', words)
    assert.deepEqual(config, { version: '3.12' }, line)
  }
})

test('a name that does not exist gets the nearest one that does, or where it belongs', () => {
  const { said, lines } = read(
    '[os_mode]\nlanguge = "go"\nentyr = "x"\nmax_lines = 3\nzebra = 1\n[os_mode.log]\n[limit]\nmemory = 1\n',
  )
  assert.match(said[0] ?? '', /line 2: there is no languge in \[os_mode\]; did you mean language\?/)
  assert.match(said[1] ?? '', /line 3: .*did you mean entry\?/)
  assert.match(said[2] ?? '', /line 4: there is no max_lines in \[os_mode\]; it belongs to \[os_mode\.logs\]/)
  assert.match(said[3] ?? '', /line 5: there is no zebra in \[os_mode\]; it has language, version, entry/)
  assert.match(said[4] ?? '', /line 6: there is no log in \[os_mode\]; did you mean logs\?/)
  assert.match(said[5] ?? '', /line 7: there is no limit; did you mean limits\?/)
  assert.deepEqual(lines, [2, 3, 4, 5, 6, 7])
})

test('the line is right beside texts of several lines, dotted keys, quotes and tables in a row', () => {
  const tricky = '[os_mode]\nentry = """\nport = 1\n"""\n# port = 2\nlogs.max_lines = 3\n"port" = 0\n'
  assert.deepEqual(read(tricky).lines, [6, 7].sort())
  assert.deepEqual(read('os_mode = { port = 0 }\n').lines, [1])
  assert.deepEqual(read('[os_mode]\n\n\nlogs = 5\n').said, [
    '.wasmrun.toml, line 4: os_mode.logs is 5; it is a table: [os_mode.logs].',
  ])
})

test('sizes are numbers of bytes or texts with a unit; what makes no sense is told', () => {
  const memory = (value: string) => read(`[limits]\nmemory = ${value}\n`).config.limits?.memory
  assert.deepEqual(
    [memory('2097152'), memory('"2 MB"'), memory('"2m"'), memory('"0.5 GiB"')],
    [2 ** 21, 2e6, 2 ** 21, 2 ** 29],
  )
  for (const bad of ['0', '-5', '"lots"', '"2 parsecs"', 'true', '1e300', '[1]']) {
    const { config, said } = read(`[limits]\nmemory = ${bad}\n`)
    assert.deepEqual([config, said.length], [{}, 1], bad)
    assert.match(said[0] ?? '', /line 2: memory is .*"512 MiB"/)
  }
  assert.match(read('[limits]\ncpu_seconds = "5 MB"\n').said[0] ?? '', /a number of seconds, 1 or more/)
})

test('a file that is no TOML is told with its line and counts as empty', () => {
  const { config, said } = read('[os_mode]\nport = = 3\n')
  assert.deepEqual(config, {})
  assert.match(said[0] ?? '', /^\.wasmrun\.toml, line 2, column \d+:/)
  assert.deepEqual(read('').config, {})
})

test('names of objects are no options, and nothing reaches a prototype', () => {
  const { config, said } = read(
    '[os_mode]\nconstructor = 1\n"__proto__" = { port = 1 }\ntoString = 2\n[__proto__]\nport = 3\n',
  )
  assert.deepEqual(config, {})
  assert.ok(said.length >= 3)
  assert.equal(({} as { port?: number }).port, undefined)
})

test('the address sets the same options and counts before the file', () => {
  const { config, said } = address(
    '?language=py&entry=app%2Fmain.py&watch&arg=-v&arg=a+b&port=3000&utm_source=x',
  )
  assert.deepEqual(said, [])
  assert.deepEqual(config, {
    language: 'python',
    entry: 'app/main.py',
    watch: true,
    args: ['-v', 'a b'],
    port: 3000,
  })
  assert.deepEqual(address('?watch=0').config, { watch: false })
  assert.equal(mergeConfigurations({ port: 1, watch: true }, address('?watch=false').config).watch, false)
  assert.match(address('?language=rubby').said[0] ?? '', /^In the address of this page, language is "rubby"/)
  assert.match(address('?langauge=go').said[0] ?? '', /langauge means nothing; did you mean language\?/)
  assert.match(address('?watch=maybe').said[0] ?? '', /watch is "maybe"/)
  assert.deepEqual(
    address('?env=A%3D1&limits=x&memory=1').config,
    {},
    'a link sets no variables and no limits',
  )
})

test('the configuration chooses the first way to run the project', () => {
  const files = { 'main.py': '', 'index.js': '', 'tools/seed.py': '', 'notes.txt': '' }
  const python = first({ ...files, '.wasmrun.toml': '[os_mode]\nlanguage = "python"\n' })
  assert.equal(python.target?.entry, 'main.py')
  const script = first({
    ...files,
    '.wasmrun.toml': '[os_mode]\nlanguage = "javascript"\nargs = ["x"]\nenv = { A = "1" }\n',
  })
  assert.deepEqual(
    [script.target?.command, script.target?.args, script.target?.env],
    ['qjs', ['index.js', 'x'], { A: '1' }],
  )
  const made = first({
    ...files,
    '.wasmrun.toml': '[os_mode]\nentry = "tools/seed.py"\n[limits]\nprocesses = 3\n',
  })
  assert.deepEqual(
    [made.target?.command, made.target?.args, made.target?.limits],
    ['python3', ['tools/seed.py'], { processes: 3 }],
  )
  assert.ok(made.candidates.length > 2, 'the others can still be chosen')
  const linked = first(files, { search: '?entry=tools/seed.py' })
  assert.equal(linked.target?.entry, 'tools/seed.py')
  assert.deepEqual(made.said.concat(script.said, python.said, linked.said), [])
})

test('an entry that is not there, or a language with nothing to run, is told and the project still runs', () => {
  const wrong = first({ 'src/app.py': '', 'main.py': '', '.wasmrun.toml': '[os_mode]\nentry = "app.py"\n' })
  assert.match(wrong.said[0] ?? '', /The entry app\.py is not in the project; did you mean src\/app\.py\?/)
  assert.equal(wrong.target?.entry, 'main.py')
  const other = first({ 'main.py': '', '.wasmrun.toml': '[os_mode]\nlanguage = "rust"\n' })
  assert.match(other.said[0] ?? '', /Nothing to run was found for Rust/)
  assert.equal(other.target?.language, 'python')
  const text = first({ 'notes.txt': 'x', '.wasmrun.toml': '[os_mode]\nentry = "notes.txt"\n' })
  assert.match(text.said[0] ?? '', /notes\.txt is no program of a language that is known here/)
})

test('a project without any configuration is found as before', () => {
  const { target, configuration, said } = first({ 'main.py': '' })
  assert.deepEqual([target?.command, configuration, said], ['python3', {}, []])
})

test('versions: the configuration counts first, and each candidate says why it has its version', () => {
  const runtimes = [
    { name: 'python', version: '3.12.0' },
    { name: 'python', version: '3.11.9' },
    { name: 'quickjs', version: '0.17.0' },
  ]
  const files = {
    'main.py': '',
    '.python-version': '3.12\n',
    '.wasmrun.toml': '[os_mode]\nversion = "3.11"\n',
  }
  const { target } = first(files, { runtimes })
  assert.equal(target?.runtime?.version, '3.11.9')
  assert.equal(target?.reason, 'Python 3.11.9 · main.py')
  assert.match(
    target?.explanation ?? '',
    /\.wasmrun\.toml asks for Python 3\.11: 3\.11\.9 is the newest that fits\./,
  )
  assert.match(
    target?.warnings.join() ?? '',
    /\.python-version asks for Python 3\.12, and \.wasmrun\.toml for 3\.11/,
  )
  const node = first({ 'index.js': '', '.nvmrc': '14' }, { runtimes }).target
  assert.match(
    node?.warnings.join() ?? '',
    /\.nvmrc asks for Node\.js 14, which is not to be had: QuickJS runs it instead/,
  )
  assert.equal(
    first({ 'main.py': '' }, {}).target?.runtime?.version,
    undefined,
    'without a catalogue it stays open',
  )
})

test('the scripts of package.json are ways to run the project', () => {
  const scripts = {
    start: 'node a.js',
    dev: 'node --watch b.js --port 1',
    test: 'jest',
    twice: 'node a.js',
    odd: 5,
  }
  const { candidates } = first({ 'package.json': JSON.stringify({ scripts }), 'a.js': '', 'b.js': '' })
  assert.deepEqual(
    candidates.map(({ args, reason, runnable }) => [runnable, args.join(' '), reason]),
    [
      [true, 'a.js', 'JavaScript · a.js'],
      [true, 'b.js --port 1', 'JavaScript · npm run dev'],
      [false, '', 'JavaScript · npm run test'],
    ],
  )
})

test('thousands of scripts, keys and long words cost no time', () => {
  const start = performance.now()
  const scripts = Object.fromEntries(
    Array.from({ length: 5000 }, (_each, index) => [`s${index}`, 'x '.repeat(200)]),
  )
  const keys = Array.from({ length: 3000 }, (_each, index) => `key${index} = 1`).join('\n')
  first({
    'package.json': JSON.stringify({ scripts }),
    '.wasmrun.toml': `[os_mode]\n${keys}\nlanguage = "${'x'.repeat(1e5)}"\n`,
  })
  assert.ok(performance.now() - start < 10_000)
})

test('a port reaches the program as PORT, unless a variable of that name says otherwise', () => {
  const files = { 'main.py': '' }
  const plain = first({ ...files, '.wasmrun.toml': '[os_mode]\nport = 3000\n' }).target
  assert.deepEqual(plain?.env, { PORT: '3000' })
  assert.match(plain?.explanation ?? '', /PORT is 3000\./)
  const both = first({
    ...files,
    '.wasmrun.toml': '[os_mode]\nport = 3000\nenv = { PORT = "80", A = "b" }\n',
  })
  assert.deepEqual(both.target?.env, { PORT: '80', A: 'b' })
  assert.doesNotMatch(both.target?.explanation ?? '', /PORT is/)
  assert.deepEqual(first(files, { search: '?port=81' }).target?.env, { PORT: '81' })
})

test('what a Go or Rust project asks for is in the reason although nothing is chosen, and nonsense is reported', () => {
  const go = first({ 'go.mod': 'module x\n\ngo 1.22\n', 'main.go': 'package main\n', 'main.wasm': '' })
  assert.match(
    go.target?.explanation ?? '',
    /"go" of go\.mod asks for Go 1\.22: the version counts where it is built/,
  )
  const rust = { 'Cargo.toml': '[package]\nname = "x"\n', 'src/main.rs': '' }
  assert.match(
    first({ ...rust, 'rust-toolchain': '1.75\n' }).target?.explanation ?? '',
    /rust-toolchain asks for Rust 1\.75/,
  )
  assert.deepEqual(first({ ...rust, 'rust-toolchain.toml': '[toolchain]\nchannel = "fast"\n' }).said, [
    'rust-toolchain.toml, line 2: "fast" is no version of Rust that can be understood; it does not count.',
  ])
  assert.deepEqual(first({ 'go.mod': 'module x\ngo next\n', 'main.go': 'package main\n' }).said, [
    'go.mod, line 2: "next" is no version of Go that can be understood; it does not count.',
  ])
})
