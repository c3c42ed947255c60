import assert from 'node:assert/strict'
import { test } from 'node:test'
import { sha256 } from './digest.ts'
import { BASE, gzip, LIBRARY_URL, MODULE, MODULE_URL, type Setup, setUp, subtle } from './hub-fixture.ts'
import { Refusal, type RefusalCode } from './refusal.ts'

/** What a failed load leaves: the words, the same in the last step, and nothing kept. */
const expectRefusal = async (
  machine: Setup,
  code: RefusalCode,
  words: RegExp,
  retry = true,
): Promise<void> => {
  await assert.rejects(machine.hub.load('python', null), (error) => {
    assert.ok(error instanceof Refusal, String(error))
    assert.equal(error.code, code)
    assert.match(error.message, words)
    assert.equal(error.retry, retry)
    return true
  })
  const last = machine.steps.at(-1)
  assert.equal(last?.step, code === 'cancelled' ? 'cancelled' : 'failed')
  assert.equal(last?.code, code)
  assert.match(last?.message ?? '', words)
  assert.deepEqual(machine.runtimesKept(), [])
}

test('a wrong hash keeps nothing and offers to download again', async () => {
  const machine = await setUp()
  const bad = machine.packed.library.slice()
  bad[100] = (bad[100] ?? 0) ^ 1
  machine.answers.set(LIBRARY_URL, () => new Response(bad))
  await expectRefusal(
    machine,
    'damaged',
    /^Python 3\.12\.0 arrived damaged \(its SHA-256 does not match the catalogue\)\. Nothing was kept\.$/,
  )
  machine.answers.set(LIBRARY_URL, () => new Response(machine.packed.library))
  await machine.hub.load('python', null)
})

test('a compressed file that matches its own hash but holds other bytes is damaged', async () => {
  const machine = await setUp()
  const other = await gzip(MODULE.map((byte) => byte ^ 1))
  const manifest = `${BASE}python/manifest.json`
  const told = (await (machine.answers.get(manifest) as () => Response)().json()) as {
    versions: Record<string, { module: { compressed: { size: number; sha256: string } } }>
  }
  const compressed = told.versions['3.12.0']?.module.compressed
  Object.assign(compressed ?? {}, { size: other.length, sha256: await sha256(subtle, other) })
  machine.answers.set(manifest, () => Response.json(told))
  machine.answers.set(MODULE_URL, () => new Response(other))
  await expectRefusal(machine, 'damaged', /arrived damaged/)
})

test('a file that unpacks to more than the catalogue says is damaged, not a bomb', async () => {
  const machine = await setUp()
  const manifest = `${BASE}python/manifest.json`
  const told = JSON.parse(await (machine.answers.get(manifest) as () => Response)().text())
  const bomb = await gzip(new Uint8Array(20_000_000))
  const compressed = {
    file: 'core.wasm.gz',
    size: bomb.length,
    sha256: await sha256(subtle, bomb),
    encoding: 'gzip',
  }
  told.versions['3.12.0'].module.compressed = compressed
  machine.answers.set(manifest, () => Response.json(told))
  machine.answers.set(MODULE_URL, () => new Response(bomb))
  await expectRefusal(machine, 'damaged', /arrived damaged/)
})

test('a file that is cut short is named incomplete, with both sizes', async () => {
  const machine = await setUp()
  machine.answers.set(MODULE_URL, () => new Response(machine.packed.module.slice(0, 30)))
  await expectRefusal(machine, 'truncated', /arrived incomplete \(30 bytes of /)
})

test('a connection that breaks half-way is incomplete, not unreachable', async () => {
  const machine = await setUp()
  const body = () =>
    new ReadableStream<Uint8Array>({
      start: (controller) => controller.enqueue(machine.packed.module.slice(0, 30)),
      pull: (controller) => controller.error(new TypeError('network error')),
    })
  machine.answers.set(MODULE_URL, () => new Response(body()))
  await expectRefusal(machine, 'truncated', /arrived incomplete/)
})

test('a file that is longer than announced is given up while it arrives', async () => {
  const machine = await setUp()
  let sent = 0
  const endless = () =>
    new ReadableStream<Uint8Array>({
      pull: (controller) => {
        sent += 10_000
        controller.enqueue(new Uint8Array(10_000))
      },
    })
  machine.answers.set(MODULE_URL, () => new Response(endless()))
  await expectRefusal(machine, 'damaged', /arrived damaged/)
  assert.ok(sent < 200_000)
})

test('a web page in the place of a file is told as that, whatever type it has', async () => {
  for (const type of ['text/html; charset=utf-8', 'application/octet-stream']) {
    const machine = await setUp()
    const page = '<!doctype html><title>App</title>'
    machine.answers.set(MODULE_URL, () => new Response(page, { headers: { 'content-type': type } }))
    await expectRefusal(machine, 'not-a-file', /web page instead of Python 3\.12\.0/)
  }
})

test('a missing file and a failing server are told with their number and URL', async () => {
  const machine = await setUp()
  machine.answers.delete(MODULE_URL)
  await expectRefusal(machine, 'not-found', /404 for https:\/\/site\.test\/runtimes\/python\/core\.wasm\.gz/)
  machine.answers.set(MODULE_URL, () => new Response('', { status: 503 }))
  await expectRefusal(machine, 'http', /503/)
  machine.answers.set(MODULE_URL, () => new Response(null, { status: 204 }))
  await expectRefusal(machine, 'http', /204/)
})

test('a server that falls silent is given up', async () => {
  const machine = await setUp({ patience: 60 })
  machine.answers.set(MODULE_URL, () => new Promise<Response>(() => {}))
  await expectRefusal(machine, 'stalled', /stopped arriving/)
  const silent = () => new Response(new ReadableStream({ start: (c) => c.enqueue(new Uint8Array(5)) }))
  machine.answers.set(MODULE_URL, silent)
  await expectRefusal(machine, 'stalled', /stopped arriving/)
})

test('without a connection it says that it is offline and what is missing', async () => {
  const machine = await setUp({ online: false })
  await machine.hub.list()
  const fail = () => Promise.reject(new TypeError('Failed to fetch'))
  machine.answers.set(MODULE_URL, fail)
  await expectRefusal(machine, 'offline', /^Offline\. Python 3\.12\.0 is not on this device yet\.$/)
})

test('a poisoned copy on this device is thrown away and fetched again', async () => {
  const { hub, caches, asked, again, runtimesKept } = await setUp()
  await hub.load('python', null)
  const key = `${BASE}kept/${await sha256(subtle, MODULE)}`
  assert.ok(caches.kept.has(key))
  for (const poison of [
    new TextEncoder().encode('poison'),
    await gzip(new TextEncoder().encode('poison')),
    new Uint8Array(0),
  ]) {
    caches.kept.set(key, poison)
    asked.length = 0
    assert.deepEqual(new Uint8Array((await again().load('python', null)).wasm), MODULE)
    assert.ok(asked.includes(MODULE_URL))
    assert.ok(!asked.includes(LIBRARY_URL))
    assert.notDeepEqual(caches.kept.get(key), poison)
    assert.equal(runtimesKept().length, 2)
  }
})

test('a poisoned copy that cannot be fetched again is gone, not run', async () => {
  const machine = await setUp()
  await machine.hub.load('python', null)
  const key = `${BASE}kept/${await sha256(subtle, MODULE)}`
  machine.caches.kept.set(key, new TextEncoder().encode('poison'))
  machine.answers.delete(MODULE_URL)
  await assert.rejects(machine.again().load('python', null), (error) => error instanceof Refusal)
  assert.ok(!machine.caches.kept.has(key))
})

test('a full device runs the program, says so, and keeps no half of it', async () => {
  const { hub, caches, steps, runtimesKept } = await setUp()
  let puts = 0
  caches.trouble.put = async (url) => {
    if (url.includes('manifest')) return
    puts++
    if (puts > 1) throw new DOMException('full', 'QuotaExceededError')
  }
  const bundle = await hub.load('python', null)
  assert.deepEqual(new Uint8Array(bundle.wasm), MODULE)
  assert.deepEqual(runtimesKept(), [])
  const kept = steps.find(({ step }) => step === 'kept')
  assert.equal(kept?.code, 'not-kept')
  assert.equal(
    kept?.message,
    'This browser gives the page no more room (2.1 GB used). Python 3.12.0 works now and is fetched again next time.',
  )
  assert.equal(steps.at(-1)?.step, 'ready')
})

test('storage that is blocked, absent or silent does not stop a load', async () => {
  for (const open of [
    () => Promise.reject(new DOMException('no', 'SecurityError')),
    () => new Promise<never>(() => {}),
  ]) {
    const { hub, caches, steps } = await setUp()
    caches.trouble.open = open
    assert.deepEqual(new Uint8Array((await hub.load('python', null)).wasm), MODULE)
    assert.equal(steps.find(({ step }) => step === 'kept')?.code, 'not-kept')
  }
  const { hub, steps } = await setUp({ withCaches: false })
  await hub.load('python', null)
  assert.match(steps.find(({ step }) => step === 'kept')?.message ?? '', /keeps nothing for this page/)
})

test('cancelling ends a load at once, keeps nothing, and a new one starts afresh', async () => {
  const machine = await setUp()
  let started: () => void = () => {}
  const reached = new Promise<void>((resolve) => {
    started = resolve
  })
  machine.answers.set(LIBRARY_URL, () => {
    started()
    return new Promise<Response>(() => {})
  })
  const loading = expectRefusal(machine, 'cancelled', /was cancelled\. Nothing was kept\./)
  await reached
  machine.hub.cancel('python3')
  await loading
  machine.answers.set(LIBRARY_URL, () => new Response(machine.packed.library))
  await machine.hub.load('python', null)
  assert.equal(machine.steps.at(-1)?.step, 'ready')
})
