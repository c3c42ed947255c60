/**
 * `npm run screens [-- --only=sync,hex]`: pictures of the page, of its panels and of what comes and goes on it, in both themes and both
 * widths, into docs/screens.
 * Fewer colours where ImageMagick is there: a picture of a page needs no more than a palette.
 */
import { spawnSync } from 'node:child_process'
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { startOver } from './browser.ts'
import { sees } from './console.ts'
import { openDiskSite } from './disk-page.ts'
import { openReadingRoom, PANELS } from './panels.ts'
import { walk } from './views.ts'

const OUTPUT = 'docs/screens'
/** Colours of a picture's palette. */
const COLOURS = 64
const only = process.argv
  .find((word) => word.startsWith('--only='))
  ?.slice('--only='.length)
  .split(',')

const site = await openDiskSite()
const { page } = site
type Seen = (name: string) => Promise<void>

/** The start screen, a program that runs and has been answered, and every panel beside it. */
const panels = async (seen: Seen): Promise<void> => {
  await startOver(page)
  await page.getByTestId('runtime-slot').first().waitFor()
  await seen('start')
  await openReadingRoom(page)
  await page.getByTestId('run').click()
  await sees(page, /What is your name/, undefined, 60_000)
  await page.getByTestId('console-input').fill('Ada')
  await page.keyboard.press('Enter')
  await page.waitForTimeout(500)
  await seen('console')
  await page.getByTestId('run').click()
  await page.waitForTimeout(500)
  if ((page.viewportSize()?.width ?? 0) < 720) await page.getByRole('button', { name: 'View' }).click()
  for (const { name, show, hide } of PANELS) {
    await show(page)
    await page.waitForTimeout(300)
    await seen(name.replaceAll(' ', '-'))
    await hide?.(page)
  }
}
mkdirSync(OUTPUT, { recursive: true })
try {
  for (const width of [1280, 390])
    for (const scheme of ['dark', 'light'] as const) {
      await page.setViewportSize({ width, height: 800 })
      await page.emulateMedia({ colorScheme: scheme, reducedMotion: 'reduce' })
      const seen: Seen = async (name) => {
        if (only && !only.includes(name)) return
        const path = join(OUTPUT, `${name}-${width}-${scheme}.png`)
        await page.screenshot({ path })
        const small = spawnSync('convert', [path, '+dither', '-colors', String(COLOURS), `PNG8:${path}`])
        console.log(path, small.status === 0 ? '' : '(as it is: there is no convert)')
      }
      await panels(seen)
      await walk(site, seen)
    }
} finally {
  await site.close()
}
