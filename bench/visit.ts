/**
 * The page until it is usable: the start screen stands and the machine is ready. First without anything on the device, then from what
 * the service worker keeps, in the same profile.
 *
 * By the driver's clock, because a first visit loads itself a second time and the page's own clock starts again with it.
 */
import type { Browser } from 'playwright-core'
import { launch, openSite, ready, type Site } from '../e2e/browser.ts'
import { atLeast, median, medianRatio, type Row, show } from './report.ts'

/** Milliseconds for the site's files to be kept after a first visit. */
const KEPT_TIMEOUT_MS = 60_000

interface Visit {
  milliseconds: number
  /** What the server was asked for until then. */
  requests: number
}

interface Visits {
  first: Visit
  kept: Visit
  offline: Visit
}

export const visitRows = async (rounds: number, note: (text: string) => void): Promise<Row[]> => {
  note('the first visit, and from the cache')
  const browser = await launch()
  const all: Visits[] = []
  try {
    while (all.length < rounds) all.push(await visits(browser))
  } finally {
    await browser.close()
  }
  const times = (name: keyof Visits): number[] => all.map((one) => one[name].milliseconds)
  const requests = (name: keyof Visits): number => median(all.map((one) => one[name].requests))
  const row = (name: 'kept' | 'offline', what: string): Row => ({
    what,
    detail: `${show(median(times(name)))} ms and ${requests(name)} requests to ${show(median(times('first')))} ms and ${requests('first')} requests`,
    value: medianRatio(times('first'), times(name)),
    unit: '×',
  })
  return [
    { ...row('kept', 'the page usable from the cache, over the first load'), target: atLeast(1) },
    row('offline', 'the same without a network, over the first load'),
  ]
}

/** A profile of its own each time: nothing is kept. */
const visits = async (browser: Browser): Promise<Visits> => {
  const site = await openSite({ browser })
  try {
    const first = await visit(site)
    await site.page.waitForFunction(() => window.wasmrun.updates.state().offline, null, {
      timeout: KEPT_TIMEOUT_MS,
    })
    const kept = await visit(site)
    await site.context.setOffline(true)
    return { first, kept, offline: await visit(site) }
  } finally {
    await site.close()
  }
}

const visit = async ({ page, url, requests }: Site): Promise<Visit> => {
  const before = requests.length
  const start = performance.now()
  await page.goto(url)
  await ready(page)
  await page.getByTestId('socket').waitFor()
  return { milliseconds: performance.now() - start, requests: requests.length - before }
}
