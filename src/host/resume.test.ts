import assert from 'node:assert/strict'
import { test } from 'node:test'
import { fetchAsset } from './assets.ts'
import { type Bytes, sha256 } from './digest.ts'
import type { RefusalCode } from './refusal.ts'
import { Refusal } from './refusal.ts'
import type { Shelf } from './shelf.ts'

const { subtle } = crypto
const URL_OF_FILE = 'https://mirror.test/python/core.wasm'
const FILE: Bytes = Uint8Array.from({ length: 400_000 }, (_each, index) => (index * 31) % 253)

interface Plan {
  /** Bytes that each answer gives before it breaks, in order; then everything. */
  breaks?: number[]
  ranges?: 'yes' | 'ignored' | 'wrong' | 'unsatisfiable'
  etag?: (request: number) => string
  content?: (request: number) => Bytes
  /** Ends early without an error. */
  quietly?: boolean
}

const setUp = ({ breaks = [], ranges = 'yes', etag, content, quietly = false }: Plan = {}) => {
  const asked: (string | null)[] = []
  const kept = new Map<string, Bytes>()
  const shelf: Shelf = {
    has: async (key) => kept.has(key),
    get: async (key) => kept.get(key) ?? null,
    put: async (key, bytes) => {
      kept.set(key, bytes.slice())
      return null
    },
    remove: async (key) => void kept.delete(key),
  }
  const fetch = (async (_url: string, init: RequestInit) => {
    const range = new Headers(init.headers).get('range')
    const number = asked.push(range) - 1
    const file = content?.(number) ?? FILE
    const from = range ? Number(/^bytes=(\d+)-$/.exec(range)?.[1]) : 0
    if (range && ranges === 'unsatisfiable') return new Response(null, { status: 416 })
    const honoured = range !== null && ranges !== 'ignored'
    const start = honoured ? (ranges === 'wrong' ? 0 : from) : 0
    const most = breaks.shift()
    const rest = file.subarray(start, most === undefined ? file.length : start + most)
    const body = new ReadableStream<Uint8Array>({
      start: (controller) => {
        for (let at = 0; at < rest.length; at += 16_384) controller.enqueue(rest.slice(at, at + 16_384))
      },
      pull: (controller) =>
        most === undefined || quietly ? controller.close() : controller.error(new TypeError('network error')),
    })
    const headers = new Headers({ etag: etag?.(number) ?? '"one"' })
    if (honoured) headers.set('content-range', `bytes ${start}-${file.length - 1}/${file.length}`)
    return new Response(body, { status: honoured ? 206 : 200, headers })
  }) as typeof globalThis.fetch
  const load = async (signal = new AbortController().signal) => {
    const sum = await sha256(subtle, FILE)
    const form = { url: URL_OF_FILE, size: FILE.length, sha256: sum }
    const asset = { size: FILE.length, sha256: sum, plain: form, gzip: null }
    let counted = 0
    const source = { fetch, subtle, shelf, patience: 1000 }
    const { bytes } = await fetchAsset(source, asset, 'Python 3.12.0', signal, (count) => {
      counted += count
    })
    return { bytes, counted }
  }
  return { asked, kept, load }
}

const refuses = (code: RefusalCode, words: RegExp) => (error: unknown) => {
  assert.ok(error instanceof Refusal, String(error))
  assert.equal(error.code, code)
  assert.match(error.message, words)
  return true
}

test('a connection that breaks is taken up again where it broke, and every byte is counted once', async () => {
  const { load, asked, kept } = setUp({ breaks: [150_000, 100_000] })
  const { bytes, counted } = await load()
  assert.deepEqual(bytes, FILE)
  assert.equal(counted, FILE.length)
  assert.deepEqual(asked, [null, 'bytes=150000-', 'bytes=250000-'])
  assert.equal(kept.size, 0, 'nothing unfinished is left')
})

test('an answer that ends early without an error is taken up again, too', async () => {
  const { load, asked } = setUp({ breaks: [200_000], quietly: true })
  assert.deepEqual((await load()).bytes, FILE)
  assert.deepEqual(asked, [null, 'bytes=200000-'])
})

test('when it gets no further, what arrived is kept and a later session goes on from there', async () => {
  const { load, asked, kept } = setUp({ breaks: [150_000, 0] })
  await assert.rejects(
    load(),
    refuses('offline', /What arrived is kept: the next try goes on from there|could not be reached/),
  )
  assert.deepEqual(
    [...kept.keys()].map((key) => key.slice(0, 8)),
    ['partial-'],
  )
  const { bytes, counted } = await load()
  assert.deepEqual(bytes, FILE)
  assert.equal(counted, FILE.length)
  assert.equal(asked.at(-1), 'bytes=150000-')
  assert.equal(kept.size, 0)
})

test('a server without ranges, or that sends another range, is asked for the whole', async () => {
  for (const ranges of ['ignored', 'wrong', 'unsatisfiable'] as const) {
    const { load } = setUp({ breaks: [150_000], ranges })
    assert.deepEqual((await load()).bytes, FILE, ranges)
  }
})

test('a file that changes between two answers is noticed by its tag, or by its hash, and fetched anew', async () => {
  const other = FILE.map((byte) => byte ^ 1)
  const tagged = setUp({
    breaks: [150_000],
    etag: (request) => `"${Math.min(request, 1)}"`,
    content: (request) => (request === 0 ? other : FILE),
  })
  assert.deepEqual((await tagged.load()).bytes, FILE)
  assert.deepEqual(tagged.asked, [null, 'bytes=150000-', null])
  const untagged = setUp({
    breaks: [150_000],
    etag: () => '',
    content: (request) => (request === 0 ? other : FILE),
  })
  assert.deepEqual((await untagged.load()).bytes, FILE)
  assert.deepEqual(untagged.asked, [null, 'bytes=150000-', null])
})

test('what was kept and is rotten costs one download, never a wrong byte', async () => {
  const { load, kept, asked } = setUp({ breaks: [150_000, 0] })
  await assert.rejects(load())
  const [key = ''] = kept.keys()
  const record = kept.get(key)
  if (record) record[1000] = (record[1000] ?? 0) ^ 0xff
  assert.deepEqual((await load()).bytes, FILE)
  assert.equal(asked.at(-1), null)
  for (const bad of [new Uint8Array(0), new Uint8Array([255, 255]), new Uint8Array(500_000)]) {
    kept.set(key, bad)
    assert.deepEqual((await load()).bytes, FILE)
  }
})

test('cancelling keeps nothing', async () => {
  const abort = new AbortController()
  const { load, kept } = setUp({ breaks: [150_000, 0] })
  await assert.rejects(load())
  assert.equal(kept.size, 1)
  abort.abort()
  await assert.rejects(load(abort.signal), refuses('cancelled', /Nothing was kept/))
  assert.equal(kept.size, 0)
})

test('a server that breaks for ever does not keep anyone for ever', async () => {
  const { load, asked } = setUp({ breaks: [100_000, ...Array.from({ length: 200 }, () => 10)] })
  await assert.rejects(load(), refuses('truncated', /arrived incomplete/))
  assert.ok(asked.length <= 20, `${asked.length} requests`)
})
