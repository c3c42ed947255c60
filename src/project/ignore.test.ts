import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { createIgnoreScope, type IgnoreRules, type IgnoreScope, parseIgnore } from './ignore.ts'

/** mulberry32: a small seeded generator, so that a failing case can be run again. */
function createRandom(seed: number): (below: number) => number {
  let state = seed
  return (below) => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return Math.floor((((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32) * below)
  }
}

type Random = ReturnType<typeof createRandom>
const pick = <T>(random: Random, list: readonly T[]): T => list[random(list.length)] as T

const NAMES = [
  'a',
  'b',
  'ab',
  'foo',
  'foo.o',
  'bar.js',
  'A',
  '!x',
  '#y',
  'x y',
  'z ',
  'é',
  'a[b]',
  'a-b',
  '.c',
  'q\\r',
  '1',
]
const PIECES = [
  ...NAMES,
  '*',
  '**',
  '***',
  '?',
  '??',
  '*.o',
  '*.js',
  'f*',
  '*o',
  'a*b',
  '[ab]',
  '[!a]',
  '[^b]*',
  '[a-c]',
  '[[:alpha:]]',
  '[[:digit:]]',
  '[]a]',
  '[a\\]]',
  '[',
  '[a',
  'a\\',
  '\\a',
  '\\*',
  '\\!x',
  '\\#y',
  'a\\[b]',
  'foo**',
  '**o',
  '[[:nope:]]',
  '[a-]',
  '[!-a]',
  'q\\\\r',
  '[[:alpha:]',
  '[\\a-\\c]',
  '*\\ ',
  'b\\/a',
]
const ENDS = ['', '', '', '', '/', ' ', '  ', '\\ ', '\t', '\r', ' \r', '//', '/*', '/**', '\\']
const STARTS = ['', '', '', '', '/', '!', '!', '!/', '**/', '#', '\\#', '\\!', '/**/', ' ', '//', './']

function randomLine(random: Random): string {
  const pieces = Array.from({ length: 1 + random(10) / 4 }, () => pick(random, PIECES))
  const text = pieces.join(random(8) === 0 ? '' : '/')
  return random(20) === 0
    ? pick(random, ['', ' ', '/', '!', '# x', '\r', '**'])
    : pick(random, STARTS) + text + pick(random, ENDS)
}

interface Tree {
  paths: Map<string, 'file' | 'directory'>
  ignores: Map<string, string>
}

function randomTree(random: Random): Tree {
  const tree: Tree = { paths: new Map(), ignores: new Map() }
  const grow = (base: string, level: number): void => {
    if (level === 0 || random(3) === 0) tree.ignores.set(base, randomIgnore(random))
    for (const name of NAMES) {
      if (random(level === 0 ? 2 : 3) !== 0) continue
      const isDirectory = level < 3 && random(2) === 0
      tree.paths.set(base + name, isDirectory ? 'directory' : 'file')
      if (isDirectory) grow(`${base}${name}/`, level + 1)
    }
  }
  grow('', 0)
  return tree
}

function randomIgnore(random: Random): string {
  const lines = Array.from({ length: 1 + random(7) }, () => randomLine(random))
  return (
    (random(10) === 0 ? '\ufeff' : '') +
    lines.join(random(6) === 0 ? '\r\n' : '\n') +
    (random(2) === 0 ? '\n' : '')
  )
}

const enter = (scope: IgnoreScope, name: string, rules?: IgnoreRules): IgnoreScope =>
  rules === undefined ? scope.enter(name) : scope.enter(name).withRules(rules)

/** A path is answered by a walk from the root, as the loader does: below an ignored folder everything is ignored. */
function ignoredByUs(tree: Tree): Set<string> {
  const ignored = new Set<string>()
  const rulesOf = (base: string) => {
    const text = tree.ignores.get(base)
    return text === undefined ? undefined : parseIgnore(text)
  }
  const scopes = new Map<string, IgnoreScope>([['', createIgnoreScope(rulesOf(''))]])
  for (const [path, kind] of tree.paths) {
    const slash = path.lastIndexOf('/')
    const [parent, name] = [path.slice(0, Math.max(slash, 0)), path.slice(slash + 1)]
    const scope = scopes.get(parent)
    if (scope === undefined || scope.decide(name, kind === 'directory')?.ignored === true) ignored.add(path)
    else if (kind === 'directory') scopes.set(path, enter(scope, name, rulesOf(`${path}/`)))
  }
  return ignored
}

/** One repository holds all trees, each in a folder of its own that has no pattern above it. */
function ignoredByGit(root: string, trees: ReadonlyMap<number, Tree>): Set<string> {
  assert.equal(spawnSync('git', ['init', '-q', root]).status, 0, 'git is needed to run this test')
  const asked: string[] = []
  for (const [seed, tree] of trees) {
    mkdirSync(join(root, `${seed}`))
    for (const [path, kind] of tree.paths) {
      asked.push(`${seed}/${path}`)
      if (kind === 'directory') mkdirSync(join(root, `${seed}`, path))
      else writeFileSync(join(root, `${seed}`, path), '')
    }
    for (const [base, text] of tree.ignores) writeFileSync(join(root, `${seed}`, base, '.gitignore'), text)
  }
  const run = spawnSync(
    'git',
    ['-c', 'core.ignoreCase=false', 'check-ignore', '--no-index', '-z', '--stdin'],
    {
      cwd: root,
      input: asked.join('\0'),
      encoding: 'utf8',
      maxBuffer: 2 ** 28,
      env: { ...process.env, GIT_CONFIG_GLOBAL: '/dev/null', GIT_CONFIG_SYSTEM: '/dev/null' },
    },
  )
  assert.ok(run.status === 0 || run.status === 1, `git check-ignore: ${run.error?.message ?? run.stderr}`)
  return new Set(run.stdout.split('\0').filter((path) => path !== ''))
}

/** More for a long run: IGNORE_ROUNDS=2000 */
const ROUNDS = Number(process.env.IGNORE_ROUNDS ?? 40)

test(`${ROUNDS} random trees with random .gitignore files at every level are ignored as git check-ignore says`, () => {
  const trees = new Map(
    Array.from({ length: ROUNDS }, (_, seed) => [seed, randomTree(createRandom(seed))] as const),
  )
  const root = mkdtempSync(join(tmpdir(), 'ignore-'))
  try {
    const git = ignoredByGit(root, trees)
    let asked = 0
    for (const [seed, tree] of trees) {
      const ours = ignoredByUs(tree)
      asked += tree.paths.size
      for (const path of tree.paths.keys()) {
        const patterns = JSON.stringify([...tree.ignores])
        assert.equal(
          ours.has(path),
          git.has(`${seed}/${path}`),
          `seed ${seed}: ${JSON.stringify(path)} in ${patterns}`,
        )
      }
    }
    assert.ok(git.size > asked / 20 && git.size < asked * 0.95, `a fair mix: ${git.size} of ${asked}`)
  } finally {
    rmSync(root, { recursive: true, force: true })
  }
})

test('a decision names the pattern, its file and its line', () => {
  const scope = createIgnoreScope(parseIgnore('# logs\r\n*.log\r\n!keep.log\r\n', 'docs/.gitignore'))
  assert.deepEqual(scope.decide('a.log', false), {
    ignored: true,
    pattern: '*.log',
    label: 'docs/.gitignore',
    line: 2,
  })
  assert.deepEqual(scope.decide('keep.log', false)?.ignored, false)
  assert.equal(scope.decide('a.txt', false), undefined)
})

test('the defaults are weaker than any .gitignore', () => {
  const scope = createIgnoreScope(undefined, parseIgnore('*.o\n/top'))
  assert.equal(scope.decide('x.o', false)?.ignored, true)
  const inner = scope.enter('lib').withRules(parseIgnore('!x.o'))
  assert.equal(inner.decide('x.o', false)?.ignored, false)
  assert.equal(inner.decide('y.o', false)?.ignored, true)
  assert.equal(inner.decide('top', false), undefined)
})

test('a hostile pattern costs pattern times text, not an exponential', () => {
  const scope = createIgnoreScope(
    parseIgnore(`${'a*'.repeat(100)}b\n${'**/a*'.repeat(60)}/b\n${'[a-z]*?'.repeat(60)}!`),
  )
  const started = performance.now()
  let inside = scope
  for (let level = 0; level < 15; level++) inside = inside.enter('a'.repeat(250))
  assert.equal(inside.decide('a'.repeat(255), false), undefined)
  assert.ok(performance.now() - started < 5000)
})
