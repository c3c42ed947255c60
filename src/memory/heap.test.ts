import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  checkHeap,
  extendRun,
  formatHeap,
  GRANULE_WORDS,
  giveRun,
  heapBounds,
  heapUsage,
  isHeapMap,
  MAX_GRANULES,
  OWNER,
  takeRun,
} from './heap.ts'
import { createMemory } from './memory.ts'
import { createHeap } from './object-heap.ts'
import { commit } from './undo.ts'

test('allocations are zeroed, apart, and come back whole', () => {
  const memory = createMemory(1024)
  const heap = createHeap(memory)
  const { free } = heapUsage(memory)
  const runs: [number, number][] = []
  for (let index = 1; index < 400; index++) runs.push([heap.allocate(index * 97), index * 97])
  for (const [run, bytes] of runs) {
    const content = memory.u8.subarray(run * 4, run * 4 + bytes)
    assert.ok(content.every((byte) => byte === 0))
    content.fill(1)
  }
  for (const [run, bytes] of runs.filter((_, index) => index % 2)) heap.free(run, bytes)
  for (const [run, bytes] of runs.filter((_, index) => index % 2 === 0)) heap.free(run, bytes)
  assert.equal(heapUsage(memory).free, free)
  assert.throws(() => heap.free(runs[0]![0], 256), /not in use/)
  assert.equal(heap.allocate(2 ** 30), -48)
  assert.ok(heap.allocate(15 * 1024 * 1024) > 0)
})

test('a heap at its limit is empty to the last granule but the reserve, and grows before that', () => {
  const memory = createMemory(2048)
  formatHeap(memory)
  const before = memory.i32.length
  let taken = 0
  for (let granules = MAX_GRANULES; granules > 0; granules >>>= 1)
    while (takeRun(memory, granules, OWNER.FILES) !== 0) {
      taken += granules
      commit(memory.i32)
    }
  assert.ok(memory.i32.length > before)
  assert.equal(heapUsage(memory).free, 4 * 1024 * 1024)
  assert.equal(heapUsage(memory).files, taken * 256)
  assert.ok(takeRun(memory, 100, OWNER.OBJECTS) > 0)
  assert.deepEqual(
    checkHeap(memory, () => {}),
    [],
  )
})

test('a hundred thousand random takes, extensions and partial returns leave no overlap and no loss', () => {
  const memory = createMemory(1536)
  formatHeap(memory)
  let state = 4711
  const random = (below: number): number => {
    state = (Math.imul(state, 1103515245) + 12345) >>> 0
    return (state >>> 8) % below
  }
  const runs: { run: number; granules: number }[] = []
  for (let step = 0; step < 100_000; step++) {
    const what = random(5)
    if (what < 2) {
      const granules = 1 + (random(8) ? random(40) : random(3000))
      const run = takeRun(memory, granules, random(2))
      if (run !== 0) runs.push({ run, granules })
    } else if (runs.length > 0) step = act(step, what)
    commit(memory.i32)
    if (step % 20_000 === 0) check()
  }
  check()

  function act(step: number, what: number): number {
    const index = random(runs.length)
    const chosen = runs[index]!
    const part = random(chosen.granules + 1)
    if (what === 2 && extendRun(memory, chosen.run, chosen.granules, 1 + part, OWNER.FILES))
      chosen.granules += 1 + part
    if (what === 3) {
      giveRun(memory, chosen.run + (chosen.granules - part) * GRANULE_WORDS, part, OWNER.FILES)
      chosen.granules -= part
    }
    if (what === 4) giveRun(memory, chosen.run, chosen.granules, OWNER.FILES)
    if (what === 4 || chosen.granules === 0) {
      runs[index] = runs.at(-1)!
      runs.pop()
    }
    return step
  }

  function check(): void {
    const { to } = heapBounds(memory)
    const seen = new Uint8Array(to / GRANULE_WORDS)
    const mark = (run: number, granules: number): void => {
      for (let granule = run / GRANULE_WORDS; granule < run / GRANULE_WORDS + granules; granule++) {
        assert.equal(seen[granule], 0, `granule ${granule} belongs to two`)
        seen[granule] = 1
      }
    }
    assert.deepEqual(checkHeap(memory, mark), [])
    for (const { run, granules } of runs) mark(run, granules)
    for (let word = heapBounds(memory).from; word < to; word += GRANULE_WORDS)
      assert.equal(seen[word / GRANULE_WORDS], isHeapMap(word) ? 0 : 1, `granule at word ${word} is lost`)
  }
})
