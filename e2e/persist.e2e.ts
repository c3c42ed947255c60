/** Projects that last: what was written comes back, whatever happens to the page meanwhile. */
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import type { Page } from 'playwright-core'
import { boot, openSite, ready, type Site } from './browser.ts'
import { sees } from './console.ts'
import { dumpProject } from './project-dump.ts'

let site: Site

before(async () => {
  site = await openSite()
  await boot(site)
})
after(() => site?.close())

const dump = (page: Page): Promise<string[]> => page.evaluate(dumpProject)

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
  const opened = await page.evaluate((id) => window.wasmrun.projects.open(id), id)
  assert.deepEqual(opened.losses, [])
  assert.equal(opened.project.name, 'First')
  assert.deepEqual(await dump(page), before)
  assert.deepEqual(await page.evaluate(() => window.wasmrun.check()), [])
})

test('projects are listed, renamed, copied, exported and deleted; opening one leaves nothing of another', async () => {
  const { page } = site
  const found = await page.evaluate(async () => {
    const { projects, fs } = window.wasmrun
    const first = projects.current
    if (!first) throw new Error('none is open')
    await projects.rename(first.id, '  Renamed ')
    const copy = await projects.duplicate(first.id)
    const other = await projects.create('Other')
    const empty = (await fs.readdir('/home/project')).length
    await fs.writeFile('/home/project/own', 'other')
    const listed = await projects.list()
    const opened = await projects.open(copy.id)
    const own = await fs.stat('/home/project/own').catch((error) => error.code)
    const { name, zip, losses } = await projects.export(copy.id)
    await projects.close()
    const { leftOut } = await window.wasmrun.mount(zip)
    await projects.delete(first.id)
    await projects.delete(other.id)
    const left = (await projects.list()).map((project) => project.name)
    const message = await projects.open(first.id).then(
      () => 'no refusal',
      (error: Error) => error.message,
    )
    const states = listed.map(({ name, state }) => `${name}: ${state}`)
    return { empty, states, opened, own, name, losses, leftOut, left, message, copy: copy.id }
  })
  assert.equal(found.empty, 0)
  assert.deepEqual(found.states.sort(), ['Other: here', 'Renamed copy: closed', 'Renamed: closed'])
  assert.equal(found.own, 'ENOENT')
  assert.equal(found.name, 'Renamed copy.zip')
  assert.deepEqual([found.losses, found.leftOut], [[], []])
  assert.deepEqual(found.left, ['Renamed copy'])
  assert.match(found.message, /ENOENT: there is no such project/)
  const fromZip = await dump(page)
  await page.evaluate((id) => window.wasmrun.projects.open(id), found.copy)
  // The archive has whole seconds, and an import gives folders and links facts of its own.
  const rough = (lines: string[]): string[] =>
    lines.map((line) =>
      / (directory|symlink) /.test(line)
        ? line.split(' ').slice(0, 2).join(' ')
        : line.replace(/ (\d+)\d{9} /, ' $1 '),
    )
  assert.deepEqual(rough(fromZip), rough(await dump(page)))
  await page.evaluate((id) => window.wasmrun.projects.delete(id), found.copy)
})

test('a second tab is told who has the project, and can take it over without losing a change', async () => {
  const { page, context } = site
  const id = await page.evaluate(async () => {
    const { projects, fs } = window.wasmrun
    const { id } = await projects.create('Shared')
    await fs.writeFile('/home/project/from', 'first tab')
    return id
  })
  const second = await context.newPage()
  await second.goto(site.url)
  await ready(second)
  const refused = await second.evaluate(async (id) => {
    const { projects } = window.wasmrun
    const [shared] = (await projects.list()).filter((project) => project.id === id)
    const message = await projects.open(id).catch((error: Error) => error.message)
    return { state: shared?.state, message }
  }, id)
  assert.deepEqual(refused, {
    state: 'elsewhere',
    message: 'EBUSY: the project is open in another tab, Shared',
  })
  const heard = page.evaluate(
    () =>
      new Promise((resolve) => window.wasmrun.on('project', ({ what }) => what === 'taken' && resolve(what))),
  )
  await page.evaluate(() => window.wasmrun.fs.writeFile('/home/project/last', 'not saved yet'))
  const taken = await second.evaluate(async (id) => {
    const { projects, fs } = window.wasmrun
    await projects.open(id, { takeOver: true })
    return fs.readFile('/home/project/last', 'utf8')
  }, id)
  assert.equal(taken, 'not saved yet')
  assert.equal(await heard, 'taken')
  const after = await page.evaluate(async () => {
    const { projects, fs } = window.wasmrun
    await fs.writeFile('/home/project/too-late', 'x')
    await new Promise((resolve) => setTimeout(resolve, 600))
    return { current: projects.current, saving: projects.saving }
  })
  assert.equal(after.current, null)
  assert.equal(after.saving.state, 'taken')
  assert.match(after.saving.message, /another tab has the project open now/)
  await second.reload()
  await ready(second)
  const names = await second.evaluate(async (id) => {
    const { projects, fs } = window.wasmrun
    await projects.open(id)
    return (await fs.readdir('/home/project')).map(({ name }) => name).sort()
  }, id)
  assert.deepEqual(names, ['from', 'last'])
  // An owner that does not answer is robbed.
  await page.evaluate(() => window.wasmrun.projects.close())
  const third = await context.newPage()
  await third.goto(site.url)
  await ready(third)
  const robbed = await context.newCDPSession(second)
  await robbed.send('Debugger.enable')
  await robbed.send('Debugger.pause')
  void second.evaluate(() => 0).catch(() => {})
  const start = Date.now()
  await third.evaluate((id) => window.wasmrun.projects.open(id, { takeOver: true }), id)
  assert.ok(Date.now() - start < 20_000)
  await robbed.send('Debugger.disable')
  await second.close()
  await third.evaluate((id) => window.wasmrun.projects.delete(id), id)
  await third.close()
})

test('no room in the browser: it is said, nothing is damaged, and saving goes on when there is room', async () => {
  const { page, context } = site
  const session = await context.newCDPSession(page)
  const origin = new URL(site.url).origin
  const id = await page.evaluate(async () => {
    const { projects, fs } = window.wasmrun
    const { id } = await projects.create('Full')
    await fs.writeFile('/home/project/before', 'kept')
    await projects.save()
    return id
  })
  await session.send('Storage.overrideQuotaForOrigin', { origin, quotaSize: 1000 })
  const said = await page.evaluate(async () => {
    const { projects, fs } = window.wasmrun
    // Chromium looks at the quota again when what it remembers of it is half a minute old.
    let refused = ''
    for (let index = 0; index < 90 && refused === ''; index++) {
      await new Promise((resolve) => setTimeout(resolve, 500))
      await fs.writeFile(`/home/project/big${index}`, crypto.getRandomValues(new Uint8Array(60_000)))
      await fs.writeFile('/home/project/before', `changed ${index}`)
      await projects.save().catch((error) => {
        refused = `${error.code}: ${error.message}`
      })
    }
    return { refused, saving: projects.saving }
  })
  assert.match(said.refused, /EDQUOT.*no room left/)
  assert.equal(said.saving.state, 'full')
  assert.match(said.saving.message, /no room left/)
  const card = page.getByTestId('fault-card')
  await card.getByText('This browser gives the page no more room').waitFor()
  await card
    .getByText(/the browser has no room left for this site; free some, or allow the site more/)
    .waitFor()
  await card.getByRole('button', { name: 'See what takes space' }).click()
  await page.getByTestId('page-storage').waitFor()
  await page.keyboard.press('Escape')
  await session.send('Storage.overrideQuotaForOrigin', { origin })
  await page.waitForFunction(() => window.wasmrun.projects.saving.state === 'saved', null, {
    timeout: 60_000,
  })
  const before = await dump(page)
  await page.reload()
  await ready(page)
  const opened = await page.evaluate((id) => window.wasmrun.projects.open(id), id)
  assert.deepEqual(opened.losses, [])
  assert.deepEqual(await dump(page), before)
  await page.evaluate((id) => window.wasmrun.projects.delete(id), id)
})

test('damage in what is stored costs what stood in it, is told by name, and is healed', async () => {
  const { page } = site
  const id = await page.evaluate(async () => {
    const { projects, fs } = window.wasmrun
    const { id } = await projects.create('Damaged')
    await fs.mkdir('/home/project/src')
    await fs.writeFile('/home/project/src/old.py', 'one')
    await projects.save()
    await fs.writeFile('/home/project/src/lost.py', 'two')
    await projects.save()
    await fs.writeFile('/home/project/src/old.py', 'three')
    await projects.save()
    await fs.writeFile('/home/project/src/new.py', 'four')
    await projects.save()
    return id
  })
  await page.goto('about:blank')
  await page.goto(`${site.url}favicon.svg`)
  const damaged = await page.evaluate(async (id) => {
    const request = indexedDB.open('wasmrun-projects')
    const db = await new Promise<IDBDatabase>(
      (resolve) => (request.onsuccess = () => resolve(request.result)),
    )
    const transaction = db.transaction('records', 'readwrite')
    const table = transaction.objectStore('records')
    const keys = await new Promise<IDBValidKey[]>((resolve) => {
      const asked = table.getAllKeys(IDBKeyRange.bound(['log', id], ['log', id, []]))
      asked.onsuccess = () => resolve(asked.result)
    })
    const texts = ['two', 'three']
    let hits = 0
    for (const key of keys) {
      const record = await new Promise<{ body: ArrayBuffer | null }>((resolve) => {
        const asked = table.get(key)
        asked.onsuccess = () => resolve(asked.result)
      })
      const bytes = new Uint8Array(record.body ?? new ArrayBuffer(0))
      const text = new TextDecoder('latin1').decode(bytes)
      const found = texts.map((each) => text.indexOf(each)).find((at) => at >= 0)
      if (found === undefined) continue
      bytes[found] = (bytes[found] ?? 0) ^ 1
      table.put(record, key)
      hits++
    }
    await new Promise((resolve) => {
      transaction.oncomplete = resolve
    })
    db.close()
    return hits
  }, id)
  assert.equal(damaged, 2)
  await boot(site)
  // opened as a user does it: the page names what was lost
  const kept = page.locator('[data-testid="kept-project"][data-project="Damaged"]')
  await kept.getByRole('button', { name: /^Open Damaged/ }).click()
  await sees(page, /^src\/old\.py: its latest version is lost/, 'sys')
  await sees(page, /^(src|src\/lost\.py): /, 'sys')
  const text = await page.evaluate(async () => {
    const { fs, check } = window.wasmrun
    return [
      await check(),
      await fs.readFile('/home/project/src/old.py', 'utf8'),
      await fs.readFile('/home/project/src/new.py', 'utf8'),
    ]
  })
  assert.deepEqual(text, [[], 'one', 'four'])
  await page.evaluate(() => window.wasmrun.projects.save())
  await page.waitForTimeout(800)
  await page.reload()
  await ready(page)
  const healed = await page.evaluate((id) => window.wasmrun.projects.open(id), id)
  assert.deepEqual(healed.losses, [])
  await page.evaluate((id) => window.wasmrun.projects.delete(id), id)
})

test('storage that is cleared under the running page is written again', async () => {
  const { page, context } = site
  const session = await context.newCDPSession(page)
  const origin = new URL(site.url).origin
  const id = await page.evaluate(async () => {
    const { projects, fs } = window.wasmrun
    const { id } = await projects.create('Cleared')
    await fs.writeFile('/home/project/kept', 'still here')
    await projects.save()
    return id
  })
  await session.send('Storage.clearDataForOrigin', { origin, storageTypes: 'indexeddb' })
  await page.waitForTimeout(1500)
  const before = await dump(page)
  const listed = await page.evaluate(async () =>
    (await window.wasmrun.projects.list()).map(({ name, state }) => `${name}: ${state}`),
  )
  assert.deepEqual(listed, ['Cleared: here'])
  await page.reload()
  await ready(page)
  await page.evaluate((id) => window.wasmrun.projects.open(id), id)
  assert.deepEqual(await dump(page), before)
  await page.evaluate((id) => window.wasmrun.projects.delete(id), id)
})

test('names that are no names, ids that are none, and what is not open are refused with a reason', async () => {
  const messages = await site.page.evaluate(async () => {
    const { projects } = window.wasmrun
    const said = (work: Promise<unknown>): Promise<string> =>
      work.then(
        () => 'no refusal',
        (error: Error) => error.message,
      )
    return Promise.all([
      said(projects.create('   ')),
      said(projects.create('two\nlines')),
      said(projects.create('x'.repeat(201))),
      said(projects.open('../other')),
      said(projects.delete('none')),
      said(projects.export('none')),
    ])
  })
  for (const message of messages.slice(0, 3))
    assert.match(message, /the name of a project has 1 to 200 characters/)
  for (const message of messages.slice(3)) assert.match(message, /ENOENT: there is no such project/)
})

test('what the browser says about storage', async () => {
  const { estimate, persisted } = await site.page.evaluate(async () => ({
    estimate: await window.wasmrun.storage.estimate(),
    persisted: await window.wasmrun.storage.persist(),
  }))
  assert.ok(estimate.quota > estimate.usage && estimate.usage > 0)
  assert.equal(typeof estimate.isPersistent, 'boolean')
  assert.equal(typeof persisted, 'boolean')
})
