import assert from 'node:assert/strict'
import { test } from 'node:test'
import { encodeText } from '../lib/bytes.ts'
import { detect } from './detect.ts'
import type { Detection, RunTarget } from './target.ts'
import type { ProjectView } from './view.ts'
import { inspectWasm } from './wasm-facts.ts'

type Files = Record<string, string | Uint8Array>

function view(files: Files, times: Record<string, bigint> = {}): ProjectView {
  const bytes = new Map(
    Object.entries(files).map(([path, data]) => [path, typeof data === 'string' ? encodeText(data) : data]),
  )
  return {
    paths: Array.from(bytes, ([path, data]) => ({ path, size: data.length, modifiedNs: times[path] ?? 0n })),
    readText: (path) => (bytes.has(path) ? new TextDecoder().decode(bytes.get(path)) : undefined),
    readBytes: (path) => bytes.get(path),
  }
}

function best(files: Files, times?: Record<string, bigint>): RunTarget {
  const [target] = detect(view(files, times)).candidates
  assert.ok(target, 'nothing was detected')
  return target
}

const commandOf = ({ command, args }: RunTarget): string => [command, ...args].join(' ')

const vector = (...parts: number[][]): number[] => [parts.length, ...parts.flat()]
const name = (text: string): number[] => [text.length, ...encodeText(text)]
const section = (id: number, body: number[]): number[] => [id, body.length, ...body]
const HEADER = [0, 0x61, 0x73, 0x6d, 1, 0, 0, 0]

interface Shape {
  imports?: [string, string][]
  exports?: string[]
  processedBy?: [string, string][]
}

/** A module of sections only; it is looked at, not run. */
function wasm({
  imports = [['wasi_snapshot_preview1', 'fd_write']],
  exports = ['_start'],
  processedBy = [],
}: Shape = {}): Uint8Array {
  const producers = vector([
    ...name('processed-by'),
    ...vector(...processedBy.map((pair) => pair.flatMap(name))),
  ])
  return new Uint8Array([
    ...HEADER,
    ...section(2, vector(...imports.map((pair) => [...pair.flatMap(name), 0, 0]))),
    ...section(7, vector(...exports.map((text) => [...name(text), 0, 0]))),
    ...(processedBy.length === 0 ? [] : section(0, [...name('producers'), ...producers])),
  ])
}

test('a bare main.py runs on Python', () => {
  const target = best({ 'main.py': 'print(1)', 'data.txt': '' })
  assert.equal(commandOf(target), 'python3 main.py')
  assert.deepEqual(target.runtime, { name: 'python' })
  assert.equal(target.cwd, '.')
  assert.equal(target.reason, 'Python 3.12 · main.py')
  assert.ok(target.runnable)
  assert.deepEqual(target.warnings, [])
})

test('a single *.py runs whatever its name is, and setup.py is not taken for a program', () => {
  assert.equal(commandOf(best({ 'weird name.py': '' })), 'python3 weird name.py')
  assert.equal(commandOf(best({ '-c.py': '' })), 'python3 ./-c.py')
  assert.deepEqual(detect(view({ 'setup.py': '' })).candidates, [])
  assert.equal(
    commandOf(best({ 'a.py': '', 'b.py': 'if __name__ == "__main__":\n  pass', 'conftest.py': '' })),
    'python3 b.py',
  )
})

test('packages, app.py and files in src are found', () => {
  assert.equal(commandOf(best({ 'tool/__init__.py': '', 'tool/__main__.py': '' })), 'python3 -m tool')
  assert.deepEqual(best({ 'src/tool/__main__.py': '' }).env, { PYTHONPATH: 'src' })
  assert.equal(commandOf(best({ 'app.py': '', 'models.py': '' })), 'python3 app.py')
  assert.equal(commandOf(best({ '__main__.py': '', 'x.py': '' })), 'python3 __main__.py')
  assert.equal(commandOf(best({ 'requirements.txt': '', 'src/main.py': '' })), 'python3 src/main.py')
})

test('a script of pyproject.toml is called as its installed command would be', () => {
  const toml = '[project]\nname = "demo"\n[project.scripts]\ndemo = "demo.cli:app.run"\n'
  const target = best({ 'pyproject.toml': toml, 'src/demo/cli.py': '', 'main.py': '' })
  assert.equal(target.reason, 'Python 3.12 · demo from pyproject.toml')
  assert.deepEqual(target.args, [
    '-c',
    'import sys\nsys.argv[0] = "demo"\nfrom demo.cli import app\nsys.exit(app.run())',
  ])
  assert.deepEqual(target.env, { PYTHONPATH: 'src' })
  assert.equal(target.entry, 'src/demo/cli.py')
  const poetry = '[tool.poetry.scripts]\nx = "pkg:main"\n[tool.poetry.dependencies]\npython = "^3.12"\n'
  assert.match(commandOf(best({ 'pyproject.toml': poetry, 'pkg/__init__.py': '' })), /from pkg import main/)
  const hostile = '[project.scripts]\nx = "os; import evil:main"\ny = 5\n'
  assert.equal(commandOf(best({ 'pyproject.toml': hostile, 'main.py': '' })), 'python3 main.py')
})

test('packages that are not there and a Python that is not ours are warnings', () => {
  const requirements = '# web\nflask==3.0\nrequests[socks]>=2 ; python_version > "3"\n-r other.txt\n\n'
  assert.match(
    best({ 'main.py': '', 'requirements.txt': requirements }).warnings[0] ?? '',
    /not installed here: flask, requests\./,
  )
  const wants = (text: string): readonly string[] => {
    const files = { 'main.py': '', 'pyproject.toml': `[project]\nrequires-python = "${text}"` }
    const { candidates, problems } = detect(view(files), {
      runtimes: [{ name: 'python', version: '3.12.0' }],
    })
    assert.deepEqual(problems, [])
    assert.equal(candidates[0]?.runtime?.version, '3.12.0')
    return candidates[0]?.warnings ?? []
  }
  for (const fine of ['>=3.8', '>=3.12', '~=3.10', '<4', '>=3.10,<3.13', '==3.12.*', '>3.11', ''])
    assert.deepEqual(wants(fine), [], fine)
  for (const other of ['>=3.13', '<3.12', '==3.11.*', '~=3.11.2', '>3.12', '>=3.12.1'])
    assert.match(
      wants(other)[0] ?? '',
      /asks for Python .* which is not to be had \(only 3\.12\.0 is\)/,
      other,
    )
})

test('a malformed pyproject.toml is named with its line, and the rest of the project is still found', () => {
  const { candidates, problems } = detect(
    view({ 'pyproject.toml': '[project]\nname = "x"\nversion = = 1\n', 'main.py': '' }),
  )
  assert.equal(problems[0]?.path, 'pyproject.toml')
  assert.equal(problems[0]?.line, 3)
  assert.match(problems[0]?.message ?? '', /^pyproject.toml, line 3, column \d+: /)
  assert.equal(candidates[0]?.command, 'python3')
})

test('bare index.js, main.js and *.mjs run on QuickJS', () => {
  assert.equal(commandOf(best({ 'index.js': '' })), 'qjs index.js')
  assert.equal(commandOf(best({ 'main.js': '', 'src/x.js': '' })), 'qjs main.js')
  assert.equal(commandOf(best({ 'tool.mjs': '' })), 'qjs tool.mjs')
  assert.deepEqual(best({ 'index.js': '' }).runtime, { name: 'quickjs' })
  assert.match(best({ 'index.js': '' }).explanation, /Node's own library is not there yet/)
})

test('package.json says what starts, with its arguments', () => {
  const start = (json: unknown, files: Files = {}): RunTarget =>
    best({ 'package.json': JSON.stringify(json), 'index.js': '', ...files })
  assert.equal(
    commandOf(
      start(
        { scripts: { start: 'node --enable-source-maps -r x lib/run.js --port "80 80"' } },
        { 'lib/run.js': '' },
      ),
    ),
    'qjs lib/run.js --port 80 80',
  )
  assert.equal(commandOf(start({ main: './lib' }, { 'lib/index.js': '' })), 'qjs lib/index.js')
  assert.equal(commandOf(start({ main: 'lib/a' }, { 'lib/a.js': '' })), 'qjs lib/a.js')
  assert.equal(commandOf(start({ bin: { x: 'cli.mjs' } }, { 'cli.mjs': '' })), 'qjs cli.mjs')
  assert.equal(commandOf(start({ exports: { '.': { import: './m.mjs' } } }, { 'm.mjs': '' })), 'qjs m.mjs')
  assert.match(start({ type: 'module', main: 'index.js' }).explanation, /as a module/)
  assert.equal(commandOf(start({ main: 5, bin: [], scripts: 'x', dependencies: null })), 'qjs index.js')
  assert.equal(commandOf(start({ main: '../../etc/passwd' })), 'qjs index.js')
})

test('what Node alone can do is said beforehand', () => {
  const target = best({
    'package.json': '{"main":"index.js","dependencies":{"express":"4"}}',
    'index.js': "const e = require('express')",
  })
  assert.match(target.warnings[0] ?? '', /not installed here: express/)
  assert.match(target.warnings[1] ?? '', /uses Node's own library/)
  assert.deepEqual(best({ 'index.js': "import { x } from './x.js'\nconsole.log(x)" }).warnings, [])
  const vite = best({ 'package.json': '{"scripts":{"start":"vite --host"}}' })
  assert.equal(vite.runnable, false)
  assert.match(vite.hint ?? '', /`vite --host` needs Node/)
  const dist = best({ 'package.json': '{"main":"dist/index.js"}', 'src/index.ts': '' })
  assert.equal(dist.runnable, false)
  assert.match(dist.hint ?? '', /names dist\/index.js, and that file is not there.*npm run build/)
  assert.match(best({ 'package.json': '{"main":"a.ts"}', 'a.ts': '' }).hint ?? '', /TypeScript/)
})

test('a malformed package.json is named with line and column, and index.js is still found', () => {
  const { candidates, problems } = detect(view({ 'package.json': '{\n  "name": "x",\n}', 'index.js': '' }))
  assert.deepEqual(
    problems.map(({ path, line, column }) => [path, line, column]),
    [['package.json', 3, 1]],
  )
  assert.match(problems[0]?.message ?? '', /^package.json, line 3, column 1: .*Correct it/)
  assert.equal(candidates[0]?.command, 'qjs')
  assert.equal(detect(view({ 'web/package.json': '{' })).problems[0]?.path, 'web/package.json')
  for (const odd of ['null', '[]', '5', '"x"', '{"__proto__":{"main":"x"}}', ''])
    assert.doesNotThrow(() => detect(view({ 'package.json': odd })))
})

const CARGO = '[package]\nname = "my-app"\nversion = "0.1.0"\n'

test('a Cargo project without a built program says how to build one', () => {
  const target = best({ 'Cargo.toml': CARGO, 'src/main.rs': '' })
  assert.equal(target.runnable, false)
  assert.equal(target.language, 'rust')
  assert.match(target.hint ?? '', /cargo build --release --target wasm32-wasip1/)
  assert.equal(detect(view({ 'Cargo.toml': CARGO, 'src/main.rs': '' })).candidates.length, 1)
  assert.match(best({ 'main.rs': '' }).hint ?? '', /rustc --target wasm32-wasip1/)
})

test('release is preferred over debug, WASI over other targets, and then the newest', () => {
  const p1 = 'target/wasm32-wasip1'
  const files = (...paths: string[]): Files => ({
    'Cargo.toml': CARGO,
    'src/main.rs': '',
    ...Object.fromEntries(paths.map((path) => [path, wasm()])),
  })
  assert.equal(
    commandOf(best(files(`${p1}/debug/my-app.wasm`, `${p1}/release/my-app.wasm`))),
    `./${p1}/release/my-app.wasm`,
  )
  assert.equal(commandOf(best(files(`${p1}/debug/my-app.wasm`))), `./${p1}/debug/my-app.wasm`)
  assert.equal(
    commandOf(best(files('target/wasm32-unknown-unknown/release/my-app.wasm', `${p1}/debug/my-app.wasm`))),
    `./${p1}/debug/my-app.wasm`,
  )
  assert.equal(
    commandOf(best(files('target/wasm32-wasi/release/my-app.wasm', `${p1}/release/my-app.wasm`))),
    `./${p1}/release/my-app.wasm`,
  )
  assert.equal(best(files(`${p1}/release/my-app.wasm`)).reason, 'Rust · my-app (release)')
})

test('the default program of Cargo.toml comes first, and members of a workspace are known', () => {
  const built = (...names: string[]): Files =>
    Object.fromEntries(names.map((text) => [`target/wasm32-wasip1/release/${text}.wasm`, wasm()]))
  const bins =
    '[package]\nname = "many"\ndefault-run = "second"\n[[bin]]\nname = "first"\npath = "a.rs"\n[[bin]]\nname = "second"\npath = "b.rs"\n'
  const { candidates } = detect(view({ 'Cargo.toml': bins, ...built('first', 'second', 'zother') }))
  assert.deepEqual(
    candidates.map(({ entry }) => entry.split('/').at(-1)),
    ['second.wasm', 'first.wasm', 'zother.wasm'],
  )
  const workspace = {
    'Cargo.toml': '[workspace]\nmembers = ["crates/*"]\n',
    'crates/app/Cargo.toml': '[package]\nname = "app"',
    'crates/app/src/main.rs': '',
  }
  assert.equal(
    detect(view({ ...workspace, ...built('alib', 'app') })).candidates[0]?.entry,
    'target/wasm32-wasip1/release/app.wasm',
  )
  assert.match(best(workspace).reason, /app, not built yet/)
})

test('a program older than its sources gets a warning', () => {
  const path = 'target/wasm32-wasip1/release/my-app.wasm'
  const files = { 'Cargo.toml': CARGO, 'src/main.rs': '', [path]: wasm() }
  assert.match(best(files, { [path]: 5n, 'src/main.rs': 9n }).warnings[0] ?? '', /src\/main.rs is newer/)
  assert.deepEqual(best(files, { [path]: 9n, 'src/main.rs': 5n }).warnings, [])
})

test('a bare main.go says how to build it, and a built main.wasm runs', () => {
  const source = 'package main\n\nfunc main() {}\n'
  const bare = best({ 'main.go': source })
  assert.equal(bare.runnable, false)
  assert.match(bare.hint ?? '', /`GOOS=wasip1 GOARCH=wasm go build -o main.wasm`/)
  const built = best({
    'go.mod': 'module example.com/demo\n\ngo 1.22\n',
    'main.go': source,
    'main.wasm': wasm({
      processedBy: [
        ['Go cmd/compile', 'go1.26.8'],
        ['Go', 'go1.26.8'],
      ],
    }),
  })
  assert.equal(commandOf(built), './main.wasm')
  assert.equal(built.reason, 'Go 1.26.8 · main.wasm')
  const tiny = best({
    'main.go': source,
    'main.wasm': wasm({
      processedBy: [
        ['clang', '19'],
        ['TinyGo', '0.39.0'],
      ],
    }),
  })
  assert.equal(tiny.language, 'tinygo')
  assert.match(
    best({ 'go.mod': 'module x', 'cmd/tool/main.go': source }).hint ?? '',
    /-o main.wasm \.\/cmd\/tool`/,
  )
  assert.deepEqual(detect(view({ 'go.mod': 'module lib', 'lib.go': 'package lib' })).candidates, [])
  assert.equal(bare.entry, 'main.go')
  assert.equal(best({ 'hello.go': source, 'a_test.go': source }).entry, 'hello.go', 'the file that is there')
  assert.equal(best({ 'go.mod': 'module x', 'cmd/tool/run.go': source }).entry, 'cmd/tool/run.go')
  assert.equal(best({ 'a.go': source, 'main.go': source }).entry, 'main.go')
})

test('any .wasm runs, and one that cannot says why', () => {
  assert.equal(commandOf(best({ 'some tool.wasm': wasm() })), './some tool.wasm')
  assert.equal(
    best({ 'x.wasm': wasm({ processedBy: [['rustc', '1.95.0 (abc)']] }) }).reason,
    'Rust 1.95.0 · x.wasm',
  )
  const hint = (bytes: Uint8Array): string => {
    const target = best({ 'x.wasm': bytes })
    assert.equal(target.runnable, false)
    return target.hint ?? ''
  }
  assert.match(hint(wasm({ imports: [['env', 'js_alert']] })), /needs env.js_alert, which WASI does not have/)
  assert.match(hint(wasm({ exports: ['add'] })), /no _start/)
  assert.match(hint(wasm().slice(0, 20)), /damaged/)
  assert.match(hint(encodeText('<html>')), /damaged or no WebAssembly/)
  assert.match(hint(new Uint8Array([0, 0x61, 0x73, 0x6d, 0x0d, 0, 1, 0])), /component/)
})

test('a program may use what the machine has besides WASI: its own imports by their names, threads and their memory', () => {
  const run = (...imports: [string, string][]): boolean => best({ 'x.wasm': wasm({ imports }) }).runnable
  assert.equal(run(['wasmrun', 'send'], ['wasmrun', 'port_open']), true)
  assert.equal(run(['wasmrun', 'sell']), false)
  assert.equal(run(['wasi', 'thread-spawn']), true)
  assert.equal(run(['wasi', 'thread-join']), false)
  const memory = (flags: number): boolean => {
    const body = [1, ...name('env'), ...name('memory'), 2, flags, 1, 2]
    const bytes = [...HEADER, ...section(2, body), ...section(7, vector([...name('_start'), 0, 0]))]
    return best({ 'x.wasm': new Uint8Array(bytes) }).runnable
  }
  assert.deepEqual([memory(3), memory(1)], [true, false])
})

test('a .wasm cut off or changed anywhere is an answer, not a crash', () => {
  const bytes = wasm({ processedBy: [['rustc', '1']] })
  for (let at = 0; at < bytes.length; at++) {
    inspectWasm(bytes.slice(0, at))
    for (const value of [0, 0x7f, 0x80, 0xff])
      inspectWasm(bytes.map((byte, index) => (index === at ? value : byte)))
  }
  assert.equal(inspectWasm(bytes).kind, 'program')
})

test('a page of files says that there is nothing to run', () => {
  const target = best({ 'index.html': '<p>', 'style.css': '' })
  assert.equal(target.language, 'web')
  assert.equal(target.runnable, false)
})

test('mixed projects: what is meant to be run comes first', () => {
  const first = (files: Files): string => best(files).reason
  assert.match(first({ 'main.py': '', 'package.json': '{"devDependencies":{"prettier":"3"}}' }), /main.py/)
  assert.match(
    first({ 'index.html': '<script src="main.js"></script>', 'main.js': '', 'main.py': '' }),
    /main.py/,
  )
  assert.match(first({ 'index.html': '<script src="main.js"></script>', 'main.js': '' }), /index.html/)
  assert.match(first({ 'Cargo.toml': CARGO, 'src/main.rs': '', 'gen.py': '' }), /my-app, not built/)
  assert.match(
    first({
      'Cargo.toml': CARGO,
      'src/main.rs': '',
      'main.py': '',
      'target/wasm32-wasip1/release/my-app.wasm': wasm(),
    }),
    /my-app \(release\)/,
  )
  assert.match(
    first({
      'go.mod': 'module x',
      'main.go': 'package main',
      'package.json': '{"main":"web.js"}',
      'web.js': '',
    }),
    /web.js/,
  )
  assert.match(
    first({
      'backend/main.py': '',
      'frontend/package.json': '{"scripts":{"start":"vite"}}',
      'README.md': '',
    }),
    /main.py in backend/,
  )
})

test('a program in a folder runs in that folder', () => {
  const target = best({ 'one/main.py': '', 'two/index.js': '' })
  assert.deepEqual([target.cwd, target.entry, commandOf(target)], ['one', 'one/main.py', 'python3 main.py'])
})

test('nothing recognised is no candidate, and no candidate stands twice', () => {
  assert.deepEqual(detect(view({})), {
    candidates: [],
    problems: [],
    configuration: {},
  } satisfies Detection)
  assert.deepEqual(detect(view({ 'README.md': 'x' })).candidates, [])
  const { candidates } = detect(
    view({ 'package.json': '{"main":"index.js","bin":"./index.js"}', 'index.js': '', 'src/main.py': '' }),
  )
  assert.equal(candidates.length, new Set(candidates.map((target) => `${target.cwd}/${target.entry}`)).size)
})

test('manifests made to hurt are an answer too', () => {
  const deep = '['.repeat(50_000)
  const { problems } = detect(
    view({
      'pyproject.toml': `a = ${deep}`,
      'package.json': deep,
      'Cargo.toml': `x = ${deep}`,
      'main.py': '',
    }),
  )
  assert.equal(problems.length, 3)
  const members = JSON.stringify(Array.from({ length: 2000 }, (_, n) => `${'*'.repeat(50)}${n}`))
  const crates = Object.fromEntries(Array.from({ length: 2000 }, (_, n) => [`c/${n}/Cargo.toml`, CARGO]))
  // Four million pairs of a pattern and a folder: what would compare them with backtracking would not come back.
  const many = detect(view({ 'Cargo.toml': `[workspace]\nmembers = ${members}\n`, ...crates }))
  assert.deepEqual(many.problems, [])
})
