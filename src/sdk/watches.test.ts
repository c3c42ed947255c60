import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { KernelApi } from '../abi/control.ts'
import type { Remote } from '../ipc/rpc.ts'
import { createWatches } from './watches.ts'

/** Numbers its watches from 1, as every kernel does. */
const fakeKernel = () => {
  const open = new Map<number, string>()
  let next = 1
  const api = {
    watch: async (path: string) => {
      open.set(next, path)
      return next++
    },
    unwatch: async (id: number) => void open.delete(id),
  } as unknown as Remote<KernelApi>
  return { api, open }
}
const settled = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 5))

test('a listener hears of its own watch until it ends it', async () => {
  const { api, open } = fakeKernel()
  const watches = createWatches(async () => api)
  const seen: string[] = []
  const end = watches.watch('/a', (changed) =>
    seen.push(...changed.map(({ path, writer }) => `${path} ${writer}`)),
  )
  watches.watch('/b', () => seen.push('b'))
  await settled()
  watches.heard(1, ['/a/x', '/a/y'], [0, 7])
  end()
  await settled()
  watches.heard(1, ['/a/z'], [0])
  assert.deepEqual(seen, ['/a/x 0', '/a/y 7'])
  assert.deepEqual([...open.values()], ['/b'])
})

test('one that ends before the kernel has answered leaves nothing behind', async () => {
  const { api, open } = fakeKernel()
  const watches = createWatches(async () => api)
  watches.watch('/a', () => assert.fail('it was ended'))()
  await settled()
  watches.heard(1, ['/a/x'], [0])
  assert.equal(open.size, 0)
})

test('a machine that is opened anew is asked once for each, and numbers of the old one mean nothing', async () => {
  const [first, second] = [fakeKernel(), fakeKernel()]
  let now = first
  const watches = createWatches(async () => now.api)
  const seen: string[] = []
  const ends = ['/a', '/b'].map((path) => watches.watch(path, () => seen.push(path)))
  await settled()
  now = second
  // Asked of the new machine already, before everything is asked again.
  watches.watch('/c', () => seen.push('/c'))
  watches.renew()
  ends[0]?.()
  await settled()
  for (const id of [1, 2, 3, 4]) watches.heard(id, ['/x'], [0])
  assert.deepEqual(seen.sort(), ['/b', '/c'])
  assert.deepEqual([...second.open.values()].sort(), ['/b', '/c'])
})
