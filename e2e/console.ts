/** What a user sees in the console of the page, and how one types into it. */
import type { Page } from 'playwright-core'

export interface Line {
  channel: string
  text: string
}

/** The lines in the document: the console draws those that are seen and some around them. */
export const consoleLines = (page: Page): Promise<Line[]> =>
  page.getByTestId('console-line').evaluateAll((rows) =>
    rows.map((row) => ({
      channel: row.getAttribute('data-channel') ?? '',
      text: row.querySelector('.text')?.textContent ?? '',
    })),
  )

/** Waits until a line of the console matches; the error says what stood there instead. */
export const sees = async (
  page: Page,
  words: RegExp,
  channel?: string,
  timeout = 20_000,
): Promise<string> => {
  const end = Date.now() + timeout
  for (;;) {
    const lines = await consoleLines(page)
    const found = lines.find((line) => words.test(line.text) && (!channel || line.channel === channel))
    if (found) return found.text
    if (Date.now() > end) {
      const all = lines.map((line) => `${line.channel}: ${line.text}`).join('\n')
      const card = await page.getByRole('alert').allInnerTexts()
      throw new Error(`no line ${words} in the console:\n${all}\n${card.join('\n')}`)
    }
    await new Promise((resolve) => setTimeout(resolve, 100))
  }
}

/** Types a line for the running program. */
export const answer = async (page: Page, text: string): Promise<void> => {
  const input = page.getByTestId('console-input')
  await input.fill(text)
  await input.press('Enter')
}
