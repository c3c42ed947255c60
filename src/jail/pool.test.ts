import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { ProcessBind, ToProcessWorker, WarmRecipe } from '../abi/control.ts'
import { createPool } from './pool.ts'

/** What the pool sees of a worker. It answers a warm-up as the real one does, unless it is told not to. */
class FakeWorker extends EventTarget {
  readonly asked: ToProcessWorker['type'][] = []
  isOver = false
  warms = true
  postMessage(message: ToProcessWorker): void {
    this.asked.push(message.type)
    if (message.type === 'warm' && this.warms)
      setTimeout(() =>
        this.dispatchEvent(Object.assign(new Event('message'), { data: { type: 'warmed' }, ports: [] })),
      )
  }
  terminate(): void {
    this.isOver = true
  }
  fail(message: string): void {
    this.dispatchEvent(Object.assign(new Event('error'), { message }))
  }
}

const module = new WebAssembly.Module(new Uint8Array([0, 97, 115, 109, 1, 0, 0, 0]))
const recipe: WarmRecipe = { kind: 'wasi', args: ['x'], env: {} }
const bind = { start: { kind: 'wasi' } } as ProcessBind
const settled = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 20))

const setUp = () => {
  const workers: FakeWorker[] = []
  const failures: string[] = []
  const pool = createPool({
    spawn: () => {
      const worker = new FakeWorker()
      workers.push(worker)
      return worker as unknown as Worker
    },
    onFailure: (thread, message) => failures.push(`${thread} ${message}`),
  })
  const boundOnes = () => workers.filter(({ asked }) => asked.includes('bind'))
  return { pool, workers, failures, boundOnes }
}

test('a start takes a worker that waits, and another comes in its place', async () => {
  const { pool, workers, boundOnes } = setUp()
  const there = workers.length
  pool.start(1, 'k', module, bind)
  assert.equal(boundOnes()[0], workers[0])
  await settled()
  assert.equal(workers.length, there + 1)
  assert.deepEqual(pool.census(), { bound: 1, blank: 2, warm: 0 })
  pool.terminate(1)
  assert.ok(workers[0]?.isOver)
  assert.equal(pool.census().bound, 0)
})

test('a worker serves one process in its life', async () => {
  const { pool, workers } = setUp()
  for (let thread = 1; thread <= 8; thread++) {
    pool.start(thread, 'k', module, bind)
    if (thread % 2 === 0) pool.terminate(thread)
    await settled()
  }
  for (const { asked } of workers) assert.ok(asked.filter((type) => type === 'bind').length <= 1)
})

test('a warm worker goes to its own module only, and is made again', async () => {
  const { pool, boundOnes } = setUp()
  await pool.keepWarm('python', module, recipe, 1)
  await settled()
  const { warm } = pool.census()
  assert.ok(warm > 0)
  pool.start(1, 'other', module, bind)
  pool.start(2, 'python', module, bind)
  assert.deepEqual(
    boundOnes().map(({ asked }) => asked),
    [['bind'], ['warm', 'bind']],
  )
  await settled()
  assert.equal(pool.census().warm, warm)
  pool.forget('python')
  assert.equal(pool.census().warm, 0)
})

test('a warm worker that dies while it waits is given to nobody', async () => {
  const { pool, workers, boundOnes } = setUp()
  await pool.keepWarm('python', module, recipe, 1)
  await settled()
  const dying = workers.filter(({ asked }) => asked.includes('warm'))
  for (const worker of dying) worker.fail('out of memory')
  pool.start(1, 'python', module, bind)
  const [bound] = boundOnes()
  assert.ok(bound && !dying.includes(bound) && !bound.isOver)
})

test('the failure of a bound worker is told with its thread, of a blank one to nobody', () => {
  const { pool, workers, failures } = setUp()
  pool.start(5, 'k', module, bind)
  workers[0]?.fail('')
  workers[1]?.fail('script error')
  assert.deepEqual(failures, ['5 its worker could not start'])
  assert.ok(workers[1]?.isOver)
})
