import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { ROOT } from './build.mjs'
import { syscallsPage } from './syscalls-doc.mjs'

test('docs/syscalls.md is what the table of system calls says', async () => {
  assert.equal(await readFile(join(ROOT, 'docs/syscalls.md'), 'utf8'), await syscallsPage())
})

test('every import of preview1 ends in exactly one call', async () => {
  const names = [
    ...(await syscallsPage()).matchAll(/`((?:fd|path|sock|proc|args|environ|clock|poll|random|sched)_\w+)`/g),
  ]
  const all = names.map(([, name]) => name)
  assert.equal(new Set(all).size, all.length)
  assert.equal(all.length, 46)
})
