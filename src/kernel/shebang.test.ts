import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseShebang } from './shebang.ts'

const parse = (text: string) => parseShebang(new TextEncoder().encode(text))

test('an interpreter and at most one argument, with its blanks', () => {
  assert.deepEqual(parse('#!/usr/bin/qjs -m\ncode'), { command: '/usr/bin/qjs', args: ['-m'] })
  assert.deepEqual(parse('#!  /bin/x   a b  \r\n'), { command: '/bin/x', args: ['a b'] })
  assert.deepEqual(parse('#!/bin/x'), { command: '/bin/x', args: [] })
})

test('env finds a command by its name, and splits when it is told to', () => {
  assert.deepEqual(parse('#!/usr/bin/env python3\n'), { command: 'python3', args: [] })
  assert.deepEqual(parse('#!/usr/bin/env -S python3 -u  -X utf8\n'), {
    command: 'python3',
    args: ['-u', '-X', 'utf8'],
  })
  assert.equal(parse('#!/usr/bin/env\n'), null)
})

test('what is no script, names nobody, or has a line without an end', () => {
  assert.equal(parse('print(1)'), undefined)
  assert.equal(parse(''), undefined)
  assert.equal(parse('#!\n'), null)
  assert.equal(parse(`#!/${'x'.repeat(1000)}`)?.command.length, 254)
})
