import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ERRNO, errnoName } from './errno.ts'

test('every number has its name', () => {
  for (const [name, number] of Object.entries(ERRNO)) assert.equal(errnoName(number), name)
})
