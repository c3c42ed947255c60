/** A checkpoint that went bad in the browser's storage: what stood in the bad part is told by name, the rest is there, and it heals. */
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import type { Page } from 'playwright-core'
import { boot, openSite, type Site } from './browser.ts'
import { sees } from './console.ts'
import { dumpProject } from './project-dump.ts'

/** Each larger than a part of a checkpoint (4 MiB), so that no two of them are in one part alone. */
const FILES = ['one.bin', 'two.bin', 'three.bin']
const FILE_BYTES = 5 * 2 ** 20
/** So often another file is written over: the log is then longer than twice all files, at which a checkpoint is made. */
const REWRITES = 8

let site: Site

before(async () => {
  site = await openSite()
  await boot(site)
})
after(() => site?.close())

/** A checkpoint that counts has replaced the log's first part. */
const isCheckpointed = (page: Page, id: string): Promise<boolean> =>
  page.evaluate(async (id) => {
    const request = indexedDB.open('wasmrun-projects')
    const db = await new Promise<IDBDatabase>((resolve) => {
      request.onsuccess = () => resolve(request.result)
    })
    const asked = db.transaction('records').objectStore('records').count(['log', id, 0])
    const count = await new Promise<number>((resolve) => {
      asked.onsuccess = () => resolve(asked.result)
    })
    db.close()
    return count === 0
  }, id)

/**
 * Flips a bit of the checkpoint's part in which the words stand. Gives how many parts that were. Parts of a next checkpoint that was being
 * written when the page was left do not count.
 */
const damage = (page: Page, id: string, words: string): Promise<number> =>
  page.evaluate(
    async ([id, words]) => {
      const request = indexedDB.open('wasmrun-projects')
      const db = await new Promise<IDBDatabase>((resolve) => {
        request.onsuccess = () => resolve(request.result)
      })
      const answer = <T>(asked: IDBRequest<T>): Promise<T> =>
        new Promise((resolve, reject) => {
          asked.onsuccess = () => resolve(asked.result)
          asked.onerror = () => reject(asked.error)
        })
      const table = (): IDBObjectStore => db.transaction('records', 'readwrite').objectStore('records')
      let hits = 0
      const { generation } = await answer<{ generation: number }>(table().get(['meta', id]))
      const parts = IDBKeyRange.bound(['base', id, generation], ['base', id, generation, []])
      for (const key of await answer(table().getAllKeys(parts))) {
        const record = (await answer(table().get(key))) as { body: ArrayBuffer | Blob | null }
        const isBlob = record.body instanceof Blob
        const bytes = new Uint8Array(await new Response(record.body).arrayBuffer())
        const at = new TextDecoder('latin1').decode(bytes).indexOf(words)
        if (at < 0) continue
        bytes[at] = (bytes[at] ?? 0) ^ 1
        await answer(table().put({ ...record, body: isBlob ? new Blob([bytes]) : bytes.buffer }, key))
        hits++
      }
      db.close()
      return hits
    },
    [id, words] as const,
  )

test('a bad part of the checkpoint costs what stood in it, is told by name, and is healed', async () => {
  const { page } = site
  const id = await page.evaluate(
    async ({ files, size, rewrites }) => {
      const { projects, fs } = window.wasmrun
      const { id } = await projects.create('Checked')
      for (const name of [...files, ...Array.from({ length: rewrites }, () => 'scratch.bin')]) {
        const bytes = new Uint8Array(size)
        for (let at = 0; at < size; at += 65_536) crypto.getRandomValues(bytes.subarray(at, at + 65_536))
        bytes.set(new TextEncoder().encode(`the words of ${name}`))
        await fs.writeFile(`/home/project/${name}`, bytes)
        await projects.save()
      }
      await fs.rm('/home/project/scratch.bin')
      await projects.save()
      return id
    },
    { files: FILES, size: FILE_BYTES, rewrites: REWRITES },
  )
  for (const end = Date.now() + 30_000; !(await isCheckpointed(page, id)); await page.waitForTimeout(200))
    assert.ok(Date.now() < end, 'a checkpoint is made')
  const before = await page.evaluate(dumpProject)
  await page.goto(`${site.url}favicon.svg`)
  assert.equal(await damage(page, id, 'the words of two.bin'), 1)
  await boot(site)
  const kept = page.locator('[data-testid="kept-project"][data-project="Checked"]')
  await kept.getByRole('button', { name: /^Open Checked/ }).click()
  await sees(page, /^two\.bin: its latest version is lost/, 'sys')
  const found = await page.evaluate(dumpProject)
  const changed = before.filter((line) => !found.includes(line)).map((line) => line.split(' ')[0])
  assert.ok(changed.includes('/home/project/two.bin'), `${changed}`)
  assert.ok(changed.length < FILES.length, `the rest is as it was, but not ${changed}`)
  assert.deepEqual(await page.evaluate(() => window.wasmrun.check()), [])
  // What could be had is written down anew: the next time there is nothing to tell.
  await page.evaluate(() => window.wasmrun.projects.save())
  await page.evaluate(() => window.wasmrun.projects.close())
  const again = await page.evaluate((id) => window.wasmrun.projects.open(id), id)
  assert.deepEqual(again.losses, [])
  assert.deepEqual(await page.evaluate(dumpProject), found)
})
