import assert from 'node:assert/strict'
import { test } from 'node:test'
import { forgetKept, listKept } from './kept.ts'

const SCOPE = 'https://site.example/app/'

/** CacheStorage, as far as it is used here. */
const fakeCaches = (all: Record<string, Record<string, string>>) => {
  const stores = new Map(Object.entries(all).map(([name, files]) => [name, new Map(Object.entries(files))]))
  const open = async (name: string) => {
    const store = stores.get(name) ?? new Map<string, string>()
    stores.set(name, store)
    return {
      keys: async () => [...store.keys()].map((url) => ({ url })),
      match: async ({ url }: { url: string }) => (store.has(url) ? new Response(store.get(url)) : undefined),
      delete: async ({ url }: { url: string }) => store.delete(url),
    }
  }
  const caches = {
    keys: async () => [...stores.keys()],
    open,
    delete: async (name: string) => stores.delete(name),
  }
  // only what is called is there
  return { caches: caches as unknown as CacheStorage, stores }
}

const site = () =>
  fakeCaches({
    'wasmrun-runtimes-1': {
      [`${SCOPE}kept/aa`]: '1234',
      [`${SCOPE}kept/bb`]: '12',
      [`${SCOPE}kept/partial-cc`]: '123',
    },
    'wasmrun-shell /app/ 7': { [SCOPE]: '12345', [`${SCOPE}main.js`]: '1' },
    'wasmrun-shell /other/ 7': { x: '1' },
    'somebody else': { x: '1' },
  })

test('runtimes, parts of downloads and copies of the page are counted apart, those of others not at all', async () => {
  const { caches } = site()
  assert.deepEqual(await listKept(caches, SCOPE), [
    { kind: 'runtimes', id: 'wasmrun-runtimes-1', bytes: 6, files: 2 },
    { kind: 'partial', id: 'partial-cc', bytes: 3, files: 1 },
    { kind: 'page', id: 'wasmrun-shell /app/ 7', bytes: 6, files: 2 },
  ])
})

test('each can be forgotten by itself, and nothing of others', async () => {
  const { caches, stores } = site()
  await forgetKept(caches, SCOPE, 'partial-cc')
  assert.deepEqual(
    [...(stores.get('wasmrun-runtimes-1')?.keys() ?? [])],
    [`${SCOPE}kept/aa`, `${SCOPE}kept/bb`],
  )
  await forgetKept(caches, SCOPE, 'somebody else')
  await forgetKept(caches, SCOPE, 'wasmrun-shell /other/ 7')
  await forgetKept(caches, SCOPE, 'wasmrun-shell /app/ 7')
  assert.deepEqual([...stores.keys()], ['wasmrun-runtimes-1', 'wasmrun-shell /other/ 7', 'somebody else'])
  await forgetKept(caches, SCOPE, 'wasmrun-runtimes-1')
  assert.equal(stores.get('wasmrun-runtimes-1')?.size, 0)
})
