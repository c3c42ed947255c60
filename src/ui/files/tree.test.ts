import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Dirent } from '../../sdk/types.ts'
import { flatten, sortEntries, treeKey, typeAhead } from './tree.ts'

const file = (name: string): Dirent => ({ name, kind: 'file' })
const folder = (name: string): Dirent => ({ name, kind: 'directory' })

const rows = () =>
  flatten({
    root: '/p',
    folders: new Map([
      ['/p', [folder('src'), folder('test'), file('main.py')]],
      ['/p/src', [file('a.py'), file('b.py')]],
    ]),
    open: new Set(['/p/src']),
  })

test('folders come first, names in natural order', () => {
  const sorted = sortEntries([file('file10'), file('File2'), folder('z'), file('.gitignore')])
  assert.deepEqual(
    sorted.map((entry) => entry.name),
    ['z', '.gitignore', 'File2', 'file10'],
  )
})

test('only open folders show what is in them, with level and place', () => {
  assert.deepEqual(
    rows().map((row) => `${row.level}:${row.name}:${row.position}/${row.siblings}`),
    ['1:src:1/3', '2:a.py:1/2', '2:b.py:2/2', '1:test:2/3', '1:main.py:3/3'],
  )
})

test('arrows walk, open, enter, leave and shut', () => {
  const all = rows()
  assert.deepEqual(treeKey(all, 0, 'ArrowDown', 10), { type: 'focus', index: 1 })
  assert.deepEqual(treeKey(all, 0, 'ArrowRight', 10), { type: 'focus', index: 1 })
  assert.deepEqual(treeKey(all, 3, 'ArrowRight', 10), { type: 'open', path: '/p/test' })
  assert.deepEqual(treeKey(all, 2, 'ArrowLeft', 10), { type: 'focus', index: 0 })
  assert.deepEqual(treeKey(all, 0, 'ArrowLeft', 10), { type: 'shut', path: '/p/src' })
  assert.equal(treeKey(all, 4, 'ArrowRight', 10), null)
})

test('the ends hold, and pages do not run over them', () => {
  const all = rows()
  assert.deepEqual(treeKey(all, 4, 'ArrowDown', 10), { type: 'focus', index: 4 })
  assert.deepEqual(treeKey(all, 1, 'PageUp', 10), { type: 'focus', index: 0 })
  assert.deepEqual(treeKey(all, 0, 'End', 10), { type: 'focus', index: 4 })
  assert.deepEqual(treeKey(all, 3, 'Enter', 10), { type: 'activate', path: '/p/test' })
  assert.equal(treeKey(all, 99, 'Home', 10), null)
})

test('typed letters find the next name and go round', () => {
  const all = rows()
  assert.equal(typeAhead(all, 0, 'm'), 4)
  assert.equal(typeAhead(all, 4, 's'), 0)
  assert.equal(typeAhead(all, 0, 'te'), 3)
  assert.equal(typeAhead(all, 3, 'test'), 3)
  assert.equal(typeAhead(all, 0, 'q'), -1)
  assert.equal(typeAhead([], 0, 'q'), -1)
})
