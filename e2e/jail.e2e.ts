/**
 * The wall, attacked from the inside with native code at every place that the jail has. A leak is an attack that got
 * something, or a request that reached a server. The last tests take parts of the wall down and demand that the same attacks
 * succeed, each of them somewhere.
 */
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import type { Browser } from 'playwright-core'
import { type Attacks, COMMON, DOCUMENT, GUEST, NAVIGATION, TRACES, WEBRTC, WORKER } from './attacks.ts'
import { launch, ready, run } from './browser.ts'
import { readBadModule } from './fixtures/programs.ts'
import { type Battle, fight } from './jail-battle.ts'
import type { Guest, Part, Plan, Results } from './jail-site.ts'

let browser: Browser

before(async () => {
  // Else an opened window would be refused for want of a click, not by the wall.
  browser = await launch(['--disable-popup-blocking'])
})
after(() => browser.close())

const battle = (
  plans: Plan[],
  hole: readonly Part[],
  use: (battle: Battle) => Promise<void>,
): Promise<void> => fight(browser, { plans, hole }, use)

/** Attacks that have been seen to succeed where a part of the wall was down. */
const proven = new Set<string>()

/** No attack got anything; those that cannot know say ''. */
const allRefused = (results: Results, attacks: Attacks): void => {
  assert.deepEqual(Object.keys(results).sort(), Object.keys(attacks).sort(), 'every attack was made')
  const through = Object.entries(results).filter(([, result]) => /^got: ./.test(result))
  assert.deepEqual(through, [])
}

/** Each of these got something; one that cannot know it itself has left its trace at the server. */
const succeeded = async (results: Results, names: string[], hits: string[]): Promise<void> => {
  const isThrough = (name: string): boolean => {
    const trace = TRACES[name]
    return trace === undefined ? /^got: ./.test(results[name] ?? '') : hits.includes(trace)
  }
  const end = Date.now() + TRACE_PATIENCE_MS
  while (!names.every(isThrough) && Date.now() < end) await settle()
  const refused = names.filter((name) => !isThrough(name))
  assert.deepEqual(
    refused.map((name) => [name, results[name]]),
    [],
  )
  for (const name of names) proven.add(name)
}

/** A request that was sent is perhaps still on its way. */
const settle = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 700))

/** A trace that has not come by then does not come. */
const TRACE_PATIENCE_MS = 10_000

const NETWORK = [
  'fetch of another origin',
  'fetch without CORS',
  'fetch of data:',
  'fetch of blob:',
  'XMLHttpRequest',
  'WebSocket',
  'EventSource',
  'import of http:',
  'fetch that outlives the page',
]

const STORAGE = ['origin', 'indexedDB', 'caches', 'the origin’s private files', 'BroadcastChannel', 'locks']
const NEIGHBOURS = [
  'parent.document',
  'parent.wasmrun',
  'localStorage',
  'sessionStorage',
  'cookie',
  'cookie store',
]

/** Starts a guest of each kind, in whose worker the attacks then are. */
const STARTS: Record<Guest, [command: string, args: string[]]> = {
  process: ['./good.wasm', []],
  quickjs: ['qjs', ['-e', '1']],
  ruby: ['ruby', ['-e', '1']],
}

const startGuest = async ({ site }: Battle, place: Guest): Promise<void> => {
  await ready(site.page)
  await site.page.evaluate(
    async ({ start: [command, args], good }) => {
      await window.wasmrun.mount({ 'good.wasm': Uint8Array.from(good) })
      await window.wasmrun.spawn(command, args)
    },
    { start: STARTS[place], good: Array.from(readBadModule('good')) },
  )
}

for (const place of ['process', 'quickjs', 'ruby'] as const) {
  test(`from the locked-down worker of a guest (${place}) nothing of the browser can be had`, () => {
    const attacks = { ...COMMON, ...WORKER, ...GUEST, ...WEBRTC }
    return battle([{ place, when: 'guest', attacks }], [], async (battle) => {
      await startGuest(battle, place)
      allRefused(await battle.results(`${place} guest`), attacks)
      await settle()
      assert.deepEqual(battle.hits, [])
    })
  })
}

test('even before it is locked down a process worker cannot leave the jail', () => {
  const attacks = { ...COMMON, ...WORKER, ...WEBRTC }
  return battle([{ place: 'process', when: 'before', attacks }], [], async ({ results, hits }) => {
    allRefused(await results('process before'), attacks)
    await settle()
    assert.deepEqual(hits, [])
  })
})

test('the kernel worker cannot leave the jail', () => {
  const attacks = { ...COMMON, ...WORKER }
  return battle([{ place: 'kernel', when: 'before', attacks }], [], async ({ results, hits }) => {
    allRefused(await results('kernel before'), attacks)
    await settle()
    assert.deepEqual(hits, [])
  })
})

test('the jail’s document reaches neither the page, nor storage, nor the network', () => {
  const attacks = { ...COMMON, ...DOCUMENT }
  return battle([{ place: 'jail', when: 'after', attacks }], [], async ({ results, hits, site }) => {
    allRefused(await results('jail after'), attacks)
    await settle()
    assert.deepEqual(hits, [])
    assert.equal(site.page.url(), site.url)
    assert.equal(site.context.pages().length, 1)
  })
})

/** Each alone in its battle: the first that succeeds takes the document away. */
for (const [name, attack] of Object.entries(NAVIGATION)) {
  const plans: Plan[] = [{ place: 'jail', when: 'after', attacks: { [name]: attack } }]
  const part: Part = name === 'navigation of the top' ? 'attribute' : 'frames'

  test(`the jail’s document carries nothing away by ${name}`, () =>
    battle(plans, [], async ({ results, hits, site }) => {
      allRefused(await results('jail after'), { [name]: attack })
      await settle()
      await settle()
      assert.deepEqual(hits, [])
      assert.equal(site.page.url(), site.url)
    }))

  test(`without its part of the wall (${part}) the ${name} succeeds`, () =>
    battle(plans, [part], ({ hits }) => succeeded({}, [name], hits)))
}

test('WebRTC, which no policy stops in a document, is not there for workers', () => {
  const plans: Plan[] = [
    { place: 'process', when: 'before', attacks: WEBRTC },
    { place: 'jail', when: 'before', attacks: WEBRTC },
  ]
  return battle(plans, [], async ({ results, hits }) => {
    assert.match((await results('process before')).WebRTC ?? '', /^refused: ReferenceError/)
    await results('jail before')
    await succeeded({}, ['WebRTC'], hits)
  })
})

test('messages forged in the jail’s document do nothing on the page', () => {
  const forge: Attacks = {
    forge: async () => {
      const calls = [
        { id: '1', type: 'APPLY', path: ['spawn'], argumentList: [] },
        { id: '2', type: 'GET', path: ['settings'] },
        { type: 'boot' },
        { type: 'fault', message: 'forged' },
        'boot',
      ]
      const answers: unknown[] = []
      addEventListener('message', ({ data }) => answers.push(data))
      for (const call of calls) parent.postMessage(call, '*', [new MessageChannel().port2])
      await new Promise((resolve) => setTimeout(resolve, 500))
      // The page's own first message is none of them.
      return answers.filter((data) => typeof data !== 'object' || !('kernel' in Object(data))).join()
    },
  }
  return battle([{ place: 'jail', when: 'before', attacks: forge }], [], async ({ results, site }) => {
    allRefused(await results('jail before'), forge)
    await ready(site.page)
    assert.equal((await site.page.evaluate(() => window.wasmrun.machine())).isolated, true)
  })
})

test('where the sandbox allows the origin the attacks on it succeed, so these tests can fail', () => {
  const plans: Plan[] = [
    { place: 'process', when: 'before', attacks: COMMON },
    { place: 'jail', when: 'after', attacks: { ...COMMON, ...DOCUMENT } },
  ]
  return battle(plans, ['origin'], async ({ results, hits }) => {
    await succeeded(await results('process before'), STORAGE, hits)
    await succeeded(await results('jail after'), [...STORAGE, ...NEIGHBOURS], hits)
  })
})

test('without the policy line the attacks on the network succeed, so these tests can fail', () => {
  const plans: Plan[] = [
    { place: 'process', when: 'before', attacks: { ...COMMON, ...WORKER } },
    { place: 'jail', when: 'after', attacks: { ...COMMON, ...DOCUMENT } },
  ]
  return battle(plans, ['policy'], async ({ results, hits }) => {
    const ofWorkers = [...NETWORK, ...Object.keys(WORKER)]
    await succeeded(await results('process before'), ofWorkers, hits)
    const ofDocuments = ['image load', 'style sheet', 'script element', 'beacon', 'WebTransport']
    await succeeded(await results('jail after'), [...NETWORK, ...ofDocuments], hits)
    for (const path of [
      '/fetch',
      '/no-cors',
      '/keepalive',
      '/xhr',
      '/socket',
      '/events',
      '/module.js',
      '/image.svg',
    ])
      assert.ok(hits.includes(path), `${path} was asked for`)
  })
})

test('without any wall every attack of a worker and of a document succeeds', () => {
  const plans: Plan[] = [
    { place: 'process', when: 'before', attacks: { ...COMMON, ...WORKER } },
    { place: 'jail', when: 'after', attacks: { ...COMMON, ...DOCUMENT } },
  ]
  return battle(plans, ['attribute', 'policy', 'frames'], async ({ results, hits, site }) => {
    // Browsers give the cookie store to documents and service workers only.
    const ofWorkers = Object.keys({ ...COMMON, ...WORKER }).filter((name) => name !== 'cookie store')
    await succeeded(await results('process before'), ofWorkers, hits)
    await succeeded(await results('jail after'), Object.keys({ ...COMMON, ...DOCUMENT }), hits)
    assert.equal(site.context.pages().length, 2, 'a window was opened')
  })
})

test('before the lock-down a worker makes workers and imports scripts, so the lock-down is what stops it', () =>
  battle([{ place: 'process', when: 'before', attacks: GUEST }], [], async ({ results, hits }) => {
    await succeeded(await results('process before'), Object.keys(GUEST), hits)
  }))

test('with attacks in its scripts the machine still runs: the patches are not what stops them', () => {
  const attacks = { ...COMMON, ...WORKER }
  return battle([{ place: 'process', when: 'before', attacks }], [], async ({ site, results }) => {
    await results('process before')
    await ready(site.page)
    await site.page.evaluate(() => window.wasmrun.mount({ 'main.py': 'print("alive")' }))
    assert.equal((await run(site.page, 'python3', ['main.py'])).stdout, 'alive\n')
  })
})

test('every attack of this file has been seen to succeed somewhere', () => {
  const all = Object.keys({ ...COMMON, ...WORKER, ...GUEST, ...DOCUMENT, ...WEBRTC, ...NAVIGATION })
  assert.deepEqual(
    all.filter((name) => !proven.has(name)),
    [],
  )
})
