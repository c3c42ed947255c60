/**
 * A key to the frame that shows it, in the middle of a file of 10,000 lines, beside the same editor with an empty file and beside a
 * textarea with the same 10,000 lines in the same page. From the time the browser gives the key until the task after the next frame.
 */
import type { Page } from 'playwright-core'
import { boot, openSite } from '../e2e/browser.ts'
import { leastRatio, median, medianRatio, type Row, show } from './report.ts'

const LINES = 10_000
const KEYS = 40
/** Not a multiple of a frame, so that keys fall anywhere within one. */
const KEY_EVERY_MS = 57

type Candidate = 'long' | 'empty' | 'textarea'

const TEXT = Array.from(
  { length: LINES },
  (_, line) => `export const value${line} = compute(${line}, 'text ${line % 7}') // line ${line}`,
).join('\n')

export const editorRows = async (rounds: number, note: (text: string) => void): Promise<Row[]> => {
  const site = await openSite()
  const all: Record<Candidate, number[]> = { long: [], empty: [], textarea: [] }
  try {
    const page = await boot(site)
    await prepare(page)
    for (let round = 0; round < rounds; round++) {
      note(`keys in a file of ${LINES} lines`)
      for (const candidate of ['long', 'empty', 'textarea'] as const) {
        await focus[candidate](page)
        all[candidate].push(await keys(page))
      }
      await page.evaluate(() => document.getElementById('bench-text')?.remove())
    }
  } finally {
    await site.close()
  }
  return (['empty', 'textarea'] as const).map((peer) => ({
    what: `a key to its frame in ${LINES} lines, of ${peer === 'empty' ? 'an empty file in the same editor' : 'a textarea with the same lines'}`,
    detail: `${show(median(all.long))} ms to ${show(median(all[peer]))} ms, ${show(leastRatio(all.long, all[peer]))} × at best`,
    value: medianRatio(all.long, all[peer]),
    unit: '×',
  }))
}

const prepare = async (page: Page): Promise<void> => {
  await page.getByRole('button', { name: /The reading room/ }).click()
  await page.getByTestId('run').waitFor()
  await page.evaluate(async (text) => {
    const { fs } = window.wasmrun
    await fs.writeFile('/home/project/long.js', text)
    await fs.writeFile('/home/project/empty.js', '')
    const late: number[] = []
    const channel = new MessageChannel()
    let pressed = 0
    channel.port1.onmessage = () => late.push(performance.now() - pressed)
    addEventListener(
      'keydown',
      ({ timeStamp }) => {
        pressed = timeStamp
        // the message comes after the frame was made: layout and paint are in it
        requestAnimationFrame(() => channel.port2.postMessage(null))
      },
      { capture: true },
    )
    Object.assign(window, { late })
  }, TEXT)
}

const open = async (page: Page, name: string): Promise<void> => {
  await page.getByRole('treeitem', { name, exact: true }).click()
  await page.getByRole('textbox', { name: `Text of ${name}` }).waitFor()
  await page.getByTestId('editor').click()
}

const focus: Record<Candidate, (page: Page) => Promise<void>> = {
  async long(page) {
    await open(page, 'long.js')
    await page.keyboard.press('Control+Alt+g')
    await page.keyboard.type(`${LINES / 2}`)
    await page.keyboard.press('Enter')
    await page.keyboard.press('End')
    await page
      .getByTestId('editor')
      .getByText(`line ${LINES / 2 - 1}`)
      .waitFor()
  },
  empty: (page) => open(page, 'empty.js'),
  textarea: (page) =>
    page.evaluate((text) => {
      const area = document.createElement('textarea')
      area.id = 'bench-text'
      area.style.cssText = 'position:fixed;inset:10%;width:80%;height:80%;z-index:9999'
      area.value = text
      document.body.append(area)
      area.focus()
      const middle = text.indexOf('\n', text.length / 2)
      area.setSelectionRange(middle, middle)
    }, TEXT),
}

/** Milliseconds, the median of many keys; they are counted, so that none went elsewhere. */
const keys = async (page: Page): Promise<number> => {
  const length = (): Promise<number> =>
    page.evaluate(() => {
      const area = document.activeElement
      if (area instanceof HTMLTextAreaElement) return area.value.length
      const line = getSelection()?.anchorNode?.parentElement?.closest('.cm-line')
      return line?.textContent?.length ?? 0
    })
  // what opening has left to do
  await page.waitForTimeout(1500)
  await page.evaluate(() => {
    ;(window as unknown as { late: number[] }).late.length = 0
  })
  const before = await length()
  for (let key = 0; key < KEYS; key++) {
    await page.keyboard.press('x')
    await page.waitForTimeout(KEY_EVERY_MS)
  }
  const typed = (await length()) - before
  if (typed !== KEYS) throw new Error(`${typed} of ${KEYS} keys arrived`)
  return median(await page.evaluate(() => (window as unknown as { late: number[] }).late))
}
