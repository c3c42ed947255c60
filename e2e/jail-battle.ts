/** A battle: the site with attacks in its scripts, a server that counts what comes out, and what the attacks report. */
import assert from 'node:assert/strict'
import type { Browser, Page } from 'playwright-core'
import { openSite, type Site } from './browser.ts'
import { openHitServer } from './hit-server.ts'
import { type Patches, patchSite, type Results } from './jail-site.ts'

declare global {
  interface Window {
    attackReports: { attack: string; results: Results }[]
  }
}

/** The page then isolates itself as in a Chromium before 137, by COOP and COEP. */
export const forgetBrand = (page: Page): Promise<unknown> =>
  page.addInitScript(() => Reflect.deleteProperty(Navigator.prototype, 'userAgentData'))

export interface Battle {
  site: Site
  /** What the attacks of a place reported. */
  results(place: string): Promise<Results>
  /** All reports of that name so far: every worker makes its own. */
  reports(place: string): Promise<Results[]>
  hits: string[]
}

/** Opens the patched site and a server that counts, runs the test, closes both. */
export const fight = async (
  browser: Browser,
  patches: Patches,
  use: (battle: Battle) => Promise<void>,
): Promise<void> => {
  const server = await openHitServer()
  let origin = ''
  const patched = patchSite(patches, () => ({ hits: server.url, udp: server.udp, site: origin }))
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
  if (patches.withoutDip) await forgetBrand(site.page)
  const results = async (place: string): Promise<Results> => {
    const found = await site.page.waitForFunction(
      (wanted) => window.attackReports?.find(({ attack }) => attack === wanted)?.results,
      place,
      { timeout: 20_000 },
    )
    return (await found.jsonValue()) as Results
  }
  const reports = (place: string): Promise<Results[]> =>
    site.page.evaluate(
      (wanted) =>
        window.attackReports.filter(({ attack }) => attack === wanted).map(({ results }) => results),
      place,
    )
  try {
    await site.page.goto(site.url)
    await site.page.waitForFunction(() => window.crossOriginIsolated && window.wasmrun !== undefined)
    await use({ site, results, reports, hits: server.hits })
    assert.deepEqual(patched.standing(), [], 'not found in anything served: the wall was not taken down')
  } finally {
    await site.close()
    await server.close()
  }
}
