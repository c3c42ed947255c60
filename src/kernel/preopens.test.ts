import assert from 'node:assert/strict'
import { test } from 'node:test'
import { nameInside, withTrees } from './preopens.ts'

const open = (...pairs: [name: string, path: string][]) =>
  pairs.map(([name, path]) => ({ name, path, readonly: false }))

test('a directory keeps its name where that name leads to it', () => {
  const usual = open(['/', '/home/project'], ['/home', '/home'], ['/tmp', '/tmp'])
  assert.equal(nameInside('/home/project', usual), '/home/project')
  assert.equal(nameInside('/home/project/src', usual), '/home/project/src')
  assert.equal(nameInside('/home/project', open(['/', '/'])), '/home/project')
})

test('a process whose root is the directory calls it "/"', () => {
  const cell = open(['/', '/home/python'], ['/usr', '/usr'])
  assert.equal(nameInside('/home/python', cell), '/')
  assert.equal(nameInside('/home/python/src', cell), '/src')
})

test('a name that another preopen hides is not given', () => {
  const hidden = open(['/', '/home/a'], ['/src', '/home/b'], ['/mine', '/home/a/src'])
  assert.equal(nameInside('/home/a/src', hidden), '/mine')
})

test('what no preopen holds is "/"', () => {
  assert.equal(nameInside('/home/other', open(['/usr', '/usr'])), '/')
})

test('a runtime’s own tree stands under its name where the process sees that name, and nowhere else', () => {
  const tree = { name: '/usr/lib/thing', path: '/usr/lib/runtimes/thing@2/usr/lib/thing', readonly: true }
  const usual = open(['/', '/'])
  assert.deepEqual(withTrees(usual, [tree]), [...usual, tree])
  const sealed = open(['/', '/home/project'], ['/data', '/tmp'])
  assert.deepEqual(withTrees(sealed, [tree]), sealed)
  assert.deepEqual(withTrees(usual), usual)
})
