import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  grant,
  grantAll,
  grantChild,
  KIND_LIMITS,
  LIMIT_MOST,
  LIMIT_NAMES,
  limitText,
  parseLimits,
  passedWords,
  STRICT_LIMITS,
  tighten,
} from './limits.ts'

test('a project may tighten a limit and never widen it', () => {
  const limits = tighten(STRICT_LIMITS, {
    memory: 64 * 1024 * 1024,
    cpuSeconds: 10_000,
    processes: 'many',
    openFiles: -1,
  })
  assert.equal(limits.memory, 64 * 1024 * 1024)
  assert.equal(limits.cpuSeconds, STRICT_LIMITS.cpuSeconds)
  assert.equal(limits.processes, STRICT_LIMITS.processes)
  assert.equal(limits.openFiles, STRICT_LIMITS.openFiles)
})

test('the strict limits are within the kind ones', () => {
  for (const name of LIMIT_NAMES) assert.ok(STRICT_LIMITS[name] <= KIND_LIMITS[name], name)
})

test('more than the machine has is as much as it has', () => {
  const wanted = Object.fromEntries(LIMIT_NAMES.map((name) => [name, Number.MAX_SAFE_INTEGER]))
  assert.deepEqual(parseLimits(wanted), LIMIT_MOST)
  for (const name of LIMIT_NAMES) assert.ok(KIND_LIMITS[name] <= LIMIT_MOST[name], name)
})

test('limits from outside keep what makes sense and nothing else', () => {
  const hostile = {
    memory: Number.NaN,
    cpuSeconds: 0,
    wallSeconds: Infinity,
    processes: 7,
    __proto__: { openFiles: 3 },
  }
  assert.deepEqual(parseLimits(hostile), { ...KIND_LIMITS, processes: 7 })
  for (const odd of [null, undefined, 3, 'x', []]) assert.deepEqual(parseLimits(odd), KIND_LIMITS)
})

test('a message names the limit, its value and where to raise it', () => {
  assert.equal(limitText('memory', 512 * 1024 * 1024), '512 MB')
  assert.equal(limitText('wallSeconds', 60), '60 s')
  assert.match(passedWords('memory', 536870912), /passed 512 MB of memory.*Settings/)
})

test('who has set a limit is remembered, and is where it can be raised', () => {
  const settings = grantAll(KIND_LIMITS, 'settings')
  const project = grant(settings, { cpuSeconds: 10, memory: 2 ** 50 }, 'project')
  const spawned = grant(project, { openFiles: 9, cpuSeconds: 20 }, 'spawn')
  assert.equal(spawned.limits.cpuSeconds, 10)
  assert.deepEqual(
    [spawned.sources.cpuSeconds, spawned.sources.openFiles, spawned.sources.memory],
    ['project', 'spawn', 'settings'],
  )
  const child = grantChild(settings, spawned)
  assert.deepEqual(child, spawned)
  const sealed = grantChild(grantAll(STRICT_LIMITS, 'seal'), spawned)
  assert.deepEqual([sealed.sources.openFiles, sealed.sources.memory], ['spawn', 'seal'])
  assert.match(
    passedWords('cpuSeconds', 10, 'project'),
    /10 s of CPU time.*cpu_seconds in \[limits\] of .wasmrun.toml/,
  )
  assert.match(passedWords('openFiles', 9, 'spawn'), /limits\.openFiles/)
  assert.match(passedWords('memory', 9, 'seal'), /trusted/)
})
