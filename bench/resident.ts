/** What the browser's renderers hold in memory, as Linux counts it. */
import { readFile } from 'node:fs/promises'
import type { Site } from '../e2e/browser.ts'

/** Bytes resident and not shared with other processes (Pss), of all renderers. */
export const rendererBytes = async ({ browser, page }: Site): Promise<number> => {
  // What is garbage is not what a process costs.
  await page.requestGC()
  const session = await browser.newBrowserCDPSession()
  const { processInfo } = await session.send('SystemInfo.getProcessInfo')
  await session.detach()
  let bytes = 0
  for (const { type, id } of processInfo) {
    if (type !== 'renderer') continue
    const facts = await readFile(`/proc/${id}/smaps_rollup`, 'utf8')
    bytes += Number(/^Pss:\s+(\d+) kB$/m.exec(facts)?.[1] ?? Number.NaN) * 1024
  }
  return bytes
}
