/** Projects that last: what was written comes back, whatever happens to the page meanwhile. */
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import type { Page } from 'playwright-core'
import { boot, openSite, ready, run, type Site } from './browser.ts'
import { readProgram } from './fixtures/programs.ts'

let site: Site

before(async () => {
  site = await openSite()
  await boot(site)
})
after(() => site?.close())

/** Every path below the home directory with kind, mode, time, size and content, as lines. */
const dump = (page: Page): Promise<string[]> =>
  page.evaluate(async () => {
    const { fs } = window.wasmrun
    const lines: string[] = []
    const hex = async (bytes: Uint8Array<ArrayBuffer>): Promise<string> =>
      [...new Uint8Array(await crypto.subtle.digest('SHA-256', bytes))]
        .map((byte) => byte.toString(16))
        .join('')
    const walk = async (path: string): Promise<void> => {
      for (const { name, kind } of (await fs.readdir(path)).sort((a, b) => (a.name < b.name ? -1 : 1))) {
        const child = `${path}/${name}`
        const { mode, modified, size, links } = await fs.lstat(child)
        const facts = `${child} ${kind} ${mode.toString(8)} ${modified} ${size} ${links}`
        if (kind === 'directory') lines.push(facts)
        else if (kind === 'symlink') lines.push(`${facts} ${await fs.readlink(child)}`)
        else lines.push(`${facts} ${await hex(new Uint8Array(await fs.readFile(child)))}`)
        if (kind === 'directory') await walk(child)
      }
    }
    await walk('/home/project')
    return lines
  })

test('files, folders and links are there again after a reload, equal to the byte', async () => {
  const { page } = site
  const id = await page.evaluate(async () => {
    const { projects, fs } = window.wasmrun
    const { id } = await projects.create('First')
    await fs.mkdir('/home/project/src/deep', { recursive: true, mode: 0o750 })
    await fs.writeFile('/home/project/src/main.py', 'print("hello")\n', { mode: 0o755 })
    await fs.writeFile('/home/project/big.bin', crypto.getRandomValues(new Uint8Array(60_000)))
    for (let round = 0; round < 8; round++)
      await fs.writeFile('/home/project/big.bin', crypto.getRandomValues(new Uint8Array(60_000)), {
        append: true,
      })
    await fs.writeFile('/home/project/empty', '')
    await fs.symlink('src/main.py', '/home/project/link')
    await fs.writeFile('/home/project/gone', 'x')
    await projects.save()
    await fs.rm('/home/project/gone')
    await fs.rename('/home/project/src/deep', '/home/project/moved')
    await projects.save()
    return id
  })
  const before = await dump(page)
  await page.reload()
  await ready(page)
  assert.deepEqual(await dump(page), [])
  const opened = await page.evaluate((id) => window.wasmrun.projects.open(id), id)
  assert.deepEqual(opened.losses, [])
  assert.equal(opened.project.name, 'First')
  assert.deepEqual(await dump(page), before)
  assert.deepEqual(await page.evaluate(() => window.wasmrun.check()), [])
})
