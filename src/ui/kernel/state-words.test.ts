import assert from 'node:assert/strict'
import { test } from 'node:test'
import { SYSCALLS } from '../../abi/syscalls.ts'
import { stateWords, waitWords } from './state-words.ts'

test('every call that blocks has words for what is waited for', () => {
  for (const [waiting, { blocks }] of Object.entries(SYSCALLS))
    if (blocks) assert.doesNotMatch(waitWords({ state: 'sleeping', waiting }), /the call/, waiting)
  assert.equal(waitWords({ state: 'sleeping', waiting: '' }), 'another thread')
  assert.equal(waitWords({ state: 'running', waiting: '' }), 'nothing')
})

test('a stop that is yet to come stands beside the state, and nowhere once it has come', () => {
  const note = 'stops at its next call'
  const words = (state: 'running' | 'stopped' | 'ended'): string =>
    stateWords({ state, note, waiting: '', exit: null })
  assert.equal(words('running'), 'Running, stops at its next call')
  assert.equal(words('stopped'), 'Suspended')
  assert.equal(words('ended'), 'Ended')
})
