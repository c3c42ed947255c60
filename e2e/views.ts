/**
 * Views of the page that come and go: cards, dialogs, menus, the states of the folder. One list for the check with axe
 * (views.e2e.ts) and for the pictures in docs/screens (screens.ts).
 */
import type { Page } from 'playwright-core'
import { startOver } from './browser.ts'
import { type DiskSite, emptyDisk, onDisk } from './disk-page.ts'

export interface View {
  /** Also the name of its picture. */
  name: string
  show(page: Page, site: DiskSite): Promise<void>
  hide?(page: Page, site: DiskSite): Promise<void>
}

const MB = 2 ** 20

const putAway = (page: Page): Promise<void> => page.keyboard.press('Escape')
const isSmall = (page: Page): boolean => (page.viewportSize()?.width ?? 0) < 720
const command = async (page: Page, words: string): Promise<void> => {
  await page.keyboard.press('Control+k')
  await page.getByRole('combobox', { name: 'All commands' }).fill(words)
  await page.keyboard.press('Enter')
  await page.getByTestId('palette').waitFor({ state: 'detached' })
}
const goTo = async (page: Page, name: string): Promise<void> => {
  await page.keyboard.press('Control+p')
  await page.getByRole('combobox', { name: 'Go to file' }).fill(name)
  await page.getByTestId('palette').getByRole('option', { name }).first().waitFor()
  await page.keyboard.press('Enter')
}
const files = async (page: Page): Promise<void> => {
  if (isSmall(page)) await page.getByRole('button', { name: 'Files', exact: true }).click()
}
const back = async (page: Page): Promise<void> => {
  if (isSmall(page)) await page.getByRole('button', { name: 'View', exact: true }).click()
}

const FILES = {
  'main.py': 'import sys\n\nname = input("Who? ")\nprint("Hello", name, "on", sys.platform)\n',
  'notes.md': '# Notes\n\nWhat the folder is for.\n',
  'lib/words.py': 'WORDS = ["one", "two", "three"]\n',
  'node_modules/pad/index.js': 'module.exports = 1\n',
  'data.bin': '\u0000\u0001\u0002 bytes that are no text \u0000\u0003',
}

/** A folder with a picture in it, on the stand-in for the disk. */
export const layOut = async (page: Page): Promise<void> => {
  await emptyDisk(page)
  await onDisk(page, FILES)
  await page.evaluate(async () => {
    const canvas = new OffscreenCanvas(240, 160)
    const pen = canvas.getContext('2d')
    if (!pen) throw new Error('no canvas')
    pen.fillStyle = '#2f7d5b'
    pen.fillRect(0, 0, 240, 160)
    pen.fillStyle = '#f3c04b'
    pen.fillRect(80, 50, 80, 60)
    const shop = await (await navigator.storage.getDirectory()).getDirectoryHandle('shop')
    const writer = await (await shop.getFileHandle('board.png', { create: true })).createWritable()
    await writer.write(await canvas.convertToBlob())
    await writer.close()
  })
}

/** Opens it as a copy; the offer to keep it in step is there. */
export const openShop = async (page: Page): Promise<void> => {
  await page.getByRole('button', { name: 'Open folder' }).click()
  await page.getByTestId('run').waitFor()
  await page.getByTestId('disk-offer').waitFor()
}

const inStep = async (page: Page, site: DiskSite): Promise<void> => {
  const offer = page.getByTestId('disk-offer')
  if (await offer.isVisible()) await offer.getByRole('button', { name: 'Keep in step' }).click()
  else {
    site.permission = 'granted'
    await page.evaluate(() => window.wasmrun.disk.reconnect())
  }
  await page.waitForFunction(() => window.wasmrun.disk.status.state === 'in-step')
}

/** Of the start screen. */
export const START_VIEWS: readonly View[] = [
  {
    name: 'bring',
    show: async (page) => {
      await page.evaluate(async (size) => {
        const shop = await (await navigator.storage.getDirectory()).getDirectoryHandle('shop')
        const writer = await (await shop.getFileHandle('film.raw', { create: true })).createWritable()
        await writer.write(new Uint8Array(size))
        await writer.close()
      }, 12 * MB)
      await page.getByRole('button', { name: 'Open folder' }).click()
      await page.getByTestId('over-limits').waitFor()
    },
    hide: async (page) => {
      await page.getByRole('button', { name: 'Cancel' }).click()
      await onDisk(page, { 'film.raw': null })
    },
  },
  {
    name: 'fault',
    show: async (page) => {
      await page.getByTestId('zip-input').setInputFiles({
        name: 'shop.zip',
        mimeType: 'application/zip',
        buffer: Buffer.from('this is no archive'),
      })
      await page.getByTestId('fault-card').waitFor()
    },
    hide: (page) => page.getByRole('button', { name: 'Put away' }).click(),
  },
  {
    name: 'kept-menu',
    show: async (page) => {
      await page.getByTestId('kept-project').first().getByRole('button', { name: /^More/ }).click()
      await page.getByRole('menu').waitFor()
    },
    hide: putAway,
  },
  {
    name: 'project-rename',
    show: async (page) => {
      await page.getByTestId('kept-project').first().getByRole('button', { name: /^More/ }).click()
      await page.getByRole('menuitem', { name: 'Rename…' }).click()
      await page.getByRole('dialog').waitFor()
    },
    hide: putAway,
  },
  {
    name: 'project-delete',
    show: async (page) => {
      await page.getByTestId('kept-project').first().getByRole('button', { name: /^More/ }).click()
      await page.getByRole('menuitem', { name: 'Delete…' }).click()
      await page.getByRole('dialog').waitFor()
    },
    hide: putAway,
  },
]

/** Of an open folder, in this order: the folder is a copy first, then in step, then lost. */
export const VIEWS: readonly View[] = [
  { name: 'sync-offer', show: back },
  {
    name: 'download',
    show: async (page) => {
      await page.route('**/*.gz', () => {})
      await page.keyboard.press('F5')
      await back(page)
      await page.getByTestId('download-card').waitFor()
    },
    hide: async (page) => {
      await page.getByRole('button', { name: /^Cancel download/ }).click()
      await page.unroute('**/*.gz')
      await page.getByTestId('run').waitFor()
    },
  },
  {
    name: 'environment',
    show: async (page) => {
      await page.getByRole('button', { name: /^Runtime/ }).click()
      await page.getByLabel('Environment, one NAME=value a line').fill('PORT=3000\nNAME')
    },
    hide: putAway,
  },
  { name: 'shortcuts', show: (page) => command(page, 'Keyboard shortcuts'), hide: putAway },
  { name: 'left-out', show: (page) => command(page, 'What was left out'), hide: putAway },
  { name: 'go-to-file', show: (page) => page.keyboard.press('Control+p'), hide: putAway },
  {
    name: 'image',
    show: async (page) => {
      await goTo(page, 'board.png')
      await back(page)
      await page.getByRole('img', { name: /board\.png/ }).waitFor()
    },
  },
  {
    name: 'hex',
    show: async (page) => {
      await goTo(page, 'data.bin')
      await back(page)
      await page.getByTestId('file-hex').waitFor()
    },
  },
  {
    name: 'tree-menu',
    show: async (page) => {
      await files(page)
      await page.getByRole('treeitem', { name: 'notes.md' }).click({ button: 'right' })
      await page.getByRole('menu').waitFor()
    },
    hide: putAway,
  },
  {
    name: 'file-delete',
    show: async (page) => {
      await files(page)
      await page.getByRole('treeitem', { name: 'notes.md' }).focus()
      await page.keyboard.press('Delete')
      await page.getByRole('dialog').waitFor()
    },
    hide: putAway,
  },
  {
    name: 'conflict',
    show: async (page) => {
      await goTo(page, 'notes.md')
      await back(page)
      await page.getByTestId('editor').click()
      await page.keyboard.press('Control+End')
      await page.keyboard.type('Mine.')
      await page.evaluate(() => window.wasmrun.fs.writeFile('/home/project/notes.md', '# Notes\n\nTheirs.\n'))
      await page.getByTestId('conflict').waitFor()
    },
  },
  {
    name: 'compare',
    show: async (page) => {
      await page.getByTestId('conflict').getByRole('button', { name: 'Compare' }).click()
      await page.getByTestId('compare').getByText('Theirs.').waitFor()
    },
    hide: (page) => page.getByRole('dialog').getByRole('button', { name: 'Take the other' }).click(),
  },
  {
    name: 'sync',
    show: async (page, site) => {
      await inStep(page, site)
      // what was edited above, while the folder was a copy
      await page.evaluate(() => window.wasmrun.disk.dismiss('notes.md'))
      await page.locator('#disk-door').click()
      await page.getByTestId('disk-words').waitFor()
    },
    hide: putAway,
  },
  {
    name: 'sync-lost',
    show: async (page, site) => {
      site.permission = 'prompt'
      await page.evaluate(() => window.wasmrun.disk.scan())
      await page.evaluate(() => window.wasmrun.fs.writeFile('/home/project/main.py', 'print("mine")\n'))
      await page
        .getByTestId('disk-lost')
        .getByText(/Your 1 change/)
        .waitFor()
    },
  },
  {
    name: 'sync-conflict',
    show: async (page, site) => {
      await onDisk(page, { 'main.py': 'print("theirs")\n' })
      await inStep(page, site)
      await page.getByTestId('disk-conflict').waitFor()
      await page.locator('#disk-door').click()
      await page.getByTestId('disk-words').waitFor()
    },
    hide: putAway,
  },
  {
    name: 'sync-compare',
    show: async (page) => {
      await page.getByTestId('disk-conflict').getByRole('button', { name: 'Compare' }).click()
      await page.getByTestId('compare').getByText('theirs').first().waitFor()
    },
    hide: (page) =>
      page.getByRole('dialog').getByRole('button', { name: "Keep the disk's, drop mine" }).click(),
  },
  {
    name: 'offline',
    show: async (page, site) => {
      await site.context.setOffline(true)
      await page.getByTestId('offline').waitFor()
    },
    hide: (_, site) => site.context.setOffline(false),
  },
  {
    name: 'takeover',
    show: async (page, site) => {
      const id = await page.evaluate(() => window.wasmrun.projects.current?.id ?? '')
      const other = await site.context.newPage()
      await other.goto(site.url)
      await other.waitForFunction(() => window.crossOriginIsolated && window.wasmrun !== undefined)
      await other.evaluate(async (project) => {
        await window.wasmrun.ready
        await window.wasmrun.projects.open(project, { takeOver: true })
      }, id)
      await page.getByRole('heading', { name: 'Another tab has this project' }).waitFor()
      await other.close()
      await page.bringToFront()
    },
  },
]

/** All of them, one after the other; `seen` looks at each. */
export const walk = async (site: DiskSite, seen: (name: string) => Promise<void>): Promise<void> => {
  const { page } = site
  const look = async ({ name, show, hide }: View): Promise<void> => {
    await show(page, site)
    // what was moved or faded in has come to rest
    await page.waitForTimeout(250)
    await seen(name)
    await hide?.(page, site)
  }
  Object.assign(site, { permission: 'prompt', answer: 'granted' })
  await startOver(page)
  await layOut(page)
  // a project that is kept, for the start screen
  await openShop(page)
  await page
    .getByTestId('saving')
    .filter({ hasText: /^kept$/ })
    .waitFor()
  await startOver(page)
  await page.getByTestId('kept-project').first().waitFor()
  for (const view of START_VIEWS) await look(view)
  await openShop(page)
  for (const view of VIEWS) await look(view)
}
