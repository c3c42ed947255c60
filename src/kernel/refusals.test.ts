import assert from 'node:assert/strict'
import { test } from 'node:test'
import { grantAll, KIND_LIMITS } from '../abi/limits.ts'
import type { Entry } from './entry.ts'
import { memoryWords } from './refusals.ts'

const entry = grantAll(KIND_LIMITS, 'settings') as Entry
const { memory } = KIND_LIMITS

test('a program that failed at the end of its memory is told so, another is not', () => {
  for (const used of [memory, memory * 0.95])
    assert.match(memoryWords(entry, used, ''), /2 GB of memory.*Settings/)
  assert.equal(memoryWords(entry, memory / 2, ''), '')
})

test('one large allocation that was refused is told from what the program says of it', () => {
  const said = [
    'memory allocation of 209715200 bytes failed',
    'Traceback (most recent call last):\n  File "x.py", line 1\nMemoryError',
    'InternalError: out of memory',
    'terminating: std::bad_alloc',
    'sort: Cannot allocate memory',
  ]
  for (const words of said) assert.match(memoryWords(entry, 1000, words), /may have 2 GB of memory/, words)
  assert.equal(memoryWords(entry, 1000, 'no such file'), '')
})
