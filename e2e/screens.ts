/**
 * `npm run screens [-- --only=sync,hex]`: pictures of the page, of its panels and of what comes and goes on it, in both themes and both
 * widths, into docs/screens.
 * Fewer colours where ImageMagick is there: a picture of a page needs no more than a palette.
 */
import { spawnSync } from 'node:child_process'
import { mkdirSync, readdirSync, writeFileSync } from 'node:fs'
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
/** A table of all pictures that are there, one row a view. */
const listing = (files: string[]): string => {
  const names = new Set(
    files.map((file) => /^(.+)-\d+-(dark|light)\.png$/.exec(file)?.[1] ?? '').filter(Boolean),
  )
  const kinds = ['1280-light', '1280-dark', '390-light', '390-dark']
  const cell = (name: string, kind: string): string => {
    const file = `${name}-${kind}.png`
    return files.includes(file) ? `[see](${file})` : ''
  }
  const row = (cells: string[]): string => `| ${cells.join(' | ')} |`
  return [
    '# Pictures of the page',
    '',
    'Made by `npm run screens`.',
    '',
    row(['view', ...kinds.map((kind) => kind.replace('-', ' px, '))]),
    row(['---', '---', '---', '---', '---']),
    ...[...names]
      .sort()
      .map((name) => row([name.replaceAll('-', ' '), ...kinds.map((kind) => cell(name, kind))])),
    '',
  ].join('\n')
}

/** The walk first, in all sizes: it wants to see a download, and the panels have the runtime fetched. */
try {
  for (const show of [(seen: Seen) => walk(site, seen), panels])
    for (const width of [1280, 390])
      for (const scheme of ['dark', 'light'] as const) {
        await page.setViewportSize({ width, height: 800 })
        await page.emulateMedia({ colorScheme: scheme, reducedMotion: 'reduce' })
        await show(async (name) => {
          if (only && !only.includes(name)) return
          const path = join(OUTPUT, `${name}-${width}-${scheme}.png`)
          await page.screenshot({ path })
          const small = spawnSync('convert', [path, '+dither', '-colors', String(COLOURS), `PNG8:${path}`])
          console.log(path, small.status === 0 ? '' : '(as it is: there is no convert)')
        })
      }
  writeFileSync(join(OUTPUT, 'README.md'), listing(readdirSync(OUTPUT)))
} finally {
  await site.close()
}
