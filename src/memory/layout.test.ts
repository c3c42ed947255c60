import assert from 'node:assert/strict'
import { test } from 'node:test'
import { LIMIT_MOST } from '../abi/limits.ts'
import { MAX_PROCESSES, MAXIMUM_PAGES, PAGE_BYTES } from './layout.ts'

test('no limit can be set to more than the machine has', () => {
  const machine = MAXIMUM_PAGES * PAGE_BYTES
  assert.ok(LIMIT_MOST.diskBytes <= machine)
  assert.ok(LIMIT_MOST.fileBytes <= machine)
  assert.ok(LIMIT_MOST.processes < MAX_PROCESSES)
})
