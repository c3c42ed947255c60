import assert from 'node:assert/strict'
import { test } from 'node:test'
import { compileWildmatch } from './wildmatch.ts'

/** pattern, text, as a path, as one name; the answers are those of git's wildmatch. */
const CASES: [string, string, boolean, boolean][] = [
  ['foo', 'foo', true, true],
  ['*', 'a/b', false, true],
  ['?', '/', false, true],
  ['a?b', 'a/b', false, true],
  ['a[/]b', 'a/b', false, true],
  ['a[!x]b', 'a/b', false, true],
  ['**', 'a/b', true, true],
  ['**/b', 'b', true, false],
  ['**/b', 'x/y/b', true, true],
  ['**/b', 'xb', false, false],
  ['a/**', 'a/x/y', true, true],
  ['a/**', 'a', false, false],
  ['a/**/b', 'a/b', true, false],
  ['a/**/b', 'a/x/y/b', true, true],
  ['a/**/b', 'a/xb', false, false],
  ['?**/b', 'ax/y/b', false, true],
  ['?**/b', 'ax/b', true, true],
  ['?**b', 'a/b', false, true],
  ['*/**', 'a/b/c', true, true],
  ['a/***/b', 'a/x/y/b', true, true],
  ['**\\/b', 'x/y/b', true, true],
  ['a*', 'a', true, true],
  ['[]-]', ']', true, true],
  ['[]-]', '-', true, true],
  ['[a-c]', 'b', true, true],
  ['[c-a]', 'b', false, false],
  ['[a-]', '-', true, true],
  ['[\\a-\\c]', 'b', true, true],
  ['[[:upper:]x]', 'Q', true, true],
  ['[[:upper:]x]', 'q', false, false],
  ['[[:upper:]-z]', 'b', false, false],
  ['[[:bad:]]', 'b', false, false],
  ['[[:]', ':', true, true],
  ['[a', 'a', false, false],
  ['a\\', 'a', false, false],
  ['\\*', '*', true, true],
  ['\\*', 'x', false, false],
]

for (const [pattern, text, asPath, asName] of CASES)
  test(`${JSON.stringify(pattern)} on ${JSON.stringify(text)} is ${asPath} as a path and ${asName} as a name`, () => {
    assert.equal(compileWildmatch(pattern, true)(text), asPath)
    assert.equal(compileWildmatch(pattern, false)(text), asName)
  })
