/**
 * The wall, attacked from the inside with native code at every place that the jail has. A leak is an attack that got
 * something, or a request that reached a server. The last tests take the wall down, one half at a time, and demand that the
 * same attacks succeed.
 */
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import type { Browser } from 'playwright-core'
import { type Attacks, COMMON, DOCUMENT, GUEST, NAVIGATION, WEBRTC, WORKER } from './attacks.ts'
import { launch, ready, run } from './browser.ts'
import { readBadModule } from './fixtures/programs.ts'
import { type Battle, fight } from './jail-battle.ts'
import type { Hole, Plan, Results } from './jail-site.ts'

let browser: Browser

before(async () => {
  browser = await launch()
})
after(() => browser.close())

const battle = (plans: Plan[], hole: Hole, use: (battle: Battle) => Promise<void>): Promise<void> =>
  fight(browser, { plans, hole }, use)

/** No attack got anything; those that cannot know say ''. */
const allRefused = (results: Results, attacks: Attacks): void => {
  assert.deepEqual(Object.keys(results).sort(), Object.keys(attacks).sort(), 'every attack was made')
  const through = Object.entries(results).filter(([, result]) => /^got: ./.test(result))
  assert.deepEqual(through, [])
}

const got = (results: Results, names: string[]): void => {
  const refused = names.filter((name) => !results[name]?.startsWith('got: '))
  assert.deepEqual(
    refused.map((name) => [name, results[name]]),
    [],
  )
}

/** A request that was sent is perhaps still on its way. */
const settle = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 700))

const NETWORK = [
  'fetch of another origin',
  'fetch without CORS',
  'fetch of data:',
  'fetch of blob:',
  'XMLHttpRequest',
  'WebSocket',
  'EventSource',
  'import of http:',
]

/** Starts a guest of each kind, in whose worker the attacks then are. */
const startGuest = async ({ site }: Battle, place: 'process' | 'quickjs'): Promise<void> => {
  await ready(site.page)
  await site.page.evaluate(
    async ({ place, good }) => {
      await window.wasmrun.mount({ 'good.wasm': Uint8Array.from(good) })
      const command = place === 'process' ? './good.wasm' : 'qjs'
      await window.wasmrun.spawn(command, place === 'process' ? [] : ['-e', '1'])
    },
    { place, good: Array.from(readBadModule('good')) },
  )
}

for (const place of ['process', 'quickjs'] as const) {
  test(`from the locked-down worker of a guest (${place}) nothing of the browser can be had`, () => {
    const attacks = { ...COMMON, ...WORKER, ...GUEST, ...WEBRTC }
    return battle([{ place, when: 'guest', attacks }], 'none', async (battle) => {
      await startGuest(battle, place)
      allRefused(await battle.results(`${place} guest`), attacks)
      await settle()
      assert.deepEqual(battle.hits, [])
    })
  })
}

test('even before it is locked down a process worker cannot leave the jail', () => {
  const attacks = { ...COMMON, ...WORKER, ...WEBRTC }
  return battle([{ place: 'process', when: 'before', attacks }], 'none', async ({ results, hits }) => {
    allRefused(await results('process before'), attacks)
    await settle()
    assert.deepEqual(hits, [])
  })
})

test('the kernel worker cannot leave the jail', () => {
  const attacks = { ...COMMON, ...WORKER }
  return battle([{ place: 'kernel', when: 'before', attacks }], 'none', async ({ results, hits }) => {
    allRefused(await results('kernel before'), attacks)
    await settle()
    assert.deepEqual(hits, [])
  })
})

test('the jail’s document reaches neither the page, nor storage, nor the network', () => {
  const attacks = { ...COMMON, ...DOCUMENT }
  return battle([{ place: 'jail', when: 'after', attacks }], 'none', async ({ results, hits, site }) => {
    allRefused(await results('jail after'), attacks)
    await settle()
    assert.deepEqual(hits, [])
    assert.equal(site.page.url(), site.url)
    assert.equal(site.context.pages().length, 1)
  })
})

test('the jail’s document cannot carry anything away by going elsewhere', () =>
  battle([{ place: 'jail', when: 'after', attacks: NAVIGATION }], 'none', async ({ hits, site }) => {
    await settle()
    await settle()
    assert.deepEqual(hits, [])
    assert.equal(site.page.url(), site.url)
  }))

test('WebRTC, which no policy stops in a document, is not there for workers', () => {
  const plans: Plan[] = [
    { place: 'process', when: 'before', attacks: WEBRTC },
    { place: 'jail', when: 'before', attacks: WEBRTC },
  ]
  return battle(plans, 'none', async ({ results, hits }) => {
    assert.match((await results('process before')).WebRTC ?? '', /^refused: ReferenceError/)
    await results('jail before')
    assert.ok(hits.includes('/udp'), 'the attack does not work at all: it proves nothing')
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
  return battle([{ place: 'jail', when: 'before', attacks: forge }], 'none', async ({ results, site }) => {
    allRefused(await results('jail before'), forge)
    await ready(site.page)
    assert.equal((await site.page.evaluate(() => window.wasmrun.machine())).isolated, true)
  })
})

test('without the sandbox attribute the attacks on the origin succeed, so these tests can fail', () => {
  const plans: Plan[] = [
    { place: 'process', when: 'before', attacks: COMMON },
    { place: 'jail', when: 'after', attacks: { ...COMMON, ...DOCUMENT } },
  ]
  return battle(plans, 'sandbox', async ({ results }) => {
    const storage = [
      'origin',
      'indexedDB',
      'caches',
      'the origin’s private files',
      'BroadcastChannel',
      'locks',
    ]
    got(await results('process before'), storage)
    const open = ['parent.document', 'parent.wasmrun', 'localStorage', 'sessionStorage', 'cookie']
    got(await results('jail after'), [...storage, ...open])
  })
})

test('without the policy line the attacks on the network succeed, so these tests can fail', () => {
  const plans: Plan[] = [
    { place: 'process', when: 'before', attacks: { ...COMMON, ...WORKER } },
    { place: 'jail', when: 'after', attacks: { ...COMMON, ...DOCUMENT } },
  ]
  return battle(plans, 'policy', async ({ results, hits }) => {
    got(await results('process before'), [...NETWORK, 'importScripts of http:', 'XMLHttpRequest that waits'])
    got(await results('jail after'), [...NETWORK, 'image load', 'style sheet', 'script element', 'beacon'])
    for (const path of [
      '/fetch',
      '/no-cors',
      '/xhr',
      '/socket',
      '/events',
      '/module.js',
      '/image.svg',
      '/beacon',
    ])
      assert.ok(hits.includes(path), `${path} was asked for`)
  })
})

test('before the lock-down a worker makes workers and imports scripts, so the lock-down is what stops it', () =>
  battle([{ place: 'process', when: 'before', attacks: GUEST }], 'none', async ({ results }) => {
    got(await results('process before'), Object.keys(GUEST))
  }))

test('with attacks in its scripts the machine still runs: the patches are not what stops them', () => {
  const attacks = { ...COMMON, ...WORKER }
  return battle([{ place: 'process', when: 'before', attacks }], 'none', async ({ site, results }) => {
    await results('process before')
    await ready(site.page)
    await site.page.evaluate(() => window.wasmrun.mount({ 'main.py': 'print("alive")' }))
    assert.equal((await run(site.page, 'python3', ['main.py'])).stdout, 'alive\n')
  })
})
