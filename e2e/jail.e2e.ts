/**
 * The wall, attacked from the inside with native code at every place that the jail has. A leak is an attack that got
 * something, or a request that reached a server. The last tests take the wall down, one half at a time, and demand that the
 * same attacks succeed.
 */
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import type { Browser } from 'playwright-core'
import { type Attacks, COMMON, DOCUMENT, GUEST, NAVIGATION, WEBRTC, WORKER } from './attacks.ts'
import { launch, openSite, ready, run, type Site } from './browser.ts'
import { openHitServer } from './hit-server.ts'
import { type Hole, type Plan, patchSite, type Results } from './jail-site.ts'

declare global {
  interface Window {
    attackReports: { attack: string; results: Results }[]
  }
}

let browser: Browser

before(async () => {
  browser = await launch()
})
after(() => browser.close())

interface Battle {
  site: Site
  /** What the attacks of a place reported. */
  results(place: string): Promise<Results>
  hits: string[]
}

const battle = async (plans: Plan[], hole: Hole, use: (battle: Battle) => Promise<void>): Promise<void> => {
  const server = await openHitServer()
  let origin = ''
  const patched = patchSite(plans, hole, () => ({ hits: server.url, udp: server.udp, site: origin }))
  const site = await openSite({ browser, intercept: patched.intercept })
  origin = new URL(site.url).origin
  await site.page.addInitScript(() => {
    if (window !== top) return
    window.attackReports = []
    window.addEventListener('message', ({ data }) => {
      if (data?.attack) window.attackReports.push(data)
    })
    const channel = new BroadcastChannel('attack')
    channel.onmessage = () => channel.postMessage('the page')
  })
  const results = async (place: string): Promise<Results> => {
    const found = await site.page.waitForFunction(
      (wanted) => window.attackReports?.find(({ attack }) => attack === wanted)?.results,
      place,
      { timeout: 20_000 },
    )
    return (await found.jsonValue()) as Results
  }
  try {
    await site.page.goto(site.url)
    await site.page.waitForFunction(() => window.crossOriginIsolated && window.wasmrun !== undefined)
    await use({ site, results, hits: server.hits })
    if (hole !== 'none') assert.ok(patched.holes() > 0, 'no script had the line: the wall was not taken down')
  } finally {
    await site.close()
    await server.close()
  }
}

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

test('from a process worker that is locked down nothing of the browser can be had', () => {
  const attacks = { ...COMMON, ...WORKER, ...GUEST }
  return battle([{ place: 'process', when: 'after', attacks }], 'none', async ({ results, hits, site }) => {
    allRefused(await results('process after'), attacks)
    await settle()
    assert.deepEqual(hits, [])
    await ready(site.page)
  })
})

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
    { place: 'process', when: 'after', attacks: COMMON },
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
    got(await results('process after'), storage)
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

test('with the attacks in its scripts the machine still runs: the patches are not what stops them', () => {
  const attacks = { ...COMMON, ...WORKER, ...GUEST }
  return battle([{ place: 'process', when: 'after', attacks }], 'none', async ({ site, results }) => {
    await results('process after')
    await ready(site.page)
    await site.page.evaluate(() => window.wasmrun.mount({ 'main.py': 'print("alive")' }))
    assert.equal((await run(site.page, 'python3', ['main.py'])).stdout, 'alive\n')
  })
})
