/**
 * The browser is killed, or the tab closed, in the middle of a write of 5,000 files by a program. What the program had said to
 * have written half a second before must be there, equal to the byte, and the filesystem must be sound.
 */
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { setTimeout as pause } from 'node:timers/promises'
import type { Page } from 'playwright-core'
import { openSite, ready, type Site } from './browser.ts'
import { createProfile, type Profile } from './persist-browser.ts'

const KILLS = process.env.LONG === '1' ? 20 : 3
const FILES = 5000
const KEPT_WITHIN_MS = 500

/** Writes files, a tenth of them by way of another name, and moves folders; says the number of the last file from time to time. */
const WRITER = `
import os, sys
home = "/home/project"
for i in range(${FILES}):
    folder = f"{home}/d{i // 100}"
    if i % 100 == 0: os.makedirs(folder + ".new")
    if i % 100 == 50: os.rename(folder + ".new", folder)
    at = folder + (".new" if i % 100 < 50 else "")
    text = f"{i}:" + str(i) * ((i * 37) % 800)
    if i % 10 == 0:
        with open(f"{at}/part", "w") as f: f.write(text)
        os.rename(f"{at}/part", f"{at}/f{i}")
    else:
        with open(f"{at}/f{i}", "w") as f: f.write(text)
    if i % 25 == 24: print(i, flush=True)
`

let site: Site
let profile: Profile

before(async () => {
  site = await openSite()
  profile = await createProfile()
})
after(async () => {
  await profile?.remove()
  await site?.close()
})

interface Written {
  last: number
  time: number
}

const startWriting = async (page: Page, written: Written[]): Promise<string> => {
  await page.exposeFunction('said', (text: string) => {
    for (const line of text.split('\n').filter(Boolean))
      written.push({ last: Number(line), time: performance.now() })
  })
  return page.evaluate(async (writer) => {
    const { projects, fs, spawn } = window.wasmrun
    const { id } = await projects.create('Killed')
    await fs.writeFile('/tmp/writer.py', writer)
    const child = await spawn('python3', ['/tmp/writer.py'])
    const said = (window as unknown as { said: (text: string) => void }).said
    void child.stdout
      .pipeThrough(new TextDecoderStream() as never)
      .pipeTo(new WritableStream({ write: (text: string) => said(text) }))
    return id
  }, WRITER)
}

interface Found {
  losses: string[]
  problems: string[]
  /** Numbers of files that are there, and of those whose content is not what was written. */
  files: number[]
  wrong: number[]
  folders: string[]
}

const look = (page: Page, id: string): Promise<Found> =>
  page.evaluate(async (id) => {
    const { projects, fs, check } = window.wasmrun
    const { losses } = await projects.open(id)
    const told = losses.map(({ path, what }) => `${path}: ${what}`)
    const found: Found = { losses: told, problems: await check(), files: [], wrong: [], folders: [] }
    for (const folder of await fs.readdir('/home/project')) {
      found.folders.push(folder.name)
      for (const { name } of await fs.readdir(`/home/project/${folder.name}`)) {
        if (name === 'part') continue
        const i = Number(name.slice(1))
        found.files.push(i)
        const text = await fs.readFile(`/home/project/${folder.name}/${name}`, 'utf8')
        if (text !== `${i}:${String(i).repeat((i * 37) % 800)}`) found.wrong.push(i)
      }
    }
    return found
  }, id)

/** Lets the program get somewhere into the middle: when that many files were said to be there, and a little more. */
const write = async (page: Page, round: number): Promise<{ id: string; written: Written[] }> => {
  const written: Written[] = []
  const id = await startWriting(page, written)
  const until = 500 + ((round * 1237) % 3500)
  while ((written.at(-1)?.last ?? 0) < until) await pause(5)
  await pause((round * 131) % 300)
  return { id, written }
}

const prove = (found: Found, written: Written[], ended: number): void => {
  assert.deepEqual(found.problems, [])
  assert.deepEqual(found.losses, [])
  const sure = written.filter(({ time }) => time < ended - KEPT_WITHIN_MS).at(-1)?.last ?? -1
  const there = new Set(found.files)
  const missing = Array.from({ length: sure + 1 }, (_, i) => i).filter((i) => !there.has(i))
  assert.deepEqual(missing, [], `missing of the ${sure + 1} files written half a second before the end`)
  assert.deepEqual(
    found.wrong.filter((i) => i <= sure),
    [],
  )
  // One moment of the program's: whatever came later, there is at most one file that was just being written.
  assert.ok(found.wrong.length <= 1, `${found.wrong.length} files are half written`)
  const newest = Math.max(...found.files)
  assert.equal(there.size, newest + 1, 'no file is there whose elder is not')
  console.log(`${sure + 1} sure, ${there.size} there, of ${(written.at(-1)?.last ?? 0) + 1} written`)
}

for (let round = 1; round <= KILLS; round++) {
  test(`killed while 5,000 files are written, ${round} of ${KILLS}`, async () => {
    let page = await profile.start()
    await page.goto(site.url)
    await ready(page)
    const { id, written } = await write(page, round)
    const killed = performance.now()
    await profile.kill()
    page = await profile.start()
    await page.goto(site.url)
    await ready(page)
    prove(await look(page, id), written, killed)
    await page.evaluate((id) => window.wasmrun.projects.delete(id), id)
    await profile.kill()
  })
}

for (let round = 1; round <= KILLS; round++) {
  test(`the tab is closed while 5,000 files are written and nobody saves, ${round} of ${KILLS}`, async () => {
    const tab = await site.context.newPage()
    await tab.goto(site.url)
    await ready(tab)
    const { id, written } = await write(tab, round)
    const closed = performance.now()
    await tab.close()
    const page = await site.context.newPage()
    await page.goto(site.url)
    await ready(page)
    prove(await look(page, id), written, closed)
    await page.evaluate((id) => window.wasmrun.projects.delete(id), id)
    await page.close()
  })
}
