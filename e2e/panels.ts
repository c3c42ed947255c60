/** The panels of an open project, for the check with axe (page.e2e.ts) and for the pictures in docs/screens (screens.ts). */
import type { Page } from 'playwright-core'
import { startOver } from './browser.ts'

/** How a part of the page is shown, and put away. */
export interface Panel {
  /** Also the name of its picture, with dashes. */
  name: string
  show(page: Page): Promise<void>
  hide?(page: Page): Promise<void>
}

export const openReadingRoom = async (page: Page): Promise<void> => {
  await startOver(page)
  await page.getByRole('button', { name: /The reading room/ }).click()
  await page.getByTestId('run').waitFor()
}

const putAway = (page: Page): Promise<void> => page.keyboard.press('Escape')

/** A command of the palette. */
export const choose = async (page: Page, words: string): Promise<void> => {
  await page.keyboard.press('Control+k')
  await page.getByRole('combobox', { name: 'All commands' }).fill(words)
  await page.getByTestId('palette').getByRole('option').first().waitFor()
  await page.keyboard.press('Enter')
  await page.getByTestId('palette').waitFor({ state: 'detached' })
}

export const PANELS: readonly Panel[] = [
  {
    name: 'overview',
    show: async (page) => {
      await page.getByRole('tab', { name: 'python-hello' }).click()
      await page.getByTestId('overview').waitFor()
    },
  },
  {
    name: 'editor',
    show: async (page) => {
      await page.keyboard.press('Control+p')
      await page.getByRole('combobox', { name: 'Go to file' }).fill('main.py')
      await page.getByTestId('palette').getByRole('option', { name: 'main.py' }).waitFor()
      await page.keyboard.press('Enter')
      await page.getByRole('textbox', { name: 'Text of main.py' }).focus()
      await page.keyboard.press('Control+f')
      await page.getByRole('textbox', { name: 'Find' }).waitFor()
    },
    hide: putAway,
  },
  {
    name: 'kernel',
    show: async (page) => {
      await choose(page, 'Show Kernel')
      await page.getByRole('grid', { name: 'Processes' }).waitFor()
    },
  },
  {
    name: 'a process in Kernel',
    show: async (page) => {
      await page.getByTestId('process-row').last().focus()
      await page.keyboard.press('Enter')
      await page.getByRole('spinbutton', { name: 'Nice' }).waitFor()
    },
  },
  {
    name: 'its system calls',
    show: async (page) => {
      await choose(page, 'Trace the system calls')
      await page.getByTestId('trace-state').waitFor()
    },
  },
  {
    name: 'logs',
    show: async (page) => {
      await choose(page, 'Show Logs')
      await page.getByTestId('log-entry').first().waitFor({ state: 'attached' })
    },
    hide: (page) => choose(page, 'Show Console'),
  },
  { name: 'find', show: (page) => choose(page, 'Find in files') },
  { name: 'palette', show: (page) => page.keyboard.press('Control+k'), hide: putAway },
  { name: 'shortcuts', show: (page) => choose(page, 'Keyboard shortcuts'), hide: putAway },
  { name: 'settings', show: (page) => choose(page, 'Settings'), hide: putAway },
  { name: 'runtimes', show: (page) => choose(page, 'Runtimes'), hide: putAway },
  { name: 'storage', show: (page) => choose(page, 'Machine: Storage'), hide: putAway },
]
