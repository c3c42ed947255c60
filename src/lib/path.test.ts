import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  ancestors,
  basename,
  compareByDepth,
  depth,
  dirname,
  extname,
  joinPath,
  normalizeInside,
} from './path.ts'

test('paths join with single slashes and keep a leading one', () => {
  assert.equal(joinPath('a', './b/', '', 'c'), 'a/b/c')
  assert.equal(joinPath('/a', '/b'), '/a/b')
  assert.equal(joinPath('', 'a'), 'a')
  assert.equal(joinPath('.', '.'), '')
})

test('the parts of a path are what POSIX says', () => {
  assert.equal(dirname('a/b/c'), 'a/b')
  assert.equal(dirname('a'), '')
  assert.equal(basename('a/b\\c'), 'b\\c')
  assert.deepEqual(['a.tar.gz', '.bashrc', 'a/.b', 'x.', 'no'].map(extname), ['.gz', '', '', '.', ''])
  assert.deepEqual(['', '.', 'a', 'a/b'].map(depth), [0, 0, 1, 2])
  assert.deepEqual(ancestors('a/b/c'), ['a', 'a/b'])
  assert.deepEqual(ancestors('a'), [])
})

test('a path that leads out of the root is undefined, even when it comes back', () => {
  assert.equal(normalizeInside('a/../b/./c//'), 'b/c')
  assert.equal(normalizeInside('a/..'), '')
  assert.equal(normalizeInside('a/../../a'), undefined)
  assert.equal(normalizeInside('..'), undefined)
})

test('sorted by depth, a directory stands before what is in it', () => {
  assert.deepEqual(['b/c', 'a-b', 'a/z/z', 'a', 'b'].sort(compareByDepth), ['a', 'a-b', 'b', 'b/c', 'a/z/z'])
})
