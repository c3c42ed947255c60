/**
 * `npm run screens [-- --only=sync,hex]`: pictures of what comes and goes on the page, in both themes and both widths, into docs/screens.
 * Fewer colours where ImageMagick is there: a picture of a page needs no more than a palette.
 */
import { spawnSync } from 'node:child_process'
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { openDiskSite } from './disk-page.ts'
import { walk } from './views.ts'

const OUTPUT = 'docs/screens'
/** Colours of a picture's palette. */
const COLOURS = 64
const only = process.argv
  .find((word) => word.startsWith('--only='))
  ?.slice('--only='.length)
  .split(',')

const site = await openDiskSite()
mkdirSync(OUTPUT, { recursive: true })
try {
  for (const width of [1280, 390])
    for (const scheme of ['dark', 'light'] as const) {
      await site.page.setViewportSize({ width, height: 800 })
      await site.page.emulateMedia({ colorScheme: scheme, reducedMotion: 'reduce' })
      await walk(site, async (name) => {
        if (only && !only.includes(name)) return
        const path = join(OUTPUT, `${name}-${width}-${scheme}.png`)
        await site.page.screenshot({ path })
        const small = spawnSync('convert', [path, '+dither', '-colors', String(COLOURS), `PNG8:${path}`])
        console.log(path, small.status === 0 ? '' : '(as it is: there is no convert)')
      })
    }
} finally {
  await site.close()
}
