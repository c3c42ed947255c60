import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ancestors, dirname } from '../lib/path.ts'
import { decide, type SyncAction, type SyncNode, type SyncWay } from './sync.ts'
import { createSyncRules, isNever, viewOf } from './sync-view.ts'

type Tree = Map<string, SyncNode>

const FOLDER: SyncNode = { kind: 'directory' }
const file = (hash: string): SyncNode => ({ kind: 'file', hash, size: hash.length })

const treeOf = (files: Record<string, string | null>): Tree => {
  const tree: Tree = new Map()
  for (const [path, hash] of Object.entries(files)) {
    for (const parent of ancestors(path)) tree.set(parent, FOLDER)
    tree.set(path, hash === null ? FOLDER : file(hash))
  }
  return tree
}

const both = (): SyncWay => 'both'
const short = (action: SyncAction): string =>
  `${action.type} ${action.path}${action.type === 'aside' ? ` ${action.to}` : ''}`

const decided = (
  base: Record<string, string | null>,
  ours: Record<string, string | null>,
  theirs: Record<string, string | null>,
  way = both as (path: string) => SyncWay,
): string[] =>
  decide({ base: treeOf(base), ours: treeOf(ours), theirs: treeOf(theirs), way }).actions.map(short)

test('sides that agree need nothing, whatever base was', () => {
  assert.deepEqual(decided({ a: '1' }, { a: '2', d: null }, { a: '2', d: null }), [])
})

test('a change on one side goes to the other', () => {
  assert.deepEqual(decided({ a: '1', b: '1' }, { a: '2', b: '1' }, { a: '1', b: '2' }), ['give a', 'take b'])
})

test('a change on both sides keeps both: the disk has the name', () => {
  assert.deepEqual(decided({ 'a.js': '1' }, { 'a.js': '2' }, { 'a.js': '3' }), [
    'aside a.js a.js.mine',
    'take a.js',
  ])
  assert.deepEqual(decided({ a: '1' }, { a: '2', 'a.mine': '9' }, { a: '3', 'a.mine': '9' }), [
    'aside a a.mine.2',
    'take a',
  ])
})

test('a removal goes to the other side, and loses against a change', () => {
  assert.deepEqual(decided({ a: '1', b: '1' }, { b: '1' }, { a: '1' }), ['remove-there a', 'remove-here b'])
  assert.deepEqual(decided({ a: '1', b: '1' }, { b: '2' }, { a: '2' }), ['take a', 'give b'])
})

test('without a base nothing is ever removed', () => {
  assert.deepEqual(decided({}, { a: '1' }, { b: '1' }), ['give a', 'take b'])
})

test('a folder goes with what is in it, deepest first, unless something stays', () => {
  assert.deepEqual(decided({ 'd/e/f': '1' }, {}, { 'd/e/f': '1' }), [
    'remove-there d/e/f',
    'remove-there d/e',
    'remove-there d',
  ])
  assert.deepEqual(decided({ 'd/f': '1' }, {}, { 'd/f': '1', 'd/new': '1' }), [
    'make-here d',
    'take d/new',
    'remove-there d/f',
  ])
})

test('what a rename has made is safe before its old name goes, except where the disk may take both for one', () => {
  assert.deepEqual(decided({ old: '1' }, { new: '1' }, { old: '1' }), ['give new', 'remove-there old'])
  assert.deepEqual(decided({ File: '1' }, { file: '1' }, { File: '1' }), ['remove-there File', 'give file'])
})

test('a file that became a folder on one side does so on the other', () => {
  assert.deepEqual(decided({ x: '1' }, { 'x/y': '2' }, { x: '1' }), [
    'remove-there x',
    'make-there x',
    'give x/y',
  ])
  assert.deepEqual(decided({ 'x/y': '2' }, { 'x/y': '2' }, { x: '1' }), [
    'remove-here x/y',
    'remove-here x',
    'take x',
  ])
})

test('a folder here and a file there, both changed: ours moves aside whole', () => {
  assert.deepEqual(decided({ 'x/y': '1' }, { 'x/y': '2' }, { x: '3' }), ['aside x x.mine'])
  assert.deepEqual(decided({ x: '1' }, { x: '2' }, { 'x/y': '3' }), ['aside x x.mine'])
})

test('an empty file that was never in step gives way', () => {
  assert.deepEqual(decided({}, { a: '12' }, { a: '' }), ['give a'])
  assert.deepEqual(decided({}, { a: '' }, { a: '12' }), ['take a'])
})

test('inward: the disk is only read, and what changed here is told', () => {
  const inward = (): SyncWay => 'inward'
  assert.deepEqual(decided({ a: '1' }, { a: '2', n: '1' }, { a: '1' }, inward), [])
  assert.deepEqual(decided({ a: '1' }, {}, { a: '1' }, inward), [])
  assert.deepEqual(decided({ a: '1' }, { a: '2' }, { a: '3' }, inward), ['aside a a.mine', 'take a'])
  const { held } = decide({
    base: treeOf({ a: '1', d: null }),
    ours: treeOf({ n: '1' }),
    theirs: treeOf({ a: '1', d: null }),
    way: inward,
  })
  assert.deepEqual([...held].sort(), ['a', 'd', 'n'])
})

test('a link of the machine stays there, and nothing goes through it', () => {
  const ours: Tree = new Map([['link', { kind: 'other' }]])
  const decision = decide({ base: treeOf({}), ours, theirs: treeOf({ 'link/a': '1' }), way: both })
  assert.deepEqual(decision.actions, [])
  assert.deepEqual(decision.blocked, ['link'])
})

test('a name that would get too long for its ending loses its end', () => {
  const long = 'ä'.repeat(127)
  const { actions } = decide({
    base: treeOf({}),
    ours: treeOf({ [long]: '1' }),
    theirs: treeOf({ [long]: '2' }),
    way: both,
  })
  const [aside] = actions
  assert.equal(aside?.type === 'aside' && aside.to, `${'ä'.repeat(125)}.mine`)
})

test('ignored paths of either side take no part; finished programs come in', () => {
  const rules = createSyncRules({})
  const encode = (text: string): Uint8Array => new TextEncoder().encode(text)
  rules.put('ours', '', encode('*.log\n'))
  rules.put('theirs', 'src', encode('/made\n'))
  assert.equal(rules.way('a.log', false), 'none')
  assert.equal(rules.way('src/made', true), 'none')
  assert.equal(rules.way('made', true), 'both')
  assert.equal(rules.way('node_modules', true), 'none')
  assert.equal(rules.way('node_modules/x/y.js', false), 'none')
  assert.equal(rules.way('target/debug/app', false), 'none')
  assert.equal(rules.way('target/wasm32-wasip1/release/app.wasm', false), 'inward')
  assert.equal(rules.way('target/wasm32-wasip1/release/deps/app.wasm', false), 'none')
  rules.put('ours', '', null)
  assert.equal(rules.way('a.log', false), 'both')
})

test('version control is never touched, however it is written and whatever a project says', () => {
  const rules = createSyncRules({ defaultsOff: ['version-control'] })
  rules.put('ours', '', new TextEncoder().encode('!.git\n!.GIT/\n'))
  for (const name of ['.git', '.GIT', '.git.', '.git ', 'git~1', '.g\u200cit', '.hg', 'x.crswap'])
    assert.ok(isNever(name) && rules.way(name, true) === 'none', name)
  assert.equal(rules.way('.git/hooks/pre-commit', false), 'none')
  assert.equal(rules.way('.gitignore', false), 'both')
})

test('a folder with nothing but ignored things in it is neither made nor removed on the other side', () => {
  const rules = createSyncRules({})
  const look = (tree: Tree): Tree => viewOf(tree, rules.way)
  const ours = treeOf({ 'a/node_modules/x': '1', b: null })
  assert.deepEqual(look(ours).get('a'), { kind: 'directory', hidden: true })
  const actions = (base: Tree, theirs: Tree): string[] =>
    decide({ base, ours: look(ours), theirs: look(theirs), way: rules.way }).actions.map(short)
  assert.deepEqual(actions(treeOf({}), treeOf({})), ['make-there b'])
  assert.deepEqual(actions(treeOf({ a: null, b: null }), treeOf({ b: null })), [])
  assert.deepEqual(actions(treeOf({ a: null, b: null }), treeOf({ a: null, b: null })), [])
})

// ── A model: two trees change at random, rounds bring them together ─────────────────────────────────────────────

const random = (seed: number): ((below: number) => number) => {
  let state = seed
  return (below) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0
    return Math.floor((state / 2 ** 32) * below)
  }
}

const NAMES = ['a', 'b', 'c', 'node_modules', 'x.mine']

const removeAll = (tree: Tree, path: string): string[] => {
  const gone = [...tree.keys()].filter((other) => other === path || other.startsWith(`${path}/`))
  for (const other of gone) tree.delete(other)
  return gone
}

const makeParents = (tree: Tree, path: string): boolean => {
  for (const parent of ancestors(path)) {
    if (tree.get(parent)?.kind === 'file') return false
    tree.set(parent, FOLDER)
  }
  return true
}

/** What somebody does to one side; says what is gone and what was written. */
const mutate = (
  tree: Tree,
  pick: (below: number) => number,
  content: string,
): { gone: string[]; wrote: string[] } => {
  const depth = 1 + pick(3)
  const path = Array.from({ length: depth }, () => NAMES[pick(NAMES.length)]).join('/')
  const what = pick(6)
  if (what <= 2) {
    if (!makeParents(tree, path)) return { gone: [], wrote: [] }
    const gone = removeAll(tree, path)
    tree.set(path, file(content))
    return { gone, wrote: [content] }
  }
  if (what === 3) return { gone: removeAll(tree, path), wrote: [] }
  if (what === 4) {
    if (tree.has(path) || !makeParents(tree, path)) return { gone: [], wrote: [] }
    tree.set(path, FOLDER)
    return { gone: [], wrote: [] }
  }
  const all = [...tree.keys()]
  const from = all[pick(all.length)]
  if (from === undefined || path === from || path.startsWith(`${from}/`) || from.startsWith(`${path}/`))
    return { gone: [], wrote: [] }
  if (!makeParents(tree, path)) return { gone: [], wrote: [] }
  const gone = removeAll(tree, path)
  const moved = [...tree].filter(([other]) => other === from || other.startsWith(`${from}/`))
  gone.push(...removeAll(tree, from))
  for (const [other, node] of moved) tree.set(path + other.slice(from.length), node)
  return { gone, wrote: [] }
}

const hasChildren = (tree: Tree, path: string): boolean =>
  [...tree.keys()].some((other) => other.startsWith(`${path}/`))

const isPresent = (tree: Tree, path: string): boolean => tree.get(path) !== undefined

/** Does one action; false when it cannot be done, as a real disk would refuse it. */
const perform = (action: SyncAction, ours: Tree, theirs: Tree, base: Tree): boolean => {
  const { path, type } = action
  const parentIs = (tree: Tree): boolean =>
    dirname(path) === '' || tree.get(dirname(path))?.kind === 'directory'
  const copy = (from: Tree, to: Tree): boolean => {
    const node = from.get(path)
    if (node?.kind !== 'file' || !parentIs(to) || to.get(path)?.kind === 'directory') return false
    to.set(path, node)
    base.set(path, node)
    return true
  }
  const make = (tree: Tree): boolean => {
    if (!parentIs(tree) || tree.get(path)?.kind === 'file') return false
    tree.set(path, FOLDER)
    base.set(path, FOLDER)
    return true
  }
  const remove = (tree: Tree): boolean => {
    base.delete(path)
    if (hasChildren(tree, path)) return false
    return tree.delete(path)
  }
  if (type === 'take') return copy(theirs, ours)
  if (type === 'give') return copy(ours, theirs)
  if (type === 'make-here') return make(ours)
  if (type === 'make-there') return make(theirs)
  if (type === 'remove-here') return remove(ours)
  if (type === 'remove-there') return remove(theirs)
  if (isPresent(ours, action.to)) return false
  for (const [other, node] of [...ours]) {
    if (other !== path && !other.startsWith(`${path}/`)) continue
    ours.set(action.to + other.slice(path.length), node)
    if (action.how === 'move') ours.delete(other)
  }
  return true
}

const rules = createSyncRules({})
const view = (tree: Tree): Tree => viewOf(tree, rules.way)
const isPrivate = (node: SyncNode | undefined): boolean =>
  node?.kind === 'other' || (node?.kind === 'directory' && node.hidden === true)
/** Without what is ignored on either side, or stands at a name that is. */
const lines = (tree: Tree, other = tree): string[] =>
  [...view(tree)]
    .filter(
      ([path, node]) =>
        !isPrivate(node) && ![...ancestors(path), path].some((at) => isBlocked(tree, other, at)),
    )
    .map(([path, node]) => `${path} ${node.kind === 'file' ? node.hash : '/'}`)
    .sort()
const isBlocked = (tree: Tree, other: Tree, path: string): boolean =>
  [tree, other].some((each) => isPrivate(view(each).get(path)))
const contents = (tree: Tree): Set<string> =>
  new Set([...view(tree).values()].flatMap((node) => (node.kind === 'file' ? [node.hash] : [])))

const settle = (ours: Tree, theirs: Tree, base: Tree, mayRemove: Set<string>, seed: string): number => {
  let last: string[] = []
  for (let rounds = 0; rounds < 12; rounds++) {
    const decision = decide({ base, ours: view(ours), theirs: view(theirs), way: rules.way })
    for (const path of decision.dropped) base.delete(path)
    for (const path of decision.agreed) {
      const node = theirs.get(path)
      if (node) base.set(path, node)
    }
    if (decision.actions.length === 0) return rounds
    last = decision.actions.map(short)
    for (const action of decision.actions) {
      if (action.type === 'remove-there')
        assert.ok(
          mayRemove.has(action.path),
          `${seed}: ${action.path} was removed on the disk and not in the machine`,
        )
      perform(action, ours, theirs, base)
    }
  }
  console.log('BASE', [...base], 'OURS', [...ours], 'THEIRS', [...theirs])
  return assert.fail(`${seed}: no end: ${last.join(', ')}`)
}

test('two trees that change at random come together in few rounds, and no change is lost', () => {
  let most = 0
  for (let seed = 1; seed <= 400; seed++) {
    const pick = random(seed)
    const [ours, theirs, base]: [Tree, Tree, Tree] = [new Map(), new Map(), new Map()]
    let count = 0
    for (let storm = 0; storm < 4; storm++) {
      const mayRemove = new Set<string>()
      const before = { ours: new Map(ours), theirs: new Map(theirs) }
      for (let step = pick(8); step > 0; step--)
        for (const path of mutate(ours, pick, `o${seed}.${count++}`).gone) mayRemove.add(path)
      for (let step = pick(8); step > 0; step--) mutate(theirs, pick, `t${seed}.${count++}`)
      const fresh = (tree: Tree, old: Tree): string[] =>
        [...view(tree)].flatMap(([path, node]) => {
          const was = old.get(path)
          return node.kind === 'file' && !(was?.kind === 'file' && was.hash === node.hash) ? [node.hash] : []
        })
      const mustStay = [...fresh(ours, before.ours), ...fresh(theirs, before.theirs)]
      const name = `seed ${seed}, storm ${storm}`
      most = Math.max(most, settle(ours, theirs, base, mayRemove, name))
      assert.deepEqual(lines(ours, theirs), lines(theirs, ours), name)
      for (const content of mustStay)
        assert.ok(contents(ours).has(content) || contents(theirs).has(content), `${name}: ${content} is lost`)
    }
  }
  assert.ok(most <= 4, `${most} rounds`)
})

test('with the way inward the disk stays as it was, and its changes arrive', () => {
  for (let seed = 1; seed <= 200; seed++) {
    const pick = random(seed * 7)
    const [ours, theirs, base]: [Tree, Tree, Tree] = [new Map(), new Map(), new Map()]
    for (let storm = 0; storm < 3; storm++) {
      for (let step = pick(6); step > 0; step--) mutate(ours, pick, `o${seed}.${storm}.${step}`)
      for (let step = pick(6); step > 0; step--) mutate(theirs, pick, `t${seed}.${storm}.${step}`)
      const disk = lines(theirs)
      let rounds = 0
      let last: string[] = []
      for (; rounds < 12; rounds++) {
        const way = (path: string, isDirectory: boolean): SyncWay =>
          rules.way(path, isDirectory) === 'none' ? 'none' : 'inward'
        const { actions, dropped, agreed } = decide({ base, ours: view(ours), theirs: view(theirs), way })
        for (const path of dropped) base.delete(path)
        for (const path of agreed) base.set(path, theirs.get(path) ?? FOLDER)
        if (actions.length === 0) break
        last = actions.map(short)
        for (const action of actions) perform(action, ours, theirs, base)
      }
      assert.ok(rounds < 12, `seed ${seed}: no end: ${last.join(', ')}`)
      assert.deepEqual(lines(theirs), disk, `seed ${seed}`)
    }
  }
})
