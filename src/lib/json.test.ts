import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseJson } from './json.ts'

const where = (text: string): string => {
  const result = parseJson(text)
  return 'error' in result ? `${result.error.line}:${result.error.column} ${result.error.message}` : 'fine'
}

test('what is JSON is parsed', () => {
  assert.deepEqual(parseJson('{"a": [1, -2.5e3, "x\\u0041", null]}'), {
    value: { a: [1, -2500, 'xA', null] },
  })
})

test('the first error is found with its line and column', () => {
  assert.equal(where('{\n  "name": "x",\n}'), '3:1 "}" stands where a name in quotes should be')
  assert.equal(where('{\n  "a": 1\n  "b": 2\n}'), '3:3 a string stands where , or } should be')
  assert.equal(where(''), '1:1 the text ends where a value should be')
  assert.equal(where('{"a": [1, 2'), '1:12 the text ends where , or ] should be')
  assert.equal(where("{'a': 1}"), `1:2 "'" stands where a name in quotes or } should be`)
  assert.equal(where('{"a": 01}'), '1:7 "0" stands where a value should be')
  assert.equal(where('{"a": tru}'), '1:7 "t" stands where a value should be')
  assert.equal(where('{"a": "x}'), '1:7 a string that does not end stands where a value should be')
  assert.equal(where('{} x'), '1:4 "x" stands where the end should be')
  assert.equal(where('// c\n{}'), '1:1 "/" stands where a value should be')
  assert.equal(where('[1,]'), '1:4 "]" stands where a value should be')
  assert.equal(where('{"a" 1}'), '1:6 "1" stands where : should be')
})

test('every prefix and every one-character change is parsed or has a place inside of the text', () => {
  const text = '{"name": "x\\n", "list": [1, 2.5, {"a": null}], "deep": {"b": [true, false, []]}, "e": {}}'
  for (let at = 0; at < text.length; at++)
    for (const changed of [
      text.slice(0, at),
      ...[...'"{}[],:\\ x1'].map((c) => text.slice(0, at) + c + text.slice(at + 1)),
    ]) {
      const result = parseJson(changed)
      if ('error' in result) {
        assert.ok(result.error.column >= 1 && result.error.column <= changed.length + 1, changed)
        assert.match(result.error.message, /^.+ where .+ should be$/s, changed)
      }
    }
})

test('a hundred thousand open brackets and a very long string are an answer, not a crash', () => {
  assert.match(where('['.repeat(100_000)), /^1:100001 the text ends/)
  assert.match(where(`{"a": "${'x'.repeat(1_000_000)}`), /^1:7 a string that does not end/)
  assert.match(where(`{"a": "${'x'.repeat(1_000_000)}" 1}`), /stands where , or } should be/)
})
