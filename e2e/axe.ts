/** What axe finds on a page. */
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import type { Page } from 'playwright-core'

const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8')

/** Rule, element and what is wrong, for everything that breaks WCAG 2.2 A or AA. */
export const violations = (page: Page): Promise<string[]> =>
  page.evaluate(async (source) => {
    const holder = globalThis as typeof globalThis & { axe?: typeof import('axe-core') }
    if (!holder.axe) new Function(source).call(window)
    const result = await holder.axe?.run(document, {
      runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'],
    })
    return (result?.violations ?? []).flatMap(({ id, nodes }) =>
      nodes.map(({ html, failureSummary }) => `${id}: ${html.slice(0, 160)} ${failureSummary ?? ''}`),
    )
  }, AXE)
