import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createStartWatch, GIVEN_UP_AFTER_MS, SLOW_AFTER_MS, type Timers } from './start-watch.ts'

/** Timers that run when the test says so. */
const clock = () => {
  const waiting = new Map<number, { at: number; callback: () => void }>()
  let next = 1
  const timers: Timers = {
    set: (callback, at) => {
      waiting.set(next, { at, callback })
      return next++
    },
    clear: (timer) => void waiting.delete(timer),
  }
  const reach = (time: number): void => {
    for (const [timer, { at, callback }] of waiting) {
      if (at > time) continue
      waiting.delete(timer)
      callback()
    }
  }
  return { timers, reach, waiting }
}

test('a start in time says nothing and leaves no timer', async () => {
  const { timers, waiting } = clock()
  const told: (string | null)[] = []
  const watch = createStartWatch((message) => told.push(message), timers)
  assert.equal(await watch.awaited('the kernel', Promise.resolve(7)), 7)
  watch.stop()
  assert.deepEqual(told, [])
  assert.equal(waiting.size, 0)
})

test('a slow part is named within ten seconds, is not given up, and the words go when it comes', async () => {
  const { timers, reach } = clock()
  const told: (string | null)[] = []
  const watch = createStartWatch((message) => told.push(message), timers)
  let come: (value: string) => void = () => {}
  const kernel = watch.awaited('the kernel', new Promise<string>((resolve) => (come = resolve)))
  assert.ok(SLOW_AFTER_MS < 10_000)
  reach(SLOW_AFTER_MS)
  assert.match(told[0] ?? '', /waits for the kernel\./)
  come('here')
  assert.equal(await kernel, 'here')
  watch.stop()
  assert.equal(told.at(-1), null)
})

test('the words follow what is still awaited', async () => {
  const { timers, reach } = clock()
  const told: (string | null)[] = []
  const watch = createStartWatch((message) => told.push(message), timers)
  let come: () => void = () => {}
  const sandbox = watch.awaited('the sandbox', new Promise<void>((resolve) => (come = resolve)))
  watch.awaited('the storage worker', new Promise(() => {})).catch(() => {})
  reach(SLOW_AFTER_MS)
  assert.match(told.at(-1) ?? '', /the sandbox and the storage worker\./)
  come()
  await sandbox
  assert.match(told.at(-1) ?? '', /waits for the storage worker\./)
})

test('what never comes fails with its name at the end', async () => {
  const { timers, reach } = clock()
  const watch = createStartWatch(() => {}, timers)
  const host = watch.awaited('the storage worker', new Promise(() => {}))
  reach(GIVEN_UP_AFTER_MS)
  await assert.rejects(host, /within 60 seconds: no answer from the storage worker/)
})
