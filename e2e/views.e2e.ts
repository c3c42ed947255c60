/** What comes and goes on the page is accessible by axe's rules too: cards, menus, dialogs, the states of the folder. */
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { violations } from './axe.ts'
import { type DiskSite, openDiskSite } from './disk-page.ts'
import { walk } from './views.ts'

let site: DiskSite

before(async () => {
  site = await openDiskSite()
})
after(() => site?.close())

// each width with one of the themes: the colours of the others are those of the same tokens, which page.e2e.ts has in all four
for (const [width, scheme] of [
  [1280, 'light'],
  [390, 'dark'],
] as const)
  test(`axe finds nothing in what comes and goes at ${width} px, ${scheme}`, async () => {
    await site.page.setViewportSize({ width, height: 800 })
    await site.page.emulateMedia({ colorScheme: scheme, reducedMotion: 'reduce' })
    const found: string[] = []
    await walk(site, async (name) => {
      const all = await violations(site.page)
      // what lies under an open sheet is reached when that is closed
      found.push(
        ...all.filter((each) => !each.includes('partially obscured')).map((each) => `${name}: ${each}`),
      )
    })
    assert.deepEqual(found, [])
  })
