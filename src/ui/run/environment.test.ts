import assert from 'node:assert/strict'
import { test } from 'node:test'
import { envText, parseEnv } from './environment.ts'

test('lines are variables, notes and empty lines are none; a value is everything behind the first =', () => {
  assert.deepEqual(parseEnv('A=1\n\n# a note\n  # another\nB = two=three \nEMPTY=\n'), {
    env: { A: '1', B: ' two=three ', EMPTY: '' },
    problem: '',
  })
})

test('the first line that is no variable is told with its number, and the sound ones count', () => {
  const { env, problem } = parseEnv('A=1\nnonsense\n=x\nB=2')
  assert.deepEqual(env, { A: '1', B: '2' })
  assert.equal(problem, 'Line 2 is no NAME=value: nonsense')
  assert.match(parseEnv('A B=1').problem, /Line 1/)
  assert.match(parseEnv('A=\0').problem, /Line 1/)
})

test('what is shown reads back as the same', () => {
  const env = { A: '1', PATH: '/bin:/usr/bin', QUOTED: '"x y"' }
  assert.deepEqual(parseEnv(envText(env)), { env, problem: '' })
})
